"""Where NumPy raises, a tensor raises too.

Where NumPy computes, a tensor computes the same, or refuses by name.

The calls are those of every entry's domain, and those calls spoiled: axes out of range, twice or of the wrong
type, shapes that do not fit, unknown modes, keywords of every kind, arguments that are missing.  The oracle
is NumPy's own answer: the public class of its error, its value, whether it copied, and its slope.
"""

import inspect
import warnings
from copy import deepcopy
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.helpers import is_floating
from tinygrad_edu import Tensor
from tinygrad_edu.check.domains import DOMAINS
from tinygrad_edu.check.domains.constant import CONSTANTS
from tinygrad_edu.check.domains.domain import Call
from tinygrad_edu.check.strategies import imaginary
from tinygrad_edu.entry import name_of
from tinygrad_edu.errors import CoercionError, DTypeError, MissingRule, UnsupportedCall
from tinygrad_edu.table import entries

TAKES_DTYPES = np.can_cast  # and finds one on a tensor before it asks us
FOLDS_OF_INTEGERS = {
    f
    for f, entry in entries().items()
    if entry.fate == "constant" and isinstance(getattr(f, "__self__", None), np.ufunc) and f not in CONSTANTS
}
NUMPYS = [
    f
    for f in entries()
    if name_of(f).startswith("np.") and f is not TAKES_DTYPES and f not in FOLDS_OF_INTEGERS
]
# What the refusal says where a result has no gradient.
WITHOUT = {
    **dict.fromkeys((np.linalg.eig, np.linalg.eigh, np.linalg.svd), "phases of complex"),
    np.linalg.slogdet: "Singular matrix",
    np.linalg.qr: "columns of A are independent",
    np.interp: "the places xp rise",
}
REFUSALS = (MissingRule, UnsupportedCall, CoercionError, DTypeError)

# ---- calls, right and wrong --------------------------------------------------------------------------------

SHAPES = [(), (), (0,), (1,), (2,), (3,), (4,), (1, 2), (2, 2), (2, 3), (0, 3), (2, 2, 2)]
AXES = [
    None, 0, -1, 1, 2, 5, -4, (), (0,), (-1,), (0, 1), (0, 0), (0, -1), (5,), [0], [0, 1], 1.0, "0", True,
    np.int64(0), np.array(0), np.array([0, 1]),
]  # fmt: skip
SETTINGS = [
    None, 0, 1, -1, 2, 5, -5, 1.5, True, "x", "C", (), (0,), (1,), (0, 1), (0, 0), (1, -2), (2, 3),
    (0.0, 1.0), [], [0], [1, 0], [2, 2], [[1], [0]], np.int64(1), np.uint8(1), np.True_, np.float64(0.0),
    np.array(1), np.array([0, 1]), np.array([True, False]), {}, slice(None), np.nan, np.inf, 1j,
]  # fmt: skip
KEYWORDS = {
    "axis": AXES,
    "keepdims": [True, False, 1, 0, "yes", None, np.True_],
    "dtype": [None, np.float32, "f4", float, int, bool, complex, object, str, "nonsense", np.dtype(float)],
    "out": [None, np.zeros(()), np.zeros(2), np.zeros((2, 3)), np.zeros(2, int), [0.0, 0.0]],
    "where": [True, False, [True, False], np.array(True), np.array([[True], [False]]), "x", None],
    "initial": [None, 0, 1.0, -np.inf, "x"],
    "ddof": [0, 1, -1, 5, 0.5, None, "1", True],
    "correction": [0, 1, None, "1"],
    "mode": ["raise", "wrap", "clip", "constant", "edge", "foo", None, 0],
    "order": ["C", "F", "A", "K", "X", None, 0],
    "casting": ["no", "safe", "same_kind", "unsafe", "foo"],
    "copy": [True, False, None],
    "subok": [True, False],
    "shape": [None, 2, (2, 3), (-1,), (-1, -1), (7,), "x"],
    "norm": [None, "backward", "ortho", "forward", "x", 0],
    "nonsense": [None, 0],
}
CRASHES = (
    "accumulate",
    "cumsum",
    "cumprod",
    "nancumsum",
    "nancumprod",
    "cumulative_sum",
    "cumulative_prod",
)  # NumPy itself ends with a segmentation fault at an out= without axes
FEW = ("axis", "keepdims", "dtype", "out", "where", "nonsense")

# Strategies are made once: to make one, and to validate it, takes longer than to draw from it.
CHOICE = {name: st.sampled_from(values) for name, values in KEYWORDS.items()}
SETTING, SHAPE = st.sampled_from(SETTINGS), st.sampled_from(SHAPES)
INSTEAD = st.sampled_from(["shape", "shape", "shape", "dtype", "complex", "list", "number", "values", "none"])
DTYPE = {
    some: st.sampled_from([np.float32, int, bool, complex, np.uint8, object if some else complex])
    for some in (False, True)
}
PRECISION, SPECIAL = st.sampled_from([np.float32, np.float64]), [np.nan, np.inf, -np.inf, 0.0, 1e300, 1e-310]
VALUE, NO_ARRAY = st.sampled_from(SPECIAL), st.sampled_from([None, "x", 2, 0.5, True, 2**70])
CHANGES = st.sampled_from([1, 1, 1, 2, 0])
HOW = st.sampled_from(["argument", "argument", "keyword", "keyword", "fewer", "more"])
MORE, OFTEN = st.sampled_from([None, "axis"]), st.sampled_from([True, True, False])


@cache
def parameters(function):
    """The keywords that are worth trying: those of NumPy's signature, and a few
    that every function may be given.
    """
    try:
        names = [
            p.name for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_POSITIONAL
        ]
    except ValueError:
        names = []
    return st.sampled_from(sorted({*names, *FEW}))


@st.composite
@np.errstate(invalid="ignore", over="ignore")  # NaN is no integer, 1e300 no float32
def other_arrays(draw, like):
    """What may stand in the place of an array: one of another shape or dtype, a list, a number,
    or no array at all.
    """
    kind = draw(INSTEAD)
    if kind == "shape":
        return np.resize(like if like.size else np.ones(1, like.dtype), draw(SHAPE))
    if kind == "dtype":
        return np.real(like).astype(draw(DTYPE[like.ndim > 0]))
    if kind == "complex":
        return draw(imaginary(np.real(like).astype(draw(PRECISION))))
    if kind == "list":
        return like.tolist()
    if kind == "values" and like.dtype.kind == "f" and like.size:
        changed = like.copy()
        changed.flat[draw(st.integers(0, like.size - 1))] = draw(VALUE)
        return changed
    return draw(NO_ARRAY)


def other(draw, value, name=None):
    """Another value for an argument."""
    if isinstance(value, np.ndarray):
        return draw(other_arrays(value))
    if (
        type(value) is list
        and value
        and all(isinstance(v, np.ndarray) for v in value)
        and draw(st.booleans())
    ):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], draw(other_arrays(value[place])), *value[place + 1 :]]
    return deepcopy(draw(CHOICE.get(name, SETTING)))


@st.composite
def calls_of(draw, function):
    """A call from the function's domain, with up to two of its arguments changed, added or left out."""
    args, kwargs = draw((DOMAINS.get(function) or CONSTANTS[function]).calls)
    args, kwargs = list(args), dict(kwargs)
    for _ in range(draw(CHANGES)):
        how = draw(HOW)
        if how == "argument" and (args or kwargs):
            place = draw(st.sampled_from([*range(len(args)), *kwargs]))
            target = args if isinstance(place, int) else kwargs
            target[place] = other(draw, target[place], place)
        elif how == "keyword":
            name = draw(parameters(function))
            if name != "out" or function.__name__ not in CRASHES:
                kwargs[name] = other(draw, None, name)
        elif how == "fewer" and args:
            args.pop(draw(st.integers(0, len(args) - 1)))
        elif how == "more":
            args.append(other(draw, None, draw(MORE)))
    return Call(tuple(args), kwargs)


# ---- answers -----------------------------------------------------------------------------------------------


def answer(function, call):
    """What a function returns or raises, without its warnings."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function(*call.args, **call.kwargs)
        except Exception as error:
            return error


def public_class(error):
    """The nearest class of an error that NumPy's or Python's users can name."""
    return next(
        c for c in type(error).__mro__ if c.__module__ in ("builtins", "numpy.exceptions", "numpy.linalg")
    )


def arrays_in(value):
    """All arrays in nested lists and tuples."""
    if isinstance(value, (list, tuple)):
        return [a for v in value for a in arrays_in(v)]
    value = value._array if isinstance(value, Tensor) else value
    return [value] if isinstance(value, np.ndarray) else []


def mapped(call, change):
    """The call with something else in the place of each array that a tensor can hold; ``out=`` stays."""

    def swap(value):
        if type(value) in (list, tuple):
            return type(value)(map(swap, value))
        return change(value) if isinstance(value, np.ndarray) and value.dtype.kind in "fiubc" else value

    call = deepcopy(call)
    return Call(
        tuple(map(swap, call.args)),
        {name: value if name == "out" else swap(value) for name, value in call.kwargs.items()},
    )


def on_tensors(call, wanted):
    """The call with tensors in the place of arrays, and those of them that are floating."""
    tensors = []

    def tensor(array):
        made = Tensor(array, requires_grad=wanted and is_floating(array))
        if is_floating(array):
            tensors.append(made)
        return made

    return mapped(call, tensor), tensors


def assert_same(ours, numpys):
    """Equal values, in equal structures: arrays and NumPy's scalars are tensors here."""
    if isinstance(numpys, (np.ndarray, np.generic)):
        assert isinstance(ours, (Tensor, type(numpys))), (
            f"{type(ours).__name__} in the place of {type(numpys).__name__}"
        )
        assert (ours.shape, ours.dtype) == (numpys.shape, numpys.dtype)
        if numpys.dtype.kind in "fc":
            ours = ours._array if isinstance(ours, Tensor) else ours
            np.testing.assert_allclose(
                ours, numpys, rtol=1e-5 if np.finfo(numpys.dtype).nmant < 50 else 1e-12, atol=1e-14
            )
        else:
            np.testing.assert_array_equal(ours._array if isinstance(ours, Tensor) else ours, numpys)
    elif isinstance(numpys, (list, tuple)):
        assert isinstance(ours, type(numpys)) or type(numpys).__name__ != "tuple"
        assert len(ours) == len(numpys)
        for a, b in zip(ours, numpys):
            assert_same(a, b)
    else:
        # An array of objects holds Python's numbers.
        ours = ours.item() if isinstance(ours, Tensor) else ours
        assert type(ours) is type(numpys), f"{type(ours).__name__} in the place of {type(numpys).__name__}"
        assert ours == numpys or (ours != ours and numpys != numpys)  # both NaN


def floating_parts(result):
    return [
        y
        for y in (result if isinstance(result, (list, tuple)) else [result])
        if getattr(getattr(y, "dtype", None), "kind", "") in ("f", "c")
    ]


def waves(arrays, phase):
    """Numbers of either sign, none like another, for cotangents and directions; complex ones for complex."""
    angles = [(np.arange(a.size) + phase).reshape(a.shape) for a in arrays]
    return [np.cos(t) + (1j * np.sin(t) if np.iscomplexobj(a) else 0) for t, a in zip(angles, arrays)]


def product(a, b):
    """The sum of the products of all numbers, of complex ones of both their parts."""
    return np.sum(np.real(a * np.conj(b)))


def check_gradients(function, call, result, tensors):
    """Backward runs, and gives the slopes of NumPy's function where it has one slope on either side."""
    parts = floating_parts(result)
    cotangents, directions = waves(parts, 1), waves(tensors, 2)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # of empty slices, of which NumPy's function warned
        for y, u in zip(parts, cotangents):
            if getattr(y, "requires_grad", False):  # what np.atleast_1d had as a list is an array
                try:
                    y.backward(u, retain_graph=True)
                except (np.linalg.LinAlgError, UnsupportedCall) as error:
                    if WITHOUT.get(function, "no such place") not in str(error):
                        raise
                    return
        for x in tensors:
            assert x.grad is None or (x.grad.shape, x.grad.dtype) == (x.shape, x.dtype)
        numbers = [v for v in (*call.args, *call.kwargs.values()) if isinstance(v, (int, float))]
        values = [*arrays_in([*parts, *call.args, *call.kwargs.values()]), *map(np.float64, numbers)]
        if any(
            a.dtype in (np.float16, np.float32, np.complex64) or not np.all(np.absolute(a) < 100)
            for a in values
        ):
            return  # too coarse or too far out for differences

        def along(t, directions=directions):
            left = iter(directions)
            moved = answer(function, mapped(call, lambda a: a + t * next(left) if is_floating(a) else a))
            if [np.shape(y) for y in floating_parts(moved)] != [u.shape for u in cotangents]:
                return np.nan  # NumPy drops zeros in front of polynomials
            return sum(product(y, u) for y, u in zip(floating_parts(moved), cotangents))

        h, here = 1e-4, along(0)
        ahead, behind = along(h), along(-h)
        near, far = (ahead - behind) / (2 * h), (along(2 * h) - along(-2 * h)) / (4 * h)
        slope = (4 * near - far) / 3
        scale = 1 + abs(slope) + abs(here)
        kink = abs(ahead - 2 * here + behind) > 1e-2 * h * scale
        if not np.isfinite(scale) or kink or abs(near - far) > 1e-2 * scale:
            return  # a kink, or a singular point
        found = sum(product(x.grad.data, v) for x, v in zip(tensors, directions) if x.grad is not None)
        if abs(found - slope) < 1e-5 * scale:
            return
        # Both sides of an odd kink have one slope, as of the median of equal numbers; slopes along
        # directions do not add up there.
        others = waves(tensors, 5)
        both = [v + w for v, w in zip(directions, others)]
        along_others, along_both = ((along(h, v) - along(-h, v)) / (2 * h) for v in (others, both))
        assert abs(near + along_others - along_both) > 1e-3 * scale, (
            f"its slope is {slope}, the gradient says {found}"
        )


def compare(function, call, wanted):
    """Hold our answer to a call against NumPy's; returns which kind of answer both gave."""
    numpys_call = deepcopy(call)
    numpys = answer(function, numpys_call)
    ours_call, tensors = on_tensors(call, wanted)
    ours = answer(function, ours_call)
    if isinstance(numpys, Exception):
        # Of a wrong signature= and a wrong casting=, either may be told.
        both = (ValueError,) if {"signature", "casting"} <= set(call.kwargs) else ()
        assert isinstance(ours, (public_class(numpys), UnsupportedCall, MissingRule, *both)), (
            f"NumPy: {numpys!r}, here: {ours!r}"
        )
        return "raise"
    if isinstance(ours, Exception):
        assert isinstance(ours, REFUSALS), f"NumPy computes; here: {ours!r}"
        return "refuse"
    masked = "where" in call.kwargs and (isinstance(function, np.ufunc) or function.__name__ == "outer")
    unset = function is np.empty_like or masked or (function is np.unpackbits and "count" in call.kwargs)
    if not unset:  # memory that nobody has written to
        assert_same(ours, numpys)
    if not any(
        np.shares_memory(a, b)
        for a in arrays_in([*numpys_call.args, *numpys_call.kwargs.values()])
        for b in arrays_in(numpys)
    ):
        assert not any(np.shares_memory(x._array, b) for x in tensors for b in arrays_in(ours)), (
            "NumPy copies"
        )
    # Arrays of objects may hold anything.
    objects = any(a.dtype.kind == "O" for a in arrays_in([call.args, *call.kwargs.values()]))
    fine = function in (np.round, np.around)  # whose steps may be smaller than those of the differences
    if wanted and not (unset or objects or fine) and len(floating_parts(numpys)) == len(floating_parts(ours)):
        check_gradients(function, call, ours, tensors)
    return "compute"


def test_every_function_has_calls():
    assert [name_of(f) for f in NUMPYS if f not in DOMAINS and f not in CONSTANTS] == []


@pytest.mark.parametrize("function", NUMPYS, ids=name_of)
@settings(max_examples=settings.default.max_examples // 3)
@given(data=st.data())
def test_answer_is_that_of_numpy(function, data, answered):
    call = data.draw(calls_of(function))
    # At least one argument can be a tensor.
    assume(any(a.dtype.kind in "fiubc" for a in arrays_in([call.args, *call.kwargs.values()])))
    if function in (np.linalg.cond, np.linalg.qr):  # which hash and compare p and mode before they ask us
        assume(not arrays_in([*call.args[1:], call.kwargs.get("p"), call.kwargs.get("mode")]))
    answered(compare(function, call, data.draw(OFTEN)))


@pytest.mark.parametrize("mode", ["clip", "wrap", 0, 1, np.int64(0), b"wrap"])
def test_elements_are_given_back_where_take_found_them_in_every_mode(mode):
    a = np.array([1.0, 2.0, 4.0])
    indices = np.array([[-4, 1], [5, 2]])
    x = tg.Tensor(a, requires_grad=True)
    np.take(x, indices, mode=mode).sum().backward()
    counts = [np.sum(np.take(np.arange(3), indices, mode=mode) == i) for i in range(3)]
    np.testing.assert_array_equal(x.grad.data, counts)


@pytest.mark.parametrize("method", ["reduce", "accumulate"])
@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.logical_and])
def test_array_of_a_ufunc_method_may_be_given_by_its_name(ufunc, method):
    a, f = np.array([1.0, 2.0]), getattr(ufunc, method)
    np.testing.assert_array_equal(f(array=tg.Tensor(a), axis=0).data, f(a, axis=0))


def test_nothing_repeated_a_negative_number_of_times_is_nothing():
    x = tg.Tensor(np.empty(0), requires_grad=True)
    np.repeat(x, -1).sum().backward()
    assert x.grad.shape == (0,)


def test_imaginary_parts_that_numpy_drops_are_refused_and_booleans_begin_geometric_progressions():
    x, table = tg.Tensor([0.5 + 1j], requires_grad=True), np.array([0.0, 1.0])
    with pytest.raises(DTypeError, match=r"np\.interp: x: .* imaginary part would be lost"):
        np.interp(x, table, table)
    with pytest.raises(DTypeError, match=r"np\.interp: xp"):
        np.interp(0.5, np.concatenate([x, x + 1]), table, period=2.0)
    stop = tg.Tensor(8.0, requires_grad=True)
    np.testing.assert_allclose(np.geomspace(True, stop, 4).data, np.geomspace(True, 8.0, 4), rtol=1e-15)
