"""Norms of vectors and matrices, and the condition number; 0 at 0, and shared where two values are the
largest.
"""

from typing import Any

import numpy as np

from ..aliases import Array, Cotangent
from ..errors import UnsupportedCall
from ..table import derivative
from .complex import real_part
from .decomposition import BOTH, T, conj, of_singular_values
from .elementwise import ones_for_zeros
from .reduction import along, axes_of, winners


def one(order: Any) -> Any:
    """The order of a norm, or a limit, where NumPy lets a list of them pass at times."""
    if np.ndim(order):
        raise UnsupportedCall(
            f"np.linalg's norms and limits are differentiated for one at a time; got {order!r:.60}."
        )
    return order


def vector_norm_gradient(g: Cotangent, x: Array, out: Array, order: Any, axis: Any, keepdims: bool) -> Array:
    """The gradient of (Σ |x|ᵖ)^(1/p): sign(x) (|x| / norm)^(p-1), conjugated, and 0 where the norm is 0.

    The norms of order ∞ and -∞ are the largest and the smallest absolute value, shared evenly among equal
    ones; that of order 0 counts.
    """
    if order in (np.inf, -np.inf):
        return winners(g, np.absolute(x), out, axis, keepdims) * conj(np.sign(x))
    g, out = along(g, x.shape, axis, keepdims), along(out, x.shape, axis, keepdims)
    if order in (None, 2):
        return g * (conj(x) / ones_for_zeros(out))
    if order == 0:
        return np.zeros_like(x)
    if order == 1:
        return g * conj(np.sign(x))
    return g * conj(np.sign(x)) * (np.absolute(x) / ones_for_zeros(out)) ** (order - 1)


def matrix_norm_gradient(g: Cotangent, x: Array, order: Any, axis: tuple[int, int]) -> Array:
    """The gradient of a matrix norm along two axes, g having them too.

    The spectral and nuclear norms go by singular vectors, the others by sums of absolute values.
    """
    rows, columns = (a % x.ndim for a in axis)
    if order in (1, -1, np.inf, -np.inf):
        within, across = (rows, columns) if abs(order) == 1 else (columns, rows)
        sums = np.add.reduce(np.absolute(x), axis=within, keepdims=True)
        out = (np.maximum if order > 0 else np.minimum).reduce(sums, axis=across, keepdims=True)
        return winners(g, sums, out, across, True) * conj(np.sign(x))
    last = np.moveaxis(x, (rows, columns), BOTH)
    u, s, vh = np.linalg.svd(last, full_matrices=False)
    scale = np.moveaxis(g, (rows, columns), BOTH)
    weights = np.sign(s) if order == "nuc" else extreme(s, order)
    return np.moveaxis(scale * of_singular_values(weights, u, s, vh), BOTH, (rows, columns))


def norm_gradient(g: Cotangent, x: Array, out: Array, order: Any, axis: Any, keepdims: bool) -> Array:
    """The gradient of np.linalg.norm: of a vector or a matrix, as order and axis say."""
    axes = axes_of(axis, x.ndim)
    if len(axes) != 2 or order in (None, "fro", "f"):
        return vector_norm_gradient(g, x, out, None if len(axes) == 2 else order, axes, keepdims)
    return matrix_norm_gradient(along(g, x.shape, axes, keepdims), x, order, axes)


def extreme(values: Array, order: int) -> Array:
    """The gradient of the largest (order 2) or smallest (-2) singular value, shared among equal ones."""
    out = (np.maximum if order == 2 else np.minimum).reduce(values, axis=-1, keepdims=True)
    return winners(np.ones_like(out), values, out, -1, True)


def cond_gradient(g: Cotangent, x: Array, out: Array, p: Any) -> Array:
    """The gradient of ‖A‖ ‖A⁻¹‖; in the spectral norm, of the extreme singular values."""
    g, out = real_part(g[..., None, None]), real_part(out)  # NumPy 2.1 has complex numbers of complex x
    if p in (None, 2, -2):
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        over, under = (extreme(s, -2), extreme(s, 2)) if p == -2 else (extreme(s, 2), extreme(s, -2))
        by = (np.maximum if p == -2 else np.minimum).reduce(s, axis=-1, keepdims=True)
        weights = (over - under * out[..., None]) / by
        return g * of_singular_values(weights, u, s, vh)
    inverse = np.linalg.inv(x)
    norm, of_inverse = (np.linalg.norm(a, p, BOTH, True) for a in (x, inverse))
    through = norm_gradient(g * norm, inverse, of_inverse, p, BOTH, True)
    return norm_gradient(g * of_inverse, x, norm, p, BOTH, True) - T(inverse) @ through @ T(inverse)


# fmt: off
derivative(np.linalg.norm,    lambda x, ord=None, axis=None, keepdims=False: np.linalg.norm(x, one(ord), axis, keepdims),
           x=lambda g, x, out, ord, axis, keepdims: norm_gradient(g, x, out, ord, axis, keepdims))
derivative(np.linalg.vector_norm, lambda x, axis=None, keepdims=False, ord=2: np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=one(ord)),
           x=lambda g, x, out, axis, keepdims, ord: vector_norm_gradient(g, x, out, ord, axis, keepdims))
derivative(np.linalg.matrix_norm, lambda x, keepdims=False, ord="fro": np.linalg.matrix_norm(x, keepdims=keepdims, ord=one(ord)),
           x=lambda g, x, out, keepdims, ord: norm_gradient(g, x, out, ord, BOTH, keepdims))
derivative(np.linalg.cond,    lambda x, p=None: np.linalg.cond(x, p),
           x=lambda g, x, out, p: cond_gradient(g, x, out, p))
# fmt: on
