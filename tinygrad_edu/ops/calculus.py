"""Differences, sums and tables on a grid: numerical derivatives and integrals, interpolation, convolution."""

import operator
from typing import Any

import numpy as np

from ..aliases import Array, Cotangent
from ..errors import UnsupportedCall
from ..table import composite, derivative
from .elementwise import as_arrays

GIVEN_NOTHING: Any = np._NoValue  # what NumPy's signatures have for an argument that was not given


def span(a: Array, axis: int, start: int | None, stop: int | None) -> Array:
    """The elements from start to stop along one axis."""
    return a[(*[slice(None)] * (axis % a.ndim), slice(start, stop))]


# ---- differences ---------------------------------------------------------------------------------------------


@composite(np.diff)
def _diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = GIVEN_NOTHING, append: Any = GIVEN_NOTHING
) -> Any:
    np.diff(np.zeros(np.shape(a)), operator.index(n), axis)  # NumPy's own word on n and axis
    if n == 0:
        return a
    (a,) = as_arrays(a)
    axis %= a.ndim
    edge = (*a.shape[:axis], 1, *a.shape[axis + 1 :])
    before, after = (
        [] if x is GIVEN_NOTHING else [np.broadcast_to(x, edge) if np.ndim(x) == 0 else x]
        for x in (prepend, append)
    )
    if before or after:
        a = np.concatenate([*before, a, *after], axis)
    for _ in range(n):
        later, earlier = span(a, axis, 1, None), span(a, axis, None, -1)
        a = np.not_equal(later, earlier) if a.dtype.kind == "b" else later - earlier
    return a


@composite(np.ediff1d)
def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    (ary,) = as_arrays(ary)
    fitting = [
        np.ediff1d(np.zeros(2, ary.dtype), *(as_zeros(x) for x in (to_end, to_begin)))
    ]  # NumPy's own word
    flat = np.ravel(ary)
    inner = flat[1:] - flat[:-1]
    ends = ([] if x is None else [np.astype(np.ravel(x), fitting[0].dtype)] for x in (to_begin, to_end))
    before, after = ends
    return np.concatenate([*before, inner, *after]) if before or after else inner


def as_zeros(x: Any) -> Any:
    """Zeros of the shape and dtype of x, to ask NumPy whether a call is right."""
    return (
        None
        if x is None
        else np.zeros_like(
            np.shape(x), shape=np.shape(x), dtype=getattr(x, "dtype", None) or np.asarray(x).dtype
        )
    )


@composite(np.gradient)
def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    (f,) = as_arrays(f)
    np.gradient(
        np.zeros(f.shape), *map(plain_grid, varargs), axis=axis, edge_order=edge_order
    )  # NumPy's own word
    axes = tuple(range(f.ndim)) if axis is None else tuple(a % f.ndim for a in np.atleast_1d(axis).tolist())
    grids = list(varargs) if len(varargs) == len(axes) else list(varargs or (1.0,)) * len(axes)
    slopes = tuple(slope(f, grid, a, edge_order) for grid, a in zip(grids, axes))
    return slopes[0] if len(slopes) == 1 else slopes


def plain_grid(x: Any) -> Any:
    """The values of a spacing, without a graph."""
    return x.detach().numpy() if hasattr(x, "detach") else x


def slope(f: Array, grid: Any, axis: int, edge_order: int) -> Array:
    """The slope along one axis: three neighbours weighted by their distances, one-sided at both ends."""
    if f.dtype.kind in "iub":
        f = np.astype(f, float)
    n = f.shape[axis]
    beside = (1,) * (f.ndim - axis - 1)
    steps = np.diff(grid) if np.ndim(grid) else np.broadcast_to(grid, (n - 1,))
    steps = np.reshape(steps, (n - 1, *beside))
    h, k = steps[:-1], steps[1:]
    inner = (
        span(f, axis, None, -2) * (-k / (h * (h + k)))
        + span(f, axis, 1, -1) * ((k - h) / (h * k))
        + span(f, axis, 2, None) * (h / (k * (h + k)))
    )
    ends = []
    for points, (h, k) in (
        ((0, 1, 2), (steps[:1], steps[1:2])),
        ((-1, -2, -3), (-steps[-1:], -steps[-2:-1])),
    ):
        a, b, c = (np.take(f, [min(p, n - 1) if p >= 0 else max(p, -n)], axis) for p in points)
        if edge_order == 1:
            ends.append((b - a) / h)
        else:
            ends.append(
                a * (-(2 * h + k) / (h * (h + k))) + b * ((h + k) / (h * k)) + c * (-h / (k * (h + k)))
            )
    return np.concatenate([ends[0], inner, ends[1]], axis)


@composite(np.trapezoid)
def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    (y,) = as_arrays(y)
    np.trapezoid(
        np.zeros(y.shape), None if x is None else np.zeros(np.shape(x)), plain_grid(dx), axis
    )  # NumPy's own word
    steps = dx
    if x is not None:
        steps = np.diff(x, axis=-1 if np.ndim(x) == 1 else axis)
        if np.ndim(x) == 1:
            steps = np.reshape(steps, (-1, *(1,) * (y.ndim - 1 - axis % y.ndim)))
    return np.add.reduce(steps * (span(y, axis, 1, None) + span(y, axis, None, -1)) / 2.0, axis=axis)


# ---- tables --------------------------------------------------------------------------------------------------


@composite(np.interp)
def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    x, xp, fp = as_arrays(x, xp, fp)
    np.interp(
        0.0, *(np.arange(float(np.size(a))).reshape(np.shape(a)) for a in (xp, fp)), period=period and 1.0
    )
    if period is not None:
        left = right = None
        period = np.absolute(period)
        x, xp = np.remainder(x, period), np.remainder(xp, period)
        order = np.argsort(plain_grid(xp))
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    table, at = plain_grid(xp), plain_grid(x)
    if len(table) == 1:
        within = np.broadcast_to(fp[0], np.shape(at)) + 0 * x
    else:
        j = np.clip(np.searchsorted(table, at, "right") - 1, 0, len(table) - 2)
        x0, f0 = xp[j], fp[j]
        within = f0 + (fp[j + 1] - f0) / (xp[j + 1] - x0) * (x - x0)
    below = np.where(at < table[0], fp[0] if left is None else left, within)
    return np.where(at > table[-1], fp[-1] if right is None else right, below)


# ---- convolution ---------------------------------------------------------------------------------------------


def cropped_from(n: int, m: int, mode: str) -> int:
    """Where the output begins in the full convolution of n and m elements."""
    short = min(n, m) - 1
    return {"full": 0, "same": short // 2 if m <= n else short - (short + 1) // 2, "valid": short}[
        mode_of(mode)
    ]


def mode_of(mode: Any) -> str:
    """The name of a mode, of which NumPy takes numbers and first letters too."""
    if isinstance(mode, str):
        return next(name for name in ("valid", "same", "full") if name[0] == mode.lower()[0])
    return ("valid", "same", "full")[mode]


def convolved_back(g: Cotangent, other: Array, length: int, mode: str, first: bool) -> Array:
    """The gradient of one factor of a convolution: the full one's gradient, correlated with the other factor."""
    n, m = (length, len(other)) if first else (len(other), length)
    start = cropped_from(n, m, mode)
    full = np.pad(g, (start, n + m - 1 - start - len(g)))
    return np.convolve(full, np.flip(other), "valid") if n + m - 1 >= len(other) else full


# fmt: off
derivative(np.convolve, lambda a, v, mode="full": np.convolve(a, v, mode),
           a=lambda g, a_shape, v, mode: np.reshape(convolved_back(g, np.reshape(v, -1), max(1, *a_shape, 1), mode, True), a_shape),
           v=lambda g, a, v_shape, mode: np.reshape(convolved_back(g, np.reshape(a, -1), max(1, *v_shape, 1), mode, False), v_shape))
derivative(np.unwrap,   lambda p, discont=None, axis=-1, *, period=2 * np.pi: np.unwrap(p, discont, axis, period=period),
           p=lambda g: g)
# fmt: on


@composite(np.correlate)
def _correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = as_arrays(a, v)
    expected = np.correlate(np.zeros(a.shape), np.zeros(v.shape), mode)  # NumPy's own word
    full = np.convolve(a, np.flip(v), "full")
    short, n, m = min(np.size(a), np.size(v)) - 1, np.size(a), np.size(v)
    start = {"full": 0, "valid": short, "same": short // 2 if m <= n else short - short // 2}[mode_of(mode)]
    return full[start : start + len(expected)]


def unsupported(what: str, instead: str) -> UnsupportedCall:
    """The error for a setting that has no derivative."""
    return UnsupportedCall(f"{what} has no derivative rule; {instead}.")
