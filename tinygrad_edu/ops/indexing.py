"""Items: reading, writing, and their adjoints.

Reading an item is a gather; its adjoint adds the gradient back where the item was read (`scatter`), and the
adjoint of that is reading again.  An element that is read several times gets the sum.
"""

import math
from typing import Any

import numpy as np

from ..arrays import stands_for_array
from ..broadcast import unbroadcast
from ..foreign import beside, lies_elsewhere
from ..table import composite, derivative, primitive
from .elementwise import keeping


def as_key(key: Any) -> Any:
    """A key of integers, slices, arrays, None and Ellipsis: tensors and lists in it become arrays."""
    if isinstance(key, tuple):
        return tuple(map(as_key, key))
    if key is None or key is Ellipsis or isinstance(key, (int, slice, np.ndarray, np.generic)):
        return key
    if stands_for_array(key) or lies_elsewhere(key):
        return key
    if lies_elsewhere(array := getattr(key, "_array", None)):
        return array
    return np.asarray(key, dtype=None if key != [] else np.intp) if isinstance(key, list) else np.asarray(key)


def is_basic(key: Any) -> bool:
    """Whether a key selects no element twice: integers and slices only."""
    for k in key if isinstance(key, tuple) else (key,):
        once = k is None or k is Ellipsis or isinstance(k, (int, slice, np.integer))
        if not once or isinstance(k, bool):
            return False
    return True


# fmt: off
@primitive(x=lambda g, x_shape, key: scatter(g, beside(key, g), x_shape))  # type: ignore[has-type]  # each the other's adjoint
def getitem(x: Any, key: Any) -> Any:
    return x[key]

@primitive(values=lambda g, key: getitem(g, beside(key, g)))
def scatter(values: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of the given shape, to which ``values`` are added at the key."""
    total = np.zeros_like(values, shape=shape)
    if is_basic(key):
        total[key] = values
    else:
        np.add.at(total, beside(key, total), values)
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
    """g at the key, 0 for values that a later one overwrote, where the key names an element twice."""
    item = getitem(g, key)
    if is_basic(key):
        return item
    there = next(filter(lies_elsewhere, key if type(key) is tuple else (key,)), g)
    writers = beside(np.reshape(np.arange(item.size), item.shape), there)
    last = beside(np.zeros(g.shape, dtype=np.intp), there)
    last[key] = writers
    return np.where(last[key] == writers, item, 0)


def fitted(g: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of NumPy's assignment, which drops leading axes of length 1 and broadcasts the rest."""
    return unbroadcast(np.reshape(g, (1,) * (len(shape) - g.ndim) + g.shape), shape)


# fmt: off
derivative(np.take, lambda a, indices, axis=None, out=None, mode="raise": np.take(a, indices, axis, None, mode),
           a=lambda g, a_shape, indices, axis, mode: give_back(g, a_shape, indices, axis, mode))
derivative(np.take_along_axis, lambda arr, indices, axis=-1: np.take_along_axis(arr, indices, axis),
           arr=lambda g, arr_shape, indices, axis: give_back_along(g, arr_shape, indices, axis))
derivative(np.compress, lambda condition, a, axis=None, out=None: np.compress(condition, a, axis),
           a=lambda g, a_shape, condition, axis: give_back(g, a_shape, np.flatnonzero(condition), axis, "raise"))
derivative(np.extract, lambda condition, arr: np.extract(condition, arr),
           arr=lambda g, arr_shape, condition: give_back(g, arr_shape, np.flatnonzero(condition), None, "raise"))
derivative(np.diagonal, lambda a, offset=0, axis1=0, axis2=1: np.diagonal(a, offset, axis1, axis2),
           a=lambda g, a_shape, offset, axis1, axis2: on_diagonal(g, a_shape, offset, axis1, axis2))
# fmt: on


def give_back(g: Any, shape: tuple[int, ...], indices: Any, axis: int | None, mode: Any) -> Any:
    """The adjoint of np.take: what was taken several times gets the sum."""
    axis, to = (0, (math.prod(shape),)) if axis is None or not shape else (axis % len(shape), shape)
    # NumPy knows all modes, numbers too.
    indices = np.take(beside(np.arange(to[axis]), indices), indices, mode=mode)
    return np.reshape(scatter(g, (*[slice(None)] * axis, beside(indices, g)), to), shape)


def give_back_along(g: Any, shape: tuple[int, ...], indices: Any, axis: int | None) -> Any:
    """The adjoint of np.take_along_axis; the indices and the other axes broadcast."""
    if axis is None:
        return give_back(g, shape, indices, None, "raise")
    axis %= len(shape)
    places = [np.reshape(np.arange(n), (-1, *[1] * (len(shape) - 1 - i))) for i, n in enumerate(shape)]
    places = beside(places, g)
    return scatter(g, (*places[:axis], indices, *places[axis + 1 :]), shape)


def on_diagonal(g: Any, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Any:
    """The adjoint of np.diagonal: a diagonal among zeros."""
    kept = [n for i, n in enumerate(shape) if i not in (axis1 % len(shape), axis2 % len(shape))]
    i = beside(np.arange(g.shape[-1]), g)
    square = scatter(g, (..., i - min(offset, 0), i + max(offset, 0)), (*kept, shape[axis1], shape[axis2]))
    return np.moveaxis(square, (-2, -1), (axis1, axis2))


@composite(np.trace)
def _trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: None = None
) -> Any:
    dtype = None if dtype is None else np.dtype(keeping(a, dtype))
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@composite(np.tril)
def _tril(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(*m.shape[-2:], k=k, dtype=bool), m, 0)


@composite(np.triu)
def _triu(m: Any, k: int = 0) -> Any:
    return np.where(np.tri(*m.shape[-2:], k=k - 1, dtype=bool), 0, m)
