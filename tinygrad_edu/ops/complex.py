"""The parts of complex numbers: conjugate, real and imaginary part, angle.

A rule computes the transposed product for the pairing Re(g · dx), of complex numbers as of real ones: that of
a holomorphic function is the one that it has for real numbers, and never conjugates.  The functions of this
file are not holomorphic, and have rules of their own.  Where an argument is real, the engine takes the real
part of what its rule returns.
"""

import math

import numpy as np

from ..table import derivative, elementwise

# Re(g · conj(dx)) = Re(conj(g) · dx);  g · Re(dx) = Re(g · dx);  g · Im(dx) = Re(-i g · dx), g being real.
# The angle is Im(log z).  It has no slope at 0, and gets none there.
# fmt: off
elementwise(np.conjugate,           x=lambda g: np.conjugate(g))
derivative(np.real,         lambda val: np.real(val),
                                    val=lambda g: g)
derivative(np.imag,         lambda val: np.imag(val),
                                    val=lambda g: -1j * g)
derivative(np.real_if_close, lambda a, tol=100: np.real_if_close(a, tol),
                                    a=lambda g: g)
derivative(np.angle,        lambda z, deg=False: np.angle(z, deg),
                                    z=lambda g, z, deg: np.where(z == 0, 0, -1j * g * (180 / math.pi if deg else 1) / np.where(z == 0, 1, z)))
# fmt: on
