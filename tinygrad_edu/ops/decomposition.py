"""Decompositions of matrices, over stacks of them: cholesky, eigh, svd and qr.

NumPy reads one triangle of a matrix that it takes for symmetric (cholesky, eigh, eigvalsh), so the gradient
stands in that triangle, and what is not read gets zeros.  Eigenvectors and singular vectors of equal values
are not unique, as any rotation among them would do: the values have a gradient there, and so have all other
vectors, but a gradient that flows into two vectors of equal values raises LinAlgError in the backward pass,
because how they turn depends on how the values part.

References
----------
M. Giles (2008). An extended collection of matrix derivative results for forward and reverse mode AD.
I. Murray (2016). Differentiation of the Cholesky decomposition. arXiv:1602.07527
J. Townsend (2016). Differentiating the singular value decomposition.
S. Walter, L. Lehmann (2012). Algorithmic differentiation of linear algebra functions. arXiv:1001.1654
"""

from typing import Any

import numpy as np

from ..aliases import Array, Cotangent
from ..errors import UnsupportedCall
from ..table import composite, derivative, overridable, primitive
from .elementwise import ones_for_zeros

BOTH = (-2, -1)  # the axes of a matrix, in a stack of them


def T(a: Array) -> Array:
    """The transpose of each matrix in a stack."""
    return np.swapaxes(a, -2, -1)


def as_diagonal(v: Array) -> Array:
    """The diagonal matrix of each vector in a stack."""
    return v[..., None] * np.eye(v.shape[-1], dtype=v.dtype)


def triangle(s: Array, lower: bool) -> Array:
    """The gradient of a function that reads one triangle, from what it were if both triangles were free."""
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
    """Which values are equal, or differ by no more than rounding: in row i, column j ≠ i whether the i-th and
    j-th are.
    """
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
            "Eigenvectors or singular vectors of equal values, or singular vectors of the value 0, have no "
            "derivative: "
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
    ½ (A + B)ᵢⱼ / (sⱼ - sᵢ) + ½ (A - B)ᵢⱼ / (sⱼ + sᵢ).  What leaves the spaces, where one of them is not all,
    is (I - U Uᵀ) g_U S⁻¹ Vᵀ + U S⁻¹ g_Vᵀ (I - V Vᵀ).
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
    """(g_Q + Q M) R⁻ᵀ, with M symmetric, of the lower triangle of R g_Rᵀ - g_Qᵀ Q (Walter and Lehmann)."""
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


# fmt: off
derivative(np.linalg.cholesky, lambda a, upper=False: np.linalg.cholesky(a, upper=upper),
           a=lambda g, out, upper: cholesky_gradient(g, out, upper))
derivative(np.linalg.eigh,    lambda a, UPLO="L": np.linalg.eigh(a, UPLO),
           a=lambda g, out, UPLO: eigh_gradient(g, out, UPLO))
derivative(np.linalg.eigvalsh, lambda a, UPLO="L": np.linalg.eigvalsh(a, UPLO),
           a=lambda g, a, UPLO: of_eigenvalues(g, np.linalg.eigh(a, UPLO)[1], UPLO))
derivative(np.linalg.svdvals, lambda x: np.linalg.svdvals(x),
           x=lambda g, x: of_singular_values(g, *np.linalg.svd(x, full_matrices=False)))
# fmt: on


@composite(np.linalg.svd)
def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    if hermitian:
        return _svd_of_symmetric(a, compute_uv)
    if not compute_uv:
        return np.linalg.svdvals(a)
    if full_matrices and a.ndim > 1 and a.shape[-1] != a.shape[-2]:
        raise UnsupportedCall(
            f"np.linalg.svd of matrices of shape {a.shape[-2:]} cannot be differentiated with "
            "full_matrices=True: "
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
            "np.linalg.qr(…, mode='complete') of a tall matrix has columns in Q that are not unique; take "
            "'reduced'."
        )
    if not isinstance(mode, str) or mode not in ("reduced", "complete", "r"):
        raise UnsupportedCall(
            f"np.linalg.qr(…, mode={mode!r}) has no derivative rule; take 'reduced' or 'r'."
        )
    return reduced_qr(a)[1] if mode == "r" else reduced_qr(a)
