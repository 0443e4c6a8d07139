"""Eigenvalues and eigenvectors of general matrices, and the polynomials whose roots they are.

A matrix may be far from symmetric, so its eigenvalues can be complex though it is real.  Vectors have length
1, and their phases are free: a gradient that depends on one raises LinAlgError in the backward pass, as does
one that flows into two vectors of equal values (see `decomposition`).

Where eigenvalues meet and their vectors with them (a defective matrix), they move infinitely fast, as do
multiple roots of a polynomial: like a square root at 0, so that even a gradient of 0 there says nothing of a
function of them.  There a backward pass raises LinAlgError.  What stays smooth has rules of its own: np.poly
of a matrix, np.linalg.det, np.trace, np.linalg.matrix_power.

References
----------
M. Giles (2008). An extended collection of matrix derivative results for forward and reverse mode AD.
C. Boeddeker, P. Hanebrink, L. Drude, J. Heymann, R. Haeb-Umbach (2017). On the computation of complex-valued
gradients with application to statistically optimum beamforming. arXiv:1701.00392
U. Le Verrier (1840), D. Faddeev, I. Sominsky (1949): the recursion of characteristic polynomials.
"""

from typing import Any

import numpy as np

from ..aliases import Array, Cotangent
from ..foreign import beside
from ..table import derivative, primitive
from .decomposition import BOTH, T, allowed, as_diagonal, conj, diagonal, equal, per_gap, phaseless, unique

DEFECTIVE = (
    "Eigenvalues that meet and whose eigenvectors meet too, of a defective matrix, have no derivative.\n"
    "  What is smooth there has one: np.trace, np.linalg.det, np.linalg.matrix_power and np.poly of it."
)
MULTIPLE = (
    "Multiple roots of a polynomial have no derivative: they move infinitely fast.\n"
    "  Use the coefficients, whose functions stay smooth, or other coefficients."
)


# ---- eigenvalues -------------------------------------------------------------------------------------------


def separate(g: Cotangent, a: Array, w: Array, inverse: Array) -> Array:
    """The gradient of eigenvalues, if none of them is that of a defective matrix.

    It is if it cannot be told from its neighbour, because rounding, of eps |A|, moves it by its condition
    number times that: the length of its row of V⁻¹.  That has to be more than eps^-¼ as well, as two values
    that are equal may have vectors that are not.
    """
    n, eps = w.shape[-1], np.finfo(w.dtype).eps
    condition = np.sqrt(np.add.reduce(np.absolute(inverse) ** 2, axis=-1))
    rounding = 16 * eps * np.sqrt(np.add.reduce(np.absolute(a) ** 2, axis=BOTH))[..., None] * condition
    gaps = np.absolute(w[..., None, :] - w[..., :, None])
    near = (gaps <= rounding[..., :, None]) & beside(~np.eye(n, dtype=bool), w)
    lost = np.any(near, axis=-1) & (condition > eps**-0.25)
    return allowed(g, lost, DEFECTIVE)


def eig_gradient(g: Cotangent, a: Array, out: Array) -> Array:
    """V⁻ᵀ [diag(g_w) + F ∘ (Vᵀ g_V - Vᵀ V̄ diag(Vᵀ g_V))] Vᵀ, with Fᵢⱼ = 1 / (wⱼ - wᵢ) (Boeddeker et al.).

    With Y = V⁻¹ dA V, dwᵢ = Yᵢᵢ and dV = V (F ∘ Y + C); the diagonal C keeps the lengths at 1, which takes
    Re Cⱼⱼ = -Re (Vᴴ V (F ∘ Y))ⱼⱼ, and its imaginary part is the free phase.
    """
    (gw, gv), (w, v) = g, out
    if a.dtype.kind != "c" and w.dtype.kind == "c":  # a real matrix has real vectors of its real eigenvalues
        gv = np.where((np.imag(w) == 0)[..., None, :], np.real(gv), gv)
    inverse = np.linalg.inv(v)
    products = phaseless(T(v) @ gv, (v, gv))
    lengths = diagonal(products)
    lengths = np.real(lengths) if lengths.dtype.kind == "c" else lengths
    turned = unique(products - T(v) @ conj(v) * lengths[..., None, :], equal(w))
    return T(inverse) @ (as_diagonal(separate(gw, a, w, inverse)) + per_gap(turned, w)) @ T(v)


def eigvals_gradient(g: Cotangent, a: Array, out: Array) -> Array:
    """V⁻ᵀ diag(g) Vᵀ, with the vectors that np.linalg.eig finds.

    Its values may come in another order: each value takes the vector of the nearest, its own place's if that
    is not to be told from it.
    """
    w, v = np.linalg.eig(a)
    n, eps = w.shape[-1], np.finfo(w.dtype).eps
    rounding = 64 * n * eps * np.sqrt(np.add.reduce(np.absolute(a) ** 2, axis=BOTH))[..., None, None]
    distance = np.absolute(out[..., :, None] - w[..., None, :])
    # More than 0 of a matrix of zeros too.
    elsewhere = np.where(beside(np.eye(n), w), 0, rounding + np.finfo(w.dtype).tiny)
    order = np.argmin(distance + elsewhere, axis=-1)
    v = np.take_along_axis(v, order[..., None, :], axis=-1)
    inverse = np.linalg.inv(v)
    return (T(inverse) * separate(g, a, out, inverse)[..., None, :]) @ T(v)


# fmt: off
derivative(np.linalg.eig,     lambda a: np.linalg.eig(a),
           a=lambda g, a, out: eig_gradient(g, a, out))
derivative(np.linalg.eigvals, lambda a: np.linalg.eigvals(a),
           a=lambda g, a, out: eigvals_gradient(g, a, out))
# fmt: on


# ---- polynomials -------------------------------------------------------------------------------------------


def roots_gradient(g: Cotangent, p: Array, out: Array) -> Array:
    """The transpose of drᵢ = -Σ dpₖ rᵢᴺ⁻ᵏ / p'(rᵢ), as p(r) stays 0.

    A root is multiple if its rounding, eps Σ |pₖ rᴺ⁻ᵏ| / |p'|, takes p' to 0, which p'' does.
    """
    n, eps = p.shape[0], np.finfo(out.dtype).eps
    exponents = beside(np.arange(n - 1, -1, -1, dtype=np.finfo(out.dtype).dtype), out)
    powers = out[:, None] ** exponents  # (roots, n)
    slope = powers[:, 1:] @ (p * exponents)[:-1]
    bend = powers[:, 2:] @ (p * exponents * (exponents - 1))[:-2]
    size = np.absolute(powers) @ np.absolute(p)
    multiple = np.absolute(slope) ** 2 <= 16 * eps * size * np.absolute(bend)
    return -T(powers) @ (allowed(g, multiple, MULTIPLE) / slope)


def poly_gradient(g: Cotangent, a: Array, out: Array) -> Array:
    """-Σ gₖ Mₖᵀ, where adj(x I - A) = Σ Mₖ xⁿ⁻ᵏ, as d det(x I - A) is -tr adj(x I - A) dA.

    M₁ is I, and Mₖ₊₁ = A Mₖ + cₖ I with the coefficients cₖ of the polynomial (Le Verrier, Faddeev).
    """
    identity = beside(np.eye(a.shape[-1], dtype=a.dtype), a)
    m, total = identity, -g[1] * identity
    for k in range(1, a.shape[-1]):
        m = a @ m + out[k] * identity
        total = total - g[k + 1] * T(m)
    return total


@primitive(a=lambda g, a, out: poly_gradient(g, a, out))
def characteristic(a: Array) -> Any:
    """The coefficients of det(x I - A), of which its eigenvalues are the roots."""
    return np.poly(a)


# fmt: off
derivative(np.roots, lambda p: np.roots(p),
           p=lambda g, p, out: roots_gradient(g, p, out))
# fmt: on
