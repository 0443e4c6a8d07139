"""What ufuncs of two arguments make of a whole axis: folds (`reduce`) and running results (`accumulate`).

A fold is ``out_j = f(out_{j-1}, a_j)``.  Its gradient runs the other way, with the rules of f that are filed:
what has reached ``out_j`` goes on to ``out_{j-1}`` by the rule of x1, and to ``a_j`` by that of x2.  So every
ufunc with rules has these two methods too, by two functions of this file.  What needs no walk comes first:
running sums, products and extrema; folds that need none are in `reduction`.
"""

from typing import Any

import numpy as np

from ..foreign import beside
from ..table import composite, derivative, op_of
from .calculus import span
from .elementwise import as_arrays, keeping
from .order import put_back
from .reduction import Axis, absent, axes_of, group_size, masked, reducing, total

# ---- running sums and products -----------------------------------------------------------------------------


def only(axis: Any) -> Any:
    """The one axis that ufuncs accumulate along, which may stand in a tuple; None of a vector."""
    return axis[0] if isinstance(axis, tuple) else axis


def running_sum(g: Any, shape: tuple[int, ...], axis: int | None) -> Any:
    """The gradient of a running sum, of all elements if axis is None: the running sum from the other end."""
    return np.reshape(np.flip(np.cumsum(np.flip(g, axis), axis), axis), shape)


def running_product(g: Any, a: Any, axis: int | None) -> Any:
    """The gradient of a running product, of all elements if there is no axis."""
    flat = axis is None or not a.ndim
    return np.reshape(
        cumulative_product(g, np.reshape(a, -1) if flat else a, 0 if axis is None else axis), a.shape
    )


def behind(g: Any, axis: int | None, include_initial: Any) -> Any:
    """The gradient of running values, less that of the constant which ``include_initial=`` puts first."""
    return g[(slice(None),) * ((axis or 0) % g.ndim) + (slice(1, None),)] if include_initial else g


LONG = 100  # elements; from here on a walk is faster than a table of all pairs, and takes less memory


def cumulative_product(g: Any, a: Any, axis: int) -> Any:
    """The gradient of a running product: exact with zeros.

    out_j is the product of a_k for k ≤ j, so its slope in a_i, i ≤ j, is the product of the a_k with k ≤ j
    and k ≠ i.  A long axis is walked instead of forming those for all pairs.
    """
    if a.shape[axis] > LONG:
        return walked_product(g, a, axis)
    rows = np.expand_dims(np.moveaxis(a, axis, -1), -2)
    n = a.shape[axis]
    i, j = np.arange(n)[:, None], np.arange(n)
    before, own = beside((i <= j, i == j), a)
    slopes = np.where(before, np.multiply.accumulate(np.where(own, 1, rows), axis=-1), 0)
    return np.moveaxis(
        np.add.reduce(np.expand_dims(np.moveaxis(g, axis, -1), -2) * slopes, axis=-1), -1, axis
    )


def walked_product(g: Any, a: Any, axis: int) -> Any:
    """The same gradient from the far end: (Π a_k before i) · h_i, with h_i = g_i + a_(i+1) h_(i+1).

    A zero before i makes the slope 0, however far h_i may overflow.
    """
    g, a = np.moveaxis(g, axis, 0), np.moveaxis(a, axis, 0)
    walk = [g[-1]]
    for j in range(a.shape[0] - 2, -1, -1):
        walk.append(g[j] + a[j + 1] * walk[-1])
    before = np.concatenate([np.ones_like(a[:1]), np.multiply.accumulate(a[:-1])])
    h = np.stack(walk[::-1])
    return np.moveaxis(np.where((before == 0) & np.isinf(h), 0, before * h), 0, axis)


# fmt: off
derivative(np.add.accumulate, lambda array, axis=0, dtype=None: np.add.accumulate(array, axis, keeping(array, dtype)),
           array=lambda g, array_shape, axis: running_sum(g, array_shape, only(axis)))
derivative(np.multiply.accumulate, lambda array, axis=0, dtype=None: np.multiply.accumulate(array, axis, keeping(array, dtype)),
           array=lambda g, array, axis: running_product(g, array, only(axis)))
derivative(np.cumsum, lambda a, axis=None, dtype=None, out=None: np.cumsum(a, axis, keeping(a, dtype)),
           a=lambda g, a_shape, axis: running_sum(g, a_shape, axis))
derivative(np.cumprod, lambda a, axis=None, dtype=None, out=None: np.cumprod(a, axis, keeping(a, dtype)),
           a=lambda g, a, axis: running_product(g, a, axis))
derivative(np.cumulative_sum, lambda x, *, axis=None, dtype=None, out=None, include_initial=False: np.cumulative_sum(
               x, axis=axis, dtype=keeping(x, dtype), include_initial=include_initial),
           x=lambda g, x_shape, axis, include_initial: running_sum(behind(g, axis, include_initial), x_shape, axis))
derivative(np.cumulative_prod, lambda x, *, axis=None, dtype=None, out=None, include_initial=False: np.cumulative_prod(
               x, axis=axis, dtype=keeping(x, dtype), include_initial=include_initial),
           x=lambda g, x, axis, include_initial: running_product(behind(g, axis, include_initial), x, axis))
# fmt: on


# ---- running extrema ---------------------------------------------------------------------------------------


def latest_winner(g: Any, a: Any, out: Any, axis: int) -> Any:
    """The gradient of a running maximum or minimum: to the latest of the elements so far that equal it.

    Where all are equal, each is its own extremum.  An element that takes part in a result which is NaN gets
    NaN.
    """
    a, out, g = (np.moveaxis(x, axis, -1) for x in (a, out, g))
    winners = np.maximum.accumulate(np.where(a == out, np.arange(a.shape[-1]), 0), axis=-1)
    lost = np.flip(np.logical_or.accumulate(np.flip(np.isnan(out), -1), axis=-1), -1)
    return np.moveaxis(np.where(lost, np.nan, put_back(g, winners, a.shape[-1])), -1, axis)


def _running_extremum(ufunc: np.ufunc) -> None:
    derivative(
        ufunc.accumulate,
        lambda array, axis=0, dtype=None: ufunc.accumulate(array, axis, keeping(array, dtype)),
        array=lambda g, array, out, axis: latest_winner(g, array, out, only(axis) or 0),
    )


for _ufunc in (np.maximum, np.minimum, np.fmax, np.fmin):
    _running_extremum(_ufunc)


# ---- folds of any ufunc ------------------------------------------------------------------------------------


def by_rule(ufunc: np.ufunc, argument: str, g: Any, x1: Any, x2: Any, out: Any) -> Any:
    """The gradient of one argument of a ufunc, by the rule that is filed for it."""
    rule, needs = op_of(ufunc).rules[argument]
    values = {"x1": x1, "x2": x2, "out": out}
    return rule(g, *[values[name] for name in needs])


def walked_back(
    ufunc: np.ufunc, gs: list[Any], rows: list[Any], outs: list[Any], masks: list[Any]
) -> list[Any]:
    """The gradients of a fold's rows, given those of its results; a row that is masked took no part."""
    found, g = [], gs[-1]
    for j in range(len(rows) - 1, 0, -1):
        x1, x2, out = outs[j - 1], rows[j], outs[j]
        found.append(masked(masks[j], by_rule(ufunc, "x2", g, x1, x2, out), 0))
        g = masked(masks[j], by_rule(ufunc, "x1", g, x1, x2, out), g) + gs[j - 1]
    return [g, *reversed(found)]


def unaccumulated(ufunc: np.ufunc, g: Any, a: Any, out: Any, axis: int) -> Any:
    """The gradient of ``ufunc.accumulate``, whose output holds every intermediate result."""
    if not a.size:
        return np.zeros_like(g)
    a, n = np.astype(a, g.dtype), a.shape[axis]
    rows, outs, gs = ([np.take(x, j, axis) for j in range(n)] for x in (a, out, g))
    return np.stack(walked_back(ufunc, gs, rows, outs, [True] * n), axis)


def in_front(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """The order of the axes that brings those of a reduction to the front."""
    axes = axes_of(axis, len(shape))
    return (*axes, *(i for i in range(len(shape)) if i not in axes))


def in_rows(x: Any, axis: Axis) -> list[Any]:
    """An array as the list of what a fold takes one after the other."""
    n, ndim = group_size(x.shape, axis), len(axes_of(axis, x.ndim))
    moved = np.transpose(x, in_front(x.shape, axis))
    flat = np.reshape(moved, (n, *moved.shape[ndim:]))
    return [flat[j] for j in range(n)]


def unreduced(ufunc: np.ufunc, g: Any, a: Any, axis: Axis, initial: Any, where: Any) -> tuple[Any, Any]:
    """The gradients of ``ufunc.reduce``: that of ``initial=``, if it is given, and that of a."""
    order = in_front(a.shape, axis)
    sizes = [a.shape[i] for i in order]
    rest = tuple(sizes[len(axes_of(axis, a.ndim)) :])
    rows = in_rows(np.astype(a, g.dtype), axis)
    masks = [True] * len(rows) if where is True else in_rows(np.broadcast_to(where, a.shape), axis)
    if given := not absent(initial):
        rows, masks = [np.astype(np.broadcast_to(initial, rest), g.dtype), *rows], [True, *masks]
    outs = rows[:1]
    for row, mask in zip(rows[1:], masks[1:]):
        outs.append(masked(mask, ufunc(outs[-1], row), outs[-1]))
    nothing = np.zeros_like(outs[-1])
    found = walked_back(ufunc, [nothing] * (len(rows) - 1) + [np.reshape(g, rest)], rows, outs, masks)
    if not a.size:
        return found[0], np.zeros_like(g, shape=a.shape)
    whole = np.reshape(np.stack(found[given:]), sizes)
    return found[0], np.transpose(whole, sorted(range(a.ndim), key=order.__getitem__))


def _fold(ufunc: np.ufunc) -> None:
    derivative(
        ufunc.reduce,
        reducing(ufunc),
        array=lambda g, array, axis, initial, where: unreduced(ufunc, g, array, axis, initial, where)[1],
        initial=lambda g, array, axis, initial, where: total(
            unreduced(ufunc, g, array, axis, initial, where)[0], np.shape(initial)
        ),
    )


def _scan(ufunc: np.ufunc) -> None:
    derivative(
        ufunc.accumulate,
        lambda array, axis=0, dtype=None: ufunc.accumulate(array, axis, keeping(array, dtype)),
        array=lambda g, array, out, axis: unaccumulated(ufunc, g, array, out, only(axis) or 0),
    )


def _fold_in_parts(ufunc: np.ufunc) -> None:
    @composite(ufunc.reduceat)
    def reduceat(array: Any, indices: Any, axis: Any = 0, dtype: Any = None, out: None = None) -> Any:
        """The fold of each part from one index to the next; the element alone if the next is not larger."""
        (array,) = as_arrays(array)
        dtype = keeping(array, dtype)
        expected = ufunc.reduceat(np.ones_like(array), indices, axis, dtype)  # NumPy's own word
        array = np.astype(array, expected.dtype)
        starts, axis = np.ravel(indices).astype(np.intp).tolist(), int(only(axis) or 0) % array.ndim
        parts = []
        for start, stop in zip(starts, [*starts[1:], array.shape[axis]]):
            part = span(array, axis, start, max(stop, start + 1))
            parts.append(
                ufunc.reduce(part, axis, expected.dtype, keepdims=True) if stop > start + 1 else part
            )
        return np.concatenate(parts, axis) if parts else np.copy(expected)


# The folds of power and arctan2 are refused: along the last axis NumPy computes f(first, last).
FOLDED: tuple[np.ufunc, ...] = (
    np.subtract, np.divide, np.float_power, np.floor_divide, np.remainder, np.fmod, np.copysign, np.heaviside,
    np.nextafter,
)  # fmt: skip
for _folded in FOLDED:
    _fold(_folded)
for _folded in (
    *FOLDED, np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.hypot, np.logaddexp,
    np.logaddexp2,
):  # fmt: skip
    _fold_in_parts(_folded)
for _folded in (*FOLDED, np.power, np.arctan2, np.hypot, np.logaddexp, np.logaddexp2):
    _scan(_folded)
