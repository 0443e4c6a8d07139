"""Layers of activation: maxout, parametric relu, and settings."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import leaf
from tinygrad_edu import errors, nn


def test_maxout_takes_the_largest_of_neighbours_and_shares_among_equals():
    x = leaf([[1.0, 5.0, 2.0, 2.0, 0.0, -1.0]])
    y = tg.maxout(x, 2)
    assert y.tolist() == [[5, 2, 0]]
    y.backward([[1.0, 4.0, 3.0]])
    assert x.grad.tolist() == [[0, 1, 2, 2, 3, 0]]
    assert tg.maxout(x.data, 3).tolist() == [[5, 2]]
    assert tg.maxout(x.data, 1).tolist() == x.tolist()


def test_maxout_layer_is_the_largest_of_its_linear_maps():
    layer = nn.Maxout(3, 2, pieces=4, rng=0, dtype=np.float64)
    x = np.random.default_rng(1).standard_normal((5, 3))
    w, b = layer.linear.weight.data.reshape(2, 4, 3), layer.linear.bias.data.reshape(2, 4)
    np.testing.assert_allclose(layer(x).data, (np.einsum("ni,kji->nkj", x, w) + b).max(-1), rtol=1e-12)
    assert [name for name, _ in layer.named_parameters()] == ["linear.weight", "linear.bias"]
    assert nn.Maxout(3, 2).linear.weight.shape == (4, 3)
    tg.gradcheck(lambda x: layer(x), x)


def test_maxout_of_two_pieces_can_be_an_absolute_value():
    """Two linear pieces, x and -x: what the paper's figure 1 shows a unit to learn."""
    layer = nn.Maxout(1, 1, bias=False, dtype=np.float64)
    layer.linear.weight.data[...] = [[1.0], [-1.0]]
    x = np.array([[-3.0], [2.0]])
    np.testing.assert_array_equal(layer(x).data, np.abs(x))


def test_prelu_has_a_weight_for_each_channel():
    layer = nn.PReLU(2, 0.5)
    x = -np.ones((3, 2, 4, 4), np.float32)
    layer.weight.data[1] = 0.125
    np.testing.assert_array_equal(layer(x).data[:, 0], -0.5)
    np.testing.assert_array_equal(layer(x).data[:, 1], -0.125)
    layer(x).sum().backward()
    np.testing.assert_array_equal(layer.weight.grad.data, [-48, -48])
    assert tg.prelu(leaf(-2.0), np.array([0.5])).item() == -1


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (
            lambda: tg.gelu(np.ones(2), "erf"),
            errors.ArgumentError,
            "approximate is 'none' or 'tanh'; got 'erf'",
        ),
        (lambda: tg.celu(np.ones(2), 0.0), errors.ArgumentError, r"alpha is positive; got 0\.0"),
        (lambda: tg.softplus(np.ones(2), -1.0), errors.ArgumentError, r"beta is positive; got -1\.0"),
        (
            lambda: tg.hardtanh(np.ones(2), 1.0, 1.0),
            errors.ArgumentError,
            r"min_val is less than max_val; got 1\.0 and 1\.0",
        ),
        (
            lambda: tg.maxout(np.ones((2, 3)), 2),
            errors.ShapeError,
            r"multiple of pieces=2; got shape \(2, 3\)",
        ),
        (lambda: tg.maxout(np.ones((2, 3)), 0), errors.ArgumentError, "pieces is at least 1; got 0"),
        (lambda: tg.maxout(np.ones(()), 1), errors.ShapeError, r"got shape \(\)"),
        (lambda: nn.Maxout(2, 3, 0), errors.ArgumentError, "at least 1; got 2, 3 and 0"),
        (lambda: nn.PReLU(0), errors.ArgumentError, "at least 1; got 0"),
        (
            lambda: nn.PReLU(3)(np.ones((2, 4))),
            errors.ShapeError,
            r"PReLU expects 3 channels on axis 1, got \(2, 4\)",
        ),
        (
            lambda: nn.PReLU(3)(np.ones(3)),
            errors.ShapeError,
            r"PReLU expects 3 channels on axis 1, got \(3,\)",
        ),
        (
            lambda: tg.prelu(np.ones((2, 4)), np.ones(3)),
            errors.ShapeError,
            r"weights of shape \(3,\) do not fit x of shape \(2, 4\)",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_repr_shows_the_settings():
    modules = [
        nn.GELU(),
        nn.GELU("tanh"),
        nn.Softplus(2.0),
        nn.Hardtanh(),
        nn.Heaviside(),
        nn.CELU(0.5),
        nn.PReLU(3),
        nn.SiLU(),
        nn.Identity(),
    ]
    assert list(map(repr, modules)) == [
        "GELU(approximate='none')", "GELU(approximate='tanh')", "Softplus(beta=2.0)",
        "Hardtanh(min_val=-1.0, max_val=1.0)", "Heaviside(value=1.0)", "CELU(alpha=0.5)",
        "PReLU(num_parameters=3)", "SiLU()", "Identity()",
    ]  # fmt: skip
