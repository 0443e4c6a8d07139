"""Why some functions of NumPy's and of scipy.special refuse a tensor that needs a gradient: one line each, by
groups.

`MissingRule` says it where such a function is called, and ``python -m tinygrad_edu coverage`` lists the
functions under it.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .entry import is_special, name_of

MAKES = (
    "makes an array: no protocol hands it a tensor among its values, which raises CoercionError and names "
    "the line that works (np.stack, np.concatenate, np.broadcast_to)"
)
FILES = "reads or writes a file or a text: save x.detach().numpy()"
SETS = "which elements a set has, and how many, changes in steps: take them by np.unique(x.data, …) and x[…]"
DATES = "is of dates, which no tensor holds"
TEXTS = "is of texts, which no tensor holds"
RECORDS = "is of structured arrays, which no tensor holds"
WRITES = "writes into its argument otherwise than by assigning or adding: use x[…] = v"
FIRST_AND_LAST = (
    "NumPy computes f(first, last) there, and no fold: write the loop, or use accumulate and [-1]"
)
CONVERTS = "makes plain arrays of its coefficients: use np.polyval, or write the sum"
NO_LOOP = "NumPy has no such loop: the second argument of ldexp is an integer"
INSIDE = "is called by other functions only"
NO_RULE = "has no rule yet"

PARAMETER = (
    "finds a parameter, an order or a count, in which the distribution has no derivative of closed form: "
    "solve for it, and differentiate by tg.implicit_root"
)
EQUAL = (
    "its derivatives are quotients that are 0/0 where two of its arguments are equal: ellipkinc and "
    "ellipeinc differentiate in phi"
)
ZETA = "has no derivative of closed form: scipy.special.zeta(x, q) differentiates in q"
ORDER = "its derivative in the parameter is an integral over its eigenfunction, which has no closed form"
STEPS = "is a sum of n terms, whose number its argument says: write the sum"
FOREIGN = "what SciPy returns with it as its derivative is none, so that no second one can be made of it"
PARABOLIC = "no form of its density in SciPy's functions keeps its digits for all arguments"
BEHIND = "stands behind functions of SciPy's, of which none hands it a tensor"

# fmt: off
_NAMES = {
    MAKES:   "array asarray asanyarray ascontiguousarray asfortranarray require arange empty ones zeros full eye identity tri "
             "fromfunction frombuffer fromiter",
    FILES:   "fromfile fromstring genfromtxt loadtxt save savetxt savez savez_compressed",
    SETS:    "unique unique_all unique_counts unique_inverse unique_values intersect1d setdiff1d setxor1d union1d",
    DATES:   "busday_count busday_offset is_busday datetime_as_string",
    NO_LOOP: "ldexp.reduce ldexp.accumulate ldexp.reduceat",
    FIRST_AND_LAST: "power.reduce power.reduceat arctan2.reduce arctan2.reduceat",
}
# fmt: on
# fmt: off
_SCIPYS = {
    PARAMETER: "bdtrik bdtrin btdtria btdtrib chdtriv chndtridf chndtrinc fdtridfd gdtrib nbdtrik nbdtrin ncfdtridfd "
               "ncfdtridfn ncfdtrinc nctdtridf nctdtrinc pdtrik stdtridf",
    EQUAL:     "elliprc elliprd elliprf elliprg elliprj",
    ZETA:      "zetac zeta",
    ORDER:     "mathieu_a mathieu_b obl_cv pro_cv",
    STEPS:     "smirnov smirnovi",
    FOREIGN:   "obl_rad2 obl_rad2_cv pro_rad2 pro_rad2_cv",
    PARABOLIC: "nctdtr nctdtrit",
}
# fmt: on
BY_NAME = {f"np.{name}": reason for reason, names in _NAMES.items() for name in names.split()}
BY_NAME |= {f"scipy.special.{name}": reason for reason, names in _SCIPYS.items() for name in names.split()}
BY_MODULE = {
    "numpy.lib.recfunctions": RECORDS, "numpy.strings": TEXTS, "numpy.char": TEXTS,
    "numpy.polynomial.polynomial": CONVERTS,
}  # fmt: skip


def reason_of(function: Callable[..., Any]) -> str:
    """Why a function that has no entry refuses; empty for one that is not NumPy's, or has none.

    Examples
    --------
    >>> import numpy as np
    >>> reason_of(np.union1d)[:38]
    'which elements a set has, and how many'
    """
    name, module = name_of(function), getattr(function, "__module__", None) or ""
    if reason := BY_NAME.get(name) or BY_MODULE.get(module):
        return reason
    if isinstance(function, np.ufunc) and is_special(function):
        return BEHIND if function.__name__.startswith("_") else NO_RULE
    if getattr(sys.modules.get("numpy._core.strings"), getattr(function, "__name__", ""), None) is function:
        return TEXTS  # older versions call them functions of numpy
    if isinstance(getattr(function, "__self__", None), np.ufunc):
        return WRITES if name.endswith(".at") else NO_RULE
    if isinstance(function, np.ufunc) and getattr(np, function.__name__, None) is not function:
        return INSIDE if function.__name__ in ("_ones_like", "clip", "real", "imag") else TEXTS  # np.strings'
    return NO_RULE if name.startswith("np.") else ""
