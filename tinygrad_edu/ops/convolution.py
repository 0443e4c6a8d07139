"""Convolution: one form, linear in image x, weights w and output y; its derivatives are three operations.

    φ(x, w, y) = Σ y[n, o, r, q] · w[o, c, i, j] · x[n, c, s r + d i - p, s q + d j - p]

with stride s, dilation d and padding p.

* In y it is `convolve`, what a convolutional layer computes of x and w (a correlation: the kernel is not
  turned);
* in x it is `convolve_transposed`, which spreads every output over the window that it was computed from;
* in w it is `correlate`, the image under each place of the kernel times the output.

As φ is linear in each, the rules of each operation are the two others.

All three are products of matrices, on images with the batch last (see `window`): (c, h · w · n), a row for
each channel. They work on a few windows at a time, as many as fit the processor's cache: a copy that is
multiplied at once costs little, so a backward pass makes it again, and the windows of a whole batch, kh · kw
times the images, never exist together.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..arrays import floating, given
from ..errors import ArgumentError, ShapeError
from ..table import primitive
from .depthwise import depthwise_convolve, depthwise_correlate
from .frame import framed
from .window import Caller, Windows, batch_first, batch_last, steps

CACHE = 1 << 19  # bytes of windows that are multiplied at a time
FEW = 16  # channels, of which a matrix product takes less time than what comes before it


# Each is a partial derivative of the others, so none can be typed before the others are.
# fmt: off
@primitive(x=lambda g, weight, x_shape, windows, groups: convolve_transposed(g, weight, x_shape, windows, groups),  # type: ignore[has-type]
           weight=lambda g, x, weight_shape, windows, groups: correlate(x, g, weight_shape, windows, groups),  # type: ignore[has-type]
           bias=lambda g: np.add.reduce(g, axis=(0, 2, 3)))
def convolve(x: Any, weight: Any, bias: Any, windows: Windows, groups: int) -> Any:
    """Images (n, c, h, w) under weights (o, c/groups, kh, kw): outputs (n, o, rows, columns)."""
    kernels = np.reshape(weight, (groups, weight.shape[0] // groups, math.prod(weight.shape[1:])))
    n, (rows, columns) = x.shape[0], windows.counts(x.shape)
    dtype = np.result_type(x.dtype, weight.dtype, *[] if bias is None else [bias.dtype])
    y = np.empty_like(x, dtype, "C", shape=(*kernels.shape[:2], rows * columns * n))
    if is_depthwise(weight.shape, windows, groups):
        images = np.reshape(y, (groups, rows, columns, n))
        depthwise_convolve(batch_last(x), weight, bias, images, windows)
        return batch_first(images)
    for where, seen in in_blocks(windows_on(x, windows), groups):
        out = np.matmul(kernels, seen, out=y[:, :, where])
        if bias is not None:
            out += np.reshape(bias, (groups, -1, 1))
    return batch_first(np.reshape(y, (weight.shape[0], rows, columns, n)))


@primitive(y=lambda g, weight, windows, groups: convolve(g, weight, None, windows, groups),
           weight=lambda g, y, weight_shape, windows, groups: correlate(g, y, weight_shape, windows, groups))  # type: ignore[has-type]
def convolve_transposed(y: Any, weight: Any, shape: tuple[int, ...], windows: Windows, groups: int) -> Any:
    """Outputs (n, o, rows, columns) spread by weights (o, c/groups, kh, kw) over images of a shape (n, c, h, w).

    With stride 1 that is a convolution too, of the padded outputs with the kernels turned around.
    """
    (n, c, h, w), (o, *_), (kh, kw), (rows, columns) = shape, weight.shape, windows.kernel, y.shape[2:]
    if o // groups <= FEW and (turned := windows.turned) is not None:
        kernels = np.reshape(weight[:, :, ::-1, ::-1], (groups, o // groups, c // groups, kh, kw))
        kernels = np.reshape(np.swapaxes(kernels, 1, 2), (c, o // groups, kh, kw))
        return convolve(y, kernels, None, turned, groups)
    pieces = c * kh * kw * rows * columns * n
    y = np.reshape(batch_last(y), (groups, o // groups, rows, columns, n))
    dtype = np.result_type(y.dtype, weight.dtype)
    image = np.zeros_like(y, dtype, "C", shape=(groups, c // groups, *windows.framed((h, w)), n))
    spread = spread_at_once if pieces * dtype.itemsize <= 4 * CACHE else spread_by_rows
    spread(image, y, weight, windows)
    return batch_first(np.reshape(image, (c, *image.shape[2:]))[:, *windows.inner(shape)])


@primitive(x=lambda g, y, x_shape, windows, groups: convolve_transposed(y, g, x_shape, windows, groups),
           y=lambda g, x, windows, groups: convolve(x, g, None, windows, groups))
def correlate(x: Any, y: Any, shape: tuple[int, ...], windows: Windows, groups: int) -> Any:
    """Images (n, c, h, w) with outputs (n, o, rows, columns): weights of a shape (o, c/groups, kh, kw)."""
    if is_depthwise(shape, windows, groups) and x.dtype.kind == y.dtype.kind == "f":
        weight = np.zeros_like(x, np.result_type(x.dtype, y.dtype), "C", shape=(groups, math.prod(shape[2:])))
        depthwise_correlate(batch_last(x), batch_last(y), weight, windows)
        return np.reshape(weight, shape)
    y = np.reshape(batch_last(y), (groups, shape[0] // groups, -1))  # (groups, o/groups, positions)
    dtype = np.result_type(x.dtype, y.dtype)
    weight = np.zeros_like(x, dtype, "C", shape=(groups, math.prod(shape[1:]), shape[0] // groups))
    for where, seen in in_blocks(windows_on(x, windows), groups):
        weight += np.matmul(seen, np.matrix_transpose(y[:, :, where]))
    return np.reshape(np.matrix_transpose(weight), shape)
# fmt: on


def spread_at_once(image: Any, y: Any, weight: Any, windows: Windows) -> None:
    """Outputs (groups, o/groups, rows, columns, n) sent to the image, from each place in the kernel in turn.

    One product of matrices makes all pieces.
    """
    (groups, c, _, _, n), (_, o, rows, columns, _), (kh, kw) = image.shape, y.shape, windows.kernel
    kernels = np.matrix_transpose(np.reshape(weight, (groups, o, c * kh * kw)))
    outputs = np.reshape(y, (groups, o, rows * columns * n))
    pieces = kernels * outputs if o == 1 else np.matmul(kernels, outputs)  # of one output BLAS is slow
    pieces = np.reshape(pieces, (groups, c, kh * kw, rows, columns, n))
    for place, slab in enumerate(windows.slabs(np.moveaxis(image, -1, 0), (rows, columns))):
        slab += np.moveaxis(pieces[:, :, place], -1, 0)


def spread_by_rows(image: Any, y: Any, weight: Any, windows: Windows) -> None:
    """Each row of the image gathers, in one product of matrices, what the output's rows send to it.

    These are pieces as long as the output's rows, which are then added where each column of the kernel puts
    them.
    """
    (groups, c, h, _, n), (_, o, rows, columns, _) = image.shape, y.shape
    (kh, kw), (sh, sw), (dh, dw) = windows.kernel, windows.stride, windows.dilation
    turned = np.reshape(
        weight[:, :, ::-1], (groups, o, c, kh, kw)
    )  # the more its row, the later the output's
    turned = np.copy(np.transpose(turned, (0, 4, 2, 1, 3)), "C")  # (groups, kw, c/groups, o/groups, kh)
    for row in range(h):
        taps = [i for i in reversed(range(kh)) if (row - dh * i) % sh == 0 and 0 <= row - dh * i < sh * rows]
        if taps:
            depth = o * len(taps)
            sources = np.reshape(
                y[:, :, span([(row - dh * i) // sh for i in taps])], (groups, depth, columns * n)
            )
            weights = np.reshape(turned[..., span([kh - 1 - i for i in taps])], (groups, kw * c, depth))
            pieces = np.reshape(np.matmul(weights, sources), (groups, kw, c, columns, n))
            for j in range(kw):
                image[:, :, row, steps(j * dw, columns, sw)] += pieces[:, j]


def plain_convolve(x: Any, weight: Any, bias: Any, windows: Windows, groups: int) -> Any:
    """`convolve` by composition, which it is tested against: a sum over the places in the kernel."""
    rows, columns = windows.counts(x.shape)
    padded = np.pad(x, ((0, 0), (0, 0), *windows.padding))
    kernels = np.reshape(weight, (groups, weight.shape[0] // groups, weight.shape[1], -1))
    y: Any = 0
    for place, slab in enumerate(windows.slabs(padded, (rows, columns))):
        channels = np.reshape(slab, (x.shape[0], groups, weight.shape[1], rows, columns))
        y = y + np.einsum("ngcrq,goc->ngorq", channels, kernels[..., place])
    y = np.reshape(y, (x.shape[0], weight.shape[0], rows, columns))
    return y if bias is None else y + np.reshape(bias, (-1, 1, 1))


def is_depthwise(shape: tuple[int, ...], windows: Windows, groups: int) -> bool:
    """Whether each channel is a group with one output, by weights (o, c/groups, kh, kw), and stride 1."""
    return shape[0] == groups and shape[1] == 1 and windows.stride == (1, 1)


def windows_on(x: Any, windows: Windows) -> Any:
    """The windows on images (n, c, h, w): a view (c, kh, kw, rows, columns, n) of their padded copy."""
    (sh, sw), (dh, dw), (rows, columns) = windows.stride, windows.dilation, windows.counts(x.shape)
    if windows.framed(x.shape) == x.shape:
        padded = batch_last(x)
    else:
        padded = np.zeros_like(x, x.dtype, "C", shape=windows.framed(x.shape))
        n, c, h, w = padded.shape
        padded = np.reshape(padded, (c, h, w, n))
        padded[:, *windows.inner(x.shape)] = batch_last(x)
    seen = sliding_window_view(padded, windows.reach, axis=(1, 2))
    return np.transpose(seen[:, steps(0, rows, sh), steps(0, columns, sw), :, ::dh, ::dw], (0, 4, 5, 1, 2, 3))


def in_blocks(seen: Any, groups: int) -> Iterator[tuple[slice, Any]]:
    """Some windows at a time: what positions they cover, and a matrix (groups, c/groups kh kw, positions).

    They are the windows on a few rows, or on a part of one; all are written to the same memory.
    """
    c, kh, kw, rows, columns, n = seen.shape
    depth = c * kh * kw
    if hasattr(seen, "flags") and seen.flags.c_contiguous:  # windows of one element each are the image itself
        yield slice(None), np.reshape(seen, (groups, depth // groups, rows * columns * n))
        return
    few_rows, few_columns = at_once(rows, columns, depth * n * seen.dtype.itemsize)
    memory = np.empty_like(seen, order="C", shape=(depth * few_rows * few_columns * n,))
    for row, column in product(range(0, rows, few_rows), range(0, columns, few_columns)):
        some = seen[:, :, :, row : row + few_rows, column : column + few_columns]
        block = np.reshape(memory[: some.size], some.shape)
        block[...] = some
        start, length = (row * columns + column) * n, some.shape[3] * some.shape[4] * n
        yield slice(start, start + length), np.reshape(block, (groups, depth // groups, length))


def at_once(rows: int, columns: int, size: int) -> tuple[int, int]:
    """How many rows and columns of windows of a size in bytes to work on: some rows, or a part of one."""
    row = max(1, columns * size)
    parts = -(-row // (2 * CACHE))
    return max(1, min(rows, CACHE // row)), -(-columns // parts)


def span(indices: list[int]) -> slice:
    """The slice of ascending indices that are evenly spaced."""
    return slice(indices[0], indices[-1] + 1, indices[1] - indices[0] if len(indices) > 1 else 1)


def conv1d(
    x: Any, weight: Any, bias: Any = None, *,
    stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """Convolution of sequences: `conv2d` of images of one row.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, l) or (c, l)
    weight : Tensor or ndarray of shape (o, c/groups, k)
    bias : Tensor or ndarray of shape (o,), optional
    stride, padding, dilation, groups
        As in `conv2d`.

    Returns
    -------
    Tensor or ndarray of shape (n, o, l') or (o, l')

    Examples
    --------
    >>> import numpy as np
    >>> conv1d(np.array([[1.0, 2.0, 4.0, 8.0]]), np.array([[[-1.0, 1.0]]]))
    array([[1., 2., 4.]])
    """
    return convolved(Caller("conv1d", 1), x, weight, bias, groups, stride, padding, dilation)


def conv2d(
    x: Any, weight: Any, bias: Any = None, *,
    stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """Convolution of images, y[n, o, r, q] = b[o] + Σ w[o, c, i, j] · x[n, c, s r + d i - p, s q + d j - p].

    As in every network library this is a correlation: the kernel is not turned around.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, h, w) or (c, h, w)
    weight : Tensor or ndarray of shape (o, c/groups, kh, kw)
    bias : Tensor or ndarray of shape (o,), optional
    stride : int or (int, int), at least 1, default=1
        Steps from one window to the next.
    padding : int, (int, int), "valid" or "same", default=0
        Rows and columns of zeros on every side; "same", with stride 1 only, as many as keep the size, one
        more behind the image than before it if that is odd.
    dilation : int or (int, int), at least 1, default=1
        Steps from one element of a window to the next.
    groups : int, default=1
        Channels are convolved in so many groups, apart from each other; both c and o are multiples of it.

    Returns
    -------
    Tensor or ndarray of shape (n, o, h', w') or (o, h', w')
        With h' = ⌊(h + 2p - d (kh - 1) - 1) / s⌋ + 1.  It lies in memory with the batch last.

    Raises
    ------
    ShapeError
        If the channels do not fit, or a window is larger than the padded image.
    ArgumentError
        For a setting outside its range.

    References
    ----------
    V. Dumoulin, F. Visin (2016). A guide to convolution arithmetic for deep learning. arXiv:1603.07285

    Examples
    --------
    >>> import numpy as np
    >>> x = np.arange(9.0).reshape(1, 3, 3)
    >>> conv2d(x, np.array([[[[1.0, 2.0], [3.0, 4.0]]]]))
    array([[[27., 37.],
            [57., 67.]]])
    """
    return convolved(Caller("conv2d", 2), x, weight, bias, groups, stride, padding, dilation)


def convolved(caller: Caller, x: Any, weight: Any, bias: Any, groups: int, *settings: Any) -> Any:
    """What a function returns, by its weights and its settings of stride, padding and dilation."""
    weight, bias = parameters(caller, weight, bias)
    return convolution(caller, x, weight, bias, caller.windows(weight.shape[2:], *settings), groups)


def convolution(
    caller: Caller, x: Any, weight: Any, bias: Any, windows: Windows, groups: int, mode: str = "zeros"
) -> Any:
    """A convolution of sequences or images, with or without a batch axis, for a function or layer.

    In another mode than zeros, the padding is made of elements of the images, as `frame` has them.
    """
    check_groups(caller, groups, weight.shape[0])
    check_bias(caller, bias, weight.shape[0])
    x = floating(x, caller.name)
    images = caller.images(x, weight.shape[1] * groups)
    caller.check_fit(windows, images.shape, x.shape)
    if mode != "zeros":
        images = framed(caller.name, images, windows.padding, mode)
        windows = replace(windows, padding=((0, 0), (0, 0)))
    kernels = weight if caller.axes == 2 else np.expand_dims(weight, 2)
    return caller.as_given(convolve(images, kernels, bias, windows, groups), x.shape)


def check_groups(caller: Caller, groups: int, channels: int) -> None:
    """Refuse groups that do not part the channels evenly."""
    if not isinstance(groups, (int, np.integer)) or groups < 1 or channels % groups:
        message = f"groups is a divisor of the number of channels; got {groups!r} for {channels} channels."
        raise ArgumentError(f"{caller.name}: {message}")


def check_bias(caller: Caller, bias: Any, channels: int) -> None:
    """Refuse a bias that does not have one element for each channel of the output."""
    if bias is not None and bias.shape != (channels,):
        expected = f"a bias of shape ({channels},), one for each channel of the output"
        raise ShapeError(f"{caller.name} expects {expected}, got {bias.shape}.")


def parameters(caller: Caller, weight: Any, bias: Any) -> tuple[Any, Any]:
    """Weight and bias of a function, each a tensor or an ndarray, the weight with the axes of its kernels."""
    weight = given(weight, f"{caller.name}: weight")
    bias = None if bias is None else given(bias, f"{caller.name}: bias")
    axes = caller.axes
    if len(weight.shape) != axes + 2:
        expected = f"a weight of {axes + 2} axes, two of channels and {axes} of the kernel"
        raise ShapeError(f"{caller.name} expects {expected}, got {weight.shape}.")
    return weight, bias
