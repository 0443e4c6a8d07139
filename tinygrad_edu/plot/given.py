"""What is drawn, as plain arrays that fit each other: numbers, points with labels, names of classes."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import plain
from ..errors import ArgumentError, DTypeError, ShapeError
from ..tensor import Tensor

Array = NDArray[Any]


def numbers(values: Any, what: str) -> Array:
    """An ndarray of real numbers or booleans.

    Raises
    ------
    DTypeError
        If it holds something else.
    """
    if isinstance(values, (list, tuple)) and any(isinstance(value, Tensor) for value in values):
        values = [value.detach().numpy() if isinstance(value, Tensor) else value for value in values]
    array = plain(values, what)
    if array.dtype.kind not in "fiub":
        raise DTypeError(f"{what}: expected real numbers; got {array.dtype}.")
    return array.astype(np.float64) if array.dtype.itemsize > 8 else array  # matplotlib has no larger floats


def points_and_labels(points: ArrayLike | Tensor, labels: ArrayLike | Tensor) -> tuple[Array, Array]:
    """Points of the plane and the class of each, as arrays.

    Raises
    ------
    ShapeError
        If the points are not pairs, there is none, or the labels are not as many.
    ArgumentError
        If a point is not finite, or the labels are not whole numbers from 0.
    """
    xy, classes = numbers(points, "points"), plain(labels, "labels")
    if xy.ndim != 2 or xy.shape[1] != 2 or classes.shape != xy.shape[:1] or not len(xy):
        found = f"{xy.shape} and {classes.shape}."
        if classes.ndim == 2:
            found += " One-hot rows become labels by labels.argmax(axis=1), a column by labels.reshape(-1)."
        raise ShapeError(f"expected points (n, 2) and labels (n,), n ≥ 1; got {found}")
    if not np.isfinite(xy).all():
        row = int(np.argmin(np.isfinite(xy).all(axis=1)))
        advice = "Leave it out, or fill it in by data.Imputer()"
        raise ArgumentError(f"points are finite; got {xy[row]} in row {row}. {advice}.")
    if classes.dtype.kind not in "fiub":
        raise _no_labels(classes, "data.LabelEncoder() makes them of names")
    if not np.isfinite(classes).all() or (classes != np.trunc(classes)).any() or classes.min() < 0:
        raise _no_labels(np.unique(classes), "data.relabel makes them of other numbers")
    return xy, classes.astype(np.int64)


def _no_labels(found: Any, advice: str) -> ArgumentError:
    return ArgumentError(f"labels are whole numbers from 0; got {found[:3]}. {advice}.")


def names_of(classes: Any, number: int) -> list[str]:
    """The names of so many classes; their numbers, where they have none.

    Raises
    ------
    ShapeError
        If there are fewer names than classes.
    """
    if classes is None:
        return [str(k) for k in range(number)]
    if len(classes) < number:
        raise ShapeError(f"{len(classes)} names for {number} classes.")
    return [str(name) for name in classes]
