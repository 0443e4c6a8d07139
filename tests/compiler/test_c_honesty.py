"""A step in C is honest: what may change is asked anew, what is kept stays, and errors are the function's.

The compiler optimizes nothing here; numbers of loops that are vectors are the subject of test_c.py.
"""

import contextlib
import sys
import threading

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler import backend
from tinygrad_edu.compiler.c import cache
from tinygrad_edu.errors import ArgumentError, TraceError

from .test_c import ULPS, check_same, normal, pair, perceptron, training

pytestmark = [
    pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here"),
    pytest.mark.usefixtures("quick_c"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cache", numbered=True) / "steps"


def test_names_of_arguments(folder):
    compiled = tg.compile(lambda P, R, r0, rooms: (P + R, r0 * rooms, P - 1), backend="c", cache=folder)
    for seed in range(3):
        a, b, c, d = (normal(3, seed=seed + k) for k in range(4))
        for found, e in zip(compiled(a, b, c, d), (a + b, c * d, a - 1), strict=True):
            np.testing.assert_array_equal(found, e)


def test_a_wrong_label_raises_as_the_function_does_and_changes_nothing(folder):
    model, compiled, other, step = pair(lambda: perceptron(4, 8, 3), optim.Adam, folder)
    x, y = normal(6, 4), np.array([0, 1, 2, 0, 1, 2])
    for _ in range(3):
        compiled(x, y), step(x, y)
    before = {name: value.copy() for name, value in model.state_dict().items()}
    wrong = np.array([0, 1, 2, 0, 1, 7])
    with pytest.raises(Exception) as expected:  # noqa: PT011  # whatever it is
        step(x, wrong)
    with pytest.raises(type(expected.value), match="7"):
        compiled(x, wrong)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    np.testing.assert_allclose(compiled(x, y).data, step(x, y).data, ULPS)  # the optimizer has not counted it
    check_same(model, other)


def test_a_rate_that_changes_and_steps_in_between(folder):
    model, other = perceptron(4, 8, 3), perceptron(4, 8, 3)
    ours, theirs = optim.Adam(model.parameters()), optim.Adam(other.parameters())
    plain, step = training(model, ours), training(other, theirs)
    compiled = tg.compile(plain, backend="c", cache=folder)
    x, y = normal(6, 4), np.array([0, 1, 2, 0, 1, 2])
    for i in range(12):
        ours.groups[0].lr = theirs.groups[0].lr = 0.01 / (i + 1)
        (plain if i % 3 == 2 else compiled)(x, y)
        step(x, y)
    check_same(model, other)
    assert ours._packs[0].counts == theirs._packs[0].counts


def test_results_that_are_kept_have_the_layout_of_others(folder):
    compiled = tg.compile(lambda x: (x + 1, x.T * 2), backend="c", cache=folder)
    kept = [compiled(normal(3, 4, seed=s)) for s in range(6)]
    for seed, (a, b) in enumerate(kept):
        np.testing.assert_array_equal(a, normal(3, 4, seed=seed) + 1)
        np.testing.assert_array_equal(b, normal(3, 4, seed=seed).T * 2)


def test_what_somebody_keeps_stays_as_it_was(folder):
    model, compiled, _, _ = pair(lambda: perceptron(4, 32, 3), optim.Adam, folder)
    x, y = normal(6, 4), np.array([0, 1, 2, 0, 1, 2])
    kept = []
    for i in range(6):
        loss, weight = compiled(x, y), next(iter(model.parameters()))
        held = [weight.grad, weight.grad.data, weight.grad.data[1:], memoryview(weight.grad.data)][i % 4]
        kept.append((loss, loss.item(), held, np.array(held.data if isinstance(held, tg.Tensor) else held)))
    for loss, number, held, values in kept:
        assert loss.item() == number
        np.testing.assert_array_equal(held.data if isinstance(held, tg.Tensor) else np.asarray(held), values)


@pytest.mark.parametrize("n", [3, 3000])
def test_an_argument_may_be_what_the_step_writes_to(n, folder):
    def made():
        weight = nn.Parameter(normal(n))
        optimizer = optim.SGD([weight], lr=0.5)

        def step(x):
            optimizer.zero_grad()
            np.sum(weight * x * x).backward()
            optimizer.step()
            return x * 2

        return weight, step

    (weight, step), (other, plain) = made(), made()
    compiled = tg.compile(step, backend="c", cache=folder)
    for _ in range(3):
        a, b = compiled(weight.data), plain(other.data)
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(weight.data, other.data)
        compiled(normal(n)), plain(normal(n))
    shifted = [np.concatenate([w.data, w.data]) for w in (weight, other)]
    np.testing.assert_array_equal(compiled(shifted[0][1 : n + 1]), plain(shifted[1][1 : n + 1]))


def test_writing_into_an_argument(folder):
    def step(x, y):
        x[1:] = x[:-1] * 2
        x += y
        return np.sum(x)

    compiled = tg.compile(step, backend="c", cache=folder)
    for _ in range(3):
        a, b, y = normal(5), normal(5), normal(5, seed=1)
        assert compiled(a, y) == step(b, y)
        np.testing.assert_array_equal(a, b)


def test_overlapping_writes(folder):
    weight = nn.Parameter(normal(6, 6))

    def step(x):
        with tg.no_grad():
            weight[1:] = weight[:-1] * 2
            weight[:] = weight.T + x
            weight[:, ::2] -= weight[:, 1::2]
        return np.sum(weight.detach())

    compiled = tg.compile(step, backend="c", cache=folder)
    for _ in range(3):
        before = weight.data.copy()
        total = compiled(normal(6)).item()
        found = weight.data.copy()
        weight.data[...] = before
        assert step(normal(6)).item() == total
        np.testing.assert_array_equal(weight.data, found)


def test_errors_of_floating_point_numbers_are_raised_where_they_are_asked_for(folder):
    compiled = tg.compile(lambda x: np.log(x) / x, backend="c", cache=folder)
    compiled(np.ones(3))
    assert np.isnan(compiled(np.zeros(3) - 1)).all()
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        compiled(np.zeros(3) - 1)
    with np.errstate(all="ignore"):
        assert np.isnan(compiled(np.zeros(3) - 1)).all()
    assert len(compiled.specializations) == 2  # the one that raised is not kept


def test_threads(folder):
    """Two threads, and two functions that share a library, do not disturb each other."""
    functions = [
        tg.compile(lambda x: np.exp(x) @ x.T + np.sum(x), backend="c", cache=folder) for _ in range(2)
    ]
    given = [normal(40, 40, seed=s) / 9 for s in range(4)]
    expected = [np.exp(x) @ x.T + np.sum(x) for x in given]
    wrong = []

    def work(k):
        for i in range(200):
            x, e = given[(i + k) % 4], expected[(i + k) % 4]
            if not np.allclose(functions[i % 2](x), e, 1e-4, 1e-4):
                wrong.append((k, i))

    workers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


# ---- backends --------------------------------------------------------------------------------


def test_backends(monkeypatch, folder):
    with pytest.raises(ArgumentError, match="'fortran'"):
        tg.compile(lambda x: x, backend="fortran")
    automatic = tg.compile(lambda x: x * 2 + 1, backend="auto", cache=folder)
    automatic(np.ones(3))
    assert "in C: " in automatic.report()
    monkeypatch.setattr(backend, "compiler", lambda: None)
    monkeypatch.setattr(backend, "is_installed", lambda: False)
    with pytest.raises(TraceError, match="C compiler"):
        tg.compile(lambda x: x, backend="c")
    automatic = tg.compile(lambda x: x * 2 + 1, backend="auto")
    automatic(np.ones(3))
    assert "in NumPy: there is no C compiler; numba is not installed" in automatic.report()
    with pytest.raises(TraceError, match=r"pip install 'tinygrad_edu\[fast\]'"):
        tg.compile(lambda x: x, backend="numba")


def test_a_compiler_that_fails(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "compiler", lambda: (sys.executable, "-c", "raise SystemExit('no')"))
    monkeypatch.setattr(backend, "is_installed", lambda: False)
    with pytest.raises(TraceError, match="failed:\nno"):
        tg.compile(lambda x: x * 2 + 1, backend="c", cache=tmp_path / "new")(np.ones(3))
    automatic = tg.compile(lambda x: x * 2 + 1, backend="auto", cache=tmp_path / "new")
    np.testing.assert_array_equal(automatic(np.ones(3)), [3, 3, 3])
    assert "failed:\nno" in automatic.report()


@pytest.mark.parametrize(("size", "untouched"), [(1000, (1, 3)), (100_000, (0, 1, 3))])
def test_what_an_optimizer_computes_in_is_not_written_where_nothing_reads_it(size, untouched):
    start = normal(size)
    w, other = (tg.Tensor(start, requires_grad=True) for _ in range(2))
    optimizer, plain = optim.Adam([w], lr=0.1), optim.Adam([other], lr=0.1)

    def step():
        optimizer.zero_grad()
        (w * w * np.float32(2)).sum().backward()
        optimizer.step()

    compiled = tg.compile(step, backend="c")
    for i in range(4):
        optimizer._packs[0].step[:] = np.nan
        (step if i == 2 else compiled)()
        assert np.isnan(optimizer._packs[0].step).all() == (i in untouched)
        plain.zero_grad()
        (other * other * np.float32(2)).sum().backward()
        plain.step()
        np.testing.assert_array_equal(w.data, other.data)


def test_an_interrupt_where_results_get_other_memory_leaves_none_behind_that_is_freed(tmp_path):
    step, x = tg.compile(lambda x: (x * 2, x + 1), backend="c", cache=tmp_path), np.arange(4.0)
    step(x)

    def interrupted(at, held):
        def interrupt(frame, event, argument):
            nonlocal at
            if frame.f_code.co_name != "_renew":
                return None
            at -= event == "line"
            if at == 0:
                raise KeyboardInterrupt
            return interrupt

        before = sys.gettrace()
        sys.settrace(interrupt)
        try:
            for _ in range(3):
                held.append(step(x))
        finally:
            sys.settrace(before)

    for at in range(1, 16):
        held = []
        with contextlib.suppress(KeyboardInterrupt):
            interrupted(at, held)
        held.clear()
        others = [np.full(4, 7.0) for _ in range(50)]  # of which one may lie where a result did
        for doubled, more in [step(x), step(x)]:
            np.testing.assert_array_equal(doubled, x * 2)
            np.testing.assert_array_equal(more, x + 1)
        np.testing.assert_array_equal(others, 7.0)
