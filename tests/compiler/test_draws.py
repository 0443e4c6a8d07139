"""Draws of compiled steps: the locks of generators, also those of older NumPys, and classes of users' own."""

import runpy
import threading

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compiler.c import cache
from tinygrad_edu.compiler.memory.random_functions import held
from tinygrad_edu.errors import TraceError

ONES, PLACES = np.ones(3), np.array([0, 2])
BACKENDS = pytest.mark.parametrize("backend", ["numpy", *(["c"] if cache.compiler() else [])])


class OfOldNumPy(np.random.PCG64):
    """With the lock that bit generators have before NumPy 2.4: whoever holds it waits if he asks again."""

    def __init__(self, seed):
        super().__init__(seed)
        self.own = threading.Lock()

    lock = property(lambda self: self.own)


class Doubling(np.random.Generator):
    def random(self, *args, **kwargs):
        return super().random(*args, **kwargs) * 2


class Constant(np.random.Generator):
    def uniform(self, low=0.0, high=1.0, size=None):
        return self.random(size) * 0 + 7


def drawing(wrap, *generators):
    """Some calls of a step with a check of values and draws, in C and in Python."""

    def step(x, i):
        first = generators[0].random(size=2) + generators[-1].uniform(size=2)
        return x[i] * np.where(x[i].sum() > 0, first, generators[0].integers(0, 9, 2))

    step = wrap(step)
    return [step(ONES * k, PLACES) for k in (1, 1, 2, -1)]


@BACKENDS
@pytest.mark.parametrize("number", [1, 2])
def test_a_lock_that_a_step_holds_is_not_waited_for(backend, number, quick_c):
    def generators():
        return [np.random.Generator(OfOldNumPy(k)) for k in range(number)]

    found = []
    thread = threading.Thread(
        target=lambda: found.append(drawing(lambda f: tg.compile(f, backend=backend), *generators())),
        daemon=True,
    )
    thread.start()
    thread.join(10)
    assert found, "it waits for ever"
    np.testing.assert_array_equal(found[0], drawing(lambda f: f, *generators()))


@pytest.mark.parametrize("kind", [OfOldNumPy, np.random.PCG64])
def test_what_is_held(kind):
    shared = kind(0)
    generators = [np.random.Generator(shared), np.random.Generator(kind(1)), np.random.Generator(shared)]

    def others_can_draw():
        free = []
        thread = threading.Thread(target=lambda: free.append(shared.lock.acquire(False)))
        thread.start()
        thread.join()
        return free[0]

    with held(generators):
        assert not others_can_draw()
    with held(generators, draws=True):
        generators[0].random()


@BACKENDS
@pytest.mark.parametrize("kind", [Doubling, Constant])
def test_generators_of_classes_of_the_users(backend, kind, quick_c):
    """C would call what NumPy's methods call."""
    found = drawing(lambda f: tg.compile(f, backend=backend), kind(np.random.PCG64(5)))
    np.testing.assert_array_equal(found, drawing(lambda f: f, kind(np.random.PCG64(5))))


@pytest.mark.parametrize("kind", [np.random.Generator, Doubling])
def test_only_generators_of_numpys_are_saved(kind, tmp_path):
    generator = kind((OfOldNumPy if kind is np.random.Generator else np.random.PCG64)(5))
    step = tg.compile(lambda x: x + generator.random(size=3))
    step(ONES)
    with pytest.raises(TraceError, match="of its own kind, not NumPy"):
        step.save(tmp_path / "saved")


def test_saved_methods_of_one_generator_draw_from_one_stream(tmp_path):
    """Also those of two generators that share their bits, and beside them those of another one."""
    bits, other = np.random.PCG64(5), np.random.default_rng(6)
    one, two = np.random.Generator(bits), np.random.Generator(bits)

    @tg.compile
    def step(x):
        return x * one.random(3) + one.normal(size=3) + two.uniform(size=3) + other.random(3)

    step(ONES)
    made = runpy.run_path(str(step.save(tmp_path / "saved")[0]))
    made["_saved"].close()
    for _ in range(3):
        np.testing.assert_array_equal(made["step"](ONES), step(ONES).data)
