"""What is learned from the columns of the training part, and applied to every part: the base of scalers and imputers."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import plain
from ..errors import ArgumentError, DTypeError, ShapeError, StateError
from ..files import printable


class Fitted:
    """Statistics of columns, one number each, which `fit` finds and `transform` uses.

    A subclass names the statistics and its settings, finds them in `_statistics` and uses them in
    `_transformed`.
    """

    _names: ClassVar[tuple[str, ...]] = ()
    _settings: ClassVar[tuple[str, ...]] = ()
    _takes_nan: ClassVar[bool] = False

    def _statistics(self, x: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        raise NotImplementedError

    def _transformed(self, x: NDArray[Any]) -> NDArray[np.float64]:
        raise NotImplementedError

    def fit(self, x: Any) -> Self:
        """Learn the statistics; returns the object itself.

        Parameters
        ----------
        x : Tensor or array_like of shape (n, …), n ≥ 1
            The training part alone: what is learned from other rows is knowledge that the model will not have
            in use.
        """
        values = self._checked("fit", x)
        if not len(values):
            raise ShapeError(
                f"{type(self).__name__}.fit: there are no rows to learn from; got shape {values.shape}."
            )
        vars(self).update(self._statistics(values.astype(np.float64)))
        return self

    def transform(self, x: Any) -> NDArray[Any]:
        """Apply what was learned.

        Parameters
        ----------
        x : Tensor or array_like of shape (n, …)
            The columns are those of the training part.

        Returns
        -------
        ndarray of shape (n, …)
            Of the dtype of x if that is floating, otherwise float64.
        """
        values = self._fitting("transform", x)
        return self._transformed(values).astype(
            _floating(values), copy=False
        )  # float64 statistics make it float64 before

    def fit_transform(self, x: Any) -> NDArray[Any]:
        """`fit`, and `transform` of the same rows."""
        return self.fit(x).transform(x)

    # ---- state ---------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """What was learned, as copies, the settings, and the name of the class.

        Raises
        ------
        StateError
            If nothing was learned yet.
        """
        self._need_fit("state_dict")
        own = vars(self)
        state = {name: own[name] for name in self._settings} | {
            name: own[name].copy() for name in self._names
        }
        return {"class": type(self).__name__, **state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what another object of the same class has learned, and its settings.

        Parameters
        ----------
        state : mapping
            As `state_dict` returned it.

        Raises
        ------
        StateError
            Listing what does not fit; nothing was changed.
        """
        who = type(self).__name__
        names = ["class", *self._settings, *self._names]
        problems = [f"missing: {name}" for name in names if name not in state] + [
            f"unexpected: {printable(str(name), 80)}" for name in state if name not in names
        ]
        if state.get("class", who) != who:
            problems.append(f"it is of a {printable(str(state['class']), 80)}")
        loaded: dict[str, Any] = {}
        try:
            if not problems:
                loaded = vars(type(self)(**{name: state[name] for name in self._settings}))
                loaded |= {name: np.array(plain(state[name], name), np.float64) for name in self._names}
        except (TypeError, ValueError) as error:
            problems.append(str(error))
        if not problems and len({loaded[name].shape for name in self._names}) > 1:
            problems.append(
                "shapes differ: " + ", ".join(f"{name} {loaded[name].shape}" for name in self._names)
            )
        if problems:
            raise StateError(
                f"{who}.load_state_dict: the state does not fit, and nothing was loaded:\n  "
                + "\n  ".join(problems)
            )
        vars(self).update(loaded)

    def __repr__(self) -> str:
        own = vars(self)
        settings = [f"{name}={own[name]!r}" for name in self._settings]
        fitted = [
            f"fitted to columns of shape {own[self._names[0]].shape}"
            if self._names[0] in own
            else "not fitted"
        ]
        return f"{type(self).__name__}({', '.join(settings + fitted)})"

    # ---- what may come in ----------------------------------------------------------------------------------

    def _need_fit(self, method: str) -> None:
        if self._names[0] not in vars(self):
            raise StateError(
                f"{type(self).__name__}.{method}: nothing was learned yet; call fit(x_train) first."
            )

    def _fitting(self, method: str, x: Any) -> NDArray[Any]:
        """An array with the columns that were learned from."""
        self._need_fit(method)
        values, columns = self._checked(method, x), vars(self)[self._names[0]].shape
        if values.shape[1:] != columns:
            raise ShapeError(
                f"{type(self).__name__}.{method}: fitted to columns of shape {columns}, got rows of shape "
                f"{values.shape[1:]}."
                f"{_way_on(values.shape, columns)}"
            )
        return values

    def _checked(self, method: str, x: Any) -> NDArray[Any]:
        """An array of real, finite numbers with rows."""
        who = f"{type(self).__name__}.{method}"
        values = plain(x, who)
        if values.dtype.kind not in "biuf":
            raise DTypeError(f"{who}: expected real numbers, got {values.dtype}.")
        if values.ndim == 0:
            raise ShapeError(f"{who}: expected rows, shape (n, …); got a single number.")
        bad = ~np.isfinite(values) if not self._takes_nan else np.isinf(values)
        if bad.any():
            places = np.argwhere(bad)[0].tolist()
            what = "an infinity" if np.isinf(values[tuple(places)]) else "a missing value (NaN)"
            fix = "" if what == "an infinity" else " Fill missing values first: Imputer()."
            raise ArgumentError(
                f"{who}: {what} in row {places[0]}{f', column {places[1]}' if len(places) > 1 else ''}.{fix}"
            )
        return values


def _way_on(shape: tuple[int, ...], columns: tuple[int, ...]) -> str:
    """How an array of this shape gets rows with these columns, if that is a matter of axes."""
    if shape == columns and columns:
        return f"\n  A single row is x[None], of shape {(1, *columns)}."
    if math.prod(shape[1:]) == math.prod(columns):
        axes = "".join(f", {n}" for n in columns)
        return f"\n  The same numbers, as they were fitted: x.reshape({(axes and '-1' + axes) or '-1'}); afterwards .reshape(x.shape)."
    return ""


def _floating(values: NDArray[Any]) -> np.dtype[Any]:
    return values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)


def column_name(statistic: ArrayLike, place: int) -> str:
    """Which column an element of a statistic belongs to, as text."""
    where = np.unravel_index(place, np.shape(statistic))
    return ", ".join(str(int(i)) for i in where) or "0"
