"""Table: the cells of a file by row and column, as text, until somebody says which of them are numbers."""

from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ...errors import ArgumentError, FormatError
from ...files import printable
from .cells import USUAL, Cell, Numerals, Row, delimiter_hint
from .choosing import chosen_column, chosen_rows
from .not_numbers import advice, text_advice
from .number_rows import NumberRows
from .numbers import can_stand, numbers_of

WIDEST, SHOWN = 24, 5  # characters of a cell, and rows, that are shown
ONE = (str, int, np.integer)  # what names a single column
INSTEAD = {  # of attributes of pandas' tables
    "columns": "table.names",
    "shape": "len(table), len(table.names)",
    "values": "table.numbers()",
    "to_numpy": "table.numbers()",
    "iloc": "table[rows]",
    "loc": "table[rows]",
    "head": "table, which shows its first rows",
    "dropna": "table.drop_missing()",
    "isna": "table.missing()",
    "fillna": "table.numbers(names, missing=value)",
}


class Table:
    """Rows and named columns of text; made by `read_csv`.

    A column is chosen by its name, or by its place: 0 is the first, -1 the last.  Rows are chosen as those of
    an array, and make another table: ``table[10:20]``, ``table[table.numbers("age") > 30]``.

    Parameters
    ----------
    source : str
        What errors call the file.
    names : sequence of str
        The names of the columns, each once.
    rows : sequence of Row
    numerals : Numerals, optional
        How numbers are written in the cells.

    Attributes
    ----------
    source, names, rows, numerals : as above
        Rows of numbers alone are cut into cells of text when these are asked for.

    Examples
    --------
    >>> Table("pets.csv", ["name", "age"], [Row(("Ada", "3"), 2), Row(("Rex", None), 3)])
    name  age
    Ada   3
    Rex   ·
    [2 rows, 2 columns: pets.csv]
    """

    def __init__(
        self, source: str, names: Sequence[str], rows: Sequence[Row] | NumberRows, numerals: Numerals = USUAL
    ) -> None:
        self.source, self.names, self.numerals = source, tuple(names), numerals
        self._rows = rows if isinstance(rows, NumberRows) else tuple(rows)
        self._places = {name: place for place, name in enumerate(self.names)}

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        return tuple(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: Any) -> "Table":
        """A table of some rows: those of a slice, of an array of their numbers, or of one of booleans."""
        numbers = (
            np.arange(len(self))[rows]
            if isinstance(rows, slice)
            else chosen_rows(self.source, len(self), rows)
        )
        if isinstance(self._rows, NumberRows):
            return Table(self.source, self.names, self._rows.chosen(numbers), self.numerals)
        chosen = [self._rows[number] for number in numbers.tolist()]
        return Table(self.source, self.names, chosen, self.numerals)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """All columns as numbers, which they have to be: so functions of arrays take tables, too."""
        numbers = self.numbers()
        return numbers if dtype is None else numbers.astype(dtype)

    def __getattr__(self, name: str) -> Any:
        """An error that says what stands here for a name that other tables have."""
        ours = ""
        if name in INSTEAD:
            ours = f": use {INSTEAD[name]}"
        elif name in self.__dict__.get("names", ()):
            ours = f": its columns are table.numbers({name!r}) or table.labels({name!r})"
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
        cells = self.column(name)
        if missing is None and None in cells:
            where = self._where(self.rows[cells.index(None)], self._place(name))
            advice = "Put another there, labels(…, missing='?'), or drop_missing()."
            raise FormatError(f"{where}: a label is missing. {advice}")
        return np.array([missing if cell is None else cell for cell in cells], dtype=np.str_)

    def tags(self, name: str | int, separator: str = ",") -> list[list[str]]:
        """A column whose cells are lists, "new, cheap", as lists of their parts; an empty cell has none.

        `one_hot` makes rows of zeros and ones of them.
        """
        cells = [[] if cell is None else cell.split(separator) for cell in self.column(name)]
        return [[part.strip() for part in parts if part.strip()] for parts in cells]

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
        would make of it; the settings ``decimal`` and ``thousands`` of `read_csv` are for other spellings.
        """
        kind = np.dtype(dtype)
        if kind.kind not in "iuf":
            raise ArgumentError(f"{self.source}: numbers are floating or integer; got dtype {kind}.")
        if not can_stand(missing, kind):
            expected = f"missing is None or a number that {kind} has"
            raise ArgumentError(f"{self.source}: {expected}; got {missing!r}.")
        places = self._places_of(names)
        if isinstance(self._rows, NumberRows) and places and len(self):
            plain = self._rows.columns(places, kind)
            if plain is not None:
                return plain[:, 0] if isinstance(names, ONE) else plain
        columns = [
            numbers_of(
                self.column(place), self.numerals, missing, kind, partial(self._no_number, place, kind)
            )
            for place in places
        ]
        if isinstance(names, ONE):
            return columns[0]
        return np.stack(columns, axis=1) if columns else np.empty((len(self), 0), kind)

    def _no_number(self, place: int, kind: np.dtype[Any], cell: Cell) -> FormatError:
        """The error of the first cell of a column with this text, which is no number of the dtype."""
        row = self.rows[self.column(place).index(cell)]
        if cell is None:
            fix = f"Put a number there, numbers(…, missing=0, dtype=np.{kind}), or drop_missing()."
            problem = f"a value is missing. {fix}"
        elif self.numerals.number(cell) is None:
            problem = f"expected a number, got {printable(cell, WIDEST)!r}.{self._hint(row, cell)}"
        else:
            problem = f"{printable(cell, WIDEST)!r} does not fit into {kind}."
        return FormatError(f"{self._where(row, place)}: {problem}")

    # ---- missing values ------------------------------------------------------------------------------------

    def missing(self) -> dict[str, int]:
        """How many values are missing, by column; columns that lack none are left out."""
        counts = {name: sum(row.cells[i] is None for row in self.rows) for i, name in enumerate(self.names)}
        return {name: count for name, count in counts.items() if count}

    def drop_missing(self, names: str | int | Iterable[str | int] | None = None) -> "Table":
        """A table of the rows that lack no value in a column, or in several, by default in any."""
        places = self._places_of(names)
        rows = [row for row in self.rows if all(row.cells[place] is not None for place in places)]
        return Table(self.source, self.names, rows, self.numerals)

    # ---- as text -------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        def cut(cell: Cell) -> str:
            return "·" if cell is None else printable(" ".join(cell.split()), WIDEST)

        shown = [self.names, *(row.cells for row in islice(self._rows, SHOWN))]
        lines = [[cut(cell) for cell in cells] for cells in shown]
        widths = [max(map(len, column)) for column in zip(*lines)]
        text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
        text += ["…"] * (len(self) > SHOWN)
        size = f"{_plural(len(self), 'row')}, {_plural(len(self.names), 'column')}"
        return "\n".join([*text, f"[{size}: {self.source}]"])

    # ---- places --------------------------------------------------------------------------------------------

    def _places_of(self, names: str | int | Iterable[str | int] | None) -> list[int]:
        if names is None:
            return list(range(len(self.names)))
        return [self._place(names)] if isinstance(names, ONE) else [self._place(name) for name in names]

    def _place(self, name: str | int) -> int:
        return chosen_column(self.source, self._places, name)

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
        of_text = all(self.numerals.number(other or "") is None for other in row.cells)
        if unnamed and of_text and row is self.rows[0]:
            return f" If line {row.line} has the names of the columns: header=True."
        return f" {text_advice(cell)}"


def _plural(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
