"""Closed operations: in a lesson, all calls that a large operation has made become one call of its function.

While a step is traced, each call is marked with the run of the large operation that it belongs to, if any.
Such a run can be closed where a function of `plain` computes the same, and where the rest of the program sees
nothing of it but its results.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...ops.convolution import convolve, convolve_transposed, correlate
from ...ops.patches import CACHE, columns_at_once, in_one, order_of, rows_at_once
from ...ops.pooling import maximum_over
from ...ops.window import Windows
from ...table import entry_of
from ..program import Ref
from . import plain
from .whose_code import is_of_the_user

Given = dict[str, Any]


class Part(NamedTuple):
    """One run of a large operation, as a lesson may tell of it.

    Attributes
    ----------
    arrays : tuple of Ref
        What it is given.
    results : tuple of (tuple of int, dtype)
        The shapes and dtypes of what it returns.
    write : callable
        Given a `Pen` and the arrays, writes the calls; the last one makes the results.
    """

    arrays: tuple[Ref, ...]
    results: tuple[tuple[tuple[int, ...], Any], ...]
    write: Callable[..., None]


def large(frame: Any) -> Any:
    """The frame of the large operation that a frame is part of; None if it is of none."""
    found = None
    while frame is not None and not is_of_the_user(frame.f_code.co_filename):
        found = frame if id(frame.f_code) in CLOSED else found
        frame = frame.f_back
    return found


# ---- which there are ---------------------------------------------------------------------------------------


def _convolve(given: Given) -> Part | None:
    x, weight, bias, windows = (given[k] for k in ("x", "weight", "bias", "windows"))
    few = _few(given, x, weight.shape)
    if few is None:
        return None
    settings = _settings(windows)

    def write(pen: Any, x: Ref, weight: Ref, bias: Ref | None = None) -> None:
        y = pen(plain.convolve, x, weight, few=few, shape=shape, **settings)
        if bias is not None:
            column = pen("__getitem__", bias, (slice(None), None, None), shape=(shape[1], 1, 1))
            pen(np.add, y, column, shape=shape)

    shape = (x.shape[0], weight.shape[0], *windows.counts(x.shape))
    return _part([x, weight, *([] if bias is None else [bias])], shape, write)


def _convolve_transposed(given: Given) -> Part | None:
    y, weight, shape, windows = (given[k] for k in ("y", "weight", "shape", "windows"))
    (o, c, kh, kw), turned = weight.shape, windows.turned
    pieces = c * kh * kw * y.shape[0] * y.shape[2] * y.shape[3]
    at_once = pieces * y.dtype.itemsize <= CACHE
    if turned is not None and not (at_once and pieces < weight.size):
        few = _few({**given, "windows": turned}, y, (c, o, kh, kw))

        def write(pen: Any, y: Ref, weight: Ref) -> None:
            rows = slice(None, None, -1)
            around = pen("__getitem__", weight, (slice(None), slice(None), rows, rows), shape=weight_shape)
            kernels = pen("swapaxes", around, 0, 1, shape=(c, o, kh, kw))
            pen(plain.convolve, y, kernels, few=few, shape=shape, **_settings(turned))
    else:
        few = _few(given, y, weight.shape) if at_once and o > 1 else None

        def write(pen: Any, y: Ref, weight: Ref) -> None:
            pen(plain.spread, y, weight, shape, shape=shape, **_settings(windows))

    weight_shape = weight.shape
    return None if few is None else _part([y, weight], shape, write)


def _correlate(given: Given) -> Part | None:
    """The weights are no argument of the operation: their shape is."""
    x, y, shape, windows = (given[k] for k in ("x", "y", "shape", "windows"))
    few = _few(given, x, shape)

    def write(pen: Any, x: Ref, y: Ref) -> None:
        pen(plain.correlate, x, y, shape, few=few, shape=shape, **_settings(windows))

    return None if few is None else _part([x, y], shape, write)


def _maximum_over(given: Given) -> Part | None:
    x, windows = given["x"], given["windows"]
    if not _side_by_side(x, x.shape, windows):
        return None
    shape, k = (*x.shape[:2], *windows.counts(x.shape)), windows.kernel[0]

    def write(pen: Any, x: Ref) -> None:
        pen(plain.max_pool, x, k, shape=shape)

    return Part((x._ref,), ((shape, x.dtype), (shape, np.dtype(np.uint8))), write)


def _back_to_the_maximum(given: Given) -> Part | None:
    """The rule of `maximum_over`."""
    g, shape, out, winner, windows = (given[k] for k in ("g", "x_shape", "out", "winner", "windows"))
    if not _side_by_side(out, shape, windows) or g.dtype != out.dtype:
        return None

    def write(pen: Any, g: Ref, out: Ref, winner: Ref) -> None:
        pen(plain.max_pool_gradient, g, out, winner, windows.kernel[0], shape=shape)

    return _part([g, out, winner], shape, write)


def _part(arrays: list[Any], shape: tuple[int, ...], write: Callable[..., None]) -> Part:
    return Part(tuple(a._ref for a in arrays), ((shape, arrays[0].dtype),), write)


def _few(given: Given, x: Any, weight: tuple[int, ...]) -> int | None:
    """How many windows on images are multiplied at a time; None where that is not always so many."""
    windows: Windows = given["windows"]
    arrays = [a for a in given.values() if hasattr(a, "dtype")]
    if given["groups"] > 1 or len({a.dtype for a in arrays}) > 1:
        return None
    even = all(a == b >= 0 for a, b in windows.padding) and windows.stride[0] == windows.stride[1]
    if not even or windows.dilation != (1, 1) or not all(hasattr(a, "_ref") for a in arrays):
        return None
    (rows, columns), n, (o, channels, kh, kw) = windows.counts(x.shape), x.shape[0], weight
    if kh == kw == 1:
        return rows * columns * n if windows.stride == (1, 1) and _is_batch_last(x) else None
    depth, size = channels * kh * kw, x.dtype.itemsize
    if order_of(o, depth, rows * columns * n) != (2, 1, 3):
        return None
    if in_one(rows, columns, n):
        return rows_at_once(rows, depth * columns * n * size) * columns * n
    few = columns_at_once(o, depth, columns, n, size)
    return few * n if columns % few == 0 else None


def _settings(windows: Windows) -> Given:
    """What of it is not so anyway."""
    padding = tuple(before for before, _ in windows.padding)
    found: Given = {"padding": padding} if any(padding) else {}
    return found | ({"stride": windows.stride[0]} if windows.stride[0] > 1 else {})


def _side_by_side(x: Any, shape: tuple[int, ...], windows: Windows) -> bool:
    """Whether square windows cover images of a shape, which lie in memory with the batch last."""
    k = windows.kernel[0]
    square = windows.kernel == windows.stride == (k, k) and windows.dilation == (1, 1)
    whole = windows.padding == ((0, 0), (0, 0)) and shape[2] % k == shape[3] % k == 0 and 1 < k < 16
    return square and whole and _is_batch_last(x)


def _is_batch_last(x: Any) -> bool:
    """How images (n, c, h, w) lie in memory."""
    return hasattr(x, "_value") and bool(np.transpose(x._value, (1, 2, 3, 0)).flags.c_contiguous)


def _entry(function: Any) -> Any:
    return entry_of(function)


CLOSED: dict[int, Callable[[Given], Part | None]] = {  # by the identity of code: its hash takes long
    id(_entry(convolve).forward.__code__): _convolve,
    id(_entry(convolve_transposed).forward.__code__): _convolve_transposed,
    id(_entry(correlate).forward.__code__): _correlate,
    id(_entry(maximum_over).forward.__code__): _maximum_over,
    id(_entry(maximum_over).rules["x"][0].__code__): _back_to_the_maximum,
}  # fmt: skip
