"""Spherical Bessel functions, which scipy.special has as functions of plain arrays (DLMF 10.51).

Each derivative is a sum of both neighbours, (n fₙ₋₁ ∓ (n + 1) fₙ₊₁) / (2n + 1), which holds at 0 too, where
the forms with a quotient n/z do not.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types

from ...aliases import Cotangent
from ...table import overridable, primitive
from .gamma import whole


def neighbours(f: Callable[..., Any], n: Any, z: Any, sign: int) -> Any:
    """(n fₙ₋₁ + sign (n + 1) fₙ₊₁) / (2n + 1); of f₋₁ there is nothing at n = 0."""
    below = np.where(np.equal(n, 0), 0, f(np.maximum(n - 1, 0), z))
    return (n * below + sign * (n + 1) * f(n + 1, z)) / (2 * n + 1)


def jn_slope(g: Cotangent, n: Any, z: Any) -> Any:
    """The gradient of `spherical_jn` in z."""
    return g * neighbours(spherical_jn, whole(n), z, -1)


def yn_slope(g: Cotangent, n: Any, z: Any) -> Any:
    """The gradient of `spherical_yn` in z."""
    return g * neighbours(spherical_yn, whole(n), z, -1)


def in_slope(g: Cotangent, n: Any, z: Any) -> Any:
    """The gradient of `spherical_in` in z."""
    return g * neighbours(spherical_in, whole(n), z, 1)


def kn_slope(g: Cotangent, n: Any, z: Any) -> Any:
    """The gradient of `spherical_kn` in z."""
    return -g * neighbours(spherical_kn, whole(n), z, 1)


@primitive(broadcasts=True, z=jn_slope)
def spherical_jn(n: Any, z: Any) -> Any:
    """The spherical Bessel function of the first kind, as scipy.special.spherical_jn, which takes no tensors.

    Parameters
    ----------
    n : int or array_like of int
        The order, 0 or more.
    z : Tensor or array_like of any shape
        Real or complex numbers.

    Returns
    -------
    Tensor or ndarray of the shape to which both broadcast

    Examples
    --------
    >>> spherical_jn(0, np.array([0.0, np.pi / 2]))
    array([1.        , 0.63661977])
    """
    return values(sc.spherical_jn, n, z)


@primitive(broadcasts=True, z=yn_slope)
def spherical_yn(n: Any, z: Any) -> Any:
    """The spherical Bessel function of the second kind; see `spherical_jn`.

    Examples
    --------
    >>> spherical_yn(0, np.array([np.pi]))
    array([0.31830989])
    """
    return values(sc.spherical_yn, n, z)


@primitive(broadcasts=True, z=in_slope)
def spherical_in(n: Any, z: Any) -> Any:
    """The modified spherical Bessel function of the first kind; see `spherical_jn`.

    Examples
    --------
    >>> spherical_in(0, np.array([0.0, 1.0]))
    array([1.        , 1.17520119])
    """
    return values(sc.spherical_in, n, z)


@primitive(broadcasts=True, z=kn_slope)
def spherical_kn(n: Any, z: Any) -> Any:
    """The modified spherical Bessel function of the second kind; see `spherical_jn`.

    Examples
    --------
    >>> spherical_kn(0, np.array([1.0]))
    array([0.57786367])
    """
    return values(sc.spherical_kn, n, z)


@overridable
def values(function: Any, n: Any, z: Any) -> Any:
    """What SciPy's function returns."""
    return function(np.asarray(n).astype(int), z)
