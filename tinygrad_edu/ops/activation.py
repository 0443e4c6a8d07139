"""Activations and what belongs to them: relu and its kin, sigmoid, softplus, softmax, logsumexp.

Each is stable for arguments of any size, and none warns.
"""

from typing import Any

import numpy as np

from .elementwise import LN2, nonzero
from .table import elementwise, primitive

Axis = int | tuple[int, ...] | None


# fmt: off
@primitive(x=lambda g, out: g * np.sign(out))  # the slope, 0 or 1, is the sign of what came out
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
    return np.maximum(x, 0)


@primitive(x=lambda g, x, negative_slope: np.where(x > 0, g, g * negative_slope))
def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    """x where x > 0, else negative_slope · x; its slope at 0 is ``negative_slope``.

    Parameters
    ----------
    x : Tensor or array_like of any shape
    negative_slope : float, default=0.01

    Returns
    -------
    Tensor or ndarray of the same shape

    References
    ----------
    A. Maas, A. Hannun, A. Ng (2013). Rectifier nonlinearities improve neural network acoustic models. ICML.
    """
    return np.where(np.greater(x, 0), x, np.multiply(x, negative_slope))


@primitive(x=lambda g, x, alpha: np.where(x > 0, g, g * (alpha * np.exp(np.minimum(x, 0)))))
def elu(x: Any, alpha: float = 1.0) -> Any:
    """Exponential linear unit: x where x > 0, else alpha · (exp(x) - 1).

    Parameters
    ----------
    x : Tensor or array_like of any shape
    alpha : float, default=1.0

    Returns
    -------
    Tensor or ndarray of the same shape

    References
    ----------
    D.-A. Clevert, T. Unterthiner, S. Hochreiter (2016). Fast and accurate deep network learning by exponential linear units. arXiv:1511.07289
    """
    return np.where(np.greater(x, 0), x, alpha * np.expm1(np.minimum(x, 0)))


@primitive(x=lambda g, out: g * (out * (1 - out)))
def sigmoid(x: Any) -> Any:
    """Logistic function, 1 / (1 + exp(-x)), exact in both tails.

    Parameters
    ----------
    x : Tensor or array_like of any shape

    Returns
    -------
    Tensor or ndarray of the same shape, in [0, 1]
    """
    e = np.exp(-np.absolute(x))  # in (0, 1]: no overflow
    return np.where(np.greater_equal(x, 0), 1, e) / (1 + e)


@primitive(x=lambda g, x: g * sigmoid(x))
def softplus(x: Any) -> Any:
    """Smooth rectifier, log(1 + exp(x)).

    Parameters
    ----------
    x : Tensor or array_like of any shape

    Returns
    -------
    Tensor or ndarray of the same shape, positive
    """
    return np.logaddexp(x, 0)


@primitive(x=lambda g, out, axis: out * (g - np.add.reduce(g * out, axis=axis, keepdims=True)))
def softmax(x: Any, axis: Axis = -1) -> Any:
    """exp(x) divided by its sum along an axis.

    A slice of nothing but -inf has no probabilities: it gives NaN.

    Parameters
    ----------
    x : Tensor or array_like of shape (..., c, ...)
    axis : int or tuple of int, default=-1
        Where the classes are; PyTorch has no default.

    Returns
    -------
    Tensor or ndarray of the same shape, positive, with sum 1 along ``axis``
    """
    e = np.exp(shifted(x, axis))
    return e / np.add.reduce(e, axis=axis, keepdims=True)


@primitive(x=lambda g, out, axis: g - np.exp(out) * np.add.reduce(g, axis=axis, keepdims=True))
def log_softmax(x: Any, axis: Axis = -1) -> Any:
    """Logarithm of the softmax, x - logsumexp(x), exact where the softmax underflows.

    Parameters
    ----------
    x : Tensor or array_like of shape (..., c, ...)
    axis : int or tuple of int, default=-1

    Returns
    -------
    Tensor or ndarray of the same shape, not positive
    """
    z = shifted(x, axis)
    return z - np.log(np.add.reduce(np.exp(z), axis=axis, keepdims=True))


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Logarithm of the sum of exponentials, a smooth maximum.

    A slice of nothing but -inf gives -inf, and a gradient of 0.

    Parameters
    ----------
    x : Tensor or array_like of any shape
    axis : int or tuple of int, default=None
        All axes by default.
    keepdims : bool, default=False

    Returns
    -------
    Tensor or ndarray, reduced along ``axis``
    """
    out = _logsumexp(x, axis)
    return out if keepdims else np.squeeze(out, axis=axis if axis is not None else tuple(range(np.ndim(x))))


elementwise(np.logaddexp,  x1=lambda g, x1, x2, out: g * sigmoid(lead(x1, x2, out)),
                           x2=lambda g, x1, x2, out: g * sigmoid(lead(x2, x1, out)))
elementwise(np.logaddexp2, x1=lambda g, x1, x2, out: g * sigmoid(LN2 * lead(x1, x2, out)),
                           x2=lambda g, x1, x2, out: g * sigmoid(LN2 * lead(x2, x1, out)))

@primitive(x=lambda g, x, axis: g * shares(x, axis))
def _logsumexp(x: Any, axis: Axis) -> Any:
    top = highest(x, axis)
    with np.errstate(divide="ignore"):
        return top + np.log(np.add.reduce(np.exp(x - top), axis=axis, keepdims=True))
# fmt: on


def shifted(x: Any, axis: Axis) -> Any:
    """x less its maximum along the axis, so that no exponential overflows."""
    return x - np.maximum.reduce(x, axis=axis, keepdims=True)


def highest(x: Any, axis: Axis) -> Any:
    """The maximum along the axis; 0 where that is infinite, so that it can be subtracted."""
    top = np.maximum.reduce(x, axis=axis, keepdims=True)
    return np.where(np.isinf(top), 0, top)


def shares(x: Any, axis: Axis) -> Any:
    """The softmax, but 0 and not NaN for a slice of nothing but -inf."""
    e = np.exp(x - highest(x, axis))
    return e / nonzero(np.add.reduce(e, axis=axis, keepdims=True))


def lead(x: Any, other: Any, out: Any) -> Any:
    """x - other; and -inf, so that neither gets a gradient, where both are -inf and so is the result."""
    return np.where(out == -np.inf, -np.inf, x - other)
