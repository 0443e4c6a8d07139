"""Linear algebra: products of inverses, decompositions, determinants and norms; all of them over stacks of matrices.

Three conventions hold here.  NumPy reads one triangle of a matrix that it takes for symmetric (cholesky, eigh,
eigvalsh), so the gradient stands in that triangle, and what is not read gets zeros.  Eigenvectors and singular
vectors of equal values are not unique, as any rotation among them would do: what depends on them in a way that
is well defined gets the right gradient, and the rotation itself none.  A matrix that has no inverse raises
LinAlgError in the backward pass where the derivative does not exist.

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
from ..table import composite, constant, derivative, fused, primitive
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


def pinv_gradient(g: Cotangent, a: Array, out: Array, hermitian: bool) -> Array:
    """The transpose of dP = -P dA P + P Pᵀ dAᵀ (I - A P) + (I - P A) dAᵀ Pᵀ P (Golub and Pereyra), at constant rank."""
    p, gt = out, T(g)
    beside = (gt - a @ (p @ gt)) @ p @ T(p)
    below = T(p) @ p @ (gt - (gt @ p) @ a)
    s = beside + below - T(p) @ g @ T(p)
    return triangle(s, True) if hermitian else s


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


def gaps(values: Array) -> Array:
    """1 / (wⱼ - wᵢ) in row i, column j; 0 where both are equal, or differ by no more than rounding."""
    difference = values[..., None, :] - values[..., :, None]
    rounding = np.max(np.absolute(values), axis=-1, initial=0)[..., None, None] * np.finfo(values.dtype).eps
    equal = np.absolute(difference) <= values.shape[-1] * rounding
    return np.where(equal, 0, 1 / np.where(equal, 1, difference))


def eigh_gradient(g: Cotangent, out: Array, uplo: str) -> Array:
    """V (diag(g_w) + F ∘ Vᵀ g_V) Vᵀ, with F = `gaps`, in the triangle that is read (Giles, 3.1)."""
    (gw, gv), (w, v) = g, out
    return triangle(v @ (as_diagonal(gw) + gaps(w) * (T(v) @ gv)) @ T(v), uplo in "lL")


def of_eigenvalues(g: Cotangent, v: Array, uplo: str) -> Array:
    """The part of the eigenvalues in `eigh_gradient`."""
    return triangle((v * g[..., None, :]) @ T(v), uplo in "lL")


def svd_gradient(g: Cotangent, out: Array) -> Array:
    """The gradient of A = U S Vᵀ (Townsend), in which F = `gaps` of the squares of S.

    U [diag(g_S) + (F ∘ (Uᵀ g_U - g_Uᵀ U)) S + S (F ∘ (Vᵀ g_V - g_Vᵀ V))] Vᵀ, and what leaves the spaces of U
    and V: (I - U Uᵀ) g_U S⁻¹ Vᵀ + U S⁻¹ g_Vᵀ (I - V Vᵀ).
    """
    (gu, gs, gvh), (u, s, vh) = g, out
    f, row, inverse = gaps(np.square(s)), s[..., None, :], (1 / ones_for_zeros(s))[..., None, :]
    uu, vv = T(u) @ gu, vh @ T(gvh)
    inner = as_diagonal(gs) + f * (uu - T(uu)) * row + T(row) * (f * (vv - T(vv)))
    beyond_u = ((gu - u @ uu) * inverse) @ vh
    beyond_v = u @ (T(inverse) * (gvh - T(vv) @ vh))
    return u @ inner @ vh + beyond_u + beyond_v


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
    if order == "nuc":
        weights = np.sign(s)
    else:
        extreme = (np.maximum if order == 2 else np.minimum).reduce(s, axis=-1, keepdims=True)
        weights = winners(np.ones_like(extreme), s, extreme, -1, True)
    return np.moveaxis(scale * ((u * weights[..., None, :]) @ vh), BOTH, (rows, columns))


def norm_gradient(g: Cotangent, x: Array, out: Array, order: Any, axis: Any, keepdims: bool) -> Array:
    """The gradient of np.linalg.norm: of a vector or a matrix, as order and axis say."""
    axes = axes_of(axis, x.ndim)
    if len(axes) != 2 or order in (None, "fro", "f"):
        return vector_norm_gradient(g, x, out, None if len(axes) == 2 else order, axes, keepdims)
    return matrix_norm_gradient(along(g, x.shape, axes, keepdims), x, order, axes)


# fmt: off
derivative(np.linalg.inv,     lambda a: np.linalg.inv(a),
           a=lambda g, out: -(T(out) @ g @ T(out)))
derivative(np.linalg.pinv,    lambda a, rcond=None, hermitian=False, *, rtol=np._NoValue: np.linalg.pinv(a, rcond, hermitian, rtol=rtol),
           a=lambda g, a, out, hermitian: pinv_gradient(g, a, out, hermitian))
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
derivative(np.linalg.norm,    lambda x, ord=None, axis=None, keepdims=False: np.linalg.norm(x, ord, axis, keepdims),
           x=lambda g, x, out, ord, axis, keepdims: norm_gradient(g, x, out, ord, axis, keepdims))
derivative(np.linalg.vector_norm, lambda x, axis=None, keepdims=False, ord=2: np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord),
           x=lambda g, x, out, axis, keepdims, ord: vector_norm_gradient(g, x, out, ord, axis, keepdims))
derivative(np.linalg.matrix_norm, lambda x, keepdims=False, ord="fro": np.linalg.matrix_norm(x, keepdims=keepdims, ord=ord),
           x=lambda g, x, out, keepdims, ord: norm_gradient(g, x, out, ord, BOTH, keepdims))
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
    if a.ndim > 1 and mode == "complete" and a.shape[-2] > a.shape[-1]:
        raise UnsupportedCall(
            "np.linalg.qr(…, mode='complete') of a tall matrix has columns in Q that are not unique; take 'reduced'."
        )
    if mode == "raw":
        raise UnsupportedCall("np.linalg.qr(…, mode='raw') has no derivative rule; take 'reduced' or 'r'.")
    if mode in ("reduced", "complete", "r"):
        return reduced_qr(a)[1] if mode == "r" else reduced_qr(a)
    return np.linalg.qr(a.detach(), mode)  # NumPy's own word on what is no mode


@composite(np.linalg.lstsq)
def _lstsq(a: Any, b: Any, rcond: float | None = None) -> Any:
    np.linalg.lstsq(*(np.ones(np.shape(x)) for x in (a, b)), rcond=rcond)  # NumPy's own word on the shapes
    a, b = as_arrays(a, b)
    m, n = a.shape
    s = np.linalg.svdvals(a)
    limit = (np.finfo(s.dtype).eps * max(m, n) if rcond is None or rcond < 0 else rcond) * (
        s[0] if s.size else 0
    )
    rank = int(np.count_nonzero(s > limit))
    x = np.linalg.pinv(a, rtol=limit / s[0] if s.size else 0.0) @ b
    residuals = np.add.reduce(np.square(b - a @ x), axis=0, keepdims=b.ndim == 1)
    return x, residuals if m > n == rank else residuals[:0], rank, s


@composite(np.linalg.cond)
def _cond(x: Any, p: Any = None) -> Any:
    if p in (None, 2, -2):
        s = np.linalg.svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return np.linalg.norm(x, p, BOTH) * np.linalg.norm(np.linalg.inv(x), p, BOTH)


@composite(np.linalg.matrix_power)
def _matrix_power(a: Any, n: int) -> Any:
    identity = np.linalg.matrix_power(
        np.zeros(a.shape, a.dtype), 0 * operator.index(n)
    )  # and NumPy's own word
    base, n = (np.linalg.inv(a), -n) if n < 0 else (a, n)
    power = None if n else np.zeros_like(a) + identity
    while n:  # by squares, as NumPy does
        if n % 2:
            power = base if power is None else power @ base
        n //= 2
        base = base @ base if n else base
    return power


@composite(np.linalg.multi_dot)
def _multi_dot(arrays: Any, *, out: None = None) -> Any:
    np.linalg.multi_dot([np.zeros(np.shape(a)) for a in arrays])  # NumPy's own word on the shapes
    return functools.reduce(np.matmul, _cheapest(list(arrays)))


def _cheapest(arrays: list[Any]) -> list[Any]:
    """The factors, those of a chain on the cheaper side multiplied first: from the right for a vector at the end."""
    if len(arrays) > 2 and np.size(arrays[-1]) < np.size(arrays[0]):
        return [arrays[0], functools.reduce(lambda right, left: np.matmul(left, right), reversed(arrays[1:]))]
    return arrays


@composite(np.linalg.tensorinv)
def _tensorinv(a: Any, ind: int = 2) -> Any:
    if ind <= 0:
        raise ValueError("Invalid ind argument.")  # NumPy's
    rows = math.prod(a.shape[ind:])
    return np.reshape(np.linalg.inv(np.reshape(a, (rows, -1))), a.shape[ind:] + a.shape[:ind])


@composite(np.linalg.tensorsolve)
def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = as_arrays(a, b)
    if axes is not None:
        rest = [i for i in range(a.ndim) if i not in {axis % a.ndim for axis in axes}]
        a = np.transpose(a, (*rest, *(axis % a.ndim for axis in axes)))
    columns = a.shape[b.ndim :]
    return np.reshape(np.linalg.solve(np.reshape(a, (b.size, -1)), np.reshape(b, -1)), columns)


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
