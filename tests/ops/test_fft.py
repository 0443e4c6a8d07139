"""Fourier transforms: every setting against numerical derivatives, the theorems of Parseval and of
convolution, and what is cropped, padded or not read.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_edu as tg
from tests.helpers import generic, printed
from tests.ops.test_table import as_function, check_second_order, directions
from tinygrad_edu import Tensor
from tinygrad_edu.check.domains import DOMAINS
from tinygrad_edu.check.domains import fft as domains
from tinygrad_edu.coverage import fate_of, report
from tinygrad_edu.entry import name_of
from tinygrad_edu.errors import UnsupportedCall

TRANSFORMS = [f for f in domains.DOMAINS if "shift" not in f.__name__]
OF_REAL = (np.fft.rfft, np.fft.ihfft, np.fft.rfft2, np.fft.rfftn)
Z = generic(6) + 1j * generic(6, seed=1)
every_transform = pytest.mark.parametrize("function", TRANSFORMS, ids=name_of)
few = settings(max_examples=settings.default.max_examples // 4)


def gradient(loss, *arrays):
    tensors = [Tensor(a, requires_grad=True) for a in arrays]
    loss(*tensors).backward()
    return [x.grad.data for x in tensors]


def power(z):
    return np.sum(np.real(z * np.conj(z)))


def close(a, b, rtol=1e-10):
    np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


# ---- every setting -----------------------------------------------------------------------------------------


@every_transform
@few
@given(data=st.data())
def test_second_derivative_of_the_square_is_numerical(function, data):
    """A transform is linear, and has none itself."""
    square = lambda *args, **kwargs: function(*args, **kwargs) ** 2
    f, values = as_function(square, data.draw(DOMAINS[function].calls))
    check_second_order(f, values, *directions(f, values, data.draw))


@every_transform
@pytest.mark.parametrize("shape", [(2, 5), (4, 3)])
def test_what_was_cropped_gets_no_gradient_and_what_was_padded_takes_none(function, shape):
    along_one = function.__name__ in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
    a = generic(*shape) if function in OF_REAL else generic(*shape) + 1j * generic(*shape, seed=1)
    read = 2 if function.__name__ in ("irfft", "hfft", "irfft2", "irfftn") else 3  # n // 2 + 1 of them
    settings = {"n": 3} if along_one else {"s": (7, 3), "axes": (0, 1)}
    (g,) = gradient(lambda x: power(function(x, **settings)), a)
    assert g[:, :read].all()
    assert not g[:, read:].any()


def test_an_axis_may_be_named_twice():
    """The last is first: cropped to 3, then padded to 5."""
    (g,) = gradient(lambda x: power(np.fft.fftn(x, (5, 3), (0, 0))), Z)
    (h,) = gradient(lambda x: power(np.fft.fft(np.fft.fft(x, 3), 5)), Z)
    close(g, h)
    assert not g[3:].any()
    a, both = generic(4, 3), lambda x: np.fft.rfftn(x, axes=(0, 0, 1))  # of which the first axis stays whole
    (g,) = gradient(lambda x: np.sum(np.real(both(x)) * [1, 2]), a)
    (h,) = gradient(
        lambda x: np.sum(np.real(np.fft.fft(np.fft.fft(np.fft.rfft(x), axis=0), axis=0)) * [1, 2]), a
    )
    close(g, h)
    twice = lambda x: np.fft.fftshift(x[:5], (0, 0)) * np.arange(5)  # by 2 and 2, which is 1 back
    close(gradient(lambda x: power(twice(x)), Z)[0], 2 * Z * [16, 0, 1, 4, 9, 0])


def test_an_axis_of_which_s_is_none_and_axes_that_are_none():
    with pytest.deprecated_call():
        (g,) = gradient(lambda x: power(np.fft.fftn(x, (None, 2), (0, 1))), generic(3, 4))
    close(g, 2 * 6 * generic(3, 4) * [1, 1, 0, 0])
    with pytest.deprecated_call():
        (g,) = gradient(lambda x: power(np.fft.fftn(x, (2,))), generic(3, 4))
    close(g, 2 * 2 * generic(3, 4) * [1, 1, 0, 0])


# ---- theorems ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
@pytest.mark.parametrize("n", [1, 2, 5, 6])
def test_parsevals_theorem(n, norm):
    """Σ |Fx|² is Σ |x|² times n, 1 or 1/n: the gradient is 2x times that.

    In a half spectrum, what stands for two of n is counted twice.
    """
    scale = {None: n, "backward": n, "ortho": 1, "forward": 1 / n}[norm]
    z, twice = Z[:n], np.array([1 if k in (0, n / 2) else 2 for k in range(n // 2 + 1)])
    close(gradient(lambda x: power(np.fft.fft(x, norm=norm)), z)[0], 2 * scale * z)
    close(gradient(lambda x: power(np.fft.ifft(x, norm=norm)), z)[0], 2 / scale * z)
    close(gradient(lambda x: power(np.fft.fft(x, norm=norm)), z.real)[0], 2 * scale * z.real)
    half = lambda x: np.fft.rfft(x, norm=norm) * np.sqrt(twice)
    close(gradient(lambda x: power(half(x)), z.real)[0], 2 * scale * z.real)


@pytest.mark.parametrize("axes", [(0, 1), (0,), (-1, 0)])
@pytest.mark.parametrize(
    ("there", "back"), [(np.fft.fftn, np.fft.ifftn), (np.fft.rfftn, np.fft.irfftn)], ids=["full", "half"]
)
def test_transforms_there_and_back_are_the_identity(there, back, axes):
    w = generic(4, 6, seed=2)
    size = [w.shape[axis] for axis in axes]
    both = lambda x: back(there(x, axes=axes), size, axes)
    close(gradient(lambda x: np.sum(np.real(both(x)) * w), generic(4, 6))[0], w)


@pytest.mark.parametrize("n", [5, 6])
def test_convolution_theorem(n):
    """A product of half spectra is a circular convolution, whose gradient is a correlation."""
    a, b, w = generic(n), generic(n, seed=1), generic(n, seed=2)
    convolved = lambda a, b: np.sum(w * np.fft.irfft(np.fft.rfft(a) * np.fft.rfft(b), n))
    by_a, by_b = gradient(convolved, a, b)
    close(by_a, [np.sum(w * np.roll(b, k)) for k in range(n)])
    close(by_b, [np.sum(w * np.roll(a, k)) for k in range(n)])


def test_the_gradient_of_a_transform_is_the_transform_back():
    w = generic(6, seed=3) + 1j * generic(6, seed=4)
    x = Tensor(Z, requires_grad=True)
    np.fft.fft(x).backward(w)
    close(x.grad.data, 6 * np.fft.ifft(w))
    y = Tensor(Z.real, requires_grad=True)
    np.fft.fft(y).backward(w)
    assert y.grad.dtype == np.float64
    close(y.grad.data, 6 * np.fft.ifft(w).real)


@pytest.mark.parametrize("n", [5, 6])
def test_imaginary_parts_that_a_half_spectrum_does_not_have_get_no_gradient(n):
    x = Tensor(Z[: n // 2 + 1], requires_grad=True)
    np.fft.irfft(x, n).backward(generic(n))
    assert x.grad.data.imag[0] == 0
    assert (x.grad.data.imag[-1] == 0) == (n % 2 == 0)


def test_jacobian_is_the_matrix_of_the_transform():
    j, k = np.ogrid[:6, :6]
    matrix = np.exp(-2j * np.pi * j * k / 6)
    close(tg.jacobian(np.fft.fft)(Z), matrix)
    close(tg.jacobian(np.fft.rfft)(Z.real), matrix[:4])


@pytest.mark.parametrize("n", [4, 5])
def test_a_shift_and_its_inverse(n):
    for shift, back in ((np.fft.fftshift, np.fft.ifftshift), (np.fft.ifftshift, np.fft.fftshift)):
        x = Tensor(generic(n), requires_grad=True)
        shift(x).backward(np.arange(n))
        assert x.grad.tolist() == back(np.arange(n)).tolist()


# ---- errors, and when the rules are filed ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "args", "error"),
    [
        (np.fft.fft, (0,), ValueError),
        (np.fft.irfft, (1, 3), np.exceptions.AxisError),
        (np.fft.rfft, (None, -1, "foo"), ValueError),
        (np.fft.fftn, ((2, 2), (0,)), ValueError),
        (np.fft.rfftn, (None, ()), IndexError),
        (np.fft.fft2, (), IndexError),
    ],
)
def test_numpys_errors(function, args, error):
    for x in (np.ones(3), Tensor(np.ones(3), requires_grad=True)):
        with pytest.raises(error):
            function(x, *args)


def test_half_spectra_are_of_real_numbers():
    with pytest.raises(TypeError):
        np.fft.rfft(Tensor(Z, requires_grad=True))


@every_transform
def test_out_is_refused_by_name(function):
    x = Tensor(np.ones((3, 3)), requires_grad=True)
    out = function(np.ones((3, 3)))
    with pytest.raises(UnsupportedCall, match=rf"np\.fft\.{function.__name__}\(…, out=…\)"):
        function(x, out=out)


def test_an_out_that_numpy_leaves_alone_is_left_alone():
    """np.fft.ifft2 of several versions does nothing with its out=, not even look at it."""
    z, untouched = generic(2, 2) + 1j, [0.0]
    try:
        expected = np.fft.ifft2(z, out=untouched)
    except TypeError as error:  # a version that looks at it
        with pytest.raises(TypeError, match=str(error)[:9]):
            np.fft.ifft2(Tensor(z), out=untouched)
        return
    np.testing.assert_array_equal(np.fft.ifft2(Tensor(z), out=untouched).numpy(), expected)
    assert untouched == [0.0]


def test_rules_are_filed_when_they_are_first_asked_for():
    code = """
import sys, numpy as np, tinygrad_edu as tg
assert "numpy.fft" not in sys.modules
x = tg.Tensor(np.arange(4.0), requires_grad=True)
np.sum(np.real(np.fft.rfft(x))).backward()
print(x.grad.tolist())
"""
    assert printed("-c", code).strip() == "[3.0, 0.0, 1.0, 0.0]"


def test_the_printed_table_lists_every_transform():
    code = "import tinygrad_edu.coverage as c; print(c.report())"
    fresh = printed("-c", code)
    assert all(name_of(f) in fresh for f in domains.DOMAINS)
    assert {fate_of(f) for f in domains.DOMAINS} == {"differentiates"}
    assert "np.fft (16)" in report()
