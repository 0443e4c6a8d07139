"""Table: the cells of a file by row and column, as text, until somebody says which of them are numbers."""

import re
from collections.abc import Iterable, Sequence
from operator import index
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ...errors import ArgumentError, FormatError
from ...files import printable
from .not_numbers import advice, text_advice

Cell = str | None
NUMBER = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
WIDEST, SHOWN = 24, 5
INSTEAD = {  # of pandas' tables
    "columns": "table.names",
    "shape": "len(table), len(table.names)",
    "values": "table.numbers()",
    "to_numpy": "table.numbers()",
    "iloc": "table.rows[i]",
    "loc": "table.rows[i]",
    "head": "table, which shows its first rows",
    "dropna": "table.drop_missing()",
    "isna": "table.missing()",
    "fillna": "table.numbers(names, missing=value)",
}


class Row(NamedTuple):
    """The cells of a row, None where a value is missing, and the line of the file that it begins in."""

    cells: tuple[Cell, ...]
    line: int


class Table:
    """Rows and named columns of text; made by `read_csv`.

    A column is chosen by its name, or by its place: 0 is the first, -1 the last.

    Parameters
    ----------
    source : str
        What errors call the file.
    names : sequence of str
        Of the columns, each once.
    rows : sequence of Row

    Attributes
    ----------
    source, names, rows : as above

    Examples
    --------
    >>> Table("pets.csv", ["name", "age"], [Row(("Ada", "3"), 2), Row(("Rex", None), 3)])
    name  age
    Ada   3
    Rex   ·
    [2 rows, 2 columns: pets.csv]
    """

    def __init__(self, source: str, names: Sequence[str], rows: Sequence[Row]) -> None:
        self.source, self.names, self.rows = source, tuple(names), tuple(rows)
        self._places = {name: place for place, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: Any) -> Any:
        raise ArgumentError(
            f"{self.source}: a column is chosen by table.numbers({name!r}), table.labels(…) or "
            "table.column(…), a row by table.rows[i]."
        )

    def __getattr__(self, name: str) -> Any:
        """An error that says what stands here for a name that other tables have."""
        ours = (
            f": use {INSTEAD[name]}"
            if name in INSTEAD
            else f": its columns are table.numbers({name!r}) or table.labels({name!r})"
            * (name in self.__dict__.get("names", ()))
        )
        raise AttributeError(f"Table has no attribute {name!r}{ours}.", name=name, obj=self)

    # ---- columns -------------------------------------------------------------------------------------------

    def column(self, name: str | int) -> list[Cell]:
        """The cells of a column as text, None where a value is missing.

        Raises
        ------
        ArgumentError
            If there is no such column.
        """
        place = self._place(name)
        return [row.cells[place] for row in self.rows]

    def labels(self, name: str | int, *, missing: str | None = None) -> NDArray[np.str_]:
        """A column of names.

        Parameters
        ----------
        name : str or int
        missing : str, optional
            What to put where a value is missing; by default that is an error.

        Returns
        -------
        ndarray of str of shape (n,)

        Raises
        ------
        FormatError
            Naming file, line and column of a missing value.
        """
        place = self._place(name)
        for row in self.rows:
            if row.cells[place] is None and missing is None:
                raise FormatError(
                    f"{self._where(row, place)}: a label is missing. Put another there, labels(…, "
                    "missing='?'), or drop_missing()."
                )
        return np.array(
            [missing if row.cells[place] is None else row.cells[place] for row in self.rows], dtype=np.str_
        )

    def numbers(
        self,
        names: str | int | Iterable[str | int] | None = None,
        *,
        missing: float | None = np.nan,
        dtype: DTypeLike = np.float64,
    ) -> NDArray[Any]:
        """Columns of numbers.

        Parameters
        ----------
        names : str, int, or iterable of them, optional
            One column, or several in this order; by default all.
        missing : float or None, default=NaN
            What to put where a value is missing; None makes that an error.  An `Imputer` fills NaNs in by
            what the training part tells.
        dtype : dtype, default=numpy.float64
            An integer dtype takes whole numbers only, and needs ``missing`` to be one.

        Returns
        -------
        ndarray of shape (n,) for one column, (n, d) for several

        Raises
        ------
        FormatError
            Naming file, line and column of the first cell that is no number.
        ArgumentError
            If there is no such column.

        Notes
        -----
        A number is written in decimal digits, with a point and an exponent if need be: ``-1.5e3``.  Text such
        as ``1,5``, ``1_000``, ``0x10``, ``inf`` or ``1e999`` is no number, and an error, whatever Python
        would make of it.
        """
        kind = np.dtype(dtype)
        if kind.kind not in "iuf":
            raise ArgumentError(f"{self.source}: numbers are floating or integer; got dtype {kind}.")
        self._check_missing(missing, kind)
        if isinstance(names, (str, int, np.integer)):
            return self._numbers(self._place(names), missing, kind)
        places = self._several(names)
        columns = [self._numbers(place, missing, kind) for place in places]
        return np.stack(columns, axis=1) if columns else np.empty((len(self), 0), kind)

    def _check_missing(self, missing: Any, kind: np.dtype[Any]) -> None:
        """Raise unless what stands for a missing value is None, or a number of the dtype; NaN is no integer, and makes it an error there."""
        if missing is None or (_is_real(missing) and (kind.kind == "f" or np.isnan(missing))):
            return
        if (
            not _is_real(missing)
            or not np.isfinite(missing)
            or missing != int(missing)
            or not _fits(int(missing), kind)
        ):
            raise ArgumentError(
                f"{self.source}: missing is None or a number that {kind} has; got {missing!r}."
            )

    def _numbers(self, place: int, missing: float | None, kind: np.dtype[Any]) -> NDArray[Any]:
        parsed: dict[Cell, float] = {}  # columns repeat themselves
        if missing is not None and (
            kind.kind == "f" or not np.isnan(missing)
        ):  # no integer says that a value is missing
            parsed[None] = missing
        for row in self.rows:
            if row.cells[place] not in parsed:
                parsed[row.cells[place]] = self._number(row, place, kind)
        return np.array([parsed[row.cells[place]] for row in self.rows], kind)

    def _number(self, row: Row, place: int, kind: np.dtype[Any]) -> float:
        cell = row.cells[place]
        if cell is None:
            fix = f"Put a number there, numbers(…, missing=0, dtype=np.{kind}), or drop_missing()."
            raise FormatError(f"{self._where(row, place)}: a value is missing. {fix}")
        if (number := as_number(cell)) is None:
            raise FormatError(
                f"{self._where(row, place)}: expected a number, got "
                f"{printable(cell, WIDEST)!r}.{self._hint(row, cell)}"
            )
        value = number if kind.kind == "f" else _whole(cell, number)
        if value is None or not _fits(value, kind):
            raise FormatError(
                f"{self._where(row, place)}: {printable(cell, WIDEST)!r} does not fit into {kind}."
            )
        return value

    # ---- missing values ------------------------------------------------------------------------------------

    def missing(self) -> dict[str, int]:
        """How many values are missing, by column; columns that lack none are left out."""
        counts = {name: sum(row.cells[i] is None for row in self.rows) for i, name in enumerate(self.names)}
        return {name: count for name, count in counts.items() if count}

    def drop_missing(self, names: str | int | Iterable[str | int] | None = None) -> "Table":
        """A table of the rows that lack no value in a column, or in several, by default in any."""
        places = [self._place(names)] if isinstance(names, (str, int, np.integer)) else self._several(names)
        return Table(
            self.source,
            self.names,
            [row for row in self.rows if all(row.cells[place] is not None for place in places)],
        )

    # ---- as text -------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        def cut(cell: Cell) -> str:
            return "·" if cell is None else printable(" ".join(cell.split()), WIDEST)

        lines = [
            [cut(name) for name in self.names],
            *([cut(cell) for cell in row.cells] for row in self.rows[:SHOWN]),
        ]
        widths = [max(map(len, column)) for column in zip(*lines)]
        text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
        text += ["…"] * (len(self) > SHOWN)
        return "\n".join(
            [*text, f"[{_plural(len(self), 'row')}, {_plural(len(self.names), 'column')}: {self.source}]"]
        )

    # ---- places --------------------------------------------------------------------------------------------

    def _several(self, names: Iterable[str | int] | None) -> list[int]:
        return [self._place(name) for name in (self.names if names is None else names)]

    def _place(self, name: str | int) -> int:
        if isinstance(name, str):
            if (found := self._places.get(name)) is not None:
                return found
        else:
            try:
                place = index(name)
            except TypeError:
                raise ArgumentError(
                    f"{self.source}: a column is chosen by its name or its place; got {name!r}."
                ) from None
            if -len(self.names) <= place < len(self.names):
                return place % len(self.names)
        raise ArgumentError(
            f"{self.source}: there is no column {name!r}; there are {len(self.names)}: "
            f"{printable(', '.join(self.names), 400)}."
        )

    def _where(self, row: Row, place: int) -> str:
        ordinary = f"column {place + 1}"
        name = "" if self.names[place] == ordinary else f" ({printable(self.names[place], WIDEST)})"
        return f"{self.source}, line {row.line}, {ordinary}{name}"

    def _hint(self, row: Row, cell: str) -> str:
        """What may be wrong with a cell that is no number."""
        if found := advice(cell):
            return f" {found}"
        if len(self.names) == 1 and (found := delimiter_hint(row)):
            return found
        unnamed = self.names == tuple(f"column {i + 1}" for i in range(len(self.names)))
        if (
            unnamed
            and row is self.rows[0]
            and not any(as_number(other or "") is not None for other in row.cells)
        ):
            return f" If line {row.line} has the names of the columns: header=True."
        return f" {text_advice(cell)}"


def comment_hint(*rows: Row) -> str:
    """What to say of the first of these rows that other programs might take for a comment."""
    line = next((row.line for row in rows if row.cells and (row.cells[0] or "").startswith("#")), None)
    return (
        f" Line {line} begins with '#': there are no comments in a CSV file; if it is one, take it out."
        if line
        else ""
    )


def delimiter_hint(row: Row) -> str:
    """What a row with a single cell makes one think of."""
    found = re.search(r"[;\t|,]|(?<=\S) +(?=\S)", row.cells[0] or "") if len(row.cells) == 1 else None
    if not found:
        return ""
    return f" The file has one column: is its delimiter {found.group()[:1]!r}?{' It may stand there several times.' * (found.group()[0] == ' ')}"


def as_number(cell: str) -> float | None:
    """The finite number that a cell is, or None."""
    if not NUMBER.fullmatch(cell):
        return None
    value = float(cell)
    return value if abs(value) < np.inf else None


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating))


def _fits(value: float, kind: np.dtype[Any]) -> bool:
    """Whether a number is within the limits of a dtype; a float32 limit would make the value a float32."""
    limits: Any = np.finfo(kind) if kind.kind == "f" else np.iinfo(kind)
    return type(value)(limits.min) <= value <= type(value)(limits.max)


def _whole(cell: str, number: float) -> int | None:
    """The whole number that a cell is, or None; of its digits, where there are only digits: a float has but 53 bits."""
    if number != int(number):
        return None
    return int(number) if re.search(r"[.eE]", cell) else int(cell)


def _plural(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
