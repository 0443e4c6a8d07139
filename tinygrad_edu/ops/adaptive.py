"""Adaptive pooling: means over so many windows, which share an image evenly among them.

As windows differ in size, and neighbours may overlap, there is no stride.  The means along an axis are linear
in its elements, so they are a product with a matrix of weights for each axis.
"""

from typing import Any

import numpy as np

from ..arrays import floating
from ..table import primitive
from .window import Caller, packed


def adaptive_avg_pool1d(x: Any, output_size: Any) -> Any:
    """Mean over so many windows of sequences (n, c, l) or (c, l); see `adaptive_avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_avg_pool1d(np.array([[1.0, 3.0, 2.0]]), 2)
    array([[2. , 2.5]])
    """
    return adaptive_avg_pool(Caller("adaptive_avg_pool1d", 1), x, output_size)


def adaptive_avg_pool2d(x: Any, output_size: Any) -> Any:
    """Mean over as many windows of images as asked for.

    Window r of the h' on an axis of length h covers ⌊r h/h'⌋ to ⌈(r + 1) h/h'⌉.  Where h' does not divide h,
    the means are products of matrices, in which 0 · ∞ is NaN: an infinite element makes NaN of all means of
    its channel that are not infinite.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, h, w) or (c, h, w)
    output_size : int or (int, int), at least 1
        (h', w'); None in a pair keeps the size.

    Returns
    -------
    Tensor or ndarray of shape (n, c, h', w') or (c, h', w')

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_avg_pool2d(np.arange(6.0).reshape(1, 2, 3), 1)
    array([[[2.5]]])
    """
    return adaptive_avg_pool(Caller("adaptive_avg_pool2d", 2), x, output_size)


def adaptive_avg_pool(caller: Caller, x: Any, output_size: Any) -> Any:
    """The mean over a number of windows, for a function or layer: a product with a matrix for each axis."""
    x = floating(x, caller.name)
    images = caller.images(x)
    h, w = images.shape[2:]
    rows, columns = caller.output_counts((h, w), output_size)
    if h and w and h % rows == 0 and w % columns == 0:
        return caller.as_given(sums_of_tiles(images, rows, columns) * (rows * columns / (h * w)), x.shape)
    left, right = averages(rows, h, images.dtype), averages(columns, w, images.dtype)
    return caller.as_given(np.matmul(np.matmul(left, images), right.T), x.shape)


# fmt: off
@primitive(x=lambda g, x_shape: filled_tiles(g, x_shape))  # type: ignore[has-type]  # each the other's adjoint
def sums_of_tiles(x: Any, rows: int, columns: int) -> Any:
    """The sums of images (n, c, h, w) over so many tiles of one size, (n, c, rows, columns)."""
    return np.add.reduce(np.add.reduce(in_tiles(x, rows, columns), axis=5), axis=3)

@primitive(y=lambda g, y_shape: sums_of_tiles(g, *y_shape[2:]))
def filled_tiles(y: Any, shape: tuple[int, ...]) -> Any:
    """Images of a shape, each tile of which holds the same value throughout, that of y (n, c, rows, columns)."""
    image = np.empty_like(packed(y), shape=shape)
    in_tiles(image, *y.shape[2:])[...] = np.expand_dims(y, (3, 5))
    return image
# fmt: on


def in_tiles(x: Any, rows: int, columns: int) -> Any:
    """(n, c, h, w) as a view (n, c, rows, tile's height, columns, tile's width)."""
    n, c, h, w = x.shape
    return np.reshape(x, (n, c, rows, h // rows, columns, w // columns))


def averages(count: int, n: int, dtype: Any) -> Any:
    """(count, n): each row the weights of the mean over one of ``count`` windows on an axis of length n."""
    starts, stops = np.arange(count) * n // count, -(-(np.arange(count) + 1) * n // count)
    inside = (starts[:, None] <= np.arange(n)) & (np.arange(n) < stops[:, None])
    return (inside / (stops - starts)[:, None]).astype(dtype)
