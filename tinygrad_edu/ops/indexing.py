"""Items: reading, writing, and their adjoints.

Reading an item is a gather; its adjoint adds the gradient back where the item was read (`scatter`), and the adjoint of
that is reading again.  An element that is read several times gets the sum.
"""

from typing import Any

import numpy as np

from .broadcast import unbroadcast
from .table import composite, primitive


def plain(key: Any) -> Any:
    """A key of integers, slices, arrays, None and Ellipsis: tensors and lists in it become arrays."""
    if isinstance(key, tuple):
        return tuple(map(plain, key))
    if key is None or key is Ellipsis or isinstance(key, (int, slice, np.ndarray, np.generic)):
        return key
    return np.asarray(key, dtype=None if key != [] else np.intp) if isinstance(key, list) else np.asarray(key)


def is_basic(key: Any) -> bool:
    """Whether a key selects no element twice: integers and slices only."""
    keys = key if isinstance(key, tuple) else (key,)
    return all(k is None or k is Ellipsis or (isinstance(k, (int, slice, np.integer)) and not isinstance(k, (bool, np.bool_))) for k in keys)


# fmt: off
@primitive(x=lambda g, x_shape, key: scatter(g, key, x_shape))  # type: ignore[has-type]  # each the other's adjoint
def getitem(x: Any, key: Any) -> Any:
    return x[key]

@primitive(values=lambda g, key: getitem(g, key))
def scatter(values: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of the given shape, to which ``values`` are added at the key."""
    total = np.zeros_like(values, shape=shape)
    if is_basic(key):
        total[key] = values
    else:
        np.add.at(total, key, values)
    return total

@primitive(x=lambda g, key: setitem(g, key, 0),  # type: ignore[has-type]  # its own adjoint, with a zero
           value=lambda g, key, value_shape: fitted(last_writers(g, key), value_shape))
def setitem(x: Any, key: Any, value: Any) -> Any:
    """A copy of x in which the item at the key is ``value``."""
    copy = np.copy(x)
    copy[key] = value
    return copy
# fmt: on


def last_writers(g: Any, key: Any) -> Any:
    """g at the key, with zeros for the values of an assignment that a later one overwrote: a key may name an element twice."""
    item = getitem(g, key)
    if is_basic(key):
        return item
    writers = np.reshape(np.arange(item.size), item.shape)
    last = np.zeros(g.shape, dtype=np.intp)
    last[key] = writers
    return np.where(last[key] == writers, item, 0)


def fitted(g: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of NumPy's assignment, which drops leading axes of length 1 and broadcasts the rest."""
    return unbroadcast(np.reshape(g, (1,) * (len(shape) - g.ndim) + g.shape), shape)


@composite(np.take)
def _take(a: Any, indices: Any, axis: int | None = None, out: None = None, mode: str = "raise") -> Any:
    a, axis = (np.reshape(a, -1), 0) if axis is None else (a, axis % a.ndim)
    indices, n = plain(indices) if not isinstance(indices, int) else indices, a.shape[axis]
    if getattr(getattr(indices, "dtype", None), "kind", "") == "b":
        indices = indices.astype(np.intp)  # to np.take these are the numbers 0 and 1
    if mode != "raise":
        indices = np.clip(indices, 0, n - 1) if mode == "clip" else np.remainder(indices, n)
    return a[(*[slice(None)] * axis, indices)]


@composite(np.take_along_axis)
def _take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    if axis is None:
        return np.reshape(arr, -1)[plain(indices)]
    axis %= arr.ndim
    ranges = [np.reshape(np.arange(n), [-1 if j == i else 1 for j in range(arr.ndim)]) for i, n in enumerate(arr.shape)]
    return arr[(*ranges[:axis], plain(indices), *ranges[axis + 1 :])]


@composite(np.compress)
def _compress(condition: Any, a: Any, axis: int | None = None, out: None = None) -> Any:
    return np.take(a, np.flatnonzero(condition), axis=axis)


@composite(np.extract)
def _extract(condition: Any, arr: Any) -> Any:
    return np.reshape(arr, -1)[np.flatnonzero(condition)]


@composite(np.diagonal)
def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    a = np.moveaxis(a, (axis1, axis2), (-2, -1))
    n = max(0, min(a.shape[-2] + min(offset, 0), a.shape[-1] - max(offset, 0)))
    i = np.arange(n)
    return a[..., i - min(offset, 0), i + max(offset, 0)]


@composite(np.trace)
def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1)


@composite(np.tril)
def _tril(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(*m.shape[-2:], k=k, dtype=bool), m, 0)


@composite(np.triu)
def _triu(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(*m.shape[-2:], k=k - 1, dtype=bool), 0, m)
