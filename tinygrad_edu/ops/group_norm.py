"""Group normalization as one operation: groups of channels standardized in each example, scaled and shifted.

Images are looked at as (channels, places, columns).  Where the batch lies last in memory, the columns are the
examples; otherwise every example has channels of its own, in one column.  Sums over places are products with
ones; what scales and shifts is made of these small arrays, and repeated over places for long rows.
"""

import math
from typing import Any

import numpy as np

from ..table import fused, primitive
from .blocks import rowwise, unbuffered
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
    (c, r), look = kept, Look(x, groups)
    if c is None:
        _, c, r = _normalized(look.at(x), look, weight, weight, eps)
    return _gradients(look.at(g), look, weight, c, r)


@unbuffered
def _gradients(g: Any, look: "Look", weight: Any, c: Any, r: Any) -> Any:
    of_one, of_c = look.sums(look.channels, g), look.sums(look.channels, g, c)
    r_of_channels = look.spread(r)
    steep = r_of_channels * look.column(weight)
    mean_h, mean_hc = look.means(steep * of_one), look.means(steep * of_c)
    dx = np.empty_like(c)
    combine(dx, c, g, *(look.rows(a) for a in (-mean_hc * np.square(r), steep, -mean_h)))
    return look.back(dx), look.of_channels(of_c * r_of_channels), look.of_channels(of_one)


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
    y, c, r = _normalized(look.at(x), look, weight, bias, eps)
    return look.back(y), c, r
# fmt: on


@unbuffered
def _normalized(x: Any, look: "Look", weight: Any, bias: Any, eps: float) -> Any:
    """y, c = x - mean, and r = 1 / √(variance + eps), of each group and column."""
    c = x - look.rows(look.sums(look.groups, x) / look.size)
    r = 1 / np.sqrt(look.sums(look.groups, c, c) / look.size + eps)
    y = np.empty_like(c)
    _scale(y, c, look.rows(look.spread(r) * look.column(weight)), look.column(bias)[:, :, None])
    return y, c, r


@rowwise
def _scale(y: Any, c: Any, steep: Any, bias: Any) -> None:
    np.multiply(c, steep, y)
    y += bias


@rowwise
def combine(out: Any, c: Any, g: Any, along_c: Any, steep: Any, constant: Any) -> None:
    """The sum of c and g, each times numbers of channels, and constants of these."""
    np.multiply(c, along_c, out)
    out += g * steep
    out += constant


class Look:
    """Images (n, c, ...) as (channels, rows, k · columns), k places side by side, so that rows are long.

    Statistics are arrays (channels, columns) or (groups, columns).

    Attributes
    ----------
    channels, groups, columns : int
        How many there are: where the batch is not last, every example has channels of its own.
    size : int
        Elements of a group.
    """

    def __init__(self, x: Any, groups: int) -> None:
        self.shape, self.last = x.shape, not is_in_order(x)
        n: int = x.shape[0]
        c: int = x.shape[1]
        places = math.prod(x.shape[2:])
        times, self.columns = (1, n) if self.last else (n, 1)
        self.channels, self.groups = times * c, times * groups
        self.size = c // groups * places
        most = max(1, min(ROW // max(n, 1), math.isqrt(places))) if self.last else 1
        k = next(k for k in range(most, 0, -1) if places % k == 0)
        self.k = k = places if k == 1 and places * n <= ROW and self.last else k  # of a prime number of them
        self.long = (self.channels, places // k, k * self.columns)

    def at(self, x: Any) -> Any:
        """An array of the shape of the images, looked at so."""
        return np.reshape(batch_last(x) if self.last else x, self.long)

    def back(self, x: Any) -> Any:
        """What is looked at so, as images."""
        if not self.last:
            return np.reshape(x, self.shape)
        return batch_first(np.reshape(x, (*self.shape[1:], self.shape[0])))

    def sums(self, parts: int, x: Any, y: Any = None) -> Any:
        """Σ x, or Σ x y, over each channel or group, which are so many parts: (parts, columns)."""
        elements = x.size // (parts * self.columns)
        if y is not None and x.size > LARGE and self.k > 1 and x.dtype.char in "fd":
            rows = (parts, elements // self.k, self.long[2])
            x = np.einsum("prj,prj->pj", np.reshape(x, rows), np.reshape(y, rows))  # makes no products
            elements = self.k
        elif y is not None:
            x = x * y
        ones = np.ones_like(x, shape=(elements,))
        if self.columns == 1:
            return np.matmul(np.reshape(x, (parts, elements)), ones)[:, None]
        return np.matmul(ones, np.reshape(x, (parts, elements, self.columns)))

    def means(self, sums: Any) -> Any:
        """Of sums over channels, the means over groups."""
        return np.add.reduce(np.reshape(sums, (self.groups, -1, self.columns)), 1) / self.size

    def spread(self, statistics: Any) -> Any:
        """What groups have, of each channel."""
        return np.repeat(statistics, self.channels // self.groups, 0)

    def rows(self, statistics: Any) -> Any:
        """Statistics as (channels, 1, k · columns), which broadcast against images."""
        copies = np.repeat(statistics[:, None], self.k * self.channels // statistics.shape[0], 1)
        return np.reshape(copies, (self.channels, 1, -1))

    def column(self, weight: Any) -> Any:
        """Numbers of the channels (c,) as statistics of one column."""
        return (weight if self.last else np.tile(weight, self.shape[0]))[:, None]

    def of_channels(self, statistics: Any) -> Any:
        """Statistics added up over examples: (c,)."""
        if self.last:
            return np.add.reduce(statistics, 1)
        return np.add.reduce(np.reshape(statistics, self.shape[:2]), 0)


def on_axis_1(p: Any, x: Any) -> Any:
    """Numbers of the channels, (c,), so that they broadcast against x."""
    return p if x.ndim == 2 else np.reshape(p, (-1, *[1] * (x.ndim - 2)))
