"""Columns: those of a table, a frame, a dict of arrays or an array, with their names and kinds.

The kind of a column is "number", "boolean", "date" or "text".  A frame's dtypes tell it; of a table that was
read as text, the cells do: a column is of numbers, dates (2024-05-31, 2024-05-31 18:30, or 31.05.2024, where
the day is always first; 05/31 and 31/05 cannot be told apart, and are text) or truth values (true, false,
yes, no, and German's wahr, falsch, ja, nein) if all its cells are, and otherwise of text.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError, ShapeError
from ..files import printable
from ..frames import columns_of_frame, is_frame
from .checks import values_of
from .files.cells import USUAL, Numerals
from .files.table import Table

KINDS = ("number", "boolean", "date", "text")
TRUTHS = dict.fromkeys(("true", "yes", "wahr", "ja"), 1.0) | dict.fromkeys(
    ("false", "no", "falsch", "nein"), 0.0
)
BOOLEANS = (bool, np.bool)
REAL = (bool, int, float, np.number, np.bool)
TIME = r"([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?"
DATE = re.compile(r"\d{4}-\d\d-\d\d" + TIME, re.ASCII)
DAY_FIRST = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})(" + TIME + ")", re.ASCII)
DAY = np.timedelta64(1, "D") / np.timedelta64(1, "us")  # microseconds


class Column(NamedTuple):
    """A column: an array of numbers, booleans or dates, or one of objects, None where a value is missing."""

    name: str
    values: NDArray[Any]
    numerals: Numerals | None = None  # how numbers are written, if the values are cells of text

    @property
    def missing(self) -> NDArray[np.bool]:
        """Which values are missing: None, NaN, NaT."""
        if self.values.dtype.kind == "O":
            return absent(self.values)
        return self.values != self.values

    def kind(self) -> str:
        """Which kind the values are of, as far as they tell."""
        if (stored := self.values.dtype.kind) != "O":
            return {"b": "boolean", "M": "date"}.get(stored, "number")
        present = [value for value in self.values if value is not None]
        if self.numerals is None or not present:
            return "boolean" if present and isinstance(present[0], BOOLEANS) else "text"
        for kind, read in (("number", self.numerals.number), ("boolean", truth), ("date", date)):
            if all(read(cell) is not None for cell in dict.fromkeys(present)):
                return kind
        return "text"

    def as_floats(self, kind: str) -> NDArray[np.float64]:
        """Numbers, truths as 0 and 1, or dates as days since 1970; NaN where a value is missing."""
        values = self.values
        if values.dtype.kind == "O":
            read = {"number": (self.numerals or USUAL).number, "boolean": truth, "date": date}[kind]
            known = {cell: np.nan if cell is None else read(str(cell)) for cell in set(values.tolist())}
            if wrong := next((cell for cell, number in known.items() if number is None), None):
                row, shown = values.tolist().index(wrong), printable(str(wrong), 40)
                self.refuse(f"row {row} is {shown!r}, and the column is of the kind {kind!r}")
            return np.array([known[cell] for cell in values], np.float64)
        if (values.dtype.kind == "M") != (kind == "date"):
            self.refuse(f"it holds {values.dtype}, and was fitted as, or is to be, of the kind {kind!r}")
        if kind == "date":
            days = values.astype("datetime64[us]").astype(np.int64) / DAY
            return np.where(np.isnat(values), np.nan, days)
        floats = values.astype(np.float64)
        if np.isinf(floats).any():
            self.refuse(f"row {int(np.isinf(floats).argmax())} is infinite")
        if kind == "boolean" and not np.isin(floats[floats == floats], (0, 1)).all():
            self.refuse("it holds numbers, and was fitted as, or is to be, of the kind 'boolean'")
        return floats

    def as_texts(self) -> NDArray[Any]:
        """Texts as objects, None where a value is missing; numbers are written as Python does."""
        if self.values.dtype.kind == "O":
            return np.array([None if v is None else str(v) for v in self.values], object)
        texts = [None if lost else str(v) for v, lost in zip(self.values.tolist(), self.missing)]
        return np.array(texts, object)

    def refuse(self, why: str) -> None:
        """Raise an ArgumentError about this column."""
        raise ArgumentError(f"column {printable(self.name, 80)!r}: {why}.")


def absent(objects: NDArray[Any]) -> NDArray[np.bool]:
    """Which objects are None."""
    return np.array([value is None for value in objects.tolist()], bool)


def truth(cell: str) -> float | None:
    """1 or 0 for a cell that is a truth value, else None."""
    return TRUTHS.get(cell.lower())


def date(cell: str) -> float | None:
    """The days since 1970 of a cell that is a date, else None."""
    if found := DAY_FIRST.fullmatch(cell):
        day, month, year, time, *_ = found.groups()
        cell = f"{year}-{month:0>2}-{day:0>2}{time}"
    if not DATE.fullmatch(cell):
        return None
    try:
        return float(np.datetime64(cell, "us").astype(np.int64) / DAY)
    except ValueError:
        return None


def columns_of(given: Any) -> dict[str, Column]:
    """The columns of a table, frame, dict of arrays or array by name.

    Raises
    ------
    ArgumentError
        If a name comes twice, or a column holds a mixture.
    ShapeError
        If columns have different numbers of rows, or an array has no columns.
    """
    columns = list(_columns(given))
    named = {column.name: column for column in columns}
    if len(named) < len(columns):
        names = [column.name for column in columns]
        twice = next(name for name in names if names.count(name) > 1)
        raise ArgumentError(f"two columns are called {twice!r}; a name stands for one.")
    if len({len(column.values) for column in columns}) > 1:
        sizes = ", ".join(f"{column.name} {len(column.values)}" for column in columns)
        raise ShapeError(f"columns have as many rows each; got {sizes:.200}.")
    return named


def _columns(given: Any) -> list[Column]:
    if isinstance(given, Table):
        cells = [(name, np.array(given.column(name), object)) for name in given.names]
        return [Column(name, values, given.numerals) for name, values in cells]
    if is_frame(given):
        return [_column(name, values) for name, values in columns_of_frame(given)]
    if isinstance(given, Mapping):
        return [_column(str(name), values_of(values)) for name, values in given.items()]
    values, name = values_of(given), str(getattr(given, "name", None) or "column 1")
    if values.ndim == 1:
        return [_column(name, values)]
    if values.ndim != 2:
        raise ShapeError(
            f"expected a table, a frame, a dict of columns, or an array (n, d); got {values.shape}."
        )
    return [_column(f"column {i}", column) for i, column in enumerate(values.T, 1)]


def _column(name: str, values: NDArray[Any]) -> Column:
    """A column of an array; objects are numbers, truths, dates or texts, all of one kind, or missing."""
    if values.ndim != 1:
        raise ShapeError(f"column {name!r} has shape {values.shape}; expected (n,).")
    if values.dtype.kind in "UT":
        return Column(name, values.astype(object))
    if values.dtype.kind in "biufM":
        return Column(name, values)
    if values.dtype.kind != "O":
        raise ArgumentError(
            f"column {name!r} holds {values.dtype}; expected numbers, booleans, dates or text."
        )
    items = [None if _is_missing(value) else value for value in values.tolist()]
    present = [item for item in items if item is not None]
    if all(isinstance(item, str) for item in present) or all(isinstance(item, BOOLEANS) for item in present):
        return Column(name, np.array(items, object))
    if all(isinstance(item, REAL) or type(item).__name__ == "Decimal" for item in present):
        return Column(name, np.array([np.nan if item is None else item for item in items], np.float64))
    if all(hasattr(item, "isoformat") and hasattr(item, "year") for item in present):
        dates = [np.datetime64("NaT") if d is None else np.datetime64(_naive(d), "us") for d in items]
        return Column(name, np.array(dates, "datetime64[us]"))
    kinds = ", ".join(sorted({type(item).__name__ for item in present})[:4])
    raise ArgumentError(f"column {name!r} holds a mixture, of {kinds}; make texts of them, or numbers.")


def _is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, NaT, or what pandas has for a missing one."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or bool(value != value)


def _naive(moment: Any) -> Any:
    """A date or time without its zone: the time of that zone's clocks."""
    return moment.replace(tzinfo=None) if getattr(moment, "tzinfo", None) is not None else moment
