"""Complex numbers made of their parts, without products by i: in 1j * inf is 0 · ∞, which is NaN."""

from typing import Any

import numpy as np

from ..arrays import refuse_imaginary
from ..table import overridable, primitive


# Re(g · d re) = Re(g) · d re, and Re(g · i d im) = -Im(g) · d im.
@primitive(broadcasts=True, re=lambda g: np.real(g), im=lambda g: -np.imag(g))
def complex_of(re: Any, im: Any) -> Any:
    """The complex numbers with these real and imaginary parts."""
    return composed(re, im)


@overridable
def composed(re: Any, im: Any) -> Any:
    """The values of `complex_of`."""
    for part in (re, im):
        refuse_imaginary(np.result_type(part), np.float64, "a real or imaginary part")
    shape = np.broadcast_shapes(np.shape(re), np.shape(im))
    z = np.empty(shape, np.result_type(re, im, np.complex64))
    z.real, z.imag = re, im
    return z


def times_i(z: Any) -> Any:
    """i z, of real and complex numbers, infinite ones too."""
    return complex_of(-np.imag(z), np.real(z))
