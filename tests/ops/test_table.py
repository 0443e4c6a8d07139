"""Every entry of the table, on calls drawn from its domain: values, derivatives of first and second order,
layouts, dtypes.

The oracles are NumPy's own functions and numerical derivatives.  A new operation needs a line in
`check.domains`, and no test of its own.
"""

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.helpers import as_pairs, is_floating, of_precision
from tinygrad_edu import Tensor, primitive
from tinygrad_edu.check.domains import DOMAINS
from tinygrad_edu.check.domains.domain import Call, call
from tinygrad_edu.check.strategies import arrays, cotangents, layouts
from tinygrad_edu.check.strict import StrictArray
from tinygrad_edu.entry import Op, name_of
from tinygrad_edu.table import entries
from tinygrad_edu.transforms import jvp, vjp

TABLE = {f: entry for f, entry in entries().items() if getattr(entry, "trusted", True)}  # ours, no test's
OURS = [f for f in TABLE if not (getattr(f, "__module__", None) or "numpy").startswith(("test", "__"))]
EVERY = [f for f in OURS if TABLE[f].fate != "constant"]
SCIPYS = [
    f for f in EVERY if "scipy" in (getattr(f, "__module__", None) or name_of(f))
]  # test_scipy_special.py
ENTRIES = [f for f in EVERY if f not in SCIPYS]
every_entry = pytest.mark.parametrize("function", ENTRIES, ids=name_of)


# ---- calls as functions of their floating arrays -----------------------------------------------------------

DEEP = settings.default.max_examples >= 1000
few = settings(max_examples=100 if DEEP else 4)
shared = settings(max_examples=settings.default.max_examples * (5 if DEEP else 3) // 10)  # by all properties


def floating(call):
    """The floating arrays of a call, in order."""
    inside = lambda arg: [a for part in arg for a in inside(part)] if isinstance(arg, list) else [arg]
    return [a for a in inside(list(call.args)) if is_floating(a)]


def replaced(call, values):
    """The call with other values in the place of its floating arrays."""
    values = iter(values)
    swap = lambda arg: (
        [swap(a) for a in arg] if isinstance(arg, list) else next(values) if is_floating(arg) else arg
    )
    return Call(tuple(map(swap, call.args)), call.kwargs)


def outputs(result):
    """The floating outputs of a function, always as a tuple."""
    parts = (result,)
    if isinstance(result, (tuple, list)):  # np.histogramdd has a list among its outputs
        parts = [part for r in result for part in (r if type(r) is list else [r])]
    return tuple(r for r in parts if r.dtype.kind in "fc")


def as_function(function, call):
    """The function of the call's floating arrays alone, and those arrays."""

    def f(*values):
        c = replaced(call, values)
        return outputs(function(*c.args, **c.kwargs))

    return f, floating(call)


def read_only(array):
    array = array.view()
    array.flags.writeable = False
    return array


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


# ---- numerical derivatives ---------------------------------------------------------------------------------


def flat(values):
    """All numbers of some arrays or tensors; complex ones as pairs of real ones."""
    arrays = [as_pairs(v.data if isinstance(v, Tensor) else v) for v in values]
    return np.concatenate(arrays or [np.zeros(0)])


def unflat(vector, like):
    parts = np.split(vector, np.cumsum([as_pairs(a).size for a in like])[:-1])
    return [p.view(np.result_type(p, a)).reshape(a.shape) for p, a in zip(parts, like)]


def inner(y, w):
    """The sum of the products of all numbers of a tensor and an array, a complex one being a pair of them."""
    return np.sum(np.real(y * np.conj(w))) if y.dtype.kind == "c" else np.sum(y * w)


def slope(f, x, v, h=5e-4):
    """The derivative of f at x along v, by central differences of fourth order."""
    at = lambda t: f(x + t * v)
    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)


def numerical_jacobian(f, values):
    """The Jacobian of f's flattened outputs in its flattened arguments, of shape (outputs, arguments)."""
    x, g = flat(values), lambda x: flat(f(*unflat(x, values)))
    return (
        np.stack([slope(g, x, e) for e in np.eye(x.size)] or [np.zeros_like(g(x))[:0]], -1)
        if x.size
        else np.zeros((g(x).size, 0))
    )


def assert_close(actual, expected, scale=0.0):
    """Equal up to the error of numerical differentiation, relative to the largest element."""
    bound = 1e-6 * max(np.abs(expected).max(initial=0), scale, 1e-2)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=bound)


def directions(f, values, draw, count=1):
    """A cotangent of each output of f, and in each of so many lists a tangent of each argument."""
    u = tuple(read_only(draw(cotangents(o))) for o in f(*values))
    return u, *([read_only(draw(cotangents(a))) for a in values] for _ in range(count))


def fitted(u, outputs):
    """The cotangents in the dtypes of outputs, and zeros for those of whole numbers; and of their shapes,
    since np.polydiv's remainder is shorter in float32 where what leads is no more than rounding.
    """
    left = iter(u)
    return tuple(
        np.resize(next(left), np.shape(o)).astype(o.dtype) if o.dtype.kind in "fc" else np.zeros_like(o)
        for o in outputs
    )


def check_first_order(f, values, u, v):
    jacobian = numerical_jacobian(f, values)
    out, pullback = vjp(f, *map(read_only, values))
    gradients = pullback(u)
    assert [g.shape for g in gradients] == [a.shape for a in values]
    scale = np.abs(jacobian).max(initial=0)
    assert_close(flat(gradients), flat(u) @ jacobian, scale)
    _, tangents = jvp(f, values, v)
    assert [t.shape for t in tangents] == [o.shape for o in out]
    assert_close(flat(tangents), jacobian @ flat(v), scale)
    np.testing.assert_allclose(
        flat(tangents) @ flat(u), flat(v) @ flat(gradients), rtol=1e-9, atol=1e-9 * max(scale, 1)
    )


def check_second_order(f, values, u, v):
    """The gradient of ⟨v, Jᵀu⟩ is the slope of Jᵀu along v, because the Hessian of ⟨u, f⟩ is symmetric."""
    gradient = lambda *xs: vjp(f, *xs)[1](u)
    expected = slope(lambda x: flat(gradient(*unflat(x, values))), flat(values), flat(v))
    _, pullback = vjp(lambda *xs: sum(inner(g, w) for g, w in zip(gradient(*xs), v)), *values)
    assert_close(flat(pullback(np.ones(()))), expected, np.abs(flat(gradient(*values))).max(initial=0))


def check_third_order(f, values, u, v, w):
    """The gradient of ⟨w, s⟩ is the slope of s along w, s being the gradient of ⟨v, Jᵀu⟩: third derivatives
    are symmetric too.
    """
    along = lambda gradients, direction: sum(inner(g, d) for g, d in zip(gradients, direction))
    gradient = lambda *xs: vjp(f, *xs)[1](u)
    second = lambda *xs: vjp(lambda *ys: along(gradient(*ys), v), *xs)[1](np.ones(()))
    expected = slope(lambda x: flat(second(*unflat(x, values))), flat(values), flat(w))
    _, pullback = vjp(lambda *xs: along(second(*xs), w), *values)
    scale = max(np.abs(flat(part)).max(initial=0) for part in (gradient(*values), second(*values)))
    assert_close(flat(pullback(np.ones(()))), expected, 10 * scale)


# ---- the table has a domain for every entry ----------------------------------------------------------------


def test_every_entry_has_a_domain_and_every_domain_an_entry():
    assert [name_of(f) for f in EVERY if f not in DOMAINS] == []
    assert [name_of(f) for f in DOMAINS if f not in TABLE or TABLE[f].fate == "constant"] == []


# ---- every entry -------------------------------------------------------------------------------------------


@every_entry
@shared
@given(data=st.data())
def test_every_property_of_a_call(function, data, count):
    """All properties of one call, since a call takes longer to draw than most of them to check."""
    count(name_of(function))
    check_properties(function, data.draw(DOMAINS[function].calls), data.draw)


def check_properties(function, call, draw, *, same_bits=True, single=True, rules=(np.float32, np.float64)):
    """Check all properties; what the settings say is asked of all but functions of SciPy."""
    f, values = as_function(function, call)
    u, v = directions(f, values, draw)
    check_value(function, call)
    check_first_order(f, values, u, v)
    check_second_order(f, values, u, v)
    check_layouts(f, values, u, draw, repeats=not DOMAINS[function].regular)
    if same_bits:
        check_other_arrays(f, values, u)
    if single and function is not np.astype:  # whose dtype is asked for
        check_single_precision(f, values, u)
    if isinstance(TABLE[function], Op):
        for dtype in rules:
            check_rules(function, call, u, dtype)


@pytest.mark.parametrize("function", ENTRIES if DEEP else ENTRIES[::9], ids=name_of)
@few
@given(data=st.data())
def test_third_derivative_is_numerical(function, data, count):
    count(name_of(function))
    f, values = as_function(function, data.draw(DOMAINS[function].calls))
    check_third_order(f, values, *directions(f, values, data.draw, 2))


def check_value(function, call):
    """It is that of NumPy."""
    f, values = as_function(function, call)
    expected = f(*values)
    actual = f(*(Tensor(a, requires_grad=True) for a in values))
    assert all(isinstance(a, Tensor) and a.requires_grad for a in actual)
    for a, b in zip(actual, expected, strict=True):
        if TABLE[function].fate == "differentiates":
            assert same_bits(a.data, np.asarray(b))
        else:
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_allclose(a.data, b, rtol=1e-13, atol=1e-14)
    if DOMAINS[function].reference is not None:
        for a, b in zip(actual, as_function(DOMAINS[function].reference, call)[0](*values), strict=True):
            assert a.shape == b.shape
            np.testing.assert_allclose(a.data, b, rtol=1e-12, atol=1e-14)


def check_layouts(f, values, u, draw, repeats):
    """Reversed, strided, read-only and overlapping memory; and one argument differentiated alone."""
    if not values:
        return
    odd = [draw(layouts(a, repeats=repeats)) for a in values]
    u = tuple(draw(layouts(w)) for w in u)
    with np.errstate(all="ignore"):  # where an element that repeats makes a correlation 0/0
        compare_layouts(f, odd, u, draw(st.integers(0, len(odd) - 1)))


def compare_layouts(f, odd, u, alone):
    before, saved = ([a.copy() for a in arrays] for arrays in (odd, u))
    out, pullback = vjp(f, *before)
    expected = pullback(tuple(saved))
    tensors = [Tensor(a) for a in odd]
    x = tensors[alone].requires_grad_()
    found = f(*tensors)
    for y, z in zip(found, out, strict=True):
        np.testing.assert_allclose(y.detach().data, z, rtol=1e-12, atol=1e-12)
    total = sum(inner(y, w) for y, w in zip(found, u))
    # A result may depend on no argument: np.full_like of its first array, np.unstack into nothing.
    if not getattr(total, "requires_grad", False):
        assert not np.any(expected[alone])
        return
    total.backward()
    np.testing.assert_allclose(x.grad.data, expected[alone], rtol=1e-12, atol=1e-12)
    assert x.grad.data.flags.c_contiguous
    assert x.grad.data.flags.writeable
    assert not any(np.shares_memory(x.grad.data, a) for a in (*odd, *u))
    assert all(same_bits(a, b) for a, b in zip((*odd, *u), (*before, *saved)))


def check_other_arrays(f, values, cotangents):
    """Rules give the same bits on arrays that know the two protocols alone."""
    plain = [Tensor(a, requires_grad=True) for a in values]
    strict = [Tensor(StrictArray(a), requires_grad=True) for a in values]
    outputs = f(*plain)
    imaginary = any(np.iscomplexobj(y._array) for y in outputs)

    def same(a, b):
        # NumPy rounds the product of two complex numbers otherwise than that of two arrays without axes;
        # the real part of one, here of numbers of about 1, may cancel.
        return same_bits(a, b) or (imaginary and a.ndim == 0 and np.isclose(a, b, rtol=1e-14, atol=1e-15))

    for y, z, u in zip(outputs, f(*strict), cotangents, strict=True):
        assert isinstance(z._array, StrictArray)
        assert same(y.data, z._array.array)
        y.backward(u, retain_graph=True)
        z.backward(Tensor(StrictArray(u)), retain_graph=True)
    for x, s in zip(plain, strict):
        assert (x.grad is None) == (s.grad is None)  # np.full_like does not depend on its first array
        assert x.grad is None or isinstance(s.grad._array, StrictArray)
        assert x.grad is None or same(x.grad.data, s.grad._array.array)


def check_single_precision(f, values, u):
    """float32 stays float32."""
    values = [of_precision(a, np.float32) for a in values]
    expected = f(*values)
    out, pullback = vjp(f, *values)
    assert [o.dtype for o in out] == [e.dtype for e in expected]
    gradients = pullback(fitted(u, out))
    assert [g.dtype for g in gradients] == [a.dtype for a in values]


# ---- rules, before the engine brings their results into shape ----------------------------------------------


TURNED = (np.imag, np.angle, np.fft.irfft, np.fft.hfft, np.fft.irfft2, np.fft.irfftn)  # complex into real


def check_rules(function, call, u, dtype):
    """A rule returns an array of the gradient's dtype, without touching its read-only arguments;
    exactly of its argument's shape, unless it broadcasts.
    """
    entry = TABLE[function]
    call = replaced(call, [read_only(of_precision(a, dtype)) for a in floating(call)])
    arrays = list(entry.bind(call.args, call.kwargs))
    wanted = [i for i, a in enumerate(arrays) if is_floating(a) and entry.argument(i) in entry.rules]
    plan = entry.plan(tuple(wanted))
    out, kept = entry.forward(*arrays), ()
    if entry.keep:
        out, *kept = out
    parts = out if isinstance(out, tuple) else (out,)
    if not parts:
        return
    g = tuple(map(read_only, fitted(u, parts)))
    lock = lambda v: (
        tuple(map(lock, v)) if type(v) is tuple else read_only(v) if isinstance(v, np.ndarray) else v
    )
    saved = lock(plan.save([tuple(out) if isinstance(out, tuple) else np.asarray(out), *kept, *arrays]))
    if plan.joint is not None:
        saved = plan.joint(g if isinstance(out, tuple) else g[0], *saved)
    for (rule, start, stop), i in zip(plan.steps, wanted):
        gradient = rule(g if isinstance(out, tuple) else g[0], *saved[start:stop])
        assert isinstance(gradient, (np.ndarray, np.generic))
        assert gradient.dtype == g[0].dtype or (
            np.finfo(gradient.dtype).dtype == np.finfo(g[0].dtype).dtype
            and (function in TURNED or any(np.iscomplexobj(v) for v in (*arrays, *parts)))
        )
        if entry.broadcasts:
            assert np.broadcast_shapes(gradient.shape, arrays[i].shape) == gradient.shape
        else:
            assert gradient.shape == arrays[i].shape


@pytest.mark.parametrize(
    "function", [f for f in ENTRIES if isinstance(f, np.ufunc) and f.signature is None], ids=name_of
)
@shared
@given(data=st.data())
def test_ufunc_of_no_axes_and_of_no_elements(function, data):
    c = data.draw(DOMAINS[function].calls.filter(lambda c: all(np.size(a) for a in c.args)))
    for shape in ((), (0,), (2, 0), (1,)):
        f, values = as_function(function, Call(tuple(np.resize(a, shape) for a in c.args), {}))
        out, pullback = vjp(f, *values)
        gradients = pullback(tuple(np.ones_like(o) for o in out))
        assert all(np.shape(o) == shape and isinstance(o, (np.ndarray, np.generic)) for o in out)
        assert all(g.shape == shape and type(g) is np.ndarray for g in gradients)


@pytest.mark.parametrize("repeats", [2, [2, 2]], ids=str)
def test_infinite_gradient_of_a_repeated_element_reaches_no_other(repeats):
    x = Tensor([1.0, 2.0], requires_grad=True)
    np.repeat(x, repeats).backward([np.inf, 1.0, 2.0, 3.0])
    assert x.grad.tolist() == [np.inf, 5.0]


# ---- the checks themselves ---------------------------------------------------------------------------------


WRONG = {
    "twice": lambda g, x: 2 * g * np.cos(x),
    "sign": lambda g, x: -g * np.cos(x),
    "without g": lambda g, x: np.cos(x),
    "g squared": lambda g, x: g * g * np.cos(x),
    "zero": lambda g, x: np.zeros_like(g),
    "a thousandth off": lambda g, x: 1.001 * g * np.cos(x),
}


@pytest.mark.parametrize("rule", WRONG.values(), ids=WRONG)
def test_first_order_check_fails_on_a_wrong_rule(rule):
    wrong = primitive(x=rule)(lambda x: np.sin(x))

    @settings(phases=[Phase.generate])
    @given(data=st.data())
    def check(data):
        f, values = as_function(wrong, call(data.draw(arrays((2,)))))
        check_first_order(f, values, *directions(f, values, data.draw))

    with pytest.raises(AssertionError):
        check()


def test_second_order_check_fails_on_a_rule_that_hides_its_argument():
    """A rule that computes on bare memory has the right first derivative, and no second one."""
    wrong = primitive(x=lambda g, x: g * np.cos(x.detach().data if isinstance(x, Tensor) else x))(
        lambda x: np.sin(x)
    )

    @settings(phases=[Phase.generate])
    @given(data=st.data())
    def check(data):
        f, values = as_function(wrong, call(data.draw(arrays((2,)))))
        check_second_order(f, values, *directions(f, values, data.draw))

    with pytest.raises(AssertionError):
        check()
