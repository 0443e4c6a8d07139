"""Loops in C add in NumPy's order, whatever the layout, and what one of them touches lies apart."""

import itertools

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.compiler.c import cache
from tinygrad_edu.compiler.c.native import NativeSource
from tinygrad_edu.compiler.c.powers import vanishing
from tinygrad_edu.compiler.loops import plan, sums
from tinygrad_edu.compiler.loops.kinds import Each, reads, writes

from .test_random import as_function, draw, outcome

pytestmark = pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here")
VIEWS = [
    lambda x: x, lambda x: x.T, lambda x: x[..., ::2], lambda x: x[1:], lambda x: x[::-1],
    lambda x: x[..., ::-1], lambda x: np.swapaxes(x, 0, 1), lambda x: np.broadcast_to(x[:1], x.shape),
    lambda x: np.broadcast_to(x[..., :1], x.shape), lambda x: x[:, 1:-1], lambda x: x[:, None],
    lambda x: np.moveaxis(x, 0, -1)[1:],
]  # fmt: skip


def normal(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def sums_of(x):
    """The sums and products of all views, along all axes, into new arrays and into one that is there."""
    found = []
    for view in VIEWS:
        y = view(x)
        axes = itertools.chain(*(itertools.combinations(range(y.ndim), n + 1) for n in range(y.ndim)))
        for axis in axes:
            total = np.sum(y, axis)
            found.append(total)
            if axis == (0,):
                there = np.zeros_like(total).T.copy().T
                np.add.reduce(y, axis=0, out=there)
                found.append(there)
        if y.size < 100:
            found.append(np.prod(y))
    return found


@pytest.mark.parametrize(
    ("shape", "dtype"), [((9, 4), np.float64), ((5, 3, 9), np.float32), ((120, 90), np.float32)]
)
def test_sums_of_views_to_the_bit(shape, dtype, tmp_path):
    compiled = tg.compile(sums_of, backend="c", cache=tmp_path / "new")
    for seed in range(3):
        x = normal(*shape, seed=seed, dtype=dtype)
        for i, (a, e) in enumerate(zip(compiled(x), sums_of(x), strict=True)):
            np.testing.assert_array_equal(a, e, err_msg=str(i))
    assert " 0 lines of NumPy" in compiled.report()


def test_numpys_buffer(tmp_path):
    """Sums of more numbers than NumPy gathers at once."""
    kinds = [lambda x: x[:, :39], lambda x: x[:, :7], lambda x: x[:, ::-1], lambda x: x[::3, :40]]

    def function(x, y):
        return [np.sum(kind(x)) for kind in kinds] + [
            np.sum(y[:, :, :19, :30], (0, 2, 3)),
            np.sum(y[..., :32]),
        ]

    compiled = tg.compile(function, backend="c", cache=tmp_path / "new")
    for seed in range(4):
        x, y = normal(1200, 41, seed=seed), normal(3, 2, 20, 33, seed=seed)
        for i, (a, e) in enumerate(zip(compiled(x, y), function(x, y), strict=True)):
            np.testing.assert_array_equal(a, e, err_msg=str(i))
    assert sums.room_of((2, 3)) == 6
    assert sums.room_of((1000, 39)) == (8190 if sums.keeps_rows_whole() else 8192)


@pytest.mark.parametrize("number", [3, 17, 40, 211])
def test_what_one_loop_touches_lies_apart_or_element_for_element_in_one_place(number, monkeypatch, tmp_path):
    monkeypatch.setattr(plan, "STACK", 0)  # everything that no line of NumPy sees lies in the arena
    monkeypatch.setattr(NativeSource, "release", lambda source: None)
    function, values = as_function(draw(number, 5))
    compiled = tg.compile(function, backend="c", cache=tmp_path / "new")
    for scale in (1, 1, 0.75, 1):
        inputs = {name: value * value.dtype.type(scale) for name, value in values.items()}
        for a, e in zip(outcome(compiled, inputs), outcome(function, inputs), strict=True):
            if e is not None:
                np.testing.assert_allclose(a, e, 1e-6, 1e-7)
    groups = 0
    for one in compiled.specializations:
        made = one.source.plan
        for group in (g for groups in made.groups for g in groups):
            operands = [
                o for s in group for o in (*reads(s), *writes(s))
                if made.kinds[o.memory] == "arena" and made.memories.all[o.memory].size
            ]  # fmt: skip
            begins = {o.memory: made.offsets[o.memory] for o in operands}
            rooms = sorted({(begin, begin + made.memories.all[m].size) for m, begin in begins.items()})
            groups += len(rooms) > 1
            assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(rooms))
            for a, b in itertools.combinations(operands, 2):
                if begins[a.memory] == begins[b.memory] and a.memory != b.memory:
                    assert all(isinstance(s, Each) for s in group)
                    assert a._replace(memory=0) == b._replace(memory=0)
    assert groups


def test_arrays_of_one_buffer(tmp_path):
    """They share memory, though NumPy takes none for a view of another."""
    buffer = bytearray(normal(9).tobytes())
    values = [tg.Tensor(np.frombuffer(buffer, np.float32, 8, offset)) for offset in (0, 4)]

    def step():
        with tg.no_grad():
            values[0][:] = values[1] * 2 + 1
        return np.sum(values[1])

    compiled = tg.compile(step, backend="c", cache=tmp_path / "new")
    start = bytes(buffer)
    for _ in range(3):
        total, after = compiled().item(), bytes(buffer)
        buffer[:] = start
        assert step().item() == total
        assert bytes(buffer) == after
        start = after


def test_the_slope_of_relu_to_the_bit(tmp_path):
    def slopes(x):
        sign = np.sign(x)
        return np.maximum(sign, 0), np.maximum(0, sign), np.maximum(sign, -0.0), np.maximum(np.sign(x) * 2, 0)

    compiled = tg.compile(slopes, backend="c", cache=tmp_path / "new")
    x = np.array([1, -1, 0, -0.0, np.nan, np.inf, -np.inf, 1e-310] * 5, np.float32)
    for _ in range(2):
        for a, e in zip(compiled(x), slopes(x), strict=True):
            np.testing.assert_array_equal(a, e)
            np.testing.assert_array_equal(np.signbit(a), np.signbit(e))


def test_eager_steps_between_those_that_count_in_c(tmp_path):
    """And one parameter that has no gradient, so that its pack counts each by itself."""

    def made(some):
        with tg.seed(0):
            model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))
        optimizer = optim.Adam([*model.parameters(), nn.Parameter(np.ones(3, np.float32))], lr=0.05)
        used = model if some else [model]

        def step(x):
            optimizer.zero_grad()
            loss = np.mean((used if some else used[0])(x) ** 2)
            loss.backward()
            optimizer.step()
            return loss

        return model, optimizer, step

    for some in (True, False):
        (_, ours, step), (_, theirs, plain) = made(some), made(some)
        compiled = tg.compile(step, backend="c", cache=tmp_path / "new")
        for i in range(12):
            x = normal(6, 4, seed=i)
            ours.lr = theirs.lr = 0.05 / (1 + i)
            found = (step if i in (4, 5, 9) else compiled)(x)
            np.testing.assert_allclose(found.item(), plain(x).item(), 1e-5)
        assert ours._packs[0].counts == theirs._packs[0].counts


@pytest.mark.parametrize("base", [1e-300, 0.1, 0.5, 0.9, 0.99, 0.999, 1 - 1e-6])
def test_a_power_that_vanishes_beside_1_is_not_computed(base):
    first = vanishing(base)
    assert [1 - base**t for t in (first, first + 1, 2 * first)] == [1, 1, 1]
    assert first <= 2 or 1 - base ** (first - 2) < 1


def test_steps_whose_powers_vanish_have_the_same_bits(tmp_path):
    def made():
        x = nn.Parameter(normal(5))
        optimizer = optim.Adam([x], lr=0.01, betas=(0.5, 0.7))

        def step():
            optimizer.zero_grad()
            np.sum(x * x).backward()
            optimizer.step()
            return x.grad

        return x, step

    (x, step), (y, plain) = made(), made()
    compiled = tg.compile(step, backend="c", cache=tmp_path / "new")
    for t in range(1, 120):
        compiled()
        plain()
        if t in (1, 3, vanishing(0.5) - 1, vanishing(0.5), vanishing(0.7), 119):
            np.testing.assert_array_equal(x.data, y.data)
    assert "0 lines of NumPy" in compiled.report()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_largest_and_smallest_of_long_rows_are_found_in_vectors(dtype):
    rng, lengths = np.random.default_rng(0), (31, 32, 33, 47, 64, 100, 257)

    @tg.compile(backend="c")
    def extremes(*arrays):
        return [f(a, axis) for a in arrays for f in (np.max, np.min) for axis in (1, 0, None)]

    for spoiled in (0, 0, 1, 3):
        arrays = [rng.standard_normal((5, n)).astype(dtype) for n in lengths]
        for a in arrays:
            a[rng.integers(5, size=2), rng.integers(a.shape[1], size=2)] = np.inf, -np.inf
            a[rng.integers(5, size=spoiled), rng.integers(a.shape[1], size=spoiled)] = np.nan
        expected = [f(a, axis) for a in arrays for f in (np.max, np.min) for axis in (1, 0, None)]
        for found, array in zip(extremes(*arrays), expected, strict=True):
            np.testing.assert_array_equal(found, array)
    assert extremes.source.count("maximum_") > len(lengths)
