"""Two runs at two batch sizes: what is the same in both stays, and what follows the batch is a size.

A number that is n times the batch in both runs is `Size(n)`.  An array that is longer in the second run is
one that repeats along the axes that follow the batch (zeros of a first state), or counts from 0 on.  What
differs in another way is refused, for it would be the first run's for ever.
"""

from typing import Any, NamedTuple

import numpy as np

from ..errors import ExportError


class Size(NamedTuple):
    """A number that is so many times the batch."""

    times: int


class Repeated(NamedTuple):
    """An array that repeats along the axes whose length follows the batch."""

    base: Any  # the array with length 1 along these axes
    shape: tuple[Any, ...]

    @property
    def dtype(self) -> Any:
        return self.base.dtype


class Counted(NamedTuple):
    """The numbers from 0 on along the one axis whose length is not 1, which is a size."""

    shape: tuple[Any, ...]
    dtype: Any


class Pair:
    """The batch sizes of two runs, and what the values of both become.

    Parameters
    ----------
    batches : (int, int)
        The same number twice for a model whose batch is fixed.
    """

    def __init__(self, batches: tuple[int, int]) -> None:
        self.batches = batches

    def number(self, a: int, b: int, where: str) -> Any:
        """An integer of both runs."""
        if a == b:
            return a
        first, second = self.batches
        if a % first == 0 and a * second == b * first:
            return Size(a // first)
        raise ExportError(
            f"A number in {where} depends on the batch, and is no multiple of it: {a} for a batch of "
            f"{first}, and {b} for one of {second}.\n  Export with batch_axis=None for a fixed batch, or let "
            "it not depend on the batch."
        )

    def shape(self, a: tuple[int, ...], b: tuple[int, ...], where: str) -> tuple[Any, ...]:
        """The shape of an array of both runs."""
        if len(a) != len(b):
            raise ExportError(f"An array in {where} has the shape {a} in one batch, and {b} in another.")
        return tuple(self.number(m, n, where) for m, n in zip(a, b))

    def array(self, a: Any, b: Any, where: str) -> Any:
        """A plain array of both runs."""
        if a.shape == b.shape and a.dtype == b.dtype and same_bits(a, b):
            return a
        shape = self.shape(a.shape, b.shape, where)
        longer = [axis for axis, n in enumerate(shape) if isinstance(n, Size)]
        base = a[tuple(slice(0, 1) if axis in longer else slice(None) for axis in range(a.ndim))]
        if longer and all(same_bits(np.broadcast_to(base, x.shape), x) for x in (a, b)):
            return Repeated(base, shape)
        if base.size == 1 and all(np.array_equal(x.reshape(-1), np.arange(x.size)) for x in (a, b)):
            return Counted(shape, a.dtype)
        raise ExportError(
            f"An array of shape {a.shape} in {where} depends on the batch: its values in a batch of "
            f"{self.batches[0]} are others than in one of {self.batches[1]}.\n"
            "  Export with batch_axis=None for a fixed batch."
        )

    def tree(self, a: Any, b: Any, where: str) -> Any:
        """Arguments of a call in both runs, as those that a converter takes; references stay."""
        kind = type(a)
        if kind is not type(b):
            raise different(a, b, where)
        if hasattr(a, "_fields") and not isinstance(a, type):
            return a  # a reference, of the same number
        if kind in (list, tuple) and len(a) == len(b):
            return kind(self.tree(x, y, where) for x, y in zip(a, b))
        if kind is dict and a.keys() == b.keys():
            return {k: self.tree(v, b[k], where) for k, v in a.items()}
        if kind is slice:
            return slice(*(self.tree(getattr(a, k), getattr(b, k), where) for k in ("start", "stop", "step")))
        if isinstance(a, (int, np.integer)) and not isinstance(a, (bool, np.bool)):
            return self.number(int(a), int(b), where)
        if isinstance(a, (np.ndarray, np.generic)):
            return self.array(np.asarray(a), np.asarray(b), where)
        if a is b or a == b or (isinstance(a, float) and a != a and b != b):
            return a
        raise different(a, b, where)


def same_bits(a: Any, b: Any) -> bool:
    """Whether arrays of one shape have equal values, NaN included."""
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))


def different(a: Any, b: Any, where: str) -> ExportError:
    """The error for what depends on the batch and is no number of elements."""
    return ExportError(
        f"A value in {where} depends on the batch: {a!r:.80}, and {b!r:.80}.\n"
        "  Export with batch_axis=None for a fixed batch."
    )
