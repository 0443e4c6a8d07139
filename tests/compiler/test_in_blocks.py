"""Elementwise calls that are made of a part of large arrays at a time: the same bits, in less memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.passes import buffers, in_blocks
from tinygrad_edu.optim import pack

ONE = [np.negative, np.absolute, np.square, np.sign, np.exp, np.tanh, np.sqrt]
TWO = [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum]
VIEWS = [lambda x: x, lambda x: x.T.copy().T, lambda x: np.moveaxis(x, 0, 1).copy(), lambda x: x[::2]]
kinds = st.sampled_from([*ONE, *TWO, *TWO, "where", "in place", "shifted", "number"])
chains = st.lists(st.tuples(kinds, *[st.integers(0, 3)] * 3), min_size=5, max_size=14)


def computed(chain, view):
    """A function that makes array after array of its two, and returns some of them, and sums."""

    def function(x, y):
        made = [view(x) * 2, view(y) + 1]
        for function, i, j, k in chain:
            a, b, c = (made[-1 - n % len(made)] for n in (i, j, k))  # the latest, mostly
            if function == "where":
                made.append(np.where(a > b, b, c))
            elif function == "number":
                made.append(a * 0.5)
            elif function == "in place":
                a *= 2
            elif function == "shifted":
                np.add(a[1:], np.negative(a[:-1]), out=a[1:])
            else:
                made.append(function(a) if function in ONE else function(a, b))
        return [np.sum(m) for m in made[-3:]], made[-1:]

    return function


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(in_blocks, "LEAST", 48)
    monkeypatch.setattr(in_blocks, "BLOCK", 64)
    monkeypatch.setattr(buffers, "CHOSEN", 16)


@given(chain=chains, view=st.sampled_from(VIEWS), dtype=st.sampled_from([np.float32, np.float64]))
@settings(max_examples=20)
def test_chains_to_the_bit(chain, view, dtype):
    function = computed(chain, view)
    compiled = tg.compile(function)
    for seed in range(3):
        x, y = np.random.default_rng(seed).standard_normal((2, 11, 13)).astype(dtype)
        with np.errstate(all="ignore"):
            (sums, arrays), (found, others) = function(x.copy(), y.copy()), compiled(x.copy(), y.copy())
        for a, e in zip([*found, *others], [*sums, *arrays], strict=True):
            np.testing.assert_array_equal(a, e)
            assert (a.dtype, a.strides) == (e.dtype, e.strides)


@pytest.mark.parametrize("name", ["Adam", "AdamW", "RMSprop", "SGD", "Lion", "Adagrad"])
def test_large_parameters(name, monkeypatch):
    monkeypatch.setattr(pack, "PORTION", 64)
    start, x = np.random.default_rng(0).standard_normal((2, 9, 8), np.float32)

    def trained(compile):
        p, q = (tg.Tensor(a, requires_grad=True) for a in (start, start.T.copy().T))
        q.data = np.asfortranarray(start)
        settings = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
        optimizer = getattr(optim, name)([p, q], lr=0.1, weight_decay=0.1, **settings)

        def step(x):
            optimizer.zero_grad()
            ((p * x).sum() ** 2 + (q * q * x).sum()).backward()
            optimizer.step()

        step = compile(step)
        for i in range(4):
            step(x + i)
        return [p.data, q.data, *optimizer._packs[0].state], getattr(step, "source", "")

    (expected, _), (found, text) = trained(lambda step: step), trained(tg.compile)
    for a, e in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, e)
    assert "_part in blocks" in text


def test_what_is_between_takes_the_memory_of_a_block(monkeypatch):
    def step_of(least):
        monkeypatch.setattr(in_blocks, "LEAST", least)
        model = nn.Sequential(nn.Linear(4, 50, rng=0), nn.GELU(), nn.Linear(50, 3, rng=1))
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        @tg.compile
        def step(x, y):
            optimizer.zero_grad()
            loss = tg.softmax_cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        x, y = np.random.default_rng(0).standard_normal((300, 4)).astype(np.float32), np.arange(300) % 3
        losses = [step(x, y).item() for _ in range(4)]
        return losses, step.specializations[0].source.size, step.source

    whole, memory, text = step_of(np.inf)
    losses, less, other = step_of(1 << 10)
    assert losses == whole
    assert less < 0.65 * memory
    assert "_part in blocks:" in other
    assert "blocks" not in text
