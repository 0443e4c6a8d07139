"""One-hot columns: what stands in a column of names or labels, as columns of zeros and ones."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..errors import ArgumentError, StateError, names_itself
from ..files import printable
from .checks import refuse_state, wrong_names
from .columns import Column, columns_of

UNKNOWN = ("error", "ignore")
SHOWN = 10  # categories that are listed


class OneHotEncoder:
    """Columns of names or labels as columns of zeros and ones, one for each category of the training part.

    Parameters
    ----------
    unknown : {"error", "ignore"}, default="error"
        What a category does that the training part has not, or a missing value: an error, or a row of zeros.
    dtype : dtype, default=numpy.float32

    Attributes
    ----------
    categories : dict of str to list
        The categories of each column by its name, in increasing order.
    names : list of str
        What the columns are called that come out: "town=Ulm".

    Raises
    ------
    ArgumentError
        If a category is unknown, or a value missing, and that is an error; or a column is.
    StateError
        If it was not fitted.

    Notes
    -----
    Results equal those of scikit-learn's, but that this one has no column for missing values.  `Features`
    has, and does numbers, dates and truth values beside.

    Examples
    --------
    >>> encoder = OneHotEncoder(unknown="ignore").fit({"town": ["Ulm", "Bonn", "Ulm"]})
    >>> encoder.names
    ['town=Bonn', 'town=Ulm']
    >>> encoder.transform({"town": ["Ulm", "Jena"]})
    array([[0., 1.],
           [0., 0.]], dtype=float32)
    """

    categories: dict[str, list[Any]]

    @names_itself
    def __init__(self, *, unknown: str = "error", dtype: DTypeLike = np.float32) -> None:
        if unknown not in UNKNOWN:
            raise ArgumentError(f'unknown is "error" or "ignore"; got {unknown!r}.')
        self.unknown, self.dtype = unknown, np.dtype(dtype)

    @names_itself
    def fit(self, x: Any) -> Self:
        """Learn the categories; returns the encoder.

        Parameters
        ----------
        x : Table, frame, dict of columns, or array_like of shape (n,) or (n, d)
            Of texts or numbers, n at least 1; all columns are encoded.
        """
        found = {name: categories_of(column) for name, column in columns_of(x).items()}
        if empty := [name for name, categories in found.items() if not categories]:
            raise ArgumentError(f"column {empty[0]!r} has no value to learn from.")
        self.categories = found
        return self

    @property
    def names(self) -> list[str]:
        return [f"{name}={category}" for name, known in self._known("names").items() for category in known]

    @names_itself
    def transform(self, x: Any) -> NDArray[Any]:
        """The columns as zeros and ones, shape (n, number of all categories)."""
        known, columns = self._known("transform"), columns_of(x)
        if lacking := [name for name in known if name not in columns]:
            raise ArgumentError(f"there is no column {lacking[0]!r} among {', '.join(columns):.200}.")
        parts = [hot(columns[name], known[name], self.unknown == "ignore") for name in known]
        return np.concatenate(parts, axis=1).astype(self.dtype, copy=False)

    def fit_transform(self, x: Any) -> NDArray[Any]:
        """`fit`, and `transform` of the same rows."""
        return self.fit(x).transform(x)

    @names_itself
    def inverse_transform(self, rows: Any) -> dict[str, NDArray[Any]]:
        """The categories of rows, by column: those with the largest number, or None if all are 0."""
        known, start, found = self._known("inverse_transform"), 0, {}
        values = np.asarray(rows)
        width = sum(map(len, known.values()))
        if values.ndim != 2 or values.shape[1] != width:
            raise ArgumentError(f"rows have shape (n, {width}), as transform makes them; got {values.shape}.")
        for name, categories in known.items():
            found[name] = warmest(values[:, start : start + len(categories)], categories)
            start += len(categories)
        return found

    def state_dict(self) -> dict[str, Any]:
        """The categories, the settings, and the name of this class."""
        known = {name: list(categories) for name, categories in self._known("state_dict").items()}
        settings = {"unknown": self.unknown, "dtype": self.dtype.name}
        return {"class": "OneHotEncoder", **settings, "categories": known}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the categories and settings of another encoder.

        Raises
        ------
        StateError
            If it is no such state; nothing was changed.
        """
        problems = wrong_names(state, ["class", "unknown", "dtype", "categories"])
        if not problems and state["class"] != "OneHotEncoder":
            problems.append(f"it is of a {printable(str(state['class']), 80)}")
        if not problems:
            problems += wrong_categories(state["categories"])
        try:
            other = None if problems else OneHotEncoder(unknown=state["unknown"], dtype=state["dtype"])
        except (TypeError, ValueError) as error:
            problems.append(str(error))
        refuse_state("OneHotEncoder", problems)
        assert other is not None
        self.unknown, self.dtype = other.unknown, other.dtype
        self.categories = {name: list(known) for name, known in state["categories"].items()}

    def __repr__(self) -> str:
        fitted = hasattr(self, "categories")
        learned = ", ".join(f"{name}: {len(c)}" for name, c in self.categories.items()) if fitted else ""
        return f"OneHotEncoder(unknown={self.unknown!r}, {learned[:200] or 'not fitted'})"

    def _known(self, method: str) -> dict[str, list[Any]]:
        if not hasattr(self, "categories"):
            raise StateError(f"OneHotEncoder.{method}: nothing was learned yet; call fit(x_train) first.")
        return self.categories


# ---- one column --------------------------------------------------------------------------------------------


def categories_of(column: Column) -> list[Any]:
    """The different values of a column, without missing ones, in increasing order."""
    if column.values.dtype.kind == "M":
        column.refuse("it holds dates, which are no categories")
    return sorted(set(column.values[~column.missing].tolist()))


def hot(column: Column, categories: list[Any], ignore: bool) -> NDArray[np.float64]:
    """Zeros and ones of shape (n, c); all are zeros for what is unknown or missing, if that is ignored."""
    places = {category: place for place, category in enumerate(categories)}
    numbers = np.array([places.get(value, -1) for value in column.values.tolist()], np.int64)
    if not ignore and (numbers < 0).any():
        row = int((numbers < 0).argmax())
        if column.missing[row]:
            column.refuse(f'row {row} lacks a value; unknown="ignore" makes zeros of it')
        more = f", … {len(categories)} in all" if len(categories) > SHOWN else ""
        listed = ", ".join(map(repr, categories[:SHOWN])) + more
        shown = f"{column.values.tolist()[row]!r:.80}"
        column.refuse(f'row {row} is {shown}, none of [{listed}]; unknown="ignore" makes zeros of it')
    rows = np.zeros((len(numbers), len(categories)))
    known = np.flatnonzero(numbers >= 0)
    rows[known, numbers[known]] = 1
    return rows


def warmest(rows: NDArray[Any], categories: list[Any]) -> NDArray[Any]:
    """The category with the largest number in each row; None where all are 0."""
    found = np.array([*categories, None], object)[rows.argmax(axis=1)]
    nothing = ~rows.any(axis=1)
    if nothing.any():
        found[nothing] = None
        return found
    return np.array(found.tolist())


def wrong_categories(given: Any) -> list[str]:
    """What is wrong with categories by column in a state."""
    if not isinstance(given, Mapping):
        return [f"categories: expected lists by column, got {given!r:.80}"]
    problems = []
    for name, known in given.items():
        listed = isinstance(known, (list, tuple)) and known
        kinds = {type(value) for value in known} if listed else set()
        of_one = kinds == {str} or (bool(kinds) and kinds <= {bool, int, float})
        if not of_one or any(a >= b for a, b in pairwise(known)):
            what = "expected texts, or numbers, in increasing order"
            problems.append(f"categories of {printable(str(name), 80)!r}: {what}; got {known!r:.80}")
    return problems
