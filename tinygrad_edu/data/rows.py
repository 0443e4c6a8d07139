"""Rows: what is left of an epoch whose batches are rows of arrays, for whoever gathers them himself.

Several batches that make one step may be gathered at once; they count as one batch here.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..trees import flatten
from .dataset import ArrayDataset
from .fields import Fields


def plain_arrays(
    data: Any, dtype: np.dtype[Any] | None
) -> tuple[list[NDArray[Any]], Callable[[Iterable[Any]], Any]] | None:
    """The arrays that batches are rows of, and what builds a batch of theirs; None if there is more to it."""
    arrays, build = flatten(data.arrays if type(data) is ArrayDataset else ())
    plain = all(type(a) is np.ndarray and a.flags.c_contiguous for a in arrays)
    converted = dtype is None or all(a.dtype == dtype for a in arrays if a.dtype.kind == "f")
    return (arrays, build) if arrays and plain and converted else None


class Rows:
    """The batches of an epoch, or of several, from one of them on, and how far they have come.

    Parameters
    ----------
    loader : DataLoader
        It is told how far the epochs are, as if it had given the batches itself.
    arrays : list of ndarray
        In C order, with a row for each sample.
    build : callable
        Makes the fields of a batch of its arrays.
    epochs : int
        How many.
    group : int, default=1
        How many batches of the loader are one here; the last one of an epoch may be of fewer.
    usual : bool, default=False
        Whether the orders are those of a DataLoader's seed, and not of a subclass of it.

    Attributes
    ----------
    period : int
        The number of rows of an epoch.
    """

    def __init__(
        self,
        loader: Any,
        arrays: list[NDArray[Any]],
        build: Callable[[Iterable[Any]], Any],
        epochs: int,
        group: int = 1,
        usual: bool = False,
    ) -> None:
        self.loader, self.arrays, self.build = loader, arrays, build
        self.epochs, self.group, self.usual = epochs, group, usual
        self.size, self.samples, self.batches = loader.batch_size * group, loader.samples, len(loader)
        self.epoch, self.batch, self.count = loader._epoch, loader._batch // group, -(-self.batches // group)
        self.last, self.period = self.epoch + epochs, min(self.samples, self.batches * loader.batch_size)
        self._first, self._orders = self.epoch, np.empty((0, self.samples), np.intp)  # of epochs, in rows

    @property
    def left(self) -> int:
        """How many batches there are still to come."""
        return (self.last - self.epoch) * self.count - self.batch

    @property
    def ends_short(self) -> bool:
        """Whether the last batch of an epoch has fewer rows than the others."""
        return bool(self.period < self.count * self.size)

    @property
    def parts(self) -> list[int]:
        """How many rows each of the loader's batches has that are the next one here."""
        rows, size = self.alike()[1], self.size // self.group
        return [min(size, rows - first) for first in range(0, rows, size)] if rows > size else [rows]

    def sizes(self, batches: int) -> NDArray[np.intp]:
        """How many rows each of the next batches has."""
        if not self.ends_short:
            return np.full(batches, self.size)
        numbers = np.arange(self.batch, self.batch + batches) % self.count
        return np.minimum(self.size, self.period - numbers * self.size)

    def alike(self) -> tuple[int, int]:
        """How many of the next batches have the same number of rows, and that number."""
        whole = self.period // self.size
        if self.epochs > 1 and whole == self.count:
            return self.left, self.size
        return (whole - self.batch, self.size) if self.batch < whole else (1, self.period % self.size)

    @property
    def shuffled(self) -> tuple[int, int, int] | None:
        """The seed of the orders of several whole epochs, the first of them, and how many rows each has.

        It is None of one epoch, which may take several calls, and of a loader that has orders of its own.
        """
        seeded = self.usual and self.loader.shuffle and self.last <= 1 << 32
        several = self.epochs > 1 and not self.batch
        return (self.loader.seed, self.epoch, self.samples) if seeded and several else None

    def numbers(self, rows: int, orders: Any = None) -> tuple[int, NDArray[np.intp] | None]:
        """The number of the next row, and those of so many; None if they follow one another, and begin again
        after ``period`` of them, at the end of a batch.

        ``orders()`` gives the orders of a seed's epochs, ``(epochs, samples)``, sooner than the loader does,
        if it is not None.
        """
        first, used = self.batch * self.size, self.period
        if not self.loader.shuffle:
            whole = first + rows <= used or not used % self.size
            return first, None if whole else np.arange(first, first + rows) % used
        epochs = range(self.epoch, self.epoch - (-(first + rows) // used))
        found = self._orders_of(epochs, orders)[:, :used].reshape(-1)
        return first, found[first : first + rows]

    def _orders_of(self, epochs: range, orders: Any) -> NDArray[np.intp]:
        known = range(self._first, self._first + len(self._orders))
        if epochs.start not in known or epochs[-1] not in known:
            quick = orders() if orders and self.usual and epochs.stop <= 1 << 32 else None
            made = quick(self.loader.seed, epochs, self.samples) if quick else self._by_loader(epochs)
            self._first, self._orders = epochs.start, made
        return self._orders[epochs.start - self._first : epochs.stop - self._first]

    def _by_loader(self, epochs: range) -> NDArray[np.intp]:
        return np.stack([self.loader.order(epoch) for epoch in epochs])

    def taken(self, number: int, rows: int) -> NDArray[Any]:
        """The next rows of an array."""
        first, numbers = self.numbers(rows)
        return self.arrays[number][first : first + rows] if numbers is None else self.arrays[number][numbers]

    def next(self) -> Fields:
        """The next batch."""
        size = self.alike()[1]
        batch: Fields = self.build(self.taken(k, size) for k in range(len(self.arrays)))
        return batch

    def advance(self, batches: int) -> None:
        """Go on: so many batches are done."""
        self.batch += batches
        if self.epochs > 1:  # the next iteration goes on from where these are left
            done, self.batch = divmod(self.batch, self.count)
            self.epoch += done
            self.loader._resumed = self.batch > 0
        self.loader._epoch = self.epoch
        self.loader._batch = min(self.batch * self.group, self.batches)

    def end(self) -> None:
        """Go to the beginning of the next epoch, after the last batch of one."""
        self.loader._epoch, self.loader._batch = self.epoch + 1, 0
