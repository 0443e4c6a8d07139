"""Group normalization as one operation: groups of channels standardized in each example, scaled and shifted.

Images are looked at as (channels, places, columns).  Where the batch lies last in memory, the columns are the
examples; otherwise every example has channels of its own, in one column.  Sums over places come first, as
products with ones; what groups have in common is made of these small arrays.
"""

import math
from typing import Any

import numpy as np

from ..table import fused, primitive
from .batch_norm import combine, on_axis_1
from .blocks import rowwise
from .sums import ROW, batch_first, batch_last, is_in_order

LARGE = 1 << 16  # elements, whose products would leave the cache


def plain_group_normalized(x: Any, weight: Any, bias: Any, groups: int, eps: float) -> Any:
    """`group_normalized` by composition."""
    v = np.reshape(x, (x.shape[0], groups, -1))
    mean, variance = np.mean(v, axis=-1, keepdims=True), np.var(v, axis=-1, keepdims=True)
    z = np.reshape((v - mean) / np.sqrt(variance + eps), x.shape)
    return z * on_axis_1(weight, x) + on_axis_1(bias, x)


def plain_group_norm_gradients(g: Any, x: Any, weight: Any, groups: int, eps: float, *kept: Any) -> Any:
    """The gradients of x, weight and bias.

    They are those of layer normalization, of the rows that groups are; weight and bias belong to channels.
    """
    v, h = (np.reshape(a, (x.shape[0], groups, -1)) for a in (x, g * on_axis_1(weight, x)))
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
    look = Look(x, groups)
    c, r = kept
    if c is None:
        _, c, r = _normalized(look, x, weight, weight, eps)
    g = look.at(g)
    of_one, of_c = look.sums(g), look.dots(g, c)
    steep = r * look.weights(weight)
    along_c, constant = look.means(steep * of_c) * np.square(r), look.means(steep * of_one)
    dx = np.empty_like(c)
    combine(dx, c, g, *(look.rows(a) for a in (-along_c, steep, -constant)))
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
    look = Look(x, groups)
    y, c, r = _normalized(look, x, weight, bias, eps)
    return look.back(y), c, r
# fmt: on


def _normalized(look: "Look", x: Any, weight: Any, bias: Any, eps: float) -> Any:
    """y, c = x - mean, and r = 1 / √(variance + eps), of each group and column."""
    x = look.at(x)
    c = x - look.rows(look.means(look.sums(x)))
    r = 1 / np.sqrt(look.means(look.dots(c, c)) + eps)
    y = np.empty_like(c)
    _scale(y, c, look.rows(r * look.weights(weight)), look.rows(look.weights(bias)))
    return y, c, r


@rowwise
def _scale(y: Any, c: Any, steep: Any, bias: Any) -> None:
    np.multiply(c, steep, y)
    y += bias


class Look:
    """Images (n, c, ...) as (channels, rows, k · columns), k places side by side, so that rows are long.

    Statistics of channels are arrays (groups, channels of a group, columns).
    """

    def __init__(self, x: Any, groups: int) -> None:
        self.shape, self.last = x.shape, not is_in_order(x)
        n, c = x.shape[:2]
        places = math.prod(x.shape[2:])
        channels, columns = (c, n) if self.last else (c * n, 1)
        self.size = c // groups * places  # elements of a group
        most = max(1, min(ROW // max(columns, 1), math.isqrt(places))) if columns > 1 else 1
        self.k = k = next(k for k in range(most, 0, -1) if places % k == 0)
        self.places, self.long = (channels, places, columns), (channels, places // k, k * columns)
        self.statistics = (channels * groups // c, c // groups, columns)

    def at(self, x: Any) -> Any:
        """An array of the shape of the images, looked at so."""
        return np.reshape(batch_last(x) if self.last else x, self.long)

    def back(self, x: Any) -> Any:
        """What is looked at so, as images."""
        if not self.last:
            return np.reshape(x, self.shape)
        return batch_first(np.reshape(x, (*self.shape[1:], self.shape[0])))

    def rows(self, statistics: Any) -> Any:
        """Statistics of channels or, (groups, 1, columns), of groups, to broadcast against images."""
        columns, times = statistics.shape[2], self.k * self.statistics[1] // statistics.shape[1]
        rows = np.reshape(statistics, (-1, 1, columns))
        if columns == 1 < self.places[2]:
            return rows
        return np.reshape(np.repeat(rows, times, 1), (self.places[0], 1, -1)) if times > 1 else rows

    def sums(self, x: Any) -> Any:
        """Σ x over the places, of each channel."""
        ones = np.ones_like(x, shape=self.places[1:2])
        one_column = self.places[2] == 1
        x = np.reshape(x, self.places[: 2 if one_column else 3])
        return np.reshape(np.matmul(x, ones) if one_column else np.matmul(ones, x), self.statistics)

    def dots(self, x: Any, y: Any) -> Any:
        """Σ x y over the places, of each channel; of many, without an array of the products."""
        if x.size < LARGE or self.k == 1 or x.dtype.char not in "fd":
            return self.sums(x * y)
        sums = np.einsum("crj,crj->cj", x, y)
        sums = np.matmul(np.ones_like(x, shape=(self.k,)), np.reshape(sums, (-1, self.k, self.places[2])))
        return np.reshape(sums, self.statistics)

    def means(self, sums: Any) -> Any:
        """Of sums over places, the means over each group, (groups, 1, columns)."""
        return np.add.reduce(sums, 1, None, None, True) / self.size

    def weights(self, weight: Any) -> Any:
        """Numbers of the channels (c,) as statistics of one column."""
        weight = weight if self.last else np.tile(weight, self.shape[0])
        return np.reshape(weight, (*self.statistics[:2], 1))

    def of_channels(self, statistics: Any) -> Any:
        """Statistics added up over examples: (c,)."""
        if self.last:
            return np.reshape(np.add.reduce(statistics, 2), -1)
        return np.add.reduce(np.reshape(statistics, self.shape[:2]), 0)
