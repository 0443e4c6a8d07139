"""Functions that move elements and compute nothing; each stands beside its adjoint."""

from typing import Any

import numpy as np

from ..errors import UnsupportedCall
from .indexing import getitem, scatter
from .table import composite, derivative, primitive


def checked_order(order: str) -> str:
    """An order that the elements' places in memory have no part in: the gradient, which lies elsewhere, has the same."""
    if order == "A":
        raise UnsupportedCall("np.reshape(…, order='A') depends on how the array lies in memory; a tensor takes order='C' or 'F'.")
    return order


def inverse(axes: Any, ndim: int) -> Any:
    """The permutation that undoes a transpose."""
    return None if axes is None else tuple(sorted(range(ndim), key=lambda i: axes[i] % ndim))


def constant_mode(mode: Any) -> Any:
    """The one mode of padding that is differentiated: the others repeat elements."""
    if mode != "constant":
        raise UnsupportedCall(
            f"np.pad(…, mode={mode!r}) has no derivative rule; a tensor takes mode='constant'.\n"
            "  Or read the elements to repeat by their indices: x[[0, 0, 1, 2]]."
        )
    return mode


def unpadded(shape: tuple[int, ...], pad_width: Any) -> tuple[slice, ...]:
    """Where in a padded array the array itself is; the widths as np.pad takes them."""
    if isinstance(pad_width, dict):  # some axes alone, NumPy 2.3
        pad_width = [pad_width.get(i, pad_width.get(i - len(shape), 0)) for i in range(len(shape))]
        pad_width = [np.broadcast_to(pair, 2) for pair in pad_width]
    widths = np.broadcast_to(pad_width, (len(shape), 2)).tolist()
    return tuple(slice(before, before + n) for n, (before, _) in zip(shape, widths))


# fmt: off
derivative(np.reshape, lambda a, shape, order="C": np.reshape(a, shape, order=checked_order(order)),
           a=lambda g, a_shape, order: np.reshape(g, a_shape, order=order))
derivative(np.transpose, lambda a, axes=None: np.transpose(a, axes),
           a=lambda g, a_shape, axes: np.transpose(g, inverse(axes, len(a_shape))))
derivative(np.broadcast_to, lambda array, shape: np.broadcast_to(array, shape), broadcasts=True,
           array=lambda g: g)
derivative(np.copy, lambda a, order="K": np.copy(a, order=order),
           a=lambda g: g)
derivative(np.flip, lambda m, axis=None: np.flip(m, axis),
           m=lambda g, axis: np.flip(g, axis))
derivative(np.roll, lambda a, shift, axis=None: np.roll(a, shift, axis),
           a=lambda g, shift, axis: np.roll(g, np.negative(shift), axis))
derivative(np.pad, lambda array, pad_width, mode="constant", *, constant_values=0: np.pad(
               array, pad_width, constant_mode(mode), constant_values=constant_values),
           array=lambda g, array_shape, pad_width: getitem(g, unpadded(array_shape, pad_width)))
derivative(np.repeat, lambda a, repeats, axis=None: np.repeat(a, repeats, axis),
           a=lambda g, a_shape, repeats, axis: sum_repeats(g, a_shape, repeats, axis))

@primitive(keep={"ends": None}, arrays=lambda g, index, axis, ends: piece(g, axis, ends[index], ends[index + 1]))
def concatenate(axis: int, *arrays: Any) -> Any:
    return np.concatenate(arrays, axis), ends_along(axis, arrays)

@primitive(a=lambda g, axis: np.concatenate(g, axis))
def split(a: Any, indices: Any, axis: int) -> Any:
    return tuple(np.array_split(a, indices, axis))
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


def sum_repeats(g: Any, shape: tuple[int, ...], repeats: Any, axis: int | None) -> Any:
    """The adjoint of repeating: the sum over the copies of each element."""
    length = shape[axis] if axis is not None else int(np.prod(shape))
    at = 0 if axis is None else axis % len(shape)
    if isinstance(repeats, int):
        apart = np.reshape(g, (*g.shape[:at], length, repeats, *g.shape[at + 1 :]))
        return np.reshape(np.add.reduce(apart, axis=at + 1), shape)
    total = (length,) if axis is None else shape
    return np.reshape(scatter(g, (*[slice(None)] * at, np.repeat(np.arange(length), repeats)), total), shape)


@composite(np.concatenate)
def _concatenate(arrays: Any, /, axis: int | None = 0, out: None = None, *, dtype: Any = None) -> Any:
    arrays = [np.ravel(a) for a in arrays] if axis is None else arrays
    joined = concatenate(0 if axis is None else axis, *arrays)
    return joined if dtype is None else joined.astype(dtype)


@composite(np.stack)
def _stack(arrays: Any, axis: int = 0, out: None = None) -> Any:
    return np.concatenate([np.expand_dims(a, axis) for a in arrays], axis)


@composite(np.vstack)
def _vstack(tup: Any) -> Any:
    return np.concatenate([np.atleast_2d(a) for a in tup], 0)


@composite(np.hstack)
def _hstack(tup: Any) -> Any:
    arrays = [np.atleast_1d(a) for a in tup]
    return np.concatenate(arrays, 0 if arrays[0].ndim == 1 else 1)


@composite(np.dstack)
def _dstack(tup: Any) -> Any:
    return np.concatenate([np.atleast_3d(a) for a in tup], 2)


@composite(np.column_stack)
def _column_stack(tup: Any) -> Any:
    return np.concatenate([np.reshape(a, (-1, 1)) if np.ndim(a) < 2 else a for a in tup], 1)


@composite(np.append)
def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return np.concatenate([arr, values] if axis is not None else [np.ravel(arr), np.ravel(values)], axis or 0)


@composite(np.array_split)
def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    return list(split(ary, indices_or_sections, axis))


@composite(np.split)
def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    if isinstance(indices_or_sections, (int, np.integer)) and ary.shape[axis] % indices_or_sections:
        raise ValueError("array split does not result in an equal division")
    return list(split(ary, indices_or_sections, axis))


@composite(np.hsplit)
def _hsplit(ary: Any, indices_or_sections: Any) -> Any:
    return np.split(ary, indices_or_sections, 0 if ary.ndim == 1 else 1)


@composite(np.vsplit)
def _vsplit(ary: Any, indices_or_sections: Any) -> Any:
    return np.split(ary, indices_or_sections, 0)


@composite(np.dsplit)
def _dsplit(ary: Any, indices_or_sections: Any) -> Any:
    return np.split(ary, indices_or_sections, 2)


@composite(np.unstack)
def _unstack(x: Any, /, *, axis: int = 0) -> Any:
    return tuple(np.squeeze(part, axis) for part in split(x, x.shape[axis], axis)) if x.shape[axis] else ()


@composite(np.ravel)
def _ravel(a: Any, order: Any = "C") -> Any:
    return np.reshape(a, -1, order=order)


@composite(np.squeeze)
def _squeeze(a: Any, axis: Any = None) -> Any:
    return np.reshape(a, np.squeeze(np.broadcast_to(0, a.shape), axis).shape)


@composite(np.expand_dims)
def _expand_dims(a: Any, axis: Any) -> Any:
    return np.reshape(a, np.expand_dims(np.broadcast_to(0, a.shape), axis).shape)


@composite(np.swapaxes)
def _swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    axes = list(range(a.ndim))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return np.transpose(a, axes)


@composite(np.matrix_transpose, np.linalg.matrix_transpose)
def _matrix_transpose(x: Any, /) -> Any:
    return np.swapaxes(x, -1, -2)


@composite(np.moveaxis)
def _moveaxis(a: Any, source: Any, destination: Any) -> Any:
    start, to = ([i % a.ndim for i in (s if isinstance(s, (tuple, list)) else (s,))] for s in (source, destination))
    order = [i for i in range(a.ndim) if i not in start]
    for place, axis in sorted(zip(to, start)):
        order.insert(place, axis)
    return np.transpose(a, order)


@composite(np.rollaxis)
def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    axis, start = axis % a.ndim, start + a.ndim if start < 0 else start
    return np.moveaxis(a, axis, start - 1 if axis < start else start)


@composite(np.fliplr)
def _fliplr(m: Any) -> Any:
    return np.flip(m, 1)


@composite(np.flipud)
def _flipud(m: Any) -> Any:
    return np.flip(m, 0)


@composite(np.rot90)
def _rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    k %= 4
    if k == 2:
        return np.flip(m, axes)
    turned = np.flip(m, axes[1]) if k == 1 else m
    turned = np.swapaxes(turned, *axes) if k else m
    return np.flip(turned, axes[1]) if k == 3 else turned


def _at_least(function: Any, shape: Any) -> None:
    @composite(function)
    def at_least(*arys: Any) -> Any:
        shaped = tuple(np.reshape(a, shape(np.shape(a))) for a in arys)
        return shaped[0] if len(shaped) == 1 else shaped


_at_least(np.atleast_1d, lambda s: s or (1,))
_at_least(np.atleast_2d, lambda s: s if len(s) > 1 else (1, *s) if s else (1, 1))
_at_least(np.atleast_3d, lambda s: s if len(s) > 2 else (*s, 1) if len(s) == 2 else (1, *s, 1) if s else (1, 1, 1))


@composite(np.broadcast_arrays)
def _broadcast_arrays(*args: Any) -> Any:
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple(np.broadcast_to(a, shape) for a in args)


@composite(np.tile)
def _tile(A: Any, reps: Any) -> Any:
    reps = tuple(reps) if isinstance(reps, (tuple, list)) else (reps,)
    shape = (*[1] * (len(reps) - A.ndim), *A.shape)
    reps = (*[1] * (len(shape) - len(reps)), *reps)
    spaced = np.reshape(A, [n for size in shape for n in (1, size)])
    spread = np.broadcast_to(spaced, tuple(n for pair in zip(reps, shape) for n in pair))
    return np.copy(np.reshape(spread, tuple(r * n for r, n in zip(reps, shape))))  # the reshape may be a view


@composite(np.full_like)
def _full_like(a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None) -> Any:
    zeros = np.zeros_like(a, dtype=dtype, shape=shape)
    return np.astype(zeros + fill_value, zeros.dtype)
