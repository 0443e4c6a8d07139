"""NumPy's functions where they are flat, where NaN goes in, without axes, and with settings of odd types."""

import numpy as np
import pytest

import tinygrad_edu as tg

# ---- what is flat, and what is not a number ----------------------------------------------------------------

ANYWHERE = [0.0, -0.0, 5e-324, 1e-310, -1e-200, 1e-160, 0.5, -2.0, 1e200, -1e308, np.inf, -np.inf, np.nan]
ZEROTH = {
    "x ** 0": lambda x: x**0,
    "x ** 0.0": lambda x: x**0.0,
    "an array of floats": lambda x: x ** np.zeros(x.shape),
    "an array of integers": lambda x: np.power(x, np.zeros(x.shape, int)),
    "unsigned integers": lambda x: np.power(x, np.zeros(x.shape, np.uint8)),
    "booleans": lambda x: np.power(x, np.zeros(x.shape, bool)),
    "float_power": lambda x: np.float_power(x, 0),
    "outer": lambda x: np.power.outer(x, [0.0])[..., 0],
    "an exponent that needs a gradient": lambda x: x ** tg.Tensor(np.zeros(x.shape), requires_grad=True),
}


@pytest.mark.parametrize("power", ZEROTH.values(), ids=ZEROTH)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeroth_power_is_flat_everywhere(power, dtype):
    """Its derivatives of first and second order are 0 at every number, and at what is none."""
    with np.errstate(all="ignore"):
        x = tg.Tensor(np.array(ANYWHERE, dtype), requires_grad=True)
        y = power(x)
        assert np.all(y.data == 1)
        y.backward(np.ones(y.shape), create_graph=True)
        slope, x.grad = x.grad, None
        np.testing.assert_array_equal(slope.data, np.zeros(len(ANYWHERE)))
        if slope.requires_grad:
            slope.backward(np.ones(y.shape))
            np.testing.assert_array_equal(x.grad.data, np.zeros(len(ANYWHERE)))


def test_mixed_derivative_of_a_power_at_exponent_zero():
    """∂²(x^p)/∂x∂p at p = 0 is 1/x."""
    x, p = (tg.Tensor(v, requires_grad=True) for v in ([0.25, 2.0, 1e-20], [0.0, 0.0, 0.0]))
    (x**p).backward(np.ones(3), create_graph=True)
    slope, p.grad = x.grad, None
    slope.backward(np.ones(3))
    np.testing.assert_allclose(p.grad.data, [4.0, 0.5, 1e20], rtol=1e-12)


# fmt: off
PIECEWISE = {
    "abs":            np.abs,
    "fabs":           np.fabs,
    "sign":           np.sign,
    "floor":          np.floor,
    "ceil":           np.ceil,
    "trunc":          np.trunc,
    "rint":           np.rint,
    "fix":            np.fix,
    "round":          np.round,
    "round to tens":  lambda x: np.round(x, -1),
    "clip":           lambda x: np.clip(x, -1, 1),
    "clip below":     lambda x: np.clip(x, -1, None),
    "clip above":     lambda x: np.clip(x, None, 1),
    "clip of arrays": lambda x: np.clip(x, np.full(3, -1.0), np.full(3, 1.0)),
    "maximum":        lambda x: np.maximum(x, 0),
    "minimum":        lambda x: np.minimum(0, x),
    "fmax of two":    lambda x: np.fmax(x, x),
    "fmin of two":    lambda x: np.fmin(x, x),
    "remainder":      lambda x: np.remainder(x, 2),
    "fmod":           lambda x: np.fmod(x, 2),
    "floor_divide":   lambda x: np.floor_divide(x, 2),
    "divmod":         lambda x: np.divmod(x, 2)[1],
    "modf":           lambda x: np.modf(x)[0],
    "heaviside":      lambda x: np.heaviside(x, 0.5),
    "copysign":       lambda x: np.copysign(x, 1.0),
    "max":            np.max,
    "min":            np.min,
    "ptp":            np.ptp,
    "maximum.reduce": np.maximum.reduce,
}
# fmt: on
SPREADING = ("max", "min", "ptp", "maximum.reduce")  # one NaN makes the whole result NaN


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", PIECEWISE)
def test_gradient_is_nan_where_nan_goes_in_and_comes_out(name, dtype):
    x = tg.Tensor(np.array([0.75, np.nan, -3.25], dtype), requires_grad=True)
    with np.errstate(invalid="ignore"):
        y = PIECEWISE[name](x)
        y.backward(np.full(y.shape, 2.0))
    np.testing.assert_array_equal(np.isnan(x.grad.data), True if name in SPREADING else [False, True, False])


def test_fmax_and_fmin_give_the_gradient_to_the_number():
    for function in (np.fmax, np.fmin):
        a = tg.Tensor([np.nan, 1.0, np.nan], requires_grad=True)
        b = tg.Tensor([2.0, np.nan, np.nan], requires_grad=True)
        function(a, b).backward([3.0, 4.0, 5.0])
        np.testing.assert_array_equal(a.grad.data, [0.0, 4.0, np.nan])
        np.testing.assert_array_equal(b.grad.data, [3.0, 0.0, np.nan])


# ---- an array without axes has the axes 0 and -1 for NumPy's reductions ------------------------------------

# fmt: off
AXISLESS = {
    "sum":      (np.sum, 1),
    "prod":     (np.prod, 1),
    "max":      (np.max, 1),
    "min":      (np.min, 1),
    "ptp":      (np.ptp, 0),
    "cumsum":   (np.cumsum, 1),
    "cumprod":  (np.cumprod, 1),
    "take":     (lambda x, axis: np.take(x, [0, 0], axis), 2),
    "repeat":   (lambda x, axis: np.repeat(x, 3, axis), 3),
    "compress": (lambda x, axis: np.compress([True], x, axis), 1),
    **{f"{u.__name__}.reduce": (u.reduce, 1) for u in (np.add, np.multiply, np.maximum, np.minimum, np.logaddexp)},
}
# fmt: on


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("name", AXISLESS)
def test_reduction_of_no_axes_over_an_explicit_axis(name, axis):
    function, slope = AXISLESS[name]
    x = tg.Tensor(3.0, requires_grad=True)
    y = function(x, axis=axis)
    np.testing.assert_array_equal(y.data, function(np.array(3.0), axis=axis))
    y.sum().backward()
    assert (x.grad.shape, x.grad.item()) == ((), slope)


# ---- defaults, unsigned settings, copies -------------------------------------------------------------------


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.minimum, np.logaddexp])
def test_reductions_drop_their_axis_by_default(ufunc):
    x = tg.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    assert ufunc.reduce(x).shape == (3,)
    assert ufunc.reduce(x, 1, keepdims=True).shape == (2, 1)


@pytest.mark.parametrize("wanted", [False, True])
def test_astype_copies_unless_told_otherwise(wanted):
    x = tg.Tensor([1.0, 2.0], requires_grad=wanted)
    assert not np.shares_memory(np.astype(x, np.float64).detach().numpy(), x.detach().numpy())
    assert np.shares_memory(np.astype(x, np.float64, copy=False).detach().numpy(), x.detach().numpy())


def test_split_at_places_that_do_not_rise():
    """Elements between them are in several parts, or in none."""
    x = tg.Tensor(np.arange(4.0), requires_grad=True)
    first, second, third = np.array_split(x, [3, 1])
    assert [part.tolist() for part in (first, second, third)] == [[0.0, 1.0, 2.0], [], [1.0, 2.0, 3.0]]
    (np.sum(first) + 10 * np.sum(third)).backward()
    assert x.grad.tolist() == [1.0, 11.0, 11.0, 10.0]


OLD = np.lib.NumpyVersion(np.__version__) < "2.2.0"  # whose np.roll cannot turn by unsigned integers


@pytest.mark.parametrize("one", [*[np.uint8(1)] * (not OLD), np.True_, True, 1], ids=repr)
def test_settings_that_are_unsigned_or_boolean(one):
    """Minus one is 255 in uint8, and nothing in booleans; the adjoints turn and roll back all the same."""
    for function in (np.roll, np.rot90):
        x = tg.Tensor(np.arange(9.0).reshape(3, 3), requires_grad=True)
        function(x, one).backward(function(np.arange(9.0).reshape(3, 3), 1))
        np.testing.assert_array_equal(x.grad.data, np.arange(9.0).reshape(3, 3))


def test_ravel_in_the_order_of_memory():
    x = tg.Tensor(np.arange(6.0).reshape(2, 3))
    turned = tg.Tensor(x.data.T).requires_grad_()
    turned.data = x.data.T  # as it lies; construction made a contiguous copy
    y = np.ravel(turned, "K")
    np.testing.assert_array_equal(y.data, np.ravel(x.data.T, "K"))
    y.backward(np.arange(6.0))
    np.testing.assert_array_equal(turned.grad.data, np.arange(6.0).reshape(2, 3).T)
