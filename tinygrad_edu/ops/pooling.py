"""Pooling: maxima and means over windows of images.

Pooling goes through the places in the kernel, not through the windows: what all windows have at one place is
a strided view of the image, and a few operations on such views do the work of a loop over windows.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..arrays import floating
from ..errors import ArgumentError
from ..table import primitive
from .window import Caller, Windows, packed


# fmt: off
@primitive(keep={"winner": None},
           x=lambda g, x_shape, out, winner, windows: unpick(np.where(out == out, g, out), winner, x_shape, windows))  # type: ignore[has-type]
def maximum_over(x: Any, windows: Windows) -> Any:
    """The maximum of each window of images (n, c, h, w), and the place in the kernel where it first occurs."""
    slabs = slabs_on(x, windows, -np.inf)
    out = np.copy(next(slabs))
    winner = np.zeros_like(out, np.min_scalar_type(math.prod(windows.kernel)))
    for place, slab in enumerate(slabs, 1):
        larger = np.maximum(out, slab)
        new = (larger != out) & (out == out)  # a NaN is larger than any number, and no later one than it
        np.maximum(winner, np.multiply(new, place, dtype=winner.dtype), out=winner)
        out = larger
    return out, winner

@primitive(x=lambda g, x_shape, winner, windows: unpick(g, winner, x_shape, windows))  # type: ignore[has-type]  # each the other's adjoint
def pick(x: Any, winner: Any, windows: Windows) -> Any:
    """The element of each window that stands at the window's winning place."""
    out: Any = 0
    for place, slab in enumerate(slabs_on(x, windows, 0)):
        out = out + slab * (winner == place)
    return out

@primitive(y=lambda g, winner, windows: pick(g, winner, windows))
def unpick(y: Any, winner: Any, shape: tuple[int, ...], windows: Windows) -> Any:
    """Zeros of a shape, with each window's y added at its winning place."""
    y = packed(y)
    image = np.zeros_like(y, shape=windows.framed(shape))
    for place, slab in enumerate(windows.slabs(image, windows.counts(shape))):
        if windows.apart:
            np.multiply(y, winner == place, out=slab)
        else:
            slab += y * (winner == place)
    return image[:, :, *windows.inner(shape)]

@primitive(x=lambda g, x_shape, windows: spread(g, x_shape, windows))  # type: ignore[has-type]  # each the other's adjoint
def sum_over(x: Any, windows: Windows) -> Any:
    """The sum of each window of images (n, c, h, w)."""
    slabs = slabs_on(x, windows, 0)
    out = np.copy(next(slabs))
    for slab in slabs:
        out += slab
    return out

@primitive(y=lambda g, windows: sum_over(g, windows))
def spread(y: Any, shape: tuple[int, ...], windows: Windows) -> Any:
    """Zeros of a shape, with each window's y added at all its places."""
    y = packed(y)
    image = np.zeros_like(y, shape=windows.framed(shape))
    for slab in windows.slabs(image, windows.counts(shape)):
        slab += y
    return image[:, :, *windows.inner(shape)]
# fmt: on


def plain_maximum_over(x: Any, windows: Windows) -> Any:
    """`maximum_over` by composition, which it is tested against; equal elements share the gradient evenly."""
    padded = np.pad(x, ((0, 0), (0, 0), *windows.padding), constant_values=-np.inf)
    return np.max(np.stack(list(windows.slabs(padded, windows.counts(x.shape)))), axis=0)


def slabs_on(x: Any, windows: Windows, padding: float) -> Iterator[Any]:
    """For each place in the kernel what all windows on images (n, c, h, w) have there, padding included."""
    image, shape = packed(x), windows.framed(x.shape)
    if shape != x.shape:
        image = np.full_like(image, padding, shape=shape)
        image[:, :, *windows.inner(x.shape)] = x
    return windows.slabs(image, windows.counts(x.shape))


def max_pool1d(
    x: Any, kernel_size: Any, stride: Any = None, *,
    padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Maximum over windows of sequences (n, c, l) or (c, l); see `max_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> max_pool1d(np.array([[1.0, 3.0, 2.0, 0.0]]), 2)
    array([[3., 2.]])
    """
    settings = kernel_size, stride, padding, dilation
    return max_pool(Caller("max_pool1d", 1), x, ceil_mode, return_indices, *settings)


def max_pool2d(
    x: Any, kernel_size: Any, stride: Any = None, *,
    padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Maximum over windows of images, y[n, c, r, q] = max_ij x[n, c, s r + d i - p, s q + d j - p].

    The gradient goes to the maximum; among equal ones, to the first of the window, row by row.  Of NaN it is
    NaN.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, h, w) or (c, h, w)
    kernel_size : int or (int, int), at least 1
    stride : int or (int, int), at least 1, optional
        By default the kernel's size: the windows lie side by side.
    padding : int or (int, int), default=0
        Rows and columns of -inf on every side, at most half of the kernel.
    dilation : int or (int, int), at least 1, default=1
    ceil_mode : bool, default=False
        Whether there is one more window where the last ones leave elements out; it starts inside the image or
        the padding before it.
    return_indices : bool, default=False
        Whether to return the places of the maxima too.

    Returns
    -------
    y : Tensor or ndarray of shape (n, c, h', w') or (c, h', w')
        With h' = ⌊(h + 2p - d (k - 1) - 1) / s⌋ + 1, or rounded up.
    indices : Tensor or ndarray of int, of the same shape
        With ``return_indices``: where each maximum is, as r w + q, in the row r and column q of its image.

    Raises
    ------
    ShapeError
        If a window is larger than the padded image.
    ArgumentError
        For a setting outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> max_pool2d(np.array([[[1.0, 2.0, 5.0], [4.0, 3.0, 6.0]]]), 2)
    array([[[4.]]])
    >>> max_pool2d(np.array([[[1.0, 2.0, 5.0], [4.0, 3.0, 6.0]]]), 2, ceil_mode=True)
    array([[[4., 6.]]])
    """
    settings = kernel_size, stride, padding, dilation
    return max_pool(Caller("max_pool2d", 2), x, ceil_mode, return_indices, *settings)


def avg_pool1d(
    x: Any, kernel_size: Any, stride: Any = None, *,
    padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """Mean over windows of sequences (n, c, l) or (c, l); see `avg_pool2d`.

    Examples
    --------
    >>> import numpy as np
    >>> avg_pool1d(np.array([[1.0, 3.0, 2.0, 0.0]]), 2)
    array([[2., 1.]])
    """
    counted, settings = (count_include_pad, divisor_override), (kernel_size, stride, padding)
    return avg_pool(Caller("avg_pool1d", 1), x, ceil_mode, *counted, *settings)


def avg_pool2d(
    x: Any, kernel_size: Any, stride: Any = None, *,
    padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:  # fmt: skip
    """Mean over windows of images, y[n, c, r, q] = Σ_ij x[n, c, s r + i - p, s q + j - p] / k².

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, h, w) or (c, h, w)
    kernel_size : int or (int, int), at least 1
    stride : int or (int, int), at least 1, optional
        By default the kernel's size.
    padding : int or (int, int), default=0
        Rows and columns of zeros on every side, at most half of the kernel.
    ceil_mode : bool, default=False
        As in `max_pool2d`.  What such a window has beyond the padding is not counted.
    count_include_pad : bool, default=True
        Whether the padding counts among the elements that a mean is taken of.
    divisor_override : int, at least 1, optional
        What each sum is divided by, whatever its window has.

    Returns
    -------
    Tensor or ndarray of shape (n, c, h', w') or (c, h', w')

    Raises
    ------
    ShapeError
        If a window is larger than the padded image.
    ArgumentError
        For a setting outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> avg_pool2d(np.array([[[1.0, 2.0], [3.0, 6.0]]]), 2)
    array([[[3.]]])
    """
    counted, settings = (count_include_pad, divisor_override), (kernel_size, stride, padding)
    return avg_pool(Caller("avg_pool2d", 2), x, ceil_mode, *counted, *settings)


def max_pool(caller: Caller, x: Any, ceil_mode: bool, return_indices: bool, *settings: Any) -> Any:
    """The maximum over windows, for a function or layer; the settings are those of `checked_windows`."""
    images, windows, given = prepared(caller, x, ceil_mode, *settings)
    y = caller.as_given(maximum_over(images, windows), given)
    return (y, caller.as_given(places_of_maxima(images, windows), given)) if return_indices else y


def places_of_maxima(x: Any, windows: Windows) -> Any:
    """Where the maximum of each window of images (n, c, h, w) first occurs: r · w + q for its row, column."""
    (_, kw), (dh, dw), counts = windows.kernel, windows.dilation, windows.counts(x.shape)
    padded = np.pad(x, ((0, 0), (0, 0), *windows.padding), constant_values=-np.inf)
    values = np.stack(list(windows.slabs(padded, counts)))
    along = zip(counts, windows.stride, windows.padding)
    rows, columns = (np.arange(count) * s - before for count, s, (before, _) in along)
    # Among nothing but -inf, the first is not in the padding: it is at the first row and column from 0 on.
    inside = np.expand_dims(np.maximum(-(rows // dh), 0) * kw, 1) + np.maximum(-(columns // dw), 0)
    place = np.where(np.max(values, axis=0) == -np.inf, inside, np.argmax(values, axis=0))
    return (np.expand_dims(rows, 1) + place // kw * dh) * x.shape[3] + columns + place % kw * dw


def avg_pool(
    caller: Caller, x: Any, ceil_mode: bool, count_include_pad: bool, divisor: int | None, *settings: Any
) -> Any:
    """The mean over windows, for a function or layer; the settings are those of `checked_windows`."""
    images, windows, given = prepared(caller, x, ceil_mode, *settings)
    if divisor is not None:
        check_divisor(caller, divisor)
        return caller.as_given(sum_over(images, windows) / divisor, given)
    lengths = []  # of the windows along each axis, without what they have beyond the border that counts
    counts = windows.counts(images.shape)
    along = zip(images.shape[2:], counts, windows.kernel, windows.stride, windows.padding)
    for n, count, k, s, (p, _) in along:
        border = p if count_include_pad else 0
        starts = range(-p, count * s - p, s)
        lengths.append([min(start + k, n + border) - max(start, -border) for start in starts])
    return caller.as_given(sum_over(images, windows) / np.outer(*lengths).astype(images.dtype), given)


def checked_windows(
    caller: Caller, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1
) -> Windows:
    """Windows from the settings of a pooling, each of which sees more of the image than of the padding."""
    stride = kernel_size if stride is None else stride
    windows = caller.windows(kernel_size, stride, caller.per_axis("padding", padding, 0), dilation)
    if any(before > reach // 2 for (before, _), reach in zip(windows.padding, windows.reach)):
        raise ArgumentError(
            f"{caller.name}: padding is at most half of what the kernel {kernel_size!r} reaches over; got "
            f"{padding!r}."
        )
    return windows


def check_divisor(caller: Caller, divisor: Any) -> None:
    """Refuse a number of elements that is none."""
    if divisor is not None and (not isinstance(divisor, (int, np.integer)) or divisor < 1):
        raise ArgumentError(f"{caller.name}: divisor_override is an int of at least 1; got {divisor!r}.")


def prepared(caller: Caller, x: Any, ceil_mode: bool, *settings: Any) -> tuple[Any, Windows, Any]:
    """x as a batch of images, the windows on them, and the shape that x was given in."""
    x = floating(x, caller.name)
    images = caller.images(x)
    windows = checked_windows(caller, *settings)
    caller.check_fit(windows, images.shape, x.shape)
    return images, with_one_more(windows, images.shape) if ceil_mode else windows, x.shape


def with_one_more(windows: Windows, shape: tuple[int, ...]) -> Windows:
    """The windows on images of a shape, and one more where elements are left out; padding gives it room."""
    around = []
    for n, (before, after), reach, stride in zip(shape[2:], windows.padding, windows.reach, windows.stride):
        missing = -(n + before + after - reach) % stride
        last = n + before + after + missing - reach  # where the window more would start
        around.append((before, after + missing if last < n + before else after))
    return replace(windows, padding=(around[0], around[1]))
