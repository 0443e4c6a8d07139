"""CSV files, read strictly: what is not understood is an error that names the place, never a silent NaN.

table = read_csv("titanic.csv")
x, y = table.numbers(["Pclass", "Age", "Fare"]), table.numbers("Survived", dtype=np.int64)
"""

import io
from collections.abc import Iterable, Sequence

import numpy as np

from ...errors import ArgumentError, FormatError
from ...files import FilePath, name_of
from ..checks import whole
from .cells import NUMERIC, Cell, Numerals, Row, comment_hint, delimiter_hint
from .csv_header import has_header, named_columns
from .csv_text import PANDAS, bytes_of, decoded, without_comments, without_first
from .number_rows import NumberRows, number_rows
from .table import Table

MISSING = ("", "?", "NA", "nan", "NaN")
MOST_KNOWN = 1000  # texts that are held once; to file more takes longer than to make copies


def read_csv(
    path: FilePath,
    *,
    header: bool | str = "auto",
    delimiter: str = ",",
    quotechar: str = '"',
    missing: Sequence[str] = MISSING,
    columns: Sequence[str] | None = None,
    encoding: str = "utf-8",
    decimal: str = ".",
    thousands: str | None = None,
    comment: str | None = None,
    skip_rows: int = 0,
    max_bytes: int = 2**28,
) -> Table:
    """Read a table from a file of comma-separated values.

    Parameters
    ----------
    path : str or path-like
        A file of text, with or without a byte order mark, as it is or packed by gzip, whatever its name;
        lines end in LF, CRLF or CR.
    header : {"auto", True, False}, default="auto"
        Whether the first row has the names of the columns.  "auto" takes it for names if it is text, and some
        of it stands above a column of numbers.  It takes it for data if no text stands so, and one of its
        cells tells: a fraction, a negative number, the same number twice, or text beside numbers that comes
        again below; or if all are numbers that do not count up as 0, 1, 2 or 2019, 2020 do, for names may be
        numbers.  Whatever else is an error.
    delimiter : str of length 1, default=","
        A space stands for any number of them: columns may be padded.
    quotechar : str of length 1, default='"'
        Around cells that contain delimiters or line ends; doubled, it stands for itself.
    missing : sequence of str, default=("", "?", "NA", "nan", "NaN")
        Cells that stand for a missing value; names of columns are what they are.
    columns : sequence of str, optional
        Names of the columns, instead of those of the header, or of "column 1", "column 2", … without one.
    encoding : str, default="utf-8"
        How the file has characters as bytes: "cp1252" in Excel's files of Western Europe, "utf-16", …
    decimal : str of length 1, default="."
        What stands before the decimals of a number.
    thousands : str of length 1, optional
        What may stand between the thousands of a number, in groups of three digits.
    comment : str of length 1, optional
        From this mark on to its end a line is no part of the table, unless it stands in quotes.
    skip_rows : int, at least 0, default=0
        How many lines of the file stand before the table.
    max_bytes : int, default=2**28
        A larger file is refused, and one that unpacks to more.

    Returns
    -------
    Table

    Raises
    ------
    FormatError
        If rows have different numbers of cells, a quote does not end, two columns have one name, there are no
        rows, it cannot be told whether there is a header, it is not text in that encoding, or no file (but a
        folder, or a pipe).
    ArgumentError
        If a setting is outside of its values.
    OSError
        If there is no such file, or it cannot be read.

    Notes
    -----
    Spaces around a cell are no part of it.  Without ``comment=``, ``#`` is a character as others are.  Empty
    lines before the first row and after the last are ignored; elsewhere an empty line is a missing value if
    there is one column, and an error otherwise.  What is a number is decided where numbers are asked for:
    `Table.numbers`.

    This reads clean files.  For others there is pandas, whose frames are taken wherever tables are.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "prices.csv")
    ...     _ = path.write_text("Ort;Preis\\nKöln;1.234,50\\nUlm;k.A.\\n", encoding="cp1252")
    ...     european = {"delimiter": ";", "decimal": ",", "thousands": "."}
    ...     table = read_csv(path, encoding="cp1252", missing=("", "k.A."), **european)
    >>> table.numbers("Preis"), table.labels("Ort")[0]
    (array([1234.5,    nan]), np.str_('Köln'))
    """
    _check_settings(header, delimiter, quotechar)
    numerals = _numerals(decimal, thousands, comment, delimiter, quotechar)
    words = {word.strip() for word in _texts("missing", missing)}
    columns = None if columns is None else _texts("columns", columns)
    source = name_of(path)
    data = bytes_of(source, path, max_bytes, encoding)
    if skip_rows or comment:
        data = without_first(data, whole("read_csv: skip_rows", skip_rows, 0), comment)
    numbers = _number_rows(data, delimiter, quotechar, words, numerals)
    start = data if numbers is None else numbers.opening()  # of numbers, two rows tell all that is asked here
    first, rows = _rows(source, decoded(source, start), delimiter, quotechar, words, comment)
    if not rows:
        raise FormatError(f"{source}: the file is empty.")
    titled = has_header(source, rows, numerals) if header == "auto" else bool(header)
    if titled and len(rows) == 1:
        advice = f"header=False takes it for one.{comment_hint(rows[0])}"
        raise FormatError(f"{source}: there is a header, and no row after it; {advice}")
    if numbers is not None and numbers.below_text and not titled:
        numbers, (_, rows) = None, _rows(source, decoded(source, data), delimiter, quotechar, words, comment)
    names = [name or f"column {i}" for i, name in enumerate(first if titled else [""] * len(first), 1)]
    names = named_columns(source, names, columns)
    if numbers is not None:
        return Table(source, names, numbers.without_header() if titled else numbers)
    return Table(source, names, rows[1:] if titled else rows, numerals)


def _number_rows(
    data: bytes, delimiter: str, quotechar: str, words: set[str], numerals: Numerals
) -> NumberRows | None:
    """The rows of numbers that a file consists of, if these are written in the usual way."""
    unusual = numerals.decimal != "." and b"." in data
    return None if unusual else number_rows(data, delimiter, quotechar, words)


def _rows(
    source: str, text: str, delimiter: str, quotechar: str, missing: set[str], comment: str | None
) -> tuple[list[str], list[Row]]:
    """The texts of the first row, and all rows: of as many cells each, without empty lines around them."""
    import csv

    lines: Iterable[str] = io.StringIO(text, newline="")
    emptied: set[int] = set()  # lines that were comments
    if comment:
        lines = without_comments(iter(lines), comment, quotechar, emptied)
    if delimiter == " ":
        lines = (line.rstrip() + "\n" for line in lines)  # what pads the last column ends no cell
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quotechar, strict=True, skipinitialspace=True)
    first: list[str] = []
    rows: list[Row] = []
    empty: list[Row] = []  # lines that count only if something follows
    known: dict[Cell, Cell] = {}  # texts that stand in many cells are held once: half the memory, of images
    line = 1
    try:
        for texts in reader:
            cells: list[Cell] = [*map(str.strip, texts)]
            if not missing.isdisjoint(cells):
                cells = [None if cell in missing else cell for cell in cells]
            share = known.setdefault if len(known) < MOST_KNOWN else known.get
            row, line = Row(tuple(map(share, cells, cells)), line), reader.line_num + 1
            if row.line in emptied:
                continue
            if len(texts) <= 1 and not "".join(texts).strip():
                empty += [row] if rows else []
                continue
            first = first or [text.strip() for text in texts]
            for other in [*empty, row]:
                rows.append(_fitting(source, other, rows[0] if rows else row))
            empty.clear()
    except csv.Error as error:
        hint = _quote_hint(str(error), quotechar) + _other_delimiter(text, line, delimiter)
        raise FormatError(f"{source}, line {line}: {error}. {hint} {PANDAS}") from None
    return first, rows


def _other_delimiter(text: str, line: int, delimiter: str) -> str:
    """What to say of a line without a delimiter in which another one stands again and again."""
    found = text.splitlines()[line - 1 : line]
    other = next((d for d in ";\t|," if found and found[0].count(d) > 1), delimiter)
    return (
        f" Is the delimiter {other!r}?" if found and delimiter not in found[0] and other != delimiter else ""
    )


def _quote_hint(error: str, quotechar: str) -> str:
    """What may be wrong with a row that the csv module refuses."""
    if "expected after" in error:
        return (
            f"After a {quotechar} that ends a cell there can only be a delimiter, and no spaces; within one, "
            f"{quotechar} is doubled. If quotes mean nothing in this file, give a quotechar= that it has not."
        )
    if "field limit" in error:
        return (
            "The row that begins there has a cell of more characters, or a quote in it that does not end. "
            "If it is one cell, allow that to Python's csv module first: csv.field_size_limit(10**9)."
        )
    return "The row that begins there has a quote that does not end, or does not begin."


def _fitting(source: str, row: Row, first: Row) -> Row:
    """The row, if it has as many cells as the first one; an empty line lacks the value of the one column."""
    expected = len(first.cells)
    if len(row.cells) == expected:
        return row
    if expected == 1 and not row.cells:
        return Row((None,), row.line)
    cells = f"{expected} cell{'s' * (expected > 1)} as in line {first.line}"
    titled = len(first.cells) == 1 and len(row.cells) > 2 and not set(";\t|,") & set(first.cells[0] or "")
    hint = comment_hint(first, row) or ("" if titled else delimiter_hint(first)) or _preface_hint(first, row)
    raise FormatError(f"{source}, line {row.line}: expected {cells}, got {len(row.cells)}.{hint} {PANDAS}")


def _preface_hint(first: Row, row: Row) -> str:
    """What to say of a line with fewer cells than those after it: a title, perhaps."""
    if len(first.cells) >= len(row.cells):
        return ""
    return f" If lines before line {row.line} are no part of the table: skip_rows={row.line - 1}."


# ---- settings ----------------------------------------------------------------------------------------------


def _check_settings(header: bool | str, delimiter: str, quotechar: str) -> None:
    if not isinstance(header, (bool, np.bool)) and header != "auto":
        raise ArgumentError(f'read_csv: header is True, False or "auto"; got {header!r}.')
    for name, mark in (("delimiter", delimiter), ("quotechar", quotechar)):
        if not isinstance(mark, str) or len(mark) != 1 or mark in "\r\n\0":
            raise ArgumentError(f"read_csv: {name} is a single character; got {mark!r}.")
    if delimiter == quotechar:
        raise ArgumentError(f"read_csv: delimiter and quotechar are both {delimiter!r}.")


def _numerals(
    decimal: str, thousands: str | None, comment: str | None, delimiter: str, quotechar: str
) -> Numerals:
    """How numbers are written, if these marks can be told from each other and from what they stand among."""
    for name, mark in (("decimal", decimal), ("thousands", thousands), ("comment", comment)):
        if mark is None and name != "decimal":
            continue
        if not isinstance(mark, str) or len(mark) != 1 or mark in "\r\n\0" or mark.isdigit():
            raise ArgumentError(f"read_csv: {name} is a single character, and no digit; got {mark!r}.")
        of_numbers = "+-eE" if name != "comment" else NUMERIC + decimal + (thousands or "") + delimiter
        if mark in of_numbers + quotechar or (name == "comment" and mark.isspace()):
            raise ArgumentError(f"read_csv: {name}={mark!r} has another meaning in cells already.")
    if decimal == thousands:
        raise ArgumentError(f"read_csv: decimal and thousands are both {decimal!r}.")
    return Numerals(decimal, thousands)


def _texts(name: str, words: Iterable[str]) -> tuple[str, ...]:
    listed = None if isinstance(words, str) or not isinstance(words, Iterable) else tuple(words)
    if listed is None or not all(isinstance(word, str) for word in listed):
        raise ArgumentError(f"read_csv: {name} is a sequence of texts; got {words!r}.")
    return listed
