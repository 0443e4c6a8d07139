"""Domains of functions of single elements, of one argument and of several that broadcast."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...ops import complex, dropout, elementwise, parts
from ..strategies import Draw, arrays, broadcastable, complexes, shapes
from .domain import SMALL, Call, Domain, Domains, booleans, call, case, choice, integers, off_zero, unary


def positive(shape: Any = None) -> SearchStrategy[Any]:
    """Elements at which powers and logarithms are tame."""
    return arrays(shape, low=1 / 4)


def divisors(shape: Any = None) -> SearchStrategy[Any]:
    """Numbers of which few multiples lie on the grid that all others come from."""
    return arrays(shape, away_from=(0,), margin=1).map(lambda x: np.asarray(x * 1.03))


def from_multiple(x1: Any, x2: Any) -> Any:
    """How far x2 is from where x1 is a multiple of it."""
    n = np.rint(x1 / x2)
    return (x1 - n * x2) / np.maximum(np.absolute(n), 1)


class Pair(NamedTuple):
    """Two arguments of a ufunc: the elements of each, and the kinks."""

    x1: Callable[..., Any] = arrays
    x2: Callable[..., Any] = arrays
    kinks: Callable[..., Any] | None = None

    def broadcast(self) -> Domain:
        """Arguments that broadcast; one of them may be a Python number."""

        def build(d: Draw) -> Call:
            s1, s2 = d(broadcastable())
            number = d(choice(0, 0, 0, 1, 2))
            x1 = d(self.x1(())).item() if number == 1 else d(self.x1(s1))
            return call(x1, d(self.x2(())).item() if number == 2 else d(self.x2(s2)))

        return case(build, kinks=self.kinks)

    def outer(self) -> Domain:
        """Arguments of any shapes: every element of the one meets every element of the other."""
        kinks = self.kinks
        meet = None if kinks is None else lambda a, b: kinks(np.reshape(a, (-1, 1)), np.reshape(b, -1))
        return case(lambda d: call(d(self.x1(d(SMALL))), d(self.x2(d(SMALL)))), kinks=meet)


def conditional(d: Draw) -> Call:
    """A condition and two arrays; all three broadcast."""
    condition, s1, s2 = d(broadcastable(3))
    return call(d(booleans(condition)), d(arrays(s1)), d(arrays(s2)))


def scaled(d: Draw) -> Call:
    """Numbers and exponents of two."""
    s1, s2 = d(broadcastable())
    return call(d(arrays(s1)), d(integers(s2, -2, 2)))


def clipped(d: Draw) -> Call:
    """Bounds that are numbers, by either of their names, or arrays, which share the gradient."""
    if d(st.booleans()):
        lower, upper = d(choice(("a_min", "a_max"), ("min", "max")))
        return call(d(arrays(away_from=(-1, 1))), **{lower: d(choice(-1, None)), upper: d(choice(1, None))})
    s1, s2, s3 = d(broadcastable(3))
    x = d(arrays(s1, away_from=(-1, 1), margin=7 / 8))
    return call(x, d(arrays(s2, low=-1, high=-7 / 8)), d(arrays(s3, low=7 / 8, high=1)))


emath = np.lib.scimath

# fmt: off
PAIRS: dict[np.ufunc, Pair] = {
    **dict.fromkeys((np.add, np.subtract, np.multiply, np.logaddexp, np.logaddexp2), Pair()),
    **dict.fromkeys((np.floor_divide, np.remainder, np.fmod), Pair(off_zero, divisors, kinks=from_multiple)),
    **dict.fromkeys((np.maximum, np.minimum, np.fmax, np.fmin), Pair(kinks=np.subtract)),
    **dict.fromkeys((np.power, np.float_power), Pair(x1=positive)),
    np.divide:    Pair(x2=off_zero),
    np.hypot:     Pair(kinks=np.hypot),
    np.arctan2:   Pair(kinks=lambda x1, x2: np.hypot(x1, np.maximum(x2, 0))),  # the cut runs along the negative axis
    np.heaviside: Pair(x1=off_zero),
    np.nextafter: Pair(kinks=np.subtract),
    np.copysign:  Pair(off_zero, off_zero),
}

DOMAINS: Domains = {
    **{ufunc: pair.broadcast() for ufunc, pair in PAIRS.items()},
    **{ufunc.outer: pair.outer() for ufunc, pair in PAIRS.items()},
    np.divmod:       PAIRS[np.floor_divide].broadcast(),
    np.outer:        Pair().outer(),
    # smooth everywhere
    **dict.fromkeys((np.negative, np.positive, np.conjugate, np.real, np.imag, np.real_if_close,
                     np.nan_to_num, np.square,
                     np.exp, np.exp2, np.expm1, np.sin, np.cos, np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh,
                     np.deg2rad, np.radians, np.rad2deg, np.degrees), unary()),
    # of positive numbers, and between −1 and 1
    **dict.fromkeys((np.sqrt, np.log, np.log2, np.log10), unary(1 / 4)),
    **dict.fromkeys((np.arcsin, np.arccos, np.arctanh), unary(-3 / 4, 3 / 4)),
    np.log1p:        unary(-3 / 4),
    np.arccosh:      unary(1.25),
    np.tan:          unary(-1.25, 1.25),
    # with a pole or a kink at 0, and with steps at whole numbers
    **dict.fromkeys((np.reciprocal, np.cbrt), unary(-3, 3, 0, margin=1 / 4)),
    **dict.fromkeys((np.absolute, np.fabs, np.sign, np.angle, complex.sign_of_real), unary(-3, 3, 0)),
    parts.complex_of:  Pair(arrays, arrays).broadcast(),
    complex.direction_of_complex: case(lambda d: call(d(complexes(away_from=(0,))))),
    complex.sign_of_complex: case(lambda d: call(d(complexes(away_from=(0,))))),
    np.sort_complex: case(lambda d: call(d(complexes(shapes(1), distinct=True)))),
    **dict.fromkeys((np.floor, np.ceil, np.trunc, np.fix, np.modf), unary(-3, 3, *range(-3, 4))),
    np.rint:         unary(-3, 3, -2.5, -1.5, -.5, .5, 1.5, 2.5),
    np.spacing:      unary(-3, 3, 0, -2, -1, 1, 2),
    np.frexp:        unary(-3, 3, *(s * k for k in (0, 1 / 8, 1 / 4, 1 / 2, 1, 2) for s in (-1, 1))),
    np.round:        case(lambda d: call(d(arrays()), d(st.integers(-1, 1))), kinks=lambda a, n: np.abs(a * 10.**n) % 1 - .5),

    np.ldexp:        case(scaled),
    **dict.fromkeys((emath.sqrt, emath.log, emath.log2, emath.log10), unary(1 / 4)),
    **dict.fromkeys((emath.arccos, emath.arcsin, emath.arctanh), unary(-3 / 4, 3 / 4)),
    emath.logn:      case(lambda d: call(*(d(arrays(s, low=1 / 4, away_from=(1,))) for s in d(broadcastable())))),
    emath.power:     Pair(x1=positive).broadcast(),
    np.where:        case(conditional),
    np.astype:       case(lambda d: call(d(arrays()), np.float64, copy=d(st.booleans()))),
    np.clip:         case(clipped),
    elementwise.clip_between: case(lambda d: call(d(arrays(away_from=(-1, 2))), -1, 2), reference=np.clip),
    elementwise.clip_below:   case(lambda d: call(d(arrays(away_from=(-1,))), -1), reference=np.maximum),
    elementwise.clip_above:   case(lambda d: call(d(arrays(away_from=(2,))), 2), reference=np.minimum),
    dropout.masked:  case(lambda d: call(a := d(arrays()), d(booleans(a.shape)), 1.25), reference=lambda x, mask, scale: x * mask * scale),
}
DOMAINS.setdefault(np.around, DOMAINS[np.round])  # another object in older versions of NumPy
# fmt: on
