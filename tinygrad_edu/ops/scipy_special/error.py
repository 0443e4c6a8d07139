"""Error functions, the normal distribution's, and other integrals of elementary functions."""

import math
from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...table import elementwise
from ..parts import complex_of, times_i
from .gamma import weighted, whole

PI, ROOT_PI, ROOT_2, ROOT_2PI = math.pi, math.sqrt(math.pi), math.sqrt(2), math.sqrt(2 * math.pi)
HALF_TURN = (1 - 1j) / math.sqrt(8)  # exp(-iπ/4) / 2
FAR = 25  # from here on eight terms of an asymptotic series have all digits


# erfcx'(x) = 2x erfcx(x) - 2/√π and dawsn'(x) = 1 - 2x dawsn(x) are differences of almost equal numbers
# where x is large.  There they are summed term by term (DLMF 7.12.1): with t = -1/(2x²), erfcx(x) is
# (1 + t + 1·3 t² + …) / (√π x); with t = 1/(2x²), dawsn(x) is (1 + t + 1·3 t² + …) / 2x.


def asymptotic(t: Any) -> Any:
    """1·t + 1·3 t² + 1·3·5 t³ + …"""
    series = np.ones_like(t)
    for k in reversed(range(1, 9)):
        series = 1 + (2 * k + 1) * t * series
    return t * series


def erfcx_slope(x: Any, out: Any) -> Any:
    """The derivative of erfcx."""
    far = (np.absolute(x) > FAR) & (np.real(x) > 0)
    series = asymptotic(-1 / (2 * np.square(np.where(far, x, FAR))))
    return np.where(far, (2 / ROOT_PI) * series, 2 * x * out - 2 / ROOT_PI)


def dawsn_slope(x: Any, out: Any) -> Any:
    """The derivative of dawsn."""
    far = np.absolute(x) > FAR
    series = asymptotic(1 / (2 * np.square(np.where(far, x, FAR))))
    return np.where(far, -series, 1 - 2 * x * out)


def normal_ratio(x: Any) -> Any:
    """φ/Φ: for negative x, where Φ may be 0, by erfcx, which is a quotient of them."""
    above, below = np.where(x > 0, x, 0), np.where(x > 0, 0, x)
    right = np.exp(-np.square(above) / 2) / (ROOT_2PI * sc.ndtr(above))
    return np.where(x > 0, right, math.sqrt(2 / PI) / sc.erfcx(-below / ROOT_2))


def expn_slope(n: Any, x: Any) -> Any:
    """-Eₙ₋₁(x), of which E₋₁(x) = exp(-x) (1 + x) / x² (DLMF 8.19.12)."""
    first = np.where(np.equal(whole(n), 0), x, 1)
    zeroth = np.exp(-first) * (1 + first) / np.square(first)
    return -np.where(np.equal(whole(n), 0), zeroth, sc.expn(np.maximum(whole(n) - 1, 0), x))


def faddeeva_slope(z: Any) -> Any:
    """The derivative of w(z) = erfcx(-iz)."""
    turned = -times_i(z)
    return -times_i(erfcx_slope(turned, sc.erfcx(turned)))


def voigt_slopes(x: Any, sigma: Any, gamma: Any) -> tuple[Any, Any]:
    """The derivatives of Voigt's profile in x and γ: the parts of that of w(z) / (σ √2π) in z σ√2 = x + iγ.
    Without Gauss's share, σ = 0, it is Cauchy's density Re(i / (π (x + iγ))).
    """
    place, sharp = complex_of(x, gamma), np.equal(sigma, 0)
    width = np.where(sharp, 1, sigma)
    smooth = faddeeva_slope(place / (width * ROOT_2)) / (width * width * (2 * math.sqrt(PI)))
    slope = np.where(sharp, -1j / (PI * place * place), smooth)
    return np.real(slope), -np.imag(slope)


def voigt_width_slope(sigma: Any, x: Any, gamma: Any) -> Any:
    """The derivative in σ, by the heat equation σ ∂²/∂x²; that of w' is -2w - 2z w'."""
    sharp = np.equal(sigma, 0)
    width = np.where(sharp, 1, sigma)
    z = complex_of(x, gamma) / (width * ROOT_2)
    curvature = -2 * (sc.wofz(z) + z * faddeeva_slope(z))
    return np.where(sharp, 0, np.real(curvature) / (width * width * (2 * ROOT_2PI)))


def modified_fresnel_slope(g: Any, x: Any, out: Any) -> Any:
    """The gradient in x of ∫ exp(it²) dt from x on, and of ``out`` = K₊(x) = ½ erfcx(exp(-iπ/4) x)."""
    return np.real(
        g[1] * HALF_TURN * erfcx_slope(2 * HALF_TURN * x, 2 * out) - g[0] * np.exp(1j * np.square(x))
    )


def sinhc(x: Any) -> Any:
    """sinh(x) / x, up to |x| = 1 by the series Σ x²ᵏ / (2k + 1)!."""
    beside = np.absolute(x) < 1
    near, far = np.where(beside, x, 0), np.where(beside, 1, x)
    series = np.zeros_like(near)
    for k in reversed(range(10)):
        series = series * near * near + 1 / math.factorial(2 * k + 1)
    return np.where(beside, series, np.sinh(far) / far)


# fmt: off
elementwise(sc.erf,       x=lambda g, x: g * (2 / ROOT_PI * np.exp(-np.square(x))))
elementwise(sc.erfc,      x=lambda g, x: g * (-2 / ROOT_PI * np.exp(-np.square(x))))
elementwise(sc.erfi,      x=lambda g, x: g * (2 / ROOT_PI * np.exp(np.square(x))))
elementwise(sc.erfcx,     x=lambda g, x, out: g * erfcx_slope(x, out))
elementwise(sc.dawsn,     x=lambda g, x, out: g * dawsn_slope(x, out))
elementwise(sc.erfinv,    x=lambda g, out: g * (ROOT_PI / 2 * np.exp(np.square(out))))
elementwise(sc.erfcinv,   x=lambda g, out: g * (-ROOT_PI / 2 * np.exp(np.square(out))))

elementwise(sc.ndtr,      x=lambda g, x: g * (np.exp(-np.square(x) / 2) / ROOT_2PI))
elementwise(sc.log_ndtr,  x=lambda g, x: g * normal_ratio(x))
elementwise(sc.ndtri,     x=lambda g, out: g * (ROOT_2PI * np.exp(np.square(out) / 2)))
elementwise(sc.ndtri_exp, x=lambda g, out: g * (math.sqrt(PI / 2) * sc.erfcx(-out / ROOT_2)))
elementwise(sc.owens_t, "h", "a", h=lambda g, h, a: g * (-sc.erf(a * h / ROOT_2) * np.exp(-np.square(h) / 2) / (2 * ROOT_2PI)),
                                  a=lambda g, h, a: g * (np.exp(-np.square(h * np.hypot(1, a)) / 2) / (2 * PI * (1 + np.square(a)))))

elementwise(sc.wofz,      x=lambda g, x: g * faddeeva_slope(x))
elementwise(sc.voigt_profile, "x", "sigma", "gamma", x=lambda g, x, sigma, gamma: g * voigt_slopes(x, sigma, gamma)[0],
                                  sigma=lambda g, x, sigma, gamma: g * voigt_width_slope(sigma, x, gamma),
                                  gamma=lambda g, x, sigma, gamma: g * voigt_slopes(x, sigma, gamma)[1])
# Both outputs of the second are the conjugates of those of the first.
elementwise(sc.modfresnelp, x=lambda g, x, out: modified_fresnel_slope(g, x, out[1]))
elementwise(sc.modfresnelm, x=lambda g, x, out: modified_fresnel_slope((np.conjugate(g[0]), np.conjugate(g[1])), x, np.conjugate(out[1])))
elementwise(sc.exp1,      x=lambda g, x: -g * np.exp(-x) / x)
elementwise(sc.expi,      x=lambda g, x: g * np.exp(x) / x)
elementwise(sc.expn, "n", "x", x=lambda g, n, x: g * expn_slope(n, x))
elementwise(sc.sici,      x=lambda g, x: g[0] * np.sinc(x / PI) + weighted(g[1], np.cos(x) / x))
elementwise(sc.shichi,    x=lambda g, x: weighted(g[0], sinhc(x)) + weighted(g[1], np.cosh(x) / x))
elementwise(sc.fresnel,   x=lambda g, x: g[0] * np.sin(PI / 2 * np.square(x)) + g[1] * np.cos(PI / 2 * np.square(x)))
elementwise(sc.spence,    x=lambda g, x: -g / sc.exprel(np.log(x)))
# fmt: on
