"""Metrics of numbers: the mean squared and the mean absolute error, and R²."""

from typing import Any

import numpy as np

from ...errors import ShapeError, names_itself
from .labels import same_shape


@names_itself
def mean_squared_error(targets: Any, predictions: Any) -> float:
    """The mean of (prediction - target)² over all elements.

    Parameters
    ----------
    targets, predictions : array_like of one shape, (n, …)

    Returns
    -------
    float

    Raises
    ------
    ShapeError
        If the shapes differ, (n,) and (n, 1) too, or there is no element.

    Examples
    --------
    >>> mean_squared_error([1.0, 2.0], [1.0, 4.0])
    2.0
    """
    t, p = same_shape(targets, predictions)
    return float(np.mean(np.square(np.subtract(p, t, dtype=np.float64))))


@names_itself
def mean_absolute_error(targets: Any, predictions: Any) -> float:
    """The mean of ``|prediction - target|`` over all elements, in the units of the targets.

    Parameters, results and errors are those of `mean_squared_error`.

    Examples
    --------
    >>> mean_absolute_error([1.0, 2.0], [1.0, 4.0])
    1.0
    """
    t, p = same_shape(targets, predictions)
    return float(np.mean(np.abs(np.subtract(p, t, dtype=np.float64))))


@names_itself
def r2(targets: Any, predictions: Any) -> float:
    """The part of the targets' variance that the predictions explain: 1 - Σ (t - p)² / Σ (t - mean t)².

    Of several columns, the mean over them.  A constant column counts 1 if it is met exactly, and 0 if it is
    not.

    Parameters
    ----------
    targets, predictions : array_like of shape (n,) or (n, k)
        n is 2 or more: of one example it is not a number.

    Returns
    -------
    float, at most 1
        0 for the best constant prediction; below 0 if it is worse than that.

    Raises
    ------
    ShapeError
        If the shapes differ, (n,) and (n, 1) too, or there are fewer than two examples.

    Examples
    --------
    >>> r2([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    t, p = (a.reshape(len(a), -1).astype(np.float64) for a in same_shape(targets, predictions))
    if len(t) < 2:
        raise ShapeError("the variance of one example is 0; expected two examples or more.")
    left, total = np.sum((t - p) ** 2, axis=0), np.sum((t - t.mean(axis=0)) ** 2, axis=0)
    constant = total == 0
    scores = 1 - np.divide(left, total, out=(left != 0).astype(np.float64), where=~constant)
    return float(np.mean(scores))
