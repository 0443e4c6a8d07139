"""The hyperbolic tangent of C has NumPy's bits."""

import ctypes
import sys

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compiler import cache, tanh
from tinygrad_edu.compiler.inner import LOOP

pytestmark = pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here")
ENDS = [0.125, 0.1875, 0.25, 0.375, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32]
SPECIAL = [0, 5e-324, 1e-310, 2.0**-1022, 2.0**60, 2.0**61, np.finfo(float).max, np.inf, np.nan]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cache") / "steps"


@pytest.fixture(scope="module")
def loop(folder):
    found = tanh.tanh_of_doubles(str(folder))
    features = sys.modules["numpy._core._multiarray_umath"].__cpu_features__
    if not features["AVX2"] or features.get("X86_V4", features.get("AVX512_SKX")):
        assert found is None
        pytest.skip("NumPy has no gathers here")
    assert found is not None
    return found


def numbers():
    """A million of all sizes, of those where tanh bends most, and of all bits; and all ends of intervals."""
    rng = np.random.default_rng(0)
    x = [
        rng.standard_normal(400_000) * 2, np.exp(rng.uniform(-60, 5, 300_000)) * rng.choice([-1, 1], 300_000),
        rng.integers(0, 2**64, 300_000, np.uint64).view(float),
    ]  # fmt: skip
    special = np.array([*ENDS, *np.nextafter(ENDS, 0), *np.nextafter(ENDS, np.inf), *SPECIAL])
    return np.concatenate([*x, special, -special])


def bits(x):
    return np.ascontiguousarray(x).view(np.int64)


def by(loop, x, out):
    """Have a loop go through arrays of one axis."""
    places = (ctypes.c_void_p * 2)(x.ctypes.data, out.ctypes.data)
    sizes, strides = (ctypes.c_ssize_t * 1)(x.size), (ctypes.c_ssize_t * 2)(*x.strides, *out.strides)
    LOOP(loop[0])(places, sizes, strides, loop[1])


def test_a_step_gives_numpys_bits(folder):
    x = numbers()
    step = tg.compile(lambda x: np.tanh(x), backend="c", cache=folder)
    with np.errstate(invalid="ignore"):
        expected = np.tanh(x)
    np.testing.assert_array_equal(bits(step(x)), bits(expected))
    assert "0 lines of NumPy" in step.report()


def test_the_loop_gives_numpys_bits(loop):
    x = numbers()
    with np.errstate(invalid="ignore"):
        expected = np.tanh(x)
    out = np.empty_like(x)
    by(loop, x, out)
    np.testing.assert_array_equal(bits(out), bits(expected))
    by(loop, x, x)
    np.testing.assert_array_equal(bits(x), bits(expected))


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 31])
def test_other_strides_and_lengths(loop, size):
    rng = np.random.default_rng(size)
    for step, to in ((1, 2), (3, 1), (-1, 1), (2, -2), (1, 1)):
        x = (3 * rng.standard_normal(3 * 31))[::step][:size]
        out = np.full(2 * 31 + 1, 7.0)
        place = out[1::to][:size] if to > 0 else out[:0:to][:size]
        expected, kept = np.tanh(x), out.copy()
        by(loop, x, place)
        np.testing.assert_array_equal(bits(place), bits(expected))
        place[...] = 7
        np.testing.assert_array_equal(out, kept)  # nothing else was written
    x = 3 * rng.standard_normal(3 * 31)
    expected = np.tanh(x[::3])
    by(loop, x[::3], x[::3])
    np.testing.assert_array_equal(bits(x[::3]), bits(expected))


def test_a_loop_that_gives_other_bits_is_found(loop):
    for row in range(16):
        table = loop[2].copy()
        table[18 * row] = np.nextafter(table[18 * row], 2)
        assert not tanh._agrees(loop[0], table.ctypes.data)
    assert tanh._agrees(loop[0], loop[1])


def test_a_library_without_its_numbers_has_none(tmp_path, loop):
    assert tanh._numbers(None) is None
    assert tanh._numbers(str(tmp_path / "missing")) is None
    file = tmp_path / "library"
    row = np.array(tanh.CENTRES, float)
    file.write_bytes(row.tobytes() + b"ends")
    assert tanh._numbers(str(file)) is None
    other = np.ones((18, 16)) * 3
    other[0] = row
    own = loop[2][:-2].reshape(16, 18).T
    file.write_bytes(b"abc" + np.vstack([own[-1:], own[:-1]]).tobytes() + other.tobytes())
    np.testing.assert_array_equal(tanh._numbers(str(file)), loop[2])
