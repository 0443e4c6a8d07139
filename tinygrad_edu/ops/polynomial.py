"""Polynomials by their coefficients, the highest power first, as np.poly1d has them.

NumPy's older functions of polynomials are programs of a few lines; these are the same lines on tensors.
"""

from typing import Any

import numpy as np

from ..errors import UnsupportedCall
from ..table import composite
from .calculus import constant
from .eigen import characteristic
from .elementwise import as_arrays


def refuse_poly1d(name: str, *values: Any) -> None:
    """Refuse np.poly1d, which would have to hold a tensor."""
    if any(isinstance(value, np.poly1d) for value in values):
        raise UnsupportedCall(
            f"{name} of an np.poly1d and a tensor is not supported; give its coefficients, p.coeffs."
        )


def vectors(name: str, *polynomials: Any) -> list[Any]:
    """Coefficients as arrays of an axis at least."""
    refuse_poly1d(name, *polynomials)
    return [np.atleast_1d(p) for p in as_arrays(*polynomials)]


def aligned(a1: Any, a2: Any) -> tuple[Any, Any]:
    """Both with as many coefficients, zeros in front."""
    missing = a2.shape[0] - a1.shape[0]
    if missing > 0:
        a1 = np.concatenate([np.zeros(missing, a1.dtype), a1])
    if missing < 0:
        a2 = np.concatenate([np.zeros(-missing, a2.dtype), a2])
    return a1, a2


@composite(np.polyval)
def _polyval(p: Any, x: Any) -> Any:
    refuse_poly1d("np.polyval", x)
    p, x = as_arrays(p, x)
    np.polyval(np.zeros(p.shape), np.zeros(x.shape))  # NumPy's own word
    y = np.zeros_like(x)
    for i in range(p.shape[0]):  # Horner's rule
        y = y * x + p[i]
    return y


@composite(np.polyadd)
def _polyadd(a1: Any, a2: Any) -> Any:
    a1, a2 = aligned(*vectors("np.polyadd", a1, a2))
    return a1 + a2


@composite(np.polysub)
def _polysub(a1: Any, a2: Any) -> Any:
    a1, a2 = aligned(*vectors("np.polysub", a1, a2))
    return a1 - a2


@composite(np.polymul)
def _polymul(a1: Any, a2: Any) -> Any:
    a1, a2 = vectors("np.polymul", a1, a2)
    n = np.polymul(constant(a1), constant(a2)).shape[0]  # NumPy drops zeros in front
    full = np.convolve(*(a if a.size else np.zeros(1) for a in (a1, a2)))
    return full[full.shape[0] - n :]


@composite(np.polydiv)
def _polydiv(u: Any, v: Any) -> Any:
    u, v = vectors("np.polydiv", u, v)
    expected = np.polydiv(constant(u), constant(v))[1]  # NumPy's own word, and how long the rest is
    rest, quotient = np.astype(u + 0.0, expected.dtype), []
    scale, n = 1.0 / v[0], v.shape[0]
    for k in range(u.shape[0] - n + 1):
        d = scale * rest[k]
        quotient.append(d)
        rest = np.concatenate([rest[:k], rest[k : k + n] - d * v, rest[k + n :]])
    whole = np.stack(quotient) if quotient else np.zeros_like(expected, shape=(1,))
    return np.astype(whole, expected.dtype), rest[rest.shape[0] - expected.shape[0] :]


@composite(np.polyder)
def _polyder(p: Any, m: int = 1) -> Any:
    refuse_poly1d("np.polyder", p)
    (p,) = as_arrays(p)
    np.polyder(np.zeros(p.shape), m)  # NumPy's own word
    for _ in range(int(m)):
        p = p[:-1] * np.arange(p.shape[0] - 1, 0, -1)
    return p


@composite(np.polyint)
def _polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    refuse_poly1d("np.polyint", p)
    (p,) = as_arrays(p)
    np.polyint(np.zeros(p.shape), m, constant(k))  # NumPy's own word
    constants = np.zeros(int(m)) if k is None else np.atleast_1d(*as_arrays(k))
    for i in range(int(m)):
        added = constants[0 if constants.shape[0] == 1 else i]
        p = np.concatenate([p / np.arange(p.shape[0], 0, -1), np.expand_dims(added, 0)])
    return p


@composite(np.poly)
def _poly(seq_of_zeros: Any) -> Any:
    (zeros,) = vectors("np.poly", seq_of_zeros)
    expected = np.poly(constant(zeros))  # NumPy's own word
    if zeros.ndim == 2:
        return characteristic(zeros)
    if not zeros.size:
        return 1.0
    product = np.ones(1, zeros.dtype)
    for i in range(zeros.shape[0]):
        product = np.convolve(product, np.stack([np.ones((), zeros.dtype), -zeros[i]]))
    # Of zeros that are each other's conjugates the coefficients are real.
    return np.real(product) if (product.dtype.kind, expected.dtype.kind) == ("c", "f") else product


@composite(np.vander)
def _vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    (x,) = as_arrays(x)
    expected = np.vander(np.zeros(x.shape, x.dtype), N, increasing)  # NumPy's own word
    x = np.astype(x, expected.dtype)
    powers = [np.where(False, x, 1)]
    while len(powers) < expected.shape[1]:  # running products, as NumPy has them
        powers.append(x * powers[-1] if len(powers) > 1 else x)
    return np.stack(powers if increasing else powers[::-1], axis=1)[:, : expected.shape[1]]


@composite(np.polyfit)
def _polyfit(
    x: Any, y: Any, deg: int, rcond: float | None = None, full: bool = False, w: Any = None, cov: Any = False
) -> Any:
    np.polyfit(constant(x), constant(y), deg, rcond, full, constant(w), cov)  # NumPy's own word and warning
    x, y = (a + 0.0 for a in as_arrays(x, y))
    if rcond is None:
        rcond = x.shape[0] * np.finfo(x.dtype).eps
    lhs, rhs = np.vander(x, int(deg) + 1), y
    if w is not None:
        (w,) = as_arrays(w)
        w = w + 0.0
        lhs, rhs = lhs * w[:, None], rhs * (w[:, None] if rhs.ndim == 2 else w)
    scale = np.sqrt(np.add.reduce(lhs * lhs, axis=0))
    lhs = lhs / scale
    c, residuals, rank, s = np.linalg.lstsq(lhs, rhs, rcond)
    c = np.transpose(np.transpose(c) / scale)
    if full:
        return c, residuals, rank, s, rcond
    if not cov:
        return c
    spread = np.linalg.inv(np.transpose(lhs) @ lhs) / np.outer(scale, scale)
    factor = 1 if isinstance(cov, str) and cov == "unscaled" else residuals / (x.shape[0] - int(deg) - 1)
    return c, (spread if y.ndim == 1 else spread[:, :, None]) * factor
