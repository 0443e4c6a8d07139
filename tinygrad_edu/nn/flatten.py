"""Flattening: several axes as one, as between convolutions and fully connected layers; and back."""

import math
from typing import Any

import numpy as np

from ..arrays import given
from ..errors import ArgumentError, ShapeError
from .through import Through


class Flatten(Through):
    """Axes from ``start_axis`` to ``end_axis``, both included, as one; by default all but the first.

    PyTorch calls them start_dim and end_dim.

    Parameters
    ----------
    start_axis : int, default=1
    end_axis : int, default=-1

    Raises
    ------
    ShapeError
        When called with an x that lacks these axes.

    Examples
    --------
    >>> import numpy as np
    >>> Flatten()(np.ones((64, 16, 7, 7))).shape
    (64, 784)
    """

    def __init__(self, start_axis: int = 1, end_axis: int = -1) -> None:
        self.start_axis, self.end_axis = start_axis, end_axis

    def forward(self, x: Any) -> Any:
        """Map x of shape (n, ...) to (n, m)."""
        x = given(x, "Flatten")
        shape = x.shape
        n = len(shape)
        start, end = (axis + n if axis < 0 else axis for axis in (self.start_axis, self.end_axis))
        if not 0 <= start <= end < n:
            raise ShapeError(
                f"Flatten expects an input with the axes {self.start_axis} to {self.end_axis}, got {shape}."
            )
        return np.reshape(x, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))

    def extra_repr(self) -> str:
        return f"start_axis={self.start_axis}, end_axis={self.end_axis}"


class Unflatten(Through):
    """One axis as several, the inverse of `Flatten`.

    Parameters
    ----------
    axis : int
        PyTorch calls it dim.
    unflattened_size : tuple of int
        The lengths that it is parted into; one of them may be -1, for what is left.

    Raises
    ------
    ShapeError
        When called with an x that lacks the axis, or has another length there.

    Examples
    --------
    >>> import numpy as np
    >>> Unflatten(1, (16, 7, -1))(np.ones((64, 784))).shape
    (64, 16, 7, 7)
    """

    def __init__(self, axis: int, unflattened_size: Any) -> None:
        sizes = tuple(unflattened_size) if isinstance(unflattened_size, (tuple, list)) else ()
        whole = all(isinstance(n, (int, np.integer)) and n >= -1 for n in sizes)
        if not sizes or not whole or sizes.count(-1) > 1:
            message = "unflattened_size is a tuple of lengths, of which one may be -1"
            raise ArgumentError(f"Unflatten: {message}; got {unflattened_size!r}.")
        self.axis, self.unflattened_size = axis, sizes

    def forward(self, x: Any) -> Any:
        """Map x of shape (..., m, ...) to (..., a, b, ...)."""
        x = given(x, "Unflatten")
        shape, sizes = x.shape, self.unflattened_size
        if not -len(shape) <= self.axis < len(shape):
            raise ShapeError(f"Unflatten expects an input with the axis {self.axis}, got {shape}.")
        axis, known = self.axis % len(shape), math.prod(n for n in sizes if n != -1)
        fits = known and shape[axis] % known == 0 if -1 in sizes else shape[axis] == known
        if not fits:
            raise ShapeError(f"Unflatten expects the length {sizes} on axis {self.axis}, got {shape}.")
        sizes = tuple(shape[axis] // known if n == -1 else n for n in sizes)
        return np.reshape(x, (*shape[:axis], *sizes, *shape[axis + 1 :]))

    def extra_repr(self) -> str:
        return f"axis={self.axis}, unflattened_size={self.unflattened_size}"
