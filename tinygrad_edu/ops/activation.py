"""Activations: those of straight pieces are here, all others at hand here.

Those with an exponential below 0 (elu, celu, selu) are in `exponential`, those of smooth slope (sigmoid,
softplus, gelu …) in `smooth`, the softmax and its kin in `softmax`.  tanh and arctan are NumPy's.  Each is
stable for arguments of any size, and none warns.  At a kink the slope is that of the left piece: 0 for relu,
``negative_slope`` for leaky_relu; at a bound it is 0, as for `numpy.clip`.  Of NaN, value and slope are NaN.
"""

from typing import Any

import numpy as np
from numpy import maximum, ndarray, sign  # by name, which is looked up faster

from ..arrays import floating, given, real
from ..errors import ArgumentError, ShapeError
from ..table import primitive
from .blocks import blockwise
from .exponential import celu, elu, selu
from .pieces import MANY, ZEROS, above, below, step
from .smooth import gaussian, gelu, mish, sigmoid, silu, softplus, softsign
from .softmax import log_softmax, logsumexp, softmax

# fmt: off
__all__ = [
    "celu", "elu", "gaussian", "gelu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu",
    "log_softmax", "logsumexp", "maxout", "mish", "prelu", "relu", "relu6", "selu", "sigmoid", "silu",
    "softmax", "softplus", "softsign",
]


the_higher = blockwise(lambda x, slope: np.maximum(x, x * slope))


@primitive(x=lambda g, out: g * (sign(out) if out.size < MANY else step(out)))
def relu(x: Any) -> Any:
    """Rectified linear unit, max(x, 0); its slope at 0 is 0.

    Parameters
    ----------
    x : Tensor or array_like of any shape

    Returns
    -------
    Tensor or ndarray of the same shape

    References
    ----------
    V. Nair, G. Hinton (2010). Rectified linear units improve restricted Boltzmann machines. ICML.
    """
    if type(x) is ndarray and x.size < MANY and (zero := ZEROS.get(x.dtype)) is not None:
        return maximum(x, zero)
    return above(real(x, "relu"))


@primitive(broadcasts=True, x=blockwise(lambda g, x, negative_slope: g * leaky_slope(x, negative_slope)),
                            negative_slope=lambda g, x: g * below(x))
def leaky_relu(x: Any, negative_slope: Any = 0.01) -> Any:
    """x where x > 0, else negative_slope · x; its slope at 0 is ``negative_slope``.

    Parameters
    ----------
    x : Tensor or array_like of any shape
    negative_slope : float, or Tensor or ndarray that broadcasts, default=0.01

    Returns
    -------
    Tensor or ndarray of the same shape

    References
    ----------
    A. Maas, A. Hannun, A. Ng (2013). Rectifier nonlinearities improve neural network acoustic models. ICML.
    """
    x = floating(x, "leaky_relu")
    if type(negative_slope) is float and 0 < negative_slope <= 1:
        return the_higher(x, negative_slope)
    return above(x) + below(x) * negative_slope
# fmt: on


def leaky_slope(x: Any, negative_slope: Any) -> Any:
    """1 where x > 0, negative_slope where x ≤ 0, NaN where x is; several times as fast as np.where."""
    if type(negative_slope) is float and 0 <= negative_slope <= 1:
        # It lies between what ceil is on the two sides, but NaN.
        return np.clip(np.ceil(x), negative_slope, 1)
    positive = step(x)
    return positive + (1 - positive) * negative_slope


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """x, but no less than min_val and no more than max_val; the slope is 0 at and beyond these.

    Parameters
    ----------
    x : Tensor or array_like of any shape
    min_val, max_val : float, default=-1.0, 1.0

    Returns
    -------
    Tensor or ndarray of the same shape, in [min_val, max_val]

    Raises
    ------
    ArgumentError
        If min_val is not less than max_val.
    """
    if not min_val < max_val:
        raise ArgumentError(f"hardtanh: min_val is less than max_val; got {min_val} and {max_val}.")
    return np.clip(real(x, "hardtanh"), min_val, max_val)


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6), for arithmetic of few bits; the slope is 0 at both kinks.

    References
    ----------
    A. Howard et al. (2017). MobileNets: efficient convolutional neural networks for mobile vision
    applications. arXiv:1704.04861
    """
    return np.clip(real(x, "relu6"), 0, 6)


# fmt: off
three_pieces = blockwise(lambda x: np.clip(x + 3, 0, 6) * (1 / 6))  # 6 · (1 / 6) is 1, in each dtype
x_by_pieces = blockwise(lambda x: (above(x, -3) * (((c := np.clip(x, -3, 3)) + 3) * (1 / 6)), c * (1 / 3)))  # -inf · 0 is NaN


# Within its three pieces h is neither whole number: then ⌈h⌉ - ⌊h⌋ is 1, else 0.
@primitive(x=blockwise(lambda g, out: g * ((np.ceil(out) - np.floor(out)) * (1 / 6))))
def hardsigmoid(x: Any) -> Any:
    """x / 6 + ½ within [0, 1], a sigmoid of three straight pieces."""
    return three_pieces(floating(x, "hardsigmoid"))


@primitive(x=lambda g, out: g * ((1 - np.absolute(np.trunc(out))) * (1 / 3)))
def thirds(x: Any) -> Any:
    """x / 3 within [-1, 1]."""
    return x_by_pieces(floating(x, "thirds"))[1]

# Within the kinks its slope is x / 3 + ½; at and beyond them x / 3 is bounded to -1 or 1, whole numbers.
@primitive(keep={"t": thirds}, x=blockwise(lambda g, t: g * (t - 0.5 * np.trunc(t) + 0.5)))
def hardswish(x: Any) -> Any:
    """x · hardsigmoid(x).

    References
    ----------
    A. Howard et al. (2019). Searching for MobileNetV3. arXiv:1905.02244
    """
    return x_by_pieces(floating(x, "hardswish"))
# fmt: on


def prelu(x: Any, weight: Any) -> Any:
    """x where x > 0, else weight · x, with a weight that is learned; its slope at 0 is the weight.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, ...), or any shape for a single weight
    weight : Tensor or ndarray of shape (1,), or (c,): one for each channel

    Returns
    -------
    Tensor or ndarray of the same shape

    Raises
    ------
    ShapeError
        If there is neither one weight nor one for each channel.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun (2015). Delving deep into rectifiers. arXiv:1502.01852
    """
    x, weight = floating(x, "prelu"), given(weight, "prelu: weight")
    if weight.shape != (1,):
        if x.ndim < 2 or weight.shape != x.shape[1:2]:
            raise ShapeError(
                f"prelu: weights of shape {weight.shape} do not fit x of shape {x.shape}. Expected (1,), or "
                "one for each x[:, channel]."
            )
        weight = np.reshape(weight, (-1, *[1] * (x.ndim - 2)))  # (c, 1, 1): channels on axis 1
    elif x.ndim == 0:
        weight = weight[0]
    return leaky_relu(x, weight)


def maxout(x: Any, pieces: int) -> Any:
    """The largest of each ``pieces`` neighbours on the last axis: a convex function that is learned.

    Equal neighbours share the gradient evenly.

    Parameters
    ----------
    x : Tensor or ndarray of shape (..., c · pieces)
        Usually x Wᵀ + b; `nn.Maxout` has both.
    pieces : int, at least 1

    Returns
    -------
    Tensor or ndarray of shape (..., c)

    Raises
    ------
    ArgumentError
        If pieces is less than 1.
    ShapeError
        If the last axis cannot be divided so.

    Examples
    --------
    >>> maxout(np.array([1.0, 5.0, 2.0, -3.0]), 2)
    array([5., 2.])

    References
    ----------
    I. Goodfellow, D. Warde-Farley, M. Mirza, A. Courville, Y. Bengio (2013). Maxout networks. arXiv:1302.4389
    """
    if pieces < 1:
        raise ArgumentError(f"maxout: pieces is at least 1; got {pieces}.")
    x = real(x, "maxout")
    if not x.ndim or x.shape[-1] % pieces:
        raise ShapeError(f"maxout: the last axis is a multiple of pieces={pieces}; got shape {x.shape}.")
    return np.max(np.reshape(x, (*x.shape[:-1], x.shape[-1] // pieces, pieces)), axis=-1)
