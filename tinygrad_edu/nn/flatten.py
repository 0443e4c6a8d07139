"""Flattening: several axes as one, as between convolutions and fully connected layers."""

import math
from typing import Any

import numpy as np

from ..arrays import given
from ..errors import ShapeError
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
