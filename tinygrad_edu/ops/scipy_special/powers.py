"""Exponentials, powers, and the transformations of Box and Cox."""

import math
from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...table import elementwise
from ..elementwise import of_logarithm, of_power

LN2, LN10, DEGREE = math.log(2), math.log(10), math.pi / 180


# With L = log x, (x^λ - 1)/λ = L exprel(λL), where exprel(t) = (exp t - 1)/t.  So the derivative in λ is
# L² exprel'(λL), without a singularity at λ = 0; and exprel(t) = ₁F₁(1; 2; t) has the derivative ½ ₁F₁(2; 3;
# t).


def exprel_slope(t: Any) -> Any:
    """The derivative of (exp(t) - 1) / t: infinite beyond 800, and 1/t² far below, where SciPy's function
    never returns, or is NaN.
    """
    above, below = t > 800, t < -1e8
    near = sc.hyp1f1(2.0, 3.0, np.where(above | below, 0, t)) / 2
    return np.where(above, np.inf, np.where(below, 1 / np.square(np.where(below, t, 1)), near))


def exponent_slope(log: Any, lmbda: Any) -> Any:
    """The derivative of the Box-Cox transform in λ, from log x; 1/λ² where x^λ is 0, as at x = 0."""
    nil = np.equal(lmbda, 0) & np.isinf(log)
    flat = lmbda * np.where(nil, 0, log) < -1e8
    product = np.where(flat, 0, lmbda) * np.where(nil | flat, 0, log)
    return np.where(flat, 1 / np.square(np.where(flat, lmbda, 1)), np.square(log) * exprel_slope(product))


def inverse_slope(y: Any, lmbda: Any, x: Any) -> Any:
    """x^(1 - λ) at x = (1 + λy)^(1/λ): x / (1 + λy), which does not overflow; at x = 0 the power."""
    rest = 1 + lmbda * y
    end = np.equal(rest, 0)
    return np.where(end, np.power(np.where(end, x, 1), 1 - lmbda), x / np.where(end, 1, rest))


# fmt: off
elementwise(sc.exp2,   x=lambda g, out: g * (LN2 * out))
elementwise(sc.exp10,  x=lambda g, out: g * (LN10 * out))
elementwise(sc.expm1,  x=lambda g, out: g * (out + 1))
elementwise(sc.log1p,  x=lambda g, x: g / (1 + x))
elementwise(sc.cbrt,   x=lambda g, out: g / (3 * np.square(out)))
elementwise(sc.cosm1,  x=lambda g, x: -g * np.sin(x))
elementwise(sc.exprel, x=lambda g, x: g * exprel_slope(x))
elementwise(sc.sindg,  x=lambda g, x: g * (DEGREE * sc.cosdg(x)))
elementwise(sc.cosdg,  x=lambda g, x: -g * (DEGREE * sc.sindg(x)))
elementwise(sc.tandg,  x=lambda g, out: g * (DEGREE * (1 + np.square(out))))
elementwise(sc.cotdg,  x=lambda g, out: -g * (DEGREE * (1 + np.square(out))))
elementwise(sc.radian, "d", "m", "s",    d=lambda g: g * DEGREE,
                                         m=lambda g: g * (DEGREE / 60),
                                         s=lambda g: g * (DEGREE / 3600))
elementwise(sc.round,  x=lambda g, out: np.where(np.isnan(out), out, 0))
elementwise(sc.wrightomega,              x=lambda g, out: g * (out / (1 + out)))
elementwise(sc.powm1, "x", "y",          x=lambda g, x, y: g * (y * np.power(of_power(x, y), y - 1.0)),
                                         y=lambda g, x, y, out: g * ((1 + out) * np.log(of_logarithm(x, y, out))))

elementwise(sc.boxcox, "x", "lmbda",     x=lambda g, x, lmbda: g * np.power(x, lmbda - 1),
                                         lmbda=lambda g, x, lmbda: g * exponent_slope(np.log(x), lmbda))
elementwise(sc.boxcox1p, "x", "lmbda",   x=lambda g, x, lmbda: g * np.exp(sc.xlog1py(lmbda - 1, x)),
                                         lmbda=lambda g, x, lmbda: g * exponent_slope(np.log1p(x), lmbda))
# The derivatives of an inverse: those of the transform at its result, by the implicit function theorem.
elementwise(sc.inv_boxcox, "y", "lmbda", y=lambda g, y, lmbda, out: g * inverse_slope(y, lmbda, out),
                                         lmbda=lambda g, y, lmbda, out: -g * inverse_slope(y, lmbda, out) * exponent_slope(np.log(out), lmbda))
elementwise(sc.inv_boxcox1p, "y", "lmbda", y=lambda g, y, lmbda, out: g * inverse_slope(y, lmbda, 1 + out),
                                         lmbda=lambda g, y, lmbda, out: -g * inverse_slope(y, lmbda, 1 + out) * exponent_slope(np.log1p(out), lmbda))
# fmt: on
