"""Linear algebra: products of inverses, decompositions, determinants and norms; all of them over stacks of matrices.

Three conventions hold here.  NumPy reads one triangle of a matrix that it takes for symmetric (cholesky, eigh,
eigvalsh), so the gradient stands in that triangle, and what is not read gets zeros.  Eigenvectors and singular
vectors of equal values are not unique, as any rotation among them would do: the values have a gradient there, and
so have all other vectors, but a gradient that flows into two vectors of equal values raises LinAlgError in the
backward pass, because how they turn depends on how the values part.  LinAlgError is also what a matrix without
an inverse raises where the derivative does not exist.

References
----------
M. Giles (2008). An extended collection of matrix derivative results for forward and reverse mode AD.
G. Golub, V. Pereyra (1973). The differentiation of pseudo-inverses and nonlinear least squares problems.
I. Murray (2016). Differentiation of the Cholesky decomposition. arXiv:1602.07527
J. Townsend (2016). Differentiating the singular value decomposition.
S. Walter, L. Lehmann (2012). Algorithmic differentiation of linear algebra functions. arXiv:1001.1654
"""

import functools
import math
import operator
from typing import Any

import numpy as np

from ..aliases import Array, Cotangent, Shape
from ..errors import UnsupportedCall
from ..table import composite, constant, derivative, fused, overridable, primitive
from .elementwise import as_arrays, ones_for_zeros
from .reduction import along, axes_of, winners

BOTH = (-2, -1)  # the axes of a matrix, in a stack of them


def T(a: Array) -> Array:
    """The transpose of each matrix in a stack."""
    return np.swapaxes(a, -2, -1)


def as_diagonal(v: Array) -> Array:
    """The diagonal matrix of each vector in a stack."""
    return v[..., None] * np.eye(v.shape[-1], dtype=v.dtype)


# ---- inverses, and what is solved by them --------------------------------------------------------------------


def of_columns(x: Array, b_shape: Shape) -> Array:
    """The right-hand side as a matrix: a single vector, of one axis, is one column."""
    return x[..., None] if len(b_shape) == 1 else x


def solved(a: Array, g: Cotangent, b_shape: Shape) -> Array:
    """The solution for a right-hand side of the kind of b, though with the axes of a stack before it."""
    x = np.linalg.solve(a, of_columns(g, b_shape))
    return x[..., 0] if len(b_shape) == 1 else x


def pinv_gradient(g: Cotangent, a: Array, out: Array, limit: Any, hermitian: bool) -> Array:
    """The transpose of dP = -P dA P + P Pᵀ dAᵀ (I - A P) + (I - P A) dAᵀ Pᵀ P (Golub and Pereyra), at constant rank.

    ``limit`` is the user's own share of the largest singular value up to which one is cut, if there is one: then
    what is cut need not be 0.
    """
    p, gt = out, T(g)
    beside = (gt - a @ (p @ gt)) @ p @ T(p)
    below = T(p) @ p @ (gt - (gt @ p) @ a)
    s = beside + below - T(p) @ g @ T(p)
    s = s if limit is None else s + of_what_is_cut(g, a, limit)
    return triangle(s, True) if hermitian else s


def of_what_is_cut(g: Cotangent, a: Array, limit: Any) -> Array:
    """What singular values that are cut without being 0 add to the gradient of a pseudo-inverse.

    A function f of singular values, here 1/s of those that are kept and 0 of the others, has the differential
    (Uᵀ dFᵀ V)ᵢⱼ = [(fᵢ sᵢ - fⱼ sⱼ) Mᵢⱼ + (fᵢ sⱼ - fⱼ sᵢ) Mⱼᵢ] / (sᵢ² - sⱼ²) with M = Uᵀ dA V.  For a kept sᵢ and
    a cut sⱼ, this less its value at sⱼ = 0, which Golub and Pereyra's formula has, is
    [fᵢ² sⱼ² Mᵢⱼ + fᵢ sⱼ Mⱼᵢ] / (sᵢ² - sⱼ²), and symmetric in i and j; for all other pairs it is 0.
    """
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    kept = s > np.asarray(limit)[..., None] * s[..., :1]
    mixed = kept[..., :, None] & ~kept[..., None, :]
    row, column = s[..., :, None], s[..., None, :]
    ratio = np.where(mixed, column / np.where(mixed, row, 1), 0)  # fᵢ sⱼ
    per_gap = ratio / np.where(mixed, (row - column) * (row + column), 1)
    m = T(vh @ g @ u)
    inner = (per_gap * ratio + T(per_gap * ratio)) * m + (per_gap + T(per_gap)) * T(m)
    return u @ inner @ vh


def limit_given(rcond: Any, rtol: Any) -> Any:
    """The limit of np.linalg.pinv by either of its names, None if it is rounding."""
    return rcond if rtol is np._NoValue else rtol


# ---- determinants --------------------------------------------------------------------------------------------


def cofactors_by_inverse(a: Array) -> Array:
    """The matrix of cofactors, det(A) A⁻ᵀ: the gradient of the determinant."""
    return np.linalg.det(a)[..., None, None] * T(np.linalg.inv(a))


@fused(cofactors_by_inverse)
def cofactors(a: Array) -> Array:
    """The matrix of cofactors, of singular matrices too.

    For A = U S Vᵀ they are det(U) det(V) U S* Vᵀ, where S* has in each place the product of all other singular
    values.
    """
    u, s, vh = np.linalg.svd(a)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)  # (…, n)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return (sign[..., None, None] * (u * others[..., None, :]) @ vh).astype(a.dtype, copy=False)


# ---- decompositions ------------------------------------------------------------------------------------------


def triangle(s: Array, lower: bool) -> Array:
    """The gradient of a function that reads one triangle, from what it would be if both triangles were free."""
    n, dtype = s.shape[-1], s.dtype
    read = np.tri(n, dtype=dtype) - np.eye(n, dtype=dtype) / 2  # each entry below the diagonal stands for two
    return (s + T(s)) * (read if lower else read.T)


def cholesky_gradient(g: Cotangent, out: Array, upper: bool) -> Array:
    """The symmetric L⁻ᵀ Φ(Lᵀ G) L⁻¹, where Φ takes the lower triangle with half of the diagonal (Murray)."""
    factor, g = (T(out), T(g)) if upper else (out, g)
    n, dtype = factor.shape[-1], factor.dtype
    half = (T(factor) @ g) * (np.tri(n, dtype=dtype) - np.eye(n, dtype=dtype) / 2)
    s = T(np.linalg.solve(T(factor), T(np.linalg.solve(T(factor), half))))
    return triangle(s, not upper)


def equal(values: Array) -> Array:
    """Which values are equal, or differ by no more than rounding: in row i, column j ≠ i whether the i-th and j-th are."""
    difference = values[..., None, :] - values[..., :, None]
    rounding = np.add.reduce(np.absolute(values), axis=-1)[..., None, None] * (
        16 * np.finfo(values.dtype).eps
    )
    return (np.absolute(difference) <= rounding) & ~np.eye(values.shape[-1], dtype=bool)


@overridable
def zeros_there(m: Array, mask: Array) -> Array:
    """m, which must be 0 already where the mask is."""
    if np.any(mask & (m != 0)):
        raise np.linalg.LinAlgError(
            "Eigenvectors or singular vectors of equal values, or singular vectors of the value 0, have no derivative: "
            "they are not unique.\n"
            "  Use the values alone, or vectors of values that are single; of A itself, for example, "
            "np.linalg.matrix_power, np.linalg.pinv and np.linalg.norm have a derivative."
        )
    return np.where(mask, 0, m)


@primitive(m=lambda g, mask: np.where(mask, 0, g))
def unique(m: Array, mask: Array) -> Any:
    """The gradient of vectors, of which those in the mask have none: m, or LinAlgError."""
    return zeros_there(m, mask)


def per_gap(m: Array, values: Array) -> Array:
    """m / (wⱼ - wᵢ) in row i, column j, 0 on the diagonal and where both values are equal."""
    difference = values[..., None, :] - values[..., :, None]
    alike = equal(values) | np.eye(values.shape[-1], dtype=bool)
    return np.where(alike, 0, m / np.where(alike, 1, difference))


def eigh_gradient(g: Cotangent, out: Array, uplo: str) -> Array:
    """V (diag(g_w) + F ∘ Vᵀ g_V) Vᵀ, with Fᵢⱼ = 1 / (wⱼ - wᵢ), in the triangle that is read (Giles, 3.1)."""
    (gw, gv), (w, v) = g, out
    turned = per_gap(unique(T(v) @ gv, equal(w)), w)
    return triangle(v @ (as_diagonal(gw) + turned) @ T(v), uplo in "lL")


def of_eigenvalues(g: Cotangent, v: Array, uplo: str) -> Array:
    """The part of the eigenvalues in `eigh_gradient`."""
    return triangle((v * g[..., None, :]) @ T(v), uplo in "lL")


def svd_gradient(g: Cotangent, out: Array) -> Array:
    """The gradient of A = U S Vᵀ (Townsend): U [diag(g_S) + X] Vᵀ, and what leaves the spaces of U and V.

    With the skew A = Uᵀ g_U - g_Uᵀ U and B = Vᵀ g_V - g_Vᵀ V, X is (Aᵢⱼ sⱼ + sᵢ Bᵢⱼ) / (sⱼ² - sᵢ²), which is
    ½ (A + B)ᵢⱼ / (sⱼ - sᵢ) + ½ (A - B)ᵢⱼ / (sⱼ + sᵢ).  What leaves the spaces, where one of them is not all, is
    (I - U Uᵀ) g_U S⁻¹ Vᵀ + U S⁻¹ g_Vᵀ (I - V Vᵀ).
    """
    (gu, gs, gvh), (u, s, vh) = g, out
    uu, vv = T(u) @ gu, vh @ T(gvh)
    a, b = (x - T(x) for x in (unique(x, equal(s)) for x in (uu, vv)))
    inner = as_diagonal(gs) + per_gap((a + b) / 2, s)
    inner = inner + (a - b) / 2 / ones_for_zeros(s[..., None, :] + s[..., :, None])
    total = u @ inner @ vh
    zero = (s <= np.add.reduce(s, axis=-1, keepdims=True) * (16 * np.finfo(s.dtype).eps))[..., None, :]
    inverse = 1 / np.where(zero, 1, s[..., None, :])
    m, n = u.shape[-2], vh.shape[-1]
    if m > n:
        total = total + (unique(gu - u @ uu, zero) * inverse) @ vh
    if n > m:
        total = total + u @ T(unique(T(gvh) - T(vh) @ vv, zero) * inverse)
    return total


def of_singular_values(g: Cotangent, u: Array, s: Array, vh: Array) -> Array:
    """The part of the singular values in `svd_gradient`."""
    return (u * g[..., None, :]) @ vh


@primitive(a=lambda g, out: svd_gradient(g, out))
def thin_svd(a: Array) -> Any:
    """The singular value decomposition with as many singular vectors as there are singular values."""
    return np.linalg.svd(a, full_matrices=False)


def square_qr(gq: Cotangent, gr: Cotangent, q: Array, r: Array) -> Array:
    """(g_Q + Q M) R⁻ᵀ, where M is symmetric with the lower triangle of R g_Rᵀ - g_Qᵀ Q (Walter and Lehmann)."""
    m = r @ T(gr) - T(gq) @ q
    lower = np.tril(m, -1)
    b = gq + q @ (np.tril(m) + T(lower))
    return T(np.linalg.solve(r, T(b)))


def qr_gradient(g: Cotangent, a: Array, out: Array) -> Array:
    """The gradient of A = Q R.  A wide A is [X Y] = Q [U V]: X has the decomposition Q U, and V = Qᵀ Y."""
    (gq, gr), (q, r), (m, n) = g, out, a.shape[-2:]
    if m >= n:
        return square_qr(gq, gr, q, r)
    gv, y = gr[..., m:], a[..., m:]
    x = square_qr(gq + y @ T(gv), gr[..., :m], q, r[..., :m])
    return np.concatenate([x, q @ gv], axis=-1)


@primitive(a=lambda g, a, out: qr_gradient(g, a, out))
def reduced_qr(a: Array) -> Any:
    """The decomposition A = Q R in which Q has no more columns than A."""
    return np.linalg.qr(a)


# ---- norms ---------------------------------------------------------------------------------------------------


def one(order: Any) -> Any:
    """The order of a norm, or a limit, where NumPy lets a list of them pass at times."""
    if np.ndim(order):
        raise UnsupportedCall(
            f"np.linalg's norms and limits are differentiated for one at a time; got {order!r:.60}."
        )
    return order


def vector_norm_gradient(g: Cotangent, x: Array, out: Array, order: Any, axis: Any, keepdims: bool) -> Array:
    """The gradient of (Σ |x|ᵖ)^(1/p): sign(x) (|x| / norm)^(p-1), and 0 where the norm is 0.

    The norms of order ∞ and -∞ are the largest and the smallest absolute value, shared evenly among equal
    ones; that of order 0 counts.
    """
    if order in (np.inf, -np.inf):
        return winners(g, np.absolute(x), out, axis, keepdims) * np.sign(x)
    g, out = along(g, x.shape, axis, keepdims), along(out, x.shape, axis, keepdims)
    if order in (None, 2):
        return g * (x / ones_for_zeros(out))
    if order == 0:
        return np.zeros_like(x)
    if order == 1:
        return g * np.sign(x)
    return g * np.sign(x) * (np.absolute(x) / ones_for_zeros(out)) ** (order - 1)


def matrix_norm_gradient(g: Cotangent, x: Array, order: Any, axis: tuple[int, int]) -> Array:
    """The gradient of a matrix norm along two axes, g having them too.

    The spectral and nuclear norms go by singular vectors, the others by sums of absolute values.
    """
    rows, columns = (a % x.ndim for a in axis)
    if order in (1, -1, np.inf, -np.inf):
        within, across = (rows, columns) if abs(order) == 1 else (columns, rows)
        sums = np.add.reduce(np.absolute(x), axis=within, keepdims=True)
        out = (np.maximum if order > 0 else np.minimum).reduce(sums, axis=across, keepdims=True)
        return winners(g, sums, out, across, True) * np.sign(x)
    last = np.moveaxis(x, (rows, columns), BOTH)
    u, s, vh = np.linalg.svd(last, full_matrices=False)
    scale = np.moveaxis(g, (rows, columns), BOTH)
    weights = np.sign(s) if order == "nuc" else extreme(s, order)
    return np.moveaxis(scale * ((u * weights[..., None, :]) @ vh), BOTH, (rows, columns))


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
    """The gradient of ‖A‖ ‖A⁻¹‖; in the spectral norm that is the largest singular value over the smallest."""
    g = g[..., None, None]
    if p in (None, 2, -2):
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        over, under = (extreme(s, -2), extreme(s, 2)) if p == -2 else (extreme(s, 2), extreme(s, -2))
        by = (np.maximum if p == -2 else np.minimum).reduce(s, axis=-1, keepdims=True)
        weights = (over - under * out[..., None]) / by
        return g * ((u * weights[..., None, :]) @ vh)
    inverse = np.linalg.inv(x)
    norm, of_inverse = (np.linalg.norm(a, p, BOTH, True) for a in (x, inverse))
    through = norm_gradient(g * norm, inverse, of_inverse, p, BOTH, True)
    return norm_gradient(g * of_inverse, x, norm, p, BOTH, True) - T(inverse) @ through @ T(inverse)


# ---- least squares -------------------------------------------------------------------------------------------


def rank_limit(a: Array, x: Array, rcond: float | None) -> float:
    """The share of the largest singular value up to which np.linalg.lstsq takes one for 0."""
    eps = float(np.finfo(x.dtype).eps)
    if rcond is None:
        return eps * max(a.shape)
    return rcond if 0 < rcond < 1 else eps  # as LAPACK's gelsd has it


def lstsq_gradient(g: Cotangent, a: Array, b: Array, out: Array, rcond: float | None) -> Array:
    """The gradient of x = P b, where P is the pseudo-inverse of A; of |r|², where r = b - A x; and of A's singular values.

    What P's derivative (`pinv_gradient`) makes of b is -Pᵀ g xᵀ + r (P Pᵀ g)ᵀ + Pᵀ x ((I - P A) g)ᵀ.  As r is
    orthogonal to the columns of A, that of |r|² is -2 r xᵀ.
    """
    (g, gr, _, gs), (x, squares, _, _), (a, b) = g, out, as_arrays(a, b)
    p = np.linalg.pinv(a, rtol=rank_limit(a, x, rcond))
    g, x, b = (of_columns(v, v.shape) for v in (g, x, b))  # (n, k), (n, k), (m, k)
    r, back = b - a @ x, T(p) @ g  # (m, k)
    total = r @ T(p @ back) + (T(p) @ x) @ T(g - p @ (a @ g)) - back @ T(x)
    total = total + of_singular_values(gs, *np.linalg.svd(a, full_matrices=False))
    if rcond is not None and 0 < rcond < 1:
        total = total + of_what_is_cut(g @ T(b), a, rcond)
    return total - (2 * gr * r) @ T(x) if squares.size else total


def lstsq_gradient_of_b(g: Cotangent, a: Array, b: Array, out: Array, rcond: float | None) -> Array:
    """Pᵀ g, and 2 r of |r|²."""
    (g, gr, _, _), (x, squares, _, _), (a, b) = g, out, as_arrays(a, b)
    total = T(np.linalg.pinv(a, rtol=rank_limit(a, x, rcond))) @ g
    return total + 2 * gr * (b - a @ x) if squares.size else total


# ---- tensors as matrices -------------------------------------------------------------------------------------


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
    return np.transpose(np.reshape(product, [a.shape[i] for i in order]), np.argsort(order))


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
           a=lambda g, a: g[1][..., None, None] * T(np.linalg.inv(a)))
derivative(np.linalg.cholesky, lambda a, upper=False: np.linalg.cholesky(a, upper=upper),
           a=lambda g, out, upper: cholesky_gradient(g, out, upper))
derivative(np.linalg.eigh,    lambda a, UPLO="L": np.linalg.eigh(a, UPLO),
           a=lambda g, out, UPLO: eigh_gradient(g, out, UPLO))
derivative(np.linalg.eigvalsh, lambda a, UPLO="L": np.linalg.eigvalsh(a, UPLO),
           a=lambda g, a, UPLO: of_eigenvalues(g, np.linalg.eigh(a, UPLO)[1], UPLO))
derivative(np.linalg.svdvals, lambda x: np.linalg.svdvals(x),
           x=lambda g, x: of_singular_values(g, *np.linalg.svd(x, full_matrices=False)))
derivative(np.linalg.norm,    lambda x, ord=None, axis=None, keepdims=False: np.linalg.norm(x, one(ord), axis, keepdims),
           x=lambda g, x, out, ord, axis, keepdims: norm_gradient(g, x, out, ord, axis, keepdims))
derivative(np.linalg.vector_norm, lambda x, axis=None, keepdims=False, ord=2: np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=one(ord)),
           x=lambda g, x, out, axis, keepdims, ord: vector_norm_gradient(g, x, out, ord, axis, keepdims))
derivative(np.linalg.matrix_norm, lambda x, keepdims=False, ord="fro": np.linalg.matrix_norm(x, keepdims=keepdims, ord=one(ord)),
           x=lambda g, x, out, keepdims, ord: norm_gradient(g, x, out, ord, BOTH, keepdims))
derivative(np.linalg.cond,    lambda x, p=None: np.linalg.cond(x, one(p)),
           x=lambda g, x, out, p: cond_gradient(g, x, out, p))
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


@composite(np.linalg.svd)
def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    if hermitian:
        return _svd_of_symmetric(a, compute_uv)
    if not compute_uv:
        return np.linalg.svdvals(a)
    if full_matrices and a.ndim > 1 and a.shape[-1] != a.shape[-2]:
        raise UnsupportedCall(
            f"np.linalg.svd of matrices of shape {a.shape[-2:]} cannot be differentiated with full_matrices=True: "
            "singular vectors without a singular value are not unique.\n"
            "  Take full_matrices=False or, for the singular values alone, np.linalg.svdvals."
        )
    return thin_svd(a)


def _svd_of_symmetric(a: Any, compute_uv: bool) -> Any:
    """By eigenvalues, whose absolute values are the singular ones, the largest first."""
    w, v = np.linalg.eigh(a)
    s = np.absolute(w)
    order = np.flip(np.argsort(s, axis=-1), -1)
    s = np.take_along_axis(s, order, axis=-1)
    if not compute_uv:
        return s
    u = np.take_along_axis(v, order[..., None, :], axis=-1)
    sign = np.take_along_axis(np.sign(w), order, axis=-1)
    return _namedtuple(np.linalg.svd)(u, s, T(u * sign[..., None, :]))


def _namedtuple(function: Any) -> Any:
    """The class of what a decomposition returns, which has no public name."""
    return type(function(np.eye(1)))


@composite(np.linalg.qr)
def _qr(a: Any, mode: str = "reduced") -> Any:
    if mode == "complete" and a.ndim > 1 and a.shape[-2] > a.shape[-1]:
        raise UnsupportedCall(
            "np.linalg.qr(…, mode='complete') of a tall matrix has columns in Q that are not unique; take 'reduced'."
        )
    if not isinstance(mode, str) or mode not in ("reduced", "complete", "r"):
        raise UnsupportedCall(
            f"np.linalg.qr(…, mode={mode!r}) has no derivative rule; take 'reduced' or 'r'."
        )
    return reduced_qr(a)[1] if mode == "r" else reduced_qr(a)


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
    """The factors, those of a chain on the cheaper side multiplied first: from the right for a vector at the end."""
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
    expected = np.cross(
        *(np.zeros(x.shape, x.dtype) for x in (a, b)), axisa, axisb, axisc
    )  # NumPy's own word
    a, b = (
        [*np.moveaxis(x, place, 0), 0][:3] for x, place in ((a, axisa), (b, axisb))
    )  # vectors of 2 lie in a plane
    turns = [(1, 2), (2, 0), (0, 1)]
    products = [a[i] * b[j] - a[j] * b[i] for i, j in turns]
    if expected.ndim < np.ndim(products[2]) + 1:  # of two vectors in a plane, the third component alone
        return products[2]
    return np.moveaxis(np.stack(np.broadcast_arrays(*products)), 0, axisc)


@composite(np.linalg.cross)
def _linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    np.linalg.cross(*(np.zeros(np.shape(x)) for x in (x1, x2)), axis=axis)
    return np.cross(x1, x2, axis=axis)
