"""Choosing: which rows of a table somebody means, and which column, or what is wrong with the choice."""

from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError
from ...files import printable


def chosen_rows(source: str, n: int, rows: Any) -> NDArray[np.int64]:
    """The numbers of rows, from 0 on, that an array of numbers or booleans chooses among so many."""
    given = np.empty(0, np.int64) if isinstance(rows, list) and not rows else np.asarray(rows)
    if given.ndim != 1 or given.dtype.kind not in "biu":
        ways = f"table.numbers({rows!r:.40}), table.labels(…) or table.column(…), a row by table.rows[i]"
        some = "some rows by table[10:20], table[numbers], table[booleans]"
        raise ArgumentError(f"{source}: a column is chosen by {ways}, {some}.")
    if given.dtype.kind == "b":
        if len(given) != n:
            raise ArgumentError(f"{source}: {len(given)} booleans choose among {n} rows.")
        return np.flatnonzero(given)
    wrong = given[(given < -n) | (given >= n)]
    if wrong.size:
        raise ArgumentError(f"{source}: there is no row {wrong[0]}; there are {n}.")
    return given.astype(np.int64) % max(n, 1)


def chosen_column(source: str, places: dict[str, int], name: Any) -> int:
    """The place of a column that is chosen by its name, or by its place: 0 is the first, -1 the last."""
    place: int | None = None
    if isinstance(name, str):
        place = places.get(name)
    else:
        try:
            place = range(len(places))[index(name)]
        except TypeError:
            expected = "a column is chosen by its name or its place"
            raise ArgumentError(f"{source}: {expected}; got {name!r}.") from None
        except IndexError:
            pass
    if place is None:
        there = f"there are {len(places)}: {printable(', '.join(places), 400)}"
        raise ArgumentError(f"{source}: there is no column {name!r}; {there}.")
    return place
