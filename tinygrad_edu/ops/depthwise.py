"""Convolutions of each channel by itself, which have no channels to add up, and so no product of matrices.

With the batch last in memory and stride 1, what all windows see in one place of the kernel is one piece of
the padded image of a channel, from an offset on: so the outputs are that image, shifted, times a number,
added up over the places.  A few channels at a time stay in the cache, padding and all.
"""

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from .window import Windows

CACHE = 1 << 18  # bytes of outputs that are worked on at a time


class Channels:
    """Images (c, h, w, n) a few channels at a time, with the padding of windows, each as one vector.

    The outputs lie in vectors too, row by row as far apart as the rows of the padded image: what is between
    two rows belongs to no window.
    """

    def __init__(self, x: Any, windows: Windows) -> None:
        c, h, w, n = self.shape = x.shape
        self.x, self.inner = x, windows.inner((h, w))
        height, width = windows.framed((h, w))
        rows, columns = windows.counts((h, w))
        self.outputs = c, rows, columns, n
        self.length = ((rows - 1) * width + columns) * n
        self.offsets = [
            (windows.dilation[0] * i * width + windows.dilation[1] * j) * n
            for i, j in product(range(windows.kernel[0]), range(windows.kernel[1]))
        ]
        self.some = max(1, min(c, CACHE // max(1, rows * width * n * x.dtype.itemsize)))
        self.framed = np.zeros_like(x, order="C", shape=(self.some, height, width, n))
        self.wide = rows, width, n

    def __iter__(self) -> Iterator[tuple[slice, Any]]:
        """Which channels, and their padded images (channels, elements), in memory that is used again."""
        for start in range(0, self.shape[0], self.some):
            part = self.x[start : start + self.some]
            framed = self.framed[: part.shape[0]]
            framed[:, *self.inner] = part
            yield slice(start, start + part.shape[0]), np.reshape(framed, (part.shape[0], -1))

    def vectors(self, dtype: Any) -> tuple[Any, Any]:
        """Memory for outputs, as they lie apart, (channels, rows, columns, n) and (channels, elements)."""
        memory = np.zeros_like(self.x, dtype, "C", shape=(self.some, math.prod(self.wide)))
        apart = np.reshape(memory, (self.some, *self.wide))[:, :, : self.outputs[2]]
        return apart, memory[:, : self.length]


def depthwise_convolve(x: Any, weight: Any, bias: Any, y: Any, windows: Windows) -> None:
    """Images (c, h, w, n) under kernels (c, 1, kh, kw), written to outputs y (c, rows, columns, n)."""
    images, numbers = Channels(x, windows), np.reshape(weight, (weight.shape[0], -1, 1))
    apart, sums = images.vectors(y.dtype)
    term = np.empty_like(sums)
    for some, framed in images:
        count = framed.shape[0]
        for place, offset in enumerate(images.offsets):
            seen, number = framed[:, offset : offset + images.length], numbers[some, place]
            if place == 0:
                np.multiply(seen, number, out=sums[:count])
            else:
                sums[:count] += np.multiply(seen, number, out=term[:count])
        y[some] = apart[:count] if bias is None else apart[:count] + np.reshape(bias[some], (-1, 1, 1, 1))


def depthwise_correlate(x: Any, y: Any, weight: Any, windows: Windows) -> None:
    """Images times outputs, summed up for each place of the kernel, written to weights (c, places)."""
    images = Channels(x, windows)
    apart, outputs = images.vectors(y.dtype)  # zeros between the rows
    for some, framed in images:
        apart[: framed.shape[0]] = y[some]
        for place, offset in enumerate(images.offsets):
            seen = framed[:, offset : offset + images.length]
            weight[some, place] = np.vecdot(seen, outputs[: framed.shape[0]])
