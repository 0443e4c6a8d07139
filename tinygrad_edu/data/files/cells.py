"""Cells: the text in them, the rows that they stand in, and which of them are numbers."""

import math
import re
from typing import NamedTuple

Cell = str | None
NUMERIC = "0123456789+-.eE"


class Row(NamedTuple):
    """The cells of a row, None where a value is missing, and the line of the file that it begins in."""

    cells: tuple[Cell, ...]
    line: int


def as_number(cell: str) -> float | None:
    """The finite number that a cell is, or None.

    Of these characters alone, `float` takes nothing but decimal numbers; it would take "1_000", "inf" and the
    digits of other scripts, too.
    """
    if cell.strip(NUMERIC):
        return None
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def as_integer(cell: str) -> int | None:
    """The integer that a cell is, or None; digits alone are no float on the way, which has but 53 bits."""
    number = as_number(cell)
    if number is None or number != int(number):
        return None
    return int(number) if re.search(r"[.eE]", cell) else int(cell)


class Numerals:
    """How numbers are written in a file: the mark before decimals, and what may stand between thousands.

    Parameters
    ----------
    decimal : str of length 1, default="."
    thousands : str of length 1, optional
        It stands between groups of three digits, or nowhere in a number: "1.234,5" and "1234,5".
    """

    def __init__(self, decimal: str = ".", thousands: str | None = None) -> None:
        self.decimal, self.thousands = decimal, thousands
        point, mark = re.escape(decimal), re.escape(thousands or "")
        whole = rf"\d+|\d{{1,3}}(?:{mark}\d{{3}})+" if thousands else r"\d+"
        self._pattern = re.compile(rf"([+-]?(?:{whole})?)(?:{point}(\d*))?([eE][+-]?\d+)?", re.ASCII)

    def plain(self, cell: str) -> str:
        """A number as Python writes it; of what is no number, the text, or one that is none either."""
        if self.decimal == "." and self.thousands is None:
            return cell
        match = self._pattern.fullmatch(cell)
        if match is None:
            return "no number"
        whole, fraction, exponent = match.groups()
        whole = whole.replace(self.thousands, "") if self.thousands else whole
        return whole + ("" if fraction is None else f".{fraction}") + (exponent or "")

    def number(self, cell: str) -> float | None:
        """The finite number that a cell is, or None."""
        return as_number(self.plain(cell))

    def integer(self, cell: str) -> int | None:
        """The integer that a cell is, or None."""
        return as_integer(self.plain(cell))


USUAL = Numerals()


# ---- what errors say of rows -------------------------------------------------------------------------------


def comment_hint(*rows: Row) -> str:
    """What to say of the first of these rows that other programs might take for a comment."""
    for row in rows:
        if row.cells and (row.cells[0] or "").startswith("#"):
            advice = "there are no comments in a CSV file, unless comment='#' says so."
            return f" Line {row.line} begins with '#': {advice}"
    return ""


def delimiter_hint(row: Row) -> str:
    """What to say of a row with a single cell, in which another delimiter may stand."""
    found = re.search(r"[;\t|,]|(?<=\S) +(?=\S)", row.cells[0] or "") if len(row.cells) == 1 else None
    if not found:
        return ""
    delimiter = found.group()[0]
    several = " It may stand there several times." * (delimiter == " ")
    return f" The file has one column: is its delimiter {delimiter!r}?{several}"
