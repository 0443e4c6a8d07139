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
from tests.helpers import of_precision
from tests.ops.test_table import (
    ENTRIES,
    as_function,
    check_first_order,
    check_second_order,
    floating,
    replaced,
)
from tinygrad_edu import errors
from tinygrad_edu.check.domains import DOMAINS
from tinygrad_edu.check.strategies import cotangents, imaginary
from tinygrad_edu.check.strict import StrictArray
from tinygrad_edu.entry import name_of
from tinygrad_edu.transforms import vjp

# A failure is shown as it was found: shrinking complex numbers takes minutes.
few = settings(max_examples=max(3, settings.default.max_examples // 8), phases=[Phase.generate])

# What layers of real parameters are made of, and decompositions, whose phases are free.
REAL = {
    "sign_of_real", "rnn", "rnn_gradients", "gru", "gru_gradients", "lstm", "lstm_gradients",
    "relu", "leaky_relu",
    "cofactors", "reduced_qr", "thin_svd", "np.polyfit",
}  # fmt: skip
COMPLEX = [f for f in ENTRIES if name_of(f) not in REAL and not name_of(f).startswith("np.linalg.")]


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
    check_first_order(function, call, data.draw)
    check_second_order(function, call, data.draw)
    check_precision(f, [of_precision(a, np.float32) for a in values], data.draw)
    check_strict(f, values, data.draw)


def check_precision(f, values, draw):
    """Single precision stays single precision, and complex stays complex."""
    expected = f(*values)
    out, pullback = vjp(f, *values)
    assert [o.dtype for o in out] == [e.dtype for e in expected]
    gradients = pullback(tuple(draw(cotangents(o)) for o in out))
    assert [g.dtype for g in gradients] == [a.dtype for a in values]


def check_strict(f, values, draw):
    """Rules speak the two protocols alone: the same on arrays that do nothing else.

    Not to the bit: NumPy multiplies complex arrays without axes in another way than its scalars.
    """
    plain = [tg.Tensor(a, requires_grad=True) for a in values]
    strict = [tg.Tensor(StrictArray(a), requires_grad=True) for a in values]
    for y, z in zip(f(*plain), f(*strict), strict=True):
        u = draw(cotangents(y))
        y.backward(u, retain_graph=True)
        z.backward(tg.Tensor(StrictArray(u)), retain_graph=True)
    for x, s in zip(plain, strict):
        if x.grad is not None:
            np.testing.assert_allclose(s.grad._array.array, x.grad.data, rtol=1e-13, atol=1e-13)
