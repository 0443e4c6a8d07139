"""Instance normalization, and normalization without a bias: closed forms, states, errors."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic
from tinygrad_edu import nn
from tinygrad_edu.errors import ArgumentError, ShapeError
from tinygrad_edu.train.trial import BatchNorm1d


def standardized(x, eps):
    axes = tuple(range(2, x.ndim))
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 2)])
def test_values(shape):
    x, kind = generic(*shape), nn.InstanceNorm1d if len(shape) == 3 else nn.InstanceNorm2d
    layer = kind(3, 0.01, affine=True, dtype=np.float64)
    layer.weight.data[:], layer.bias.data[:] = [1.0, 2.0, -1.0], [0.5, 0.0, 3.0]
    scale, shift = (np.reshape(p.data, (3, *[1] * (len(shape) - 2))) for p in (layer.weight, layer.bias))
    expected = standardized(x, 0.01) * scale + shift
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(layer.eval()(x[0]).data, expected[0], rtol=1e-12, atol=1e-13)
    values = layer.weight.data, layer.bias.data
    np.testing.assert_allclose(tg.instance_norm(x, *values, eps=0.01), expected, rtol=1e-12, atol=1e-13)
    tg.gradcheck(lambda x, *p: tg.instance_norm(x, *p, eps=0.01), x, *values)
    assert not isinstance(layer, BatchNorm1d)  # whose examples depend on each other


def test_running_statistics_follow_the_mean_over_the_examples():
    x = generic(5, 3, 4)
    layer = nn.InstanceNorm1d(3, momentum=0.25, track_running_stats=True, dtype=np.float64)
    before = standardized(x, 1e-5)
    np.testing.assert_allclose(layer(x).data, before, rtol=1e-12)
    np.testing.assert_allclose(layer.running_mean.data, 0.25 * x.mean((0, 2)), rtol=1e-12)
    np.testing.assert_allclose(layer.running_var.data, 0.75 + 0.25 * x.var(2, ddof=1).mean(0), rtol=1e-12)
    assert layer.num_batches_tracked.item() == 0
    kept = {k: v.copy() for k, v in layer.state_dict().items()}
    y = layer.eval()(x).data
    mean, variance = kept["running_mean"][:, None], kept["running_var"][:, None]
    np.testing.assert_allclose(y, (x - mean) / np.sqrt(variance + 1e-5), rtol=1e-12)
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, kept[name])
    assert layer.train()(np.ones((0, 3, 4))).shape == (0, 3, 4)
    np.testing.assert_array_equal(layer.running_mean.data, kept["running_mean"])


def test_states_without_a_bias():
    keys = lambda layer: list(layer.state_dict())
    assert keys(nn.InstanceNorm1d(3)) == []
    assert keys(nn.InstanceNorm2d(3, affine=True)) == ["weight", "bias"]
    tracked = ["running_mean", "running_var", "num_batches_tracked"]
    assert keys(nn.InstanceNorm2d(3, affine=True, track_running_stats=True, bias=False)) == [
        "weight",
        *tracked,
    ]
    assert keys(nn.BatchNorm1d(3, bias=False)) == ["weight", *tracked]
    assert keys(nn.BatchNorm2d(3, affine=False, bias=False)) == tracked
    assert keys(nn.GroupNorm(1, 3, bias=False)) == ["weight"]
    shown = "eps=1e-05, momentum=0.1, affine=True, track_running_stats=True, bias=False)"
    assert repr(nn.BatchNorm1d(3, bias=False)) == f"BatchNorm1d(3, {shown}"
    assert repr(nn.GroupNorm(1, 3, bias=False)) == "GroupNorm(1, 3, eps=1e-05, affine=True, bias=False)"
    assert (
        repr(nn.LayerNorm(3, bias=False)) == "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=False)"
    )
    shown = "eps=1e-05, momentum=0.1, affine=False, track_running_stats=False)"
    assert repr(nn.InstanceNorm2d(3)) == f"InstanceNorm2d(3, {shown}"


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: nn.InstanceNorm1d(3)(np.ones((2, 4, 3))), ShapeError, r"InstanceNorm1d expects.*\(c, len"),
        (lambda: nn.InstanceNorm2d(3)(np.ones((2, 3))), ShapeError, r"InstanceNorm2d expects x of shape"),
        (lambda: nn.InstanceNorm1d(3)(np.ones((2, 3, 1))), ArgumentError, "InstanceNorm1d: Expected more"),
        (lambda: nn.InstanceNorm1d(3).eval()(np.ones((3, 1))), ArgumentError, "one value has no variance"),
        (lambda: nn.InstanceNorm1d(3, momentum=None), ArgumentError, "InstanceNorm1d: momentum is a number"),
        (lambda: nn.InstanceNorm1d(0), ArgumentError, "InstanceNorm1d: num_features is at least 1"),
        (lambda: tg.instance_norm(np.ones((2, 3))), ShapeError, "instance_norm: an x of shape"),
    ],
)  # fmt: skip
def test_errors(call, error, said):
    with pytest.raises(error, match=said):
        call()
