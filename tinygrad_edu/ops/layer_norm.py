"""Layer normalization as one operation: rows standardized each by itself, then scaled and shifted.

As the weight is the same for all rows, the sums over a row that x's gradient needs are products with it, and
the array of which the weight's gradient is the sum serves for both.  Many rows are computed by blocks.
"""

from typing import Any

import numpy as np

from ..table import fused, primitive
from .blocks import rowwise, unbuffered
from .contraction import flat
from .sums import along_rows, dot_along, sum_of_rows


def plain_layer_normalized(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    """`layer_normalized` by composition."""
    mean, variance = np.mean(x, axis=-1, keepdims=True), np.var(x, axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + eps) * weight + bias


def plain_layer_norm_gradients(g: Any, x: Any, weight: Any, eps: float, *kept: Any) -> Any:
    """The gradients of x, weight and bias.

    With c = x - mean, r = 1 / √(variance + eps), z = r c and n elements in a row, y = w z + b.  So dw = Σ g z
    and db = Σ g over the rows, and dx = r (h - Σ h / n - z Σ h z / n) over each row, where h = w g.
    """
    c = x - np.mean(x, axis=-1, keepdims=True)
    r = 1 / np.sqrt(np.mean(np.square(c), axis=-1, keepdims=True) + eps)
    z, h, rows = c * r, g * weight, tuple(range(x.ndim - 1))
    dx = r * (h - np.mean(h, axis=-1, keepdims=True) - z * np.mean(h * z, axis=-1, keepdims=True))
    return dx, np.sum(g * z, axis=rows), np.sum(g, axis=rows)


@fused(plain_layer_norm_gradients)
def layer_norm_gradients(g: Any, x: Any, weight: Any, eps: float, *kept: Any) -> Any:
    """`plain_layer_norm_gradients` in place, by the z and r that were kept, if they were."""
    z, r = kept
    if z is None:
        _, z, r = normalized_rows(flat(x), weight, weight, eps)
    dx, of_weight, of_bias = _gradients(flat(g), z, r, weight)
    return np.reshape(dx, x.shape), of_weight, of_bias


@unbuffered
@rowwise
def _gradients(g: Any, z: Any, r: Any, weight: Any, out: Any = None) -> Any:
    """The three gradients of rows."""
    product, n = g * z, max(z.shape[1], 1)
    of_z, of_one = along_rows(product, weight) / n, along_rows(g, weight) / n
    of_weight, of_bias = sum_of_rows(product), sum_of_rows(g)
    dx = np.multiply(g, weight, out)
    dx -= np.multiply(z, of_z, product)
    dx -= of_one
    dx *= r
    return dx, of_weight, of_bias


# fmt: off
@primitive(keep={"z": None, "r": None},
           joint=(("x", "weight", "bias"), lambda g, x, weight, eps, z, r: layer_norm_gradients(g, x, weight, eps, z, r)))
def layer_normalized(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    """weight · (x - mean) / √(variance + eps) + bias, with mean and (biased) variance of each row.

    Parameters
    ----------
    x : Tensor or ndarray of shape (..., n)
    weight, bias : Tensor or ndarray of shape (n,)
    eps : float
        Added to the variance.

    Returns
    -------
    Tensor or ndarray of the shape of x
    """
    y, z, r = normalized_rows(flat(x), weight, bias, eps)
    return np.reshape(y, x.shape), z, r
# fmt: on


@unbuffered
@rowwise
def normalized_rows(
    x: Any, weight: Any, bias: Any, eps: float, y: Any = None, z: Any = None, r: Any = None
) -> Any:
    """Rows (m, n) normalized, scaled and shifted; z, the rows between; and r, (m, 1)."""
    n = max(x.shape[1], 1)
    z = np.subtract(x, along_rows(x, np.ones_like(x, shape=x.shape[1:])) / n, z)
    r = np.divide(1, np.sqrt(dot_along((1,), z, z) / n + eps), r)
    z *= r
    y = np.multiply(z, weight, y)
    y += bias
    return y, z, r
