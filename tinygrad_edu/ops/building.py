"""Arrays built of others: diagonals, blocks, insertions, choices, grids, and what a function makes of each part."""

import operator
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from ..aliases import Array, Cotangent, Shape
from ..table import composite, derivative
from .elementwise import as_arrays
from .indexing import on_diagonal


def given_back_to_diagonal(g: Cotangent, shape: Shape, k: int) -> Array:
    """The gradient of np.diag: what it put on a diagonal, or took from one."""
    return np.diagonal(g, k) if len(shape) == 1 else on_diagonal(g, shape, k, 0, 1)


# fmt: off
derivative(np.diag, lambda v, k=0: np.diag(v, k), v=lambda g, v_shape, k: given_back_to_diagonal(g, v_shape, k))
# fmt: on


@composite(np.diagflat)
def _diagflat(v: Any, k: int = 0) -> Any:
    (v,) = as_arrays(v)
    return np.diag(np.ravel(v), k)


@composite(np.kron)
def _kron(a: Any, b: Any) -> Any:
    a, b = as_arrays(a, b)
    ndim = max(a.ndim, b.ndim)
    a, b = (np.reshape(x, (1,) * (ndim - x.ndim) + x.shape) for x in (a, b))
    interleaved = np.reshape(a, [n for side in a.shape for n in (side, 1)])
    pairs = interleaved * np.reshape(b, [n for side in b.shape for n in (1, side)])
    return np.reshape(pairs, tuple(map(operator.mul, a.shape, b.shape)))


# ---- elements at other places --------------------------------------------------------------------------------


@composite(np.delete)
def _delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    (arr,) = as_arrays(arr)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    np.delete(np.broadcast_to(np.zeros(()), arr.shape), obj, axis)  # NumPy's own word
    return np.take(arr, np.delete(np.arange(arr.shape[axis]), obj), axis)


@composite(np.insert)
def _insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    arr, values = as_arrays(arr, values)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    expected = np.insert(np.zeros(arr.shape, arr.dtype), obj, np.zeros(values.shape, values.dtype), axis)
    axis %= arr.ndim
    n, added = arr.shape[axis], expected.shape[axis] - arr.shape[axis]
    if np.ndim(obj) == 0 and not isinstance(
        obj, slice
    ):  # the values' first axis is the one along which they go in
        values = np.moveaxis(np.reshape(values, (1,) * (arr.ndim - values.ndim) + values.shape), 0, axis)
    block = (*arr.shape[:axis], added, *arr.shape[axis + 1 :])
    values = np.astype(np.broadcast_to(values, block), arr.dtype)
    order = np.insert(np.arange(n), obj, np.arange(n, n + added))
    return np.take(np.concatenate([arr, values], axis), order, axis)


@composite(np.resize)
def _resize(a: Any, new_shape: Any) -> Any:
    (a,) = as_arrays(a)
    places = np.resize(np.arange(a.size), new_shape)  # of no elements, zeros are made
    return np.take(np.ravel(a), places) if a.size else np.zeros_like(a, shape=places.shape)


@composite(np.lib.stride_tricks.sliding_window_view)
def _sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    (x,) = as_arrays(x)
    places = np.reshape(np.arange(x.size), x.shape)
    return np.take(np.ravel(x), np.lib.stride_tricks.sliding_window_view(places, window_shape, axis))


# ---- choices -------------------------------------------------------------------------------------------------


@composite(np.select)
def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    choices = list(as_arrays(*choicelist))
    conditions = [c.detach().numpy() if hasattr(c, "detach") else c for c in condlist]
    zeros = [np.zeros(c.shape, c.dtype) for c in choices]
    expected = np.select(conditions, zeros, np.zeros(np.shape(default), next(as_arrays(default)).dtype))
    chosen = default
    for condition, choice in zip(reversed(conditions), reversed(choices)):  # the first that holds
        chosen = np.where(condition, choice, chosen)
    return np.astype(chosen, expected.dtype)


@composite(np.choose)
def _choose(a: Any, choices: Any, out: None = None, mode: Any = "raise") -> Any:
    options = list(as_arrays(*choices))
    index = a.detach().numpy() if hasattr(a, "detach") else a
    which = np.choose(index, [np.full(np.shape(o), i) for i, o in enumerate(options)], mode=mode)
    dtype = np.result_type(*options)
    chosen = np.zeros_like(options[0], shape=which.shape, dtype=dtype)
    for i, option in enumerate(options):
        chosen = np.where(which == i, np.astype(option, dtype), chosen)
    return chosen


@composite(np.piecewise)
def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    (x,) = as_arrays(x)
    made = [np.zeros_like if callable(f) else 0 for f in funclist]
    np.piecewise(np.zeros(x.shape, x.dtype), condlist, made)  # NumPy's own word
    conditions = np.atleast_1d(condlist) if np.ndim(condlist) > x.ndim else np.asarray([condlist])
    if len(funclist) == len(conditions) + 1:
        conditions = np.concatenate([conditions, ~np.any(conditions, axis=0, keepdims=True)])
    y = np.zeros_like(x)
    for condition, f in zip(conditions, funclist):
        if not callable(f):
            y = np.where(condition, np.astype(next(as_arrays(f)), x.dtype), y)
        elif np.any(condition):
            y = y + 0  # a result of its own, which the part is written into
            y[condition] = f(x[condition], *args, **kw)
    return y


# ---- grids ---------------------------------------------------------------------------------------------------


@composite(np.meshgrid)
def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    arrays = list(as_arrays(*xi))
    np.meshgrid(*(np.zeros(0) for _ in arrays), indexing=indexing)  # NumPy's own word on indexing
    ndim = len(arrays)
    grids = [np.reshape(x, (1,) * i + (-1,) + (1,) * (ndim - 1 - i)) for i, x in enumerate(arrays)]
    if indexing == "xy" and ndim > 1:
        grids[:2] = [np.swapaxes(grid, 0, 1) for grid in grids[:2]]
    return tuple(grids if sparse else np.broadcast_arrays(*grids))


@composite(np.linspace)
def _linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    start, stop = as_arrays(start, stop)
    ends = (np.zeros(x.shape, x.dtype) for x in (start, stop))
    expected = np.linspace(*ends, num, endpoint, dtype=dtype, axis=axis)  # NumPy's own word
    div = num - 1 if endpoint else num
    at = np.reshape(np.arange(num) / max(div, 1), (-1, *(1,) * (expected.ndim - 1)))
    points = start * (1.0 - at) + stop * at
    points = np.astype(np.moveaxis(points, 0, axis), expected.dtype)
    return (points, (stop - start) / div if div else np.nan * (stop - start)) if retstep else points


@composite(np.logspace)
def _logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    start, stop, base = as_arrays(start, stop, base)
    if base.ndim:
        base = np.expand_dims(
            np.broadcast_to(
                base, np.broadcast(np.zeros(start.shape), np.zeros(stop.shape), np.zeros(base.shape)).shape
            ),
            axis,
        )
    powers = np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))
    return powers if dtype is None else np.astype(powers, np.dtype(dtype))


@composite(np.geomspace)
def _geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    start, stop = as_arrays(start, stop)
    ends = (x.detach().numpy() if hasattr(x, "detach") else x for x in (start, stop))
    np.geomspace(*ends, num, endpoint, dtype, axis)  # NumPy's own word
    sign = np.sign(start)
    points = np.logspace(np.log10(start * sign), np.log10(stop * sign), num, endpoint, 10.0, axis=axis)
    points = points * np.expand_dims(np.broadcast_to(sign, np.shape(start + stop)), axis)
    return points if dtype is None else np.astype(points, np.dtype(dtype))


# ---- blocks, and parts that a function is applied to ---------------------------------------------------------


@composite(np.block)
def _block(arrays: Any) -> Any:
    def zeros(x: Any) -> Any:
        return [zeros(part) for part in x] if isinstance(x, list) else np.zeros(np.shape(x))

    depth, ndim, inner = 0, np.block(zeros(arrays)).ndim, arrays  # NumPy's own word
    while isinstance(inner, list):
        depth, inner = depth + 1, inner[0]

    def joined(x: Any, level: int) -> Any:
        if level == depth:
            (x,) = as_arrays(x)
            return np.reshape(x, (1,) * (ndim - x.ndim) + x.shape)
        return np.concatenate([joined(part, level + 1) for part in x], axis=level - depth)

    return joined(arrays, 0)


@composite(np.apply_along_axis)
def _apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    (arr,) = as_arrays(arr)
    np.apply_along_axis(lambda x: 0.0, axis, np.zeros(arr.shape))  # NumPy's own word
    rows = np.moveaxis(arr, axis, -1)
    outside = rows.shape[:-1]
    results = [func1d(rows[i], *args, **kwargs) for i in product(*map(range, outside))]
    inside = np.shape(results[0])
    stacked = np.reshape(np.stack(list(as_arrays(*results))), (*outside, *inside))
    axis, n, m = axis % arr.ndim, len(outside), len(inside)
    return np.transpose(stacked, (*range(axis), *range(n, n + m), *range(axis, n)))


@composite(np.apply_over_axes)
def _apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    (value,) = as_arrays(a)
    ndim = value.ndim
    for axis in np.atleast_1d(axes).tolist():
        axis = axis + ndim if axis < 0 else axis
        result = func(value, axis)
        value = result if result.ndim == value.ndim else np.expand_dims(result, axis)
        if value.ndim != ndim:
            raise ValueError("function is not returning an array of the correct shape")  # NumPy's
    return value
