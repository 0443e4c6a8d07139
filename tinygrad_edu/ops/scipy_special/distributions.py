"""Cumulative distribution functions: their derivatives are the densities."""

from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...table import elementwise
from .gamma import beta_density, gamma_density, whole


def t_density(df: Any, t: Any) -> Any:
    """Student's density, (1 + t²/ν)^(-(ν+1)/2) / (√ν B(½, ν/2))."""
    scale = np.exp(-sc.betaln(0.5, df / 2)) / np.sqrt(df)
    return scale * np.exp(-(df + 1) / 2 * np.log1p(np.square(t) / df))


def chi_square_density(v: Any, x: Any) -> Any:
    """The density of the sum of v squares of normal numbers."""
    return gamma_density(v / 2, x / 2) / 2


def poisson_mass(k: Any, m: Any) -> Any:
    """mᵏ exp(-m) / k! at the whole number below k."""
    return gamma_density(np.floor(k) + 1, m)


def binomial_slope(k: Any, n: Any, p: Any) -> Any:
    """The derivative in p of the probability of more than k successes of n: a beta density."""
    k = np.floor(k)
    return beta_density(k + 1, whole(n) - k, p)


# fmt: off
elementwise(sc.stdtr,  "df", "t",     t=lambda g, df, t: g * t_density(df, t))
elementwise(sc.stdtrit, "df", "p",    p=lambda g, df, out: g / t_density(df, out))
elementwise(sc.chdtr,  "v", "x",      x=lambda g, v, x: g * chi_square_density(v, x))
elementwise(sc.chdtrc, "v", "x",      x=lambda g, v, x: -g * chi_square_density(v, x))
elementwise(sc.pdtr,   "k", "m",      m=lambda g, k, m: -g * poisson_mass(k, m))
elementwise(sc.pdtrc,  "k", "m",      m=lambda g, k, m: g * poisson_mass(k, m))
elementwise(sc.bdtr,   "k", "n", "p", p=lambda g, k, n, p: -g * binomial_slope(k, n, p))
elementwise(sc.bdtrc,  "k", "n", "p", p=lambda g, k, n, p: g * binomial_slope(k, n, p))
elementwise(sc.gdtr,   "a", "b", "x", x=lambda g, a, b, x: g * a * gamma_density(b, a * x),
                                      a=lambda g, a, b, x: g * x * gamma_density(b, a * x))
elementwise(sc.gdtrc,  "a", "b", "x", x=lambda g, a, b, x: -g * a * gamma_density(b, a * x),
                                      a=lambda g, a, b, x: -g * x * gamma_density(b, a * x))
# fmt: on
