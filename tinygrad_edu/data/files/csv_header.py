"""The names of a table's columns: whether the first row of a file has them, as far as its cells tell."""

from collections.abc import Sequence
from itertools import pairwise

from ...errors import FormatError
from ...files import printable
from .cells import Cell, Numerals, Row, comment_hint, delimiter_hint


def has_header(source: str, rows: list[Row], numerals: Numerals) -> bool:
    """Whether the first row names the columns, as far as the cells tell."""
    cells = [(place, cell) for place, cell in enumerate(rows[0].cells) if cell is not None]
    numbers = [number for _, cell in cells if (number := numerals.number(cell)) is not None]
    texts = [(place, cell) for place, cell in cells if numerals.number(cell) is None]
    below = [row.cells for row in rows[1:]]
    named = any(_is_numeric([row[place] for row in below], numerals) for place, _ in texts)
    if named and not numbers:
        return True
    if numbers and not named:
        valued = any(number < 0 or number != int(number) for number in numbers)
        valued |= len(set(numbers)) < len(numbers)
        repeated = any(row[place] == text for place, text in texts for row in below)
        if valued or repeated or not (texts or _counts_up(numbers, rows, numerals)):
            return False
    either = f"{source}: it cannot be told whether line {rows[0].line} has the names of the columns."
    comment = comment_hint(rows[0])
    if not below:
        raise FormatError(f"{either} There is no row after it; header=False takes it for one.{comment}")
    if not comment and (one_column := delimiter_hint(rows[0])):
        raise FormatError(f"{either}{one_column} Say delimiter=…; if not, header=True or header=False.")
    raise FormatError(f"{either} Say header=True or header=False.{comment}")


def _is_numeric(column: list[Cell], numerals: Numerals) -> bool:
    present = [cell for cell in column if cell is not None]
    return bool(present) and all(numerals.number(cell) is not None for cell in present)


def _counts_up(numbers: list[float], rows: list[Row], numerals: Numerals) -> bool:
    """Whether the first row counts: 0, 1, 2 or 2000, 2005, 2010, and the next row does not go on so."""
    steps = {b - a for a, b in pairwise(numbers)}
    if len(rows) < 2 or len(steps) != 1 or 0 in steps or (len(numbers) == 2 and steps.isdisjoint({1, -1})):
        return False
    following = numerals.number(rows[1].cells[0] or "")
    return following is None or following - numbers[-1] not in steps


def named_columns(source: str, names: list[str], columns: Sequence[str] | None) -> list[str]:
    """The names of the columns, each once: those of the file, or those that were given instead."""
    advice = "names them"
    if columns is not None:
        if len(columns) != len(names):
            found = f"the file has {len(names)} columns"
            raise FormatError(f"{source}: {len(columns)} names were given, and {found}.")
        names, advice = list(columns), "names each once"
    places: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        if places.setdefault(name, place) != place:
            both = f"columns {places[name]} and {place} are both called {printable(name, 80)!r}"
            raise FormatError(f"{source}: {both}; read_csv(…, columns=…) {advice}.")
    return names
