"""Convolutional layers, for sequences and images."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..ops.convolution import check_groups, convolution
from ..ops.transposed import transposed_convolution, windows_transposed
from ..ops.window import Caller
from ..random import generator
from ..tensor import Tensor
from . import init as initializers
from .module import Module
from .parameter import Parameter, as_input
from .sizes import check_sizes, drawn


class _Convolution(Module):
    """What the layers have in common: their settings, weights and biases."""

    axes = 2

    def _setup(
        self, shape: tuple[int, ...], init: Callable[..., Any] | None, rng: Any, dtype: DTypeLike, bias: bool
    ) -> None:
        """Draw the weights, of a shape (n, m, *kernel), and a bias for each output."""
        rng = generator(rng)
        bound = initializers.uniform_bound(math.prod(shape[1:]))
        draw = init or (
            lambda shape, rng, dtype: initializers.uniform(
                shape, low=-bound, high=bound, rng=rng, dtype=dtype
            )
        )
        self.weight = drawn(type(self).__name__, draw, shape, rng, dtype)
        n = (self.out_channels,)
        offsets = (
            np.zeros(n, dtype)
            if init
            else initializers.uniform(n, low=-bound, high=bound, rng=rng, dtype=dtype)
        )
        self.bias = Parameter(offsets) if bias else None

    def _settings(
        self, in_channels: int, out_channels: int, kernel_size: Any, groups: int
    ) -> tuple[int, ...]:
        """Check and keep what the repr shows; returns the kernel's sizes."""
        caller = Caller.of(self)
        check_sizes(caller.name, in_channels=in_channels, out_channels=out_channels)
        check_groups(caller, groups, in_channels)
        check_groups(caller, groups, out_channels)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = caller.per_axis("kernel_size", kernel_size, 1)
        return self.kernel_size

    def extra_repr(self) -> str:
        usual = {"stride": 1, "padding": 0, "output_padding": 0, "dilation": 1, "groups": 1}
        chosen = [
            f"{name}={getattr(self, name)}"
            for name, value in usual.items()
            if getattr(self, name, value) != value
        ]
        sizes = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"]
        return ", ".join(sizes + chosen + ["bias=False"] * (self.bias is None))


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
        *,
        init: Callable[..., Any] | None = None,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        kernel = self._settings(in_channels, out_channels, kernel_size, groups)
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.windows = Caller.of(self).windows(kernel, stride, padding, dilation)
        self._setup((out_channels, in_channels // groups, *kernel), init, rng, dtype, bias)

    def forward(self, x: Any) -> Tensor:
        """Map x of shape (n, in_channels, h, w) to (n, out_channels, h', w'); sequences and inputs without a batch likewise."""
        caller = Caller.of(self)
        x = as_input(x, self.weight, caller.name)
        return convolution(caller, x, self.weight, self.bias, self.windows, self.groups)


class Conv1d(Conv2d):
    """Convolution of sequences, y[n, o, r] = b[o] + Σ w[o, c, i] · x[n, c, s r + d i - p]; as `Conv2d` otherwise.

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
    """Transposed convolution of images: every element spreads over a window of a larger image; see `tinygrad_edu.conv_transpose2d`.

    Parameters
    ----------
    in_channels, out_channels : int
        At least 1, and multiples of ``groups``.
    kernel_size : int or (int, int)
        Rows and columns of the windows, at least 1.
    stride, padding, output_padding, groups, dilation
        As in `tinygrad_edu.conv_transpose2d`.
    bias : bool, default=True
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
        *,
        init: Callable[..., Any] | None = None,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        kernel = self._settings(in_channels, out_channels, kernel_size, groups)
        self.stride, self.padding, self.output_padding, self.dilation = (
            stride,
            padding,
            output_padding,
            dilation,
        )
        self.windows = windows_transposed(Caller.of(self), kernel, stride, padding, output_padding, dilation)
        self._setup((in_channels, out_channels // groups, *kernel), init, rng, dtype, bias)

    def forward(self, x: Any) -> Tensor:
        """Map x of shape (n, in_channels, h, w), or without n, to (n, out_channels, h', w')."""
        caller = Caller.of(self)
        x = as_input(x, self.weight, caller.name)
        return transposed_convolution(caller, x, self.weight, self.bias, self.windows, self.groups)
