"""Collating: single samples become one batch, an array of each of their fields."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..arrays import plain
from ..errors import DTypeError, ShapeError
from .checks import shapes_of
from .dataset import Arrays, cast_floats, check_numbers

PAD = "  Sequences of several lengths are padded to one: collate_fn=data.pad_collate; or batch_size=1."
READY = (
    "  Items are single samples.  Of batches that are ready, give what they were made of, "
    "data.DataLoader(dataset, batch_size), or put them together: (np.concatenate(xs), np.concatenate(ys))."
)
TUPLE = "  Arrays that each hold one row a sample come as a tuple: DataLoader((x, y))."


def collated(samples: Iterable[Any], places: Iterable[int], dtype: DTypeLike | None) -> Arrays:
    """One array for each field of the samples, by np.stack; errors call samples by their places."""
    rows = [_fields(sample, place) for sample, place in zip(samples, places)]
    first = [field.shape for field in rows[0]]
    for place, row in zip(places, rows):
        if [field.shape for field in row] != first:
            differ = f"sample {place} has {shapes_of(row, ' and ')}, another {shapes_of(rows[0], ' and ')}"
            problem = f"samples of one batch have the same shapes; {differ}."
            raise ShapeError(f"DataLoader: {problem}\n{_way_on(row, rows[0])}")
    columns = enumerate(np.stack(column) for column in zip(*rows))
    checked = (check_numbers(f"DataLoader: field {i} of the samples", column) for i, column in columns)
    return tuple(cast_floats(column, dtype) for column in checked)


def checked(batch: Any, dtype: DTypeLike | None) -> Any:
    """What a user's collate function returned: arrays, in a tuple and in tuples inside it."""
    if not isinstance(batch, tuple):
        expected = "collate_fn returns a tuple of arrays, one for each field of the samples"
        raise DTypeError(f"DataLoader: {expected}; got {type(batch).__name__}.")
    return tuple(
        checked(part, dtype) if isinstance(part, tuple) else _numbers(number, part, dtype)
        for number, part in enumerate(batch)
    )


def _numbers(number: int, part: Any, dtype: DTypeLike | None) -> Any:
    what = f"DataLoader: array {number} of what collate_fn returned"
    return cast_floats(check_numbers(what, plain(part, what)), dtype)


def _fields(sample: Any, place: int) -> Arrays:
    """The arrays of a sample."""
    what = f"DataLoader: sample {place}"
    fields = sample if isinstance(sample, tuple) else (sample,)
    for number, field in enumerate(fields):
        if isinstance(field, Mapping):
            kind, names = type(field).__name__, ", ".join(f"sample[{name!r}]" for name in list(field)[:2])
            raise DTypeError(f"{what} is a {kind}; expected arrays or a tuple of them: ({names}, …).")
        if field is None:
            which = f"DataLoader: field {number} of sample {place}" if isinstance(sample, tuple) else what
            advice = "Without targets, samples are x alone."
            raise DTypeError(f"{which} is None; expected an array or a number. {advice}")
    try:
        return tuple(plain(field, what) for field in fields)
    except ShapeError as error:
        if isinstance(sample, list):
            advice = "  The fields of a sample come as a tuple, (x, y), and not as a list."
            raise ShapeError(f"{error}\n{advice}\n{READY}") from None
        raise


def _way_on(row: Arrays, first: Arrays) -> str:
    """What to do about samples of different shapes."""
    pairs = list(zip(row, first)) if len(row) == len(first) else []
    if len(pairs) > 1 and _are_batches(row) and _are_batches(first):
        return f"{READY}\n{PAD}"
    padded = pairs and all(a.shape[1:] == b.shape[1:] and a.ndim == b.ndim for a, b in pairs)
    return f"{TUPLE}\n{PAD}" if padded else TUPLE


def _are_batches(fields: Arrays) -> bool:
    """Whether the fields look like batches themselves: arrays with as many rows each."""
    return fields[0].ndim > 0 and len({field.shape[:1] for field in fields}) == 1
