"""Numbers at the ends of their types, and next to 0: compiled, they are as NumPy has them."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compiler.c import cache
from tinygrad_edu.ops.pieces import MANY

pytestmark = pytest.mark.usefixtures("quick_c")
NEEDS_C = pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here")
RNG = np.random.default_rng(0)


@pytest.fixture(params=["numpy", pytest.param("c", marks=NEEDS_C)])
def check(request, tmp_path):
    """Compare what a function gives compiled with what it gives, to the bit."""

    def check(function, *args):
        step = tg.compile(function, backend=request.param, cache=tmp_path / "new")
        step(*(np.copy(a) for a in args))
        for found, expected in zip(step(*args), function(*(np.copy(a) for a in args)), strict=True):
            assert np.asarray(found).dtype == np.asarray(expected).dtype
            np.testing.assert_array_equal(found, expected)
            np.testing.assert_array_equal(np.signbit(np.real(found)), np.signbit(np.real(expected)))
        assert step.specializations
        assert not step.failures

    return check


@pytest.mark.parametrize("dtype", ["u1", "i1", "i4", "u8"])
def test_whole_numbers_meet_those_that_their_type_does_not_hold(check, dtype):
    def step(x):
        above, below = np.where(x > -1, x, 0), x[x < 300]
        clipped = np.clip(x, -300, 2**40), np.clip(x, -1, 1), x.clip(0, 2**40)
        return above, below, *clipped, x == 2**40, x != -1, x < 2**70, np.signbit(x)

    check(step, np.arange(5).astype(dtype))


@pytest.mark.parametrize("shape", [(), (1,), (3,), (1, 1), (2, 3), (3, 40), (300,)])
def test_sums_of_negative_zeros(check, shape):
    def step(x):
        axes = range(x.ndim)
        return x.sum(), x.mean(), (x * -x).sum(), *(x.sum(a) for a in axes), *(x.mean(a) for a in axes)

    check(step, np.full(shape, -0.0, np.float32))


SHAPES = [(1, 1, 1), (3, 1, 5), (5, 6, 3), (2, 20, 3), (9, 3, 2), (2, 5, 8), (9, 20, 9), (3, 70, 2)]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_products_of_negative_zeros(check, dtype):
    def step(*pairs):
        products = [a @ b for a, b in pairs]
        return *products, *(a[0] @ b for a, b in pairs), *(a @ b[:, 0] for a, b in pairs)

    made = [(np.zeros((m, n), dtype), -np.ones((n, p), dtype)) for m, n, p in SHAPES]
    check(lambda *arrays: step(*zip(arrays[::2], arrays[1::2])), *(a for pair in made for a in pair))


@pytest.mark.parametrize("dtype", ["f2", "f8", "c8", "c16"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_powers_in_place(check, dtype):
    def step(x):
        powers = [x.copy() for _ in range(6)]
        for z, exponent in zip(powers, (2, 2.0, 0.5, -1, 3, 1)):
            z **= exponent
        return powers

    x = RNG.standard_normal(9) + (1j * RNG.standard_normal(9) if dtype[0] == "c" else 0)
    x[:3] = -np.inf, -0.0, np.nan
    check(step, x.astype(dtype))


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(63, 64), (64, 64), (9, 500)])
@NEEDS_C
def test_softmax_of_many_elements_sums_by_products_of_another_order(shape, dtype, tmp_path):
    step = tg.compile(tg.softmax, backend="c", cache=tmp_path / "new")
    x = RNG.standard_normal(shape).astype(dtype)
    step(x)
    bound = 0 if x.size < MANY else 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(step(x), tg.softmax(x), rtol=bound, atol=0)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_masks_of_as_many_axes(check, shape):
    def step(x, y):
        z = x.copy()
        z[z > y] *= 2
        z[z < y] = 0
        return z, x[x > y]

    check(step, np.asarray(RNG.standard_normal(shape) + 1), np.asarray(RNG.standard_normal(shape)))
