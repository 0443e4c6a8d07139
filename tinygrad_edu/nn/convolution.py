"""Convolutional layers, for sequences and images."""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ArgumentError, told_as
from ..ops.convolution import check_groups, convolution
from ..ops.frame import check_mode
from ..ops.transposed import transposed_convolution, windows_transposed
from ..ops.window import Caller
from ..random import Rng
from ..tensor import Tensor
from .module import Module
from .parameter import as_input
from .shown import unusual
from .sizes import check_sizes
from .weights import Initializer, weight_and_bias


class _Convolution(Module):
    """What the layers have in common: their settings, weights and biases."""

    axes = 2

    def _set_sizes(
        self, in_channels: int, out_channels: int, kernel_size: Any, groups: int
    ) -> tuple[int, ...]:
        """Check and keep the sizes; returns the kernel's."""
        caller = Caller.of(self)
        with told_as(caller.name):
            check_sizes(in_channels=in_channels, out_channels=out_channels)
        check_groups(caller, groups, in_channels)
        check_groups(caller, groups, out_channels)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = caller.per_axis("kernel_size", kernel_size, 1)
        return self.kernel_size

    def _draw(
        self, shape: tuple[int, ...], bias: bool, init: Initializer | None, rng: Any, dtype: Any
    ) -> None:
        """Draw the weights, of a shape (n, m, *kernel), and a bias for each output."""
        n_in, n_out = math.prod(shape[1:]), self.out_channels
        with told_as(type(self).__name__):
            self.weight, self.bias = weight_and_bias(shape, n_in, bias, init, rng, dtype, n_out=n_out)

    def extra_repr(self) -> str:
        usual: dict[str, Any] = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1, "groups": 1}
        usual["padding_mode"] = "zeros"
        sizes = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        return ", ".join([sizes, *unusual(self, usual)] + ["bias=False"] * (self.bias is None))


class Conv2d(_Convolution):
    """Convolution of images, y[n, o, r, q] = b[o] + Σ w[o, c, i, j] · x[n, c, s r + d i - p, s q + d j - p].

    Parameters
    ----------
    in_channels, out_channels : int
        At least 1, and multiples of ``groups``.
    kernel_size : int or (int, int)
        Rows and columns of the windows, at least 1.
    stride, padding, dilation, groups
        As in `tinygrad_edu.conv2d`; padding may be "same" or "valid".
    bias : bool, default=True
        Whether there is a b.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}, default="zeros"
        What the padding is made of: zeros, the neighbours of the border in the other order, the border itself
        again and again, or what is at the other end.
    init : callable, optional
        Makes the weights: called as ``init(shape, rng=rng, dtype=dtype)``, as those of `tinygrad_edu.nn.init`
        are; biases are then zero.  By default, as in PyTorch, weights and biases are uniform in
        ±1/√(in_channels/groups · kh · kw).
    rng : numpy.random.Generator or int, optional
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    weight : Parameter of shape (out_channels, in_channels/groups, kh, kw)
    bias : Parameter of shape (out_channels,), or None

    Raises
    ------
    ArgumentError
        For a setting outside its range.
    ShapeError
        When called with an x of other channels, or smaller than a window.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998). Gradient-based learning applied to document
    recognition. Proceedings of the IEEE 86.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Conv2d(1, 8, 5, padding=2, rng=0)
    >>> layer
    Conv2d(1, 8, kernel_size=(5, 5), padding=2)
    >>> layer(np.ones((64, 1, 28, 28))).shape
    (64, 8, 28, 28)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        init: Initializer | None = None,
        rng: Rng = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        kernel = self._set_sizes(in_channels, out_channels, kernel_size, groups)
        check_mode(type(self).__name__, padding_mode, "zeros")
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.padding_mode = padding_mode
        self.windows = Caller.of(self).windows(kernel, stride, padding, dilation)
        shape = out_channels, in_channels // groups, *kernel
        self._draw(shape, bias, init, rng, dtype)

    def forward(self, x: Any) -> Tensor:
        """Map x of shape (n, in_channels, h, w), or without n, to (n, out_channels, h', w')."""
        caller = Caller.of(self)
        x = as_input(x, self.weight, caller.name)
        return convolution(caller, x, self.weight, self.bias, self.windows, self.groups, self.padding_mode)


class Conv1d(Conv2d):
    """Convolution of sequences, y[n, o, r] = b[o] + Σ w[o, c, i] · x[n, c, s r + d i - p]; see `Conv2d`.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Conv1d(3, 4, 5, stride=2, rng=0)
    >>> layer
    Conv1d(3, 4, kernel_size=(5,), stride=2)
    >>> layer(np.ones((8, 3, 25))).shape
    (8, 4, 11)
    """

    axes = 1


class ConvTranspose2d(_Convolution):
    """Transposed convolution: each element spreads over a window; see `tinygrad_edu.conv_transpose2d`.

    Parameters
    ----------
    in_channels, out_channels : int
        At least 1, and multiples of ``groups``.
    kernel_size : int or (int, int)
        Rows and columns of the windows, at least 1.
    stride, padding, output_padding, groups, dilation
        As in `tinygrad_edu.conv_transpose2d`.
    bias : bool, default=True
    padding_mode : {"zeros"}, default="zeros"
        There is no other, as in PyTorch.
    init, rng, dtype
        As in `Conv2d`.  By default, as in PyTorch, weights and biases are uniform in ±1/√(out_channels/groups
        · kh · kw).

    Attributes
    ----------
    weight : Parameter of shape (in_channels, out_channels/groups, kh, kw)
    bias : Parameter of shape (out_channels,), or None

    Examples
    --------
    >>> import numpy as np
    >>> layer = ConvTranspose2d(8, 3, 4, stride=2, padding=1, rng=0)
    >>> layer
    ConvTranspose2d(8, 3, kernel_size=(4, 4), stride=2, padding=1)
    >>> layer(np.ones((5, 8, 7, 7))).shape
    (5, 3, 14, 14)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        *,
        init: Initializer | None = None,
        rng: Rng = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        kernel = self._set_sizes(in_channels, out_channels, kernel_size, groups)
        if padding_mode != "zeros":
            message = "what padding takes off a transposed convolution has the padding_mode 'zeros' only"
            raise ArgumentError(f"{type(self).__name__}: {message}; got {padding_mode!r}.")
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.output_padding = output_padding
        self.windows = windows_transposed(Caller.of(self), kernel, stride, padding, output_padding, dilation)
        shape = in_channels, out_channels // groups, *kernel
        self._draw(shape, bias, init, rng, dtype)

    def forward(self, x: Any) -> Tensor:
        """Map x of shape (n, in_channels, h, w), or without n, to (n, out_channels, h', w')."""
        caller = Caller.of(self)
        x = as_input(x, self.weight, caller.name)
        return transposed_convolution(caller, x, self.weight, self.bias, self.windows, self.groups)


class ConvTranspose1d(ConvTranspose2d):
    """Transposed convolution of sequences (n, c, l); see `tinygrad_edu.conv_transpose1d`.

    Examples
    --------
    >>> import numpy as np
    >>> layer = ConvTranspose1d(8, 3, 4, stride=2, padding=1, rng=0)
    >>> layer
    ConvTranspose1d(8, 3, kernel_size=(4,), stride=2, padding=1)
    >>> layer(np.ones((5, 8, 7))).shape
    (5, 3, 14)
    """

    axes = 1
