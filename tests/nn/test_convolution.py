"""Layers of convolution: their states, initial values, and what they show."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic
from tinygrad_edu import nn


def test_names_and_shapes_of_the_state():
    shapes = lambda layer: {name: value.shape for name, value in layer.state_dict().items()}
    assert shapes(nn.Conv2d(4, 6, (3, 5), groups=2)) == {"weight": (6, 2, 3, 5), "bias": (6,)}
    assert shapes(nn.Conv1d(4, 6, 3)) == {"weight": (6, 4, 3), "bias": (6,)}
    assert shapes(nn.ConvTranspose2d(4, 6, (3, 5), groups=2)) == {"weight": (4, 3, 3, 5), "bias": (6,)}
    assert shapes(nn.Conv2d(4, 6, 3, bias=False)) == {"weight": (6, 4, 3, 3)}


@pytest.mark.parametrize(
    ("layer", "bound"),
    [
        (lambda: nn.Conv2d(8, 64, 5, groups=2, rng=0), 1 / np.sqrt(4 * 25)),
        (lambda: nn.Conv1d(8, 256, 5, rng=0), 1 / np.sqrt(40)),
        (lambda: nn.ConvTranspose2d(8, 64, 5, rng=0), 1 / np.sqrt(64 * 25)),
    ],
)
def test_initial_values_are_uniform_in_pytorchs_bounds(layer, bound):
    for parameter in layer().parameters():
        values = parameter.data
        assert values.dtype == np.float32
        assert np.abs(values).max() <= bound
        assert np.abs(values).max() > 0.9 * bound
        assert values.std() == pytest.approx(bound / np.sqrt(3), rel=0.15)


def test_initializer_rng_and_dtype():
    layer = nn.Conv2d(2, 3, 3, init=nn.init.he_normal, rng=3, dtype=np.float64)
    np.testing.assert_array_equal(layer.weight.data, nn.init.he_normal((3, 2, 3, 3), rng=3, dtype=np.float64))
    np.testing.assert_array_equal(layer.bias.data, np.zeros(3))
    np.testing.assert_array_equal(
        nn.Conv2d(2, 3, 3, rng=1).weight.data, nn.Conv2d(2, 3, 3, rng=1).weight.data
    )


def test_layers_compute_what_the_functions_compute():
    x = generic(2, 4, 9, 8)
    layer = nn.Conv2d(4, 6, (3, 2), 2, (1, 0), 1, 2, dtype=np.float64, rng=0)
    np.testing.assert_array_equal(
        layer(x).data, tg.conv2d(x, layer.weight, layer.bias, stride=2, padding=(1, 0), groups=2).data
    )
    layer = nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, dtype=np.float64, rng=0)
    np.testing.assert_array_equal(
        layer(x).data,
        tg.conv_transpose2d(x, layer.weight, layer.bias, stride=2, padding=1, output_padding=1).data,
    )
    layer = nn.Conv1d(4, 6, 3, padding="same", bias=False, dtype=np.float64, rng=0)
    np.testing.assert_array_equal(
        layer(x[:, :, 0]).data, tg.conv1d(x[:, :, 0], layer.weight, padding="same").data
    )


def test_repr_says_what_is_unusual():
    shown = repr(nn.Conv2d(1, 8, 5, padding="same", bias=False))
    assert shown == "Conv2d(1, 8, kernel_size=(5, 5), padding=same, bias=False)"
    shown = repr(nn.ConvTranspose2d(4, 2, 3, stride=2, output_padding=1))
    assert shown == "ConvTranspose2d(4, 2, kernel_size=(3, 3), stride=2, output_padding=1)"
