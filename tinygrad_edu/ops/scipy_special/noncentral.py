"""Noncentral chi-square and F distributions, mixtures of central ones with Poisson's weights.

Their densities are the central ones times a hypergeometric function of the noncentrality.  In that parameter
the derivative of the distribution function is minus half a density of two more degrees of freedom.
"""

from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...table import elementwise
from .distributions import chi_square_density, f_density
from .gamma import like

SERIES = 100  # up to here the power series of a Bessel function overflows nothing


def chi_square(x: Any, df: Any, nc: Any) -> Any:
    """The density ½ exp(-(x + λ)/2) (x/λ)^(k/4 - ½) I_(k/2 - 1)(√(λx)); for small λx the central one times
    exp(-λ/2) ₀F₁(k/2; λx/4), which holds at λ = 0 too.
    """
    small = x * nc < SERIES
    product, place = np.where(small, x * nc, 0), np.where(small, x, 1)
    near = chi_square_density(like(df, x), place) * np.exp(-nc / 2) * sc.hyp0f1(like(df, x) / 2, product / 4)
    there, shift = np.where(small, 1, x), np.where(small, 1, nc)
    root = np.sqrt(there * shift)
    log = (df / 4 - 0.5) * np.log(there / shift) - np.square(np.sqrt(there) - np.sqrt(shift)) / 2
    return np.where(small, near, np.exp(log) * sc.ive(df / 2 - 1, root) / 2)


def f_slope(dfn: Any, dfd: Any, nc: Any, f: Any) -> Any:
    """The density of the noncentral F distribution: the central one, exp(-λ/2) and ₁F₁((a + b)/2; a/2; λy/2),
    with y = a f / (a f + b).
    """
    a, b = like(dfn, f) / 2, like(dfd, f) / 2
    y = dfn * f / (dfn * f + dfd)
    return f_density(dfn, dfd, f) * np.exp(-nc / 2) * sc.hyp1f1(a + b, a, nc * y / 2)


def f_shift_slope(dfn: Any, dfd: Any, nc: Any, f: Any) -> Any:
    """The derivative of the distribution function in its noncentrality: I_y(p + 1, q) - I_y(p, q) is -yᵖ (1 -
    y)^q / (p B(p, q)), and their mixture a hypergeometric function again.
    """
    a, b = like(dfn, f) / 2, like(dfd, f) / 2
    y, rest = dfn * f / (dfn * f + dfd), dfd / (dfn * f + dfd)
    log = sc.xlogy(a, y) + sc.xlogy(b, rest) - sc.betaln(a, b) - nc / 2
    return -np.exp(log) * sc.hyp1f1(a + b, a + 1, nc * y / 2) / dfn


# fmt: off
elementwise(sc.chndtr,   "x", "df", "nc", x=lambda g, x, df, nc: g * chi_square(x, df, nc),
                                          nc=lambda g, x, df, nc: -g * chi_square(x, df + 2, nc))
elementwise(sc.chndtrix, "p", "df", "nc", p=lambda g, df, nc, out: g / chi_square(out, df, nc),
                                          nc=lambda g, df, nc, out: g * chi_square(out, df + 2, nc) / chi_square(out, df, nc))
elementwise(sc.ncfdtr,   "dfn", "dfd", "nc", "f", f=lambda g, dfn, dfd, nc, f: g * f_slope(dfn, dfd, nc, f),
                                                  nc=lambda g, dfn, dfd, nc, f: g * f_shift_slope(dfn, dfd, nc, f))
elementwise(sc.ncfdtri,  "dfn", "dfd", "nc", "p", p=lambda g, dfn, dfd, nc, out: g / f_slope(dfn, dfd, nc, out),
                                                  nc=lambda g, dfn, dfd, nc, out: -g * f_shift_slope(dfn, dfd, nc, out) / f_slope(dfn, dfd, nc, out))
# fmt: on
