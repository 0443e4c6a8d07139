"""Convolution: one form, linear in image x, weights w and output y; its derivatives are three operations.

    φ(x, w, y) = Σ y[n, o, r, q] · w[o, c, i, j] · x[n, c, s r + d i - p, s q + d j - p]

with stride s, dilation d and padding p.

* In y it is `convolve`, what a convolutional layer computes of x and w (a correlation: the kernel is not
  turned);
* in x it is `convolve_transposed`, which spreads every output over the window that it was computed from;
* in w it is `correlate`, the image under each place of the kernel times the output.

As φ is linear in each, the rules of each operation are the two others.

All three are products of matrices, on images with the batch last (see `window`) and on what windows see of
them (see `patches`), a few windows at a time.  A copy that is multiplied at once costs little, so a backward
pass makes it again.
"""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ..arrays import floating, given
from ..errors import ArgumentError, ShapeError
from ..table import primitive
from .frame import framed
from .patches import CACHE, in_blocks, order_of
from .window import Caller, Windows, batch_first, batch_last, steps


# Each is a partial derivative of the others, so none can be typed before the others are.
# fmt: off
@primitive(x=lambda g, weight, x_shape, windows, groups: convolve_transposed(g, weight, x_shape, windows, groups),  # type: ignore[has-type]
           weight=lambda g, x, weight_shape, windows, groups: correlate(x, g, weight_shape, windows, groups),  # type: ignore[has-type]
           bias=lambda g: np.add.reduce(g, axis=(0, 2, 3)))
def convolve(x: Any, weight: Any, bias: Any, windows: Windows, groups: int) -> Any:
    """Images (n, c, h, w) under weights (o, c/groups, kh, kw): outputs (n, o, rows, columns)."""
    n, (rows, columns) = x.shape[0], windows.counts(x.shape)
    dtype = np.result_type(x.dtype, weight.dtype, *[] if bias is None else [bias.dtype])
    y = np.empty_like(x, dtype, "C", shape=(weight.shape[0], rows, columns, n))
    o, depth = weight.shape[0] // groups, math.prod(weight.shape[1:])
    order = order_of(o, depth, rows * columns * n)
    kernels = np.copy(np.transpose(weight, (0, *order)), "C")  # BLAS takes none that run backwards
    kernels = np.reshape(kernels, (groups, o, depth))
    for which, seen, outputs in in_blocks(batch_last(x), y, windows, groups):
        np.matmul(kernels[which], seen, out=outputs)
    if bias is not None:
        y += np.reshape(bias, (-1, 1, 1, 1))
    return batch_first(y)


@primitive(y=lambda g, weight, windows, groups: convolve(g, weight, None, windows, groups),
           weight=lambda g, y, weight_shape, windows, groups: correlate(g, y, weight_shape, windows, groups))  # type: ignore[has-type]
def convolve_transposed(y: Any, weight: Any, shape: tuple[int, ...], windows: Windows, groups: int) -> Any:
    """Outputs (n, o, rows, columns) spread by weights (o, c/groups, kh, kw) over images of a shape (n, c, h, w).

    With stride 1 that is a convolution too, of the padded outputs with the kernels turned around: at the
    borders an infinite weight meets zeros, and gives NaN.
    """
    (n, c, h, w), (o, *_), (kh, kw), (rows, columns) = shape, weight.shape, windows.kernel, y.shape[2:]
    pieces = c * kh * kw * rows * columns * n
    at_once = pieces * np.result_type(y.dtype, weight.dtype).itemsize <= CACHE
    if (turned := windows.turned) is not None and not (at_once and pieces < weight.size):
        kernels = np.reshape(weight[:, :, ::-1, ::-1], (groups, o // groups, c // groups, kh, kw))
        kernels = np.reshape(np.swapaxes(kernels, 1, 2), (c, o // groups, kh, kw))
        return convolve(y, kernels, None, turned, groups)
    y = np.reshape(batch_last(y), (groups, o // groups, rows, columns, n))
    dtype = np.result_type(y.dtype, weight.dtype)
    image = np.zeros_like(y, dtype, "C", shape=(groups, c // groups, *windows.framed((h, w)), n))
    (spread_at_once if at_once else spread_by_rows)(image, y, weight, windows)
    return batch_first(np.reshape(image, (c, *image.shape[2:]))[:, *windows.inner(shape)])


@primitive(x=lambda g, y, x_shape, windows, groups: convolve_transposed(y, g, x_shape, windows, groups),
           y=lambda g, x, windows, groups: convolve(x, g, None, windows, groups))
def correlate(x: Any, y: Any, shape: tuple[int, ...], windows: Windows, groups: int) -> Any:
    """Images (n, c, h, w) with outputs (n, o, rows, columns): weights of a shape (o, c/groups, kh, kw)."""
    o, depth, (n, _, rows, columns) = shape[0] // groups, math.prod(shape[1:]), y.shape
    weight = np.zeros_like(x, np.result_type(x.dtype, y.dtype), "C", shape=(groups, depth, o))
    for which, seen, outputs in in_blocks(batch_last(x), batch_last(y), windows, groups):
        products = np.matmul(seen, np.matrix_transpose(outputs))  # (..., which, depth, o)
        add_up(np.reshape(products, (math.prod(seen.shape[:-3]), *products.shape[-3:])), weight[which])
    order = order_of(o, depth, rows * columns * n)
    weight = np.reshape(np.matrix_transpose(weight), (shape[0], *(shape[axis] for axis in order)))
    return np.transpose(weight, (0, *order))
# fmt: on


def add_up(products: Any, total: Any) -> None:
    """Add each of some products to their total, one after the other: so are they added by a lesson, too."""
    products[0] += total
    total[...] = np.add.reduce(products, axis=0)


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
    # The more its row, the later the output's.
    turned = np.reshape(weight[:, :, ::-1], (groups, o, c, kh, kw))
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
