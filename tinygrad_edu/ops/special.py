"""Functions whose derivatives of all orders form a family: sinc, and the Bessel functions of imaginary
argument.
"""

import math
from typing import Any

import numpy as np

from ..aliases import Array, Cotangent
from ..table import derivative, overridable, primitive

OVERFLOWS = 800  # beyond, Iₙ is more than the largest double


def next_slope(g: Cotangent, x: Array, n: int) -> Any:
    """The gradient of the n-th derivative is the next one."""
    return g * sinc_slope(x, n + 1)


@primitive(x=next_slope)
def sinc_slope(x: Array, n: int) -> Any:
    """The n-th derivative of sin(πx) / (πx)."""
    return sinc_derivative(x, n)


@overridable
def sinc_derivative(x: Array, n: int) -> Array:
    """The values of `sinc_slope`.

    Near 0 it is the sum of the series Σ (-1)ᵏ (πx)²ᵏ / (2k + 1)!, differentiated term by term.  Elsewhere it
    follows from n derivatives of x sinc(x) = sin(πx) / π:  x f⁽ⁿ⁾ + n f⁽ⁿ⁻¹⁾ = πⁿ⁻¹ sin(πx + nπ/2).
    """
    near, far = np.where(np.absolute(x) <= 1, x, 0), np.where(np.absolute(x) <= 1, 2, x)
    series = np.zeros_like(near)
    for k in reversed(range((n + 1) // 2, n // 2 + 18)):  # by Horner's rule, terms for all digits
        coefficient = (-1) ** k * math.pi ** (2 * k) * math.perm(2 * k, n) / math.factorial(2 * k + 1)
        series = series * near * near + coefficient
    series = series * near ** (n % 2)
    step = np.sinc(far)
    for i in range(1, n + 1):
        step = (math.pi ** (i - 1) * np.sin(math.pi * far + i * math.pi / 2) - i * step) / far
    return np.where(np.absolute(x) <= 1, series, step).astype(x.dtype, copy=False)


def between_neighbours(g: Cotangent, x: Array, n: int) -> Any:
    """Iₙ′ = (Iₙ₋₁ + Iₙ₊₁) / 2, in which I₋₁ is I₁."""
    return g * (bessel_i(x, abs(n - 1)) + bessel_i(x, n + 1)) / 2


@primitive(x=between_neighbours)
def bessel_i(x: Array, n: int) -> Any:
    """The modified Bessel function Iₙ of the first kind, of a whole order n ≥ 0."""
    return bessel_value(x, n)


@overridable
def bessel_value(x: Array, n: int) -> Array:
    """The values of `bessel_i`.

    Up to |x| = 8 it is the sum of its series (x/2)ⁿ Σ (x²/4)ᵏ / (k! (n + k)!), whose terms are all of one
    sign. Beyond, it is the integral (1/π) ∫ exp(x cos t) cos(n t) dt over half a period, by the trapezoidal
    rule, which converges exponentially for periodic functions.
    """
    half = np.where(np.absolute(x) <= 8, x, 0) / 2
    series = np.zeros_like(half)
    for k in reversed(range(40)):
        series = series * half * half + 1 / (math.factorial(k) * math.factorial(n + k))
    series = series * half**n
    size = np.absolute(x)
    large = np.where((size > 8) & (size <= OVERFLOWS), size, 8)
    points = 64 + int(8 * math.sqrt(np.max(large, initial=8.0)))
    t = np.arange(points + 1) * (math.pi / points)
    ends = np.where((np.arange(points + 1) % points) == 0, 0.5, 1.0)
    with np.errstate(over="ignore"):
        scaled = np.exp(large[..., None] * (np.cos(t) - 1)) @ (ends * np.cos(n * t)) / points
        integral = scaled * np.exp(large) * np.where(x < 0, (-1) ** n, 1)
    beyond = np.where(size > OVERFLOWS, np.inf, x) * np.where(x < 0, (-1) ** n, 1)  # and NaN
    return np.where(size <= 8, series, np.where(size <= OVERFLOWS, integral, beyond)).astype(
        x.dtype, copy=False
    )


# fmt: off
derivative(np.sinc, lambda x: np.sinc(x), x=lambda g, x: g * sinc_slope(x, 1))
derivative(np.i0,   lambda x: np.i0(x),   x=lambda g, x: g * bessel_i(x, 1))
# fmt: on
