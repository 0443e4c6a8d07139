"""Collating: single samples become one batch, an array of each of their fields."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..arrays import plain
from ..errors import DTypeError, ShapeError
from ..trees import flatten
from .checks import shapes_of
from .dataset import cast_floats, check_numbers
from .fields import Fields, arrays_in, each, named_arrays

PAD = "  Sequences of several lengths are padded to one: collate_fn=data.pad_collate; or batch_size=1."
READY = (
    "  Items are single samples.  Of batches that are ready, give what they were made of, "
    "data.DataLoader(dataset, batch_size), or put them together: (np.concatenate(xs), np.concatenate(ys))."
)
TUPLE = "  Arrays that each hold one row a sample come as a tuple: DataLoader((x, y))."


def collated(samples: Iterable[Any], places: Iterable[int], dtype: DTypeLike | None) -> Fields:
    """One array for each array of the samples, by np.stack; errors call samples by their places."""
    samples = [_fields(sample, place) for sample, place in zip(samples, places)]
    structure = each(np.shape, samples[0])
    rows = [tuple(flatten(sample)[0]) for sample in samples]
    for place, sample, row in zip(places, samples, rows):
        if each(np.shape, sample) != structure:
            differ = f"sample {place} has {shapes_of(row, ' and ')}, another {shapes_of(rows[0], ' and ')}"
            problem = f"samples of one batch have the same shapes; {differ}."
            raise ShapeError(f"DataLoader: {problem}\n{_way_on(row, rows[0])}")
    _, rebuild = flatten(samples[0])
    batch: Fields = rebuild(np.stack(column) for column in zip(*rows))
    names = [f"DataLoader: field {i} of the samples" for i in range(len(batch))]
    for name, column in named_arrays(batch, names):
        check_numbers(name, column)
    return tuple(cast_floats(field, dtype) for field in batch)


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


def _fields(sample: Any, place: int) -> Fields:
    """The arrays of a sample."""
    what = f"DataLoader: sample {place}"
    fields = sample if isinstance(sample, tuple) else (sample,)
    for number, field in enumerate(fields):
        if isinstance(field, Mapping) and not isinstance(sample, tuple):
            kind, names = type(field).__name__, ", ".join(f"sample[{name!r}]" for name in list(field)[:2])
            raise DTypeError(f"{what} is a {kind}; expected arrays or a tuple of them: ({names}, …).")
        if field is None:
            which = f"DataLoader: field {number} of sample {place}" if isinstance(sample, tuple) else what
            advice = "Without targets, samples are x alone."
            raise DTypeError(f"{which} is None; expected an array or a number. {advice}")
    try:
        return tuple(arrays_in(what, field) for field in fields)
    except ShapeError as error:
        if isinstance(sample, list):
            advice = "  The fields of a sample come as a tuple, (x, y), and not as a list."
            raise ShapeError(f"{error}\n{advice}\n{READY}") from None
        raise


def _way_on(row: tuple[Any, ...], first: tuple[Any, ...]) -> str:
    """What to do about samples of different shapes."""
    pairs = list(zip(row, first)) if len(row) == len(first) else []
    if len(pairs) > 1 and _are_batches(row) and _are_batches(first):
        return f"{READY}\n{PAD}"
    padded = pairs and all(a.shape[1:] == b.shape[1:] and a.ndim == b.ndim for a, b in pairs)
    return f"{TUPLE}\n{PAD}" if padded else TUPLE


def _are_batches(fields: tuple[Any, ...]) -> bool:
    """Whether the fields look like batches themselves: arrays with as many rows each."""
    return fields[0].ndim > 0 and len({field.shape[:1] for field in fields}) == 1
