"""Layers that make columns of the windows on images, and images of columns."""

from typing import Any

from ..ops.unfolding import folded, unfolded
from ..ops.window import Caller
from .module import Module
from .shown import unusual


class _OfWindows(Module):
    """What both have in common: the windows."""

    axes = 2

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
        caller = Caller.of(self)
        caller.windows(kernel_size, stride, caller.per_axis("padding", padding, 0), dilation)
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def extra_repr(self) -> str:
        usual = {"dilation": 1, "padding": 0, "stride": 1}
        return ", ".join([f"kernel_size={self.kernel_size}", *unusual(self, usual)])


class Unfold(_OfWindows):
    """The windows on images as columns; see `tinygrad_edu.unfold`.

    Parameters
    ----------
    kernel_size : int or (int, int), at least 1
    dilation, padding, stride : int or (int, int), default=1, 0, 1

    Examples
    --------
    >>> import numpy as np
    >>> Unfold(3, padding=1)(np.ones((5, 2, 7, 7))).shape
    (5, 18, 49)
    """

    def forward(self, x: Any) -> Any:
        """Map x of shape (n, c, h, w), or without n, to (n, c · kh · kw, windows)."""
        settings = self.kernel_size, self.dilation, self.padding, self.stride
        return unfolded(Caller.of(self), x, *settings)


class Fold(_OfWindows):
    """Columns added up to images; see `tinygrad_edu.fold`.

    Parameters
    ----------
    output_size : int or (int, int)
        Height and width of the images.
    kernel_size, dilation, padding, stride
        As in `Unfold`.

    Examples
    --------
    >>> import numpy as np
    >>> Fold(7, 3, padding=1)(np.ones((5, 18, 49))).shape
    (5, 2, 7, 7)
    """

    def __init__(
        self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        super().__init__(kernel_size, dilation, padding, stride)
        Caller.of(self).per_axis("output_size", output_size, 1)
        self.output_size = output_size

    def forward(self, x: Any) -> Any:
        """Map x of shape (n, c · kh · kw, windows), or without n, to (n, c, h, w)."""
        settings = self.kernel_size, self.dilation, self.padding, self.stride
        return folded(Caller.of(self), x, self.output_size, *settings)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}, {super().extra_repr()}"
