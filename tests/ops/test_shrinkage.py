"""Shrinkages, thresholds, gates and random slopes: kinks, infinities, NaN, draws, errors."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, ShapeError

X = np.array([-np.inf, -1000.0, -0.5, -0.25, 0.0, 0.5, 1000.0, np.inf, np.nan])


def slopes(f, x=X):
    return tg.vjp(f, x)[1](np.ones_like(x))[0]


@pytest.mark.parametrize(
    ("function", "values", "derivatives"),
    [
        (tg.hardshrink, [-np.inf, -1000, 0, 0, 0, 0, 1000, np.inf, np.nan], [1, 1, 0, 0, 0, 0, 1, 1, np.nan]),
        (
            tg.softshrink,
            [-np.inf, -999.5, 0, 0, 0, 0, 999.5, np.inf, np.nan],
            [1, 1, 0, 0, 0, 0, 1, 1, np.nan],
        ),
        (
            lambda x: tg.threshold(x, -0.5, 7.0),
            [7, 7, 7, -0.25, 0, 0.5, 1000, np.inf, np.nan],
            [0, 0, 0, 1, 1, 1, 1, 1, np.nan],
        ),
        (
            lambda x: tg.rrelu(x, 0.2, 0.3),
            [-np.inf, -250, -0.125, -0.0625, 0, 0.5, 1000, np.inf, np.nan],
            [0.25, 0.25, 0.25, 0.25, 0.25, 1, 1, 1, np.nan],
        ),
    ],
    ids=["hardshrink", "softshrink", "threshold", "rrelu"],
)
def test_values_and_slopes_at_kinks_and_far_away(function, values, derivatives):
    np.testing.assert_allclose(function(X), values, rtol=1e-15)
    np.testing.assert_allclose(slopes(function), derivatives, rtol=1e-15)
    assert function(X.astype(np.float32)).dtype == np.float32


def test_softplus_is_a_line_beyond_its_threshold():
    x = np.array([-1000.0, 0.9, 1.1, 30.0, 1000.0, np.nan])
    y = tg.softplus(x, 2.0, 2.0)
    np.testing.assert_allclose(y, [0, np.log1p(np.exp(1.8)) / 2, 1.1, 30, 1000, np.nan], rtol=1e-14)
    slopes = tg.grad(lambda x: np.sum(tg.softplus(x, 2.0, 2.0)))(x)
    np.testing.assert_allclose(slopes, [0, 1 / (1 + np.exp(-1.8)), 1, 1, 1, np.nan], rtol=1e-14)
    assert tg.softplus(x.astype(np.float32), threshold=1.0).dtype == np.float32
    assert repr(nn.Softplus()) == "Softplus(beta=1.0)"
    np.testing.assert_array_equal(nn.Softplus(2.0, 2.0)(x), y)


def test_log_sigmoid_in_both_tails():
    x = np.array([-np.inf, -1000, -40, 0, 40, 1000, np.inf])
    expected = [-np.inf, -1000, -40 - np.log1p(np.exp(-40)), -np.log(2), -np.exp(-40), 0, 0]
    np.testing.assert_allclose(tg.log_sigmoid(x), expected, rtol=1e-15)
    np.testing.assert_allclose(
        slopes(tg.log_sigmoid, x), 1 / (1 + np.exp(np.minimum(x, 700))), rtol=1e-12, atol=1e-300
    )


def test_halves_gate_each_other():
    x = np.random.default_rng(0).standard_normal((4, 3, 2))
    np.testing.assert_allclose(tg.glu(x, 0), x[:2] / (1 + np.exp(-x[2:])), rtol=1e-14)
    np.testing.assert_allclose(nn.GLU(axis=0)(x), tg.glu(x, 0))
    tg.gradcheck(lambda x: tg.glu(x, axis=-1), x)
    for wrong in (1, 3):
        with pytest.raises(ShapeError, match=f"glu: x has an even length on axis {wrong}"):
            tg.glu(x, wrong)


def test_softmax_of_channels():
    x = np.random.default_rng(0).standard_normal((2, 3, 2, 2))
    e = np.exp(x)
    np.testing.assert_allclose(nn.Softmax2d()(x), e / e.sum(1, keepdims=True), rtol=1e-14)
    np.testing.assert_allclose(nn.Softmax2d()(x[0]), e[0] / e[0].sum(0), rtol=1e-14)
    with pytest.raises(ShapeError, match=r"Softmax2d expects images of shape \(n, c, h, w\)"):
        nn.Softmax2d()(x[0, 0])


def test_random_slopes():
    layer, x = nn.RReLU(0.1, 0.5, rng=0), -np.ones((1000, 4), np.float32)
    y = -layer(x)
    assert y.dtype == np.float32
    assert y.min() >= 0.1
    assert y.max() <= 0.5
    assert abs(y.mean() - 0.3) < 0.01
    assert abs(y.std() - 0.4 / np.sqrt(12)) < 0.01
    np.testing.assert_array_equal(layer(-x), 1)
    np.testing.assert_array_equal(nn.RReLU(rng=3)(x), nn.RReLU(rng=3)(x))
    np.testing.assert_allclose(layer.eval()(x), -0.3, rtol=1e-6)
    t = tg.Tensor(x, requires_grad=True)
    out = nn.RReLU(rng=1)(t)
    np.sum(out).backward()
    np.testing.assert_array_equal(t.grad.data, -out.data)
    assert repr(nn.RReLU()) == "RReLU(lower=0.125, upper=0.3333)"


def test_widths_of_nothing():
    np.testing.assert_array_equal(tg.hardshrink(X, 0), X)
    np.testing.assert_array_equal(tg.softshrink(X, 0), X)
    np.testing.assert_array_equal(nn.RReLU(0.25, 0.25, rng=0)(X), np.where(X <= 0, X / 4, X))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: tg.hardshrink(X, -1.0), r"hardshrink: lambd is at least 0; got -1\.0"),
        (lambda: nn.Softshrink(-1.0)(X), r"lambd is at least 0; got -1\.0"),
        (lambda: tg.rrelu(X, 0.5, 0.25), r"rrelu: lower is at most upper; got 0\.5 and 0\.25"),
        (lambda: nn.RReLU(0.5, 0.25), r"RReLU: lower is at most upper; got 0\.5 and 0\.25"),
    ],
)
def test_errors(call, said):
    with pytest.raises(ArgumentError, match=said):
        call()
