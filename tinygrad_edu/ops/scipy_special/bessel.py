"""Bessel functions, Airy's and Struve's (DLMF 10.6, 10.29, 9.2, 11.4).

The derivative of a Bessel function of order v is half the sum or difference of its neighbours, which holds at
0 too, where the forms with a quotient v/x do not.  The exponentially scaled ones are differentiated as
products.
"""

import math
from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...errors import DTypeError
from ...table import elementwise
from ..complex import is_complex
from .gamma import whole


def struve_term(v: Any, x: Any) -> Any:
    """(x/2)ᵛ / (√π Γ(v + 3/2)), which stands in the recurrences of Struve's functions."""
    return np.power(x / 2, v) * sc.rgamma(v + 1.5) / math.sqrt(math.pi)


def less(out: Any, neighbours: Any) -> Any:
    """out - neighbours, of a scaled K and its neighbours, all of which are infinite at 0: -inf there."""
    return np.where(np.isinf(out), 0, out) - neighbours


def real(z: Any) -> Any:
    """z, if it is real: what is scaled by exp(-|Re z|) has no complex derivative."""
    if is_complex(z):
        raise DTypeError(
            "scipy.special.ive: it is scaled by exp(-|Re z|), and differentiates in real z alone; of a "
            "complex z take scipy.special.iv(v, z) * np.exp(-np.absolute(np.real(z)))."
        )
    return z


# fmt: off
elementwise(sc.j0,  x=lambda g, x: -g * sc.j1(x))
elementwise(sc.j1,  x=lambda g, x: g * (sc.j0(x) - sc.jv(2, x)) / 2)
elementwise(sc.y0,  x=lambda g, x: -g * sc.y1(x))
elementwise(sc.y1,  x=lambda g, x: g * (sc.y0(x) - sc.yv(2, x)) / 2)
elementwise(sc.i0,  x=lambda g, x: g * sc.i1(x))
elementwise(sc.i1,  x=lambda g, x: g * (sc.i0(x) + sc.iv(2, x)) / 2)
elementwise(sc.k0,  x=lambda g, x: -g * sc.k1(x))
elementwise(sc.k1,  x=lambda g, x: -g * (sc.k0(x) + sc.kv(2, x)) / 2)
elementwise(sc.jv, "v", "z",  z=lambda g, v, z: g * (sc.jv(v - 1, z) - sc.jv(v + 1, z)) / 2)
elementwise(sc.yv, "v", "z",  z=lambda g, v, z: g * (sc.yv(v - 1, z) - sc.yv(v + 1, z)) / 2)
elementwise(sc.yn, "n", "x",  x=lambda g, n, x: g * (sc.yn(whole(n) - 1, x) - sc.yn(whole(n) + 1, x)) / 2)
elementwise(sc.iv, "v", "z",  z=lambda g, v, z: g * (sc.iv(v - 1, z) + sc.iv(v + 1, z)) / 2)
elementwise(sc.kv, "v", "z",  z=lambda g, v, z: -g * (sc.kv(v - 1, z) + sc.kv(v + 1, z)) / 2)
elementwise(sc.kn, "n", "x",  x=lambda g, n, x: -g * (sc.kn(whole(n) - 1, x) + sc.kn(whole(n) + 1, x)) / 2)

elementwise(sc.i0e, x=lambda g, x, out: g * (sc.i1e(x) - np.sign(x) * out))
elementwise(sc.i1e, x=lambda g, x, out: g * ((sc.i0e(x) + sc.ive(2, x)) / 2 - np.sign(x) * out))
elementwise(sc.k0e, x=lambda g, x, out: g * less(out, sc.k1e(x)))
elementwise(sc.k1e, x=lambda g, x, out: g * less(out, (sc.k0e(x) + sc.kve(2, x)) / 2))
elementwise(sc.ive, "v", "z", z=lambda g, v, z, out: g * ((sc.ive(v - 1, z) + sc.ive(v + 1, z)) / 2 - np.sign(real(z)) * out))
elementwise(sc.kve, "v", "z", z=lambda g, v, z, out: g * less(out, (sc.kve(v - 1, z) + sc.kve(v + 1, z)) / 2))

elementwise(sc.airy, x=lambda g, x, out: g[0] * out[1] + g[1] * x * out[0] + g[2] * out[3] + g[3] * x * out[2])
elementwise(sc.struve, "v", "x",    x=lambda g, v, x: g * (sc.struve(v - 1, x) - sc.struve(v + 1, x) + struve_term(v, x)) / 2)
elementwise(sc.modstruve, "v", "x", x=lambda g, v, x: g * (sc.modstruve(v - 1, x) + sc.modstruve(v + 1, x) + struve_term(v, x)) / 2)
# fmt: on
