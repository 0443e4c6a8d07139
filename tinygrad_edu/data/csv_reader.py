"""CSV files, read strictly: what is not understood is an error that names file, line and column, and never a silent NaN.

table = read_csv("titanic.csv")
x, y = table.numbers(["Pclass", "Age", "Fare"]), table.numbers("Survived", dtype=np.int64)
"""

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import ArgumentError, FormatError
from ..files import SEEN, FilePath, contents, foreign
from .table import Cell, Row, Table, as_number

MISSING = ("", "?", "NA", "nan", "NaN")


def read_csv(
    path: FilePath,
    *,
    header: bool | str = "auto",
    delimiter: str = ",",
    quotechar: str = '"',
    missing: Sequence[str] = MISSING,
    columns: Sequence[str] | None = None,
    max_bytes: int = 2**28,
) -> Table:
    """Read a table from a file of comma-separated values.

    Parameters
    ----------
    path : str or path-like
        A file in UTF-8, with or without a byte order mark; lines end in LF, CRLF or CR.
    header : {"auto", True, False}, default="auto"
        Whether the first row has the names of the columns.  "auto" takes it for names if it has text above a column of
        numbers, and for data if one of its cells is a number; if neither can be told, that is an error.
    delimiter : str of length 1, default=","
    quotechar : str of length 1, default='"'
        Around cells that contain delimiters or line ends; doubled, it stands for itself.
    missing : sequence of str, default=("", "?", "NA", "nan", "NaN")
        Cells that stand for a missing value.
    columns : sequence of str, optional
        Names of the columns, instead of those of the header, or of "column 1", "column 2", … without one.
    max_bytes : int, default=2**28
        A larger file is refused.

    Returns
    -------
    Table

    Raises
    ------
    FormatError
        If rows have different numbers of cells, a quote does not end, two columns have one name, there are no rows, or it is
        not text in UTF-8.
    ArgumentError
        If a setting is outside of its values.
    OSError
        If there is no such file, or it cannot be read.

    Notes
    -----
    Spaces around a cell are no part of it.  There are no comments: ``#`` is a character as others are.  Empty lines
    before the first row and after the last are ignored; elsewhere an empty line is a missing value if there is one column,
    and an error otherwise.  What is a number is decided where numbers are asked for: `Table.numbers`.
    """
    _check_settings(header, delimiter, quotechar, missing, columns)
    source = Path(path).name
    rows = _rows(source, _text(source, path, max_bytes), delimiter, quotechar, frozenset(missing))
    if not rows:
        raise FormatError(f"{source}: the file is empty.")
    has_header = _has_header(source, rows) if header == "auto" else bool(header)
    if has_header and len(rows) == 1:
        raise FormatError(f"{source}: there is a header, and no row after it.")
    names = [f"column {i}" if cell is None else cell for i, cell in enumerate(rows[0].cells, 1)] if has_header else None
    names = names or [f"column {i + 1}" for i in range(len(rows[0].cells))]
    return Table(source, _named(source, names, columns), rows[1:] if has_header else rows)


def _text(source: str, path: FilePath, max_bytes: int) -> str:
    """The text of a file."""
    data = contents(path, max_bytes, source)
    what, remedy = foreign(bytes(data[:SEEN]))
    if what:
        raise FormatError(f"{source}: this is {what}, expected text in UTF-8. {remedy}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError(f"{source}, line {line}: byte {data[error.start]:#04x} is not UTF-8. Save the file as CSV in UTF-8.") from None
    if "\0" in text:
        raise FormatError(f"{source}, line {text.count(chr(10), 0, text.index(chr(0))) + 1}: a zero byte; this is not a text file.")
    return text


def _rows(source: str, text: str, delimiter: str, quotechar: str, missing: frozenset[str]) -> list[Row]:
    """All rows, of as many cells each as the first, without the empty lines around them."""
    import csv

    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quotechar, strict=True, skipinitialspace=delimiter != " ")
    rows: list[Row] = []
    empty: list[Row] = []  # lines that count only if something follows
    line = 1
    try:
        for cells in reader:
            row, line = Row(tuple(_cells(cells, missing)), line), reader.line_num + 1
            if not any(cell.strip() for cell in cells) and len(cells) <= 1:
                empty += [row] if rows else []
                continue
            for other in [*empty, row]:
                rows.append(_fitting(source, other, rows))
            empty.clear()
    except csv.Error as error:
        raise FormatError(f"{source}, line {line}: {error}. The row that begins there has a quote that does not end, or does not begin.") from None
    return rows


def _cells(cells: list[str], missing: frozenset[str]) -> Iterator[Cell]:
    for cell in cells:
        text = cell.strip()
        yield None if text in missing else text


def _fitting(source: str, row: Row, rows: list[Row]) -> Row:
    """The row, if it has as many cells as the first one."""
    cells = row.cells or (None,)
    expected = len(rows[0].cells) if rows else len(cells)
    if len(cells) != expected or (expected > 1 and not row.cells):
        raise FormatError(
            f"{source}, line {row.line}: expected {expected} cell{'s' * (expected > 1)} as in line {rows[0].line}, got {len(row.cells)}."
            f"{_delimiter_hint(rows[0])}"
        )
    return Row(cells, row.line)


def _delimiter_hint(row: Row) -> str:
    """What a first row with a single cell makes one think of."""
    found = re.search(r"[;\t|,]", row.cells[0] or "") if len(row.cells) == 1 else None
    return f" The file has one column: is its delimiter {found.group()!r}?" if found else ""


def _has_header(source: str, rows: list[Row]) -> bool:
    """Whether the first row names the columns, as far as the cells tell."""
    first, others = rows[0].cells, rows[1:]
    if any(cell is not None and as_number(cell) is not None for cell in first):
        return False
    for place, name in enumerate(first):
        below = [row.cells[place] for row in others if row.cells[place] is not None]
        if name is not None and below and all(as_number(cell) is not None for cell in below if cell is not None):
            return True
    raise FormatError(
        f"{source}: it cannot be told whether line {rows[0].line} has the names of the columns. Say header=True or header=False."
        f"{_delimiter_hint(rows[0])}"
    )


def _named(source: str, names: list[str], columns: Sequence[str] | None) -> list[str]:
    if columns is not None and len(columns) != len(names):
        raise FormatError(f"{source}: {len(columns)} names were given, and the file has {len(names)} columns.")
    names = names if columns is None else list(columns)
    for place, name in enumerate(names):
        if name in names[:place]:
            raise FormatError(
                f"{source}: columns {names.index(name) + 1} and {place + 1} are both called {name!r}; read_csv(…, columns=…) names them."
            )
    return names


def _check_settings(header: bool | str, delimiter: str, quotechar: str, missing: Sequence[str], columns: Sequence[str] | None) -> None:
    if header not in (True, False, "auto"):
        raise ArgumentError(f'read_csv: header is True, False or "auto"; got {header!r}.')
    for name, mark in (("delimiter", delimiter), ("quotechar", quotechar)):
        if not isinstance(mark, str) or len(mark) != 1 or mark in "\r\n\0":
            raise ArgumentError(f"read_csv: {name} is a single character; got {mark!r}.")
    if delimiter == quotechar:
        raise ArgumentError(f"read_csv: delimiter and quotechar are both {delimiter!r}.")
    for name, words in (("missing", missing), ("columns", columns or ())):
        if isinstance(words, str) or not all(isinstance(word, str) for word in words):
            raise ArgumentError(f"read_csv: {name} is a sequence of texts; got {words!r}.")
