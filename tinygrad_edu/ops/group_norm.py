"""Group normalization as one operation: groups of channels standardized in each example, scaled and shifted.

Images are looked at as (channels, places, columns).  Where the batch lies last in memory, the columns are the
examples; otherwise every example has channels of its own, in one column.  Sums over places come first, as
products with ones; what groups have in common is made of these small arrays.
"""

import math
from typing import Any

import numpy as np

from ..table import fused, primitive
from .sums import ROW, is_in_order


def plain_group_normalized(x: Any, weight: Any, bias: Any, groups: int, eps: float) -> Any:
    """`group_normalized` by composition."""
    v = np.reshape(x, (x.shape[0], groups, -1))
    mean, variance = np.mean(v, axis=-1, keepdims=True), np.var(v, axis=-1, keepdims=True)
    z = np.reshape((v - mean) / np.sqrt(variance + eps), x.shape)
    return z * _on_axis_1(weight, x) + _on_axis_1(bias, x)


def plain_group_norm_gradients(g: Any, x: Any, weight: Any, groups: int, eps: float, *kept: Any) -> Any:
    """The gradients of x, weight and bias.

    They are those of layer normalization, of the rows that groups are; weight and bias belong to channels.
    """
    v, h = (np.reshape(a, (x.shape[0], groups, -1)) for a in (x, g * _on_axis_1(weight, x)))
    c = v - np.mean(v, axis=-1, keepdims=True)
    r = 1 / np.sqrt(np.mean(np.square(c), axis=-1, keepdims=True) + eps)
    z, axes = c * r, (0, *range(2, x.ndim))
    dx = r * (h - np.mean(h, axis=-1, keepdims=True) - z * np.mean(h * z, axis=-1, keepdims=True))
    return np.reshape(dx, x.shape), np.sum(g * np.reshape(z, x.shape), axis=axes), np.sum(g, axis=axes)


@fused(plain_group_norm_gradients)
def group_norm_gradients(g: Any, x: Any, weight: Any, groups: int, eps: float, *kept: Any) -> Any:
    """`plain_group_norm_gradients` in place, by the c = x - mean and r that were kept, if they were.

    dx = r w g - r Σ h / n - c r³ Σ h c / n, where h = w g.
    """
    look = Look(x)
    c, r = kept
    if c is None:
        _, c, r = _normalized(look, look.at(x), weight, weight, groups, eps)
    g = look.at(g)
    of_one, of_c = look.columns(_sum(g)), look.columns(_sum(g * c))
    steep = r * look.weights(weight)
    mean_h, mean_hc = (look.group_means(steep * s, groups) for s in (of_one, of_c))  # times r
    dx = g * look.rows(steep)
    dx -= c * look.rows(np.square(r) * mean_hc)
    dx -= look.rows(mean_h)
    return look.back(dx), look.of_channels(of_c * r), look.of_channels(of_one)


# fmt: off
@primitive(keep={"c": None, "r": None},
           joint=(("x", "weight", "bias"), lambda g, x, weight, groups, eps, c, r: group_norm_gradients(g, x, weight, groups, eps, c, r)))
def group_normalized(x: Any, weight: Any, bias: Any, groups: int, eps: float) -> Any:
    """weight · (x - mean) / √(variance + eps) + bias, with mean and (biased) variance of groups of channels.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, ...), with at least one element
    weight, bias : Tensor or ndarray of shape (c,)
    groups : int
        It divides c.
    eps : float
        Added to the variance.

    Returns
    -------
    Tensor or ndarray of the shape of x
    """
    look = Look(x)
    y, c, r = _normalized(look, look.at(x), weight, bias, groups, eps)
    return look.back(y), c, r
# fmt: on


def _normalized(look: "Look", x: Any, weight: Any, bias: Any, groups: int, eps: float) -> Any:
    """y, c = x - mean, and r = 1 / √(variance + eps), of each channel and column."""
    mean = look.group_means(look.columns(_sum(x)), groups)
    c = x - look.rows(mean)
    r = 1 / np.sqrt(look.group_means(look.columns(_sum(np.square(c))), groups) + eps)
    y = c * look.rows(r * look.weights(weight))
    y += look.weights(bias)[:, :, None]
    return y, c, r


def _sum(x: Any) -> Any:
    """Σ over the places: (channels, rows, n) to (channels, n)."""
    if x.shape[2] == 1:
        return np.matmul(x[:, :, 0], np.ones_like(x, shape=x.shape[1:2]))[:, None]
    return np.matmul(np.ones_like(x, shape=x.shape[1:2]), x)


class Look:
    """Images (n, c, ...) as (channels, rows, k · columns), k places side by side, so that rows are long.

    Statistics are arrays (channels, columns).
    """

    def __init__(self, x: Any) -> None:
        self.shape, self.c, self.last = x.shape, x.shape[1], not is_in_order(x)
        n: int = x.shape[0]
        places = math.prod(x.shape[2:])
        self.channels, self.n = (self.c, n) if self.last else (self.c * n, 1)
        self.k = 1
        if 1 < self.n < ROW:
            self.k = next(k for k in range(max(ROW // self.n, 1), 0, -1) if places % k == 0)
        self.places, self.long = places, (self.channels, places // self.k, self.k * self.n)

    def at(self, x: Any) -> Any:
        """An array of the shape of the images, looked at so."""
        return np.reshape(np.moveaxis(x, 0, -1) if self.last else x, self.long)

    def back(self, x: Any) -> Any:
        """What is looked at so, as images."""
        if not self.last:
            return np.reshape(x, self.shape)
        return np.moveaxis(np.reshape(x, (*self.shape[1:], self.n)), -1, 0)

    def rows(self, statistics: Any) -> Any:
        """Statistics as (channels, 1, k · columns), which broadcast against images."""
        return (np.tile(statistics, (1, self.k)) if self.k > 1 else statistics)[:, None, :]

    def columns(self, sums: Any) -> Any:
        """Sums (channels, k · columns) as statistics: k of each column are added up."""
        return np.add.reduce(np.reshape(sums, (self.channels, self.k, self.n)), 1) if self.k > 1 else sums

    def group_means(self, sums: Any, groups: int) -> Any:
        """Of sums over places, the means over each group's channels, at all of these."""
        size = self.c // groups
        parts = np.reshape(sums, (self.channels // size, size, self.n))
        means = np.add.reduce(parts, 1, keepdims=True) / (size * self.places)
        return np.reshape(np.repeat(means, size, 1), sums.shape)

    def weights(self, weight: Any) -> Any:
        """Numbers of the channels (c,) as statistics, (channels, 1)."""
        return (weight if self.last else np.tile(weight, self.shape[0]))[:, None]

    def of_channels(self, statistics: Any) -> Any:
        """Statistics added up over examples: (c,)."""
        if self.last:
            return np.add.reduce(statistics, 1)
        return np.add.reduce(np.reshape(statistics, (self.shape[0], self.c)), 0)


def _on_axis_1(p: Any, x: Any) -> Any:
    return np.reshape(p, (-1, *[1] * (x.ndim - 2)))
