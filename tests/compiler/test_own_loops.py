"""Loops of ours in the place of NumPy's give NumPy's bits: tanh of doubles, exp and log of floats."""

import ctypes
import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compiler.c import cache, exp_log, own_loops, tanh
from tinygrad_edu.compiler.memory.inner import LOOP

pytestmark = pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here")
LOOPS = [(np.tanh, "d->d"), (np.exp, "f->f"), (np.log, "f->f")]
ENDS = [0.125, 0.1875, 0.25, 0.375, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32]
ENDS += [103.97208, 88.722839, 87.33655, 86.6434, 86.98999, 0.34657359, 0.70710677, 1.4142135, 1.1754944e-38]
SPECIAL = [0, 5e-324, 1e-310, 2.0**-1022, 1e-45, 2.0**60, 2.0**61, 3.4028235e38, np.inf, np.nan]
SPECIAL += [np.finfo(float).max]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cache") / "steps"


@pytest.fixture(scope="module")
def found(folder):
    """What gives a loop, made anew; where NumPy has wider vectors there is none."""
    features = sys.modules["numpy._core._multiarray_umath"].__cpu_features__
    made = {key: own_loops._made(*key, folder) for key in LOOPS}
    if not features["AVX2"] or features.get("X86_V4", features.get("AVX512_SKX")):
        assert set(made.values()) == {None}
        pytest.skip("NumPy's own loops are left alone here")
    assert None not in made.values()
    return made


def numbers(types):
    """A million of all sizes, of usual ones, and of all bits; and the ends of intervals."""
    rng = np.random.default_rng(0)
    x = [
        rng.standard_normal(400_000) * 2, np.exp(rng.uniform(-60, 5, 200_000)) * rng.choice([-1, 1], 200_000),
        rng.uniform(-110, 95, 100_000),
    ]  # fmt: skip
    dtype = np.dtype(types[0])
    every = rng.integers(0, 1 << 8 * dtype.itemsize, 300_000, f"u{dtype.itemsize}").view(dtype)
    with np.errstate(all="ignore"):
        special = np.array([*ENDS, *SPECIAL]).astype(dtype)
        near = [np.nextafter(special, dtype.type(to)) for to in (0, np.inf, -np.inf)]
    x = np.concatenate([np.concatenate(x).astype(dtype), every, special, *near])
    return np.concatenate([x, -x[-4 * len(special) :]])


def by_numpy(ufunc, x):
    with np.errstate(all="ignore"):
        return ufunc(x)


def bits(x):
    return np.ascontiguousarray(x).view(f"i{x.itemsize}")


def by(loop, x, out):
    """Have a loop go through arrays of one axis."""
    places = (ctypes.c_void_p * 2)(x.ctypes.data, out.ctypes.data)
    sizes, strides = (ctypes.c_ssize_t * 1)(x.size), (ctypes.c_ssize_t * 2)(*x.strides, *out.strides)
    LOOP(loop[0])(places, sizes, strides, loop[1])


def test_a_step_gives_numpys_bits(folder):
    x, y = numbers("d"), numbers("f")
    step = tg.compile(lambda x, y: (np.tanh(x), np.exp(y), np.log(y)), backend="c", cache=folder)
    with np.errstate(all="ignore"):
        results = step(x, y)
    for result, (ufunc, _), given in zip(results, LOOPS, (x, y, y), strict=True):
        np.testing.assert_array_equal(bits(result), bits(by_numpy(ufunc, given)))
    assert "0 lines of NumPy" in step.report()


@pytest.mark.parametrize("key", LOOPS)
def test_a_loop_gives_numpys_bits(found, key):
    x = numbers(key[1])
    expected, out = by_numpy(key[0], x), np.empty_like(x)
    by(found[key], x, out)
    np.testing.assert_array_equal(bits(out), bits(expected))
    by(found[key], x, x)
    np.testing.assert_array_equal(bits(x), bits(expected))


@pytest.mark.parametrize("key", LOOPS)
@pytest.mark.parametrize("size", [0, 1, 3, 4, 7, 8, 9, 12, 31])
def test_other_strides_and_lengths(found, key, size):
    rng, dtype = np.random.default_rng(size), np.dtype(key[1][0])
    for step, to in ((1, 2), (3, 1), (-1, 1), (2, -2), (1, 1)):
        x = np.abs(3 * rng.standard_normal(3 * 31)).astype(dtype)[::step][:size]
        out = np.full(2 * 31 + 1, 7, dtype)
        place = out[1::to][:size] if to > 0 else out[:0:to][:size]
        expected, kept = key[0](x), out.copy()
        by(found[key], x, place)
        np.testing.assert_array_equal(bits(place), bits(expected))
        place[...] = 7
        np.testing.assert_array_equal(out, kept)  # nothing else was written
    x = np.abs(3 * rng.standard_normal(3 * 31)).astype(dtype)
    expected = key[0](x[::3])
    by(found[key], x[::3], x[::3])
    np.testing.assert_array_equal(bits(x[::3]), bits(expected))


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("lanes", [4, 8])
def test_few_numbers_in_line(folder, lanes):
    """By vectors of either size, of whole ones and of parts."""
    sizes = [n for n in (1, 3, 4, 7, 8, 11, 16, 24) if n <= 4 * lanes]
    every = "".join(
        f"void {name}_{n}(const char *x, char *out, word all) "
        f"{{ for (word i = 0; i + {n} <= all; i += {n}) {name}_inline(x + 4 * i, out + 4 * i, {n}); }}\n"
        for name in ("exp", "log")
        for n in sizes
    )
    text = exp_log.HEAD.split("#define")[0] + exp_log.inline(lanes) + every
    loops, x = ctypes.CDLL(str(cache.library(text, folder))), numbers("f")[-70_000:]
    for ufunc in (np.exp, np.log):
        expected = by_numpy(ufunc, x)
        for n in sizes:
            out, end = np.full_like(x, 7), len(x) - len(x) % n
            places = ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(out.ctypes.data)
            loops[f"{ufunc.__name__}_{n}"](*places, ctypes.c_ssize_t(len(x)))
            np.testing.assert_array_equal(bits(out[:end]), bits(expected[:end]))
            np.testing.assert_array_equal(out[end:], 7)


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize("rows", [4, 9])
def test_a_step_of_few_numbers_makes_no_calls(folder, rows):
    """Of rows of their own, too, and in place; those that lie apart, and many, are calls as before."""

    def function(x):
        y = np.exp(x[:, :3])
        np.log(y + 1, out=y)
        return y, np.exp(x[:, 3]), np.log(x.T * x.T)

    step, rng = tg.compile(function, backend="c", cache=folder), np.random.default_rng(0)
    for _ in range(3):
        x = rng.standard_normal((rows, 4), np.float32)
        for a, e in zip(step(x), function(x), strict=True):
            np.testing.assert_array_equal(bits(a), bits(e))
    assert "exp_inline" in step.source
    assert step.source.count("/* exp */") == 1


def test_tables_that_give_other_bits_are_found(found):
    loop, data, table = found[np.tanh, "d->d"]
    for row in range(16):
        other = table.copy()
        other[18 * row] = np.nextafter(other[18 * row], 2)
        assert not own_loops.agrees(np.tanh, loop, other.ctypes.data, tanh.probes())
    assert own_loops.agrees(np.tanh, loop, data, tanh.probes())


@pytest.mark.parametrize(
    ("name", "old", "new"), [("exp", "0.05114512f", "0.051145125f"), ("log", "0.15464763f", "0.15464765f")]
)
def test_coefficients_that_give_other_bits_are_found(found, folder, name, old, new):
    assert old in exp_log.TEXT
    loop = own_loops.loop_in(exp_log.TEXT.replace(old, new), f"{name}_float", folder)
    assert not own_loops.agrees(getattr(np, name), loop, 0, exp_log.probes())


def test_what_cannot_be_compiled_is_no_loop(folder):
    assert own_loops.loop_in("no C", "exp_float", folder) is None
    assert own_loops.loop_in("int other;", "exp_float", folder) is None
    assert own_loops.own_loop(np.exp, "d->d", folder) is None


def test_a_library_without_its_numbers_has_none(tmp_path, found):
    table = found[np.tanh, "d->d"][2]
    assert tanh.numbers_of(None) is None
    assert tanh.numbers_of(str(tmp_path / "missing")) is None
    file = tmp_path / "library"
    row = np.array(tanh.CENTRES, float)
    file.write_bytes(row.tobytes() + b"ends")
    assert tanh.numbers_of(str(file)) is None
    other = np.ones((18, 16)) * 3
    other[0] = row
    own = table[:-2].reshape(16, 18).T
    file.write_bytes(b"abc" + np.vstack([own[-1:], own[:-1]]).tobytes() + other.tobytes())
    np.testing.assert_array_equal(tanh.numbers_of(str(file)), table)
