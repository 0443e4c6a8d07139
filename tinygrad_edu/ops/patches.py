"""Windows on images as matrices, a few at a time: what a convolution multiplies by its kernels.

A column of such a matrix is what one window sees.  Windows below each other see rows of the image in common:
with these outermost, (rows, c, kw, positions), the matrices of all windows are pieces of one memory that
overlap, and an image is copied kw times and not kh · kw times.  Where rows are short or windows few, each
window has a copy of its own in one matrix; and large kernels over few windows keep their order of axes.

The copies are made in memory that fits the processor's cache and is used again; those for a whole batch,
kh · kw times the images, never exist together.
"""

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .window import Pair, Windows, steps

CACHE = 1 << 21  # bytes of copies at a time
SMALL = 10**6  # multiplications: up to so many, BLAS takes matrices as they lie, and does not rearrange them
NARROW, WIDE = 64, 512  # columns of a matrix: with fewer BLAS is slow; so many are worth being rearranged
LARGE, FEW = 1 << 15, 1 << 11  # numbers in kernels that are not worth a copy, for fewer windows than FEW

Block = tuple[slice, Any, Any]


def order_of(o: int, depth: int, positions: int) -> tuple[int, int, int]:
    """In what order matrices of windows have the axes of kernels (o, c, kh, kw), a (o, depth) matrix."""
    return (1, 2, 3) if o * depth >= LARGE and positions < FEW else (2, 1, 3)


def in_one(rows: int, columns: int, n: int) -> bool:
    """Whether the windows on several rows make one matrix: if it is narrow otherwise, or they are few."""
    return columns * n < NARROW or rows * columns * n <= 4 * WIDE


def in_blocks(x: Any, y: Any, windows: Windows, groups: int) -> Iterator[Block]:
    """Windows on images (c, h, w, n), some at a time, beside their part of outputs (o, rows, columns, n).

    Yields
    ------
    which : slice
        Some of the groups.
    seen : array of shape (..., which, kh · c/groups · kw, positions)
        What the windows see, in memory that is used again; the kernel's axes are in the order of `order_of`.
    outputs : array of shape (..., which, o/groups, positions)
        A view of their outputs, to be read or written.
    """
    (c, h, w, n), (o, rows, columns, _) = x.shape, y.shape
    x = np.reshape(x, (groups, c // groups, h, w, n))
    y = np.reshape(y, (groups, o // groups, rows, columns, n))
    if windows.kernel == windows.stride == (1, 1) and windows.framed((h, w)) == (h, w):
        every = rows * columns * n
        yield slice(None), np.reshape(x, (*x.shape[:2], every)), np.reshape(y, (*y.shape[:2], every))
        return
    order = order_of(o // groups, c // groups * math.prod(windows.kernel), rows * columns * n)
    if order == (1, 2, 3) or in_one(rows, columns, n):
        yield from over_rows(x, y, windows, order)
    else:
        yield from row_by_row(x, y, windows)


def over_rows(x: Any, y: Any, windows: Windows, order: tuple[int, ...]) -> Iterator[Block]:
    """Products of several rows of windows each, of which every window has a copy of its own."""
    (groups, c, h, w, n), (_, o, rows, columns, _), (kh, kw) = x.shape, y.shape, windows.kernel
    (down, right), (dh, dw) = windows.stride, windows.dilation
    depth, row_of = c * kh * kw, columns * n
    if (size := windows.framed((h, w))) != (h, w):
        frame = np.zeros_like(x, order="C", shape=(groups, c, *size, n))
        frame[:, :, *windows.inner((h, w))] = x
        x = frame
    few = rows_at_once(rows, groups * depth * row_of * x.dtype.itemsize)
    kernel = [(groups, c, kh, kw)[axis] for axis in (0, *order)]
    memory = np.empty_like(x, order="C", shape=(*kernel, few, columns, n))
    places = np.transpose(memory, (0, *order, 4, 5, 6))  # (groups, c, kh, kw, rows, columns, n)
    seen = np.reshape(memory, (groups, depth, few * row_of))
    every = every_window(x, windows, rows, columns)
    for row in range(0, rows, few):
        some = y[:, :, row : row + few]
        r = some.shape[2]
        if every is not None:
            places[..., :r, :, :] = every[..., row : row + r, :, :]
        else:
            for i, j in product(range(kh), range(kw)):
                there = steps(row * down + i * dh, r, down), steps(j * dw, columns, right)
                places[:, :, i, j, :r] = x[:, :, *there]
        yield slice(None), seen[..., : r * row_of], np.reshape(some, (groups, o, r * row_of))


def every_window(x: Any, windows: Windows, rows: int, columns: int) -> Any:
    """A view of what all windows see on images with their padding, (groups, c, kh, kw, rows, columns, n).

    To copy it takes half as long as to copy what they have in each place.  None of other arrays than NumPy's.
    """
    if type(x) is not np.ndarray or not x.flags.c_contiguous:
        return None
    (groups, c, _, _, n), (g, of_c, h, w, of_n) = x.shape, x.strides
    (down, right), (dh, dw) = windows.stride, windows.dilation
    strides = (g, of_c, dh * h, dw * w, down * h, right * w, of_n)
    return np.ndarray((groups, c, *windows.kernel, rows, columns, n), x.dtype, x, 0, strides)


def row_by_row(x: Any, y: Any, windows: Windows) -> Iterator[Block]:
    """Products of one row of windows each, or of a part of it, on rows of the images that lie outermost."""
    (groups, c, *_, n), (_, o, rows, columns, _), (kh, kw) = x.shape, y.shape, windows.kernel
    (down, _), (dilation, _), (reach, _) = windows.stride, windows.dilation, windows.reach
    depth, itemsize, x = c * kh * kw, x.dtype.itemsize, np.swapaxes(x, 1, 2)
    few = columns_at_once(o, depth, columns, n, itemsize)
    line = max(1, c * kw * few * n * itemsize)  # bytes of a row
    many = rows == 1 and columns % few == 0  # of sequences, several products side by side
    wide = min(columns, few * max(1, CACHE // line)) if many else few
    few_groups = evenly(groups, CACHE // (line * (wide // few) * ((rows - 1) * down + reach)))
    few_rows = evenly(rows, (CACHE // (line * few_groups) - reach) // down + 1)
    high = (few_rows - 1) * down + reach
    lines = np.empty_like(x, order="C", shape=(few_groups, high, c, kw, wide, n))
    tall = sliding_window_view(lines, reach, axis=1)[:, ::down, ..., ::dilation]
    tall = np.transpose(tall, (1, 0, 6, 2, 3, 4, 5))  # (rows, groups, kh, c, kw, columns, n)
    for column, row in product(range(0, columns, wide), range(0, rows, few_rows)):
        parts = around_cleared(lines, x.shape, (row, column), windows)
        for group in range(0, groups, few_groups):
            which = slice(group, group + few_groups)
            images, some = x[which], y[which, :, row : row + few_rows, column : column + wide]
            g, _, r, q, _ = some.shape
            for here, there in parts:
                lines[:g][here] = images[there]
            side_by_side = max(1, q // few), min(q, few) * n
            seen = np.reshape(tall[:r, :g, ..., :q, :], (r, g, depth, *side_by_side))
            outputs = np.reshape(some, (g, o, r, *side_by_side))
            yield which, np.transpose(seen, (0, 3, 1, 2, 4)), np.transpose(outputs, (2, 3, 0, 1, 4))


def around_cleared(lines: Any, shape: tuple[int, ...], window: Pair, windows: Windows) -> list[Any]:
    """Zeros for padding in lines (groups, rows, c, kw, columns, n) from a window on, and what goes between.

    For each column of the kernel that is where in the lines which part of images (groups, h, c, w, n) goes.
    """
    (row, column), (down, right), ((top, _), (left, _)) = window, windows.stride, windows.padding
    rows, found = inside(row * down - top, 1, lines.shape[1], shape[1]), []
    lines[:, : rows[0].start] = 0
    lines[:, rows[0].stop :] = 0
    for j in range(windows.kernel[1]):
        start = column * right + j * windows.dilation[1] - left
        columns = inside(start, right, lines.shape[4], shape[3])
        lines[:, :, :, j, : columns[0].start] = 0
        lines[:, :, :, j, columns[0].stop :] = 0
        found.append((np.s_[:, rows[0], :, j, columns[0]], np.s_[:, rows[1], :, columns[1]]))
    return found


def inside(start: int, step: int, count: int, length: int) -> tuple[slice, slice]:
    """Which of ``count`` steps from ``start`` on are on an axis of a length, and where there."""
    low = min(max(0, -(start // step)), count)
    high = max(low, min(count, -((start - length) // step)))
    return slice(low, high), steps(start + low * step, high - low, step)


def rows_at_once(rows: int, size: int) -> int:
    """Over how many rows one product goes, by the bytes that the windows on a row see."""
    return evenly(rows, CACHE // max(1, size))


def columns_at_once(o: int, depth: int, columns: int, n: int, itemsize: int) -> int:
    """On how many columns of windows a product (o, depth) by (depth, columns · n) works."""
    positions = min(SMALL // max(1, o * depth), CACHE // max(1, 4 * depth * itemsize))
    return evenly(columns, max(WIDE, positions) // max(1, n))


def evenly(count: int, most: int) -> int:
    """How many of a count to take at a time, at most so many: so that none remain, if half as many do."""
    if 0 < count <= most:
        return count
    pieces = -(-count // max(1, min(count, most)))
    pieces = next((p for p in range(pieces, min(2 * pieces, count) + 1) if count % p == 0), pieces)
    return -(-count // pieces)
