"""The error function and the normal distribution's, which NumPy lacks: erf, erfc, normal_cdf.

All three stand on one polynomial: (1 + 2a) exp(a²) erfc(a) stays between 1 and 1.29 for a ≥ 0, and is smooth
in t = (a - 4) / (a + 4), so that a polynomial of degree 21 in t gives it to the last bit of a float64.  What
is left, exp(-a²), carries the size: erfc is exact in its tail, relatively, down to where it underflows.

References
----------
M. Shepherd, J. Laframboise (1981). Chebyshev approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞. Math.
Comp. 36.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import floating
from ..table import primitive
from .pieces import near, step

FAR = 40.0  # exp(-x²/2) is 0 from here on, in float64 too

# fmt: off
SCALED_ERFC = (  # of (1 + 2a) exp(a²) erfc(a), highest power of t first: for a < 28.3, the interpolant at Chebyshev points
    -8.937095220843423e-09, -9.543862094777034e-09, 1.0181640876721706e-07, 5.904524718114487e-08, -8.186524970477653e-07,
    3.097317160148115e-07, 5.706655023176529e-06, -1.1231975151839416e-05, -2.439849001027354e-05, 0.00015062563964062529,
    -0.00019925674303124878, -0.0007577743015940658, 0.005031969963141097, -0.016197733896129714, 0.037167515540955424,
    -0.06633036582732439, 0.09373283499809237, -0.10103906603557722, 0.0680970542546985, 0.015379652102606042,
    -0.13962111684056253, 1.2329951186255526,
)
SINGLE = (  # for float32, of exp(a²) erfc(a) / t in t = 1 / (1 + a / 2): for a < 10.1, beyond which erfc is 0 there
    -0.0590979198, 0.284716573, -0.487493839, 0.278404351, -0.0268586467, 0.202785773, 0.243078674, 0.282378771, 0.28208622,
)
# fmt: on
HALVES = tuple(c / 2 for c in SCALED_ERFC), tuple(c / 2 for c in SINGLE)  # of ½ erfc: no digit changes
# Taylor's coefficients of erf(x) / x, in x².
ERF = [2 / math.sqrt(math.pi) * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in reversed(range(13))]


# fmt: off
@primitive(x=lambda g, x: g * (2 / math.sqrt(math.pi) * np.exp(-np.square(x))))
def erf(x: Any) -> Any:
    """Error function, erf(x) = 2/√π ∫₀ˣ exp(-t²) dt, to the precision of its dtype.

    Parameters
    ----------
    x : Tensor or array_like of any shape

    Returns
    -------
    Tensor or ndarray of the same shape, in [-1, 1]

    Examples
    --------
    >>> erf(np.array([0.0, 0.5, 1.0]))
    array([0.        , 0.52049988, 0.84270079])
    """
    x = floating(x, "erf")
    series = x * horner(np.square(np.minimum(np.absolute(x), 1 / 2)), ERF)  # exact near 0, where 1 - erfc is not
    return np.where(np.absolute(x) < 1 / 2, series, np.copysign(1 - upper_erfc(np.absolute(x)), x))


@primitive(x=lambda g, x: g * (-2 / math.sqrt(math.pi) * np.exp(-np.square(x))))
def erfc(x: Any) -> Any:
    """Complementary error function, 1 - erf(x), exact where that is tiny.

    Parameters
    ----------
    x : Tensor or array_like of any shape

    Returns
    -------
    Tensor or ndarray of the same shape, in [0, 2]

    Examples
    --------
    >>> erfc(np.array([0.0, 20.0]))
    array([1.00000000e+000, 5.39586561e-176])
    """
    x = floating(x, "erfc")
    tail = upper_erfc(np.absolute(x))
    return tail + (2 - 2 * tail) * (x < 0)


@primitive(x=lambda g, x: g * normal_density(x))
def normal_cdf(x: Any) -> Any:
    """Cumulative distribution of the standard normal, Φ(x) = ½ erfc(-x/√2), exact in both tails.

    In float32 the tails have the relative error of rounding x², at most 5e-6 where they are normal numbers.

    Parameters
    ----------
    x : Tensor or array_like of any shape

    Returns
    -------
    Tensor or ndarray of the same shape, in [0, 1]
    """
    return cdf_and_bell(near(floating(x, "normal_cdf"), FAR))[0]
# fmt: on


def cdf_and_bell(x: Any) -> tuple[Any, Any]:
    """Φ(x) and exp(-x²/2), of which it is made, for x within ±FAR."""
    a = np.absolute(x)
    bell = np.exp(-0.5 * np.square(a)) if a.dtype == np.float32 else exp_of_minus_square(a, 0.5)
    tail = scaled_erfc(a, math.sqrt(0.5), *HALVES) * bell
    return np.absolute(step(x) - tail), bell  # 1 - tail or tail


def normal_density(x: Any) -> Any:
    """exp(-x²/2) / √(2π)."""
    return 1 / math.sqrt(2 * math.pi) * np.exp(-0.5 * np.square(x))


def upper_erfc(a: Any) -> Any:
    """erfc(a) for a ≥ 0."""
    a = np.minimum(a, FAR * math.sqrt(0.5))
    return scaled_erfc(a) * exp_of_minus_square(a, 1)


def scaled_erfc(
    a: Any, scale: float = 1, double: Sequence[float] = SCALED_ERFC, single: Sequence[float] = SINGLE
) -> Any:
    """exp(a²) erfc(a) of a times the scale, for a ≥ 0; it falls from 1 as 1/(√π a)."""
    if a.dtype == np.float32:
        t = 1 / (1 + 0.5 * scale * a)
        return t * horner(t, single)
    a = a if scale == 1 else a * scale
    return horner(1 - 8 / (a + 4), double) / (1 + 2 * a)


def exp_of_minus_square(a: Any, scale: float) -> Any:
    """exp(-scale a²) without the error of rounding a², which exp would make a² times as large.

    With z, the first few bits of a, z² is exact, and so is its difference to the rounded a²; what rounding
    took off is that and (a - z)(a + z), so small that the exponential of it is 1 less it.
    """
    z, square = np.trunc(16 * a) / 16, a * a
    lost = (z * z - square) + (a - z) * (a + z)
    return np.exp(-scale * square) * (1 - scale * lost)


def horner(t: Any, coefficients: Sequence[float]) -> Any:
    """The polynomial with these coefficients, highest power first."""
    y = coefficients[0] * t
    for c in coefficients[1:-1]:
        y += c
        y *= t
    return y + coefficients[-1]
