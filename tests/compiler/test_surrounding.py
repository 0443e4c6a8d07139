"""NumPy's buffers in a step of large arrays: small ones, to the same bits, and left as they were."""

import numpy as np
import pytest

import tinygrad_edu as tg

from .test_equality import normal


def sum_of_whole_numbers(x):
    return (x + x[0]).sum() + np.mean((x > 0).sum(0) * 3)


@pytest.mark.parametrize(
    ("function", "are_small"),
    [
        (lambda x: np.tanh(x + x[0]) * x[:, :1], True),
        (lambda x: (x + x[0]).mean(0), True),
        (lambda x: (x + x[0]).mean(0, dtype=np.float64), False),  # whose sums of blocks are cast
        (lambda x: x * 2, False),  # nothing is broadcast
        (sum_of_whole_numbers, False),
    ],
)
def test_the_bits_are_the_same(function, are_small):
    x = normal(300, 65)
    step, size = tg.compile(function), np.getbufsize()
    for _ in range(3):
        np.testing.assert_array_equal(step(x).data, function(x))
    assert ("bufsize" in step.source) is are_small
    assert np.getbufsize() == size


def test_errors_and_buffers_are_as_before_where_a_step_raises():
    x, bad = normal(300, 65), normal(300, 65)
    bad[7, 3] = -1e30
    step = tg.compile(lambda x: np.exp(x * x[0] * 1e10))
    with np.errstate(over="ignore"):
        for _ in range(3):
            step(x)
    with np.errstate(over="raise"), pytest.raises(FloatingPointError):
        step(bad * 1e8)
    assert np.getbufsize() == 8192
