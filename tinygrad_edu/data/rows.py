"""Rows: what is left of an epoch whose batches are rows of arrays, for whoever gathers them himself."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Rows:
    """The batches of an epoch from one of them on, and how far it has come.

    Parameters
    ----------
    loader : DataLoader
        It is told how far the epoch is, as if it had given the batches itself.
    arrays : tuple of ndarray
        In C order, with a row for each sample.
    """

    def __init__(self, loader: Any, arrays: tuple[NDArray[Any], ...], epoch: int, batch: int) -> None:
        self.loader, self.arrays, self.epoch, self.batch = loader, arrays, epoch, batch
        self.size, self.count, self.samples = loader.batch_size, len(loader), loader.samples
        self.order = loader.order(epoch) if loader.shuffle else None

    @property
    def left(self) -> int:
        """How many batches there are still to come."""
        return self.count - self.batch

    def alike(self) -> tuple[int, int]:
        """How many of the next batches have the same number of rows, and that number."""
        full = self.samples // self.size - self.batch
        return (full, self.size) if full > 0 else (1, self.samples % self.size)

    def numbers(self, rows: int) -> tuple[int, NDArray[np.intp] | None]:
        """The number of the next row, and those of so many; None if they follow one another."""
        first = self.batch * self.size
        return first, None if self.order is None else self.order[first : first + rows]

    def taken(self, number: int, rows: int) -> NDArray[Any]:
        """The next rows of an array."""
        first, numbers = self.numbers(rows)
        return self.arrays[number][first : first + rows] if numbers is None else self.arrays[number][numbers]

    def next(self) -> tuple[NDArray[Any], ...]:
        """The next batch."""
        size = self.alike()[1]
        return tuple(self.taken(k, size) for k in range(len(self.arrays)))

    def advance(self, batches: int) -> None:
        """Go on: so many batches are done."""
        self.batch += batches
        self.loader._epoch, self.loader._batch = self.epoch, self.batch

    def end(self) -> None:
        """Go to the beginning of the next epoch."""
        self.loader._epoch, self.loader._batch = self.epoch + 1, 0
