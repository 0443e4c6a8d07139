"""Activations that cut: shrinkages, which take a piece around 0 away, thresholds, and random slopes.

At a cut the slope is that of the piece that is 0, or constant; of NaN, value and slope are NaN.
"""

from typing import Any

import numpy as np

from ..arrays import floating
from ..errors import ArgumentError
from ..random import Rng, generator
from ..table import primitive
from .activation import leaky_relu, relu
from .elementwise import or_nan


# fmt: off
@primitive(x=lambda g, x, lambd: or_nan(x, g * (np.absolute(x) > lambd)))
def hardshrink(x: Any, lambd: float = 0.5) -> Any:
    """x where ``|x| > lambd``, else 0.

    Parameters
    ----------
    x : Tensor or array_like of any shape
    lambd : float, at least 0, default=0.5

    Returns
    -------
    Tensor or ndarray of the same shape
    """
    x = floating(x, "hardshrink")
    check_lambd("hardshrink", lambd)
    return np.where(np.absolute(x) <= lambd, 0, x)


@primitive(x=lambda g, x, threshold: or_nan(x, g * (x > threshold)))
def threshold(x: Any, threshold: float, value: float) -> Any:
    """x where x > threshold, else a value.

    Parameters
    ----------
    x : Tensor or array_like of any shape
    threshold, value : float

    Returns
    -------
    Tensor or ndarray of the same shape
    """
    x = floating(x, "threshold")
    return np.where(x <= threshold, value, x)
# fmt: on


def softshrink(x: Any, lambd: float = 0.5) -> Any:
    """x, nearer to 0 by lambd, and 0 where ``|x| ≤ lambd``: what the proximal step of an L1 penalty does.

    Parameters
    ----------
    x : Tensor or array_like of any shape
    lambd : float, at least 0, default=0.5

    Returns
    -------
    Tensor or ndarray of the same shape

    References
    ----------
    D. Donoho (1995). De-noising by soft-thresholding. IEEE Transactions on Information Theory 41.
    """
    x = floating(x, "softshrink")
    check_lambd("softshrink", lambd)
    return np.sign(x) * relu(np.absolute(x) - lambd)


def tanhshrink(x: Any) -> Any:
    """x - tanh(x), which is nearly x³ / 3 around 0.

    Parameters
    ----------
    x : Tensor or array_like of any shape

    Returns
    -------
    Tensor or ndarray of the same shape
    """
    x = floating(x, "tanhshrink")
    return x - np.tanh(x)


def rrelu(
    x: Any, lower: float = 1 / 8, upper: float = 1 / 3, *, training: bool = False, rng: Rng = None
) -> Any:
    """Randomized leaky rectifier: x where x > 0, else a · x, with a drawn for each element in training.

    Parameters
    ----------
    x : Tensor or array_like of any shape
    lower, upper : float, default=1/8, 1/3
        In training, a is uniform between them; in use, it is their mean.
    training : bool, default=False
    rng : numpy.random.Generator or int, optional
        Fresh entropy, or the generator of `seed`, by default.

    Returns
    -------
    Tensor or ndarray of the same shape

    References
    ----------
    B. Xu, N. Wang, T. Chen, M. Li (2015). Empirical evaluation of rectified activations in convolutional
    network. arXiv:1505.00853
    """
    x = floating(x, "rrelu")
    check_slopes("rrelu", lower, upper)
    if not training:
        return leaky_relu(x, (lower + upper) / 2)
    return leaky_relu(x, generator(rng).uniform(lower, upper, x.shape).astype(x.dtype))


def check_lambd(who: str, lambd: float) -> None:
    """Refuse a width that is less than 0."""
    if not lambd >= 0:
        raise ArgumentError(f"{who}: lambd is at least 0; got {lambd}.")


def check_slopes(who: str, lower: float, upper: float) -> None:
    """Refuse an interval of slopes with its ends in the wrong order."""
    if not lower <= upper:
        raise ArgumentError(f"{who}: lower is at most upper; got {lower} and {upper}.")
