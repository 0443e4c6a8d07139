"""Scaling: columns of different units brought to one range, by what the training part alone tells about them.

scaler = StandardScaler()
x_train = scaler.fit_transform(x_train)
x_test = scaler.transform(x_test)
"""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError, names_itself
from .fitted import Fitted, parts_of


class StandardScaler(Fitted):
    """Columns of mean 0 and standard deviation 1: ``(x - mean) / scale``.

    A column that is the same in all rows of the training part, to within rounding errors, has scale 1, so
    that it becomes 0.

    Attributes
    ----------
    mean, scale : ndarray of float64 of shape (…)
        For rows of shape (…).  The standard deviation is that of the training part itself, divided by n.

    Raises
    ------
    ArgumentError
        If a value is NaN or infinite.
    ShapeError
        If the columns are not those that were fitted.
    StateError
        If it was not fitted.

    Notes
    -----
    Results equal those of scikit-learn's.  Statistics are computed in float64, and so are results before they
    are rounded to the dtype of x.

    Examples
    --------
    >>> scaler = StandardScaler()
    >>> scaler.fit_transform(np.array([[1.0, 7.0], [3.0, 7.0]]))
    array([[-1.,  0.],
           [ 1.,  0.]])
    >>> scaler.transform(np.array([[2.0, 7.0]], np.float32))
    array([[0., 0.]], dtype=float32)
    """

    _names: ClassVar = ("mean", "scale")
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    def _statistics(self, x: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        n, first = len(x), x[0].astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = sum(np.add.reduce(part) for part in parts_of(x)) / n
            variance = sum(np.add.reduce(np.square(part - mean)) for part in parts_of(x)) / n
            # What rounding leaves of the variance of n equal numbers (Chan, Golub, LeVeque (1983), equation
            # 1.6).
            eps = np.finfo(np.float64).eps
            constant = variance <= n * eps * variance + (n * mean * eps) ** 2
        if not np.isfinite(variance).all():
            raise ArgumentError("values are too large for their variance to be a number.")
        same = np.logical_and.reduce([np.all(part == first, axis=0) for part in parts_of(x)])
        mean = np.where(same, first, mean)
        return {"mean": np.asarray(mean), "scale": np.where(constant, 1.0, np.sqrt(variance))}

    def _transformed(self, x: NDArray[Any]) -> NDArray[np.float64]:
        return (x - self.mean) / self.scale

    @names_itself
    def inverse_transform(self, x: Any) -> NDArray[Any]:
        """Scaled values in their first units again: ``x * scale + mean``, shape (n, …)."""
        return self._applied("inverse_transform", x, lambda x: x.astype(np.float64) * self.scale + self.mean)


class MinMaxScaler(Fitted):
    """Columns that go from low to high: ``low + (x - minimum) / (maximum - minimum) * (high - low)``.

    A column that is the same in all rows of the training part becomes ``low``.  Rows outside the training
    part may lie outside [low, high].

    Parameters
    ----------
    low, high : float, low < high, default=0.0, 1.0

    Attributes
    ----------
    minimum, maximum : ndarray of float64 of shape (…)
        Of the training part, for rows of shape (…).

    Raises
    ------
    ArgumentError
        If low is not below high, or a value is NaN or infinite.
    ShapeError
        If the columns are not those that were fitted.
    StateError
        If it was not fitted.

    Examples
    --------
    >>> MinMaxScaler(low=-1).fit_transform(np.array([[1.0, 7.0], [2.0, 7.0], [3.0, 7.0]]))
    array([[-1., -1.],
           [ 0., -1.],
           [ 1., -1.]])
    """

    _names: ClassVar = ("minimum", "maximum")
    _settings: ClassVar = ("low", "high")
    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]

    @names_itself
    def __init__(self, *, low: float = 0.0, high: float = 1.0) -> None:
        if not -np.inf < low < high < np.inf:
            raise ArgumentError(f"low is below high, and both are finite; got {low!r} and {high!r}.")
        self.low, self.high = float(low), float(high)

    def _statistics(self, x: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        minimum, maximum = (np.asarray(fold(x, axis=0), np.float64) for fold in (np.min, np.max))
        with np.errstate(over="ignore"):
            if not np.isfinite(maximum - minimum).all():
                raise ArgumentError("values are too large for their range to be a number.")
        return {"minimum": minimum, "maximum": maximum}

    @property
    def _range(self) -> NDArray[np.float64]:
        extent = self.maximum - self.minimum
        return np.where(extent == 0, 1.0, extent)

    def _transformed(self, x: NDArray[Any]) -> NDArray[np.float64]:
        return self.low + (x - self.minimum) / self._range * (self.high - self.low)

    @names_itself
    def inverse_transform(self, x: Any) -> NDArray[Any]:
        """Scaled values in their first units again, shape (n, …)."""
        return self._applied("inverse_transform", x, self._restored)

    def _restored(self, x: NDArray[Any]) -> NDArray[np.float64]:
        return (x.astype(np.float64) - self.low) / (self.high - self.low) * self._range + self.minimum
