"""Integrals of Bessel, Airy and Struve functions: their derivatives are what is integrated, some over t.

Where (1 - J₀(t)) / t and (I₀(t) - 1) / t are integrated, what stands before the quotient loses its digits
beside 0, and is summed as a series there.
"""

import math
from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...table import elementwise


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
    """H₀(x) / x, by the recurrence (DLMF 11.4.23) of which 2v H_v / x is a part: H₁ + H₋₁ - … at v = 1."""
    zero = np.equal(x, 0)
    return np.where(zero, 2 / math.pi, sc.struve(0, x) / np.where(zero, 1, x))


# fmt: off
elementwise(sc.itj0y0,       x=lambda g, x: g[0] * sc.j0(x) + g[1] * sc.y0(x))
elementwise(sc.iti0k0,       x=lambda g, x: g[0] * sc.i0(x) + g[1] * sc.k0(x))
elementwise(sc.itstruve0,    x=lambda g, x: g * sc.struve(0, x))
elementwise(sc.itmodstruve0, x=lambda g, x: g * sc.modstruve(0, x))
elementwise(sc.itairy,       x=lambda g, x: g[0] * sc.airy(x)[0] + g[1] * sc.airy(x)[2] + g[2] * sc.airy(-x)[0] + g[3] * sc.airy(-x)[2])
elementwise(sc.it2j0y0,      x=lambda g, x: g[0] * j0m1_over(x) - g[1] * sc.y0(x) / x)
elementwise(sc.it2i0k0,      x=lambda g, x: g[0] * i0m1_over(x) - g[1] * sc.k0(x) / x)
elementwise(sc.it2struve0,   x=lambda g, x: -g * struve_over(x))
# fmt: on
