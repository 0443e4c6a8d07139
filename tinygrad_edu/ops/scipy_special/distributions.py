"""Cumulative distribution functions: the derivatives are densities, those of inverses 1/density."""

import math
from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...table import elementwise
from .gamma import beta_density, gamma_density, like, whole
from .powers import exponent_slope

ROOT_2PI = math.sqrt(2 * math.pi)


def t_density(df: Any, t: Any) -> Any:
    """Student's density, (1 + t²/ν)^(-(ν+1)/2) / (√ν B(½, ν/2))."""
    scale = np.exp(-sc.betaln(0.5, df / 2)) / np.sqrt(df)
    return scale * np.exp(-(df + 1) / 2 * np.log1p(np.square(t) / df))


def chi_square_density(v: Any, x: Any) -> Any:
    """The density of the sum of v squares of normal numbers."""
    return gamma_density(v / 2, x / 2) / 2


def f_density(a: Any, b: Any, x: Any) -> Any:
    """Fisher's density: a beta density at y = a x / (a x + b), times dy/dx."""
    a, b, end = like(a, x), like(b, x), np.isinf(x)
    x = np.where(end, 1, x)
    near, far = a * x / (a * x + b), b / (a * x + b)
    log = sc.xlogy(a / 2 - 1, near) + sc.xlogy(b / 2 + 1, far) - sc.betaln(a / 2, b / 2)
    return np.where(end, 0, a / b * np.exp(log))


def kolmogorov_density(x: Any) -> Any:
    """8x Σ (-1)ᵏ⁻¹ k² exp(-2k²x²), and for small x the derivative of √(2π)/x Σ exp(-c/x²), which is the same
    by Jacobi's imaginary transformation, with c = (2k - 1)² π² / 8.
    """
    flat = x < 0.03  # and exp(-c/x²) is 0
    large, small = np.where(x < 1, 1, x), np.where(flat | (x >= 1), 1, x)
    terms = [(-1) ** (k - 1) * k**2 * np.exp(-2 * k**2 * np.square(large)) for k in range(1, 6)]
    inverse = 1 / np.square(small)
    halves = [((2 * k - 1) ** 2 * math.pi**2 / 8) for k in range(1, 4)]
    theta = [np.exp(-c * inverse) * (2 * c * inverse - 1) * inverse for c in halves]
    near = np.where(flat, 0, math.sqrt(2 * math.pi) * sum(theta))
    return np.where(x < 1, near, 8 * large * sum(terms))


def tukey_slope(x: Any, lmbda: Any, out: Any) -> Any:
    """The density of Tukey's lambda distribution, from its quantile function (p^λ - (1 - p)^λ) / λ at the
    probability that came out; 0 where all or nothing is below x.
    """
    inside = (out > 0) & (out < 1)
    p = np.where(inside, out, 0.5)
    return np.where(inside, 1 / (np.power(p, lmbda - 1) + np.power(1 - p, lmbda - 1)), 0 * x)


def tukey_shape_slope(x: Any, lmbda: Any, out: Any) -> Any:
    """The derivative in λ, by the implicit function theorem; a difference of Box and Cox's."""
    p = np.where((out > 0) & (out < 1), out, 0.5)
    quantile = exponent_slope(np.log(p), lmbda) - exponent_slope(np.log1p(-p), lmbda)
    return -tukey_slope(x, lmbda, out) * quantile


def poisson_mass(k: Any, m: Any) -> Any:
    """mᵏ exp(-m) / k! at the whole number below k."""
    return gamma_density(np.floor(k) + 1, m)


def binomial_slope(k: Any, n: Any, p: Any) -> Any:
    """The derivative in p of the probability of more than k successes of n: a beta density, if k is one of
    0 … n - 1; beyond them, 0.
    """
    k, n = np.floor(k), whole(n)
    among = np.greater_equal(k, 0) & np.less(k, n)
    return np.where(among, beta_density(np.where(among, k + 1, 1), np.where(among, n - k, 1), p), 0)


def rate_slope(a: Any, b: Any, x: Any) -> Any:
    """The derivative in a of the gamma distribution function at a x; 0 at x = 0.  That in x is the same with
    both exchanged.
    """
    nil = np.equal(x, 0)
    return np.where(nil, 0, x * gamma_density(b, np.where(nil, 1, a * x)))


# fmt: off
elementwise(sc.stdtr,  "df", "t",     t=lambda g, df, t: g * t_density(df, t))
elementwise(sc.stdtrit, "df", "p",    p=lambda g, df, out: g / t_density(df, out))
elementwise(sc.chdtr,  "v", "x",      x=lambda g, v, x: g * chi_square_density(v, x))
elementwise(sc.chdtrc, "v", "x",      x=lambda g, v, x: -g * chi_square_density(v, x))
elementwise(sc.chdtri, "v", "p",      p=lambda g, v, out: -g / chi_square_density(v, out))
elementwise(sc.fdtr,   "dfn", "dfd", "x", x=lambda g, dfn, dfd, x: g * f_density(dfn, dfd, x))
elementwise(sc.fdtrc,  "dfn", "dfd", "x", x=lambda g, dfn, dfd, x: -g * f_density(dfn, dfd, x))
elementwise(sc.fdtri,  "dfn", "dfd", "p", p=lambda g, dfn, dfd, out: g / f_density(dfn, dfd, out))
elementwise(sc.pdtri,  "k", "y",      y=lambda g, k, out: -g / poisson_mass(k, out))
elementwise(sc.bdtri,  "k", "n", "y", y=lambda g, k, n, out: -g / binomial_slope(k, n, out))
elementwise(sc.nbdtr,  "k", "n", "p", p=lambda g, k, n, p: g * beta_density(n, np.floor(k) + 1, p))
elementwise(sc.nbdtrc, "k", "n", "p", p=lambda g, k, n, p: -g * beta_density(n, np.floor(k) + 1, p))
elementwise(sc.nbdtri, "k", "n", "y", y=lambda g, k, n, out: g / beta_density(n, np.floor(k) + 1, out))
elementwise(sc.kolmogorov, x=lambda g, x: -g * kolmogorov_density(x))
elementwise(sc.kolmogi,    x=lambda g, out: -g / kolmogorov_density(out))
elementwise(sc.tklmbda, "x", "lmbda", x=lambda g, x, lmbda, out: g * tukey_slope(x, lmbda, out),
                                      lmbda=lambda g, x, lmbda, out: g * tukey_shape_slope(x, lmbda, out))
elementwise(sc.nrdtrimn, "p", "std", "x", p=lambda g, p, std: -g * std * (ROOT_2PI * np.exp(np.square(sc.ndtri(p)) / 2)),
                                      std=lambda g, p: -g * sc.ndtri(p),
                                      x=lambda g: g)
elementwise(sc.nrdtrisd, "mn", "p", "x", mn=lambda g, p: -g / sc.ndtri(p),
                                      p=lambda g, p, out: -g * out / sc.ndtri(p) * (ROOT_2PI * np.exp(np.square(sc.ndtri(p)) / 2)),
                                      x=lambda g, p: g / sc.ndtri(p))
elementwise(sc.gdtria, "p", "b", "x", p=lambda g, b, x, out: g / (x * gamma_density(b, out * x)),
                                      x=lambda g, x, out: -g * out / x)
elementwise(sc.gdtrix, "a", "b", "p", a=lambda g, a, out: -g * out / a,
                                      p=lambda g, a, b, out: g / (a * gamma_density(b, a * out)))
elementwise(sc.pdtr,   "k", "m",      m=lambda g, k, m: -g * poisson_mass(k, m))
elementwise(sc.pdtrc,  "k", "m",      m=lambda g, k, m: g * poisson_mass(k, m))
elementwise(sc.bdtr,   "k", "n", "p", p=lambda g, k, n, p: -g * binomial_slope(k, n, p))
elementwise(sc.bdtrc,  "k", "n", "p", p=lambda g, k, n, p: g * binomial_slope(k, n, p))
elementwise(sc.gdtr,   "a", "b", "x", x=lambda g, a, b, x: g * rate_slope(x, b, a),
                                      a=lambda g, a, b, x: g * rate_slope(a, b, x))
elementwise(sc.gdtrc,  "a", "b", "x", x=lambda g, a, b, x: -g * rate_slope(x, b, a),
                                      a=lambda g, a, b, x: -g * rate_slope(a, b, x))
# fmt: on
