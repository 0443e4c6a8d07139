"""What operators make of large arrays that nobody else holds lies where NumPy puts it, and is of its bits."""

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
