"""np.pad: values around an array, which are constant or made of its own elements, by NumPy's eleven modes.

A mode that repeats elements (edge, wrap, and the even reflections) is a choice of elements: what np.pad makes
of their numbers says which.  All others work along one axis after the other, and what they put there is
written with functions of the table: means, extremes and medians of the ends, straight ramps, and reflections
about a point, 2 x₀ - x, of which probes of zeros and ones tell the coefficients.
"""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from ..aliases import Array, Cotangent, Shape
from ..broadcast import unbroadcast
from ..table import composite, primitive
from .building import from_places, numbered
from .calculus import constant, span
from .elementwise import as_arrays
from .indexing import getitem

STATISTICS: dict[str, Callable[..., Any]] = {
    "maximum": np.max, "mean": np.mean, "median": np.median, "minimum": np.min,
}  # fmt: skip


def pairs(values: Any, ndim: int) -> list[Any]:
    """What np.pad is given for each axis and end, as a list of pairs: one for all, a pair for all, or all."""
    return np.broadcast_to(values, (ndim, 2)).tolist()


def widths_of(ndim: int, pad_width: Any) -> list[Any]:
    """How many elements go before and after each axis; a dict names some of the axes alone (NumPy 2.3)."""
    if not isinstance(pad_width, dict):
        return pairs(pad_width, ndim)
    widths = [pad_width.get(i, pad_width.get(i - ndim, 0)) for i in range(ndim)]
    return [np.broadcast_to(pair, 2).tolist() for pair in widths]


def within(shape: Shape, pad_width: Any) -> tuple[slice, ...]:
    """Where in a padded array the array itself is."""
    widths = widths_of(len(shape), pad_width)
    return tuple(slice(before, before + n) for n, (before, _) in zip(shape, widths))


def of_constants(g: Cotangent, array_shape: Shape, pad_width: Any, shape: Shape) -> Array:
    """The gradient of the constants around an array: np.pad puts their numbers to the same places."""
    ndim = len(array_shape)
    numbers = numbered((ndim, 2))
    places = np.pad(np.full(array_shape, -1), pad_width, constant_values=numbers)
    return unbroadcast(from_places(g, places, (ndim, 2)), shape)


# fmt: off
@primitive(array=lambda g, array_shape, pad_width: getitem(g, within(array_shape, pad_width)),
           constant_values=lambda g, array_shape, pad_width, constant_values_shape: of_constants(
               g, array_shape, pad_width, constant_values_shape))
def surrounded(array: Any, pad_width: Any, constant_values: Any = 0) -> Any:
    """An array with constants around it."""
    return np.pad(array, pad_width, constant_values=constant_values)
# fmt: on


@composite(np.pad)
def _pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    (array,) = as_arrays(array)
    if isinstance(mode, str) and mode == "constant" and kwargs.keys() <= {"constant_values"}:
        return surrounded(array, pad_width, as_array_of_pairs(kwargs.get("constant_values", 0)))
    if callable(mode):
        return padded_by(mode, surrounded(array, pad_width), widths_of(array.ndim, pad_width), kwargs)
    plain = {name: constant(as_array_of_pairs(value)) for name, value in kwargs.items()}
    np.pad(np.zeros(array.shape, array.dtype), pad_width, mode, **plain)  # NumPy's own word
    widths = widths_of(array.ndim, pad_width)
    if mode in ("edge", "wrap") or (mode in ("reflect", "symmetric") and not is_odd(kwargs)):
        places = np.pad(numbered(array.shape), pad_width, mode)
        return getitem(np.reshape(array, -1), places)
    if mode == "empty" or not any(map(any, widths)):  # without padding, a copy
        return surrounded(array, pad_width)
    for axis, width in enumerate(widths):
        if any(width):
            array = AXIS_BY_AXIS[mode](array, axis, width, mode, kwargs)
    return array


def is_odd(kwargs: dict[str, Any]) -> bool:
    """Whether a reflection is about the values at the ends, and not about the ends alone."""
    return kwargs.get("reflect_type", "even") == "odd"


def as_array_of_pairs(values: Any) -> Any:
    """Nested lists, in which tensors may be, as one array; everything else as it is."""
    return np.stack([as_array_of_pairs(v) for v in values]) if isinstance(values, (list, tuple)) else values


# ---- along one axis ----------------------------------------------------------------------------------------


def around(before: Any, array: Any, after: Any, axis: int, width: Any) -> Any:
    """An array with as many copies of what has length 1, or of that length, before and after it."""
    shapes = ((*array.shape[:axis], n, *array.shape[axis + 1 :]) for n in width)
    ends = [np.astype(np.broadcast_to(end, s), array.dtype) for end, s in zip((before, after), shapes)]
    return np.concatenate([ends[0], array, ends[1]], axis)


def by_statistic(array: Any, axis: int, width: Any, mode: str, kwargs: dict[str, Any]) -> Any:
    """The mean, median, maximum or minimum of so many elements at each end; of all by default."""
    n, statistic = array.shape[axis], STATISTICS[mode]
    lengths = kwargs.get("stat_length")
    first, last = (n, n) if lengths is None else (min(k, n) for k in pairs(lengths, array.ndim)[axis])
    before = statistic(span(array, axis, 0, first), axis=axis, keepdims=True)
    after = statistic(span(array, axis, n - last, n), axis=axis, keepdims=True)
    return around(before, array, after, axis, width)


def by_ramp(array: Any, axis: int, width: Any, mode: str, kwargs: dict[str, Any]) -> Any:
    """A straight line from each end's value, outside, to the element at that end."""
    n, ends = array.shape[axis], as_array_of_pairs(kwargs.get("end_values", 0))
    if not hasattr(ends, "requires_grad"):
        chosen: Any = pairs(ends, array.ndim)[axis]
    else:
        chosen = np.broadcast_to(ends, (array.ndim, 2))[axis]
    ramps = []
    for value, k, edge in zip((chosen[0], chosen[1]), width, (0, n - 1)):
        beside = (k, *(1,) * (array.ndim - axis - 1))
        part = np.reshape(np.arange(k) / k, beside)
        ramps.append(value + (span(array, axis, edge, edge + 1) - value) * part)
    return around(ramps[0], array, np.flip(ramps[1], axis), axis, width)


def by_odd_reflection(array: Any, axis: int, width: Any, mode: str, kwargs: dict[str, Any]) -> Any:
    """Each new element is ±xⱼ + a x₀ + b xₙ₋₁: a and b are what NumPy makes of ones at the ends alone, and
    the sign follows, since ones everywhere stay ones.
    """
    n = array.shape[axis]
    probes = np.zeros((2, n))
    probes[0, 0] = probes[1, -1] = 1
    a, b = (np.pad(probe, width, mode, reflect_type="odd") for probe in probes)
    j = np.pad(np.arange(n), width, mode)
    if n == 1:
        return np.take(array, j, axis)
    beside = (-1, *(1,) * (array.ndim - axis - 1))
    total: Any = 0
    for coefficient, places in ((1 - a - b, j), (a, [0]), (b, [n - 1])):
        factor = np.reshape(coefficient.astype(array.dtype), beside)
        total = total + np.where(factor == 0, 0, factor * np.take(array, places, axis))
    return total


AXIS_BY_AXIS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(STATISTICS, by_statistic),
    "linear_ramp": by_ramp,
    **dict.fromkeys(("reflect", "symmetric"), by_odd_reflection),
}


def padded_by(function: Callable[..., Any], array: Any, widths: list[Any], kwargs: dict[str, Any]) -> Any:
    """An array with zeros around it, of which a user's function changes each row, along one axis after the
    other.
    """
    for axis, width in enumerate(widths):
        rows = np.moveaxis(array, axis, -1)
        changed = []
        for place in product(*map(range, rows.shape[:-1])):
            row = np.copy(rows[place])
            function(row, width, axis, kwargs)  # which writes into it: the tensor becomes the result
            changed.append(row)
        array = np.moveaxis(np.reshape(np.stack(changed), rows.shape), -1, axis) if changed else array
    return array
