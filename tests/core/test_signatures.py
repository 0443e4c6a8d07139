"""The parameters of our entries are NumPy's own: names, order, and every keyword, or a refusal that names it.

The oracle is `inspect.signature`, and the first lines of the docstring where NumPy's C functions have no
signature.
"""

import inspect
import re

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.helpers import is_floating
from tinygrad_edu import Tensor
from tinygrad_edu.check.domains import DOMAINS
from tinygrad_edu.entry import Op, name_of
from tinygrad_edu.errors import UnsupportedCall
from tinygrad_edu.table import TABLE
from tinygrad_edu.writing import WRITERS

NUMPYS = [f for f, entry in TABLE.items() if name_of(f).startswith("np.") and entry.fate != "constant"]
# What newer or older versions take, and the installed one may not, whose own error comes first then; and
# what signatures hide in **kwargs, or docstrings do not name.
NEWER = {"descending", "axis", "device", "keepdims", "dtype", "initial", "where", "arrays", "bias", "ddof"}
UFUNCS = ["out", "where", "casting", "order", "dtype", "subok", "signature"]


def numpys_parameters(function):
    """The names of NumPy's parameters, those by position first."""
    if isinstance(function, np.ufunc):
        return (["x"] if function.nin == 1 else ["x1", "x2"]) + UFUNCS
    try:
        return [p.name for p in inspect.signature(function).parameters.values() if p.name != "kwargs"]
    except ValueError:
        text = re.search(rf"\b{function.__name__}\((.*?)\)\s*(?:->.*)?\n\n", function.__doc__, re.DOTALL)
        assert text, f"{name_of(function)} has neither a signature nor one in its docstring"
        named = re.sub(r"[\[\]\n]|\(.*?\)", " ", text[1])
        return [part.partition("=")[0].strip(" *") for part in named.split(",") if part.strip(" */")]


def test_the_reader_of_docstrings_finds_what_signatures_say():
    assert numpys_parameters(np.mean)[:3] == ["a", "axis", "dtype"]
    assert numpys_parameters(np.add.reduce)[:2] == ["array", "axis"]
    assert "casting" in numpys_parameters(np.concatenate)


def test_names_and_order_are_numpys():
    assert len(NUMPYS) > 200
    old = np.lib.NumpyVersion(np.__version__) < "2.4.0"
    for function in NUMPYS:
        signature, told = TABLE[function].signature, name_of(function)
        ours = [name for name in signature.names if name != "out"]
        numpys = [name for name in numpys_parameters(function) if name != "out"]
        if (
            signature.variadic or signature.more
        ):  # Python puts *names last, NumPy's docstrings where they stand
            assert set(ours) - {signature.names[-1]} <= {*numpys, *NEWER}, told
            continue
        if old and getattr(function, "__self__", None) is not None:
            continue  # where the docstrings of methods abridge
        assert [name for name in ours if name not in numpys and name not in NEWER] == [], told
        both = [name for name in ours if name in numpys]
        assert both == [name for name in numpys if name in both], told
        required = [name for name in both if name not in signature.defaults]
        assert required == numpys[: len(required)], told


def lacking(function):
    """The keywords of NumPy's signature that ours has not."""
    signature = TABLE[function].signature
    if signature.more:
        return []
    taken = {*signature.names, "out", "initial", "kwargs"}
    names = [name for name in numpys_parameters(function) if name not in taken]
    return [
        name for name in names if name.isidentifier() and name not in ("operands", "varargs", "arys", "args")
    ]


@pytest.mark.parametrize("function", [f for f in NUMPYS if lacking(f)], ids=name_of)
@settings(max_examples=1, phases=[Phase.generate])
@given(data=st.data())
def test_a_keyword_that_no_rule_knows_is_refused_by_its_name(function, data):
    call = data.draw(DOMAINS[function].calls)
    swap = lambda a: list(map(swap, a)) if isinstance(a, list) else leaf(a)
    leaf = lambda a: Tensor(a, requires_grad=True) if is_floating(a) else a
    values = {"where": False, "signature": "dd->d", "axes": [(0,)], "interpolation": "linear"}
    for name in lacking(function):
        keyword = {name: values[name]} if name in values else {name: None}
        try:
            function(*map(swap, call.args), **{**call.kwargs, **keyword})
        except UnsupportedCall as error:
            refused = str(error)
        except (TypeError, ValueError):  # NumPy's own word on this value
            continue
        else:
            refused = None
        assert f"{name}=" in refused if refused else name in ("dtype", "casting", "order", "subok")


@pytest.mark.parametrize("function", WRITERS, ids=name_of)
def test_what_writes_has_numpys_parameters(function):
    signature, _ = WRITERS[function]
    names = signature.names
    if function.__name__ != "at":
        assert names == numpys_parameters(function)


def test_a_wrong_name_would_be_found():
    entry = TABLE[np.diff]
    assert isinstance(entry, Op)
    assert numpys_parameters(np.diff) == entry.signature.names
