"""The softmax and what belongs to it: log_softmax, logsumexp.

Each is stable for arguments of any size, and none warns.
"""

from typing import Any

import numpy as np

from ..arrays import floating
from ..table import primitive
from .elementwise import ones_for_zeros

Axis = int | tuple[int, ...] | None


# fmt: off
@primitive(x=lambda g, out, axis: out * (g - np.add.reduce(g * out, axis=axis, keepdims=True)))
def softmax(x: Any, axis: Axis = -1) -> Any:
    """exp(x) divided by its sum along an axis.

    A slice of nothing but -inf has no probabilities: it gives NaN.  An empty slice gives an empty one.

    Parameters
    ----------
    x : Tensor or array_like of shape (..., c, ...)
    axis : int or tuple of int, default=-1
        Where the classes are; PyTorch has no default.

    Returns
    -------
    Tensor or ndarray of the same shape, positive, with sum 1 along ``axis``
    """
    e = np.exp(shifted(floating(x, "softmax"), axis))
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
    z = shifted(floating(x, "log_softmax"), axis)
    return z if z.size == 0 else z - np.log(np.add.reduce(np.exp(z), axis=axis, keepdims=True))


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Logarithm of the sum of exponentials, a smooth maximum.

    A slice of nothing but -inf gives -inf, and a gradient of 0; an empty slice gives -inf too.

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
    x = floating(x, "logsumexp")
    out = _logsumexp(x, axis)
    return out if keepdims else np.squeeze(out, axis=axis if axis is not None else tuple(range(np.ndim(x))))


@primitive(x=lambda g, x, axis: g * shares(x, axis))
def _logsumexp(x: Any, axis: Axis) -> Any:
    top = highest(x, axis)
    with np.errstate(divide="ignore"):
        return top + np.log(np.add.reduce(np.exp(x - top), axis=axis, keepdims=True))
# fmt: on


def shifted(x: Any, axis: Axis) -> Any:
    """x less its maximum along the axis, so that no exponential overflows."""
    return x - peak(x, axis)


def peak(x: Any, axis: Axis) -> Any:
    """The maximum along the axis; 0 for an empty slice."""
    return (np.maximum if x.size else np.add).reduce(x, axis=axis, keepdims=True)


def highest(x: Any, axis: Axis) -> Any:
    """The maximum along the axis; 0 where that is infinite, so that it can be subtracted."""
    top = peak(x, axis)
    return np.where(np.isinf(top), 0, top)


def shares(x: Any, axis: Axis) -> Any:
    """The softmax, but 0 and not NaN for a slice of nothing but -inf."""
    e = np.exp(x - highest(x, axis))
    return e / ones_for_zeros(np.add.reduce(e, axis=axis, keepdims=True))
