"""Missing values: NaN replaced by what the training part tells about the column."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError, names_itself
from .fitted import Fitted

STRATEGIES = ("mean", "median", "constant")


class Imputer(Fitted):
    """Fill the NaNs of each column with its mean or median in the training part, or with a constant.

    Parameters
    ----------
    strategy : {"mean", "median", "constant"}, default="mean"
    value : float, default=0.0
        What "constant" fills in.

    Attributes
    ----------
    fill : ndarray of float64 of shape (…)
        What is filled in, for rows of shape (…).

    Raises
    ------
    ArgumentError
        If the strategy is unknown, a column to be fitted has no value at all, or a value is infinite.
    ShapeError
        If the columns are not those that were fitted.
    StateError
        If it was not fitted.

    Examples
    --------
    >>> Imputer("median").fit_transform(np.array([[1.0, 5.0], [np.nan, 6.0], [3.0, np.nan]]))
    array([[1. , 5. ],
           [2. , 6. ],
           [3. , 5.5]])
    """

    _names: ClassVar = ("fill",)
    _settings: ClassVar = ("strategy", "value")
    _takes_nan: ClassVar = True
    fill: NDArray[np.float64]

    @names_itself
    def __init__(self, strategy: str = "mean", *, value: float = 0.0) -> None:
        if strategy not in STRATEGIES:
            raise ArgumentError(f"strategy is one of {', '.join(STRATEGIES)}; got {strategy!r}.")
        if not np.isfinite(value):
            raise ArgumentError(f"value is a finite number; got {value!r}.")
        self.strategy, self.value = strategy, float(value)

    def _statistics(self, x: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        x = x.astype(np.float64, copy=False)
        if self.strategy == "constant":
            return {"fill": np.full(x.shape[1:], self.value)}
        empty = np.isnan(x).all(axis=0)
        if empty.any():
            column = ", ".join(map(str, np.argwhere(empty)[0])) or "0"
            advice = "Leave it out, or fill in a constant."
            raise ArgumentError(f"column {column} has no value at all, so no {self.strategy}. {advice}")
        middle = np.nanmean if self.strategy == "mean" else np.nanmedian
        return {"fill": np.asarray(middle(x, axis=0))}

    def _transformed(self, x: NDArray[Any]) -> NDArray[np.float64]:
        return np.where(np.isnan(x), self.fill, x)
