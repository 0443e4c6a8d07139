"""What a compiled step assigns to places of outside: told, saved, made by one thread at a time.

That it is what the function itself assigns, the programs of `idioms.txt` show.
"""

import collections
import importlib.util
import random
import sys
import threading
import types

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.state.before import shared_draws
from tinygrad_edu.errors import TraceError

X = np.random.default_rng(0).standard_normal((6, 4), np.float32)


@pytest.fixture
def recurrent():
    """A step that keeps a hidden state, what that was, a count, and losses."""
    model, s, losses = nn.Linear(8, 4, rng=0), types.SimpleNamespace(h=tg.Tensor(X * 0), old=None, n=0), []
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    @tg.compile
    def step(x):
        optimizer.zero_grad()
        h = np.tanh(model(np.concatenate([x, s.h], axis=1)))
        loss = (h**2).mean()
        loss.backward()
        optimizer.step()
        s.old, s.h = s.h, h.detach()
        s.n += 1
        losses.append(loss.item())
        return loss, s.n * 0.5

    step(X)
    return step, s


def test_the_report_and_the_lesson_tell_it(recurrent):
    step, _ = recurrent
    told = step.report()
    for what in ("losses, a list", "s.h", "s.old", "s.n"):
        assert f"changes outside of it: {what}\n" in f"{told}\n"
    lesson = step.lesson().split("\n")
    assert "def step(x, s_h, s_n, weight, bias, lr=0.1):" in lesson
    assert [line.strip() for line in lesson[-6:-2]] == [
        "# losses.extend([u4])", "# s.h = h", "# s.old = s_h", "# s.n = u3",
    ]  # fmt: skip


def loaded(path):
    """A saved step as a module."""
    spec = importlib.util.spec_from_file_location("saved", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module._saved.close()
    return module


def test_a_saved_step_keeps_what_it_reads_there(recurrent, tmp_path):
    step, s = recurrent
    saved = loaded(step.save(tmp_path / "saved")[0])
    for _ in range(3):
        (a, m), (b, n) = saved.step(X), step(X)
        assert (a, m) == (b.data, n)
    np.testing.assert_array_equal(saved.state["s_h"], s.h.data)


class Means(optim.Elementwise):
    def __init__(self, params, lr):
        super().__init__(params, lr=lr)

    @staticmethod
    def equations(group, t, g, m):
        m = 0.9 * m + 0.1 * g
        return group.lr * m / (1 - 0.9**t), {"m": m}


@pytest.mark.parametrize("kind", [Means, optim.Adam])
def test_a_saved_step_of_one_parameter_counts(kind, tmp_path):
    """Its views are as large as the vectors of the optimizer, and the step reads its count and its rate."""
    w = tg.Tensor(np.ones(3), requires_grad=True)
    optimizer = kind([w], lr=0.1)

    @tg.compile
    def step(x):
        optimizer.zero_grad()
        loss = ((w * x) ** 2).sum()
        loss.backward()
        optimizer.step()
        return loss * optimizer.lr

    x = np.arange(3.0)
    for _ in range(2):
        step(x)
    saved = loaded(step.save(tmp_path / "saved")[0])
    for _ in range(4):
        assert saved.step(x) == step(x).data
    np.testing.assert_array_equal(saved.state["w"], w.data)


def test_a_step_that_writes_into_memory_that_is_shared_is_not_saved(tmp_path):
    memory = np.zeros(10)
    a, b = memory[:6], memory[4:]

    @tg.compile
    def step(x):
        a[...] += x
        return b.sum()

    step(np.ones(6))
    with pytest.raises(TraceError, match="writes into a or b, which share memory"):
        step.save(tmp_path / "saved")


def test_threads_lose_no_count():
    s = types.SimpleNamespace(n=0)

    @tg.compile
    def step(x):
        s.n += 1
        return x * s.n

    def run():
        for _ in range(200):
            step(X)

    step(X)
    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert s.n == 601


def test_a_call_that_raises_assigns_what_the_function_does():
    s, seen = types.SimpleNamespace(n=0, y=None), []

    @tg.compile
    def step(a):
        s.n += 1
        s.y = a * s.n
        seen.append(a.sum())
        return np.linalg.inv(a)

    step(np.eye(3))
    with pytest.raises(np.linalg.LinAlgError):
        step(np.ones((3, 3)))
    assert (s.n, s.y[0, 0], len(seen)) == (2, 2, 2)
    assert step(2 * np.eye(3))[0, 0] == 0.5
    assert (s.n, s.y[0, 0], len(seen)) == (3, 6, 3)


@pytest.mark.parametrize(
    "held",
    [collections.defaultdict(float, a=1.0), collections.Counter(a=1), collections.OrderedDict(a=1.0, b=2.0)],
)
def test_a_refused_step_leaves_dicts_of_every_kind_as_they_were(held):
    before = held.copy()

    @tg.compile
    def step(x):
        held["n"] = held.get("n", 0.0) + x.sum().item()
        held["a"] = held.pop("a")
        return x

    for _ in range(2):
        with pytest.raises(TraceError, match="changes 'held'"):
            step(X)
        assert [*held.items()] == [*before.items()]


def test_what_is_refused_is_named_with_its_line():
    s, model = types.SimpleNamespace(seen=set(), keys={"a": 1}), nn.Linear(4, 2, rng=0)
    optimizer, waiting = optim.SGD(model.parameters(), lr=0.1, momentum=0.9), collections.deque()

    def step(x, kind):
        seen, weight = len(x), 2  # variables of its own, of these names
        if kind == "seen":
            s.seen.add(seen)
        elif kind == "waiting":
            waiting.appendleft(x)
        elif kind == "keys":
            del s.keys["a"]
        elif kind == "weight":
            model.weight.data = model.weight.data * weight
        elif kind == "learning rate":
            optimizer.lr = 0.3
        else:
            optimizer.groups[0].momentum = 0.5
        return x * 2

    kinds = ["seen", "waiting", "keys", "weight", "learning rate", "momentum"]
    for number, kind in enumerate(kinds):
        line = step.__code__.co_firstlineno + 3 + 2 * number
        with pytest.raises(TraceError, match=rf"{kind}.* \(in test_assigned.py, line {line}\)"):
            tg.compile(step)(X, kind)
    assert (s.seen, len(waiting), s.keys) == (set(), 0, {"a": 1})


def test_a_refused_step_leaves_modes_settings_and_errstate_as_they_were():
    model, seen = nn.Sequential(nn.Linear(4, 2, rng=0), nn.Dropout(0.5, rng=1)), set()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step(x):
        model.eval()
        optimizer.lr, optimizer.groups[0].momentum = 0.3, 0.5
        np.seterr(over="raise")
        seen.add(len(x))
        return model(x)

    before, attributes = np.geterr(), [dict(vars(module)) for module in model.modules()]
    with np.errstate():
        with pytest.raises(TraceError, match="seen"):
            tg.compile(step)(X)
        assert np.geterr() == before
    assert [dict(vars(module)) for module in model.modules()] == attributes
    assert all(module.training for module in model.modules())
    assert (optimizer.lr, optimizer.groups[0].momentum) == (0.1, 0.9)


@pytest.mark.parametrize("says", ["refused", "raised"])
def test_a_refused_step_leaves_arrays_forms_and_shared_generators_as_they_were(says):
    model, table = nn.Linear(4, 2, rng=0), np.ones(4)
    weight = model.weight.data

    def step(x):
        (model(x) * table[0]).sum().backward()
        table.setflags(write=False)
        model.weight.data = np.ones((3, 3))
        np.random.random()  # noqa: NPY002
        random.random()
        return print("seen") if says == "refused" else x.nothing

    before = shared_draws()
    with pytest.raises(TraceError, match="random"):
        tg.compile(step)(X)
    assert shared_draws() == before
    assert table.flags.writeable
    assert model.weight.data is weight
    assert model.weight.grad is None
    model(X).sum().backward()
    assert model.weight.grad.shape == weight.shape


def test_any_generator_may_be_the_one_that_everyone_shares():
    """Also those whose state is no MT19937's, as `np.random.set_bit_generator` sets them."""
    before = np.random.get_bit_generator()
    try:
        np.random.set_bit_generator(np.random.PCG64(0))
        assert tg.compile(lambda x: (x * 2).sum())(X) == (X * 2).sum()
        with pytest.raises(TraceError, match="global generator"):
            tg.compile(lambda x: x * np.random.random())(X)  # noqa: NPY002
        assert np.random.random() == np.random.default_rng(0).random()  # noqa: NPY002
    finally:
        np.random.set_bit_generator(before)


def test_an_interrupt_leaves_no_traced_arrays_wherever_it_comes():
    model, state = nn.Linear(4, 2, rng=0), types.SimpleNamespace(last=0.0, scale=np.ones(2))
    optimizer, lines = optim.SGD(model.parameters(), lr=0.1), 0
    x, names = tg.Tensor(X), ("swap.py", "before.py", "layout.py", "tracing.py")

    def step(x):
        optimizer.zero_grad()
        loss = (model(x) * state.scale * state.last).sum()
        loss.backward()
        optimizer.step()
        state.last = loss.item()

    def interrupt(frame, event, argument):
        nonlocal lines
        if not frame.f_code.co_filename.endswith(names):
            return None
        lines -= event == "line"
        if lines == 0:
            lines = sys.maxsize
            raise KeyboardInterrupt
        return interrupt

    def interrupted(at):
        nonlocal lines
        lines, before = at, sys.gettrace()
        sys.settrace(interrupt)
        try:
            tg.compile(step)(x)
        finally:
            sys.settrace(before)

    for at in range(1, 2000, 97):
        with pytest.raises(KeyboardInterrupt):
            interrupted(at)
        arrays = x.data, state.scale, *(p.data for p in model.parameters())
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        assert {type(a) for a in arrays} == {np.ndarray}
        assert {type(g.data) for g in gradients} <= {np.ndarray}
        assert isinstance(state.last, float)
        step(x)
