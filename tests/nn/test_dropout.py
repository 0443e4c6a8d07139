"""Dropout of channels, and dropout that keeps mean and variance: masks, moments, seeds, errors."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, ShapeError


@pytest.mark.parametrize(
    ("kind", "shape"),
    [(nn.Dropout1d, (40, 25, 3)), (nn.Dropout2d, (40, 25, 3, 2)), (nn.Dropout2d, (1000, 2, 2))],
)
def test_whole_channels_are_dropped(kind, shape):
    layer, x = kind(0.3, rng=0), np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    y = layer(tg.Tensor(x))
    channels = int(np.prod(shape[: -layer.axes]))
    ratio = (y.data / x).reshape(channels, -1)
    assert y.dtype == np.float32
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1], ratio.shape), rtol=1e-6)
    np.testing.assert_allclose(np.unique(np.round(ratio, 4)), [0, np.round(1 / 0.7, 4)], rtol=1e-6)
    assert abs((ratio[:, 0] == 0).mean() - 0.3) < 0.05
    np.testing.assert_array_equal(layer.eval()(x), x)
    np.testing.assert_array_equal(kind(0.3, rng=7)(x), kind(0.3, rng=7)(x))
    assert not np.array_equal(kind(0.3, rng=7)(x), kind(0.3, rng=8)(x))


def test_the_gradient_has_the_mask():
    x = tg.Tensor(np.ones((6, 5, 2, 2)), requires_grad=True)
    y = tg.dropout2d(x, 0.5, rng=0)
    np.sum(y * 3).backward()
    np.testing.assert_array_equal(x.grad.data, y.data * 3)
    tg.gradcheck(lambda x: tg.dropout1d(x**2, 0.5, rng=0), np.arange(1.0, 13).reshape(2, 3, 2))
    tg.gradcheck(lambda x: tg.alpha_dropout(x**2, 0.5, rng=0), np.arange(1.0, 7).reshape(2, 3))


@pytest.mark.parametrize("function", [tg.dropout1d, tg.dropout2d, tg.alpha_dropout])
def test_of_none_and_of_all(function):
    x = np.ones((2, 3, 2, 2))[..., 0] if function is tg.dropout1d else np.ones((2, 3, 2, 2))
    np.testing.assert_array_equal(function(x, 0.0), x)
    np.testing.assert_array_equal(function(x, 1.0), 0 * x)
    with tg.seed(3):
        first = function(x, 0.5)
    with tg.seed(3):
        np.testing.assert_array_equal(function(x, 0.5), first)


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).standard_normal(200_000)
    for p in (0.1, 0.5):
        y = nn.AlphaDropout(p, rng=0)(x)
        assert abs(y.mean()) < 0.01
        assert abs(y.std() - 1) < 0.01
        least = tg.selu(-1e6)
        a = ((1 - p) * (1 + p * least**2)) ** -0.5
        dropped = np.isclose(y, a * least * (1 - p), rtol=1e-12)
        np.testing.assert_allclose(y[~dropped], a * (x[~dropped] - p * least), rtol=1e-12, atol=1e-13)
        assert abs(dropped.mean() - p) < 0.01
    assert nn.AlphaDropout(0.5, rng=0)(x.astype(np.float32)).dtype == np.float32
    np.testing.assert_array_equal(nn.AlphaDropout(0.5).eval()(x), x)


def test_errors():
    with pytest.raises(
        ShapeError, match=r"Dropout2d expects an input of shape \(n, c, h, w\) or \(c, h, w\)"
    ):
        nn.Dropout2d()(np.ones((2, 3)))
    with pytest.raises(ShapeError, match=r"dropout1d expects an input of shape \(n, c, l\) or \(c, l\)"):
        tg.dropout1d(np.ones((2, 3, 4, 5)))
    for kind in (nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout):
        with pytest.raises(ArgumentError, match=rf"{kind.__name__}: p is a probability"):
            kind(1.5)
    for function in (tg.dropout1d, tg.dropout2d, tg.alpha_dropout):
        with pytest.raises(ArgumentError, match=rf"{function.__name__}: p is a probability"):
            function(np.ones((1, 1, 2, 2)), -0.1)
        with pytest.raises(ArgumentError, match=r"a probability in \[0, 1\]; got 1\.5"):
            function(np.ones((1, 1, 2, 2)), 1.5)
    assert repr(nn.Dropout2d(0.25)) == "Dropout2d(p=0.25)"
