"""Sums of arrays and of products of arrays along axes, taken in the order of memory.

Images lie with the batch last, (c, h, w, n), though their axes are (n, c, h, w): so all but the channels is
one stretch of memory.  A sum over the last axes in memory is a product of matrices, and a sum of products is
made of dot products, which need no array of the products.
"""

import math
from typing import Any

import numpy as np
from numpy import add  # by name, which is looked up faster

from .blocks import NARROW
from .pieces import MANY

ROW = 1024  # elements, along which NumPy broadcasts at full speed


def sum_along(axes: tuple[int, ...], x: Any) -> Any:
    """Σ x over some axes, numbers from 0 on, which stay, with length 1."""
    return _summed(axes, x)


def dot_along(axes: tuple[int, ...], x: Any, y: Any) -> Any:
    """Σ x y over some axes, numbers from 0 on, which stay, with length 1; x and y have one shape."""
    return _summed(axes, x, y)


def sum_to(shape: tuple[int, ...], x: Any, *others: Any) -> Any:
    """Σ x, or Σ x y, over all axes along which an array of that shape is broadcast to x."""
    extra = x.ndim - len(shape)
    if extra and shape == x.shape[extra:]:  # the usual case of a layer's features, without a further look
        return sum_of_first(extra, x * others[0] if others else x)
    spread = (i for i, n in enumerate(shape, extra) if n == 1 and x.shape[i] != 1)
    return np.reshape(_summed((*range(extra), *spread), x, *others), shape)


def sum_of_first(count: int, x: Any) -> Any:
    """Σ x over so many first axes."""
    if count == 0 or not is_in_order(x):
        return np.add.reduce(x, axis=tuple(range(count)))
    return np.reshape(
        sum_of_rows(np.reshape(x, (math.prod(x.shape[:count]), math.prod(x.shape[count:])))), x.shape[count:]
    )


def sum_of_rows(x: Any) -> Any:
    """(n, m) to (m,): of many rows by a product with ones, which is faster than NumPy's sum of rows."""
    if x.shape[0] < 256 or x.dtype.kind not in "fc":
        return add.reduce(x, 0)
    return np.matmul(np.ones_like(x, shape=x.shape[:1]), x)


def along_rows(x: Any, weight: Any) -> Any:
    """Σ w x along rows, (m, n) to (m, 1), with w (n,): of each row by itself, unless it is narrow."""
    if x.dtype.char in "fd" and x.shape[1] >= NARROW:
        return np.vecdot(x, weight)[:, None]
    return np.matmul(x, weight)[:, None]


def _summed(axes: tuple[int, ...], *factors: Any) -> Any:
    """Σ of one array, or of the product of two, over axes that stay."""
    x = factors[0]
    if axes == (x.ndim - 1,) and x.dtype.char in "fd":  # as a short way for layers
        if len(factors) == 2 and factors[1].dtype == x.dtype:
            return np.vecdot(*factors)[..., None]
        if len(factors) == 1 and x.ndim == 2 and x.size >= MANY:
            return np.matmul(x, np.ones_like(x, shape=x.shape[1:]))[:, None]
    wide = axes == (0,) and x.ndim == 2 and x.shape[1] >= NARROW and x.size >= MANY
    if wide and len(factors) == 2 and x.dtype.char in "fdFD":
        return np.einsum("ij,ij->j", *factors)[None]  # without an array of the products
    order = in_memory(x)
    if order is None:
        return _sums_in_order(axes, *factors)
    places = tuple(place for place, axis in enumerate(order) if axis in axes)
    sums = _sums_in_order(places, *(np.transpose(factor, order) for factor in factors))
    return np.transpose(sums, sorted(range(x.ndim), key=order.__getitem__))


def _sums_in_order(axes: tuple[int, ...], *factors: Any) -> Any:
    """The same for arrays whose axes are in the order of memory."""
    x, shape = factors[0], factors[0].shape
    last = len(shape)
    while last - 1 in axes:  # the last axes, as far as they are summed over
        last -= 1
    others = tuple(axis for axis in axes if axis < last)
    if last < len(shape) and (len(factors) == 2 or x.size >= MANY):
        n = math.prod(shape[last:])
        x, *y = (np.reshape(factor, (math.prod(shape[:last]), n)) for factor in factors)
        # Rows times columns are dot products, without the conjugate that np.vecdot takes.
        sums = np.matmul(x[:, None, :], y[0][:, :, None]) if y else np.matmul(x, np.ones_like(x, shape=(n,)))
        sums = np.reshape(sums, (*shape[:last], *[1] * (len(shape) - last)))
        return np.add.reduce(sums, axis=others, keepdims=True) if others else sums
    x = x if len(factors) == 1 else x * factors[1]
    start, stop = (axes[0], axes[-1] + 1) if axes else (0, 0)
    if x.size < MANY or axes != tuple(range(start, stop)) or x.dtype.char not in "fdFD":
        return np.add.reduce(x, axis=axes, keepdims=True)
    n = math.prod(shape[start:stop])
    columns = np.reshape(x, (math.prod(shape[:start]), n, math.prod(shape[stop:])))
    return np.reshape(
        np.matmul(np.ones_like(x, shape=(n,)), columns), (*shape[:start], *[1] * len(axes), *shape[stop:])
    )


def in_long_rows(axes: tuple[int, ...], x: Any, *statistics: Any) -> list[Any]:
    """x and statistics of it, of length 1 along the axes, so that they broadcast in long rows.

    (m, n, c) with the statistics (m, 1, c) of short columns becomes (m, n / k, k c), with k copies of these.
    """
    if axes != (1,) or x.ndim != 3 or x.shape[2] >= ROW or not is_in_order(x):
        return [x, *statistics]
    m, n, c = x.shape
    k = next(k for k in range(max(1, ROW // max(c, 1)), 0, -1) if n % k == 0)
    return [np.reshape(x, (m, n // k, k * c)), *(np.tile(s, (1, 1, k)) for s in statistics)]


def batch_last(x: Any) -> Any:
    """(n, c, ...) as (c, ..., n)."""
    return np.transpose(x, (*range(1, x.ndim), 0))


def batch_first(x: Any) -> Any:
    """(c, ..., n) as (n, c, ...)."""
    return np.transpose(x, (x.ndim - 1, *range(x.ndim - 1)))


def is_in_order(x: Any) -> bool:
    """Whether the axes of x are in the order of memory, or x tells nothing of it."""
    return not hasattr(x, "flags") or x.flags.c_contiguous


def in_memory(x: Any) -> tuple[int, ...] | None:
    """The axes of x in the order of memory, the fastest one last; None if that is the order they have, or x
    tells nothing of it.
    """
    if is_in_order(x):
        return None
    return tuple(sorted(range(x.ndim), key=lambda axis: -abs(x.strides[axis])))
