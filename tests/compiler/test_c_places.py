"""In C the places of the largest and the smallest elements, and means of whole numbers, are NumPy's."""

import itertools

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compiler.c import cache

pytestmark = pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here")


def some(dtype, shape, seed):
    """Few numbers, so that many are equal, with both zeros and NaN among those that may be."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 3, shape).astype(dtype)
    if x.dtype.kind == "f":
        x[rng.random(shape) < 0.2] = -0.0
        x[rng.random(shape) < 0.1 * (seed % 2)] = np.nan
    return x


def everything(x):
    """The places along each axis and among all, by functions and methods, and means."""
    axes = (None, *range(-x.ndim, x.ndim))
    places = [f(x, axis=a, keepdims=k) for f in (np.argmax, np.argmin) for a in axes for k in (True, False)]
    backwards = x[::-1, ..., ::2]
    places += [backwards.argmax(), backwards.argmin(0), backwards.T.argmax(axis=-1), x.T.argmin(1)]
    means = [(x > 1).mean(axis=a) for a in axes] + [np.mean(x == 1, keepdims=True), np.mean(x, 0)]
    return [*places, *means]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool"])
def test_places_and_means(dtype, quick_c):
    shapes = [(5, 3), (2, 3, 4), (1, 2)]
    step = tg.compile(lambda xs: [everything(x) for x in xs], backend="c")
    for seed in range(4):
        xs = [some(dtype, shape, seed) for shape in shapes]
        made, wanted = step(xs), [everything(x) for x in xs]
        for a, b in zip(itertools.chain(*made), itertools.chain(*wanted), strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_array_equal(a, b)
    if dtype != "int64":  # the mean of which may be rounded in any order
        assert " 0 lines of NumPy" in step.report()


def test_a_training_step_that_returns_its_accuracy_is_in_c(tmp_path):
    weight = tg.Tensor(np.random.default_rng(0).normal(size=(4, 3)), requires_grad=True)

    @tg.compile(backend="c", cache=tmp_path)
    def step(x, y):
        weight.grad = None
        scores = x @ weight
        loss = tg.softmax_cross_entropy(scores, y)
        loss.backward()
        return loss, np.mean(np.argmax(scores, axis=1) == y)

    x, y = np.random.default_rng(1).normal(size=(16, 4)), np.arange(16) % 3
    for _ in range(2):
        _, accuracy = step(x, y)
        assert accuracy == np.mean(np.argmax(x @ weight.data, axis=1) == y)
    report = step.report()
    assert " 0 lines of NumPy" in report
    assert "many steps may be one call" in report


def test_a_report_names_the_lines_of_the_program_that_are_left_to_numpy(quick_c):
    step = tg.compile(lambda x: np.sort(x * 2) + 1, backend="c")
    step(np.ones(3))
    line = step.__wrapped__.__code__.co_firstlineno
    assert f"(sort, in test_c_places.py, line {line})" in step.report()
