"""Ufuncs: one line a derivative, from simple to tricky.

The arguments broadcast; the engine sums what they spread over.
"""

import math
from typing import Any

import numpy as np

from ..arrays import refuse_imaginary, stands_for_array
from ..errors import DTypeError, UnsupportedCall
from ..table import composite, derivative, elementwise, primitive
from .parts import times_i
from .pieces import slope_if

MISSING: Any = object()
LN2, LN10 = math.log(2), math.log(10)


def ones_for_zeros(x: Any) -> Any:
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
elementwise(np.arcsinh,     x=lambda g, x: g / (np.hypot(x, 1) if x.dtype.kind != "c" else np.sqrt(1 - times_i(x)) * np.sqrt(1 + times_i(x))))
elementwise(np.arccosh,     x=lambda g, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)))
elementwise(np.arctanh,     x=lambda g, x: g / ((1 - x) * (1 + x)))
elementwise(np.deg2rad,     x=lambda g: np.deg2rad(g))
elementwise(np.radians,     x=lambda g: np.radians(g))
elementwise(np.rad2deg,     x=lambda g: np.rad2deg(g))
elementwise(np.degrees,     x=lambda g: np.degrees(g))

elementwise(np.hypot,       x1=lambda g, x1, out: g * (x1 / ones_for_zeros(out)),
                            x2=lambda g, x2, out: g * (x2 / ones_for_zeros(out)))
elementwise(np.arctan2,     x1=lambda g, x1, x2: g * per_radius(x2, x1, x2),
                            x2=lambda g, x1, x2: -g * per_radius(x1, x1, x2))

# Steps have a zero gradient wherever they have one, and get it everywhere; what is NaN stands on no step.
elementwise(np.floor,       x=lambda g, out: or_nan(out, 0))
elementwise(np.ceil,        x=lambda g, out: or_nan(out, 0))
elementwise(np.trunc,       x=lambda g, out: or_nan(out, 0))
elementwise(np.rint,        x=lambda g, out: or_nan(out, 0))
elementwise(np.spacing,     x=lambda g, out: or_nan(out, 0))
elementwise(np.heaviside,   x1=lambda g, out: or_nan(out, 0),
                            x2=lambda g, x1: np.where(x1 == 0, g, 0))
elementwise(np.floor_divide, x1=lambda g, out: or_nan(out, 0),
                            x2=lambda g, out: or_nan(out, 0))
elementwise(np.remainder,   x1=lambda g, out: or_nan(out, g),
                            x2=lambda g, x1, x2: -g * np.floor_divide(x1, x2))
elementwise(np.fmod,        x1=lambda g, out: or_nan(out, g),
                            x2=lambda g, x1, x2: -g * np.trunc(x1 / x2))
elementwise(np.divmod,      x1=lambda g, out: or_nan(out[1], g[1]),
                            x2=lambda g, out: -g[1] * out[0])
elementwise(np.modf,        x=lambda g, out: or_nan(out[0], g[0]))
elementwise(np.frexp,       x=lambda g, out: or_nan(out[0], np.ldexp(g[0], -out[1])))
elementwise(np.nextafter,   x1=lambda g, out: or_nan(out, g),
                            x2=lambda g, out: or_nan(out, 0))
elementwise(np.copysign,    x1=lambda g, x1, out: g * (np.sign(x1) * np.sign(out)),
                            x2=lambda g: np.zeros_like(g))
elementwise(np.ldexp,       x1=lambda g, x2: np.ldexp(g, x2))

# Kinks: the mean of the one-sided slopes, so that equal arguments share the gradient.
elementwise(np.fabs,        x=lambda g, x: g * np.sign(x))
elementwise(np.maximum,     x1=lambda g, x1, x2: share(g, x1, x2),
                            x2=lambda g, x1, x2: share(g, x2, x1))
elementwise(np.minimum,     x1=lambda g, x1, x2: share(g, x2, x1),
                            x2=lambda g, x1, x2: share(g, x1, x2))
elementwise(np.fmax,        x1=lambda g, x1, x2: the_number(g, x1, x2, share(g, x1, x2)),
                            x2=lambda g, x1, x2: the_number(g, x2, x1, share(g, x2, x1)))
elementwise(np.fmin,        x1=lambda g, x1, x2: the_number(g, x1, x2, share(g, x2, x1)),
                            x2=lambda g, x1, x2: the_number(g, x2, x1, share(g, x1, x2)))

elementwise(np.power,       x1=lambda g, x1, x2: g * (x2 * np.power(of_power(x1, x2), x2 - 1.0)),
                            x2=lambda g, x1, x2, out: g * out * np.log(of_logarithm(x1, x2, out)))
elementwise(np.float_power, x1=lambda g, x1, x2: g * (x2 * np.float_power(of_power(x1, x2), x2 - 1.0)),
                            x2=lambda g, x1, x2, out: g * out * np.log(of_logarithm(x1, x2, out)))

derivative(np.where, lambda condition, x=MISSING, y=MISSING: chosen(condition, x, y) if y is MISSING else np.where(condition, x, y), broadcasts=True,
                            x=lambda g, condition: np.where(condition, g, 0),
                            y=lambda g, condition: np.where(condition, 0, g))
derivative(np.astype, lambda x, dtype, *, copy=True, device=None: np.astype(x, keeping(x, dtype), copy=copy, device=device),
                            x=lambda g: g)
for _round in dict.fromkeys((np.round, np.around)):  # one function in some versions
    derivative(_round, lambda a, decimals=0, out=None: np.round(a, decimals),
                            a=lambda g, out: or_nan(out, 0))
derivative(np.fix, lambda x, out=None: np.fix(x),
                            x=lambda g, out: or_nan(out, 0))
# fmt: on


def chosen(condition: Any, x: Any, y: Any) -> Any:
    """np.where of a condition alone, the places where it is true; or of one choice, which NumPy refuses."""
    return np.where(*(v for v in (condition, x, y) if v is not MISSING))


def keeping(x: Any, dtype: Any) -> Any:
    """The dtype that x is converted to, which may be None, if no imaginary part gets lost."""
    if hasattr(dtype, "__array_ufunc__"):
        raise DTypeError("dtype= is an array; give the dtype that it has: dtype=x.dtype.")
    if dtype is not None and hasattr(x, "dtype"):
        refuse_imaginary(x.dtype, dtype, "dtype=, of an array")
    return dtype


def copied(copy: Any) -> Any:
    """The setting of np.nan_to_num by which it leaves alone the array that it was given."""
    if not copy:
        reason = "writes into its argument, which the graph cannot follow: leave copy= out."
        raise UnsupportedCall(f"np.nan_to_num(…, copy=False) {reason}")
    return copy


def or_nan(out: Any, gradient: Any) -> Any:
    """The gradient of a function of flat or straight pieces; NaN where its value is, on no known piece."""
    return np.where(np.isnan(out), out, gradient)


def of_power(base: Any, exponent: Any) -> Any:
    """The base of a power's derivative x2 · x1^(x2 - 1), with ones where that is 0 times infinity or NaN.

    There the power is x**0, which is flat.  The bound is so low that derivatives up to the fourth order stay
    finite above it.
    """
    return np.where((exponent == 0) & ~(np.absolute(base) >= np.finfo(base.dtype).tiny ** 0.25), 1, base)


def of_logarithm(base: Any, exponent: Any, out: Any) -> Any:
    """The base of a power, with ones for zeros where the power is flat in its exponent: 0 log 0 is NaN."""
    return np.where((base == 0) & (exponent >= 0), np.ones_like(out), base)


def share(g: Any, mine: Any, other: Any) -> Any:
    """g where mine is the larger, half of it where both are equal, 0 where it is the smaller; NaN at NaN."""
    unequal = np.where(mine > other, g, np.where(mine < other, np.zeros_like(g), np.nan))
    return np.where(mine == other, g / 2, unequal)


def the_number(g: Any, mine: Any, other: Any, shared: Any) -> Any:
    """The gradient of fmax and fmin: g for a number beside NaN, 0 for NaN beside a number, else as shared."""
    mine_is_nan, other_is_nan = np.not_equal(mine, mine), np.not_equal(other, other)
    return np.where(mine_is_nan == other_is_nan, shared, np.where(mine_is_nan, 0, g))


def per_radius(x: Any, x1: Any, x2: Any) -> Any:
    """x / (x1² + x2²), and 0 at the origin; without squares, which would overflow."""
    radius = ones_for_zeros(np.hypot(x1, x2))
    return x / radius / radius


# fmt: off
@primitive(broadcasts=True, a=lambda g, a, lower, upper, out: g * slope_if((a > lower) & (a < upper), out))
def clip_between(a: Any, lower: Any, upper: Any) -> Any:
    return np.clip(a, lower, upper)

@primitive(broadcasts=True, a=lambda g, a, lower, out: g * slope_if(a > lower, out))
def clip_below(a: Any, lower: Any) -> Any:
    return np.clip(a, lower, None)

@primitive(broadcasts=True, a=lambda g, a, upper, out: g * slope_if(a < upper, out))
def clip_above(a: Any, upper: Any) -> Any:
    return np.clip(a, None, upper)
# fmt: on


@composite(np.clip)
def _clip(
    a: Any, a_min: Any = MISSING, a_max: Any = MISSING, out: None = None, *,
    min: Any = MISSING, max: Any = MISSING,  # NumPy's names
) -> Any:  # fmt: skip
    """At a bound the gradient is 0; a bound in the graph shares it, as in maximum and minimum."""
    if (a_min is MISSING) != (a_max is MISSING):
        alone = "for one bound alone give None for the other, or min= or max=."
        raise TypeError(f"np.clip takes a_min and a_max together; {alone}")
    if a_min is not MISSING and not (min is MISSING and max is MISSING):
        raise ValueError("np.clip takes a_min and a_max, or min= and max=, not both.")
    lower, upper = (min, max) if a_min is MISSING else (a_min, a_max)
    lower, upper = (None if bound is MISSING else bound for bound in (lower, upper))
    if any(getattr(bound, "requires_grad", False) for bound in (lower, upper)):
        a = a if lower is None else np.maximum(a, lower)
        return a if upper is None else np.minimum(a, upper)
    if lower is None:
        return np.positive(a) if upper is None else clip_above(a, upper)
    return clip_below(a, lower) if upper is None else clip_between(a, lower, upper)


def as_arrays(*values: Any) -> Any:
    """Numbers and lists as arrays, whose dtypes promote as those of arrays do; what has a dtype as it is."""
    return (
        v if hasattr(v, "dtype") else v.as_array() if stands_for_array(v) else np.asarray(v) for v in values
    )


def _outer(ufunc: np.ufunc) -> None:
    @composite(ufunc.outer)
    def outer(A: Any, B: Any) -> Any:
        A, B = as_arrays(A, B)
        return ufunc(np.reshape(A, (*np.shape(A), *[1] * np.ndim(B))), B)


for _ufunc in (
    np.add, np.subtract, np.multiply, np.divide, np.hypot, np.arctan2, np.logaddexp, np.logaddexp2,
    np.heaviside, np.floor_divide, np.remainder, np.fmod, np.copysign, np.maximum, np.minimum,
    np.fmax, np.fmin, np.power, np.float_power, np.divmod, np.ldexp, np.nextafter,
):  # fmt: skip
    _outer(_ufunc)
