"""Ufuncs: one line a derivative, from simple to tricky.  The arguments broadcast; the engine sums what they spread over."""

import math
from typing import Any

import numpy as np

from .table import composite, derivative, elementwise, primitive

LN2, LN10 = math.log(2), math.log(10)


def nonzero(x: Any) -> Any:
    """x with its zeros replaced by ones, for quotients that are 0 by convention where they would be 0/0."""
    return np.where(x == 0, 1, x)


# fmt: off
elementwise(np.add,         x1=lambda g: g,
                            x2=lambda g: g)
elementwise(np.subtract,    x1=lambda g: g,
                            x2=lambda g: -g)
elementwise(np.multiply,    x1=lambda g, x2: g * x2,
                            x2=lambda g, x1: g * x1)
elementwise(np.divide,      x1=lambda g, x2: g / x2,
                            x2=lambda g, x2, out: -g * out / x2)
elementwise(np.negative,    x=lambda g: -g)
elementwise(np.positive,    x=lambda g: g)
elementwise(np.conjugate,   x=lambda g: g)
elementwise(np.reciprocal,  x=lambda g, out: -g * out * out)
elementwise(np.square,      x=lambda g, x: g * (2 * x))
elementwise(np.sqrt,        x=lambda g, out: g / (2 * out))
elementwise(np.cbrt,        x=lambda g, out: g / (3 * out * out))

elementwise(np.exp,         x=lambda g, out: g * out)
elementwise(np.exp2,        x=lambda g, out: g * (LN2 * out))
elementwise(np.expm1,       x=lambda g, out: g * (out + 1))
elementwise(np.log,         x=lambda g, x: g / x)
elementwise(np.log2,        x=lambda g, x: g / (LN2 * x))
elementwise(np.log10,       x=lambda g, x: g / (LN10 * x))
elementwise(np.log1p,       x=lambda g, x: g / (1 + x))

elementwise(np.sin,         x=lambda g, x: g * np.cos(x))
elementwise(np.cos,         x=lambda g, x: -g * np.sin(x))
elementwise(np.tan,         x=lambda g, out: g * (1 + out * out))
elementwise(np.arcsin,      x=lambda g, x: g / np.sqrt((1 - x) * (1 + x)))
elementwise(np.arccos,      x=lambda g, x: -g / np.sqrt((1 - x) * (1 + x)))
elementwise(np.arctan,      x=lambda g, x: g / (1 + x * x))
elementwise(np.sinh,        x=lambda g, x: g * np.cosh(x))
elementwise(np.cosh,        x=lambda g, x: g * np.sinh(x))
elementwise(np.tanh,        x=lambda g, out: g * (1 - out * out))
elementwise(np.arcsinh,     x=lambda g, x: g / np.hypot(x, 1))
elementwise(np.arccosh,     x=lambda g, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)))
elementwise(np.arctanh,     x=lambda g, x: g / ((1 - x) * (1 + x)))
elementwise(np.deg2rad,     x=lambda g: np.deg2rad(g))
elementwise(np.radians,     x=lambda g: np.radians(g))
elementwise(np.rad2deg,     x=lambda g: np.rad2deg(g))
elementwise(np.degrees,     x=lambda g: np.degrees(g))

elementwise(np.hypot,       x1=lambda g, x1, out: g * (x1 / nonzero(out)),
                            x2=lambda g, x2, out: g * (x2 / nonzero(out)))
elementwise(np.arctan2,     x1=lambda g, x1, x2: g * per_radius(x2, x1, x2),
                            x2=lambda g, x1, x2: -g * per_radius(x1, x1, x2))

# Steps have a zero gradient wherever they have one, and get it everywhere.
elementwise(np.sign,        x=lambda g: np.zeros_like(g))
elementwise(np.floor,       x=lambda g: np.zeros_like(g))
elementwise(np.ceil,        x=lambda g: np.zeros_like(g))
elementwise(np.trunc,       x=lambda g: np.zeros_like(g))
elementwise(np.rint,        x=lambda g: np.zeros_like(g))
elementwise(np.heaviside,   x1=lambda g: np.zeros_like(g),
                            x2=lambda g, x1: np.where(x1 == 0, g, 0))
elementwise(np.floor_divide, x1=lambda g: np.zeros_like(g),
                            x2=lambda g: np.zeros_like(g))
elementwise(np.remainder,   x1=lambda g: g,
                            x2=lambda g, x1, x2: -g * np.floor_divide(x1, x2))
elementwise(np.fmod,        x1=lambda g: g,
                            x2=lambda g, x1, x2: -g * np.trunc(x1 / x2))
elementwise(np.copysign,    x1=lambda g, x1, out: g * (np.sign(x1) * np.sign(out)),
                            x2=lambda g: np.zeros_like(g))
elementwise(np.ldexp,       x1=lambda g, x2: np.ldexp(g, x2))

# Kinks: the mean of the one-sided slopes, so that equal arguments share the gradient.
elementwise(np.absolute,    x=lambda g, x: g * np.sign(x))
elementwise(np.fabs,        x=lambda g, x: g * np.sign(x))
elementwise(np.maximum,     x1=lambda g, x1, x2: share(g, x1, x2),
                            x2=lambda g, x1, x2: share(g, x2, x1))
elementwise(np.minimum,     x1=lambda g, x1, x2: share(g, x2, x1),
                            x2=lambda g, x1, x2: share(g, x1, x2))
elementwise(np.fmax,        x1=lambda g, x1, x2: np.where(np.isnan(x2), g, np.where(np.isnan(x1), 0, share(g, x1, x2))),
                            x2=lambda g, x1, x2: np.where(np.isnan(x1), np.where(np.isnan(x2), 0, g), np.where(np.isnan(x2), 0, share(g, x2, x1))))
elementwise(np.fmin,        x1=lambda g, x1, x2: np.where(np.isnan(x2), g, np.where(np.isnan(x1), 0, share(g, x2, x1))),
                            x2=lambda g, x1, x2: np.where(np.isnan(x1), np.where(np.isnan(x2), 0, g), np.where(np.isnan(x2), 0, share(g, x1, x2))))

elementwise(np.power,       x1=lambda g, x1, x2: g * (x2 * np.power(unless_zero(x1, x2 == 0, x1), x2 - 1)),
                            x2=lambda g, x1, x2, out: g * out * np.log(unless_zero(x1, x2 >= 0, out)))
elementwise(np.float_power, x1=lambda g, x1, x2: g * (x2 * np.float_power(unless_zero(x1, x2 == 0, x1), x2 - 1)),
                            x2=lambda g, x1, x2, out: g * out * np.log(unless_zero(x1, x2 >= 0, out)))

derivative(np.where, lambda condition, x, y: np.where(condition, x, y), broadcasts=True,
                            x=lambda g, condition: np.where(condition, g, 0),
                            y=lambda g, condition: np.where(condition, 0, g))
derivative(np.astype, lambda x, dtype, copy=True: np.astype(x, dtype, copy=copy),
                            x=lambda g: g)
# fmt: on


def unless_zero(base: Any, exponent: Any, like: Any) -> Any:
    """The base of a power, with ones for its zeros where the exponent says so: their derivatives are 0 there, and not 0 times infinity."""
    return np.where((base == 0) & exponent, np.ones_like(like), base)


def share(g: Any, mine: Any, other: Any) -> Any:
    """g where mine is the larger, half of it where the two are equal, zero where it is the smaller; NaN where neither can be told."""
    return np.where(mine == other, g / 2, np.where(mine > other, g, np.where(mine < other, np.zeros_like(g), np.nan)))


def per_radius(x: Any, x1: Any, x2: Any) -> Any:
    """x / (x1² + x2²), and 0 at the origin; without squares, which would overflow."""
    radius = nonzero(np.hypot(x1, x2))
    return x / radius / radius


# fmt: off
@primitive(broadcasts=True, a=lambda g, a, lower, upper: np.where((a <= lower) | (a >= upper), 0, g))
def clip_between(a: Any, lower: Any, upper: Any) -> Any:
    return np.clip(a, lower, upper)

@primitive(broadcasts=True, a=lambda g, a, lower: np.where(a <= lower, 0, g))
def clip_below(a: Any, lower: Any) -> Any:
    return np.clip(a, lower, None)

@primitive(broadcasts=True, a=lambda g, a, upper: np.where(a >= upper, 0, g))
def clip_above(a: Any, upper: Any) -> Any:
    return np.clip(a, None, upper)
# fmt: on


@composite(np.clip)
def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:  # NumPy's names
    """At a bound the gradient is 0; a bound that is itself a tensor in the graph shares it, as in maximum and minimum."""
    lower, upper = (a_min if min is None else min), (a_max if max is None else max)
    if any(getattr(bound, "requires_grad", False) for bound in (lower, upper)):
        a = a if lower is None else np.maximum(a, lower)
        return a if upper is None else np.minimum(a, upper)
    if lower is None:
        return np.positive(a) if upper is None else clip_above(a, upper)
    return clip_below(a, lower) if upper is None else clip_between(a, lower, upper)


@composite(np.divmod)
def _divmod(x1: Any, x2: Any) -> Any:
    return np.floor_divide(x1, x2), np.remainder(x1, x2)


@composite(np.modf)
def _modf(x: Any) -> Any:
    whole = np.trunc(x)
    return np.copysign(np.where(np.isinf(x), 0, x - whole), x), whole


@composite(np.round, np.around)
def _round(a: Any, decimals: int = 0) -> Any:
    return np.rint(a) if decimals == 0 else np.rint(a * 10.0**decimals) / 10.0**decimals


@composite(np.fix)
def _fix(x: Any) -> Any:
    return np.trunc(x)


@composite(np.real, np.real_if_close)
def _real(val: Any) -> Any:
    return val


@composite(np.nan_to_num)
def _nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    limits = np.finfo(x.dtype)
    x = np.where(np.isnan(x), nan, x)
    x = np.where(x == np.inf, limits.max if posinf is None else posinf, x)
    return np.where(x == -np.inf, limits.min if neginf is None else neginf, x)


def _outer(ufunc: np.ufunc) -> None:
    @composite(ufunc.outer)
    def outer(A: Any, B: Any) -> Any:
        A = np.asarray(A) if isinstance(A, (list, tuple, float, int)) else A
        return ufunc(np.reshape(A, (*np.shape(A), *[1] * np.ndim(B))), B)


for _ufunc in (
    np.add, np.subtract, np.multiply, np.divide, np.hypot, np.arctan2, np.logaddexp, np.logaddexp2, np.heaviside, np.floor_divide,
    np.remainder, np.fmod, np.copysign, np.maximum, np.minimum, np.fmax, np.fmin, np.power, np.float_power,
):  # fmt: skip
    _outer(_ufunc)
