"""Elementwise formulas of large arrays, computed block by block, so that what is between stays in the cache.

A formula of a dozen NumPy calls writes a dozen arrays and reads them again.  Of half a million elements each
of them goes through main memory; of a block it does not, and a few pieces of memory serve for all blocks.
The values are the same, bit for bit.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

import numpy as np

from ..arrays import stands_for_array
from .recipe import Recipe

LEAST = 1 << 17  # bytes of an array; of smaller ones a formula takes no longer as it stands
BLOCK = 1 << 20  # bytes of an array's part: a few of them fit in a third-level cache
ROWS = 1 << 20  # of an array of rows: no less, as what is broadcast along a row takes its time for each
SMALL = 1 << 14  # bytes of an array; of smaller ones the time is that of calls, whatever the buffers
LONG = 512  # elements of a row, and of NumPy's buffers then, see `unbuffered`
NARROW = 32  # elements of a row; of shorter ones it is that time that counts, and blocks spare none of it


def blockwise(formula: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of an elementwise formula of arrays, which may take numbers too, and return several arrays.

    Arrays of more than ``LEAST`` bytes, which have one shape and lie in memory alike, are computed by blocks;
    all others, and tensors, as the formula says.
    """

    @lru_cache(maxsize=32, typed=True)
    def recipe(*kinds: Any) -> Recipe | None:
        try:
            return Recipe(formula, kinds)
        except (TypeError, AttributeError):
            return None  # it is of more than calls of ufuncs

    @wraps(formula)
    def computed(*arguments: Any) -> Any:
        first = arguments[0]
        if type(first) is not np.ndarray or first.nbytes <= LEAST:
            return formula(*arguments)
        found = _vectors(arguments)
        if found is None:
            return formula(*arguments)
        like, vectors = found
        calls = recipe(*[v.dtype if isinstance(v, (np.ndarray, np.generic)) else v for v in vectors])
        if calls is None:
            return formula(*arguments)
        return calls.compute(vectors, like, BLOCK // like.itemsize)

    return computed


def _vectors(arguments: tuple[Any, ...]) -> tuple[Any, list[Any]] | None:
    """One of the arrays, and all of them as vectors in the order of memory; None if they do not lie alike.

    Numbers stay as they are, and an array of one number, as the gradient of a sum is, becomes that number.
    """
    like, vectors = None, []
    for value in arguments:
        if type(value) is np.ndarray:
            if value.shape == arguments[0].shape and not any(value.strides):
                value = value[(0,) * value.ndim]
            else:
                like = value if like is None else like
                if value.strides != like.strides or value.shape != like.shape:
                    return None
                value = value.ravel("K")
                if value.base is None:  # it is a copy
                    return None
        elif hasattr(value, "__array_function__") and not isinstance(value, np.generic):
            return None
        vectors.append(value)
    return None if like is None else (like, vectors)


def rowwise(formula: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a formula of rows, each by itself: many rows are computed by blocks.

    It takes arrays of rows, (m, n), (m, 1) or of more axes; arrays (n,) or (1, n) and numbers that are the
    same for all rows; at the end, if they are there, the arrays to write its rows into.  It returns a tuple:
    arrays of rows, then arrays (n,), sums over the rows, which are added up over the blocks; or None, if it
    writes into what it is given.  What it sums along a row it sums by `numpy.vecdot` or a ufunc's ``reduce``,
    to which other rows make no difference.
    """

    @wraps(formula)
    def computed(*arguments: Any) -> Any:
        first = arguments[0]
        if not (type(first) is np.ndarray or stands_for_array(first)) or first.nbytes <= ROWS:
            return formula(*arguments)
        are_rows = [_is_of_rows(a, first) for a in arguments]
        if first.ndim < 2 or first.shape[-1] < NARROW or None in are_rows:
            return formula(*arguments)
        return _by_rows(formula, first, arguments, are_rows)

    return computed


def unbuffered(formula: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a formula of rows, the first argument, along which others are broadcast.

    Where a row is shorter than half of NumPy's buffers, NumPy copies what it broadcasts into one, again and
    again: that takes half as long as to add or multiply, and eight times as long where buffer and result
    happen to lie a multiple of 4096 bytes apart.  So the buffers are no longer than a row meanwhile, unless
    it is so short that a copy of many is faster.  The values are the same.
    """

    @wraps(formula)
    def computed(*arguments: Any) -> Any:
        first = arguments[0]
        if type(first) is not np.ndarray or first.nbytes <= SMALL or first.shape[-1] < LONG:
            return formula(*arguments)
        before = np.setbufsize(LONG)
        try:
            return formula(*arguments)
        finally:
            np.setbufsize(before)

    return computed


def _by_rows(
    formula: Callable[..., Any], first: Any, arguments: tuple[Any, ...], are_rows: list[bool | None]
) -> Any:
    """The formula of each block, put together.

    The compiler, which traces, computes all rows at once; it needs blocks only for sums to round alike.
    """
    m, is_traced = first.shape[0], type(first) is not np.ndarray

    def cut(start: int, stop: int) -> list[Any]:
        return [a[start:stop] if rows else a for a, rows in zip(arguments, are_rows)]

    found = formula(*(arguments if is_traced else cut(0, 0)))  # of no rows: what shapes and dtypes come out
    rows, sums = [a for a in found or () if a.ndim == first.ndim], list[Any]()
    if is_traced and (found is None or len(rows) == len(found)):
        return found
    made = [] if is_traced else [np.empty((m, *a.shape[1:]), a.dtype) for a in rows]
    few = max(1, ROWS * m // first.nbytes)
    for start in range(0, m, few):
        parts = formula(*cut(start, start + few), *[a[start : start + few] for a in made])
        more = parts[len(rows) :] if found else ()
        sums = [a + b for a, b in zip(sums, more)] if sums else list(more)
    return (*(made or rows), *sums)


def _is_of_rows(value: Any, first: Any) -> bool | None:
    """Whether it has rows as the first array has; None of what cannot be computed by blocks, or not faster.

    That are arrays of other libraries, of other dtypes, or whose rows do not follow each other in memory.
    """
    if type(value) is not np.ndarray and not stands_for_array(value):
        foreign = hasattr(value, "__array_function__") and not isinstance(value, np.generic)
        return None if foreign else False
    if value.dtype.char not in "fd" or not value.flags.c_contiguous:
        return None
    return value.ndim == first.ndim and value.shape[0] == first.shape[0]
