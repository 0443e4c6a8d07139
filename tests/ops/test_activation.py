"""Activations: values, kinks, tails and infinities."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as tg
from tests.helpers import leaf, phi
from tinygrad_edu import nn
from tinygrad_edu.ops.erf import normal_cdf
from tinygrad_edu.ops.near_one import exp_and_expm1, log1p_of_share
from tinygrad_edu.ops.with_slopes import mish_and_slope


def slopes(f, x):
    """The derivative of an elementwise function, as a function of tensors."""
    return tg.grad(lambda x: np.sum(f(x)))(x)


# ---- values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "function"),
    [
        (nn.ReLU(), lambda x: np.maximum(x, 0)),
        (nn.ReLU6(), lambda x: np.minimum(np.maximum(x, 0), 6)),
        (nn.LeakyReLU(0.2), lambda x: np.where(x > 0, x, 0.2 * x)),
        (nn.PReLU(dtype=np.float64), lambda x: np.where(x > 0, x, 0.25 * x)),
        (nn.ELU(), lambda x: np.where(x > 0, x, np.expm1(x))),
        (nn.CELU(2.0), lambda x: np.where(x > 0, x, 2 * np.expm1(x / 2))),
        (nn.SELU(), lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))),
        (nn.GELU(), lambda x: x * np.vectorize(phi)(x)),
        (nn.GELU("tanh"), lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))),
        (nn.SiLU(), lambda x: x / (1 + np.exp(-x))),
        (nn.Mish(), lambda x: x * np.tanh(np.log1p(np.exp(x)))),
        (nn.Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
        (nn.Hardsigmoid(), lambda x: np.minimum(np.maximum(x / 6 + 0.5, 0), 1)),
        (nn.Hardswish(), lambda x: x * np.minimum(np.maximum(x / 6 + 0.5, 0), 1)),
        (nn.Tanh(), np.tanh),
        (nn.Arctan(), np.arctan),
        (nn.Hardtanh(-0.5, 0.25), lambda x: np.where(x < -0.5, -0.5, np.where(x > 0.25, 0.25, x))),
        (nn.Softsign(), lambda x: x / (1 + np.abs(x))),
        (nn.Softplus(), lambda x: np.log1p(np.exp(x))),
        (nn.Softplus(3.0), lambda x: np.log1p(np.exp(3 * x)) / 3),
        (nn.LogSigmoid(), lambda x: -np.log1p(np.exp(-x))),
        (nn.Softmin(), lambda x: np.exp(-x) / np.exp(-x).sum(-1, keepdims=True)),
        (nn.Softshrink(0.7), lambda x: np.where(x > 0.7, x - 0.7, np.where(x < -0.7, x + 0.7, 0))),
        (nn.Hardshrink(0.7), lambda x: np.where(x > 0.7, x, np.where(x < -0.7, x, 0))),
        (nn.Tanhshrink(), lambda x: x - np.tanh(x)),
        (nn.Threshold(0.2, -3.0), lambda x: np.where(x > 0.2, x, -3)),
        (nn.RReLU(0.1, 0.5).eval(), lambda x: np.where(x > 0, x, 0.3 * x)),
        (nn.Gaussian(), lambda x: np.exp(-x * x)),
        (nn.Heaviside(), lambda x: np.where(x >= 0, 1.0, 0.0)),
        (nn.Identity(), lambda x: x),
        (nn.Softmax(), lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True)),
        (nn.LogSoftmax(axis=0), lambda x: x - np.log(np.exp(x).sum(0, keepdims=True))),
    ],
    ids=lambda v: repr(v) if isinstance(v, nn.Module) else "",
)
def test_activations_are_their_formulas(module, function):
    x = np.random.default_rng(0).standard_normal((3, 4))
    np.testing.assert_allclose(module(tg.Tensor(x)).data, function(x), rtol=1e-12, atol=1e-15)
    y = module(x)
    np.testing.assert_allclose(y.data if isinstance(y, tg.Tensor) else y, function(x), rtol=1e-12, atol=1e-15)
    if not list(module.parameters()):
        assert module(tg.Tensor(x.astype(np.float32))).dtype == np.float32
        assert module(leaf(x[0, 0])).shape == () or isinstance(module, nn.Softmax)


# Values and slopes that PyTorch 2.13 computes in float64.  Its hardsigmoid multiplies by a float32 1/6; that
# slope is exact here. fmt: off
POINTS = [-3.0, -1.5, -0.5, 0.25, 1.0, 3.5]
PYTORCH = {
    "elu": (
        lambda x: tg.elu(x, 0.5),
        [-0.475106465816068, -0.3884349199257851, -0.1967346701436833, 0.25, 1.0, 3.5],
        [0.024893534183931972, 0.11156508007421491, 0.3032653298563167, 1.0, 1.0, 1.0],
    ),
    "selu": (
        tg.selu,
        [
            -1.6705687287671118,
            -1.3658143533672527,
            -0.6917581878028713,
            0.2626752468388701,
            1.0507009873554805,
            3.677453455744182,
        ],
        [
            0.08753061208026487,
            0.392284987480124,
            1.0663411530445053,
            1.0507009873554805,
            1.0507009873554805,
            1.0507009873554805,
        ],
    ),
    "celu": (
        lambda x: tg.celu(x, 2.0),
        [-1.5537396797031404, -1.0552668945179706, -0.44239843385719024, 0.25, 1.0, 3.5],
        [0.22313016014842982, 0.4723665527410147, 0.7788007830714049, 1.0, 1.0, 1.0],
    ),
    "gelu": (
        tg.gelu,
        [
            -0.00404969409489031,
            -0.10021080190328704,
            -0.15426876936299344,
            0.14967658142073093,
            0.841344746068543,
            3.4991857982233756,
        ],
        [
            -0.01194564720418392,
            -0.1274691922299796,
            0.13250487534383712,
            0.695373354883636,
            1.0833154705876864,
            1.0028217603536247,
        ],
    ),
    "gelu, tanh": (
        lambda x: tg.gelu(x, approximate="tanh"),
        [
            -0.0036373920817729943,
            -0.10042842301976707,
            -0.15428599017485606,
            0.149675350701685,
            0.8411919906082768,
            3.499383802344626,
        ],
        [
            -0.011584166630969648,
            -0.12771079315143308,
            0.13263009646535764,
            0.6953540951510604,
            1.0829640838457826,
            1.0024226437601167,
        ],
    ),
    "silu": (
        tg.silu,
        [
            -0.14227761953270035,
            -0.2736382857095345,
            -0.1887703343990727,
            0.14054412522144952,
            0.7310585786300049,
            3.3974071923702525,
        ],
        [
            -0.08810410601516962,
            -0.041294154299142946,
            0.2600388126973482,
            0.6237100215701977,
            0.9276705118714869,
            1.0702733528277182,
        ],
    ),
    "mish": (
        tg.mish,
        [
            -0.1456474612756246,
            -0.29809974216680674,
            -0.22074377465173,
            0.1695724096638176,
            0.8650983882673103,
            3.4939907151175196,
        ],
        [
            -0.09339311453232084,
            -0.06409781589225866,
            0.28951067791351226,
            0.7541726677205928,
            1.0490362200997922,
            1.009939324995133,
        ],
    ),
    "softplus": (
        lambda x: tg.softplus(x, 2.0),
        [
            0.0012378425688652247,
            0.02429367578687103,
            0.15663084375911143,
            0.48703849209005334,
            1.0634640055214863,
            3.500455733226887,
        ],
        [
            0.0024726231566347748,
            0.04742587317756679,
            0.2689414213699951,
            0.6224593312018546,
            0.8807970779778824,
            0.9990889488055994,
        ],
    ),
    "softsign": (
        tg.softsign,
        [-0.75, -0.6, -1 / 3, 0.2, 0.5, 7 / 9],
        [0.0625, 0.16, 4 / 9, 0.64, 0.25, 4 / 81],
    ),
    "hardtanh": (lambda x: tg.hardtanh(x, -2.0, 0.5), [-2, -1.5, -0.5, 0.25, 0.5, 0.5], [0, 1, 1, 1, 0, 0]),
    "hardsigmoid": (
        tg.hardsigmoid,
        [0, 0.25, 5 / 12, 6.5 / 12, 2 / 3, 1],
        [0, 1 / 6, 1 / 6, 1 / 6, 1 / 6, 0],
    ),
    "hardswish": (
        tg.hardswish,
        [0, -0.375, -2.5 / 12, 1.625 / 12, 2 / 3, 3.5],
        [0, 0, 1 / 3, 7 / 12, 5 / 6, 1],
    ),
    "relu6": (lambda x: tg.relu6(2 * x), [0, 0, 0, 0.5, 2, 6], [0, 0, 0, 2, 2, 0]),
    "leaky_relu": (
        lambda x: tg.leaky_relu(x, 0.2),
        [-0.6, -0.3, -0.1, 0.25, 1, 3.5],
        [0.2, 0.2, 0.2, 1, 1, 1],
    ),
    "prelu": (
        lambda x: tg.prelu(x, np.array([0.3])),
        [-0.9, -0.45, -0.15, 0.25, 1, 3.5],
        [0.3, 0.3, 0.3, 1, 1, 1],
    ),
}
# fmt: on


@pytest.mark.parametrize(("function", "values", "gradient"), PYTORCH.values(), ids=PYTORCH)
def test_values_and_slopes_are_those_of_pytorch(function, values, gradient):
    x = leaf(POINTS)
    y = function(x)
    y.backward(np.ones(6))
    np.testing.assert_allclose(y.data, values, rtol=1e-13, atol=1e-16)
    np.testing.assert_allclose(x.grad.data, gradient, rtol=1e-13, atol=1e-16)


COMPOSITIONS = {
    "selu": tg.selu, "mish": tg.mish, "gaussian": tg.gaussian, "hardswish": tg.hardswish,
    "hardsigmoid": tg.hardsigmoid, "hardtanh": tg.hardtanh, "maxout": lambda x: tg.maxout(x, 2),
    "gelu": tg.gelu, "celu": lambda x: tg.celu(x, 0.5),
}  # fmt: skip


@pytest.mark.parametrize("function", COMPOSITIONS.values(), ids=COMPOSITIONS)
def test_gradients_of_compositions(function):
    tg.gradcheck(function, np.array([[-2.5, -0.75, 0.25, 2.25], [0.5, 1.5, -1.25, 4.0]]))


def test_gradients_of_prelu():
    x = np.array([[-2.5, -0.75], [0.5, 1.5], [-1.25, 4.0]])
    tg.gradcheck(tg.prelu, x, np.array([0.3]))
    tg.gradcheck(tg.prelu, x, np.array([0.3, -0.2]))
    tg.gradcheck(tg.prelu, np.stack([x, -x], -1), np.array([0.3, -0.2]))


PLAIN = {
    "silu": (tg.silu, lambda x: x * tg.sigmoid(x)),
    "gelu": (tg.gelu, lambda x: x * normal_cdf(x)),
    "gelu, tanh": (
        lambda x: tg.gelu(x, "tanh"),
        lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    "normal_cdf": (normal_cdf, lambda x: 0.5 * tg.erfc(-x / math.sqrt(2))),
    "celu": (lambda x: tg.celu(x, 0.5), lambda x: np.where(x > 0, x, 0.5 * np.expm1(np.minimum(x, 0) / 0.5))),
    "softsign": (tg.softsign, lambda x: x / (1 + np.abs(x))),
    "softplus": (lambda x: tg.softplus(x, 3.0), lambda x: tg.softplus(3.0 * x) / 3.0),
}


@pytest.mark.parametrize(("fused", "plain"), PLAIN.values(), ids=PLAIN)
def test_one_operation_equals_its_composition_to_the_third_derivative(fused, plain):
    x = np.random.default_rng(0).standard_normal(50) * 2
    for _ in range(4):
        np.testing.assert_allclose(
            np.asarray(fused(tg.Tensor(x)).data), plain(tg.Tensor(x)).data, rtol=1e-11, atol=1e-13
        )
        fused, plain = (lambda x, f=f: slopes(f, x) for f in (fused, plain))


# ---- kinks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "at", "slope"),
    [
        (tg.relu, 0, 0),
        (lambda x: tg.leaky_relu(x, 0.2), 0, 0.2),
        (lambda x: tg.prelu(x, np.array([0.3])), 0, 0.3),
        (tg.hardtanh, [-1, 1], [0, 0]),
        (tg.relu6, [0, 6], [0, 0]),
        (tg.hardsigmoid, [-3, 3], [0, 0]),
        (lambda x: tg.elu(x, 0.5), 0, 0.5),
        (tg.selu, 0, 1.0507009873554805 * 1.6732632423543772),
        (lambda x: tg.celu(x, 0.5), 0, 1),
        (tg.softsign, 0, 1),
        (nn.Heaviside(), [-1, 0, 1], [0, 0, 0]),
    ],
)
def test_slopes_at_kinks(function, at, slope):
    np.testing.assert_allclose(slopes(function, np.asarray(at, float)), slope, rtol=1e-15)


@pytest.mark.parametrize(
    "function", [tg.elu, tg.selu, tg.celu, tg.gelu, tg.silu, tg.softsign, tg.mish, tg.hardswish]
)
def test_zero_stays_zero_and_is_approached_from_both_sides(function):
    assert function(np.zeros(1))[0] == 0
    assert np.abs(function(np.array([-1e-12, 1e-12]))).max() < 2e-12


def test_the_heaviside_step_has_the_value_at_zero_that_it_is_given():
    x = np.array([-2.0, 0.0, 3.0])
    assert nn.Heaviside()(x).tolist() == [0, 1, 1]
    assert nn.Heaviside(0.5)(tg.Tensor(x)).tolist() == [0, 0.5, 1]


# ---- large arguments, tails and infinities -----------------------------------------------------------------


EVERYWHERE = {
    "relu": tg.relu, "relu6": tg.relu6, "leaky_relu": tg.leaky_relu, "elu": tg.elu, "selu": tg.selu,
    "celu": tg.celu, "gelu": tg.gelu, "gelu, tanh": lambda x: tg.gelu(x, "tanh"), "silu": tg.silu,
    "mish": tg.mish, "sigmoid": tg.sigmoid, "hardsigmoid": tg.hardsigmoid, "hardswish": tg.hardswish,
    "hardtanh": tg.hardtanh, "tanh": np.tanh, "arctan": np.arctan, "softsign": tg.softsign,
    "softplus": tg.softplus, "softplus, beta": lambda x: tg.softplus(x, 5.0), "gaussian": tg.gaussian,
    "log_sigmoid": tg.log_sigmoid, "softshrink": tg.softshrink, "hardshrink": tg.hardshrink,
    "tanhshrink": tg.tanhshrink, "rrelu": tg.rrelu, "threshold": lambda x: tg.threshold(x, 30.0, -2.0),
    "erf": tg.erf, "erfc": tg.erfc, "prelu": lambda x: tg.prelu(x, np.array([0.25], np.float32)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", EVERYWHERE.values(), ids=EVERYWHERE)
def test_nothing_overflows_to_second_order(function, dtype):
    x = np.array([-1000, -90, -20, 20, 90, 1000], dtype)
    with np.errstate(all="raise", under="ignore"):
        y = function(x)
        first = slopes(function, x)
        second = slopes(lambda x: slopes(function, x), x)
    for values in (y, first, second):
        assert values.dtype == dtype
        assert np.isfinite(values).all()
    assert np.abs(first).max() < 1.06
    np.testing.assert_allclose(second[[0, -1]], 0, atol=1e-5)


@pytest.mark.parametrize(
    "function",
    [tg.gelu, EVERYWHERE["gelu, tanh"], tg.silu, tg.mish, tg.hardswish, tg.elu, tg.relu],
    ids=lambda f: f.__name__,
)
def test_limits_at_minus_infinity(function):
    x = leaf([-np.inf, -1e30])
    y = function(x)
    y.backward(np.ones(2))
    np.testing.assert_array_equal(y.data, -1 if function is tg.elu else 0)
    np.testing.assert_array_equal(x.grad.data, 0)


@pytest.mark.parametrize(
    "function", [tg.gelu, EVERYWHERE["gelu, tanh"], tg.silu, tg.elu, tg.relu], ids=lambda f: f.__name__
)
def test_limits_at_infinity(function):
    x = leaf([np.inf, 1e30])
    y = function(x)
    y.backward(np.ones(2))
    np.testing.assert_array_equal(y.data, x.data)
    np.testing.assert_array_equal(x.grad.data, 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_softsign_is_1_at_infinity(dtype):
    x = leaf([-np.inf, np.finfo(dtype).min, np.finfo(dtype).max, np.inf], dtype)
    y = tg.softsign(x)
    y.backward(np.ones(4, dtype))
    assert (y.dtype, y.data.tolist(), x.grad.data.tolist()) == (dtype, [-1, -1, 1, 1], [0] * 4)


@pytest.mark.parametrize("function", EVERYWHERE.values(), ids=EVERYWHERE)
def test_what_is_not_a_number_stays_so(function):
    with np.errstate(invalid="ignore"):  # some of NumPy's functions report a NaN that they are given
        assert np.isnan(function(np.array([np.nan]))).all()


OF_NUMPY = {"relu6", "hardtanh", "hardsigmoid"}  # np.clip, whose rule is not here


@pytest.mark.parametrize(
    "function",
    [f for name, f in EVERYWHERE.items() if name not in OF_NUMPY],
    ids=[n for n in EVERYWHERE if n not in OF_NUMPY],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_slope_of_what_is_not_a_number_is_none_either(function, dtype):
    x = leaf([1.0, np.nan, -1.0], dtype)
    with np.errstate(invalid="ignore"):
        y = function(x)
    y.backward(np.ones(3, dtype))
    np.testing.assert_array_equal(np.isnan(x.grad.data), [False, True, False])
    assert x.grad.dtype == dtype


@given(
    st.floats(-2, 2),
    hnp.arrays(np.float64, 5, elements=st.floats(-3, 3) | st.sampled_from([0.0, -0.0, np.inf])),
)
def test_the_slope_of_leaky_relu_is_exact(slope, x):
    gradient = tg.grad(lambda x: np.sum(tg.leaky_relu(x, slope)))(x)
    np.testing.assert_array_equal(np.asarray(gradient), np.where(x > 0, 1, slope))


def test_the_softmax_of_nothing_is_empty():
    for shape, axis in (((0, 3), 0), ((3, 0), 1), ((0,), -1), ((2, 0), (0, 1)), ((0, 3), 1)):
        for function in (
            tg.softmax,
            tg.log_softmax,
            lambda x, axis: tg.masked_softmax(x, np.ones(x.shape, bool), axis),
        ):
            x = leaf(np.zeros(shape), np.float32)
            y = function(x, axis=axis)
            y.sum().backward()
            assert (y.shape, y.dtype, x.grad.shape) == (shape, np.float32, shape)
    x = leaf(np.zeros((0, 3)))
    y = tg.logsumexp(x, 0)
    y.sum().backward()
    assert (y.tolist(), x.grad.shape) == ([-np.inf] * 3, (0, 3))


def test_tails_are_exact():
    a = np.array([-5.0, -12.0, -30.0, -37.0])
    np.testing.assert_allclose(tg.gelu(a), [x * phi(x) for x in a], rtol=2e-13)  # the oracle rounds x / √2
    np.testing.assert_allclose(
        tg.sigmoid(np.array([-40.0, -700.0])), [math.exp(-40), math.exp(-700)], rtol=1e-15
    )
    np.testing.assert_allclose(
        tg.silu(np.array([-40.0, -700.0])), [-40 * math.exp(-40), -700 * math.exp(-700)], rtol=1e-14
    )
    np.testing.assert_allclose(
        tg.softplus(np.array([-40.0, -700.0])), [math.exp(-40), math.exp(-700)], rtol=1e-15
    )
    np.testing.assert_allclose(
        normal_cdf(np.array([-10.0, 0.0, 10.0])), [7.61985302416052606597e-24, 0.5, 1], rtol=1e-15
    )
    np.testing.assert_allclose(slopes(tg.softsign, np.array([1e8])), [1e-16], rtol=1e-7)


EDGES = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-310, -1e-310, 3, -3, 6]
LARGE = np.concatenate([np.linspace(-50, 50, 9000), EDGES])
MANY_ELEMENTS = {
    "relu": tg.relu, "leaky_relu": tg.leaky_relu, "steep leaky_relu": lambda x: tg.leaky_relu(x, 2.0),
    "elu": tg.elu, "celu": tg.celu, "selu": tg.selu, "relu6": tg.relu6, "hardtanh": tg.hardtanh,
    "hardsigmoid": tg.hardsigmoid, "hardswish": tg.hardswish, "clip": lambda x: np.clip(x, -2, 3),
    "clip below": lambda x: np.clip(x, -2, None), "clip above": lambda x: np.clip(x, None, 3),
    "softplus": tg.softplus, "silu": tg.silu, "gelu": tg.gelu, "sigmoid": tg.sigmoid, "mish": tg.mish,
}  # fmt: skip


@pytest.mark.parametrize("name", MANY_ELEMENTS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_many_elements_are_computed_as_each_one_alone(name, dtype):
    x = leaf(LARGE.astype(dtype))
    with np.errstate(all="ignore"):
        y = MANY_ELEMENTS[name](x)
        y.backward(np.full(x.shape, 3, dtype))
        for part in range(0, x.size, 97):
            few = leaf(x.data[part : part + 97])
            y_few = MANY_ELEMENTS[name](few)
            y_few.backward(np.full(few.shape, 3, dtype))
            spacing = 4 * np.finfo(dtype).eps
            np.testing.assert_allclose(y.data[part : part + 97], y_few.data, rtol=spacing)
            np.testing.assert_allclose(x.grad.data[part : part + 97], few.grad.data, rtol=spacing)


# ---- near one ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_expm1_and_log1p_are_exact_where_they_are_near_0(dtype):
    a = np.concatenate([[0, np.inf], 10 ** np.random.default_rng(0).uniform(-6, 2, 5000)]).astype(dtype)
    share, exact = np.exp(-a), a.astype(np.longdouble)
    with np.errstate(under="ignore"):
        found = *exp_and_expm1(-a), *exp_and_expm1(-a, 1.7), log1p_of_share(share)
        wanted = [np.exp(-exact), np.expm1(-exact)]
        wanted += [1.7 * wanted[0], 1.7 * wanted[1], np.log1p(share.astype(np.longdouble))]
    for one, other in zip(found, wanted):
        assert one.dtype == dtype
        units = np.abs(one - other) / np.spacing(np.abs(other).astype(dtype))
        assert np.max(units) < 4
    nan = np.full(600, np.nan, dtype)
    assert np.isnan([*exp_and_expm1(nan), log1p_of_share(nan)]).all()


@pytest.mark.parametrize(
    ("f", "scale", "alpha", "width"),
    [
        (tg.elu, 1, 1, 1),
        (lambda x: tg.elu(x, 0.3), 1, 0.3, 1),
        (lambda x: tg.celu(x, 2.0), 1, 2.0, 2.0),
        (tg.selu, 1.0507009873554805, 1.6732632423543772, 1),
    ],
)
def test_exponential_units_of_single_numbers_are_exact_in_the_tail_too(f, scale, alpha, width):
    x = np.random.default_rng(0).uniform(-80, 3, 3000).astype(np.float32)
    exact = np.minimum(x.astype(float), 0) / width
    y, pullback = tg.vjp(f, x)
    np.testing.assert_allclose(y, scale * np.where(x > 0, x, alpha * np.expm1(exact)), rtol=5e-7)
    slope = scale * np.where(x > 0, 1, alpha / width * np.exp(exact))
    np.testing.assert_allclose(pullback(np.ones_like(x))[0], slope, rtol=5e-7)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_mish_is_its_formula_to_the_last_digits(dtype):
    x = np.concatenate([np.linspace(-8, 8, 1001), [-100, 25, 300]]).astype(dtype)
    e, exact = np.exp(x.astype(np.longdouble)), x.astype(np.longdouble)
    t, eps = np.tanh(np.log1p(e)), np.finfo(dtype).eps
    value, slope = mish_and_slope(x)
    assert value.dtype == slope.dtype == dtype
    np.testing.assert_allclose(value, (exact * t).astype(float), rtol=6 * eps, atol=np.finfo(dtype).tiny)
    steep = t + exact * (1 - t * t) * e / (1 + e)
    np.testing.assert_allclose(slope, steep.astype(float), rtol=0, atol=3 * eps)


def test_gelu_by_tanh_is_exact_in_its_tail():
    x = np.array([-30.0, -9.0, -6.0, -1e-9, 5.0])
    wide = x.astype(np.longdouble)
    exponent = 2 * np.sqrt(2 / np.longdouble(np.pi)) * (wide + 0.044715 * wide**3)
    found = tg.gelu(x, approximate="tanh")
    np.testing.assert_allclose(found, (wide / (1 + np.exp(-exponent))).astype(float), rtol=1e-12)
    assert tg.gelu(np.array([-np.inf, np.inf]), approximate="tanh").tolist() == [0, np.inf]


@pytest.mark.parametrize("n", [5, 700])
@pytest.mark.parametrize("alpha", [-3.0, -0.5, 0.0, 1.5])
def test_elu_of_any_alpha_is_x_above_0(alpha, n):
    x = np.linspace(-3, 3, n)
    np.testing.assert_allclose(tg.elu(x, alpha), np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))))
    slope, curve = (
        slopes(f, x) for f in (lambda x: tg.elu(x, alpha), lambda x: slopes(lambda x: tg.elu(x, alpha), x))
    )
    np.testing.assert_allclose(slope, np.where(x > 0, 1, alpha * np.exp(x)))
    np.testing.assert_allclose(curve[x != 0], np.where(x > 0, 0, alpha * np.exp(x))[x != 0])


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("f", [tg.gelu, lambda x: tg.gelu(x, "tanh"), tg.mish, tg.softplus, tg.elu, tg.silu])
def test_second_derivatives_vanish_far_out_in_half_precision_too(f, dtype):
    x = np.array([-60000, -800, -60, -20, 20, 60, 800, 60000], dtype)
    curved = tg.grad(lambda x: tg.grad(lambda x: f(x).sum())(x).sum())(x)
    assert curved.dtype == dtype
    np.testing.assert_allclose(curved, 0, atol=1e-6)
