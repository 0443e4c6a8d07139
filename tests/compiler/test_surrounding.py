"""NumPy's buffers in a step of large arrays: small ones, to the same bits, and left as they were."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compiler.loops.sums import buffers_matter

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


def with_gaps(numbers, least, most):
    """An array of some axes in any order, with steps, backwards or cut, and some of the axes."""
    ndim = numbers.integers(1, 5)
    shape = (np.exp(numbers.uniform(np.log(least) / ndim, np.log(most) / ndim, ndim)) + 1).astype(int)
    ends = [(None, None, 1), (None, None, 2), (None, None, -1), (0, -1, 1)]
    cut = tuple(slice(*ends[k]) for k in numbers.integers(4, size=ndim))
    array = numbers.standard_normal(shape, np.float32)[cut].transpose(numbers.permutation(ndim))
    return array, tuple(np.flatnonzero(numbers.random(ndim) < 0.6).tolist()) or (0,)


def test_sums_that_are_said_not_to_depend_on_buffers_do_not():
    numbers, differing, size = np.random.default_rng(0), 0, np.getbufsize()
    for _ in range(1500):
        array, axes = with_gaps(numbers, 500, 30_000)
        whole = np.add.reduce(array, axes), np.add.reduce(array, axes, out=np.zeros_like(array.sum(axes)))
        np.setbufsize(1024)
        try:
            parts = np.add.reduce(array, axes), np.add.reduce(array, axes, out=np.zeros_like(whole[0]))
        finally:
            np.setbufsize(size)
        if buffers_matter(array, axes, 1024):
            differing += not np.array_equal(whole, parts)
        else:
            np.testing.assert_array_equal(whole, parts)
    assert differing


SUMS = [
    lambda x, axes: x.sum(axes), lambda x, axes: np.mean(x, axes, keepdims=True), lambda x, axes: x.sum(),
    lambda x, axes: np.add.reduce(x, axes[0], out=np.zeros_like(x.sum(axes[0]))), lambda x, axes: np.var(x),
    lambda x, axes: np.linalg.norm(x.T), lambda x, axes: np.einsum("i...->...", x),
    lambda x, axes: np.std(x, axes), lambda x, axes: np.mean(x > 0, axes, dtype=np.float32),
]  # fmt: skip


@pytest.mark.parametrize("total", SUMS)
def test_sums_are_made_in_the_order_of_the_function_s_beside_small_buffers(total):
    numbers, wide = np.random.default_rng(1), normal(300, 65)
    for errors in [{}, {"all": "ignore"}] * 4:
        array, axes = with_gaps(numbers, 2_000, 20_000)

        def function(wide, x, axes=axes, errors=errors):
            with np.errstate(**errors):
                return np.maximum(wide + wide[0], 0), total(x, axes)

        step = tg.compile(function, backend="numpy")
        for _ in range(2):
            np.testing.assert_array_equal(step(wide, array)[1], function(wide, array)[1])
        assert step.eager == 0


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


def test_arguments_may_have_the_names_that_stand_around_lines():
    @tg.compile
    def step(enter, leave, errors, buffers, with_buffers):
        with np.errstate(divide="ignore"):
            ratio = errors / buffers
        return (enter + leave)[:, :7].sum() * with_buffers, enter[:, :7].mean() + buffers, ratio

    args = (np.ones((300, 1000)), np.arange(1000.0), np.ones(3), np.arange(3.0), np.float64(2))
    for _ in range(3):
        for found, expected in zip(step(*args), step.function(*args), strict=True):
            np.testing.assert_array_equal(found, expected)
    assert ", 0 calls as it is" in step.report()
