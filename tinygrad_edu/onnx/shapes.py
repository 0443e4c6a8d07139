"""Shapes and places: what rearranges the elements of arrays, and what takes some of them."""

from typing import Any

import numpy as np

from ..ops import padding, shape
from .graph import Graph, Value
from .places import sliced
from .sizes import Repeated, Size
from .table import converts


@converts(np.reshape, sized=True)
def reshape(g: Graph, a: Any, shape: Any = None, order: str = "C", **kwargs: Any) -> str:
    shape = kwargs.get("newshape", shape)
    if order != "C":
        raise g.refuse(f"np.reshape in the order {order!r} has no operator in ONNX")
    sizes = shape if isinstance(shape, (tuple, list)) and not isinstance(shape, Size) else [shape]
    return g.reshape(a, sizes)


@converts("reshape", sized=True)
def reshape_method(g: Graph, a: Any, *shape: Any, order: str = "C") -> str:
    single = len(shape) == 1 and isinstance(shape[0], (tuple, list)) and not isinstance(shape[0], Size)
    return reshape(g, a, shape[0] if single else shape, order)


@converts(np.ravel, "ravel", "flatten")
def ravel(g: Graph, a: Any, order: str = "C") -> str:
    return reshape(g, a, [-1], order)


@converts(np.transpose)
def transpose(g: Graph, a: Value, axes: Any = None) -> str:
    order = range(a.ndim)[::-1] if axes is None else g.axes(axes, a.ndim)
    return g.emit("Transpose", a, perm=list(order))


@converts("transpose")
def transpose_method(g: Graph, a: Value, *axes: Any) -> str:
    return transpose(g, a, axes[0] if len(axes) == 1 else axes or None)


@converts(np.matrix_transpose)
def matrix_transpose(g: Graph, a: Value) -> str:
    return swapaxes(g, a, -1, -2)


@converts(np.swapaxes, "swapaxes")
def swapaxes(g: Graph, a: Value, axis1: int, axis2: int) -> str:
    order = list(range(a.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return g.emit("Transpose", a, perm=order)


@converts(np.moveaxis)
def moveaxis(g: Graph, a: Value, source: Any, destination: Any) -> str:
    return g.emit("Transpose", a, perm=moved(a.ndim, source, destination))


def moved(ndim: int, source: Any, destination: Any) -> list[int]:
    """The order of axes that `np.moveaxis` gives."""
    lengths = np.broadcast_to(np.int8(0), tuple(range(1, ndim + 1)))  # each axis is known by its length
    return [n - 1 for n in np.moveaxis(lengths, source, destination).shape]


@converts(np.expand_dims)
def expand_dims(g: Graph, a: Any, axis: Any) -> str:
    return g.emit("Unsqueeze", a, np.array(g.axes(axis, len(g.shape))))


@converts(np.squeeze, "squeeze")
def squeeze(g: Graph, a: Value, axis: Any = None) -> str:
    if axis is None:
        return g.reshape(a, g.shape)
    return g.emit("Squeeze", a, np.array(g.axes(axis, a.ndim), np.int64))


@converts(np.atleast_1d, np.atleast_2d, np.atleast_3d)
def atleast(g: Graph, a: Any) -> str:
    return g.reshape(a, g.shape)


@converts(np.broadcast_to, sized=True)
def broadcast_to(g: Graph, a: Any, shape: Any, subok: bool = False) -> str:
    return g.emit("Expand", a, g.dims(g.shape))


def file_filled(function: Any, value: float) -> None:
    @converts(function, sized=True)
    def filled(g: Graph, a: Any, *args: Any, **kwargs: Any) -> str:
        return g.name(Repeated(np.full([1] * len(g.shape), value, g.dtype), g.shape))


file_filled(np.zeros_like, 0)
file_filled(np.ones_like, 1)


@converts(np.full_like, sized=True)
def full_like(g: Graph, a: Any, fill_value: Any, *args: Any, **kwargs: Any) -> str:
    return g.emit("Expand", g.name(fill_value, g.dtype), g.dims(g.shape))


@converts(np.tile, sized=True)
def tile(g: Graph, a: Value, reps: Any) -> str:
    reps = list(reps) if isinstance(reps, (tuple, list)) and not isinstance(reps, Size) else [reps]
    name, ndim = a.name, max(a.ndim, len(reps))
    if ndim > a.ndim:
        name = g.reshape(a, [*[1] * (ndim - a.ndim), *a.shape])
    return g.emit("Tile", name, g.dims([*[1] * (ndim - len(reps)), *reps]))


@converts(np.repeat, "repeat")
def repeat(g: Graph, a: Value, repeats: Any, axis: int | None = None) -> str:
    if not isinstance(repeats, (int, np.integer)) or axis is None:
        raise g.refuse("np.repeat by several numbers, or without an axis, has no operator in ONNX")
    n = g.fixed(a.shape[axis])
    return g.emit("Gather", a, np.repeat(np.arange(n), repeats), axis=int(axis))


@converts(np.flip, np.flipud, np.fliplr)
def flip(g: Graph, m: Value, axis: Any = None) -> str:
    axes = g.axes(axis, m.ndim)
    return sliced(g, m, {a: slice(None, None, -1) for a in axes})


@converts(np.roll)
def roll(g: Graph, a: Value, shift: Any, axis: Any = None) -> str:
    if axis is None:
        raise g.refuse("np.roll without an axis has no operator in ONNX")
    name = a.name
    shifts = shift if isinstance(shift, (tuple, list)) else [shift] * len(g.axes(axis, a.ndim))
    for by, one in zip(shifts, g.axes(axis, a.ndim)):
        n = g.fixed(a.shape[one])
        name = g.emit("Gather", name, (np.arange(n) - by) % n, axis=one)
    return name


# ---- several arrays ----------------------------------------------------------------------------------------


@converts(np.concatenate)
def concatenate(g: Graph, arrays: Any, axis: int | None = 0, **kwargs: Any) -> str:
    parts = [g.name(a, g.dtype) for a in arrays]
    if axis is None:
        parts, axis = [g.emit("Reshape", p, np.array([-1])) for p in parts], 0
    return g.emit("Concat", *parts, axis=int(axis))


@converts(shape.concatenate)
def concatenate_op(g: Graph, axis: int, *arrays: Any) -> str:
    return concatenate(g, arrays, axis)


@converts(np.stack)
def stack(g: Graph, arrays: Any, axis: int = 0, **kwargs: Any) -> str:
    axis = axis % len(g.shape)
    parts = [g.emit("Unsqueeze", g.name(a, g.dtype), np.array([axis])) for a in arrays]
    return g.emit("Concat", *parts, axis=axis)


@converts(np.split, np.array_split)
def split(g: Graph, ary: Value, indices_or_sections: Any, axis: int = 0) -> Any:
    axis = axis % ary.ndim
    lengths = np.array([g.fixed(out[axis]) for out, _ in g.outputs], np.int64)
    if len(lengths) == 1:
        return (g.emit("Identity", ary),)
    return g.emit("Split", ary, lengths, outputs=len(lengths), axis=axis)


@converts(shape.split)
def split_op(g: Graph, a: Value, indices: Any, axis: int, equally: bool = False) -> Any:
    return split(g, a, indices, axis)


# ---- borders -----------------------------------------------------------------------------------------------

MODES = {"constant": "constant", "edge": "edge", "reflect": "reflect", "wrap": "wrap"}


@converts(np.pad)
def pad(g: Graph, array: Value, pad_width: Any, mode: str = "constant", **settings: Any) -> str:
    if mode not in MODES or settings.keys() - {"constant_values"}:
        raise g.refuse(f"np.pad in the mode {mode!r} with {sorted(settings)} has no operator in ONNX")
    widths = np.broadcast_to(np.asarray(pad_width), (array.ndim, 2))
    value = settings.get("constant_values", 0)
    if np.ndim(value):
        raise g.refuse("np.pad with several constant_values has no operator in ONNX")
    filled = [g.name(value, g.dtype)] if mode == "constant" else []
    return g.emit("Pad", array, widths.T.reshape(-1).astype(np.int64), *filled, mode=MODES[mode])


@converts(padding.surrounded)
def surrounded(g: Graph, array: Value, pad_width: Any, constant_values: Any = 0) -> str:
    return pad(g, array, pad_width, constant_values=constant_values)


def file_triangle(function: Any, upper: int) -> None:
    @converts(function)
    def triangle(g: Graph, m: Value, k: int = 0) -> str:
        return g.emit("Trilu", m, np.array(k), upper=upper)


file_triangle(np.triu, 1)
file_triangle(np.tril, 0)
