"""Transposed convolution: the gradient of a convolution in its image, as an operation of its own.

`convolution` has the operation itself, `convolve_transposed`; here is what users and layers call.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from ..arrays import floating
from ..errors import ArgumentError, ShapeError
from .convolution import check_bias, check_groups, convolve_transposed, parameters
from .window import Caller, Windows


def conv_transpose1d(
    x: Any, weight: Any, bias: Any = None, *,
    stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """Transposed convolution of sequences: `conv_transpose2d` of images of one row.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, l) or (c, l)
    weight : Tensor or ndarray of shape (c, o/groups, k)
    bias : Tensor or ndarray of shape (o,), optional
    stride, padding, output_padding, groups, dilation
        As in `conv_transpose2d`.

    Returns
    -------
    Tensor or ndarray of shape (n, o, l') or (o, l')
        With l' = (l - 1) s - 2p + d (k - 1) + output_padding + 1.

    Examples
    --------
    >>> import numpy as np
    >>> conv_transpose1d(np.array([[1.0, 10.0]]), np.array([[[1.0, 2.0]]]), stride=2)
    array([[ 1.,  2., 10., 20.]])
    """
    settings = stride, padding, output_padding, dilation
    return transposed(Caller("conv_transpose1d", 1), x, weight, bias, groups, *settings)


def conv_transpose2d(
    x: Any, weight: Any, bias: Any = None, *,
    stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """Transposed convolution of images: the gradient of `conv2d` in its image, as an operation of its own.

    Every element of x spreads over a window of the output: y[n, o, s r + d i - p, s q + d j - p] gathers
    b[o] + Σ w[c, o, i, j] · x[n, c, r, q].

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, h, w) or (c, h, w)
    weight : Tensor or ndarray of shape (c, o/groups, kh, kw)
    bias : Tensor or ndarray of shape (o,), optional
    stride, dilation : int or (int, int), at least 1, default=1
    padding : int or (int, int), default=0
        Rows and columns taken off on every side.
    output_padding : int or (int, int), default=0
        Rows and columns added at the end, fewer than the stride or the dilation: with a stride, images of
        several sizes are convolved to the same size, and this chooses among them.
    groups : int, default=1

    Returns
    -------
    Tensor or ndarray of shape (n, o, h', w') or (o, h', w')
        With h' = (h - 1) s - 2p + d (kh - 1) + output_padding + 1.

    References
    ----------
    M. Zeiler, D. Krishnan, G. Taylor, R. Fergus (2010). Deconvolutional networks. CVPR.

    Examples
    --------
    >>> import numpy as np
    >>> conv_transpose2d(np.array([[[1.0, 10.0]]]), np.array([[[[1.0, 2.0]]]]), stride=2)
    array([[[ 1.,  2., 10., 20.]]])
    """
    settings = stride, padding, output_padding, dilation
    return transposed(Caller("conv_transpose2d", 2), x, weight, bias, groups, *settings)


def transposed(caller: Caller, x: Any, weight: Any, bias: Any, groups: int, *settings: Any) -> Any:
    """What a function returns, by its weights and its settings of stride, paddings and dilation."""
    weight, bias = parameters(caller, weight, bias)
    windows = windows_transposed(caller, weight.shape[2:], *settings)
    return transposed_convolution(caller, x, weight, bias, windows, groups)


def transposed_convolution(
    caller: Caller, x: Any, weight: Any, bias: Any, windows: Windows, groups: int
) -> Any:
    """A transposed convolution, with or without a batch axis, for a function or layer."""
    channels = weight.shape[1] * groups
    check_groups(caller, groups, weight.shape[0])
    check_bias(caller, bias, channels)
    x = floating(x, caller.name)
    y = caller.images(x, weight.shape[0])
    lengths = zip(y.shape[2:], windows.stride, windows.reach, windows.padding)
    size = tuple((count - 1) * s + r - sum(p) for count, s, r, p in lengths)
    if min(size) < 1 or min(y.shape[2:]) < 1:
        has, size = ("rows and columns", size) if caller.axes == 2 else ("a length", size[1])
        raise ShapeError(
            f"{caller.name} expects an input whose output has {has}, got {x.shape}, for an output of size "
            f"{size}."
        )
    kernels = weight if caller.axes == 2 else np.expand_dims(weight, 2)
    image = convolve_transposed(y, kernels, (y.shape[0], channels, *size), windows, groups)
    return caller.as_given(image if bias is None else image + np.reshape(bias, (-1, 1, 1)), x.shape)


def windows_transposed(
    caller: Caller, kernel: Any, stride: Any, padding: Any, output_padding: Any, dilation: Any
) -> Windows:
    """The windows of a transposed convolution.

    What is added to the output is padding that the convolution does not take off behind.
    """
    below, beside = (0, *caller.per_axis("output_padding", output_padding, 0))[-2:]
    windows = caller.windows(kernel, stride, caller.per_axis("padding", padding, 0), dilation)
    if any(e >= max(s, d) for e, s, d in zip((below, beside), windows.stride, windows.dilation)):
        raise ArgumentError(
            f"{caller.name}: output_padding is less than the stride {stride!r} or the dilation {dilation!r}; "
            f"got {output_padding!r}."
        )
    (top, bottom), (left, right) = windows.padding
    return replace(windows, padding=((top, bottom - below), (left, right - beside)))
