"""What ufuncs of two arguments make of a whole axis: folds (`reduce`) and their intermediate results (`accumulate`).

A fold is ``out_j = f(out_{j-1}, a_j)``.  Its gradient runs the other way, with the rules of f that are filed: what
has reached ``out_j`` goes on to ``out_{j-1}`` by the rule of x1, and to ``a_j`` by that of x2.  So every ufunc with
rules has these two methods too, by two functions of this file.  Sums, products and extrema, which need no walk, are
in `reduction`; the running extrema are here, as what they do is to read an element that was there before.
"""

from typing import Any

import numpy as np

from ..table import derivative, op_of
from .order import put_back
from .reduction import Axis, absent, axes_of, count, masked, only, reducing, total

# ---- running extrema ---------------------------------------------------------------------------------------


def latest_winner(g: Any, a: Any, out: Any, axis: int) -> Any:
    """The gradient of a running maximum or minimum: to the latest of the elements so far that equal it.

    Where all are equal, each is its own extremum.  An element that takes part in a result which is NaN gets NaN.
    """
    a, out, g = (np.moveaxis(x, axis, -1) for x in (a, out, g))
    winners = np.maximum.accumulate(np.where(a == out, np.arange(a.shape[-1]), 0), axis=-1)
    lost = np.flip(np.logical_or.accumulate(np.flip(np.isnan(out), -1), axis=-1), -1)
    return np.moveaxis(np.where(lost, np.nan, put_back(g, winners, a.shape[-1])), -1, axis)


def _running_extremum(ufunc: np.ufunc) -> None:
    derivative(
        ufunc.accumulate,
        lambda array, axis=0, dtype=None: ufunc.accumulate(array, axis, dtype),
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
    """The gradients of the rows of a fold, given those of its intermediate results; a row that is masked took no part."""
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
    n, ndim = count(x.shape, axis), len(axes_of(axis, x.ndim))
    moved = np.transpose(x, in_front(x.shape, axis))
    flat = np.reshape(moved, (n, *moved.shape[ndim:]))
    return [flat[j] for j in range(n)]


def unreduced(ufunc: np.ufunc, g: Any, a: Any, axis: Axis, initial: Any, where: Any) -> tuple[Any, Any]:
    """The gradients of ``ufunc.reduce``: that of ``initial=``, which is the first row if it is given, and that of a."""
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
    return found[0], np.transpose(whole, tuple(sorted(range(a.ndim), key=order.__getitem__)))


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
        lambda array, axis=0, dtype=None: ufunc.accumulate(array, axis, dtype),
        array=lambda g, array, out, axis: unaccumulated(ufunc, g, array, out, only(axis) or 0),
    )


# The folds of power and arctan2 are refused: along the last axis NumPy (2.4) computes f(first, last) for them.
FOLDED: tuple[np.ufunc, ...] = (
    np.subtract, np.divide, np.float_power, np.floor_divide, np.remainder, np.fmod, np.copysign, np.heaviside,
)  # fmt: skip
for _folded in FOLDED:
    _fold(_folded)
for _folded in (*FOLDED, np.power, np.arctan2, np.hypot, np.logaddexp, np.logaddexp2):
    _scan(_folded)
