"""The softmax and what belongs to it: log_softmax, logsumexp.

Each is stable for arguments of any size, and none warns.
"""

from typing import Any

import numpy as np

from ..arrays import floating
from ..table import primitive
from .blocks import NARROW, rowwise, unbuffered
from .elementwise import ones_for_zeros
from .pieces import MANY

Axis = int | tuple[int, ...] | None


# fmt: off
@primitive(x=lambda g, out, axis: less_mean(g, out)[0] if are_rows(g, axis) else out * (g - dot(g, out, axis)))
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
    x = floating(x, "softmax")
    if x.size >= MANY and are_rows(x, axis):
        return shares_of_rows(x)
    e = np.exp(x - peak(x, axis))
    e /= total(e, axis)
    return e


@primitive(keep={"p": softmax}, x=lambda g, p, axis: less_shares(g, p)[0] if are_rows(g, axis) else g - p * total(g, axis))
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
    x = floating(x, "log_softmax")
    return logarithm_and_shares_of_rows(x, axis) if x.size >= MANY else logarithm_and_shares(x, axis)


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


def logarithm_and_shares(x: Any, axis: Axis) -> tuple[Any, Any]:
    """The logarithm of the softmax, and the softmax."""
    z = x - peak(x, axis)  # so that no exponential overflows
    e = np.exp(z)
    sums = total(e, axis)
    if z.size:
        z -= np.log(sums)
    e /= sums
    return z, e


logarithm_and_shares_of_rows = unbuffered(logarithm_and_shares)


def are_rows(g: Any, axis: Axis) -> bool:
    """Whether the axis is the last one of many numbers, and no graph is made of what is computed of them."""
    if axis != -1 or g.size < MANY or g.shape[-1] < NARROW or hasattr(g, "requires_grad"):
        return False
    return g.dtype.char in "fd"


@unbuffered
def shares_of_rows(x: Any) -> Any:
    """The softmax of rows, in place."""
    e = x - np.maximum.reduce(x, -1, keepdims=True)
    np.exp(e, e)
    e /= total(e, -1)
    return e


@unbuffered
@rowwise
def less_mean(g: Any, p: Any, d: Any = None) -> Any:
    """The rule of `softmax`, of rows, in place: p (g - Σ g p)."""
    d = np.subtract(g, np.vecdot(g, p)[..., None], d)
    d *= p
    return (d,)


@unbuffered
@rowwise
def less_shares(g: Any, p: Any, d: Any = None) -> Any:
    """The rule of `log_softmax`, of rows, in place: g - p Σ g."""
    d = np.multiply(p, np.vecdot(g, np.ones_like(g, shape=g.shape[-1:]))[..., None], d)
    return (np.subtract(g, d, d),)


def total(x: Any, axis: Axis) -> Any:
    """Σ x along the axis, which stays; of rows by a product with ones, several times as fast."""
    if axis == -1 and x.size >= MANY and x.dtype.char in "fd":
        return np.matmul(x, np.ones_like(x, shape=x.shape[-1:]))[..., None]
    return np.add.reduce(x, axis=axis, keepdims=True)


def dot(x: Any, y: Any, axis: Axis) -> Any:
    """Σ x y along the axis, which stays."""
    if axis == -1 and x.ndim and x.dtype.char in "fd" and y.dtype.char in "fd":
        return np.vecdot(x, y)[..., None]  # which takes the conjugates of complex numbers
    return np.add.reduce(x * y, axis=axis, keepdims=True)


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
    return e / ones_for_zeros(total(e, axis))
