"""Batch normalization as one operation: channels standardized by the batch, then scaled and shifted.

As a weight is constant over what its channel is standardized by, the sums that its gradient and the bias's
are made of are those that x's needs too.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..table import fused, primitive
from .blocks import NARROW, rowwise, unbuffered
from .group_norm import on_axis_1
from .reduction import group_size
from .sums import batch_first, batch_last, dot_along, is_in_order, sum_along, sum_of_rows

Axes = tuple[int, ...]


def plain_batch_normalized(x: Any, weight: Any, bias: Any, eps: float, told: Any = None) -> Any:
    """`batch_normalized` by composition."""
    axes = all_but_channels(x)
    mean, variance = np.mean(x, axis=axes, keepdims=True), np.var(x, axis=axes, keepdims=True)
    y = (x - mean) / np.sqrt(variance + eps) * on_axis_1(weight, x)
    return y if bias is None else y + on_axis_1(bias, x)


def plain_batch_norm_gradients(g: Any, x: Any, weight: Any, eps: float, *kept: Any) -> Any:
    """The gradients of x, weight and bias.

    With c = x - mean, r = 1 / √(variance + eps) and n elements, y = w r c + b.  So dw = r Σ g c and db = Σ g,
    and as dr/dx = -r³ c / n, dx = w r (g - Σ g / n - c r² Σ g c / n).
    """
    axes = all_but_channels(x)
    n = group_size(x.shape, axes)
    c = x - np.mean(x, axis=axes, keepdims=True)
    r = 1 / np.sqrt(np.mean(np.square(c), axis=axes, keepdims=True) + eps)
    of_bias, of_c = np.sum(g, axis=axes, keepdims=True), np.sum(g * c, axis=axes, keepdims=True)
    dx = on_axis_1(weight, x) * r * (g - of_bias / n - c * (r * r * of_c / n))
    return dx, np.reshape(r * of_c, weight.shape), np.reshape(of_bias, weight.shape)


@fused(plain_batch_norm_gradients)
def batch_norm_gradients(g: Any, x: Any, weight: Any, eps: float, *kept: Any) -> Any:
    """`plain_batch_norm_gradients` in place, by the mean and r that were kept, if they were."""
    if not g.dtype == x.dtype == weight.dtype:  # what is computed in place would have x's
        return plain_batch_norm_gradients(g, x, weight, eps)
    mean, r = kept
    look = Channels(x)
    if mean is None:
        _, mean, _, r = _normalized(look.at(x), look, weight, None, eps)
    dx, *others = _gradients(look.at(x), look.at(g), look, weight, mean, r)
    return look.back(dx), *others


# fmt: off
@primitive(keep={"mean": None, "r": None},
           joint=(("x", "weight", "bias"), lambda g, x, weight, eps, mean, r: batch_norm_gradients(g, x, weight, eps, mean, r)))
def batch_normalized(x: Any, weight: Any, bias: Any, eps: float, told: Callable[[Any, Any], None] | None = None) -> Any:
    """weight · (x - mean) / √(variance + eps) + bias, with mean and (biased) variance of each channel.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, ...)
    weight : Tensor or ndarray of shape (c,)
    bias : Tensor or ndarray of shape (c,), or None
    eps : float
        Added to the variance.
    told : callable, optional
        It is called with the mean and the variance, arrays (c,).

    Returns
    -------
    Tensor or ndarray of the shape of x
    """
    look = Channels(x)
    y, mean, variance, r = _normalized(look.at(x), look, weight, bias, eps)
    if told is not None:
        told(mean, variance)
    return look.back(y), mean, r
# fmt: on


@unbuffered
def _normalized(x: Any, look: "Channels", weight: Any, bias: Any, eps: float) -> Any:
    """y, mean, variance and r = 1 / √(variance + eps)."""
    mean = look.sums(x) / look.size
    y = x - look.along(mean)
    variance = look.sums(y, y) / look.size
    r = 1 / np.sqrt(variance + eps)
    _scale(y, look.along(weight * r), None if bias is None else look.along(bias))
    return y, mean, variance, r


@unbuffered
def _gradients(x: Any, g: Any, look: "Channels", weight: Any, mean: Any, r: Any) -> Any:
    c = x - look.along(mean)
    of_c, of_bias = look.sums(g, c), look.sums(g)
    _combine(c, g, *map(look.along, (r * r * of_c / look.size, of_bias / look.size, weight * r)))
    return c, r * of_c, of_bias


@rowwise
def _scale(y: Any, steep: Any, bias: Any) -> None:
    y *= steep
    if bias is not None:
        y += bias


@rowwise
def _combine(c: Any, g: Any, along_c: Any, constant: Any, steep: Any) -> None:
    """steep · (g - c · along_c - constant), in the place of c."""
    c *= along_c
    c += constant
    np.subtract(g, c, c)
    c *= steep


class Channels:
    """How the channels of x (n, c, ...) lie: as columns of features, as an axis among others, or, where the
    batch lies last in memory, as rows (c, elements).

    Attributes
    ----------
    size : int
        Elements of a channel.
    """

    def __init__(self, x: Any) -> None:
        self.x, self.are_rows = x, is_batch_last(x)
        self.size = max(group_size(x.shape, all_but_channels(x)), 1)

    def at(self, x: Any) -> Any:
        """An array of the shape of x, looked at so."""
        return np.reshape(batch_last(x), (x.shape[1], -1)) if self.are_rows else x

    def back(self, y: Any) -> Any:
        """What is looked at so, in the shape of x."""
        x = self.x
        return batch_first(np.reshape(y, (*x.shape[1:], x.shape[0]))) if self.are_rows else y

    def along(self, statistics: Any) -> Any:
        """Numbers of the channels (c,), so that they broadcast against what is looked at so."""
        return statistics[:, None] if self.are_rows else on_axis_1(statistics, self.x)

    def sums(self, x: Any, y: Any = None) -> Any:
        """Σ x, or Σ x y, of each channel: (c,)."""
        if x.ndim == 2 and not self.are_rows:
            return sum_of_rows(x) if y is None else dots_of_columns(x, y)
        axes = (1,) if self.are_rows else all_but_channels(x)
        return np.reshape(sum_along(axes, x) if y is None else dot_along(axes, x, y), (-1,))


def dots_of_columns(x: Any, y: Any) -> Any:
    """Σ x y over the rows: (n, c) to (c,)."""
    if x.dtype.char in "fd" and x.dtype == y.dtype and x.shape[1] >= NARROW:
        return np.einsum("ij,ij->j", x, y)  # without an array of the products
    return np.add.reduce(x * y, 0)


def all_but_channels(x: Any) -> Axes:
    """The axes that a channel's statistics are taken over."""
    return (0, *range(2, x.ndim))


def is_batch_last(x: Any) -> bool:
    """Whether images lie in memory with the batch last: a channel is one row then."""
    return x.ndim > 2 and not is_in_order(x) and batch_last(x).flags.c_contiguous
