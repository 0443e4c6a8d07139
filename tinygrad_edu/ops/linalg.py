"""Linear algebra: products of inverses, determinants, least squares; all of them over stacks of matrices.

A matrix that has no inverse raises LinAlgError in the backward pass where the derivative does not exist.

References
----------
G. Golub, V. Pereyra (1973). The differentiation of pseudo-inverses and nonlinear least squares problems.
"""

import functools
import math
import operator
from typing import Any

import numpy as np

from ..aliases import Array, Cotangent, Shape
from ..foreign import beside
from ..table import composite, constant, derivative, fused, primitive
from .decomposition import H, T, conj, lower_half, of_singular_values, triangle
from .elementwise import as_arrays
from .norm import one
from .parts import complex_of

# ---- inverses, and what is solved by them ------------------------------------------------------------------


def of_columns(x: Array, b_shape: Shape) -> Array:
    """The right-hand side as a matrix: a single vector, of one axis, is one column."""
    return x[..., None] if len(b_shape) == 1 else x


def solved(a: Array, g: Cotangent, b_shape: Shape) -> Array:
    """The solution for a right-hand side of the kind of b, though with the axes of a stack before it."""
    x = np.linalg.solve(a, of_columns(g, b_shape))
    return x[..., 0] if len(b_shape) == 1 else x


def pinv_gradient(g: Cotangent, a: Array, out: Array, limit: Any, hermitian: bool) -> Array:
    """The transpose of dP = -P dA P + P Pᴴ dAᴴ (I - A P) + (I - P A) dAᴴ Pᴴ P (Golub and Pereyra), at
    constant rank.  As Re tr M dAᴴ is Re tr Mᴴ dA, what comes of the terms with dAᴴ is conjugated.

    ``limit`` is the user's own share of the largest singular value up to which one is cut, if there is one:
    then what is cut need not be 0.
    """
    p, gt, a = out, T(g), as_read(a) if hermitian else a
    beside = (gt - a @ (p @ gt)) @ p @ H(p)
    below = H(p) @ p @ (gt - (gt @ p) @ a)
    s = conj(beside + below) - T(p) @ g @ T(p)
    s = s if limit is None else s + of_what_is_cut(g, a, limit)
    return triangle(s, True) if hermitian else s


def as_read(a: Array) -> Array:
    """The Hermitian matrix of which the lower triangle is read."""
    half = a * lower_half(a)
    return half + H(half)


def of_what_is_cut(g: Cotangent, a: Array, limit: Any) -> Array:
    """What singular values that are cut without being 0 add to the gradient of a pseudo-inverse.

    A function f of singular values, here 1/s of those that are kept and 0 of the others, has the differential
    (Uᴴ dFᴴ V)ᵢⱼ = [(fᵢ sᵢ - fⱼ sⱼ) Mᵢⱼ + (fᵢ sⱼ - fⱼ sᵢ) M̄ⱼᵢ] / (sᵢ² - sⱼ²) with M = Uᴴ dA V.  For a kept sᵢ
    and a cut sⱼ, this less its value at sⱼ = 0, which Golub and Pereyra's formula has, is [fᵢ² sⱼ² Mᵢⱼ + fᵢ
    sⱼ M̄ⱼᵢ] / (sᵢ² - sⱼ²), and symmetric in i and j; for all other pairs it is 0.
    """
    u, s, vh = np.linalg.svd(conj(a), full_matrices=False)
    kept = s > beside(np.asarray(limit)[..., None], s) * s[..., :1]
    mixed = kept[..., :, None] & ~kept[..., None, :]
    row, column = s[..., :, None], s[..., None, :]
    ratio = np.where(mixed, column / np.where(mixed, row, 1), 0)  # fᵢ sⱼ
    per_gap = ratio / np.where(mixed, (row - column) * (row + column), 1)
    m = T(vh @ g @ u)
    inner = (per_gap * ratio + T(per_gap * ratio)) * conj(m) + (per_gap + T(per_gap)) * T(m)
    return u @ inner @ vh


def limit_given(rcond: Any, rtol: Any) -> Any:
    """The limit of np.linalg.pinv by either of its names, None if it is rounding."""
    return rcond if rtol is np._NoValue else rtol


# ---- determinants ------------------------------------------------------------------------------------------


def minors_by_inverse(g: Cotangent, a: Array) -> Array:
    """The gradient of Σ g · cofactors(A): of a regular A it is det A (Σ(g · A⁻ᵀ) A⁻ᵀ - A⁻ᵀ gᵀ A⁻ᵀ)."""
    inverse = T(np.linalg.inv(a))
    along = np.sum(g * inverse, axis=(-2, -1), keepdims=True)
    return np.linalg.det(a)[..., None, None] * (along * inverse - inverse @ T(g) @ inverse)


@fused(minors_by_inverse)
def minors(g: Cotangent, a: Array) -> Array:
    """The gradient of Σ g · cofactors(A), of singular matrices too; a third derivative needs a regular A.

    cofactors(P X Q) = det(P) det(Q) P⁻ᵀ cofactors(X) Q⁻ᵀ takes A = U S Vᴴ to S, which is diagonal.  There,
    the cofactor of a place i on the diagonal moves with each other place k on it, and that of (k, l) beside
    it against (l, k), both by the product of all singular values but the two.
    """
    u, s, vh, sign, finite = _by_svd(a)
    eye = beside(np.eye(s.shape[-1], dtype=bool), s)
    others = np.prod(np.where(eye[:, None] | eye, 1, s[..., None, None, :]), axis=-1)  # (…, n, n)
    turned = H(u) @ np.where(finite, g, 0) @ H(vh)
    diagonal = np.where(eye, 0, others) @ np.diagonal(turned, axis1=-2, axis2=-1)[..., None]
    moved = np.where(eye, diagonal, -others * T(turned))
    return _from_svd(u, moved, vh, sign, finite)


@primitive(a=lambda g, a: minors(g, a))
def cofactors(a: Array) -> Array:
    """The matrix of cofactors, det(A) A⁻ᵀ, the gradient of the determinant; of singular matrices too.

    For A = U S Vᴴ they are det(U) det(Vᴴ) times the conjugate of U S* Vᴴ, where S* has in each place the
    product of all other singular values.
    """
    u, s, vh, sign, finite = _by_svd(a)
    eye = beside(np.eye(s.shape[-1], dtype=bool), s)
    others = np.prod(np.where(eye, 1, s[..., None, :]), axis=-1)  # (…, n)
    return _from_svd(u, np.where(eye, others[..., None], 0), vh, sign, finite)


def _by_svd(a: Array) -> tuple[Array, ...]:
    """U, S, Vᴴ, det(U) det(Vᴴ), and whether a matrix is finite: of others nothing is known."""
    finite = np.all(np.isfinite(a), axis=(-2, -1), keepdims=True)
    u, s, vh = np.linalg.svd(np.where(finite, a, 0))
    return u, s, vh, (np.linalg.det(u) * np.linalg.det(vh))[..., None, None], finite


def _from_svd(u: Array, x: Array, vh: Array, sign: Array, finite: Array) -> Array:
    """What is x at the singular values, at A."""
    return np.where(finite, sign * (conj(u) @ x @ conj(vh)), np.nan)


def slogdet_gradient(g: Cotangent, a: Array, out: Array) -> Array:
    """The gradient of sign and log |det|, by d log det = tr A⁻¹ dA: its real part moves log |det|, and the
    imaginary one turns the sign, by i · sign; that of a real matrix is locally constant.
    """
    (of_sign, weight), (sign, _) = g, out
    if a.dtype.kind == "c":
        weight = complex_of(np.real(weight), np.imag(of_sign * sign))
    return weight[..., None, None] * T(np.linalg.inv(a))


# ---- least squares -----------------------------------------------------------------------------------------


def rank_limit(a: Array, x: Array, rcond: float | None) -> float:
    """The share of the largest singular value up to which np.linalg.lstsq takes one for 0."""
    eps = np.finfo(x.dtype).eps
    if rcond is None:
        return eps * max(a.shape)
    return rcond if 0 < rcond < 1 else eps  # as LAPACK's gelsd has it


def lstsq_gradient(g: Cotangent, a: Array, b: Array, out: Array, rcond: float | None) -> Array:
    """The gradient of x = P b, where P is the pseudo-inverse of A; of |r|², where r = b - A x; and of A's
    singular values.

    What P's derivative (`pinv_gradient`) makes of b is -Pᵀ g xᵀ, and the conjugate of
    r gᵀ P Pᴴ + Pᴴ x gᵀ (I - P A).  As r is orthogonal to the columns of A, that of |r|² is -2 r̄ xᵀ.
    """
    (g, gr, _, gs), (x, squares, _, _), (a, b) = g, out, as_arrays(a, b)
    p = np.linalg.pinv(a, rtol=rank_limit(a, x, rcond))
    g, x, b = (of_columns(v, v.shape) for v in (g, x, b))  # (n, k), (n, k), (m, k)
    r, back = b - a @ x, T(p) @ g  # (m, k)
    total = conj(r @ T(conj(p) @ back) + (H(p) @ x) @ T(g - T(a) @ back)) - back @ T(x)
    total = total + of_singular_values(gs, *np.linalg.svd(a, full_matrices=False))
    if rcond is not None and 0 < rcond < 1:
        total = total + of_what_is_cut(g @ T(b), a, rcond)
    return total - (2 * gr * conj(r)) @ T(x) if squares.size else total


def lstsq_gradient_of_b(g: Cotangent, a: Array, b: Array, out: Array, rcond: float | None) -> Array:
    """Pᵀ g, and 2 r̄ of |r|²."""
    (g, gr, _, _), (x, squares, _, _), (a, b) = g, out, as_arrays(a, b)
    total = T(np.linalg.pinv(a, rtol=rank_limit(a, x, rcond))) @ g
    return total + 2 * gr * conj(b - a @ x) if squares.size else total


# ---- tensors as matrices -----------------------------------------------------------------------------------


def tensorinv_gradient(g: Cotangent, a_shape: Shape, out: Array) -> Array:
    """The gradient of an inverse, of tensors that are square once axes are joined."""
    side = math.isqrt(math.prod(a_shape))
    g, out = np.reshape(g, (side, side)), np.reshape(out, (side, side))
    return np.reshape(-(T(out) @ g @ T(out)), a_shape)


def last(axes: Any, ndim: int) -> list[int]:
    """The order of axes that has those that np.linalg.tensorsolve sums over at the end."""
    return [i for i in range(ndim) if i not in (axes or ())] + list(axes or ())


def tensorsolve_gradient(g: Cotangent, a: Array, b_shape: Shape, axes: Any) -> Array:
    """The solution with the transposed tensor, of the shape of b."""
    side, (a,) = math.prod(b_shape), as_arrays(a)
    matrix = np.reshape(np.transpose(a, last(axes, a.ndim)), (side, side))
    return np.reshape(np.linalg.solve(T(matrix), np.reshape(g, side)), b_shape)


def tensorsolve_gradient_of_a(g: Cotangent, a: Array, b_shape: Shape, out: Array, axes: Any) -> Array:
    """Minus the outer product of b's gradient and the solution, its axes where a has them."""
    order, back = last(axes, a.ndim), tensorsolve_gradient(g, a, b_shape, axes)
    product = -np.reshape(back, (-1, 1)) * np.reshape(out, -1)
    return np.transpose(np.reshape(product, [a.shape[i] for i in order]), np.argsort(order).tolist())


# fmt: off
derivative(np.linalg.inv,     lambda a: np.linalg.inv(a),
           a=lambda g, out: -(T(out) @ g @ T(out)))
derivative(np.linalg.pinv,    lambda a, rcond=None, hermitian=False, *, rtol=np._NoValue: np.linalg.pinv(a, rcond, hermitian, rtol=rtol),
           a=lambda g, a, out, rcond, hermitian, rtol: pinv_gradient(g, a, out, limit_given(rcond, rtol), hermitian))
derivative(np.linalg.solve,   lambda a, b: np.linalg.solve(a, b), broadcasts=True,
           a=lambda g, a, b_shape, out: -of_columns(solved(T(a), g, b_shape), b_shape) @ T(of_columns(out, b_shape)),
           b=lambda g, a, b_shape: solved(T(a), g, b_shape))
derivative(np.linalg.det,     lambda a: np.linalg.det(a),
           a=lambda g, a: g[..., None, None] * cofactors(a))
derivative(np.linalg.slogdet, lambda a: np.linalg.slogdet(a),
           a=lambda g, a, out: slogdet_gradient(g, a, out))
derivative(np.linalg.lstsq,   lambda a, b, rcond=None: np.linalg.lstsq(a, b, one(rcond)),
           a=lambda g, a, b, out, rcond: lstsq_gradient(g, a, b, out, rcond),
           b=lambda g, a, b, out, rcond: lstsq_gradient_of_b(g, a, b, out, rcond))
derivative(np.linalg.tensorinv, lambda a, ind=2: np.linalg.tensorinv(a, ind),
           a=lambda g, a_shape, out: tensorinv_gradient(g, a_shape, out))
derivative(np.linalg.tensorsolve, lambda a, b, axes=None: np.linalg.tensorsolve(a, b, axes),
           a=lambda g, a, b_shape, out, axes: tensorsolve_gradient_of_a(g, a, b_shape, out, axes),
           b=lambda g, a, b_shape, axes: tensorsolve_gradient(g, a, b_shape, axes))
# fmt: on
constant(np.linalg.matrix_rank)


@composite(np.linalg.matrix_power)
def _matrix_power(a: Any, n: int) -> Any:
    n = operator.index(n)
    identity = np.linalg.matrix_power(np.zeros(a.shape, a.dtype), 0)  # and NumPy's own word on the shape
    if n == 0:
        return np.where(False, a, identity)
    base, n = (np.linalg.inv(a), -n) if n < 0 else (a, n)
    power = None
    while n:  # by squares, as NumPy does
        if n % 2:
            power = base if power is None else power @ base
        n //= 2
        base = base @ base if n else base
    return power


@composite(np.linalg.multi_dot)
def _multi_dot(arrays: Any, *, out: None = None) -> Any:
    np.linalg.multi_dot([np.zeros(np.shape(a)) for a in arrays])  # NumPy's own word on the shapes
    return functools.reduce(np.dot, _cheapest(list(arrays)))


def _cheapest(arrays: list[Any]) -> list[Any]:
    """The factors, those of a chain on the cheaper side multiplied first: from the right for a vector at the
    end.
    """
    if len(arrays) > 2 and np.size(arrays[-1]) < np.size(arrays[0]):
        return [arrays[0], functools.reduce(lambda right, left: np.dot(left, right), reversed(arrays[1:]))]
    return arrays


@composite(np.linalg.diagonal)
def _diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return np.diagonal(x, offset, -2, -1)


@composite(np.linalg.trace)
def _trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return np.trace(x, offset, -2, -1, dtype)


@composite(np.cross)
def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    a, b = as_arrays(a, b)
    if axis is not None:
        axisa = axisb = axisc = axis
    # NumPy's own word.
    expected = np.cross(*(np.zeros(x.shape, x.dtype) for x in (a, b)), axisa, axisb, axisc)
    # A vector of two components lies in a plane: its third component is 0.
    a, b = ([*np.moveaxis(x, place, 0), 0][:3] for x, place in ((a, axisa), (b, axisb)))
    turns = [(1, 2), (2, 0), (0, 1)]
    products = [a[i] * b[j] - a[j] * b[i] for i, j in turns]
    if expected.ndim < np.ndim(products[2]) + 1:  # of two vectors in a plane, the third component alone
        return products[2]
    return np.moveaxis(np.stack(np.broadcast_arrays(*products)), 0, axisc)


@composite(np.linalg.cross)
def _linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    np.linalg.cross(*(np.zeros(np.shape(x)) for x in (x1, x2)), axis=axis)
    return np.cross(x1, x2, axis=axis)
