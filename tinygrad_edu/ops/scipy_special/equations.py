"""Solutions of differential equations of second order, which SciPy returns with their derivatives.

The derivative of the first output is the second; that of the second is what the equation says of y″:
Mathieu's (DLMF 28.2.1, 28.20.1), Weber's of the parabolic cylinder (12.2.1), and the
spheroidal wave equation (30.2.1).
Orders and parameters are settings.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...table import elementwise

DEGREE = math.pi / 180  # Mathieu's functions take their argument in degrees


def elliptic_cosine(m: Any, q: Any, x: Any) -> Any:
    """The factor by which ce″ is -ce: a - 2q cos 2x."""
    return sc.mathieu_a(m, q) - 2 * q * np.cos(2 * DEGREE * x)


def elliptic_sine(m: Any, q: Any, x: Any) -> Any:
    """The factor by which se″ is -se: b - 2q cos 2x."""
    return sc.mathieu_b(m, q) - 2 * q * np.cos(2 * DEGREE * x)


def prolate_curvature(x: Any, y: Any, slope: Any, m: Any, c: Any, cv: Any) -> Any:
    """S″ from ((1 - x²) S′)′ + (λ - c²x² - m²/(1 - x²)) S = 0, which radial functions solve beyond 1."""
    around = (1 - x) * (1 + x)
    return (2 * x * slope - (cv - np.square(c * x) - np.square(m) / around) * y) / around


def oblate_curvature(x: Any, y: Any, slope: Any, m: Any, c: Any, cv: Any) -> Any:
    """S″ from the same equation with -c² in the place of c²."""
    around = (1 - x) * (1 + x)
    return (2 * x * slope - (cv + np.square(c * x) - np.square(m) / around) * y) / around


def oblate_radial_curvature(x: Any, y: Any, slope: Any, m: Any, c: Any, cv: Any) -> Any:
    """R″ from ((1 + x²) R′)′ - (λ - c²x² - m²/(1 + x²)) R = 0, which is that equation at ix."""
    around = 1 + np.square(x)
    return (-2 * x * slope + (cv - np.square(c * x) - np.square(m) / around) * y) / around


def spheroidal(ufunc: Any, with_value: Any, value: Any, curvature: Callable[..., Any]) -> None:
    """File a spheroidal wave function, and its form that takes the characteristic value too."""
    elementwise(ufunc, "m", "n", "c", "x", x=lambda g, m, n, c, x, out: (
        g[0] * out[1] + g[1] * curvature(x, out[0], out[1], m, c, value(m, n, c))))  # fmt: skip
    elementwise(with_value, "m", "n", "c", "cv", "x", x=lambda g, m, c, cv, x, out: (
        g[0] * out[1] + g[1] * curvature(x, out[0], out[1], m, c, cv)))  # fmt: skip


# fmt: off
elementwise(sc.mathieu_cem, "m", "q", "x", x=lambda g, m, q, x, out: DEGREE * (g[0] * out[1] - g[1] * (elliptic_cosine(m, q, x) * out[0])))
elementwise(sc.mathieu_sem, "m", "q", "x", x=lambda g, m, q, x, out: DEGREE * (g[0] * out[1] - g[1] * (elliptic_sine(m, q, x) * out[0])))
for _radial in (sc.mathieu_modcem1, sc.mathieu_modcem2):
    elementwise(_radial, "m", "q", "x", x=lambda g, m, q, x, out: g[0] * out[1] + g[1] * ((sc.mathieu_a(m, q) - 2 * q * np.cosh(2 * x)) * out[0]))
for _radial in (sc.mathieu_modsem1, sc.mathieu_modsem2):
    elementwise(_radial, "m", "q", "x", x=lambda g, m, q, x, out: g[0] * out[1] + g[1] * ((sc.mathieu_b(m, q) - 2 * q * np.cosh(2 * x)) * out[0]))

for _cylinder in (sc.pbdv, sc.pbvv):
    elementwise(_cylinder, "v", "x", x=lambda g, v, x, out: g[0] * out[1] + g[1] * ((np.square(x) / 4 - v - 0.5) * out[0]))
elementwise(sc.pbwa, "a", "x", x=lambda g, a, x, out: g[0] * out[1] + g[1] * ((a - np.square(x) / 4) * out[0]))
# fmt: on

spheroidal(sc.pro_ang1, sc.pro_ang1_cv, sc.pro_cv, prolate_curvature)
spheroidal(sc.pro_rad1, sc.pro_rad1_cv, sc.pro_cv, prolate_curvature)
spheroidal(sc.obl_ang1, sc.obl_ang1_cv, sc.obl_cv, oblate_curvature)
spheroidal(sc.obl_rad1, sc.obl_rad1_cv, sc.obl_cv, oblate_radial_curvature)
