"""Unfolding: the windows of images as columns, and the adjoint, which adds columns up where they came from.

A convolution is a product of its weights with unfolded images; that is what these two are good for to learn
and to build on.  `convolution` itself never has all windows in memory at once.
"""

import math
from typing import Any

import numpy as np

from ..arrays import floating
from ..errors import ShapeError
from ..table import primitive
from .window import Caller, Windows


# fmt: off
@primitive(x=lambda g, x_shape, windows: add_up(g, x_shape, windows))  # type: ignore[has-type]  # each the other's adjoint
def columns_of(x: Any, windows: Windows) -> Any:
    """Images (n, c, h, w) as columns (n, c, kh · kw, rows, columns): what each window has at each place."""
    padded = np.zeros_like(x, order="C", shape=windows.framed(x.shape))
    padded[:, :, *windows.inner(x.shape)] = x
    return np.stack(list(windows.slabs(padded, windows.counts(x.shape))), axis=2)

@primitive(y=lambda g, windows: columns_of(g, windows))
def add_up(y: Any, shape: tuple[int, ...], windows: Windows) -> Any:
    """Zeros of a shape (n, c, h, w), with each column added where its window is."""
    image = np.zeros_like(y, order="C", shape=windows.framed(shape))
    for place, slab in enumerate(windows.slabs(image, windows.counts(shape))):
        slab += y[:, :, place]
    return image[:, :, *windows.inner(shape)]
# fmt: on


def unfold(x: Any, kernel_size: Any, *, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The windows on images as columns: y[n, (c, i, j), (r, q)] = x[n, c, s r + d i - p, s q + d j - p].

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, h, w) or (c, h, w)
    kernel_size : int or (int, int), at least 1
    dilation, padding, stride
        As in `conv2d`; padding is of numbers alone.

    Returns
    -------
    Tensor or ndarray of shape (n, c · kh · kw, windows) or (c · kh · kw, windows)

    Raises
    ------
    ShapeError
        If a window is larger than the padded image.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.unfold(np.array([[[1.0, 2.0, 3.0]]]), (1, 2))
    array([[1., 2.],
           [2., 3.]])
    """
    return unfolded(Caller("unfold", 2), x, kernel_size, dilation, padding, stride)


def fold(
    x: Any, output_size: Any, kernel_size: Any, *, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    """Columns added up to images, where `unfold` takes them from: its adjoint.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c · kh · kw, windows) or (c · kh · kw, windows)
    output_size : int or (int, int)
        Height and width of the images.
    kernel_size, dilation, padding, stride
        As in `unfold`.

    Returns
    -------
    Tensor or ndarray of shape (n, c, h, w) or (c, h, w)

    Raises
    ------
    ShapeError
        If there are not as many columns as windows on such images, or their length is no multiple of kh · kw.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.fold(np.array([[1.0, 2.0], [2.0, 3.0]]), (1, 3), (1, 2))
    array([[[1., 4., 3.]]])
    """
    return folded(Caller("fold", 2), x, output_size, kernel_size, dilation, padding, stride)


def unfolded(caller: Caller, x: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> Any:
    """The result of `unfold`, for a function or layer."""
    x = floating(x, caller.name)
    windows = caller.windows(kernel, stride, caller.per_axis("padding", padding, 0), dilation)
    images = caller.images(x)
    caller.check_fit(windows, images.shape, x.shape)
    y = columns_of(images, windows)
    n, c, places, rows, columns = y.shape
    return np.reshape(y, (*([n] if x.ndim == 4 else []), c * places, rows * columns))


def folded(
    caller: Caller, x: Any, output_size: Any, kernel: Any, dilation: Any, padding: Any, stride: Any
) -> Any:
    """The result of `fold`, for a function or layer."""
    x = floating(x, caller.name)
    windows = caller.windows(kernel, stride, caller.per_axis("padding", padding, 0), dilation)
    size = caller.per_axis("output_size", output_size, 1)
    (rows, columns), places = windows.counts(size), math.prod(windows.kernel)
    fits = x.ndim in (2, 3) and x.shape[-2] % places == 0 and x.shape[-1] == rows * columns
    if not fits or min(rows, columns) < 1:
        expected = f"(…, c · {places}, {max(rows, 0) * max(columns, 0)})"
        raise ShapeError(
            f"{caller.name} expects columns of shape {expected}, for the windows on images of size {size}; "
            f"got {x.shape}."
        )
    n, c = x.shape[0] if x.ndim == 3 else 1, x.shape[-2] // places
    images = add_up(np.reshape(x, (n, c, places, rows, columns)), (n, c, *size), windows)
    return images if x.ndim == 3 else images[0]
