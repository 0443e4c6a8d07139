"""What scipy.special has as functions of plain arrays only, for tensors.

The ufuncs of scipy.special take tensors themselves: ``scipy.special.gammaln(t)`` differentiates.  Some of its
functions are none, and turn what they are given into arrays; these are here.
"""

import math
from typing import Any

import numpy as np

from .arrays import floating
from .hints import missing_from

try:
    from scipy import special as sc  # type: ignore[import-untyped]  # SciPy comes without types
except ImportError:
    raise ImportError("tinygrad_edu.special needs SciPy: pip install tinygrad_edu[scipy]") from None

from .ops.scipy_special.gamma import polygamma
from .ops.scipy_special.lambert import lambert_slope
from .ops.scipy_special.spherical import spherical_in, spherical_jn, spherical_kn, spherical_yn
from .table import overridable, primitive

__all__ = [
    "lambertw",
    "multigammaln",
    "polygamma",
    "spherical_in",
    "spherical_jn",
    "spherical_kn",
    "spherical_yn",
]


@primitive(x=lambda g, x, out: g * lambert_slope(x, out))
def lambertw(x: Any, k: int = 0) -> Any:
    """Lambert's W function of real numbers: the y with y exp(y) = x.

    Parameters
    ----------
    x : Tensor or array_like of any shape
        At least -1/e, and negative for k = -1; NaN elsewhere.
    k : 0 or -1, default=0
        The branch: y ≥ -1, or y ≤ -1.  scipy.special.lambertw, which takes tensors too, has complex numbers
        and the other branches.

    Returns
    -------
    Tensor or ndarray of the same shape

    Examples
    --------
    >>> lambertw(np.array([0.0, math.e]))
    array([0., 1.])
    """
    return _lambertw(floating(x, "lambertw"), k)


@overridable
def _lambertw(x: Any, k: int) -> Any:
    out = sc.lambertw(x, k)
    return np.where(np.imag(out) == 0, np.real(out), np.nan).astype(x.dtype, copy=False)


def multigammaln(a: Any, d: int) -> Any:
    r"""Logarithm of the multivariate gamma function, as scipy.special.multigammaln.

    .. math:: \log\Gamma_d(a) = \frac{d(d-1)}{4}\log\pi + \sum_{i=0}^{d-1} \log\Gamma(a - i/2)

    Parameters
    ----------
    a : Tensor or array_like of any shape
        Above (d - 1) / 2; NaN elsewhere, where SciPy raises.
    d : int
        The dimension.

    Returns
    -------
    Tensor or ndarray of the same shape

    Examples
    --------
    >>> multigammaln(np.array([1.0, 2.5]), 1)
    array([0.        , 0.28468287])
    """
    a = floating(a, "multigammaln")
    a = a * np.where(a > (d - 1) / 2, np.ones_like(a), np.nan)
    terms = [sc.gammaln(a - i / 2) for i in range(d)]
    return sum(terms) + d * (d - 1) / 4 * math.log(math.pi)


__getattr__ = missing_from(__name__)
