"""Differences, sums and tables on a grid: numerical derivatives and integrals, interpolation, convolution."""

import math
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..aliases import Array, Cotangent, Shape
from ..arrays import refuse_imaginary
from ..errors import UnsupportedCall
from ..foreign import beside
from ..table import composite, derivative, overridable
from .complex import conjugated
from .elementwise import as_arrays, keeping, ones_for_zeros, or_nan
from .indexing import as_key, scatter

NOT_GIVEN: Any = np._NoValue  # what NumPy's signatures have for an argument that was not given


def span(a: Array, axis: int, start: int | None, stop: int | None) -> Array:
    """The elements from start to stop along one axis."""
    return a[(*[slice(None)] * (axis % a.ndim), slice(start, stop))]


def constant(x: Any) -> Any:
    """A value without its graph."""
    return x.detach() if hasattr(x, "detach") else x


# ---- differences -------------------------------------------------------------------------------------------


def undiffed(g: Cotangent, n: int, axis: int, length: int) -> Array:
    """The adjoint of n differences of so many elements: differences too, with zeros around, and the sign
    (-1)ⁿ.
    """
    if length <= n:
        return np.zeros_like(g, shape=(*g.shape[: axis % g.ndim], length, *g.shape[axis % g.ndim + 1 :]))
    zeros = np.zeros((*g.shape[: axis % g.ndim], n, *g.shape[axis % g.ndim + 1 :]), g.dtype)
    return (-1) ** n * np.diff(g, n, axis, prepend=zeros, append=zeros)


def length_along(x: Any, axis: int) -> int:
    """How long what np.diff puts before or after is: a number counts as one element."""
    return 0 if x is NOT_GIVEN else np.shape(x)[axis] if np.ndim(x) else 1


def diff_gradient(
    g: Cotangent, which: str, a_shape: Shape, n: int, axis: int, prepend: Any, append: Any
) -> Array:
    """The gradient of np.diff in a, prepend or append: its span of what `undiffed` makes of g."""
    if n == 0:  # np.diff returns a, and looks at nothing else
        return (
            g if which == "a" else np.zeros_like(g, shape=np.shape(prepend if which == "prepend" else append))
        )
    n = operator.index(n)
    before, length, after = length_along(prepend, axis), a_shape[axis], length_along(append, axis)
    whole = undiffed(g, n, axis, before + length + after)
    if which == "a":
        return span(whole, axis, before, before + length)
    part, x = (
        (span(whole, axis, 0, before), prepend)
        if which == "prepend"
        else (span(whole, axis, before + length, None), append)
    )
    return part if np.ndim(x) else np.add.reduce(part, axis=None)


def ediff1d_gradient(g: Cotangent, shape: Shape, to_begin: Any) -> Array:
    """The gradient of np.ediff1d in its array."""
    n = math.prod(shape)
    begin = 0 if to_begin is None else np.size(to_begin)
    return np.reshape(undiffed(g[begin : begin + max(n - 1, 0)], 1, 0, n), shape)


# fmt: off
derivative(np.diff,     lambda a, n=1, axis=-1, prepend=np._NoValue, append=np._NoValue: np.diff(a, n, axis, prepend, append),
           a=lambda g, a_shape, n, axis, prepend, append: diff_gradient(g, "a", a_shape, n, axis, prepend, append),
           prepend=lambda g, a_shape, n, axis, prepend, append: diff_gradient(g, "prepend", a_shape, n, axis, prepend, append),
           append=lambda g, a_shape, n, axis, prepend, append: diff_gradient(g, "append", a_shape, n, axis, prepend, append))
derivative(np.ediff1d,  lambda ary, to_end=None, to_begin=None: np.ediff1d(ary, to_end, to_begin),
           ary=lambda g, ary_shape, to_begin: ediff1d_gradient(g, ary_shape, to_begin),
           to_end=lambda g, to_end_shape: np.reshape(g[g.shape[0] - math.prod(to_end_shape) :], to_end_shape),
           to_begin=lambda g, to_begin_shape: np.reshape(g[: math.prod(to_begin_shape)], to_begin_shape))
derivative(np.unwrap,   lambda p, discont=None, axis=-1, *, period=2 * np.pi: np.unwrap(p, discont, axis, period=period),
           p=lambda g, out: or_nan(out, g))
# fmt: on


@composite(np.gradient)
def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    (f,) = as_arrays(f)
    for grid in as_arrays(*varargs):
        keeping(grid, f.dtype)
    # NumPy's own word.
    np.gradient(np.zeros(f.shape, f.dtype), *map(constant, varargs), axis=axis, edge_order=edge_order)
    axes = tuple(range(f.ndim)) if axis is None else tuple(a % f.ndim for a in np.atleast_1d(axis).tolist())
    grids = list(varargs) if len(varargs) == len(axes) else list(varargs or (1.0,)) * len(axes)
    if f.dtype.kind in "iub":
        f = np.astype(f, float)
    slopes = tuple(np.astype(slope(f, grid, a, edge_order), f.dtype) for grid, a in zip(grids, axes))
    return slopes[0] if len(slopes) == 1 else slopes


def slope(f: Array, grid: Any, axis: int, edge_order: int) -> Array:
    """The slope along one axis: three neighbours weighted by their distances, one-sided at both ends."""
    n = f.shape[axis]
    beside = (1,) * (f.ndim - axis - 1)
    (grid,) = as_arrays(grid)
    if grid.dtype.kind in "iub":
        grid = np.astype(grid, float)
    elif not grid.ndim and f.dtype.kind in "fc":
        grid = np.astype(grid, np.result_type(grid.dtype, np.finfo(f.dtype).dtype))  # as NumPy's 2 · spacing
    steps = np.diff(grid) if grid.ndim else grid
    steps = np.reshape(np.broadcast_to(steps, (n - 1,)), (n - 1, *beside))
    h, k = steps[:-1], steps[1:]
    before, at, after = span(f, axis, None, -2), span(f, axis, 1, -1), span(f, axis, 2, None)
    inner = before * (-k / (h * (h + k))) + at * ((k - h) / (h * k)) + after * (h / (k * (h + k)))
    ends = []
    for points, near, far, sign in (((0, 1, 2), 0, 1, 1), ((-1, -2, -3), -1, -2, -1)):
        a, b = (np.take(f, [p], axis) for p in points[:2])
        h = sign * steps[near]
        if edge_order == 1:
            ends.append((b - a) / h)
        else:
            c, k = np.take(f, [points[2]], axis), sign * steps[far]
            ends.append(
                a * (-(2 * h + k) / (h * (h + k))) + b * ((h + k) / (h * k)) + c * (-h / (k * (h + k)))
            )
    return np.concatenate([ends[0], inner, ends[1]], axis)


@composite(np.trapezoid)
def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    (y,) = as_arrays(y)
    plain = None if x is None else np.zeros(np.shape(x))
    np.trapezoid(np.zeros(y.shape), plain, constant(dx), axis)  # NumPy's own word on shapes and axes
    steps = dx
    if x is not None:
        (x,) = as_arrays(x)
        steps = np.diff(x, axis=-1 if x.ndim == 1 else axis)
        if x.ndim == 1:
            shape = [1] * y.ndim
            shape[axis] = steps.shape[0]
            steps = np.reshape(steps, shape)
    return np.add.reduce(steps * (span(y, axis, 1, None) + span(y, axis, None, -1)) / 2.0, axis=axis)


# ---- tables ------------------------------------------------------------------------------------------------


@overridable
def rising(xp: Array) -> None:
    """Refuse the gradient in a table whose places do not rise, of which np.interp makes what it happens to
    meet.
    """
    if not np.all(np.diff(xp) >= 0):
        told = "np.interp has a gradient where the places xp rise; these do not, or have NaN among them"
        raise UnsupportedCall(f"{told}. Sort them: order = np.argsort(xp), xp[order], fp[order].")


def interpolated(x: Any, xp: Any, fp: Any, left: Any, right: Any, period: Any) -> Any:
    """np.interp of a table that it can be differentiated in."""
    for name, places in (("x", x), ("xp", xp)):
        refuse_imaginary(np.result_type(*as_arrays(places)), np.float64, f"np.interp: {name}")
    return np.interp(x, xp, fp, left, right, period)


def knots(xp: Array, period: Any) -> tuple[Any, Array]:
    """Which entries of the table follow each other, and where they lie: with a period, the last comes before
    the first.
    """
    if period is None:
        return np.zeros_like(xp, dtype=np.intp) + beside(np.arange(np.size(xp)), xp), xp  # of the kind of xp
    xp = np.remainder(xp, abs(period))
    order = np.argsort(xp)
    places = np.concatenate([order[-1:], order, order[:1]])
    shift = np.zeros(places.shape[0])
    shift[0], shift[-1] = -abs(period), abs(period)
    return places, xp[places] + beside(shift, xp)


def as_numbers(*values: Any) -> Iterator[Array]:
    """Arrays of floating numbers, as np.interp takes its arguments; of None a NaN."""
    return (v if v.dtype.kind in "fc" else np.astype(v, float) for v in as_arrays(*values))


def interval(x: Array, xp: Array, fp: Array, period: Any) -> tuple[Any, ...]:
    """For each x the two entries of the table around it, the slope and the part of the way from one to the
    other.

    Below and above the table both entries are its first, or its last, and the slope is 0.
    """
    x, xp, fp = as_numbers(x, xp, fp)
    if period is None:
        rising(constant(xp))
    places, at = knots(xp, period)
    x = x if period is None else np.remainder(x, abs(period))
    i = np.searchsorted(at, x, "right")
    n = places.shape[0]
    low, high = np.maximum(i - 1, 0), np.where(i == n, n - 1, i)
    inside = (low < high) & (i > 0)
    start, first, second = np.take(at, low), np.take(places, low), np.take(places, high)
    width = ones_for_zeros(np.where(inside, np.take(at, high) - start, 1))
    part = np.where(inside, (x - start) / width, 0)
    return first, second, np.where(inside, (np.take(fp, second) - np.take(fp, first)) / width, 0), part


def beyond(x: Array, xp: Array, period: Any) -> tuple[Any, Any]:
    """Which x are below the table, and which above."""
    x, xp = as_numbers(x, xp)
    if period is not None:
        return np.zeros_like(x, bool), np.zeros_like(x, bool)
    return x < xp[0], x > xp[-1]


def interp_gradient_of_x(g: Cotangent, x: Array, xp: Array, fp: Array, out: Array, period: Any) -> Array:
    """The slope."""
    return or_nan(out, g * interval(x, xp, fp, period)[2])


def interp_gradient_of_xp(g: Cotangent, x: Array, xp: Array, fp: Array, period: Any) -> Array:
    """Of f₀ + s (x - x₀), s = (f₁ - f₀) / (x₁ - x₀): s (p - 1) in x₀ and -s p in x₁, with p = (x - x₀) / (x₁
    - x₀).
    """
    first, second, s, part = interval(x, xp, fp, period)
    return to_entries(g * s * (part - 1), first, np.size(xp)) + to_entries(-g * s * part, second, np.size(xp))


def interp_gradient_of_fp(
    g: Cotangent, x: Array, xp: Array, fp: Array, left: Any, right: Any, period: Any
) -> Array:
    """What is not taken from ``left`` and ``right`` goes to both entries, by the part of the way between
    them.
    """
    below, above = beyond(x, xp, period)
    g = np.where((below & (left is not None)) | (above & (right is not None)), 0, g)
    first, second, _, part = interval(x, xp, fp, period)
    return to_entries(g * (1 - part), first, np.size(xp)) + to_entries(g * part, second, np.size(xp))


def to_entries(g: Cotangent, places: Array, n: int) -> Array:
    """The sum of what each of n entries gets."""
    return scatter(np.reshape(g, -1), as_key((np.reshape(places, -1),)), (n,))


# ---- convolution -------------------------------------------------------------------------------------------


def mode_of(mode: Any) -> str:
    """The name of a mode, of which NumPy takes numbers and first letters too."""
    if isinstance(mode, str):
        return next(name for name in ("valid", "same", "full") if name[0] == mode.lower()[0])
    return ("valid", "same", "full")[mode]


def uncropped(g: Cotangent, n: int, m: int, mode: str, correlated: bool = False) -> Array:
    """The gradient of the full convolution of n and m elements, of which the mode took a part.

    "same" begins half of the shorter one in; np.correlate swaps its two arrays if the second is longer, and
    so rounds that half up.
    """
    short = min(n, m) - 1
    half = short - short // 2 if correlated and m > n else short // 2
    start = {"full": 0, "same": half, "valid": short}[mode_of(mode)]
    return np.pad(g, (start, n + m - 1 - start - g.shape[0]))


def convolved_back(g: Cotangent, shape: Shape, other: Any, mode: str) -> Array:
    """The gradient of one factor of a convolution: that of the full one, correlated with the other factor."""
    other, n = np.reshape(next(as_arrays(other)), -1), math.prod(shape)
    return np.reshape(np.convolve(uncropped(g, n, other.size, mode), np.flip(other), "valid"), shape)


def correlated_back(g: Cotangent, a: Any, m: int, mode: str) -> Array:
    """The gradient of the second factor of a correlation, which is conjugated in it."""
    reversed_a = np.flip(next(as_arrays(a)))
    return conjugated(np.flip(np.convolve(uncropped(g, np.size(a), m, mode, True), reversed_a, "valid")))


# fmt: off
derivative(np.interp,    lambda x, xp, fp, left=None, right=None, period=None: interpolated(x, xp, fp, left, right, period),
           x=lambda g, x, xp, fp, out, period: interp_gradient_of_x(g, x, xp, fp, out, period),
           xp=lambda g, x, xp, fp, period: interp_gradient_of_xp(g, x, xp, fp, period),
           fp=lambda g, x, xp, fp, left, right, period: interp_gradient_of_fp(g, x, xp, fp, left, right, period),
           left=lambda g, x, xp, period: np.add.reduce(np.where(beyond(x, xp, period)[0], g, 0), axis=None),
           right=lambda g, x, xp, period: np.add.reduce(np.where(beyond(x, xp, period)[1], g, 0), axis=None))
derivative(np.convolve,  lambda a, v, mode="full": np.convolve(a, v, mode),
           a=lambda g, a_shape, v, mode: convolved_back(g, a_shape, v, mode),
           v=lambda g, v_shape, a, mode: convolved_back(g, v_shape, a, mode))
derivative(np.correlate, lambda a, v, mode="valid": np.correlate(a, v, mode),
           a=lambda g, a_shape, v, mode: np.convolve(uncropped(g, a_shape[0], np.size(v), mode, True), conjugated(next(as_arrays(v))), "valid"),
           v=lambda g, a, v_shape, mode: correlated_back(g, a, v_shape[0], mode))
# fmt: on
