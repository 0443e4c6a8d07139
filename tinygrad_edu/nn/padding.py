"""Layers that put a frame around sequences and images: zeros, a constant, or elements of their own.

As functions they are `numpy.pad`, in its modes constant, reflect, edge and wrap, which differentiates.
"""

from typing import Any, ClassVar

import numpy as np

from ..arrays import given
from ..errors import ArgumentError, ShapeError
from ..ops.frame import constant, framed
from .module import Module


class _Padding(Module):
    """What they have in common: numbers of elements, PyTorch's way, and what they are."""

    axes: ClassVar[int] = 2
    mode: ClassVar[str] = "constant"
    value: float = 0.0

    def __init__(self, padding: Any) -> None:
        ends = 2 * self.axes
        widths = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * ends
        whole = all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in widths)
        least = None if self.mode == "constant" else 0
        if len(widths) != ends or not whole or (least is not None and min(widths) < least):
            name, order = type(self).__name__, "left, right, top, bottom"[: 11 if ends == 2 else None]
            of = "an int" if least is None else "an int of at least 0"
            raise ArgumentError(f"{name}: padding is {of}, or {ends} of them ({order}); got {padding!r}.")
        self.padding = tuple(map(int, widths))
        self._around = tuple(zip(self.padding[::2], self.padding[1::2]))[::-1]  # the last axis comes last

    def forward(self, x: Any) -> Any:
        """Map x of shape (..., h, w), or (..., l) of sequences, to one with a frame."""
        name = type(self).__name__
        x = given(x, name)
        if len(x.shape) < self.axes:
            axes = "(..., h, w)" if self.axes == 2 else "(..., l)"
            raise ShapeError(f"{name} expects x of shape {axes}, got {x.shape}.")
        if self.mode == "constant":
            return constant(name, x, self._around, self.value)
        return framed(name, x, self._around, self.mode)

    def extra_repr(self) -> str:
        return f"padding={self.padding}"


class ZeroPad2d(_Padding):
    """Zeros around images.

    Parameters
    ----------
    padding : int or (int, int, int, int)
        How many columns on the left and on the right, and rows above and below, in this order.  Where a
        number is negative, so many are cut off.

    Examples
    --------
    >>> import numpy as np
    >>> ZeroPad2d((1, 0, 0, 1))(np.array([[[5.0, 6.0]]]))
    array([[[0., 5., 6.],
            [0., 0., 0.]]])
    """


class ZeroPad1d(ZeroPad2d):
    """Zeros before and after sequences; padding is an int or a pair of them, as in `ZeroPad2d` otherwise."""

    axes = 1


class ConstantPad2d(_Padding):
    """A constant around images.

    Parameters
    ----------
    padding : int or (int, int, int, int)
        As in `ZeroPad2d`.
    value : float

    Examples
    --------
    >>> import numpy as np
    >>> ConstantPad2d((1, 0, 0, 0), -1.0)(np.array([[[5.0, 6.0]]]))
    array([[[-1.,  5.,  6.]]])
    """

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, value={self.value}"


class ConstantPad1d(ConstantPad2d):
    """A constant before and after sequences; padding is an int or a pair, as in `ConstantPad2d` otherwise."""

    axes = 1


class ReflectionPad2d(_Padding):
    """Images with their reflections around them; the border itself is not repeated.

    Parameters
    ----------
    padding : int or (int, int, int, int)
        Columns on the left and on the right, rows above and below, each fewer than there are.

    Examples
    --------
    >>> import numpy as np
    >>> ReflectionPad2d((2, 1, 0, 0))(np.array([[[1.0, 2.0, 3.0]]]))
    array([[[3., 2., 1., 2., 3., 2.]]])
    """

    mode = "reflect"


class ReflectionPad1d(ReflectionPad2d):
    """Sequences with their reflections before and after them; as `ReflectionPad2d` otherwise."""

    axes = 1


class ReplicationPad2d(_Padding):
    """Images whose border is repeated around them.

    Parameters
    ----------
    padding : int or (int, int, int, int)
        Columns on the left and on the right, rows above and below.

    Examples
    --------
    >>> import numpy as np
    >>> ReplicationPad2d((2, 1, 0, 0))(np.array([[[1.0, 2.0, 3.0]]]))
    array([[[1., 1., 1., 2., 3., 3.]]])
    """

    mode = "replicate"


class ReplicationPad1d(ReplicationPad2d):
    """Sequences whose ends are repeated; as `ReplicationPad2d` otherwise."""

    axes = 1


class CircularPad2d(_Padding):
    """Images that go on around them from the other side.

    Parameters
    ----------
    padding : int or (int, int, int, int)
        Columns on the left and on the right, rows above and below, each at most as many as there are.

    Examples
    --------
    >>> import numpy as np
    >>> CircularPad2d((2, 1, 0, 0))(np.array([[[1.0, 2.0, 3.0]]]))
    array([[[2., 3., 1., 2., 3., 1.]]])
    """

    mode = "circular"


class CircularPad1d(CircularPad2d):
    """Sequences that go on from the other end; as `CircularPad2d` otherwise."""

    axes = 1
