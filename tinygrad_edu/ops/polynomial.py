"""Polynomials by their coefficients, the highest power first, as np.poly1d has them."""

import operator
from typing import Any

import numpy as np

from ..errors import UnsupportedCall
from ..table import composite
from .elementwise import as_arrays


def coefficients(*polynomials: Any) -> list[Any]:
    """Coefficients as vectors of at least one element."""
    return [np.atleast_1d(p) for p in as_arrays(*polynomials)]


@composite(np.polyval)
def _polyval(p: Any, x: Any) -> Any:
    p, x = as_arrays(p, x)
    y = np.zeros_like(x)
    for i in range(p.shape[0]):  # Horner's rule
        y = y * x + p[i]
    return y


@composite(np.polyadd)
def _polyadd(a1: Any, a2: Any) -> Any:
    a1, a2 = coefficients(a1, a2)
    length = max(len(a1), len(a2))
    return np.pad(a1, (length - len(a1), 0)) + np.pad(a2, (length - len(a2), 0))


@composite(np.polysub)
def _polysub(a1: Any, a2: Any) -> Any:
    return np.polyadd(*coefficients(a1, -as_negatable(a2)))


def as_negatable(a: Any) -> Any:
    """A polynomial with a minus."""
    return next(iter(as_arrays(a)))


@composite(np.polymul)
def _polymul(a1: Any, a2: Any) -> Any:
    return np.convolve(*coefficients(a1, a2))


@composite(np.polyder)
def _polyder(p: Any, m: int = 1) -> Any:
    (p,) = coefficients(p)
    np.polyder(np.zeros(p.shape), m)  # NumPy's own word on m
    for _ in range(operator.index(m)):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


@composite(np.polyint)
def _polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    (p,) = coefficients(p)
    np.polyint(np.zeros(p.shape), m, None if k is None else np.zeros(np.shape(k)))  # NumPy's own word
    constants: Any = np.broadcast_to(0.0 if k is None else k, (m,)) if m else []
    for i in range(operator.index(m)):
        p = np.concatenate([p / np.arange(len(p), 0, -1), np.reshape(constants[i], (1,))])
    return p


@composite(np.poly)
def _poly(seq_of_zeros: Any) -> Any:
    (zeros,) = coefficients(seq_of_zeros)
    if zeros.ndim != 1:
        raise UnsupportedCall(
            "np.poly of a matrix takes its eigenvalues, and has no derivative rule; give it the zeros."
        )
    product = np.ones(1, zeros.dtype)
    for i in range(len(zeros)):
        product = np.convolve(product, np.stack([np.ones((), zeros.dtype), -zeros[i]]))
    return product


@composite(np.vander)
def _vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    (x,) = as_arrays(x)
    expected = np.vander(np.zeros(x.shape, x.dtype), N, increasing)  # NumPy's own word
    n = expected.shape[1]
    powers = [x] * 0
    for i in range(n):  # running products, as NumPy has them
        powers.append(np.ones_like(x) if i == 0 else powers[-1] * x)
    if not powers:
        return np.zeros_like(x, shape=expected.shape)
    return np.stack(powers if increasing else powers[::-1], axis=1)


@composite(np.polyfit)
def _polyfit(
    x: Any, y: Any, deg: int, rcond: float | None = None, full: bool = False, w: Any = None, cov: Any = False
) -> Any:
    if full or cov:
        raise UnsupportedCall(
            "np.polyfit(…, full=True) and cov=True have no derivative rule; take the coefficients alone."
        )
    x, y = as_arrays(x, y)
    plain = [np.arange(1.0, 1 + np.size(a)).reshape(np.shape(a)) for a in (x, y)]
    np.polyfit(*plain, deg, w=None if w is None else np.ones(np.shape(w)), rcond=1e-300)  # NumPy's own word
    lhs, rhs = np.vander(x, deg + 1), y
    if w is not None:
        weights = np.reshape(w, (-1, 1))
        lhs, rhs = lhs * weights, rhs * (weights if rhs.ndim == 2 else w)
    scale = np.sqrt(np.add.reduce(lhs * lhs, axis=0))
    c = np.linalg.lstsq(lhs / scale, rhs, len(plain[0]) * np.finfo(float).eps if rcond is None else rcond)[0]
    return np.transpose(np.transpose(c) / scale)
