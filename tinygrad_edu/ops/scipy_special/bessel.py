"""Bessel functions, Kelvin's, Airy's, Struve's and Wright's (DLMF 10.6, 10.29, 10.51, 10.61, 9.2, 11.4).

The derivative of a Bessel function of order v is half the sum or difference of its neighbours, which holds at
0 too, where the forms with a quotient v/x do not.  The exponentially scaled ones are differentiated as
products.
"""

import cmath
import math
from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...errors import DTypeError
from ...table import elementwise
from ..complex import is_complex
from ..parts import times_i
from .gamma import weighted, whole


def struve_term(v: Any, x: Any) -> Any:
    """(x/2)ᵛ / (√π Γ(v + 3/2)), which stands in the recurrences of Struve's functions."""
    return np.power(x / 2, v) * sc.rgamma(v + 1.5) / math.sqrt(math.pi)


def less(out: Any, neighbours: Any) -> Any:
    """out - neighbours, of a scaled K and its neighbours, all of which are infinite at 0: -inf there."""
    return np.where(np.isinf(out), 0, out) - neighbours


def real(z: Any, name: str = "iv", part: str = "real") -> Any:
    """z, if it is real: what is scaled by exp(-|Re z|), or exp(-|Im z|), has no complex derivative."""
    if is_complex(z):
        raise DTypeError(
            f"scipy.special.{name}e: it is scaled by exp(-|np.{part}(z)|), and differentiates in real z; "
            f"of a complex z take scipy.special.{name}(v, z) * np.exp(-np.absolute(np.{part}(z)))."
        )
    return z


def airye_slope(g: Any, x: Any, out: Any) -> Any:
    """The gradient of Airy's functions, scaled by exp(±⅔ x√x) where x is positive; on the left Bi alone is a
    number, and is not scaled, and NaN has no gradient.
    """
    if is_complex(x):
        raise DTypeError(
            "scipy.special.airye: Bi is scaled by exp(-|⅔ Re(z√z)|), and differentiates in real z; of a "
            "complex z take scipy.special.airy(z) and the scale."
        )
    left = np.less(x, 0)
    root, ai, aip = np.sqrt(np.where(left, 0, x)), np.where(left, 0, out[0]), np.where(left, 0, out[1])
    decaying = g[0] * (aip + root * ai) + g[1] * (x * ai + root * aip)
    return decaying + g[2] * (out[3] - root * out[2]) + g[3] * (x * out[2] - root * out[3])


# Kelvin's functions are parts of Be(x) = J₀(w x), w = exp(3πi/4), and Ke(x) = K₀(exp(πi/4) x), which solve
# y″ + y′/x = iy.  At 0, where y′/x is 0/0, Be″ = -w² (J₀ - J₂) / 2 = i (Be - J₂(w x)) / 2 has no quotient.
TURN = cmath.exp(0.75j * math.pi)


def ber_curvature(x: Any) -> Any:
    """The second derivative of ber."""
    return (np.imag(sc.jv(2, TURN * x)) - sc.bei(x)) / 2


def bei_curvature(x: Any) -> Any:
    """The second derivative of bei."""
    return (sc.ber(x) - np.real(sc.jv(2, TURN * x))) / 2


def kelvin_slope(g: Any, x: Any, out: Any) -> Any:
    """The gradient of Be, Ke, Be′ and Ke′, complex functions of a real number."""
    be = np.real(weighted(g[0], out[2])) + weighted(np.real(g[2]), ber_curvature(x))
    ke = weighted(g[1], out[3]) + weighted(g[3], times_i(out[1]) - out[3] / x)
    return be - weighted(np.imag(g[2]), bei_curvature(x)) + np.real(ke)


def k1e_neighbours(x: Any, out: Any) -> Any:
    """(K₀ + K₂) / 2, scaled: K₀ + K₁/x beyond 1, where SciPy's K₂ may be NaN."""
    far = x > 1
    return np.where(
        far, sc.k0e(x) + out / np.where(far, x, 1), (sc.k0e(x) + sc.kve(2, np.where(far, 1, x))) / 2
    )


def i1e_neighbours(x: Any, out: Any) -> Any:
    """(I₀ + I₂) / 2, scaled: I₀ - I₁/x beyond 1, where SciPy's I₂ may be NaN."""
    far = np.absolute(x) > 1
    return np.where(
        far, sc.i0e(x) - out / np.where(far, x, 1), (sc.i0e(x) + sc.ive(2, np.where(far, 1, x))) / 2
    )


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
elementwise(sc.i1e, x=lambda g, x, out: g * (i1e_neighbours(x, out) - np.sign(x) * out))
elementwise(sc.k0e, x=lambda g, x, out: g * less(out, sc.k1e(x)))
elementwise(sc.k1e, x=lambda g, x, out: g * less(out, k1e_neighbours(x, out)))
elementwise(sc.ive, "v", "z", z=lambda g, v, z, out: g * ((sc.ive(v - 1, z) + sc.ive(v + 1, z)) / 2 - np.sign(real(z)) * out))
elementwise(sc.kve, "v", "z", z=lambda g, v, z, out: g * less(out, (sc.kve(v - 1, z) + sc.kve(v + 1, z)) / 2))

elementwise(sc.jve, "v", "z", z=lambda g, v, z: g * (sc.jve(v - 1, real(z, "jv", "imag")) - sc.jve(v + 1, z)) / 2)
elementwise(sc.yve, "v", "z", z=lambda g, v, z: g * (sc.yve(v - 1, real(z, "yv", "imag")) - sc.yve(v + 1, z)) / 2)

# Hankel's functions are J ± iY; the scaled ones leave exp(±iz) out.
elementwise(sc.hankel1,  "v", "z", z=lambda g, v, z: g * (sc.hankel1(v - 1, z) - sc.hankel1(v + 1, z)) / 2)
elementwise(sc.hankel2,  "v", "z", z=lambda g, v, z: g * (sc.hankel2(v - 1, z) - sc.hankel2(v + 1, z)) / 2)
elementwise(sc.hankel1e, "v", "z", z=lambda g, v, z, out: g * ((sc.hankel1e(v - 1, z) - sc.hankel1e(v + 1, z)) / 2 - times_i(out)))
elementwise(sc.hankel2e, "v", "z", z=lambda g, v, z, out: g * ((sc.hankel2e(v - 1, z) - sc.hankel2e(v + 1, z)) / 2 + times_i(out)))

elementwise(sc.ber,    x=lambda g, x: g * sc.berp(x))
elementwise(sc.bei,    x=lambda g, x: g * sc.beip(x))
elementwise(sc.ker,    x=lambda g, x: g * sc.kerp(x))
elementwise(sc.kei,    x=lambda g, x: g * sc.keip(x))
elementwise(sc.berp,   x=lambda g, x: g * ber_curvature(x))
elementwise(sc.beip,   x=lambda g, x: g * bei_curvature(x))
elementwise(sc.kerp,   x=lambda g, x, out: -g * (sc.kei(x) + out / x))
elementwise(sc.keip,   x=lambda g, x, out: g * (sc.ker(x) - out / x))
elementwise(sc.kelvin, x=kelvin_slope)

elementwise(sc.besselpoly, "a", "lmb", "nu", a=lambda g, a, lmb, nu: g * (sc.besselpoly(a, lmb + 1, nu - 1) - sc.besselpoly(a, lmb + 1, nu + 1)))
elementwise(sc.wright_bessel, "a", "b", "x", x=lambda g, a, b, x: g * sc.wright_bessel(a, a + b, x))
if hasattr(sc, "log_wright_bessel"):
    elementwise(sc.log_wright_bessel, "a", "b", "x", x=lambda g, a, b, x, out: g * np.exp(sc.log_wright_bessel(a, a + b, x) - out))

elementwise(sc.airye, x=airye_slope)
elementwise(sc.airy, x=lambda g, x, out: g[0] * out[1] + g[1] * x * out[0] + weighted(g[2], out[3]) + weighted(g[3], x * out[2]))
elementwise(sc.struve, "v", "x",    x=lambda g, v, x: g * (sc.struve(v - 1, x) - sc.struve(v + 1, x) + struve_term(v, x)) / 2)
elementwise(sc.modstruve, "v", "x", x=lambda g, v, x: g * (sc.modstruve(v - 1, x) + sc.modstruve(v + 1, x) + struve_term(v, x)) / 2)
# fmt: on
