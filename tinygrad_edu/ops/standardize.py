"""`standardize`, the one operation under all normalization; `rescale`, which takes off no mean; `affine`."""

from typing import Any

import numpy as np

from ..table import primitive
from .reduction import axes_of, group_size
from .sums import dot_along, in_long_rows, sum_along, sum_to

Axis = int | tuple[int, ...]


# fmt: off
@primitive(x=lambda g, out, axis, eps: standardize_gradient(g, out, axis, eps))
def standardize(x: Any, axis: Axis, eps: float) -> Any:
    """(x - mean) / √(variance + eps) over some axes, with the mean and the (biased) variance.

    Parameters
    ----------
    x : Tensor or ndarray of any shape
    axis : int or tuple of int
        What mean and variance are taken over.
    eps : float
        Added to the variance; positive if a constant x is to give 0 and not NaN.

    Returns
    -------
    standardized : Tensor or ndarray of the shape of x
    mean, variance : Tensor or ndarray
        The axes kept, with length 1.
    """
    axes, n = axes_of(axis, x.ndim), max(group_size(x.shape, axis), 1)
    mean = sum_along(axes, x) / n
    long, long_mean = in_long_rows(axes, x, mean)
    long = long - long_mean
    y = np.reshape(long, x.shape)
    variance = dot_along(axes, y, y) / n
    long /= in_long_rows(axes, y, np.sqrt(variance + eps))[1]
    return y, mean, variance


@primitive(x=lambda g, out, axis, eps: rescale_gradient(g, out, axis, eps))
def rescale(x: Any, axis: Axis, eps: float) -> Any:
    """x / √(mean square + eps) over some axes, and the mean square, the axes kept, with length 1."""
    mean_square = dot_along(axes_of(axis, x.ndim), x, x) / max(group_size(x.shape, axis), 1)
    return x / np.sqrt(mean_square + eps), mean_square


@primitive(broadcasts=True, x=lambda g, weight: g * weight,
                            weight=lambda g, x, weight_shape: sum_to(weight_shape, g, x),
                            bias=lambda g, bias_shape: sum_to(bias_shape, g))
def affine(x: Any, weight: Any, bias: Any) -> Any:
    """weight · x + bias, both of which broadcast against x."""
    y = x * weight
    y += bias
    return y
# fmt: on


def standardize_gradient(g: Any, out: Any, axis: Axis, eps: float) -> Any:
    """The gradient of `standardize` in x, from those of its three outputs.

    With s = √(variance + eps) and y = (x - mean) / s, over n elements: dmean/dx_i = 1/n, dvariance/dx_i = 2 s
    y_i / n, and dy_j/dx_i = (δ_ij - 1/n - y_i y_j / n) / s.  Summed with the gradients, (g_y - mean(g_y) - y
    mean(g_y y)) / s + g_mean / n + y (2 s g_variance / n).
    """
    (g_y, g_mean, g_variance), (y, _, variance) = g, out
    axes, n, s = axes_of(axis, y.ndim), group_size(y.shape, axis), np.sqrt(variance + eps)
    of_y, constant = (
        2 * np.square(s) * g_variance - dot_along(axes, g_y, y),
        g_mean * s - sum_along(axes, g_y),
    )
    d, of_y, constant, s = in_long_rows(axes, y, of_y / n, constant / n, s)
    d = d * of_y
    d += np.reshape(g_y, d.shape)
    d += constant
    d /= s
    return np.reshape(d, y.shape)


def rescale_gradient(g: Any, out: Any, axis: Axis, eps: float) -> Any:
    """The gradient of `rescale` in x, from those of its two outputs.

    With s = √(mean square + eps) and y = x / s, over n elements: dsquare/dx_i = 2 s y_i / n, and dy_j/dx_i =
    (δ_ij - y_i y_j / n) / s.
    """
    (g_y, g_square), (y, mean_square) = g, out
    n, s = group_size(y.shape, axis), np.sqrt(mean_square + eps)
    d = y * ((2 * np.square(s) * g_square - dot_along(axes_of(axis, y.ndim), g_y, y)) / n)
    d += g_y
    d /= s
    return d


def plain_rescale(x: Any, axis: Axis, eps: float) -> Any:
    """The same as `rescale` by composition."""
    mean_square = np.mean(np.square(x), axis=axis, keepdims=True)
    return x / np.sqrt(mean_square + eps), mean_square


def plain_standardize(x: Any, axis: Axis, eps: float) -> Any:
    """The same as `standardize` by composition: what it is tested against."""
    mean, variance = np.mean(x, axis=axis, keepdims=True), np.var(x, axis=axis, keepdims=True)
    return (x - mean) / np.sqrt(variance + eps), mean, variance
