"""Features: one step from a table with columns of all kinds to a matrix of numbers, fitted and saved.

features = Features(["age", "town", "since"], unknown="ignore")
x_train = features.fit_transform(table_train)
x_test = features.transform(table_test)
"""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..errors import ArgumentError, ShapeError, StateError, names_itself
from ..files import printable
from .categories import UNKNOWN
from .checks import refuse_state, values_of, wrong_names
from .columns import KINDS, Column, columns_of
from .learned import CYCLES, FILLS, SCALES, Learned, from_state, learn

SETTINGS = ("columns", "scale", "missing", "indicator", "unknown", "cycles", "kinds", "dtype")


class Features:
    """Columns of a table as a matrix of numbers, by what the training part alone tells about them.

    * A column of numbers is filled in where values are missing, and scaled.
    * One of truth values is 0 and 1.
    * One of dates is the days since 1970, which are filled in and scaled as numbers are; and, of each cycle
      in ``cycles``, the sine and cosine of the date's place in it.
    * One of text is a column of zeros and ones for each text of the training part.

    Parameters
    ----------
    columns : str or iterable of str, optional
        Which columns, in this order; by default all.  Others may be there or not.
    scale : {"standard", "minmax", None}, default="standard"
        How numbers and dates are scaled: to mean 0 and deviation 1, to [0, 1], or not.
    missing : {"mean", "median", "most_frequent", None}, default="mean"
        What is filled in where a number or a date is missing; None makes that an error.  A missing truth
        value is the most frequent one.  A missing text is the most frequent one with "most_frequent"; with
        the others, if the training part lacks some, a column of its own, "town missing", tells of it.
    indicator : bool, default=False
        Whether a column of zeros and ones, "age missing", tells where a value was missing, if the training
        part lacks some in that column.
    unknown : {"error", "ignore"}, default="error"
        What a text does that the training part has not: an error, or zeros in all columns of it.
    cycles : sequence of {"year", "week", "day"}, default=()
    kinds : mapping of str to {"number", "boolean", "date", "text"}, optional
        Of columns that are something else than they seem: numbers that are names, ``{"zip": "text"}``.
    dtype : floating dtype, default=numpy.float32

    Attributes
    ----------
    names : list of str
        What the columns are called that come out: "age", "age missing", "town=Ulm", "since sin year".
    learned : list of Learned
        One of each column.

    Raises
    ------
    ArgumentError
        Naming column and row of what is unknown, missing, infinite or of another kind, if that is an error;
        or a setting is outside of its values, or a column is not there.
    StateError
        If it was not fitted.

    Notes
    -----
    What a column's kind is says `Features` by its dtype, if it is that of a frame or an array; and by its
    cells, if it is a table's: see the module ``columns``.  Results equal those of scikit-learn's
    ColumnTransformer of SimpleImputer, StandardScaler and OneHotEncoder.

    Examples
    --------
    >>> table = {"age": [20.0, np.nan, 40.0], "town": ["Ulm", "Bonn", "Ulm"]}
    >>> features = Features(indicator=True, unknown="ignore").fit(table)
    >>> features.names
    ['age', 'age missing', 'town=Bonn', 'town=Ulm']
    >>> features.transform({"town": ["Jena"], "age": [30.0]})
    array([[0., 0., 0., 0.]], dtype=float32)

    Targets, and what a model says of them, in their own units again:

    >>> price = Features("price").fit({"price": [100.0, 300.0]})
    >>> price.inverse([[-1.0], [0.5]])["price"]
    array([100., 250.])
    """

    learned: list[Learned]

    @names_itself
    def __init__(
        self,
        columns: str | Iterable[str] | None = None,
        *,
        scale: str | None = "standard",
        missing: str | None = "mean",
        indicator: bool = False,
        unknown: str = "error",
        cycles: Iterable[str] = (),
        kinds: Mapping[str, str] | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        for name, value, allowed in (
            ("scale", scale, SCALES), ("missing", missing, FILLS), ("unknown", unknown, UNKNOWN),
        ):  # fmt: skip
            if value not in allowed:
                raise ArgumentError(f"{name} is one of {', '.join(map(repr, allowed))}; got {value!r}.")
        self.columns = None if columns is None else [columns] if isinstance(columns, str) else list(columns)
        self.cycles, self.kinds = tuple(cycles), dict(kinds or {})
        for what, given, known in (("cycles", self.cycles, CYCLES), ("kinds", self.kinds.values(), KINDS)):
            if wrong := [one for one in given if one not in known]:
                raise ArgumentError(f"{what} are of {', '.join(known)}; got {wrong[0]!r}.")
        if self.columns is not None and len(set(self.columns)) < len(self.columns):
            raise ArgumentError(f"columns are named once each; got {self.columns!r:.200}.")
        self.scale, self.missing, self.indicator, self.unknown = scale, missing, bool(indicator), unknown
        self.dtype = np.dtype(dtype)
        if self.dtype.kind != "f":
            raise ArgumentError(f"dtype is a floating one; got {self.dtype}.")

    @names_itself
    def fit(self, x: Any) -> Self:
        """Learn from the training part; returns the object itself.

        Parameters
        ----------
        x : Table, frame of pandas, polars or pyarrow, dict of columns, or array_like of shape (n, d) or (n,)
            The columns of an array are called "column 1", …
        """
        columns = columns_of(x)
        chosen = self._chosen(columns, list(columns) if self.columns is None else self.columns)
        self._chosen(columns, self.kinds)
        if not chosen or not len(chosen[0].values):
            raise ShapeError("there are no rows to learn from.")
        how: dict[str, Any] = {"scale": self.scale, "missing": self.missing, "indicator": self.indicator}
        kinds = [self.kinds.get(column.name) or column.kind() for column in chosen]
        self.learned = [learn(c, kind, cycles=self.cycles, **how) for c, kind in zip(chosen, kinds)]
        return self

    @property
    def names(self) -> list[str]:
        return [name for one in self._known("names") for name in one.names]

    @names_itself
    def transform(self, x: Any) -> NDArray[Any]:
        """The matrix of a table, frame, dict or array that has the columns that were fitted.

        Returns
        -------
        ndarray of shape (n, len(names)), of the dtype
        """
        known, columns = self._known("transform"), columns_of(x)
        chosen = self._chosen(columns, [one.name for one in known])
        ignore, refused = self.unknown == "ignore", self.missing is None
        parts = [one.transform(column, ignore, refused) for one, column in zip(known, chosen)]
        return np.concatenate(parts, axis=1).astype(self.dtype)

    def fit_transform(self, x: Any) -> NDArray[Any]:
        """`fit`, and `transform` of the same rows."""
        return self.fit(x).transform(x)

    @names_itself
    def inverse(self, rows: Any) -> dict[str, NDArray[Any]]:
        """What rows mean, by column: numbers in their own units, truth values, dates, texts.

        Parameters
        ----------
        rows : Tensor or array_like of shape (n, len(names)), or (n,) of one column
            Such as what a model predicts.  Of the columns of a text the largest number counts; where all are
            0, the text is None.

        Returns
        -------
        dict of str to ndarray of shape (n,)
        """
        known, width = self._known("inverse"), len(self.names)
        values = values_of(rows)
        values = values[:, None] if values.ndim == 1 and width == 1 else values
        if values.ndim != 2 or values.shape[1] != width or values.dtype.kind not in "biuf":
            got = f"{values.dtype} of shape {values.shape}"
            raise ShapeError(f"expected numbers of shape (n, {width}), as transform makes them; got {got}.")
        ends = np.cumsum([len(one.names) for one in known])
        parts = np.split(values.astype(np.float64), ends[:-1], axis=1)
        return {one.name: one.inverse(part) for one, part in zip(known, parts)}

    inverse_transform = inverse  # as scalers call it

    # ---- state ---------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """What was learned, the settings, and the name of the class."""
        learned = [one.state() for one in self._known("state_dict")]
        settings = {name: getattr(self, name) for name in SETTINGS}
        settings |= {"cycles": list(self.cycles), "kinds": dict(self.kinds), "dtype": self.dtype.name}
        return {"class": type(self).__name__, **settings, "learned": learned}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what another object has learned, and its settings.

        Raises
        ------
        StateError
            Listing what does not fit; nothing was changed.
        """
        problems, loaded = wrong_names(state, ["class", *SETTINGS, "learned"]), {}
        if state.get("class", "Features") != "Features":
            problems.append(f"it is of a {printable(str(state['class']), 80)}")
        try:
            if not problems:
                loaded = vars(Features(**{name: state[name] for name in SETTINGS}))
                loaded["learned"] = [from_state(one) for one in state["learned"]]
        except (TypeError, ValueError, AttributeError) as error:
            problems.append(str(error))
        refuse_state("Features", problems)
        vars(self).update(loaded)

    def __repr__(self) -> str:
        if not hasattr(self, "learned"):
            return "Features(not fitted)"
        shown = ", ".join(f"{one.name}: {one.kind}" for one in self.learned)
        return f"Features({printable(shown, 300)}; {len(self.names)} columns)"

    # ---- columns -------------------------------------------------------------------------------------------

    def _known(self, method: str) -> list[Learned]:
        if not hasattr(self, "learned"):
            raise StateError(f"Features.{method}: nothing was learned yet; call fit(table_train) first.")
        return self.learned

    @staticmethod
    def _chosen(columns: dict[str, Column], names: Iterable[str]) -> list[Column]:
        """The columns of these names."""
        names = list(names)
        if lacking := [name for name in names if name not in columns]:
            there = printable(", ".join(columns), 400)
            raise ArgumentError(f"there is no column {lacking[0]!r}; there are {there}.")
        return [columns[name] for name in names]
