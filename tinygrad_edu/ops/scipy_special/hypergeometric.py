"""Hypergeometric functions, elliptic integrals and functions, orthogonal polynomials (DLMF 15.5, 13.3, 19.4,
22.13, 18.9).
"""

import math
from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...table import elementwise

# With the parameter m, K = (π/2) ₂F₁(½, ½; 1; m) and E = (π/2) ₂F₁(-½, ½; 1; m) (DLMF 19.5.1).  Their
# derivatives are hypergeometric too, without the 0/0 at m = 0 of the forms with K - E, which serve far from
# it; that of K by Euler's transformation
# ₂F₁(3/2, 3/2; 2; m) = ₂F₁(½, ½; 2; m) / (1 - m), which takes out the pole.


def ellipk_slope(m: Any, rest: Any) -> Any:
    """The derivative of K in m; ``rest`` is 1 - m."""
    far = np.less(m, -1)
    there, near = np.where(far, m, -1), np.where(far, 0, m)
    quotient = (sc.ellipe(there) / (1 - there) - sc.ellipk(there)) / (2 * there)
    return np.where(far, quotient, math.pi / 8 * sc.hyp2f1(0.5, 0.5, 2.0, near) / rest)


def delta(phi: Any, m: Any) -> Any:
    """√(1 - m sin²φ), the integrand of the incomplete integrals."""
    return np.sqrt(1 - m * np.square(np.sin(phi)))


def jacobi_slope(n: Any, alpha: Any, beta: Any, x: Any) -> Any:
    """The derivative of Jacobi's polynomial."""
    return (
        (n + alpha + beta + 1)
        / 2
        * np.where(np.equal(n, 0), 0, sc.eval_jacobi(lower(n), alpha + 1, beta + 1, x))
    )


def shifted_slope(n: Any, p: Any, q: Any, x: Any) -> Any:
    """The derivative of Jacobi's polynomial with leading coefficient 1, on [0, 1]."""
    return 2 * jacobi_slope(n, p - q, q - 1, 2 * x - 1) / sc.binom(2 * n + p - 1, n)


def agm_slope(a: Any, b: Any, out: Any) -> Any:
    """The derivative in a of the arithmetic-geometric mean, π (a + b) / (4 K(m)), where m = r², r = (a - b) /
    (a + b); that of K times that of m is (π/8) ₂F₁(½, ½; 2; m) r / a.  At a = 0 the slope is infinite.
    """
    first, origin = np.equal(a, 0), np.equal(a, 0) & np.equal(b, 0)
    a, b = np.where(first, 1, a), np.where(origin, 1, b)  # harmless numbers
    r, rest = (a - b) / (a + b), 4 * (a / (a + b)) * (b / (a + b))  # rest is 1 - m
    part = math.pi / 8 * sc.hyp2f1(0.5, 0.5, 2.0, np.square(r)) * r / (a * sc.ellipkm1(rest))
    return np.where(origin, 0, np.where(first, np.inf, out * (1 / (a + b) - part)))


def jacobi_functions_slope(g: Any, m: Any, out: Any) -> Any:
    """The gradient in u of sn, cn, dn and the amplitude."""
    sn, cn, dn, _ = out
    return g[0] * (cn * dn) - g[1] * (sn * dn) - g[2] * (m * sn * cn) + g[3] * dn


def associated_slope(m: Any, v: Any, x: Any) -> Any:
    """The derivative of Pᵥᵐ = c (1 - x²)^(s/2) C_{v-s}^{(s + ½)}, with Gegenbauer's C, s = |m| and a constant
    c: as a product, which holds at ±1 too.  A polynomial of a degree v below s is 0 (DLMF 14.3.21, 14.9.3).
    """
    s, none = np.absolute(m), np.less(v, np.absolute(m)) & np.equal(v, np.floor(v))
    v = np.where(none, s, v)[()]
    turned = np.where(np.less(m, 0), sc.poch(v + s + 1, -2 * s), 1) * np.where(
        np.less(m, 0), np.cos(math.pi * s), 1
    )
    constant = turned * np.cos(math.pi * s) * np.exp2(s) * sc.poch(0.5, s)
    around = (1 - x) * (1 + x)
    first = np.where(np.equal(s, 0), 0, -s * x * np.power(around, np.where(np.equal(s, 0), 0, s / 2 - 1)))
    product = first * sc.eval_gegenbauer(v - s, s + 0.5, x)
    product = product + np.power(around, s / 2) * (2 * s + 1) * sc.eval_gegenbauer(v - s - 1, s + 1.5, x)
    return np.where(none, 0, constant * product)


def lower(n: Any) -> Any:
    """The degree n - 1, and 1 in the place of -1, of which some are NaN; there it is multiplied by 0."""
    return np.where(np.equal(n, 0), 1, n - 1)[()]


def before(n: Any) -> Any:
    """The degree n - 1, and 1 for the polynomials of degree 0 and -1, which are constant: there SciPy's lower
    ones may be NaN, and are multiplied by 0.
    """
    return np.where(np.equal(n, 0) | np.equal(n, -1), 1, n - 1)[()]


def none_of(n: Any, polynomial: Any) -> Any:
    """What is left of a polynomial of the degree `before` n: nothing, if n is 0 or -1."""
    return np.where(np.equal(n, 0) | np.equal(n, -1), 0, polynomial)


# fmt: off
elementwise(sc.hyp0f1, "v", "z",           z=lambda g, v, z: g * sc.hyp0f1(v + 1, z) / v)
elementwise(sc.hyp1f1, "a", "b", "x",      x=lambda g, a, b, x: g * (a / b) * sc.hyp1f1(a + 1, b + 1, x))
elementwise(sc.hyp2f1, "a", "b", "c", "z", z=lambda g, a, b, c, z: g * (a * b / c) * sc.hyp2f1(a + 1, b + 1, c + 1, z))
elementwise(sc.hyperu, "a", "b", "x",      x=lambda g, a, b, x: -g * a * sc.hyperu(a + 1, b + 1, x))

elementwise(sc.ellipk,   x=lambda g, x: g * ellipk_slope(x, 1 - x))
elementwise(sc.ellipkm1, x=lambda g, x: -g * ellipk_slope(1 - x, x))
elementwise(sc.ellipe,   x=lambda g, x: g * (-math.pi / 8 * sc.hyp2f1(0.5, 1.5, 2.0, x)))
elementwise(sc.ellipkinc, "phi", "m",      phi=lambda g, phi, m: g / delta(phi, m))
elementwise(sc.ellipeinc, "phi", "m",      phi=lambda g, phi, m: g * delta(phi, m))

elementwise(sc.ellipj, "u", "m",           u=lambda g, m, out: jacobi_functions_slope(g, m, out))
elementwise(sc.agm, "a", "b",              a=lambda g, a, b, out: g * agm_slope(a, b, out),
                                           b=lambda g, a, b, out: g * agm_slope(b, a, out))

elementwise(sc.eval_jacobi, "n", "alpha", "beta", "x", x=lambda g, n, alpha, beta, x: g * jacobi_slope(n, alpha, beta, x))
elementwise(sc.eval_legendre,    "n", "x", x=lambda g, n, x: g * (n + 1) / 2 * none_of(n, sc.eval_jacobi(before(n), 1.0, 1.0, x)))
elementwise(sc.eval_gegenbauer,  "n", "alpha", "x", x=lambda g, n, alpha, x: g * 2 * alpha * none_of(n, sc.eval_gegenbauer(before(n), alpha + 1, x)))
elementwise(sc.eval_chebyt,      "n", "x", x=lambda g, n, x: g * n * sc.eval_chebyu(lower(n), x))
elementwise(sc.eval_chebyu,      "n", "x", x=lambda g, n, x: g * 2 * none_of(n, sc.eval_gegenbauer(before(n), 2.0, x)))
elementwise(sc.eval_hermite,     "n", "x", x=lambda g, n, x: g * 2 * n * sc.eval_hermite(lower(n), x))
elementwise(sc.eval_hermitenorm, "n", "x", x=lambda g, n, x: g * n * sc.eval_hermitenorm(lower(n), x))
elementwise(sc.eval_laguerre,    "n", "x", x=lambda g, n, x: -g * none_of(n, sc.eval_genlaguerre(before(n), 1.0, x)))
elementwise(sc.eval_chebyc,      "n", "x", x=lambda g, n, x: g * n * sc.eval_chebys(lower(n), x))
elementwise(sc.eval_chebys,      "n", "x", x=lambda g, n, x: g * none_of(n, sc.eval_gegenbauer(before(n), 2.0, x / 2)))
elementwise(sc.eval_sh_chebyt,   "n", "x", x=lambda g, n, x: g * 2 * n * sc.eval_sh_chebyu(lower(n), x))
elementwise(sc.eval_sh_chebyu,   "n", "x", x=lambda g, n, x: g * 4 * none_of(n, sc.eval_gegenbauer(before(n), 2.0, 2 * x - 1)))
elementwise(sc.eval_sh_legendre, "n", "x", x=lambda g, n, x: g * (n + 1) * none_of(n, sc.eval_jacobi(before(n), 1.0, 1.0, 2 * x - 1)))
elementwise(sc.eval_sh_jacobi, "n", "p", "q", "x", x=lambda g, n, p, q, x: g * shifted_slope(n, p, q, x))
elementwise(sc.lpmv, "m", "v", "x",        x=lambda g, m, v, x: g * associated_slope(m, v, x))
elementwise(sc.eval_genlaguerre, "n", "alpha", "x", x=lambda g, n, alpha, x: -g * none_of(n, sc.eval_genlaguerre(before(n), alpha + 1, x)))
# fmt: on
