"""Integrals of Bessel, Airy and Struve functions: their derivatives are what is integrated, some over t.

Where (1 - J₀(t)) / t and (I₀(t) - 1) / t are integrated, what stands before the quotient loses its digits
beside 0, and is summed as a series there.
"""

import math
from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...table import elementwise
from .gamma import weighted


def i0m1_over(x: Any) -> Any:
    """(I₀(x) - 1) / x, up to |x| = 1 by the series Σ (x/2)²ᵏ⁻¹ / (2 k!²)."""
    beside = np.absolute(x) < 1
    half, far = np.where(beside, x, 0) / 2, np.where(beside, 1, x)
    series = np.zeros_like(half)
    for k in reversed(range(1, 10)):
        series = series * half * half + 0.5 / math.factorial(k) ** 2
    return np.where(beside, series * half, (sc.i0(far) - 1) / far)


def j0m1_over(x: Any) -> Any:
    """(1 - J₀(x)) / x, by the same series with terms of alternating signs."""
    beside = np.absolute(x) < 1
    half, far = np.where(beside, x, 0) / 2, np.where(beside, 1, x)
    series = np.zeros_like(half)
    for k in reversed(range(1, 10)):
        series = -series * half * half + 0.5 / math.factorial(k) ** 2
    return np.where(beside, series * half, (1 - sc.j0(far)) / far)


def struve_over(x: Any) -> Any:
    """H₀(x) / x, up to |x| = 1 by the series Σ (-1)ᵏ (x/2)²ᵏ / (2 Γ(k + 3/2)²) (DLMF 11.2.1)."""
    beside = np.absolute(x) < 1
    half, far = np.where(beside, x, 0) / 2, np.where(beside, 1, x)
    series = np.zeros_like(half)
    for k in reversed(range(10)):
        series = -series * half * half + 0.5 / math.gamma(k + 1.5) ** 2
    return np.where(beside, series, sc.struve(0, far) / far)


def integrals_of_airy_slope(g: Any, x: Any) -> Any:
    """The gradient of the integrals of Ai(t), Bi(t), Ai(-t) and Bi(-t)."""
    right = g[0] * sc.airy(x)[0] + weighted(g[1], sc.airy(x)[2])
    return right + g[2] * sc.airy(-x)[0] + weighted(g[3], sc.airy(-x)[2])


# fmt: off
elementwise(sc.itj0y0,       x=lambda g, x: g[0] * sc.j0(x) + weighted(g[1], sc.y0(x)))
elementwise(sc.iti0k0,       x=lambda g, x: weighted(g[0], sc.i0(x)) + weighted(g[1], sc.k0(x)))
elementwise(sc.itstruve0,    x=lambda g, x: g * sc.struve(0, x))
elementwise(sc.itmodstruve0, x=lambda g, x: g * sc.modstruve(0, x))
elementwise(sc.itairy,       x=lambda g, x: integrals_of_airy_slope(g, x))
elementwise(sc.it2j0y0,      x=lambda g, x: g[0] * j0m1_over(x) - weighted(g[1], sc.y0(x) / x))
elementwise(sc.it2i0k0,      x=lambda g, x: weighted(g[0], i0m1_over(x)) - weighted(g[1], sc.k0(x) / x))
elementwise(sc.it2struve0,   x=lambda g, x: -g * struve_over(x))
# fmt: on
