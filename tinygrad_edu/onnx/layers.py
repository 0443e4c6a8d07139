"""Layers: convolutions, pooling, normalization, heads of attention."""

from typing import Any

import numpy as np

from ..ops import adaptive, attention, batch_norm, convolution, group_norm, layer_norm, pooling, unfolding
from ..ops import standardize as standardizing
from ..ops.window import Windows
from .elementwise import number
from .graph import Graph, Value
from .table import converts


def borders(windows: Windows) -> tuple[int, ...]:
    """Rows and columns around images as ONNX has them: all before, then all after."""
    (top, bottom), (left, right) = windows.padding
    return top, left, max(bottom, 0), max(right, 0)


def around(g: Graph, x: Value, windows: Windows, value: float) -> str:
    """Images with their padding."""
    top, left, bottom, right = borders(windows)
    if not (top or left or bottom or right):
        return x.name
    pads = np.array([0, 0, top, left, 0, 0, bottom, right])
    return g.emit("Pad", x, pads, number(g, value), mode="constant")


def cut(g: Graph, name: str, windows: Windows, shape: tuple[Any, ...]) -> str:
    """What windows on images of a shape give, without windows that reach into padding that is not there."""
    if min(after for _, after in windows.padding) >= 0:
        return name
    counts = windows.counts(tuple(g.fixed(n) for n in shape[2:]))
    return g.emit("Slice", name, np.array([0, 0]), np.array(counts), np.array([2, 3]))


# ---- convolution -------------------------------------------------------------------------------------------


@converts(convolution.convolve)
def convolve(g: Graph, x: Value, weight: Any, bias: Any, windows: Windows, groups: int) -> str:
    inputs = [g.name(v, g.dtype) for v in (x, weight, bias) if v is not None]
    y = g.emit(
        "Conv", *inputs, kernel_shape=windows.kernel, strides=windows.stride, dilations=windows.dilation,
        pads=borders(windows), group=int(groups),
    )  # fmt: skip
    return cut(g, y, windows, x.shape)


@converts(convolution.convolve_transposed, sized=True)
def convolve_transposed(g: Graph, y: Value, weight: Any, shape: Any, windows: Windows, groups: int) -> str:
    """Rows and columns that are asked for beyond the last window come off the border behind, or are zeros."""
    pads, zeros = [before for before, _ in windows.padding], []
    for n, count, s, r, before in zip(shape[2:], y.shape[2:], windows.stride, windows.reach, pads[:]):
        behind = (g.fixed(count) - 1) * s + r - before - g.fixed(n)
        pads.append(max(behind, 0))
        zeros.append(max(-behind, 0))
    image = g.emit(
        "ConvTranspose", g.name(y, g.dtype), g.name(weight, g.dtype), kernel_shape=windows.kernel,
        strides=windows.stride, dilations=windows.dilation, pads=pads, group=int(groups),
    )  # fmt: skip
    return g.emit("Pad", image, np.array([0] * 6 + zeros), number(g, 0)) if any(zeros) else image


@converts(unfolding.columns_of)
def columns_of(g: Graph, x: Value, windows: Windows) -> str:
    """Each element of each window by its place among the rows and columns of the image."""
    h, w = (g.fixed(n) for n in x.shape[2:])
    framed = windows.framed((h, w))
    places = np.arange(framed[0] * framed[1]).reshape(framed)
    seen = np.stack(list(windows.slabs(places, windows.counts((h, w)))))  # (places, rows, columns)
    flat = g.emit("Reshape", around(g, x, windows, 0), np.array([0, 0, -1]))
    return g.emit("Gather", flat, seen, axis=2)


@converts(unfolding.add_up, sized=True)
def add_up(g: Graph, y: Value, shape: Any, windows: Windows) -> str:
    """A transposed convolution, whose kernel sends each place of a window to itself."""
    kh, kw = windows.kernel
    kernel = np.eye(kh * kw, dtype=g.dtype).reshape(kh * kw, 1, kh, kw)
    _, _, places, rows, columns = y.shape
    images = g.emit("Reshape", y, np.array([-1, places, rows, columns]))
    each = Value(images, (1, places, rows, columns), y.dtype)
    spread = convolve_transposed(g, each, kernel, (1, 1, *shape[2:]), windows, 1)
    return g.emit("Reshape", spread, np.array([-1, *shape[1:]]))


# ---- pooling -----------------------------------------------------------------------------------------------


@converts(pooling.maximum_over)
def maximum_over(g: Graph, x: Value, windows: Windows) -> str:
    apart = any(max(p) >= k for p, k in zip(windows.padding, windows.kernel))
    images = around(g, x, windows, -np.inf) if apart else x
    y = g.emit(
        "MaxPool", images, kernel_shape=windows.kernel, strides=windows.stride, dilations=windows.dilation,
        pads=(0, 0, 0, 0) if apart else borders(windows),
    )  # fmt: skip
    return cut(g, y, windows, x.shape)


@converts(pooling.sum_over)
def sum_over(g: Graph, x: Value, windows: Windows) -> str:
    means = g.emit(
        "AveragePool", around(g, x, windows, 0), kernel_shape=windows.kernel, strides=windows.stride,
        dilations=windows.dilation,
    )  # fmt: skip
    return g.emit("Mul", cut(g, means, windows, x.shape), number(g, windows.kernel[0] * windows.kernel[1]))


@converts(adaptive.sums_of_tiles)
def sums_of_tiles(g: Graph, x: Value, rows: int, columns: int) -> str:
    tile = tuple(g.fixed(n) // count for n, count in zip(x.shape[2:], (rows, columns)))
    means = g.emit("AveragePool", x, kernel_shape=tile, strides=tile)
    return g.emit("Mul", means, number(g, tile[0] * tile[1]))


# ---- normalization -----------------------------------------------------------------------------------------


@converts(standardizing.standardize)
def standardize(g: Graph, x: Value, axis: Any, eps: float) -> tuple[str, str, str]:
    return standardized(g, g.name(x, g.dtype), g.axes(axis, x.ndim), eps)


def standardized(g: Graph, name: str, axes: Any, eps: float) -> tuple[str, str, str]:
    """What `ops.standardize.standardize` returns."""
    mean = g.reduce("ReduceMean", name, axes, True)
    apart = g.emit("Sub", name, mean)
    variance = g.reduce("ReduceMean", g.emit("Mul", apart, apart), axes, True)
    deviation = g.emit("Sqrt", g.emit("Add", variance, number(g, eps)))
    return g.emit("Div", apart, deviation), mean, variance


@converts(standardizing.rescale)
def rescale(g: Graph, x: Value, axis: Any, eps: float) -> tuple[str, str]:
    name = g.name(x, g.dtype)
    mean_square = g.reduce("ReduceMean", g.emit("Mul", name, name), g.axes(axis, x.ndim), True)
    return g.emit("Div", name, g.emit("Sqrt", g.emit("Add", mean_square, number(g, eps)))), mean_square


@converts(standardizing.affine)
def affine(g: Graph, x: Any, weight: Any, bias: Any) -> str:
    scaled = g.emit("Mul", g.name(x, g.dtype), g.name(weight, g.dtype))
    return g.emit("Add", scaled, g.name(bias, g.dtype))


@converts(batch_norm.batch_normalized)
def batch_normalized(g: Graph, x: Value, weight: Any, bias: Any, eps: float, told: Any) -> str:
    return of_channels(g, standardize(g, x, (0, *range(2, x.ndim)), eps)[0], weight, bias, x.ndim)


@converts(layer_norm.layer_normalized)
def layer_normalized(g: Graph, x: Value, weight: Any, bias: Any, eps: float) -> str:
    return of_channels(g, standardize(g, x, -1, eps)[0], weight, bias, 2)


@converts(group_norm.group_normalized)
def group_normalized(g: Graph, x: Value, weight: Any, bias: Any, groups: int, eps: float) -> str:
    rows = g.emit("Reshape", g.name(x, g.dtype), np.array([0, groups, -1]))
    y = g.emit(
        "Reshape", standardized(g, rows, g.axes(-1, 3), eps)[0], np.array([0, *map(g.fixed, x.shape[1:])])
    )
    return of_channels(g, y, weight, bias, x.ndim)


def of_channels(g: Graph, y: str, weight: Any, bias: Any, ndim: int) -> str:
    """weight · y + bias, of channels on axis 1 of so many axes; a bias may be None."""
    shape = np.array([-1, *[1] * (ndim - 2)])
    y = g.emit("Mul", y, g.emit("Reshape", g.name(weight, g.dtype), shape))
    return y if bias is None else g.emit("Add", y, g.emit("Reshape", g.name(bias, g.dtype), shape))


# ---- attention ---------------------------------------------------------------------------------------------


@converts(attention.split_heads)
def split_heads(g: Graph, x: Value, parts: int, heads: int, batch_first: bool) -> Any:
    """(t, b, parts · heads · d) to as many parts (b, heads, t, d)."""
    length = g.fixed(x.shape[2]) // (parts * heads)
    apart = g.emit("Reshape", x, np.array([0, 0, parts, heads, length]))
    order = (2, 0, 3, 1, 4) if batch_first else (2, 1, 3, 0, 4)
    turned = g.emit("Transpose", apart, perm=order)
    return tuple(g.emit("Gather", turned, np.array(i), axis=0) for i in range(parts))
