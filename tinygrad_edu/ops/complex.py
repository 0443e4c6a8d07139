"""The parts of complex numbers, what is not holomorphic in them, and functions that answer with them.

A rule computes the transposed product for the pairing Re(g · dx), of complex numbers as of real ones: that of
a holomorphic function is the one that it has for real numbers, and never conjugates.  The functions of this
file are not holomorphic, and have rules of their own.  Where an argument is real, the engine takes the real
part of what its rule returns.
"""

import math
from typing import Any

import numpy as np

from ..table import composite, derivative, elementwise, op_of, overridable, primitive
from .elementwise import as_arrays, copied, ones_for_zeros, per_radius
from .parts import complex_of, times_i

DEGREES = 180 / math.pi


def is_complex(x: Any) -> bool:
    """Whether x holds complex numbers."""
    return bool(x.dtype.kind == "c") if hasattr(x, "dtype") else np.iscomplexobj(x)


def conjugated(x: Any) -> Any:
    """The conjugate of complex numbers; real ones as they are."""
    return np.conjugate(x) if is_complex(x) else x


def real_part(x: Any) -> Any:
    """The real part of complex numbers; real ones as they are."""
    return np.real(x) if is_complex(x) else x


def of_precision(x: Any, dtype: Any) -> Any:
    """x in a floating dtype; in the complex one of that precision, if it is complex."""
    return np.astype(x, np.result_type(dtype, np.complex64) if is_complex(x) else dtype)


def turned(g: Any, x: Any, out: Any) -> Any:
    """The gradient of a sign s, which moves around the circle alone: ds = i s Im(conj(s) · dx) / |x|."""
    return np.imag(g * out) / ones_for_zeros(np.absolute(x)) * times_i(np.conjugate(out))


@primitive(x=turned)
def direction_of_complex(x: Any) -> Any:
    """x / |x|; of infinite numbers that of their infinite parts, where np.sign is NaN."""
    return direction_value(x)


@overridable
def direction_value(x: Any) -> Any:
    """The values of `direction_of_complex`."""
    sign, far = np.sign(x), np.isinf(x)
    if not far.any():
        return sign
    re, im = (np.where(np.isinf(part), np.sign(part), 0) for part in (np.real(x), np.imag(x)))
    return np.where(far, np.sign(complex_of(re, im)), sign)


def direction(x: Any) -> Any:
    """The sign of a real or complex number."""
    return direction_of_complex(x) if is_complex(x) else np.sign(x)


def parted(g: Any, x: Any, kept: Any) -> Any:
    """Those parts of g, real and imaginary apart, that belong to parts of x that are ``kept``."""
    if not is_complex(x):
        return np.where(kept(x), g, 0)
    real = np.where(kept(np.real(x)), np.real(g), 0)
    return complex_of(real, np.where(kept(np.imag(x)), np.imag(g), 0))


def angle_slope(g: Any, z: Any) -> Any:
    """The gradient of arctan2(y, x) at z = x + iy: with the slopes -y/r² and x/r² it is g (-y - ix) / r²."""
    x, y = np.real(z), np.imag(z)
    return np.where(z == 0, 0, complex_of(-g * per_radius(y, x, y), -g * per_radius(x, x, y)))


# Re(g · conj(dx)) = Re(conj(g) · dx);  g · Re(dx) = Re(g · dx);  g · Im(dx) = Re(-i g · dx), g being real.
# The angle is Im(log x).  It has no slope at 0, and gets none there.
# fmt: off
elementwise(np.conjugate,   x=lambda g: np.conjugate(g))
derivative(np.real, lambda val: np.real(val),
                            val=lambda g: g)
derivative(np.imag, lambda val: np.imag(val),
                            val=lambda g: complex_of(np.zeros_like(np.real(g)), -np.real(g)))
derivative(np.real_if_close, lambda a, tol=100: np.real_if_close(a, tol),
                            a=lambda g: g)
derivative(np.angle, lambda z, deg=False: np.angle(z, deg),
                            z=lambda g, z, deg: angle_slope(g * DEGREES if deg else g, z))
derivative(np.nan_to_num, lambda x, copy=True, nan=0.0, posinf=None, neginf=None: np.nan_to_num(x, copied(copy), nan, posinf, neginf),
                            x=lambda g, x: parted(g, x, np.isfinite))

op_of(np.nan_to_num).copies = "copy"

# |x|² = x conj(x), so d|x| = Re(conj(s) · dx), with the sign s = x / |x|: of modulus 1, or 0 at 0.
elementwise(np.absolute,    x=lambda g, x: g * conjugated(direction(x)))

# A real sign is a step, without a slope.
@primitive(x=turned)
def sign_of_complex(x: Any) -> Any:
    return np.sign(x)

@primitive(x=lambda g, out: np.where(np.isnan(out), out, 0))
def sign_of_real(x: Any) -> Any:
    return np.sign(x)
# fmt: on


@composite(np.sign)
def _sign(x: Any, /) -> Any:
    return sign_of_complex(x) if is_complex(x) else sign_of_real(x)


@composite(np.sort_complex)
def _sort_complex(a: Any) -> Any:
    (a,) = as_arrays(a)
    return np.astype(np.sort(a), np.sort_complex(np.empty(0, a.dtype)).dtype)
