"""Arrays built of others: diagonals, blocks, insertions, choices, grids, and what a function makes of each
part.
"""

import math
import operator
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from ..aliases import Array, Cotangent, Shape
from ..arrays import stands_for_array
from ..broadcast import unbroadcast
from ..foreign import beside
from ..table import composite, derivative
from .calculus import constant
from .elementwise import as_arrays
from .indexing import on_diagonal, scatter, setitem


def numbered(shape: Shape) -> Any:
    """Each element's number: what a function that only moves elements makes of it says where they went."""
    return np.reshape(np.arange(math.prod(shape)), shape)


def from_places(g: Cotangent, places: Any, shape: Shape) -> Array:
    """What each element of an array of that shape gets from the places it went to; -1 is none of them."""
    n = math.prod(shape)
    return np.reshape(scatter(np.reshape(g, -1), (np.reshape(places, -1),), (n + 1,))[:n], shape)


def diag_gradient(g: Cotangent, shape: Shape, k: int) -> Array:
    """The gradient of np.diag: what it put on a diagonal, or took from one."""
    return np.diagonal(g, k) if len(shape) == 1 else on_diagonal(g, shape, k, 0, 1)


def windows(x: Any, window_shape: Any, axis: Any) -> Any:
    """np.lib.stride_tricks.sliding_window_view, of the numbers of elements too."""
    return np.lib.stride_tricks.sliding_window_view(x, window_shape, axis)


def of_kept(g: Cotangent, arr_shape: Shape, obj: Any, values_shape: Shape, axis: Any) -> Array:
    """The gradient of the array that np.insert puts something in."""
    return from_places(g, np.insert(numbered(arr_shape), obj, np.full(values_shape, -1), axis), arr_shape)


def of_inserted(g: Cotangent, arr_shape: Shape, obj: Any, values_shape: Shape, axis: Any) -> Array:
    """The gradient of what np.insert puts in."""
    return from_places(g, np.insert(np.full(arr_shape, -1), obj, numbered(values_shape), axis), values_shape)


# fmt: off
derivative(np.diag,     lambda v, k=0: np.diag(v, k),
           v=lambda g, v_shape, k: diag_gradient(g, v_shape, k))
derivative(np.diagflat, lambda v, k=0: np.diagflat(v, k),
           v=lambda g, v_shape, k: np.reshape(np.diagonal(g, k), v_shape))
derivative(np.delete,   lambda arr, obj, axis=None: np.delete(arr, obj, axis),
           arr=lambda g, arr_shape, obj, axis: from_places(g, np.delete(beside(numbered(arr_shape), obj), obj, axis), arr_shape))
derivative(np.insert,   lambda arr, obj, values, axis=None: np.insert(arr, obj, values, axis),
           arr=lambda g, arr_shape, obj, values_shape, axis: of_kept(g, arr_shape, obj, values_shape, axis),
           values=lambda g, arr_shape, obj, values_shape, axis: of_inserted(g, arr_shape, obj, values_shape, axis))
derivative(np.resize,   lambda a, new_shape: np.resize(a, new_shape),
           a=lambda g, a_shape, new_shape: from_places(g, np.resize(numbered(a_shape), new_shape), a_shape))
derivative(np.lib.stride_tricks.sliding_window_view,
           lambda x, window_shape, axis=None, *, subok=False, writeable=False: np.lib.stride_tricks.sliding_window_view(
               x, window_shape, axis, subok=subok, writeable=writeable),
           x=lambda g, x_shape, window_shape, axis: from_places(g, windows(numbered(x_shape), window_shape, axis), x_shape))
# fmt: on


@composite(np.kron)
def _kron(a: Any, b: Any) -> Any:
    a, b = as_arrays(a, b)
    ndim = max(a.ndim, b.ndim)
    a, b = (np.reshape(x, (1,) * (ndim - x.ndim) + x.shape) for x in (a, b))
    interleaved = np.reshape(a, [n for side in a.shape for n in (side, 1)])
    pairs = interleaved * np.reshape(b, [n for side in b.shape for n in (1, side)])
    return np.reshape(pairs, tuple(map(operator.mul, a.shape, b.shape)))


# ---- choices -----------------------------------------------------------------------------------------------


def zero_of(x: Any) -> Any:
    """A zero of the kind of x, to ask NumPy what it would make of x: Python's numbers have dtypes that give
    way.
    """
    number = x.value if stands_for_array(x) and not hasattr(x, "dtype") else x
    return type(number)(0) if type(number) in (int, float, complex) else np.zeros_like(x)


@composite(np.select)
def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    # NumPy's own word.
    expected = np.select([constant(c) for c in condlist], [zero_of(x) for x in choicelist], zero_of(default))
    chosen = default
    for condition, choice in zip(
        reversed(list(condlist)), reversed(list(choicelist))
    ):  # the first that holds
        chosen = np.where(condition, choice, chosen)
    return np.broadcast_to(np.astype(chosen, expected.dtype), expected.shape)


@composite(np.choose)
def _choose(a: Any, choices: Any, out: None = None, mode: Any = "raise") -> Any:
    options = list(as_arrays(*choices))
    numbers = [beside(np.full(np.shape(o), i), a) for i, o in enumerate(options)]
    which = np.choose(constant(a), numbers, mode=mode)
    dtype = np.result_type(*options)
    chosen: Any = dtype.type(0)
    for i, option in enumerate(options):
        chosen = np.where(which == i, np.astype(option, dtype), chosen)
    return chosen


@composite(np.piecewise)
def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    (x,) = as_arrays(x)
    places: dict[int, Any] = {}

    def noting(i: int) -> Callable[[Any], int]:
        return lambda numbers: places.setdefault(i, numbers) is None

    plain = [np.zeros_like if callable(f) else constant(f) for f in funclist]
    np.piecewise(np.zeros_like(constant(x)), condlist, plain)  # NumPy's own word
    np.piecewise(beside(numbered(x.shape), x), condlist, [noting(i) for i in range(len(funclist))])
    flat = np.ravel(x)
    y = np.where(False, flat, 0)
    for i, part in places.items():
        f = funclist[i]
        y = setitem(y, part, f(flat[part], *args, **kw) if callable(f) else f)
    return np.reshape(y, x.shape)


# ---- grids -------------------------------------------------------------------------------------------------


@composite(np.meshgrid)
def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    arrays = list(as_arrays(*xi))
    np.meshgrid(*(np.zeros(0) for _ in arrays), indexing=indexing)  # NumPy's own word on indexing
    ndim = len(arrays)
    grids = [np.reshape(x, (1,) * i + (-1,) + (1,) * (ndim - 1 - i)) for i, x in enumerate(arrays)]
    if indexing == "xy" and ndim > 1:
        grids[:2] = [np.swapaxes(grid, 0, 1) for grid in grids[:2]]
    spread = grids if sparse else np.broadcast_arrays(*grids)
    return tuple(np.copy(grid) if copy else grid for grid in spread)


def on_the_way(num: int, endpoint: bool, ndim: int, dtype: Any) -> Any:
    """How far each of the points is on the way, 0 at the start, along the first of ndim axes."""
    div = num - 1 if endpoint else num
    return np.reshape(np.arange(num, dtype=dtype) / max(div, 1), (-1, *(1,) * (ndim - 1)))


def linspace_gradient(
    g: Any, shape: Shape, num: int, endpoint: bool, retstep: bool, axis: int, stop: bool
) -> Array:
    """The gradient of np.linspace in its start or stop: each point is start (1 - t) + stop t; the step is
    theirs too.
    """
    num = operator.index(num)
    points, step = g if retstep else (g, None)
    points = np.moveaxis(points, axis, 0)
    t = beside(on_the_way(num, endpoint, points.ndim, points.dtype), points)
    total = np.add.reduce(points * (t if stop else 1 - t), axis=0)
    div = num - 1 if endpoint else num
    if step is not None and div > 0:
        total = total + step / (div if stop else -div)
    return unbroadcast(total, shape)


# fmt: off
derivative(np.linspace, lambda start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None: np.linspace(
               start, stop, num, endpoint, retstep, dtype, axis, device=device),
           start=lambda g, start_shape, num, endpoint, retstep, axis: linspace_gradient(g, start_shape, num, endpoint, retstep, axis, False),
           stop=lambda g, stop_shape, num, endpoint, retstep, axis: linspace_gradient(g, stop_shape, num, endpoint, retstep, axis, True))
# fmt: on


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
    if not isinstance(base, (int, float)) and np.ndim(base):  # it broadcasts with the others then
        start, stop, base = as_arrays(start, stop, base)
        ndim = max(start.ndim, stop.ndim, base.ndim)
        start, stop, base = (np.reshape(x, (1,) * (ndim - x.ndim) + x.shape) for x in (start, stop, base))
        base = np.expand_dims(base, axis)
    powers = np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))
    return powers if dtype is None else np.astype(powers, np.dtype(dtype))


@composite(np.geomspace)
def _geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    expected = np.geomspace(constant(start), constant(stop), num, endpoint, dtype, axis)  # NumPy's own word
    start, stop = as_arrays(start, stop)
    sign = np.sign(start + 0.0)  # of booleans too
    logs = (np.log10(start / sign), np.log10(stop / sign))
    points = np.power(10.0, np.linspace(*logs, num, endpoint)) * sign
    return np.astype(np.moveaxis(points, 0, axis), expected.dtype)


@composite(np.ix_)
def _ix_(*args: Any) -> Any:
    sequences = list(as_arrays(*args))
    expected = np.ix_(*map(constant, sequences))  # NumPy's own word
    floating = (x.dtype.kind in "fc" for x in sequences)
    return tuple(np.reshape(x, e.shape) if f else e for x, e, f in zip(sequences, expected, floating))


# ---- blocks, and parts that a function is applied to -------------------------------------------------------


@composite(np.block)
def _block(arrays: Any) -> Any:
    def zeros(x: Any) -> Any:
        return [zeros(part) for part in x] if isinstance(x, list) else zero_of(x)

    depth, ndim, inner = 0, np.block(zeros(arrays)).ndim, arrays  # NumPy's own word
    while isinstance(inner, list):
        depth, inner = depth + 1, inner[0]

    def joined(x: Any, level: int) -> Any:
        if level == depth:
            (x,) = as_arrays(x)
            return np.reshape(x, (1,) * (ndim - x.ndim) + x.shape)
        return np.concatenate([joined(part, level + 1) for part in x], axis=level - depth)

    whole = joined(arrays, 0)
    return whole if depth else np.copy(whole)


@composite(np.apply_along_axis)
def _apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    (arr,) = as_arrays(arr)
    np.apply_along_axis(lambda x: 0.0, axis, np.zeros(arr.shape))  # NumPy's own word
    rows = np.moveaxis(arr, axis, -1)
    outside = rows.shape[:-1]
    results = list(as_arrays(*(func1d(rows[i], *args, **kwargs) for i in product(*map(range, outside)))))
    inside, dtype = results[0].shape, results[0].dtype
    results = [np.astype(np.broadcast_to(result, inside), dtype) for result in results]
    stacked = np.reshape(np.stack(results), (*outside, *inside))
    axis, n, m = axis % arr.ndim, len(outside), len(inside)
    return np.transpose(stacked, (*range(axis), *range(n, n + m), *range(axis, n)))


@composite(np.apply_over_axes)
def _apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    (value,) = as_arrays(a)
    ndim = value.ndim
    for axis in (axes,) if np.ndim(axes) == 0 else axes:
        axis = axis + ndim if axis < 0 else axis
        result = func(value, axis)
        value = result if result.ndim == value.ndim else np.expand_dims(result, axis)
        if value.ndim != ndim:
            raise ValueError("function is not returning an array of the correct shape")  # NumPy's
    return value
