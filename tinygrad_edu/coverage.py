"""Which of NumPy's functions differentiate: the fate of every function that can be overridden.

``python -m tinygrad_edu coverage`` prints it.

A function *differentiates*, is *composite* (written with other functions of the table), is *constant* (its
result is integer or boolean), or *refuses*: on a tensor that needs a gradient it raises `MissingRule`, which
says what to do instead.
"""

import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Any

import numpy as np

from . import ops
from .entry import is_special, name_of
from .table import TABLE, entries, entry_of

FATES = ("differentiates", "composite", "constant", "refuses")
BEHIND = "ufuncs that other functions call"  # those of np.strings, and np.clip's
SCIPYS = "scipy.special"
OTHERS = "filed by users"
OUR_OWN = ops.__name__.partition(".")[0]


def overridable() -> set[Callable[..., Any]]:
    """Every ufunc and function of the installed NumPy that calls other arrays' protocols."""
    from numpy.testing import overrides  # pulls in unittest, which `import tinygrad_edu` should not

    return {*overrides.get_overridable_numpy_ufuncs(), *overrides.get_overridable_numpy_array_functions()}


def fate_of(function: Callable[..., Any]) -> str:
    """What becomes of a function on a tensor that needs a gradient.

    Examples
    --------
    >>> import numpy as np
    >>> fate_of(np.exp), fate_of(np.mean), fate_of(np.argmax), fate_of(np.unique)
    ('differentiates', 'differentiates', 'constant', 'refuses')
    """
    entry = entry_of(function)
    return entry.fate if entry else "refuses"


def group_of(function: Callable[..., Any]) -> str:
    """The heading under which a function is listed: its module, a ufunc's methods, or our own."""
    module = getattr(function, "__module__", None) or "numpy"
    if isinstance(getattr(function, "__self__", None), np.ufunc):
        return "methods of ufuncs"
    if isinstance(function, np.ufunc) and is_special(function):
        return SCIPYS
    if isinstance(function, np.ufunc) and not name_of(function).startswith("np."):
        return OTHERS
    if isinstance(function, np.ufunc):
        return "ufuncs" if getattr(np, function.__name__, None) is function else BEHIND
    return module.replace("numpy", "np") if module.startswith("numpy") else module.partition(".")[0]


def label_of(function: Callable[..., Any]) -> str:
    """The name under which a function is listed."""
    name = name_of(function)
    return name.replace("np.", "np._core.umath.") if group_of(function) == BEHIND else name


def grouped(functions: Iterable[Callable[..., Any]]) -> dict[str, dict[str, list[str]]]:
    """Names in alphabetical order, by fate and then by group."""
    names: dict[str, dict[str, set[str]]] = {fate: defaultdict(set) for fate in FATES}
    for function in functions:  # NumPy has a second object for the like= of some, which are listed once
        names[fate_of(function)][group_of(function)].add(label_of(function))
    ordered = {fate: sorted(groups.items()) for fate, groups in names.items()}
    return {fate: {group: sorted(found) for group, found in groups} for fate, groups in ordered.items()}


def report(width: int = 120) -> str:
    """The whole table as text: names by fate and group, then the totals.

    Examples
    --------
    >>> print(report().splitlines()[0])
    differentiates
    """
    if find_spec("scipy"):
        from .ops import scipy_special  # noqa: F401  # which files the rules of its ufuncs
    ours = [f for f in entries() if group_of(f) == OUR_OWN]
    scipys = [f for f in entries() if group_of(f) == SCIPYS]
    others = [f for f in entries() if group_of(f) == OTHERS]
    numpys = overridable() | {f for f in TABLE if group_of(f) in ("ufuncs", "methods of ufuncs")}
    lines, totals = [], []
    for fate, groups in grouped([*numpys, *scipys, *others, *ours]).items():
        lines.append(fate)
        for group, names in groups.items():
            lines.append(f"  {group} ({len(names)})")
            lines += textwrap.wrap(", ".join(names), width, initial_indent=" " * 4, subsequent_indent=" " * 4)
        lines.append("")
        totals.append(
            (
                sum(len(names) for group, names in groups.items() if group not in (OUR_OWN, SCIPYS, OTHERS)),
                fate,
            )
        )
    if scipys:
        lines.append(f"{SCIPYS}: {len(scipys)} ufuncs, which differentiate; what is not listed refuses")
    everything = sum(n for n, _ in totals)
    lines.append(f"NumPy {np.__version__}: {everything} functions that can be overridden")
    lines += [f"{n:5} {fate}" for n, fate in totals]
    lines.append(f"{OUR_OWN}: {len(ours)} operations of its own, all of which differentiate")
    return "\n".join(lines)
