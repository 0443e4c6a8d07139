"""Decompositions of matrices, over stacks of them: cholesky, eigh, svd and qr.

NumPy reads one triangle of a matrix that it takes for Hermitian (cholesky, eigh, eigvalsh), so the gradient
stands in that triangle, and what is not read gets zeros, the imaginary part of the diagonal too.
Eigenvectors and singular vectors of equal values are not unique, as any rotation among them would do: the
values have a gradient there, and so have all other vectors, but a gradient that flows into two vectors of
equal values raises LinAlgError in the backward pass, because how they turn depends on how the values part.

The phase of a complex vector is free as well: a gradient that depends on it raises LinAlgError, up to
rounding; a tangent of vectors, of `jvp`, is that of one choice of phases.  The factors of cholesky and qr are
unique, as their diagonals are real (those of qr but for signs).

Rules of complex matrices are those of the references with the conjugates of the factors: in the pairing
Re Σ gᵢⱼ dAᵢⱼ, a reference's gradient is the conjugate of a rule's.

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
from ..foreign import beside
from ..table import composite, derivative, overridable, primitive
from .elementwise import ones_for_zeros

BOTH = (-2, -1)  # the axes of a matrix, in a stack of them


def T(a: Array) -> Array:
    """The transpose of each matrix in a stack."""
    return np.swapaxes(a, -2, -1)


def conj(a: Array) -> Array:
    """The conjugate, which a real array is itself."""
    return np.conjugate(a) if a.dtype.kind == "c" else a


def H(a: Array) -> Array:
    """The conjugate transpose of each matrix in a stack."""
    return conj(T(a))


def diagonal(a: Array) -> Array:
    """The diagonal of each matrix in a stack."""
    return np.diagonal(a, 0, -2, -1)


def lower_half(like: Array) -> Array:
    """Ones below the diagonal and ½ on it: the lower triangle of a Hermitian matrix, of which it and its
    conjugate transpose are the sum.
    """
    n, dtype = like.shape[-1], like.dtype
    return beside(np.tri(n, dtype=dtype) - np.eye(n, dtype=dtype) / 2, like)


def as_diagonal(v: Array) -> Array:
    """The diagonal matrix of each vector in a stack."""
    return v[..., None] * beside(np.eye(v.shape[-1], dtype=v.dtype), v)


def triangle(s: Array, lower: bool) -> Array:
    """The gradient of a function that reads one triangle, from what it were if both triangles were free."""
    read = lower_half(s)  # each entry below the diagonal stands for two, one conjugated
    return (s + H(s)) * (read if lower else read.T)


def cholesky_gradient(g: Cotangent, out: Array, upper: bool) -> Array:
    """The symmetric L⁻ᵀ Φ(Lᵀ G) L⁻¹, where Φ takes the lower triangle with half of the diagonal (Murray).

    Of a complex factor the last inverse is that of its conjugate.
    """
    factor, g = (H(out), H(g)) if upper else (out, g)
    half = (T(factor) @ g) * lower_half(factor)
    s = T(np.linalg.solve(H(factor), T(np.linalg.solve(T(factor), half))))
    return triangle(s, not upper)


def equal(values: Array) -> Array:
    """Which values are equal, or differ by no more than rounding: in row i, column j ≠ i whether the i-th and
    j-th are.
    """
    difference = values[..., None, :] - values[..., :, None]
    rounding = np.add.reduce(np.absolute(values), axis=-1)[..., None, None] * (
        16 * np.finfo(values.dtype).eps
    )
    return (np.absolute(difference) <= rounding) & beside(~np.eye(values.shape[-1], dtype=bool), values)


@overridable
def refused(m: Array, mask: Array, why: str) -> Array:
    """m, if the mask is empty; LinAlgError otherwise."""
    if np.any(mask):
        raise np.linalg.LinAlgError(why)
    return m


@primitive(m=lambda g: g)
def allowed(m: Array, mask: Array, why: str) -> Any:
    """m, a part of a gradient that exists where the mask is empty, or LinAlgError."""
    return refused(m, mask, why)


VECTORS = (
    "Eigenvectors or singular vectors of equal values, or singular vectors of the value 0, have no "
    "derivative: they are not unique.\n"
    "  Use the values alone, or vectors of values that are single; of A itself, for example, "
    "np.linalg.matrix_power, np.linalg.pinv and np.linalg.norm have a derivative."
)


def unique(m: Array, mask: Array) -> Array:
    """The gradient of vectors, of which those in the mask have none: m, or LinAlgError."""
    return np.where(mask, 0, allowed(m, mask & (m != 0), VECTORS))


PHASES = (
    "The phases of complex eigenvectors and singular vectors are free, and this gradient depends on them.\n"
    "  Use what does not: absolute values, products such as V diag(w) Vᴴ, or vectors that are divided by the "
    "phase of one of their elements."
)


def phaseless(m: Array, *gradients: tuple[Array, Array], where: Any = True) -> Array:
    """m, if it does not depend on phases: of vectors that share them, each given with its gradient, m's
    diagonal has the products Σ vᵢⱼ gᵢⱼ.

    If vⱼ turns by exp(iθ), the function moves by -θ Im Σ vᵢⱼ gᵢⱼ, which has to be rounding beside the sum of
    its absolute summands; less than eps^¾ is always taken for that.
    """
    if m.dtype.kind != "c":
        return m
    eps = float(np.finfo(m.dtype).eps)
    size = sum(np.add.reduce(np.absolute(v * g), axis=-2) for v, g in gradients)
    turns = np.absolute(np.imag(diagonal(m))) > eps**0.5 * size + eps**0.75
    return allowed(m, turns & where, PHASES)


def per_gap(m: Array, values: Array) -> Array:
    """m / (wⱼ - wᵢ) in row i, column j, 0 on the diagonal and where both values are equal."""
    difference = values[..., None, :] - values[..., :, None]
    alike = equal(values) | beside(np.eye(values.shape[-1], dtype=bool), values)
    return np.where(alike, 0, m / np.where(alike, 1, difference))


def eigh_gradient(g: Cotangent, out: Array, uplo: str) -> Array:
    """V (diag(g_w) + F ∘ Vᴴ g_V) Vᴴ, with Fᵢⱼ = 1 / (wⱼ - wᵢ), in the triangle that is read (Giles, 3.1)."""
    (gw, gv), (w, v) = g, (out[0], conj(out[1]))
    turned = phaseless(H(v) @ gv, (v, gv))
    return triangle(v @ (as_diagonal(gw) + per_gap(unique(turned, equal(w)), w)) @ H(v), uplo in "lL")


def of_eigenvalues(g: Cotangent, v: Array, uplo: str) -> Array:
    """The part of the eigenvalues in `eigh_gradient`."""
    return triangle((conj(v) * g[..., None, :]) @ T(v), uplo in "lL")


def svd_gradient(g: Cotangent, out: Array) -> Array:
    """The gradient of A = U S Vᴴ (Townsend): U [diag(g_S) + X] Vᴴ, and what leaves the spaces of U and V.

    With A = Uᴴ g_U - g_Uᴴ U and B = Vᴴ g_V - g_Vᴴ V, which are skew, X is (Aᵢⱼ sⱼ + sᵢ Bᵢⱼ) / (sⱼ² - sᵢ²),
    which is ½ (A + B)ᵢⱼ / (sⱼ - sᵢ) + ½ (A - B)ᵢⱼ / (sⱼ + sᵢ).  The diagonals are imaginary, and of them
    A + B is that of the phases, 0.  What leaves the spaces, where one of them is not all, is
    (I - U Uᴴ) g_U S⁻¹ Vᴴ + U S⁻¹ g_Vᴴ (I - V Vᴴ).
    """
    (gu, gs, gvh), (u, s, vh) = g, (conj(out[0]), out[1], conj(out[2]))
    zero = s <= np.add.reduce(s, axis=-1, keepdims=True) * (16 * np.finfo(s.dtype).eps)
    uu = unique(phaseless(H(u) @ gu, (u, gu), where=zero), equal(s))
    vv = unique(vh @ H(gvh), equal(s))
    both = phaseless(uu + vv, (u, gu), (T(vh), T(gvh)))
    inner = as_diagonal(gs) + per_gap((both - H(both)) / 2, s)
    inner = inner + (uu - vv - H(uu - vv)) / 2 / ones_for_zeros(s[..., None, :] + s[..., :, None])
    total = u @ inner @ vh
    inverse = 1 / np.where(zero, 1, s)[..., None, :]
    m, n = u.shape[-2], vh.shape[-1]
    if m > n:
        total = total + (unique(gu - u @ uu, zero[..., None, :]) * inverse) @ vh
    if n > m:
        total = total + u @ H(unique(H(gvh) - H(vh) @ vv, zero[..., None, :]) * inverse)
    return total


def of_singular_values(g: Cotangent, u: Array, s: Array, vh: Array) -> Array:
    """The part of the singular values in `svd_gradient`."""
    return (conj(u) * g[..., None, :]) @ conj(vh)


@primitive(a=lambda g, out: svd_gradient(g, out))
def thin_svd(a: Array) -> Any:
    """The singular value decomposition with as many singular vectors as there are singular values."""
    return np.linalg.svd(a, full_matrices=False)


COLUMNS = (
    "np.linalg.qr has a gradient where the columns of A are independent; here one is, up to rounding, a sum "
    "of those before it."
)


def square_qr(gq: Cotangent, gr: Cotangent, q: Array, r: Array) -> Array:
    """(g_Q + Q M) R⁻ᴴ, with M Hermitian, of the lower triangle of R g_Rᴴ - g_Qᴴ Q (Walter and Lehmann).

    Of M's diagonal only the real part counts: that of R is real, so that nothing moves its imaginary part.
    """
    half = (r @ H(gr) - H(gq) @ q) * lower_half(r)
    lengths = np.absolute(diagonal(r))  # of what is new in each column
    rounding = np.add.reduce(lengths, axis=-1, keepdims=True) * (16 * np.finfo(lengths.dtype).eps)
    b = allowed(gq + q @ (half + H(half)), lengths <= rounding, COLUMNS)
    return H(np.linalg.solve(r, H(b)))


def qr_gradient(g: Cotangent, a: Array, out: Array) -> Array:
    """The gradient of A = Q R.  A wide A is [X Y] = Q [U V]: X has the decomposition Q U, and V = Qᴴ Y."""
    (gq, gr), (q, r), (m, n) = g, map(conj, out), a.shape[-2:]
    if m >= n:
        return square_qr(gq, gr, q, r)
    gv, y = gr[..., m:], conj(a[..., m:])
    x = square_qr(gq + y @ H(gv), gr[..., :m], q, r[..., :m])
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
    return _namedtuple(np.linalg.svd)(u, s, H(u * sign[..., None, :]))


def _namedtuple(function: Any) -> Any:
    """The class of what a decomposition returns, which has no public name."""
    return type(function(np.eye(1)))


@composite(np.linalg.qr)
def _qr(a: Any, mode: str = "reduced") -> Any:
    if isinstance(mode, str) and mode == "complete" and a.ndim > 1 and a.shape[-2] > a.shape[-1]:
        raise UnsupportedCall(
            "np.linalg.qr(…, mode='complete') of a tall matrix has columns in Q that are not unique; take "
            "'reduced'."
        )
    if not isinstance(mode, str) or mode not in ("reduced", "complete", "r"):
        raise UnsupportedCall(
            f"np.linalg.qr(…, mode={mode!r}) has no derivative rule; take 'reduced' or 'r'."
        )
    return reduced_qr(a)[1] if mode == "r" else reduced_qr(a)
