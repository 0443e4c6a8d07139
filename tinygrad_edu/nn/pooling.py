"""Pooling layers: maxima, means and norms over windows of sequences and images."""

from typing import Any

from ..ops.adaptive import adaptive_avg_pool
from ..ops.adaptive_max import adaptive_max_pool
from ..ops.lp_pooling import check_power, lp_pool
from ..ops.pooling import avg_pool, check_divisor, checked_windows, max_pool
from ..ops.window import Caller
from .shown import unusual
from .through import Through


class _Pooling(Through):
    """What maxima and means have in common: the number of axes, and the repr."""

    axes = 2
    kernel_size: Any

    def extra_repr(self) -> str:
        usual = {
            "stride": self.kernel_size,
            "padding": 0,
            "dilation": 1,
            "return_indices": False,
            "ceil_mode": False,
            "count_include_pad": True,
            "divisor_override": None,
        }
        return ", ".join([f"kernel_size={self.kernel_size}", *unusual(self, usual)])


class MaxPool2d(_Pooling):
    """Maximum over windows of images; see `tinygrad_edu.max_pool2d`.

    Parameters
    ----------
    kernel_size : int or (int, int)
    stride : int or (int, int), optional
        By default the kernel's size.
    padding : int or (int, int), default=0
        Of -inf, at most half of the kernel.
    dilation : int or (int, int), default=1
    return_indices : bool, default=False
        Whether to return the places of the maxima too.
    ceil_mode : bool, default=False

    Examples
    --------
    >>> import numpy as np
    >>> MaxPool2d(2)(np.array([[[1.0, 2.0], [4.0, 3.0]]]))
    array([[[4.]]])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        *,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation, self.ceil_mode = padding, dilation, ceil_mode
        self.return_indices = return_indices
        checked_windows(Caller.of(self), kernel_size, self.stride, padding, dilation)

    def forward(self, x: Any) -> Any:
        """Map x of shape (n, c, h, w), or without n, to (n, c, h', w')."""
        settings = self.kernel_size, self.stride, self.padding, self.dilation
        return max_pool(Caller.of(self), x, self.ceil_mode, self.return_indices, *settings)


class MaxPool1d(MaxPool2d):
    """Maximum over windows of sequences (n, c, l); as `MaxPool2d` otherwise."""

    axes = 1


class AvgPool2d(_Pooling):
    """Mean over windows of images; see `tinygrad_edu.avg_pool2d`.

    Parameters
    ----------
    kernel_size : int or (int, int)
    stride : int or (int, int), optional
        By default the kernel's size.
    padding : int or (int, int), default=0
        Of zeros, at most half of the kernel.
    ceil_mode : bool, default=False
    count_include_pad : bool, default=True
    divisor_override : int, at least 1, optional

    Examples
    --------
    >>> import numpy as np
    >>> AvgPool2d(2)(np.array([[[1.0, 2.0], [3.0, 6.0]]]))
    array([[[3.]]])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        *,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad
        self.divisor_override = divisor_override
        check_divisor(Caller.of(self), divisor_override)
        checked_windows(Caller.of(self), kernel_size, self.stride, padding)

    def forward(self, x: Any) -> Any:
        """Map x of shape (n, c, h, w), or without n, to (n, c, h', w')."""
        counted = self.count_include_pad, self.divisor_override
        settings = self.kernel_size, self.stride, self.padding
        return avg_pool(Caller.of(self), x, self.ceil_mode, *counted, *settings)


class AvgPool1d(AvgPool2d):
    """Mean over windows of sequences (n, c, l); as `AvgPool2d` otherwise."""

    axes = 1


class _Adaptive(Through):
    """What adaptive means and maxima have in common: so many windows as asked for."""

    axes = 2

    def __init__(self, output_size: Any) -> None:
        sizes = output_size if isinstance(output_size, (list, tuple)) else [output_size] * self.axes
        Caller.of(self).per_axis("output_size", tuple(1 if n is None else n for n in sizes), 1)
        self.output_size = output_size

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool2d(_Adaptive):
    """Mean over windows of images, as many as asked for; see `tinygrad_edu.adaptive_avg_pool2d`.

    Parameters
    ----------
    output_size : int or (int, int)
        None in a pair keeps the size.

    Examples
    --------
    >>> import numpy as np
    >>> AdaptiveAvgPool2d(1)(np.ones((5, 3, 7, 7))).shape
    (5, 3, 1, 1)
    """

    def forward(self, x: Any) -> Any:
        """Map x of shape (n, c, h, w), or without n, to (n, c, h', w')."""
        return adaptive_avg_pool(Caller.of(self), x, self.output_size)


class AdaptiveAvgPool1d(AdaptiveAvgPool2d):
    """Mean over so many windows of sequences (n, c, l); as `AdaptiveAvgPool2d` otherwise."""

    axes = 1


class AdaptiveMaxPool2d(_Adaptive):
    """Maximum over windows of images, as many as asked for; see `tinygrad_edu.adaptive_max_pool2d`.

    Parameters
    ----------
    output_size : int or (int, int)
        None in a pair keeps the size.
    return_indices : bool, default=False
        Whether to return the places of the maxima too.

    Examples
    --------
    >>> import numpy as np
    >>> AdaptiveMaxPool2d((3, None))(np.ones((5, 3, 7, 7))).shape
    (5, 3, 3, 7)
    """

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, x: Any) -> Any:
        """Map x of shape (n, c, h, w), or without n, to (n, c, h', w')."""
        return adaptive_max_pool(Caller.of(self), x, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return super().extra_repr() + ", return_indices=True" * self.return_indices


class AdaptiveMaxPool1d(AdaptiveMaxPool2d):
    """Maximum over so many windows of sequences (n, c, l); as `AdaptiveMaxPool2d` otherwise."""

    axes = 1


class LPPool2d(_Pooling):
    """Norm over windows of images; see `tinygrad_edu.lp_pool2d`.

    Parameters
    ----------
    norm_type : float, at least 1
    kernel_size : int or (int, int)
    stride : int or (int, int), optional
        By default the kernel's size.
    ceil_mode : bool, default=False

    Examples
    --------
    >>> import numpy as np
    >>> LPPool2d(2, (1, 2))(np.array([[[3.0, 4.0]]]))
    array([[[5.]]])
    """

    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, *, ceil_mode: bool = False
    ) -> None:
        check_power(Caller.of(self), norm_type)
        self.norm_type, self.kernel_size, self.ceil_mode = norm_type, kernel_size, ceil_mode
        self.stride = kernel_size if stride is None else stride
        checked_windows(Caller.of(self), kernel_size, self.stride)

    def forward(self, x: Any) -> Any:
        """Map x of shape (n, c, h, w), or without n, to (n, c, h', w')."""
        return lp_pool(Caller.of(self), x, self.norm_type, self.ceil_mode, self.kernel_size, self.stride)

    def extra_repr(self) -> str:
        return f"norm_type={self.norm_type}, {super().extra_repr()}"


class LPPool1d(LPPool2d):
    """Norm over windows of sequences (n, c, l); as `LPPool2d` otherwise."""

    axes = 1
