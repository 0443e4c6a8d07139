"""Sums along axes are NumPy's, in whatever order arrays lie in memory."""

from itertools import combinations, permutations

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.helpers import generic
from tinygrad_edu.ops.sums import dot_along, in_memory, sum_along, sum_to

AXES = [axes for n in range(4) for axes in combinations(range(3), n)]


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("axes", AXES, ids=str)
def test_sums_along_axes_in_every_order_of_memory(axes):
    x, y = generic(2, 3, 4), generic(2, 3, 4, seed=1)
    for order in permutations(range(3)):
        lies = lambda a, o=order: np.transpose(np.transpose(a, o).copy(), np.argsort(o))
        assert (in_memory(lies(x)) or (0, 1, 2)) == order
        close(sum_along(axes, lies(x)), np.sum(x, axes, keepdims=True))
        for other in (lies(y), y):
            close(dot_along(axes, lies(x), other), np.sum(x * y, axes, keepdims=True))


@pytest.mark.parametrize(
    "shape", [(2, 3, 4), (3, 4), (4,), (), (1, 3, 1), (3, 1), (1, 4), (1,), (1, 1, 1)], ids=str
)
def test_sums_to_a_shape_undo_broadcasting(shape):
    x, y = generic(2, 3, 4), generic(2, 3, 4, seed=1)
    axes = tuple(i for i in range(3) if np.broadcast_to(np.zeros(shape), x.shape).strides[i] == 0)
    for a, b in ((x, y), (x[:, ::-1], np.asfortranarray(y))):
        for found, expected in ((sum_to(shape, a), a), (sum_to(shape, a, b), a * b)):
            assert found.shape == shape
            close(found, np.reshape(np.sum(expected, axes), shape))


def test_a_layer_sums_images_in_the_order_in_which_they_lie():
    """Of axes (n, c, h, w) that lie as (c, h, w, n): the gradients of a scale are the sums of any others."""
    x, g = generic(2, 3, 2, 4), generic(2, 3, 2, 4, seed=1)
    lying = np.moveaxis(np.moveaxis(x, 0, -1).copy(), -1, 0)
    layer = tg.nn.BatchNorm2d(3, dtype=np.float64)
    for given in (x, lying):
        t = tg.Tensor(given, requires_grad=True)
        layer.zero_grad()
        layer(t).backward(g)
        centred = x - x.mean((0, 2, 3), keepdims=True)
        normal = centred / np.sqrt(x.var((0, 2, 3), keepdims=True) + 1e-5)
        close(layer.weight.grad.data, np.sum(g * normal, (0, 2, 3)))
        close(layer.bias.grad.data, np.sum(g, (0, 2, 3)))


@pytest.mark.parametrize("kind", "efd")
@pytest.mark.parametrize("shape", [(), (1,), (7, 3), (40, 30), (100, 99)])
def test_a_mean_of_all_elements_has_the_bits_of_numpys(kind, shape):
    values = np.random.default_rng(0).standard_normal(shape).astype(kind)
    x = tg.Tensor(values, requires_grad=True)
    for y in (x, x.T, x[..., ::2] if shape else x):
        mean = np.mean(y)
        assert mean.dtype == kind
        assert mean.detach().numpy().tobytes() == np.mean(y.detach().numpy()).tobytes()
