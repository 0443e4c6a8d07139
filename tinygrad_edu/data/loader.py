"""DataLoader: mini-batches, epoch after epoch, in orders that a seed settles once and for all.

    loader = DataLoader((x, y), 32, shuffle=True, seed=0)
    for epoch in range(10):
        for inputs, targets in loader:
            …

The order of an epoch is a function of the seed and the number of the epoch, whatever else has drawn random
numbers before: a training that is stopped and resumed, in the middle of an epoch too, sees the batches that
it would have seen.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..errors import ArgumentError, DTypeError, names_itself
from ..random import generator
from .checks import refuse_state, whole, wrong_names
from .collate import checked, collated
from .dataset import Batches, cast_floats
from .fields import Fields
from .part import checked_part, cut, own_rows
from .rows import Rows, plain_arrays
from .samples import has_samples, prepared

SETTINGS = ("samples", "batch_size", "shuffle", "drop_last")  # on which the place of a batch depends


class DataLoader:
    """Batches of samples; iterating gives one epoch of them, and the next time the next epoch.

    Parameters
    ----------
    data : tuple of arrays, array, Dataset, iterable, or function
        * A tuple of arrays (x, y, …) with one row a sample, or a single array; frames and tables of numbers
          are arrays, too.  Several inputs are one of these: ((x1, x2), y), or ({"a": x1, "b": x2}, y); so
          they are in the batches.
        * An object with ``len(data)`` and ``data[i]``: a `Dataset`, a list of samples.
        * An iterable of samples, such as a generator; or a function that returns one, called for every epoch.

        Samples are arrays or numbers, or tuples of them, of the same shapes, or ((x1, x2), y) and the like
        with an array in x.  Batches that are ready are not taken for what they are: give what they were made
        of, such as the ``dataset`` of PyTorch's loader.
    batch_size : int, at least 1, default=32
    shuffle : bool, default=False
        Whether every epoch has an order of its own.  What is only iterated over cannot be shuffled.
    seed : int, at least 0, or None, default=0
        Decides the orders.  None draws one, which is then the attribute `seed`.
    drop_last : bool, default=False
        Whether to leave out the last batch of an epoch if it is shorter than the others.
    dtype : floating dtype or None, default=numpy.float32
        What floating arrays are converted to; integers stay as they are.  None converts nothing.
    collate_fn : callable, optional
        Makes a batch, a tuple of arrays, of a list of samples; tuples of arrays may stand in it, such as
        ((x, lengths), y).  By default each field is stacked.  `pad_collate` is one for sequences of several
        lengths.
    part : pair of int (rank, size), default=(0, 1)
        Which part of every batch to give, of how many: its rows, divided as evenly as whole ones can be, one
        part after the other.  So several processes have the batches of one among them.  A part may be empty.

    Attributes
    ----------
    epoch : int
        The number of the epoch in which the last batch was, or, when that is complete, of the next; it may be
        assigned to.
    batch_size, shuffle, seed, drop_last, dtype, collate_fn, part : the settings

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        If a setting is out of range, or the arrays do not have the same number of rows; on iteration, if
        samples differ in shape or hold something else than numbers.

    Notes
    -----
    Arrays are converted once, here, and batches that are not shuffled are read-only views of them: no copies
    are made in the course of training.  Arrays that lie in a file, ``np.load(path, mmap_mode="r")``, stay
    there, whatever their size: batches are read from it, and converted, as they come.

    An iteration that is left before its end (``break``, an exception) is over: the next one begins the next
    epoch.  Only `load_state_dict` brings a loader into the middle of an epoch.

    Augmentation, ``DataLoader(ArrayDataset(x, y).map(flip))``, draws from a generator that depends on seed,
    epoch and batch.

    Examples
    --------
    >>> x, y = np.arange(10.0).reshape(5, 2), np.arange(5)
    >>> for inputs, targets in DataLoader((x, y), 2):
    ...     print(inputs.shape, inputs.dtype, targets)
    (2, 2) float32 [0 1]
    (2, 2) float32 [2 3]
    (1, 2) float32 [4]
    """

    @names_itself
    def __init__(
        self,
        data: Any,
        batch_size: int = 32,
        *,
        shuffle: bool = False,
        seed: int | None = 0,
        drop_last: bool = False,
        dtype: DTypeLike | None = np.float32,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.batch_size = whole("batch_size", batch_size, 1)
        self.seed = int(generator(None).integers(2**63)) if seed is None else whole("seed", seed, 0)
        self.shuffle, self.drop_last = bool(shuffle), bool(drop_last)
        self.dtype = None if dtype is None else np.dtype(dtype)
        if self.dtype is not None and self.dtype.kind != "f":
            raise DTypeError(f"dtype is that of the floating arrays, so a floating one; got {self.dtype}.")
        if collate_fn is not None and not callable(collate_fn):
            raise ArgumentError(f"collate_fn is a function of a list of samples; got {collate_fn!r:.60}.")
        self.collate_fn = collate_fn
        self.part = checked_part(part)
        self._data = prepared(data, self.dtype, self.shuffle)
        self._epoch = self._batch = 0  # the place of the next batch
        self._resumed = False

    # ---- how many, and in which order ----------------------------------------------------------------------

    @property
    def samples(self) -> int | None:
        """How many samples there are; None for an iterable."""
        return len(self._data) if has_samples(self._data) else None

    def __len__(self) -> int:
        """The number of batches of an epoch."""
        if self.samples is None:
            raise TypeError("DataLoader: an iterable does not tell how many batches it has.")
        return self.samples // self.batch_size if self.drop_last else -(-self.samples // self.batch_size)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """The numbers of all samples in the order of an epoch, shape (n,)."""
        if self.samples is None:
            raise TypeError("DataLoader: an iterable has no order but its own.")
        if not self.shuffle:
            return np.arange(self.samples)
        return self._rng(whole("DataLoader: epoch", epoch, 0)).permutation(self.samples)

    def rows(self, number: int) -> slice:
        """The places in the order of an epoch that this part of a batch comes from."""
        return own_rows(self.part, *self._all_rows(number))

    def _all_rows(self, number: int) -> tuple[int, int]:
        """Where a batch of all parts begins in the order of an epoch, and where it ends."""
        end = (number + 1) * self.batch_size
        return number * self.batch_size, end if self.samples is None else min(end, self.samples)

    # ---- the batches ---------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """The number of the current epoch; assigning goes to the beginning of one."""
        return self._epoch

    @epoch.setter
    def epoch(self, value: int) -> None:
        self._epoch, self._batch, self._resumed = whole("DataLoader: epoch", value, 0), 0, False

    def _begin(self) -> tuple[int, int]:
        """The numbers of the epoch that begins or, after a state was loaded, goes on, and of its batch."""
        if self._batch and not self._resumed:
            self._epoch, self._batch = self._epoch + 1, 0
        self._resumed = False
        return self._epoch, self._batch

    def by_rows(self, epochs: int = 1, group: int = 1) -> Rows | None:
        """The next epoch as rows of arrays, to be gathered by others; None if batches are more than that.

        Several epochs begin at the beginning of one, and batches in groups between two groups.
        """
        plain = plain_arrays(self._data, self.dtype)
        if plain is None or self.collate_fn is not None or self.part[1] > 1:
            return None
        if self._batch and (epochs > 1 or (self._resumed and self._batch % group)):
            return None
        self._begin()
        return Rows(self, *plain, epochs, group, usual=type(self) is DataLoader)

    def __iter__(self) -> Iterator[Fields]:
        epoch, start = self._begin()
        batches = self._from_dataset if has_samples(self._data) else self._from_iterable
        for number, batch in enumerate(batches(epoch, start), start + 1):
            self._epoch, self._batch = epoch, number
            yield batch
        self._epoch, self._batch = epoch + 1, 0

    def _from_dataset(self, epoch: int, start: int) -> Iterator[Fields]:
        order = self.order(epoch) if self.shuffle else None
        for number in range(start, len(self)):
            rows = self.rows(number)
            some = slice(rows.start, max(rows.stop, rows.start + 1))  # a part without rows is cut from one
            batch = self._batch_of(epoch, number, some, order)
            yield batch if rows == some else cut(batch, slice(0))

    def _batch_of(self, epoch: int, number: int, rows: slice, order: Any) -> Any:
        """The rows of a batch, at least one."""
        if not isinstance(self._data, Batches):
            places = range(rows.start, rows.stop) if order is None else order[rows].tolist()
            return self._collated([self._data[i] for i in places], places)
        batch = self._taken(epoch, number, rows, order)
        if self.collate_fn is not None:
            return checked(self.collate_fn(list(zip(*batch))), self.dtype)
        return tuple(cast_floats(field, self.dtype) for field in batch)

    def _taken(self, epoch: int, number: int, rows: slice, order: Any) -> Fields:
        """Rows of arrays.  Random maps see the whole batch, so that each row comes out as in one process."""
        if not self._data.random:
            return self._data.take(rows if order is None else order[rows])
        start, stop = self._all_rows(number)
        whole_batch = slice(start, stop) if order is None else order[start:stop]
        batch = self._data.take(whole_batch, self._rng(epoch, number))
        return batch if self.part[1] == 1 else cut(batch, slice(rows.start - start, rows.stop - start))

    def _from_iterable(self, epoch: int, start: int) -> Iterator[Fields]:
        iterator = iter(self._data() if callable(self._data) else self._data)
        if iterator is self._data and epoch and not start:
            raise ArgumentError(
                f"DataLoader: epoch {epoch} cannot begin: an iterator has one epoch only.\n"
                "  Give a function that returns a new one, DataLoader(function), or a list."
            )
        first = start * self.batch_size
        for _ in islice(iterator, first):
            pass
        while samples := list(islice(iterator, self.batch_size)):
            if len(samples) == self.batch_size or not self.drop_last:
                own = own_rows(self.part, 0, len(samples))
                some = slice(own.start, max(own.stop, own.start + 1))
                batch = self._collated(samples[some], range(first + some.start, first + some.stop))
                yield batch if own == some else cut(batch, slice(0))
            first += len(samples)

    def _collated(self, samples: list[Any], places: Iterable[int]) -> Any:
        """The batch of some samples."""
        if self.collate_fn is None:
            return collated(samples, places, self.dtype)
        return checked(self.collate_fn(samples), self.dtype)

    def _rng(self, epoch: int, *batch: int) -> "np.random.Generator":
        """The generator of the order of an epoch, or of the random maps of a batch of it."""
        sequence = np.random.SeedSequence([self.seed, epoch], spawn_key=batch)
        return np.random.Generator(np.random.PCG64(sequence))

    # ---- state ---------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The place of the next batch, and what it depends on: seed, epoch, batch, samples, and the settings.

        Within a loop, that is the place after the batch which the loop has been given.
        """
        place = {"seed": self.seed, "epoch": self._epoch, "batch": self._batch}
        return place | {name: getattr(self, name) for name in SETTINGS}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the seed and the place of another loader over the same data.

        The next iteration goes on from there.  An iterable is read, and what comes before is left out.

        Parameters
        ----------
        state : mapping
            As `state_dict` returned it.

        Raises
        ------
        StateError
            If the samples or the settings are others, or it is no such state; nothing was changed.
        """
        problems = wrong_names(state, own := self.state_dict())
        for name in SETTINGS:
            if name in state and state[name] != own[name]:
                problems.append(f"{name}: expected {own[name]}, got {state[name]!r:.80}")
        place = []
        for name in ("seed", "epoch", "batch"):
            try:
                place.append(whole(f"DataLoader: {name}", state.get(name, 0), 0))
            except ArgumentError as error:
                problems.append(str(error))
        if not problems and self.samples is not None and place[2] > len(self):
            problems.append(f"batch: an epoch has {len(self)} batches, got {place[2]}")
        refuse_state("DataLoader", problems)
        self.seed, self._epoch, self._batch = place
        self._resumed = True

    def __repr__(self) -> str:
        data = repr(self._data) if isinstance(self._data, Batches) else type(self._data).__name__
        batches = "" if self.samples is None else f"{len(self)} batch{'es' * (len(self) != 1)} of "
        order = f"shuffled by seed {self.seed}" if self.shuffle else "in order"
        dropped = ", last short batch dropped" * self.drop_last
        part = ", part {} of {}".format(*self.part) if self.part[1] > 1 else ""
        return f"DataLoader({data}, {batches}{self.batch_size}, {order}{dropped}{part}, epoch {self._epoch})"
