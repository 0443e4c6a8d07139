"""Results of a step lie in what optimizers have to compute in, where nothing else of the step does."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.loops import plan
from tinygrad_edu.compiler.passes import lent as module
from tinygrad_edu.compiler.passes.buffers import laid_out
from tinygrad_edu.compiler.passes.lent import ALIGNED, Lent
from tinygrad_edu.compiler.program import Ref

from .test_equality import WITH_C, made, normal

pytestmark = pytest.mark.usefixtures("quick_c")
END = 9
TIMES = st.tuples(st.integers(0, END), st.integers(0, END), st.integers(0, 999)).map(
    lambda t: (min(t[:2]), max(t[:2]), t[2])
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TIMES, max_size=12), st.lists(st.integers(1, 12), max_size=3))
def test_no_byte_is_of_two_at_once(times, rooms):
    lent = Lent([np.zeros(n * ALIGNED, np.uint8) for n in rooms])
    spans = [(start, stop, Ref(i), size) for i, (start, stop, size) in enumerate(times)]
    arena = laid_out(spans, lent, END)
    there: set[tuple[int, int, int]] = set()  # where each byte is, and when
    for start, stop, ref, size in spans:
        offset = arena.offsets[ref]
        assert offset % ALIGNED == 0
        if offset < 0:
            room, begin = lent.found(offset)
            assert begin >= 0
            assert begin + size <= room.nbytes
            assert stop < END  # what is kept is not in what is lent
            where = {(id(room), begin + k, t) for k in range(size) for t in range(start, stop + 1)}
        else:
            assert offset + size <= arena.size
            where = {(0, offset + k, t) for k in range(size) for t in range(start, stop + 1)}
        assert not where & there
        there |= where


@pytest.fixture(autouse=True)
def no_stack(monkeypatch):
    """What would lie on the stack in C lies in an arena."""
    monkeypatch.setattr(plan, "STACK", 0)


def network():
    return nn.Sequential(nn.Linear(16, 64), nn.Tanh(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))


def spoil(optimizer):
    """Write into everything that an optimizer computes in."""
    for pack in optimizer._packs:
        for vector in (pack.step, pack.scratch, pack.total, pack.negative):
            vector[...] = np.nan


OPTIMIZERS = {
    "Adam": lambda p: optim.Adam(p),
    "which uses all": lambda p: optim.Adam(p, weight_decay=0.1, l1=0.01, maximize=True, amsgrad=True),
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
}


IN = [(name, "numpy") for name in OPTIMIZERS]
IN += [pytest.param(name, "c", marks=WITH_C) for name in ("Adam", "which uses all")]


@pytest.mark.parametrize(("optimizer", "backend"), IN)
def test_what_optimizers_compute_in_between(optimizer, backend, tmp_path):
    """Steps of the function itself, which write there, and whatever else does, change nothing."""
    kept = []
    models = [
        made(
            network,
            lambda p: kept.append(OPTIMIZERS[optimizer](p)) or kept[-1],
            tg.softmax_cross_entropy,
            None,
        )
        for _ in range(2)
    ]
    (model, step), (other, function) = models
    compiled = tg.compile(function, backend=backend, cache=tmp_path)
    x, y = normal(40, 16), np.random.default_rng(1).integers(0, 3, 40)
    for k in range(4):
        a, b = step(x, y), (function if k == 2 else compiled)(x, y)
        np.testing.assert_allclose(a.data, b.data, 0 if backend == "numpy" else 1e-5)
        spoil(kept[1])
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, 0 if backend == "numpy" else 1e-3, 1e-6)
        np.testing.assert_allclose(p.grad.data, q.grad.data, 0 if backend == "numpy" else 1e-3, 1e-6)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("c", marks=WITH_C)])
def test_what_is_used_after_an_optimizer(backend, tmp_path):
    def trained():
        with tg.seed(0):
            model = nn.Linear(64, 64)
        optimizer = optim.Adam(model.parameters(), weight_decay=0.1, maximize=True)

        def step(x):
            optimizer.zero_grad()
            hidden = [f(model(x)) for f in (np.tanh, np.sin, np.cos, np.exp)]  # more than are lent
            sum(hidden).sum().backward()
            optimizer.step()
            return sum(h / 2 for h in hidden).sum(0)

        return step

    x = normal(40, 64)
    step, compiled = trained(), tg.compile(trained(), backend=backend, cache=tmp_path)
    for _ in range(3):
        np.testing.assert_allclose(step(x).data, compiled(x).data, 0 if backend == "numpy" else 1e-5)


@pytest.mark.parametrize("backend", ["numpy", pytest.param("c", marks=WITH_C)])
def test_a_step_has_less_memory_of_its_own(backend, tmp_path, monkeypatch):
    x, y = normal(40, 16), np.zeros(40, int)

    def size():
        step = tg.compile(
            made(network, optim.Adam, tg.softmax_cross_entropy, None)[1], backend=backend, cache=tmp_path
        )
        step(x, y)
        return step.specializations[0].source.size

    less = size()
    monkeypatch.setattr(module, "LEAST", np.inf)
    assert less < size()
