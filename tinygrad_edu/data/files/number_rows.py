"""Rows of numbers alone: parsed by NumPy's reader of text, in a fraction of the time and memory of cells.

That reader takes more than a CSV file may hold: "inf", empty lines, comments.  So the bytes are looked at
first: what is not plainly rows of numbers is None here, and is read cell by cell in `csv_reader`.
"""

import io
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cells import NUMERIC, Row, as_number

AT_ONCE = 2**17  # numbers that are parsed, and held as float64, at a time
LEAN = (np.uint8, np.int16, np.float32)  # what they are held as, if it has them all
EXACT = 2**53 - 1  # up to here, a float64 is the integer that was written


class NumberRows:
    """The rows of a text whose cells are all finite numbers, but for those of a first row.

    Parameters
    ----------
    text : bytes
        Lines of cells, after some that are no part of the rows.
    skipped : int
        How many those are.
    delimiter : str or None
        None stands for any number of spaces.
    parts : sequence of ndarray
        The numbers of all rows, some rows a part.
    below_text : bool
        Whether a first row of text stands above.
    places : ndarray of int64, optional
        Where these rows stand among all in the text; by default they are all of them.
    """

    def __init__(
        self,
        text: bytes,
        skipped: int,
        delimiter: str | None,
        parts: Sequence[NDArray[Any]],
        *,
        below_text: bool,
        places: NDArray[np.int64] | None = None,
    ) -> None:
        self.places = places
        self.text, self.skipped, self.delimiter, self.parts = text, skipped, delimiter, parts
        self.below_text = below_text

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[Row]:
        """The rows as cells of text, which are cut from the lines here."""
        lines: Iterator[tuple[int, bytes]]
        lines = enumerate(islice(io.BytesIO(self.text), self.skipped, None), self.skipped + 1)
        if self.places is not None:
            every = list(lines)
            lines = (every[place] for place in self.places)
        for number, line in lines:
            cells = line.decode().strip(" \r\n").split(self.delimiter)
            yield Row(tuple(map(str.strip, cells)), number)

    def opening(self) -> bytes:
        """The text of the first two rows, one of text among them, and of what is skipped above them."""
        return b"".join(islice(io.BytesIO(self.text), self.skipped + 2 - self.below_text))

    def without_header(self) -> "NumberRows":
        """The rows below the first one."""
        if self.below_text:
            return self
        return NumberRows(self.text, self.skipped + 1, self.delimiter, self.parts[1:], below_text=True)

    def chosen(self, rows: NDArray[np.int64]) -> "NumberRows":
        """Those of the rows with these numbers, in this order."""
        ends = np.cumsum([len(part) for part in self.parts])
        kind = np.result_type(*self.parts)
        numbers = np.empty((len(rows), self.parts[0].shape[1]), kind)
        of_part = np.searchsorted(ends, rows, "right")
        for place, part in enumerate(self.parts):
            mine = of_part == place
            numbers[mine] = part[rows[mine] - (ends[place] - len(part))]
        places = rows if self.places is None else self.places[rows]
        return NumberRows(
            self.text, self.skipped, self.delimiter, [numbers], below_text=self.below_text, places=places
        )

    def columns(self, places: list[int], kind: np.dtype[Any]) -> NDArray[Any] | None:
        """The numbers of some columns in a dtype, or None if it has not all of them."""
        numbers, row = np.empty((len(self), len(places)), kind), 0
        for part in self.parts:
            chosen = part if places == list(range(part.shape[1])) else part[:, places]
            if not _has_all(kind, chosen):
                return None
            numbers[row : row + len(part)] = chosen
            row += len(part)
        return numbers


def number_rows(data: bytes, delimiter: str, quotechar: str, missing: set[str]) -> NumberRows | None:
    """The rows of numbers that a file consists of, below a first row of text or not; None of any other file.

    Parameters
    ----------
    data : bytes
        Without a byte order mark.
    delimiter, quotechar : str
    missing : set of str
    """
    plain = NUMERIC + (" \r\n" if delimiter == " " else " \t\r\n")
    words = any(as_number(word) is not None for word in missing)
    if words or quotechar in plain:
        return None
    text = data.rstrip(b" \r\n")
    start = len(text) - len(text.lstrip(b" \r\n"))
    below = text.find(b"\n", start) + 1
    known, above = (plain + delimiter).encode(), text[:below]
    if not _is_a_row(above, start, quotechar) or text.translate(None, known) != above.translate(None, known):
        return None
    if _has_long_cells(text, below, delimiter.encode()):
        return None
    separator = None if delimiter == " " else delimiter
    lines, skipped = io.BytesIO(text), text.count(b"\n", 0, start)
    first = list(islice(lines, skipped, skipped + 1))
    head = _parsed(first, separator)
    parts = [] if head is None else [head]
    at_once = max(1, AT_ONCE // (first[0].count(delimiter.encode()) + 1))
    while some := list(islice(lines, at_once)):
        part = _parsed(some, separator)
        if part is None or (parts and part.shape[1] != parts[0].shape[1]):
            return None
        parts.append(part)
    return NumberRows(text, skipped + (head is None), separator, parts, below_text=head is None)


def _is_a_row(line: bytes, start: int, quotechar: str) -> bool:
    """Whether the line that begins there is the first row, and ends where it ends."""
    if line.count(quotechar.encode()) % 2 or line.count(b"\r") > line.count(b"\r\n"):
        return False
    return bool(line[start:].decode(errors="replace").strip())


def _parsed(lines: list[bytes], delimiter: str | None) -> NDArray[Any] | None:
    """The finite numbers in some lines, or None if there is anything else."""
    if not all(map(bytes.strip, lines)):
        return None
    try:
        numbers = np.loadtxt(lines, delimiter=delimiter, comments=None, ndmin=2)
    except ValueError:
        return None
    return _lean(numbers) if np.isfinite(numbers).all() else None


def _lean(numbers: NDArray[np.float64]) -> NDArray[Any]:
    """The same numbers, and signs of zeros, in the first of the small dtypes that has them all."""
    with np.errstate(all="ignore"):
        for kind in LEAN:
            lean = numbers.astype(kind)
            if np.array_equal(lean.astype(float).view(np.int64), numbers.view(np.int64)):
                return lean
    return numbers


def _has_long_cells(text: bytes, start: int, delimiter: bytes) -> bool:
    """Whether a cell may be longer than the csv module allows: it covers a stretch of half of that."""
    import csv

    stretch = max(1, csv.field_size_limit() // 2)
    spans = ((i, i + stretch) for i in range(start, len(text) - stretch, stretch))
    return any(text.find(delimiter, *span) < 0 and text.find(b"\n", *span) < 0 for span in spans)


def _has_all(kind: np.dtype[Any], numbers: NDArray[Any]) -> bool:
    """Whether a dtype has these numbers; of integers, those that a float64 tells from their neighbours."""
    low, high = float(numbers.min()), float(numbers.max())
    if kind.kind == "f":
        return float(np.finfo(kind).min) <= low and high <= float(np.finfo(kind).max)
    whole = numbers.dtype.kind in "iu" or np.array_equal(np.trunc(numbers), numbers)
    return whole and max(np.iinfo(kind).min, -EXACT) <= low and high <= min(np.iinfo(kind).max, EXACT)
