"""Sums in NumPy's order: where it adds along memory, and where it gathers what it adds in a buffer first."""

from collections.abc import Container, Sequence
from functools import cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray


def room_of(sizes: Sequence[int]) -> int:
    """How many numbers NumPy gathers, and then sums pairwise, of nested loops that do not run along memory.

    Each such part is added to the sum of those before.
    """
    whole, buffer = prod(sizes), np.getbufsize()
    if whole <= buffer:
        return whole
    if not keeps_rows_whole():
        return buffer
    core = sizes[-1]  # of the loops inside of all, as many as fit
    for n in reversed(sizes[:-1]):
        if core * n > buffer:
            break
        core *= n
    return core * max(buffer // core, 1)


def buffers_matter(array: NDArray[Any], folded: Container[int], least: int) -> bool:
    """Whether the bits of a sum along some axes may be others in buffers of another size, from a least on."""
    loops = sorted((abs(s), axis) for axis, s in enumerate(array.strides) if array.shape[axis] > 1)
    if array.size <= least or not loops or loops[0][1] not in folded:
        return False  # in one buffer, or number by number
    if not keeps_rows_whole():
        return True
    inner: list[list[int]] = []  # the strides and sizes of loops inside of all that are kept, joined if one
    for _, axis in loops:
        stride, size = array.strides[axis], array.shape[axis]
        if axis not in folded:
            break
        if inner and inner[-1][0] * inner[-1][1] == stride:
            inner[-1][1] *= size
        else:
            inner.append([stride, size])
    return len(inner) > 1 and prod(size for _, size in inner) > least


@cache
def beginning() -> str:
    """With what NumPy begins a sum of floats, 0 or -0: whether the sum of -0 is that, its answer tells."""
    return str(np.add.reduce(np.array([-0.0, -0.0])))


@cache
def keeps_rows_whole() -> bool:
    """Whether NumPy's buffer ends with a row, as from 2.3 on, or anywhere; which its answer tells."""
    rows = np.cos(np.arange(24_000, dtype=np.float32)).reshape(600, 40)[:, :39]
    total, numbers = np.float32(0), rows.ravel()
    size = np.getbufsize() // 39 * 39
    for start in range(0, len(numbers), size):
        total += np.add.reduce(numbers[start : start + size])
    return bool(total == np.add.reduce(rows, axis=None))


@cache
def turns_around() -> bool:
    """Whether NumPy goes along memory if rows lie backwards in it and are summed into an array that is there.

    It does before 2.3.
    """
    rows, out = np.array([[1, 1], [1e8, 1e8], [-1e8, -1e8]], np.float32), np.zeros(2, np.float32)
    return bool(np.add.reduce(rows[::-1], axis=0, out=out)[0] == 0)
