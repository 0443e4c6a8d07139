"""What is learned from the columns of the training part and applied to every part: scalers and imputers."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..arrays import plain
from ..errors import ArgumentError, DTypeError, ShapeError, StateError, names_itself
from ..files import printable
from .checks import refuse_state, values_of, wrong_names

AT_ONCE = 1 << 20  # elements that are looked at: what lies in a file may be larger than memory


class Fitted:
    """Statistics of columns, one number each, which `fit` finds and `transform` uses.

    A subclass names the statistics and its settings, finds them in `_statistics` and uses them in
    `_transformed`.
    """

    _names: ClassVar[tuple[str, ...]] = ()
    _settings: ClassVar[tuple[str, ...]] = ()
    _takes_nan: ClassVar[bool] = False

    def _statistics(self, x: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
        raise NotImplementedError

    def _transformed(self, x: NDArray[Any]) -> NDArray[np.float64]:
        raise NotImplementedError

    @names_itself
    def fit(self, x: Any) -> Self:
        """Learn the statistics; returns the object itself.

        Parameters
        ----------
        x : Tensor, array_like of shape (n, …), or frame or table of numbers, n ≥ 1
            The training part alone: what is learned from other rows is knowledge that the model will not have
            in use.
        """
        values = self._checked(x)
        if not len(values):
            raise ShapeError(f"there are no rows to learn from; got shape {values.shape}.")
        vars(self).update(self._statistics(values))
        return self

    @names_itself
    def transform(self, x: Any) -> NDArray[Any]:
        """Apply what was learned.

        Parameters
        ----------
        x : Tensor, array_like of shape (n, …), or frame or table of numbers
            The columns are those of the training part.

        Returns
        -------
        ndarray of shape (n, …)
            Of the dtype of x if that is floating, otherwise float64.
        """
        return self._applied("transform", x, self._transformed)

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
        settings = {name: own[name] for name in self._settings}
        return {"class": type(self).__name__, **settings, **{name: own[name].copy() for name in self._names}}

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
        problems = wrong_names(state, ["class", *self._settings, *self._names])
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
            shapes = ", ".join(f"{name} {loaded[name].shape}" for name in self._names)
            problems.append(f"shapes differ: {shapes}")
        refuse_state(who, problems)
        vars(self).update(loaded)

    def __repr__(self) -> str:
        own = vars(self)
        parts = [f"{name}={own[name]!r}" for name in self._settings]
        learned = own.get(self._names[0])
        parts += ["not fitted" if learned is None else f"fitted to columns of shape {learned.shape}"]
        return f"{type(self).__name__}({', '.join(parts)})"

    # ---- what may come in ----------------------------------------------------------------------------------

    def _need_fit(self, method: str) -> None:
        if self._names[0] not in vars(self):
            who = f"{type(self).__name__}.{method}"
            raise StateError(f"{who}: nothing was learned yet; call fit(x_train) first.")

    def _applied(self, method: str, x: Any, function: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[Any]:
        """What a function makes of x, with the dtype that `transform` promises; x has the fitted columns."""
        self._need_fit(method)
        values, columns = self._checked(x), vars(self)[self._names[0]].shape
        if values.shape[1:] != columns:
            got = f"got rows of shape {values.shape[1:]}.{_way_on(values.shape, columns)}"
            raise ShapeError(f"fitted to columns of shape {columns}, {got}")
        dtype = values.dtype if values.dtype.kind == "f" else np.float64
        return function(values).astype(dtype, copy=False)  # float64 statistics have made it float64

    def _checked(self, x: Any) -> NDArray[Any]:
        """An array of real, finite numbers with rows."""
        values = values_of(x)
        if values.dtype.kind not in "biuf":
            raise DTypeError(f"expected real numbers, got {values.dtype}.")
        if values.ndim == 0:
            raise ShapeError("expected rows, shape (n, …); got a single number.")
        fine = (lambda part: ~np.isinf(part)) if self._takes_nan else np.isfinite
        first = 0
        for part in parts_of(values, values.dtype):
            if not (good := fine(part)).all():
                break
            first += len(part)
        else:
            return values
        row, *rest = np.argwhere(~good)[0].tolist()
        place = first + row, *rest
        where = f"row {place[0]}" + (f", column {place[1]}" if rest else "")
        if np.isinf(values[place]):
            raise ArgumentError(f"an infinity in {where}.")
        raise ArgumentError(f"a missing value (NaN) in {where}. Fill missing values first: Imputer().")


def parts_of(x: NDArray[Any], dtype: Any = np.float64) -> Iterator[NDArray[Any]]:
    """The rows of an array, as many at a time as fit easily into memory, in a dtype."""
    rows = max(1, AT_ONCE // max(1, math.prod(x.shape[1:])))
    return (x[start : start + rows].astype(dtype, copy=False) for start in range(0, len(x), rows))


def _way_on(shape: tuple[int, ...], columns: tuple[int, ...]) -> str:
    """How an array of this shape gets rows with these columns, if that is a matter of axes."""
    if shape == columns and columns:
        return f"\n  A single row is x[None], of shape {(1, *columns)}."
    if math.prod(shape[1:]) == math.prod(columns):
        axes = ", ".join(map(str, (-1, *columns)))
        return f"\n  The same numbers, as they were fitted: x.reshape({axes}); afterwards .reshape(x.shape)."
    return ""
