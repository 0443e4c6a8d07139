"""Memory of the arrays of a step: vectors of ones that are filled when used, and labels looked at late."""

import gc
import tracemalloc
from functools import partial
from itertools import pairwise

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim

from ..benchmarks import cost
from ..benchmarks.contestants import once_compiled, training_of, training_step
from ..benchmarks.workload import MORE, WORKLOADS, Problem
from .test_equality import check_training, made, normal

LABELS = np.random.default_rng(1).integers(0, 3, 1500)


def network():
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))


def test_the_bits_are_those_of_the_function():
    check_training(network, normal(1500, 4), LABELS, optimizer=optim.Adam)


def test_ones_are_filled_and_zeros_of_either_sign_stay():
    x, zeros = normal(3, 2000), [np.zeros(2000, np.float32), -np.zeros(2000, np.float32)]
    step = tg.compile(lambda x: [x @ np.ones_like(x[0]), *(np.copysign(x, z) for z in zeros)])
    for _ in range(3):
        found = step(x)
        np.testing.assert_array_equal(found[0], x @ np.ones(2000, np.float32))
        np.testing.assert_array_equal(found[1], np.abs(x))
        np.testing.assert_array_equal(found[2], -np.abs(x))
    assert ".fill(1)" in step.source


@pytest.mark.parametrize("label", [-1, -3, -4, -6, -7, 3, 5, 6, 99])
def test_a_label_that_is_no_class_does_what_it_does_eagerly(label):
    (model, function), (other, compiled) = (
        made(network, optim.Adam, tg.softmax_cross_entropy, None) for _ in "ab"
    )
    step, x, wrong = tg.compile(compiled), normal(1500, 4), LABELS.copy()
    wrong[77] = label
    for y in (LABELS, LABELS, LABELS, wrong, LABELS):
        errors = []
        for one in (function, step):
            try:
                one(x, y)
            except Exception as error:  # whichever the function itself raises
                errors.append(str(error))
        assert len(errors) == 2 * (y is wrong)
        assert len({*errors}) == (y is wrong)
        for name, value in model.state_dict().items():
            np.testing.assert_array_equal(value, other.state_dict()[name])
    assert step.traces == 1


def arrays_at_most(function, x, y):
    """The bytes of arrays before a step, and what it takes besides at its peak."""
    tracemalloc.start()
    try:
        step = function()
        for _ in range(3):
            step(x, y)
        gc.collect()
        only = [tracemalloc.DomainFilter(True, np.lib.tracemalloc_domain)]
        arrays = sum(t.size for t in tracemalloc.take_snapshot().filter_traces(only).traces)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        step(x, y)
        return arrays + tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("sizes", "rows"), [((32, 128, 128, 10), 64), ((4, 16, 3), 3000)])
def test_arrays_take_at_most_the_memory_of_the_function_s(sizes, rows):
    x, y = normal(rows, sizes[0]), np.random.default_rng(1).integers(0, sizes[-1], rows)
    layers = [part for a, b in pairwise(sizes) for part in (nn.Linear(a, b), nn.ReLU())]
    function = made(lambda: nn.Sequential(*layers[:-1]), optim.Adam, tg.softmax_cross_entropy, None)[1]
    eager = arrays_at_most(lambda: function, x, y)
    assert arrays_at_most(lambda: tg.compile(function), x, y) <= eager


@pytest.mark.parametrize("name", ["xor", "iris", "moons", "logistic", "blobs", "spiral", "mnist"])
def test_so_do_those_of_the_benchmarks(name):
    problem = Problem((WORKLOADS | MORE)[name])
    cost.warm("numpy")
    ours = cost.memory(lambda problem: partial(training_step(problem), problem.X, problem.Y), problem)
    assert cost.memory(once_compiled("numpy", training_of), problem)[1] <= ours[1]


def of_calls(kinds, places):
    """A function of three square arrays that makes others by such calls, and writes into the last."""

    def function(a, b, w):
        values = [a, b, w]
        for kind, (i, k) in zip(kinds, places):
            x, y = values[i % len(values)], values[k % len(values)]
            if kind == 5:
                w += x * 0.5
            else:
                made = x + y, np.tanh(x), x @ y * 0.1, np.maximum(x, y), np.sign(x) * y
                values.append(made[kind])
        return values[-1], values[-2].sum()

    return function


def test_what_is_made_later_has_the_same_bits_beside_writes():
    numbers = np.random.default_rng(0)
    for _ in range(12):
        kinds, places = numbers.integers(6, size=14), numbers.integers(9, size=(14, 2))
        function = of_calls(kinds.tolist(), places.tolist())
        a, b, w, other = (normal(8, 8) for _ in "abwo")
        w[...] = other
        step = tg.compile(function, backend="numpy")
        with np.errstate(all="ignore"):
            for _ in range(3):
                for found, wanted in zip(step(a, b, w), function(a, b, other)):
                    np.testing.assert_array_equal(found, wanted)
        np.testing.assert_array_equal(w, other)
