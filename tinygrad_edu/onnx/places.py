"""Places: what takes some elements of an array, by slices, numbers and arrays of places."""

from typing import Any

import numpy as np

from ..ops import embedding, indexing, resize, sequences
from .graph import Graph, Value
from .sizes import Counted, Repeated
from .table import converts

WHOLE = slice(None)
INT64 = np.iinfo(np.int64)


@converts(np.take, "take")
def take(g: Graph, a: Value, indices: Any, axis: int | None = None) -> str:
    if axis is None:
        return g.emit("Gather", g.reshape(a, [-1]), g.name(indices, np.int64), axis=0)
    return g.emit("Gather", a, g.name(indices, np.int64), axis=int(axis))


@converts(resize.taken)
def taken(g: Graph, x: Value, places: Any, axis: int) -> str:
    return take(g, x, places, axis)


@converts(embedding.rows)
def rows(g: Graph, weight: Value, indices: Any) -> str:
    return take(g, weight, indices, 0)


@converts(sequences.reorder)
def reorder(g: Graph, x: Value, order: Any) -> str:
    return take(g, x, order, 1)


@converts(np.take_along_axis)
def take_along_axis(g: Graph, arr: Value, indices: Any, axis: int = -1) -> str:
    axis = axis % len(g.shape)
    if [n for i, n in enumerate(arr.shape) if i != axis] != [n for i, n in enumerate(g.shape) if i != axis]:
        raise g.refuse("np.take_along_axis of an array that is broadcast has no operator in ONNX")
    places = g.name(indices, np.int64)
    if indices.shape != g.shape:
        places = g.emit("Expand", places, g.dims(g.shape))
    return g.emit("GatherElements", arr, places, axis=axis)


@converts("__getitem__", sized=True)
def item(g: Graph, x: Value, key: Any) -> str:
    parts = list(key) if type(key) is tuple else [key]
    taken = sum(p is not None and p is not Ellipsis for p in parts)
    if not any(p is Ellipsis for p in parts):
        parts.append(Ellipsis)
    at = next(i for i, p in enumerate(parts) if p is Ellipsis)
    parts[at : at + 1] = [WHOLE] * (x.ndim - taken)
    if any(is_array(p) for p in parts):
        return advanced(g, x, parts)
    return basic(g, x, parts)


@converts(indexing.getitem, sized=True)
def getitem(g: Graph, x: Value, key: Any) -> str:
    return item(g, x, key)


def is_array(part: Any) -> bool:
    """Whether a part of a key is an array of places."""
    return isinstance(part, (Value, np.ndarray, list, Repeated, Counted))


def basic(g: Graph, x: Value, parts: list[Any]) -> str:
    """Slices and numbers, and new axes."""
    own = [p for p in parts if p is not None]
    name = sliced(g, x, {i: p for i, p in enumerate(own) if type(p) is slice})
    for i, p in reversed(list(enumerate(own))):
        if type(p) is not slice:
            name = g.emit("Gather", name, np.array(g.fixed(p, "a place")), axis=i)
    left = [p for p in parts if p is None or type(p) is slice]
    new = [i for i, p in enumerate(left) if p is None]
    name = g.emit("Unsqueeze", name, np.array(new)) if new else name
    return g.emit("Identity", name) if name == x.name else name


def sliced(g: Graph, x: Value, slices: dict[int, slice]) -> str:
    """x with slices of some axes."""
    cut = {i: s for i, s in slices.items() if not is_whole(s, x.shape[i])}
    if not cut:
        return x.name
    starts, stops, steps = [], [], []
    for s in cut.values():
        step = 1 if s.step is None else s.step
        starts.append((0 if step > 0 else INT64.max) if s.start is None else s.start)
        stops.append((INT64.max if step > 0 else INT64.min) if s.stop is None else s.stop)
        steps.append(step)
    axes = np.array(list(cut), np.int64)
    return g.emit("Slice", x, g.dims(starts), g.dims(stops), axes, np.array(steps, np.int64))


def is_whole(s: slice, n: Any) -> bool:
    """Whether a slice takes all of an axis."""
    if s == WHOLE:
        return True
    return s.step in (None, 1) and s.start in (None, 0) and (s.stop is None or s.stop == n)


def advanced(g: Graph, x: Value, parts: list[Any]) -> str:
    """Arrays of places along axes next to each other, as places in one axis that they are joined to."""
    if None in [p if p is None else 0 for p in parts]:
        raise g.refuse("Arrays of places beside new axes: write np.expand_dims in a line of its own")
    if any(dtype_of(p).kind == "b" for p in parts if is_array(p)):
        raise g.refuse("The shape of x[mask] depends on values: write np.where(mask, x, 0)")
    axes = [i for i, p in enumerate(parts) if type(p) is not slice]
    if axes != list(range(axes[0], axes[-1] + 1)):
        raise g.refuse("Arrays of places along axes that are not next to each other have no operator in ONNX")
    name = sliced(g, x, {i: p for i, p in enumerate(parts) if type(p) is slice})
    first, last = axes[0], axes[-1]
    lengths = [x.shape[a] for a in axes]
    if len(axes) == 1:
        return g.emit("Gather", name, g.name(parts[first], np.int64), axis=first)
    place = None
    for p, n in zip((parts[a] for a in axes), lengths):
        one = positive(g, p, n)
        place = one if place is None else g.emit("Add", g.emit("Mul", place, np.array(g.fixed(n))), one)
    shape = g.dims([*[0] * first, -1, *x.shape[last + 1 :]])
    return g.emit("Gather", g.emit("Reshape", name, shape), place, axis=first)


def positive(g: Graph, places: Any, n: Any) -> str:
    """Places from 0 on, of those that may count from the end."""
    if isinstance(places, (int, np.integer, np.ndarray, list)) and np.min(places, initial=0) >= 0:
        return g.name(np.asarray(places, np.int64))
    if isinstance(places, Counted):
        return g.name(places, np.int64)
    name = g.name(places, np.int64)
    from_end = g.emit("Less", name, np.array(0))
    return g.emit("Where", from_end, g.emit("Add", name, g.name(n, np.int64)), name)


def dtype_of(part: Any) -> Any:
    """The dtype of an array of places."""
    return getattr(part, "dtype", np.dtype(int))
