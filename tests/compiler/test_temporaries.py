"""What a compiled step makes lies in memory as what NumPy makes: sums over it are of the same bits."""

import itertools

import numpy as np
import pytest

import tinygrad_edu as tg


def step(x, y):
    a = tg.Tensor(x, requires_grad=True)
    np.sum(abs(np.tanh(a) * y)).backward()
    made = np.tanh(x) - y, x + np.tanh(y), np.tanh(x) * np.tanh(y), (x / y) / x, x * (y * x), -x * y
    return [a.grad, *made, *[np.sum(one, axis) for one in made for axis in (None, 0, 1)]]


@pytest.mark.parametrize("dtype", ["f", "F"])
def test_operators_write_into_temporaries(dtype):
    """Products of complex numbers are of other bits the other way round, and sums in another order."""
    parts = np.random.default_rng(0).standard_normal((2, 2, 256, 257), np.float32)
    values = (parts[0] + 1j * parts[1]).astype(dtype) if dtype == "F" else parts[0]
    compiled = tg.compile(step)
    for orders in itertools.product("CF", repeat=2):
        arrays = [np.asarray(v, order=order) for v, order in zip(values, orders)]
        for found, expected in zip(compiled(*arrays), step(*arrays), strict=True):
            np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))


@pytest.mark.parametrize(
    "loss", [lambda v: np.sum(v * v), lambda v: np.mean(v**2), lambda v: np.max(v) + np.sum(v)]
)
def test_the_gradient_of_a_sum_is_an_array_of_its_own(loss):
    """As it is where no step is compiled, if it is small: products of it are in C's order."""
    x, b = np.random.default_rng(1).standard_normal((60, 51), np.float32).T, np.ones((51, 1), np.float32)

    def slope(x, b):
        b = tg.Tensor(b, requires_grad=True)
        loss(np.tanh(x * b * x)).backward()
        return b.grad

    compiled = tg.compile(slope)
    for _ in range(2):
        np.testing.assert_array_equal(compiled(x, b).data, slope(x, b).data)
