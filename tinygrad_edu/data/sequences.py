"""Sequences of several lengths as batches: padded to one length, with the lengths that they had.

loader = DataLoader(samples, 32, collate_fn=pad_collate)  # of samples (sequence, label)
for (x, lengths), labels in loader:
    output, h = lstm(x, lengths=lengths)
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError, DTypeError, ShapeError, names_itself
from .checks import values_of, whole
from .dataset import check_numbers
from .fields import Fields

IGNORED = -100  # the label that softmax_cross_entropy leaves out


@names_itself
def pad_sequences(
    sequences: Sequence[Any], *, value: float = 0, length: int | None = None
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """One array of sequences of several lengths, with padding at their ends, and the lengths.

    Parameters
    ----------
    sequences : sequence of n array_like of shapes (t, …)
        Their first axes may differ in length, and be empty; the others may not.
    value : number, default=0
        The padding.  It is representable in the dtype of the sequences.
    length : int, optional
        How long the padded sequences are, at least as long as the longest, which is the default.

    Returns
    -------
    padded : ndarray of shape (n, length, …)
        PyTorch's ``pad_sequence(…, batch_first=True)``; as a layer without ``batch_first`` takes it,
        ``padded.swapaxes(0, 1)``.
    lengths : ndarray of int64, of shape (n,)
        What layers take as ``lengths=``, and `tinygrad_edu.sequence_mask` makes a mask of.

    Raises
    ------
    ArgumentError
        If there are no sequences, one is longer than ``length``, or their dtype does not have the value.
    ShapeError
        If sequences differ in another axis than the first, or are numbers.
    DTypeError
        If a sequence does not hold numbers.

    Examples
    --------
    >>> padded, lengths = pad_sequences([[1, 2, 3], [4]])
    >>> padded
    array([[1, 2, 3],
           [4, 0, 0]])
    >>> lengths
    array([3, 1])
    """
    arrays = [check_numbers(f"sequence {i}", values_of(one)) for i, one in enumerate(sequences)]
    if not arrays:
        raise ArgumentError("expected at least one sequence, got none.")
    for i, array in enumerate(arrays):
        if array.ndim == 0 or array.shape[1:] != arrays[0].shape[1:]:
            found = f"sequence {i} is {array.shape}, another {arrays[0].shape}"
            raise ShapeError(f"sequences have shapes (t, …) that differ in t alone; {found}.")
    lengths = np.array([len(array) for array in arrays], np.int64)
    steps = int(lengths.max()) if length is None else whole("length", length, int(lengths.max()))
    dtype = np.result_type(*{array.dtype for array in arrays})
    padded = np.full((len(arrays), steps, *arrays[0].shape[1:]), _fitting(value, dtype), dtype)
    for row, array in zip(padded, arrays):
        row[: len(array)] = array
    return padded, lengths


def _fitting(value: Any, dtype: np.dtype[Any]) -> Any:
    """The value, if an array of that dtype can hold it."""
    with np.errstate(all="ignore"):
        held = np.array(value).astype(dtype)
    if dtype.kind in "biu" and held != value:
        raise ArgumentError(f"the padding is a value that {dtype} has; got {value!r}. Convert the sequences.")
    return held


@names_itself
def pad_collate(samples: Sequence[Any], *, value: float = 0, target_value: int = IGNORED) -> tuple[Any, ...]:
    """A batch of samples whose sequences have several lengths: the ``collate_fn`` of a `DataLoader`.

    Parameters
    ----------
    samples : sequence of samples
        Each is a sequence, an array of shape (t, …), or a tuple that begins with one: (sequence, label).
    value : number, default=0
        The padding of the sequences.
    target_value : int, default=-100
        The padding of the other fields that differ in length, if they hold integers: labels of each step.
        That is the ``ignore_index`` of the cross-entropy, which leaves such steps out.  Other dtypes are
        padded with 0.  For another value, ``functools.partial(pad_collate, target_value=0)``.

    Returns
    -------
    tuple, ``((padded, lengths), *fields)``
        The sequences, (n, t, …), and how long each was, (n,), as one pair: what `train.fit` calls a model
        with, ``model(padded, lengths)``.  Then the other fields, each an array (n, …).

    Raises
    ------
    DTypeError, ShapeError, ArgumentError
        As `pad_sequences`, naming the field; and if samples have different numbers of fields.

    Examples
    --------
    >>> (x, lengths), labels = pad_collate([([0.5, 1.5], 1), ([2.5], 0)])
    >>> x
    array([[0.5, 1.5],
           [2.5, 0. ]])
    >>> lengths, labels
    (array([2, 1]), array([1, 0]))
    """
    rows = [sample if isinstance(sample, tuple) else (sample,) for sample in samples]
    if len({len(row) for row in rows}) > 1:
        counts = " and ".join(map(str, sorted({len(row) for row in rows})))
        raise ArgumentError(f"samples have equally many fields; got samples of {counts}.")
    first, *others = zip(*rows) if rows else ([],)
    return _named(0, first, value), *(
        _field(i, list(field), target_value) for i, field in enumerate(others, 1)
    )


def _field(place: int, values: list[Any], target_value: int) -> NDArray[Any]:
    """A field that is no sequence by np.stack; sequences padded."""
    arrays: Fields = tuple(values_of(one) for one in values)
    if len({array.shape for array in arrays}) == 1:
        return check_numbers(f"field {place} of the samples", np.stack(arrays))
    kinds = {array.dtype.kind for array in arrays}
    padded, _ = _named(place, arrays, target_value if kinds <= set("iu") else 0)
    return padded


def _named(place: int, sequences: Sequence[Any], value: float) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """`pad_sequences`, with errors that name the field."""
    try:
        return pad_sequences(sequences, value=value)
    except (ArgumentError, ShapeError, DTypeError) as error:
        said = str(error).removeprefix("pad_sequences: ")
        raise type(error)(f"field {place} of the samples: {said}") from None
