"""Parts of batches: the rows that each of several processes takes of a batch that they have in common."""

from operator import itemgetter
from typing import Any

from ..errors import ArgumentError
from .checks import whole
from .fields import Fields, each


def checked_part(part: Any) -> tuple[int, int]:
    """A pair (rank, size), with 0 <= rank < size."""
    if not isinstance(part, tuple) or len(part) != 2:
        raise ArgumentError(f"part is a pair (rank, size), such as (0, 2); got {part!r:.60}.")
    rank, size = whole("the rank of part", part[0], 0), whole("the size of part", part[1], 1)
    if rank >= size:
        raise ArgumentError(f"part is (rank, size), with a rank below the size; got {part}.")
    return rank, size


def own_rows(part: tuple[int, int], start: int, stop: int) -> slice:
    """This part of the rows from start to stop.  All parts together are these; none is longer than another
    by more than one row.
    """
    (rank, size), count = part, stop - start
    return slice(start + count * rank // size, start + count * (rank + 1) // size)


def cut(batch: Fields, rows: slice) -> Fields:
    """Some rows of a batch."""
    return tuple(each(itemgetter(rows), field) for field in batch)
