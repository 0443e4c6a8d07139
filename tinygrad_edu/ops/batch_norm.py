"""Batch normalization as one operation: channels standardized by the batch, then scaled and shifted.

As a weight is constant over what its channel is standardized by, the sums that its gradient and the bias's
are made of are those that x's needs too.
"""

from typing import Any

import numpy as np

from ..table import fused, primitive
from .reduction import group_size
from .sums import dot_along, sum_along

Axes = tuple[int, ...]


def plain_batch_normalized(x: Any, weight: Any, bias: Any, axes: Axes, eps: float) -> Any:
    """`batch_normalized` by composition."""
    mean, variance = np.mean(x, axis=axes, keepdims=True), np.var(x, axis=axes, keepdims=True)
    y = (x - mean) / np.sqrt(variance + eps) * weight
    return y if bias is None else y + bias, mean, variance


def plain_batch_norm_gradients(
    g: Any, g_mean: Any, g_variance: Any, x: Any, weight: Any, axes: Axes, eps: float, *kept: Any
) -> Any:
    """The gradients of x, weight and bias, from those of y, mean and variance.

    With c = x - mean, r = 1 / √(variance + eps) and n elements, y = w r c + b.  So dw = r Σ g c and db = Σ g,
    and as dr/dx = -r³ c / n, dx = w r (g - Σ g / n - c r² Σ g c / n) + g_mean / n + 2 c g_variance / n.
    """
    n = group_size(x.shape, axes)
    c = x - np.mean(x, axis=axes, keepdims=True)
    r = 1 / np.sqrt(np.mean(np.square(c), axis=axes, keepdims=True) + eps)
    of_bias, of_c = np.sum(g, axis=axes, keepdims=True), np.sum(g * c, axis=axes, keepdims=True)
    dx = weight * r * (g - of_bias / n - c * (r * r * of_c / n)) + (g_mean + 2 * c * g_variance) / n
    return dx, np.reshape(r * of_c, weight.shape), np.reshape(of_bias, weight.shape)


@fused(plain_batch_norm_gradients)
def batch_norm_gradients(
    g: Any, g_mean: Any, g_variance: Any, x: Any, weight: Any, axes: Axes, eps: float, *kept: Any
) -> Any:
    """`plain_batch_norm_gradients` in place, by the mean and r that were kept, if they were."""
    n, (mean, r) = group_size(x.shape, axes), kept
    c = x - (sum_along(axes, x) / n if mean is None else mean)
    if r is None:
        r = 1 / np.sqrt(dot_along(axes, c, c) / n + eps)
    of_bias, of_c, steep = sum_along(axes, g), dot_along(axes, g, c), weight * r
    c *= (2 * g_variance - steep * (r * r * of_c)) / n
    c += g * steep
    c += (g_mean - steep * of_bias) / n
    return c, np.reshape(r * of_c, weight.shape), np.reshape(of_bias, weight.shape)


# fmt: off
@primitive(keep={"mean": None, "scale": None},
           joint=(("x", "weight", "bias"), lambda g, x, weight, axes, eps, mean, scale:
                                           batch_norm_gradients(*g, x, weight, axes, eps, mean, scale)))
def batch_normalized(x: Any, weight: Any, bias: Any, axes: Axes, eps: float) -> Any:
    """weight · (x - mean) / √(variance + eps) + bias, with mean and (biased) variance over some axes.

    Parameters
    ----------
    x : Tensor or ndarray of any shape
    weight : Tensor or ndarray
        Broadcasts against x, constant along the axes.
    bias : Tensor or ndarray of the same shape, or None
    axes : tuple of int
        Numbers from 0 on.
    eps : float
        Added to the variance.

    Returns
    -------
    y : Tensor or ndarray of the shape of x
    mean, variance : Tensor or ndarray
        The axes kept, with length 1.
    """
    n = max(group_size(x.shape, axes), 1)
    mean = sum_along(axes, x) / n
    y = x - mean
    variance = dot_along(axes, y, y) / n
    scale = 1 / np.sqrt(variance + eps)
    y *= weight * scale
    if bias is not None:
        y += bias
    return (y, mean, variance), mean, scale
# fmt: on
