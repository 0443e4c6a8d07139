"""Adaptive pooling by maxima, which are taken from where they are; the windows are those of `adaptive`."""

from typing import Any

import numpy as np

from ..arrays import floating
from ..errors import ShapeError
from .window import Caller


def adaptive_max_pool1d(x: Any, output_size: Any, *, return_indices: bool = False) -> Any:
    """Maximum over so many windows of sequences (n, c, l) or (c, l); see `adaptive_max_pool2d`."""
    return adaptive_max_pool(Caller("adaptive_max_pool1d", 1), x, output_size, return_indices)


def adaptive_max_pool2d(x: Any, output_size: Any, *, return_indices: bool = False) -> Any:
    """Maximum over as many windows of images as asked for, which lie as those of `adaptive_avg_pool2d`.

    The gradient goes to the maximum; among equal ones, to the first of the window, row by row.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, h, w) or (c, h, w)
    output_size : int or (int, int), at least 1
        (h', w'); None in a pair keeps the size.
    return_indices : bool, default=False
        Whether to return the places of the maxima too.

    Returns
    -------
    y : Tensor or ndarray of shape (n, c, h', w') or (c, h', w')
    indices : Tensor or ndarray of int, of the same shape
        With ``return_indices``, as those of `max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> adaptive_max_pool2d(np.arange(6.0).reshape(1, 2, 3), (1, 2), return_indices=True)
    (array([[[4., 5.]]]), array([[[4, 5]]]))
    """
    return adaptive_max_pool(Caller("adaptive_max_pool2d", 2), x, output_size, return_indices)


def adaptive_max_pool(caller: Caller, x: Any, output_size: Any, return_indices: bool) -> Any:
    """The maximum over a number of windows, for a function or layer, and where it is."""
    x = floating(x, caller.name)
    images = caller.images(x)
    n, c, h, w = images.shape
    if not h * w:
        raise ShapeError(f"{caller.name} expects an input that is not empty, got {x.shape}.")
    rows, columns = caller.output_counts((h, w), output_size)
    inside = within(rows, h)[:, None, :, None] * w + within(columns, w)[None, :, None, :]
    inside = np.reshape(inside, (rows * columns, -1))  # the places in each window
    flat = np.reshape(images, (n, c, h * w))
    winner = np.expand_dims(np.argmax(np.take(flat, inside, axis=2), axis=3), 3)
    places = np.take_along_axis(np.broadcast_to(inside, (n, c, *inside.shape)), winner, 3)[..., 0]
    found = np.take_along_axis(flat, places, 2), places
    y, places = (caller.as_given(np.reshape(p, (n, c, rows, columns)), x.shape) for p in found)
    return (y, places) if return_indices else y


def within(count: int, n: int) -> Any:
    """(count, most): where each of the windows lies; a smaller one has its last place several times."""
    starts, stops = np.arange(count) * n // count, -(-(np.arange(count) + 1) * n // count)
    return np.minimum(starts[:, None] + np.arange(np.max(stops - starts)), stops[:, None] - 1)
