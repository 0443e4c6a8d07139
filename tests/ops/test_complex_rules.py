"""Every entry of the table on complex numbers: as NumPy computes with them, with the slopes of their parts.

The calls are those of the entry's domain, with imaginary parts added to some of their arrays.  Where NumPy
raises, so does a tensor.
"""

import warnings

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.ops.test_table import (
    ENTRIES,
    as_function,
    check_first_order,
    check_second_order,
    check_single_precision,
    directions,
    floating,
    replaced,
)
from tinygrad_edu import errors
from tinygrad_edu.check.domains import DOMAINS
from tinygrad_edu.check.strategies import imaginary
from tinygrad_edu.check.strict import StrictArray
from tinygrad_edu.entry import name_of
from tinygrad_edu.ops.parts import complex_of, times_i
from tinygrad_edu.transforms import vjp

# A failure is shown as it was found: shrinking complex numbers takes minutes.
few = settings(max_examples=max(3, settings.default.max_examples // 8), phases=[Phase.generate])

# What layers of real parameters are made of, and vectors whose phases are free: a gradient that depends on
# one raises, which the tests of complex linear algebra see.
REAL = {
    "sign_of_real", "rnn", "rnn_gradients", "gru", "gru_gradients", "lstm", "lstm_gradients", "relu",
    "leaky_relu", "layer_norm_gradients", "group_norm_gradients",
    "thin_svd", "np.linalg.svd", "np.linalg.eigh", "np.linalg.eig",
}  # fmt: skip
COMPLEX = [f for f in ENTRIES if name_of(f) not in REAL]


# ---- the table ---------------------------------------------------------------------------------------------


def complexified(draw, function):
    """A call of the function's domain, with imaginary parts added to some of its arrays, at least to one."""
    c = draw(DOMAINS[function].calls)
    values = floating(c)
    assume(any(a.size for a in values))
    which = draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)).filter(any))
    return replaced(c, [draw(imaginary(a)) if chosen else a for a, chosen in zip(values, which)])


def answer(f, values):
    """What f returns, or the error that it raises; to lose an imaginary part is one."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        try:
            return f(*values)
        except Exception as error:
            return error


@pytest.mark.parametrize("function", COMPLEX, ids=name_of)
@few
@given(data=st.data())
def test_complex_numbers(function, data):
    call = complexified(data.draw, function)
    f, values = as_function(function, call)
    expected = answer(f, values)
    actual = answer(f, [tg.Tensor(a, requires_grad=True) for a in values])
    if isinstance(expected, Exception):
        public = tuple(c for c in type(expected).__mro__ if c.__module__ in ("builtins", "numpy.exceptions"))
        assert isinstance(actual, (public[0], errors.DTypeError, errors.UnsupportedCall))
        return
    for a, b in zip(actual, expected, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_allclose(a.data, b, rtol=1e-13, atol=1e-14)
    u, v = directions(f, values, data.draw)
    check_first_order(f, values, u, v)
    check_second_order(f, values, u, v)
    check_single_precision(f, values, u)
    check_strict(f, values, u)


def check_strict(f, values, cotangents):
    """Rules speak the two protocols alone: the same on arrays that do nothing else.

    Not to the bit: NumPy multiplies complex arrays without axes in another way than its scalars.
    """
    plain = [tg.Tensor(a, requires_grad=True) for a in values]
    strict = [tg.Tensor(StrictArray(a), requires_grad=True) for a in values]
    for y, z, u in zip(f(*plain), f(*strict), cotangents, strict=True):
        y.backward(u, retain_graph=True)
        z.backward(tg.Tensor(StrictArray(u)), retain_graph=True)
    for x, s in zip(plain, strict):
        if x.grad is not None:
            np.testing.assert_allclose(s.grad._array.array, x.grad.data, rtol=1e-13, atol=1e-13)


# ---- single functions and points ---------------------------------------------------------------------------


def pulled(f, z, u=1.0):
    """The gradient of an output in one complex argument."""
    return vjp(f, z)[1](u)[0]


@pytest.mark.parametrize("f", [np.absolute, np.angle])
def test_functions_without_a_slope_at_zero_have_the_gradient_zero(f):
    assert pulled(f, 0j) == 0
    assert pulled(np.sign, 0j, 1 + 1j) == 0


def test_closed_forms():
    z, u = 3 - 4j, 0.5 + 2j
    np.testing.assert_allclose(pulled(np.absolute, z), z / 5)
    np.testing.assert_allclose(pulled(np.conj, z, u), np.conj(u))
    np.testing.assert_allclose(pulled(np.real, z), 1)
    np.testing.assert_allclose(pulled(np.imag, z), 1j)
    np.testing.assert_allclose(pulled(np.angle, z), 1j * z / 25)
    np.testing.assert_allclose(vjp(lambda z: np.angle(z, deg=True), z)[1](1.0)[0], 1j * z / 25 * 180 / np.pi)
    np.testing.assert_allclose(pulled(np.sqrt, z, u), u * np.conj(0.5 / np.sqrt(z)))


def test_the_sign_of_a_real_number_is_a_step_and_keeps_no_argument_alive():
    x = tg.Tensor([2.0, -3.0], requires_grad=True)
    y = np.sign(x)
    with tg.no_grad():
        x += 1  # nobody needs what was there
    np.sum(y).backward()
    assert not x.grad.data.any()


def test_large_and_small_numbers_neither_overflow_nor_vanish():
    for f in (np.absolute, np.arcsinh, np.arccosh):
        for size in (1e200, 1e-200):
            assert np.all(np.isfinite(pulled(f, size * (1 + 1j))))
    np.testing.assert_allclose(pulled(np.arcsinh, 1e200 + 1e200j), np.conj(1 / (1e200 + 1e200j)), rtol=1e-12)


def test_a_power_of_zero_is_flat():
    assert pulled(lambda z: z**2, 0j) == 0
    assert pulled(lambda z: z**1.0, 0j) == 1
    assert pulled(lambda p: np.power(0j, p), 2 + 0j, 1.0) == 0


def test_nan_to_num_looks_at_each_part():
    z = np.array([complex(np.nan, 1), complex(2, np.inf), 3 + 4j])
    np.testing.assert_array_equal(pulled(np.nan_to_num, z, np.full(3, 1 + 1j)), [1j, 1, 1 + 1j])


def test_order_is_lexicographic_as_numpys():
    z = np.array([1 + 2j, 1 + 3j, 0.5 + 9j])
    np.testing.assert_array_equal(pulled(np.max, z, 1j), [0, 1j, 0])
    np.testing.assert_array_equal(pulled(np.min, z, 1j), [0, 0, 1j])
    np.testing.assert_array_equal(pulled(np.sort, z, np.array([1, 2, 3])), [2, 3, 1])
    np.testing.assert_array_equal(pulled(np.sort_complex, z.real, np.array([1, 2, 3j])), [2, 0, 1])
    np.testing.assert_array_equal(pulled(lambda z: np.maximum(z, 1 + 2.5j), z, np.ones(3)), [0, 1, 0])


def test_interpolation_of_complex_values():
    x, xp, fp = np.array([0.5, 2.25]), np.array([0.0, 1.0, 3.0]), np.array([1j, 2.0, 4 - 1j])
    by_x, by_xp, by_fp = vjp(np.interp, x, xp, fp)[1](np.array([1j, 2.0]))
    np.testing.assert_allclose(by_x, [np.real(-1j * (2 - 1j)), 2 * np.real((2 - 1j) / 2)])
    np.testing.assert_allclose(by_fp, [0.5j, 0.5j + 0.75, 1.25])
    assert by_xp.dtype == by_x.dtype == np.float64


def test_coefficients_of_conjugate_roots_are_real():
    roots = np.array([1 + 2j, 1 - 2j, 3 + 0j])
    out, pullback = vjp(np.poly, roots)
    assert out.dtype == np.float64
    np.testing.assert_allclose(pullback(np.array([0, 1.0, 0, 0]))[0], [-1, -1, -1])


@pytest.mark.parametrize(
    "call",
    [
        lambda z: np.sum(z, dtype=float), lambda z: np.prod(z, dtype=np.float32),
        lambda z: np.mean(z, dtype=float), lambda z: np.cumsum(z, dtype=float),
        lambda z: np.var(z, dtype=float), lambda z: np.nanstd(z, dtype=float),
        lambda z: np.cov(np.ones((2, 3)), aweights=z), lambda z: np.full_like(tg.Tensor(np.ones(3)), z),
        lambda z: np.gradient(np.ones(3), z), lambda z: np.trace(np.diag(z), dtype=float),
        lambda z: z.astype(int),
    ],
)  # fmt: skip
def test_what_would_drop_an_imaginary_part_is_refused(call):
    with pytest.raises(errors.DTypeError, match="imaginary part would be lost"):
        call(tg.Tensor([1 + 2j, 3j, -1.0], requires_grad=True))


OPERATIONS = {
    name: getattr(tg, name)
    for name in (
        "relu", "relu6", "leaky_relu", "hardtanh", "sigmoid", "softplus", "gelu", "silu", "mish", "elu",
        "selu", "softmax", "log_softmax", "logsumexp", "erf", "layer_norm", "rms_norm", "dropout",
        "glu", "log_sigmoid", "softmin", "hardshrink", "softshrink", "tanhshrink", "rrelu", "alpha_dropout",
    )
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_without_a_complex_meaning_refuse(name):
    z = np.array([1 + 2j, 3j])
    for values in (z, tg.Tensor(z), tg.Tensor(z, requires_grad=True)):
        with pytest.raises(errors.DTypeError, match="real numbers"):
            OPERATIONS[name](values)
    with pytest.raises(errors.DTypeError, match=r"mse_loss.*Take a real loss of its parts"):
        tg.mse_loss(tg.Tensor(z, requires_grad=True), z)


INFINITE = [complex(np.inf, 2), complex(2, -np.inf), complex(-np.inf, np.inf), complex(np.inf, 0)]


def test_infinite_parts_make_no_nan():
    """1j * inf is NaN + inf j: what is made of parts is not made so."""
    for z in INFINITE:
        np.testing.assert_array_equal(complex_of(z.real, z.imag), z)
        np.testing.assert_array_equal(times_i(z), complex(-z.imag, z.real))
        np.testing.assert_array_equal(
            pulled(np.nan_to_num, z, complex(np.inf, 3)).real, 0 if np.isinf(z.real) else np.inf
        )
        set_real = tg.Tensor(np.array([1 + 1j]))
        set_real.real = z.real
        np.testing.assert_array_equal(set_real.data, complex(z.real, 1))
        set_real.imag = z.imag
        np.testing.assert_array_equal(set_real.data, z)
        np.testing.assert_array_equal(pulled(np.imag, 1 + 1j, np.inf), complex(0, np.inf))
    for z, expected in zip(INFINITE, [1, -1j, (-1 + 1j) / np.sqrt(2), 1]):
        np.testing.assert_allclose(pulled(np.absolute, z), expected, rtol=1e-15)
    np.testing.assert_array_equal(pulled(np.angle, 2 + 0j, np.inf), complex(np.nan, np.inf))


def test_parts_that_are_set_have_the_gradients_of_both():
    x, re, im = (
        tg.Tensor(v, requires_grad=True) for v in (np.array([1 + 2j, 3j]), np.ones(2), np.array(4.0))
    )
    y = x * 1
    y.real, y.imag = re, im
    np.testing.assert_array_equal(y.data, [1 + 4j, 1 + 4j])
    y.backward(np.array([2 + 3j, 5 - 1j]))
    assert x.grad is None or not x.grad.data.any()
    np.testing.assert_array_equal(re.grad.data, [2, 5])
    np.testing.assert_array_equal(im.grad.data, 2)
    with pytest.raises(errors.DTypeError, match="imaginary part would be lost"):
        y.real = np.ones(2, complex)
