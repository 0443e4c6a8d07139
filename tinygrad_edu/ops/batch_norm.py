"""Batch normalization as one operation: channels standardized by the batch, then scaled and shifted.

As a weight is constant over what its channel is standardized by, the sums that its gradient and the bias's
are made of are those that x's needs too.
"""

from typing import Any

import numpy as np

from ..table import fused, primitive
from .blocks import rowwise
from .group_norm import combine, on_axis_1
from .reduction import group_size
from .sums import batch_first, batch_last, dot_along, is_in_order, sum_along

Axes = tuple[int, ...]


def plain_batch_normalized(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    """`batch_normalized` by composition."""
    axes = all_but_channels(x)
    mean, variance = np.mean(x, axis=axes, keepdims=True), np.var(x, axis=axes, keepdims=True)
    y = (x - mean) / np.sqrt(variance + eps) * on_axis_1(weight, x)
    return y if bias is None else y + on_axis_1(bias, x), mean, variance


def plain_batch_norm_gradients(
    g: Any, g_mean: Any, g_variance: Any, x: Any, weight: Any, eps: float, *kept: Any
) -> Any:
    """The gradients of x, weight and bias, from those of y, mean and variance.

    With c = x - mean, r = 1 / √(variance + eps) and n elements, y = w r c + b.  So dw = r Σ g c and db = Σ g,
    and as dr/dx = -r³ c / n, dx = w r (g - Σ g / n - c r² Σ g c / n) + g_mean / n + 2 c g_variance / n.
    """
    axes = all_but_channels(x)
    n = group_size(x.shape, axes)
    c = x - np.mean(x, axis=axes, keepdims=True)
    r = 1 / np.sqrt(np.mean(np.square(c), axis=axes, keepdims=True) + eps)
    of_bias, of_c = np.sum(g, axis=axes, keepdims=True), np.sum(g * c, axis=axes, keepdims=True)
    of_y = on_axis_1(weight, x) * r * (g - of_bias / n - c * (r * r * of_c / n))
    dx = of_y + (g_mean + 2 * c * g_variance) / n
    return dx, np.reshape(r * of_c, weight.shape), np.reshape(of_bias, weight.shape)


@fused(plain_batch_norm_gradients)
def batch_norm_gradients(
    g: Any, g_mean: Any, g_variance: Any, x: Any, weight: Any, eps: float, *kept: Any
) -> Any:
    """`plain_batch_norm_gradients` in place, by the mean and r that were kept, if they were."""
    if is_batch_last(x):
        statistics = [a if a is None else np.reshape(a, (-1, 1)) for a in (g_mean, g_variance, *kept)]
        given = as_rows(g), *statistics[:2], as_rows(x), weight[:, None], (1,), eps, *statistics[2:]
        dx, *others = _gradients(*given)
        return like_images(dx, x), *(np.reshape(a, weight.shape) for a in others)
    given = g, g_mean, g_variance, x, on_axis_1(weight, x), all_but_channels(x), eps, *kept
    dx, *others = _gradients(*given)
    return dx, *(np.reshape(a, weight.shape) for a in others)


# fmt: off
@primitive(keep={"mean": None, "scale": None},
           joint=(("x", "weight", "bias"), lambda g, x, weight, eps, mean, scale:
                                           batch_norm_gradients(*g, x, weight, eps, mean, scale)))
def batch_normalized(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    """weight · (x - mean) / √(variance + eps) + bias, with mean and (biased) variance of each channel.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, ...)
    weight : Tensor or ndarray of shape (c,)
    bias : Tensor or ndarray of shape (c,), or None
    eps : float
        Added to the variance.

    Returns
    -------
    y : Tensor or ndarray of the shape of x
    mean, variance : Tensor or ndarray
        The axes kept, with length 1.
    """
    if is_batch_last(x):
        bias = None if bias is None else bias[:, None]
        y, *statistics, scale = _normalized(as_rows(x), weight[:, None], bias, (1,), eps)
        mean, variance = (np.reshape(a, (1, -1, *[1] * (x.ndim - 2))) for a in statistics)
        y = like_images(y, x)
    else:
        bias = None if bias is None else on_axis_1(bias, x)
        y, mean, variance, scale = _normalized(x, on_axis_1(weight, x), bias, all_but_channels(x), eps)
    return (y, mean, variance), mean, scale
# fmt: on


def _normalized(x: Any, weight: Any, bias: Any, axes: Axes, eps: float) -> Any:
    """y, mean, variance and r = 1 / √(variance + eps), over some axes."""
    n = max(group_size(x.shape, axes), 1)
    mean = sum_along(axes, x) / n
    y = x - mean
    variance = dot_along(axes, y, y) / n
    scale = 1 / np.sqrt(variance + eps)
    _scale(y, weight * scale, bias)
    return y, mean, variance, scale


@rowwise
def _scale(y: Any, steep: Any, bias: Any) -> None:
    y *= steep
    if bias is not None:
        y += bias


def _gradients(
    g: Any, g_mean: Any, g_variance: Any, x: Any, weight: Any, axes: Axes, eps: float, mean: Any, r: Any
) -> Any:
    """dx, and the sums that the gradients of weight and bias are, with the axes kept."""
    n = group_size(x.shape, axes)
    c = x - (sum_along(axes, x) / n if mean is None else mean)
    if r is None:
        r = 1 / np.sqrt(dot_along(axes, c, c) / n + eps)
    of_bias, of_c, steep = sum_along(axes, g), dot_along(axes, g, c), weight * r
    along_c, constant = (2 * g_variance - steep * (r * r * of_c)) / n, (g_mean - steep * of_bias) / n
    if along_c.dtype == constant.dtype == c.dtype:
        combine(c, c, g, along_c, steep, constant)
    else:
        c = c * along_c + g * steep + constant
    return c, r * of_c, of_bias


# ---- channels ----------------------------------------------------------------------------------------------


def all_but_channels(x: Any) -> Axes:
    """The axes that a channel's statistics are taken over."""
    return (0, *range(2, x.ndim))


def is_batch_last(x: Any) -> bool:
    """Whether images lie in memory with the batch last: a channel is one row then."""
    return x.ndim > 2 and not is_in_order(x) and batch_last(x).flags.c_contiguous


def as_rows(x: Any) -> Any:
    """Images (n, c, ...) as (c, elements)."""
    return np.reshape(batch_last(x), (x.shape[1], -1))


def like_images(rows: Any, x: Any) -> Any:
    """Rows (c, elements) as images, of the shape of x, with the batch last in memory."""
    return batch_first(np.reshape(rows, (*x.shape[1:], x.shape[0])))
