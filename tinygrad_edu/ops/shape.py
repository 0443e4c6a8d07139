"""Functions that move elements and compute nothing; each stands beside its adjoint."""

import math
import operator
from typing import Any

import numpy as np

from ..broadcast import unbroadcast
from ..entry import name_of
from ..errors import ShapeError, UnsupportedCall
from ..foreign import beside
from ..table import composite, derivative, primitive
from .indexing import scatter


def checked_order(order: str) -> str:
    """An order that does not depend on how the array lies in memory: its gradient lies otherwise."""
    if order == "A":
        reason = "depends on how the array lies in memory; a tensor takes order='C' or 'F'."
        raise UnsupportedCall(f"np.reshape(…, order='A') {reason}")
    return order


def reshaped(a: Any, shape: Any, order: str, copy: Any) -> Any:
    """np.reshape; it copies where it must, unless ``copy=`` says otherwise."""
    return np.reshape(a, shape, order=order) if copy is None else np.reshape(a, shape, order=order, copy=copy)


def expanded(a: Any, axis: Any) -> Any:
    """np.expand_dims; a first axis, which layers give to their states, by an index, which is faster."""
    first = type(axis) is int and axis == 0 and type(a) is np.ndarray
    return a[None] if first else np.expand_dims(a, axis)


def inverse(axes: Any, ndim: int) -> Any:
    """The permutation that undoes a transpose."""
    return None if axes is None or ndim < 2 else tuple(sorted(range(ndim), key=lambda i: axes[i] % ndim))


def rolled_back(g: Any, axis: int, start: int) -> Any:
    """The adjoint of rollaxis: the axis goes back to where it came from."""
    axis, start = axis % g.ndim, start + g.ndim if start < 0 else start
    return np.moveaxis(g, start - 1 if axis < start else start, axis)


# fmt: off
derivative(np.reshape, lambda a, shape, order="C", copy=None: reshaped(a, shape, checked_order(order), copy),
           a=lambda g, a_shape, order: np.reshape(g, a_shape, order=order))
derivative(np.transpose, lambda a, axes=None: np.transpose(a, axes),
           a=lambda g, a_shape, axes: np.transpose(g, inverse(axes, len(a_shape))))
derivative(np.swapaxes, lambda a, axis1, axis2: np.swapaxes(a, axis1, axis2),
           a=lambda g, axis1, axis2: np.swapaxes(g, axis1, axis2))
for _transpose in dict.fromkeys((np.matrix_transpose, np.linalg.matrix_transpose)):  # one function in some versions
    derivative(_transpose, lambda x: np.matrix_transpose(x),
           x=lambda g: np.matrix_transpose(g))
derivative(np.moveaxis, lambda a, source, destination: np.moveaxis(a, source, destination),
           a=lambda g, source, destination: np.moveaxis(g, destination, source))
derivative(np.rollaxis, lambda a, axis, start=0: np.rollaxis(a, axis, start),
           a=lambda g, axis, start: rolled_back(g, axis, start))
derivative(np.squeeze, lambda a, axis=None: np.squeeze(a, axis),
           a=lambda g, a_shape: np.reshape(g, a_shape))
derivative(np.expand_dims, lambda a, axis: expanded(a, axis),
           a=lambda g, a_shape: np.reshape(g, a_shape))
derivative(np.broadcast_to, lambda array, shape, subok=False: np.broadcast_to(array, shape, subok),
           array=lambda g, array_shape: unbroadcast(g, array_shape))
derivative(np.copy, lambda a, order="K", subok=False: np.copy(a, order, subok),
           a=lambda g: g)
derivative(np.flip, lambda m, axis=None: np.flip(m, axis),
           m=lambda g, axis: np.flip(g, axis))
derivative(np.flipud, lambda m: np.flipud(m),
           m=lambda g: np.flipud(g))
derivative(np.fliplr, lambda m: np.fliplr(m),
           m=lambda g: np.fliplr(g))
derivative(np.rot90, lambda m, k=1, axes=(0, 1): np.rot90(m, k, axes),
           m=lambda g, k, axes: np.rot90(g, -int(k), axes))
derivative(np.roll, lambda a, shift, axis=None: np.roll(a, shift, axis),
           a=lambda g, shift, axis: np.roll(g, np.negative(np.asarray(np.real(shift), np.intp)), axis))
derivative(np.repeat, lambda a, repeats, axis=None: np.repeat(a, repeats, axis),
           a=lambda g, a_shape, repeats, axis: sum_repeats(g, a_shape, repeats, axis))
derivative(np.tile, lambda A, reps: np.tile(A, reps),
           A=lambda g, A_shape: sum_tiles(g, A_shape))
derivative(np.unstack, lambda x, *, axis=0: np.unstack(x, axis=axis),
           x=lambda g, axis: np.moveaxis(np.stack(g), 0, axis))

@primitive(keep={"ends": None}, arrays=lambda g, index, axis, ends: piece(g, axis, ends[index], ends[index + 1]))
def concatenate(axis: int, *arrays: Any) -> Any:
    return np.concatenate(arrays, axis), ends_along(axis, arrays)

@primitive(a=lambda g, a_shape, indices, axis: joined(g, a_shape, indices, axis))
def split(a: Any, indices: Any, axis: int, equally: bool = False) -> Any:
    return tuple((np.split if equally else np.array_split)(a, indices, axis))
# fmt: on


def ends_along(axis: int, arrays: Any) -> list[int]:
    """Where each of the arrays ends in their concatenation, behind a zero."""
    ends = [0]
    for a in arrays:
        ends.append(ends[-1] + (a.shape if hasattr(a, "shape") else np.shape(a))[axis])
    return ends


def piece(g: Any, axis: int, start: int, stop: int) -> Any:
    """The part of a concatenation that came from one of its arrays."""
    return g[(*[slice(None)] * (axis % g.ndim), slice(start, stop))]


def joined(parts: Any, shape: tuple[int, ...], indices: Any, axis: int) -> Any:
    """The adjoint of a split; places that do not rise leave elements out, or give them to several parts."""
    n = shape[axis]
    places = [0, *(slice(i).indices(n)[1] for i in indices), n] if np.ndim(indices) else []
    if places == sorted(places):
        return np.concatenate(parts, axis)
    before: tuple[slice, ...] = (slice(None),) * (axis % len(shape))
    pieces = [scatter(part, (*before, slice(a, b)), shape) for part, a, b in zip(parts, places, places[1:])]
    return np.add.reduce(np.stack(pieces), 0)


def sum_tiles(g: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of tiling: the sum over the copies of the array."""
    if 0 in shape:
        return np.zeros_like(g, shape=shape)
    wide = (*(1,) * (g.ndim - len(shape)), *shape)
    apart = np.reshape(g, tuple(k for size, n in zip(g.shape, wide) for k in (size // n, n)))
    return np.reshape(np.add.reduce(apart, axis=tuple(range(0, 2 * g.ndim, 2))), shape)


def sum_repeats(g: Any, shape: tuple[int, ...], repeats: Any, axis: int | None) -> Any:
    """The adjoint of repeating: the sum over the copies of each element."""
    axis = axis if shape else None  # an array without axes is repeated as one of one element
    length = shape[axis] if axis is not None else math.prod(shape)
    at = 0 if axis is None else axis % len(shape)
    if isinstance(repeats, int):  # True is 1
        apart = np.reshape(g, (*g.shape[:at], length, max(int(repeats), 0), *g.shape[at + 1 :]))
        return np.reshape(np.add.reduce(apart, axis=at + 1), shape)
    total = (length,) if axis is None else shape
    places = np.repeat(beside(np.arange(length), repeats), repeats)
    return np.reshape(scatter(g, (*[slice(None)] * at, places), total), shape)


@composite(np.concatenate)
def _concatenate(
    arrays: Any, /, axis: int | None = 0, out: None = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    arrays = [np.ravel(a) for a in arrays] if axis is None else arrays
    if dtype is not None or casting != "same_kind":
        kinds = [np.zeros(0, a.dtype) if hasattr(a, "dtype") else np.ravel(a)[:0] for a in arrays]
        dtype = np.concatenate(kinds, dtype=dtype, casting=casting).dtype  # NumPy's own word on what is lost
    joined = concatenate(0 if axis is None else axis, *arrays)
    return joined if dtype is None else np.astype(joined, dtype)


@composite(np.stack)
def _stack(
    arrays: Any, axis: int = 0, out: None = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Any:
    axis = operator.index(axis)
    return np.concatenate([np.expand_dims(a, axis) for a in arrays], axis, dtype=dtype, casting=casting)


@composite(np.vstack)
def _vstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    return np.concatenate([np.atleast_2d(a) for a in tup], 0, dtype=dtype, casting=casting)


@composite(np.hstack)
def _hstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    arrays = [np.atleast_1d(a) for a in tup]
    return np.concatenate(arrays, 0 if arrays[0].ndim == 1 else 1, dtype=dtype, casting=casting)


@composite(np.dstack)
def _dstack(tup: Any) -> Any:
    return np.concatenate([np.atleast_3d(a) for a in tup], 2)


@composite(np.column_stack)
def _column_stack(tup: Any) -> Any:
    return np.concatenate([np.reshape(a, (-1, 1)) if np.ndim(a) < 2 else a for a in tup], 1)


@composite(np.append)
def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return np.concatenate([arr, values], axis)


@composite(np.array_split)
def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    return list(split(ary, indices_or_sections, axis))


@composite(np.split)
def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    return list(split(ary, indices_or_sections, axis, True))


def _split_along(function: Any, axis: int, least: int) -> None:
    @composite(function)
    def split_along(ary: Any, indices_or_sections: Any) -> Any:
        if ary.ndim < least:
            name = name_of(function)
            raise ShapeError(f"{name} splits arrays of {least} or more axes; got shape {ary.shape}.")
        return np.split(ary, indices_or_sections, min(axis, ary.ndim - 1))


_split_along(np.vsplit, 0, 2)
_split_along(np.hsplit, 1, 1)  # a vector along the axis that it has
_split_along(np.dsplit, 2, 3)


@composite(np.ravel)
def _ravel(a: Any, order: Any = "C") -> Any:
    if order != "K":
        return np.reshape(a, -1, order=order)
    as_in_memory = sorted(range(a.ndim), key=lambda i: -abs(a.strides[i]))
    return np.reshape(np.transpose(a, as_in_memory), -1)


def _at_least(function: Any) -> None:
    @composite(function)
    def at_least(*arys: Any) -> Any:
        shaped = tuple(np.reshape(a, function(np.broadcast_to(0, np.shape(a))).shape) for a in arys)
        return shaped[0] if len(shaped) == 1 else shaped


_at_least(np.atleast_1d)
_at_least(np.atleast_2d)
_at_least(np.atleast_3d)


@composite(np.broadcast_arrays)
def _broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple(np.broadcast_to(a, shape) for a in args)


@composite(np.full_like)
def _full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    zeros = np.zeros_like(a, dtype=dtype, order=order, subok=subok, shape=shape, device=device)
    given = np.shape(fill_value)
    # without axes of length 1 in front, as assignments take it
    fill = np.reshape(fill_value, given[max(len(given) - zeros.ndim, 0) :])
    return np.astype(np.broadcast_to(fill, zeros.shape), zeros.dtype)
