"""A function that branches on values is traced once for each way that it goes, and gives what it gives."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.c import cache

pytestmark = pytest.mark.usefixtures("quick_c")
X = np.random.default_rng(0).standard_normal((8, 2)).astype(np.float32)
BACKENDS = ["numpy", *(["c"] if cache.compiler() else [])]


def agree(function, calls, backend="numpy", **settings):
    """Compile a function; each call gives the bits of the function itself."""
    compiled = tg.compile(function, backend=backend, **settings)
    for args in calls:
        found, want = compiled(*args), function(*args)
        np.testing.assert_array_equal(found, want)
        assert np.asarray(found).dtype == np.asarray(want).dtype
    return compiled


@pytest.mark.parametrize("backend", BACKENDS)
def test_both_ways_of_a_branch_are_traced(backend, tmp_path):
    def step(x):
        return x / 2 if np.sum(x) > 0 else x + 1

    compiled = agree(step, [(X * k,) for k in (1, -1, 1, -1, -1, 1, 1, -1)], backend, cache=tmp_path)
    assert (compiled.traces, compiled.eager) == (2, 1)  # what comes once is not worth a trace
    assert "values that go another way" in compiled.report()


@pytest.mark.parametrize("use", [
    lambda x, k: x * 2 if k % 2 else x - k,
    lambda x, k: x * max(k, 3),
    lambda x, k: x * (k if k < 4 else 0.5 ** (k - 4)),
    lambda x, k: x if k == 7 else x + k,
])  # fmt: skip
def test_numbers_that_decide_a_branch_are_arguments(use):
    compiled = agree(use, [(X, k) for k in range(1, 30)])
    assert compiled.traces <= 4
    assert compiled.eager <= 1


def test_more_ways_than_are_kept_run_as_they_are():
    def halved(x):
        n = 0
        while np.sum(x * x) > 1:
            x, n = x / 2, n + 1
        return x * n

    compiled = agree(halved, [(X * 4.0**k,) for k in (*range(12), *range(12), *range(12))])
    assert compiled.traces == 8
    assert len(compiled.specializations) == 8
    assert compiled.eager > 4


def test_a_way_that_raises_is_not_traced_again():
    def step(x):
        if np.isnan(total := np.sum(np.log(x))):
            raise FloatingPointError("nan")
        return total

    compiled = tg.compile(step)
    with np.errstate(invalid="ignore"):
        for k in (1, -1, 2, -1, -1, 3):
            if k > 0:
                assert compiled(np.full(3, k)) == step(np.full(3, k))
                continue
            with pytest.raises(FloatingPointError, match="nan"):
                compiled(np.full(3, k))
    assert (compiled.traces, compiled.eager) == (2, 3)
    assert not compiled.failures


@pytest.mark.parametrize("backend", BACKENDS)
def test_ways_of_a_training_step(backend, tmp_path):
    """Gradients are clipped by a branch; weights, what Adam remembers and draws are those of the function."""

    def trained(compile):
        model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.Dropout(0.2, rng=3), nn.Linear(4, 2, rng=1))
        optimizer = optim.Adam(model.parameters(), lr=0.05)

        def step(x):
            optimizer.zero_grad()
            loss = tg.softmax_cross_entropy(model(x), np.arange(8) % 2)
            loss.backward()
            norm = sum(np.sum(p.grad.data**2) for p in model.parameters())
            if norm > 0.05:
                for p in model.parameters():
                    p.grad.data[...] *= 0.05 / norm
            optimizer.step()
            return loss

        step = compile(step)
        losses = [step(X * (1 + k % 3)).item() for k in range(12)]
        return step, [*losses, *(p.data.copy() for p in model.parameters())]

    compiled, found = trained(lambda step: tg.compile(step, backend=backend, cache=tmp_path))
    for a, b in zip(found, trained(lambda step: step)[1], strict=True):
        if backend == "numpy":
            np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, b, 1e-5, 1e-7)
    assert compiled.traces <= 3
    assert compiled.eager <= 2


def test_shapes_that_values_decide_are_not_traced_each():
    compiled = agree(lambda x: np.sum(x[x > 0]), [(X - 0.1 * k,) for k in range(8)])
    assert (compiled.traces, compiled.eager) == (2, 5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_way_that_uses_the_gradients_of_before_finds_them(backend, tmp_path):
    """A step that begins with the update by the last gradients, if there are some."""

    def trained(compile):
        model, errors = nn.Linear(2, 2, rng=0), []
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        def step(x):
            if errors:
                optimizer.step()
            model.zero_grad()
            loss = np.mean(model(x) ** 2)
            loss.backward()
            errors.append(loss.item())
            return loss

        step = compile(step)
        losses = []
        for k in range(8):
            losses.append(step(X).item())
            if k == 4:
                errors.clear()  # so that it makes no update
        return [*losses, *(p.data.copy() for p in model.parameters())]

    found = trained(lambda step: tg.compile(step, backend=backend, cache=tmp_path))
    for a, b in zip(found, trained(lambda step: step), strict=True):
        np.testing.assert_array_equal(a, b)
