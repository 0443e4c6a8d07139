"""Domains of what ufuncs make of a whole axis: folds and running results."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ..strategies import Draw, arrays, axes, shapes
from .domain import CLOSE, Call, Domain, call, case, integers, masked, off_zero, one_axis, reduction
from .elementwise import Pair, divisors, from_multiple


def tame(kinks: Callable[..., Any] | None, rows: Any, ufunc: np.ufunc, first: Any = None) -> bool:
    """Whether no step of a fold is near a kink."""
    rows = list(rows) if first is None else [first + np.zeros_like(rows[0]), *rows]
    out = rows[0]
    for row in rows[1:]:
        if kinks is not None and not np.all(np.absolute(kinks(out, row)) > CLOSE):
            return False
        out = ufunc(out, row)
    return True


def folding(
    ufunc: np.ufunc, elements: Callable[..., Any], kinks: Callable[..., Any] | None, side: int
) -> dict[Any, Domain]:
    """Arrays and an axis, with a value to start with and a mask where the ufunc is folded."""

    def drawn(d: Draw) -> tuple[Any, Any]:
        return (a := d(elements(shapes(1, 2, min_side=1, max_side=side)))), d(one_axis(a))

    def reduced(d: Draw) -> Call:
        a, axis = drawn(d)
        if not d(st.booleans()):
            return call(a, axis=axis, keepdims=d(st.booleans()))
        return call(a, axis=axis, initial=1.53, where=masked(d, a, axis))

    def fine(c: Call) -> bool:
        axis = c.kwargs["axis"]
        a = np.moveaxis(c.args[0], axis, 0)
        if "initial" in c.kwargs:
            where = np.moveaxis(np.broadcast_to(c.kwargs["where"], c.args[0].shape), axis, 0)
            columns = zip(a.reshape(len(a), -1).T, where.reshape(len(a), -1).T)
            return all(tame(kinks, column[mask], ufunc, 1.53) for column, mask in columns if mask.any())
        return tame(kinks, a, ufunc)

    def tame_in_parts(c: Call) -> bool:
        a, (starts, axis) = c.args[0], (c.args[1], c.args[2])
        rows = np.moveaxis(a, axis, 0)
        ends = zip(starts, [*starts[1:], len(rows)])
        return all(tame(kinks, rows[i : max(i + 1, j)], ufunc) for i, j in ends)

    accumulated = case(lambda d: (lambda a, axis: call(a, axis=axis))(*drawn(d)))
    domains: dict[Any, Domain] = {ufunc.accumulate: Domain(accumulated.calls.filter(fine))}
    if ufunc not in (np.power, np.arctan2):
        domains[ufunc.reduce] = Domain(case(reduced).calls.filter(fine))
        domains[ufunc.reduceat] = Domain(in_parts(elements).calls.filter(tame_in_parts))
    return domains


def running(elements: Callable[..., Any] = arrays, *, distinct: bool = False) -> Domain:
    """One array and the axis along which it accumulates."""
    return case(
        lambda d: call(
            a := d(elements(shapes(min_dims=1), distinct=distinct)),
            axis=d(axes(a.ndim, none=False, many=False)),
        )
    )


def in_parts(elements: Callable[..., Any] = arrays) -> Domain:
    """One array, where its parts begin along an axis, and that axis."""

    def build(d: Draw) -> Call:
        a = d(elements(shapes(1, 2, min_side=1)))
        axis = d(one_axis(a))
        return call(a, d(st.lists(st.integers(0, a.shape[axis] - 1), min_size=1, max_size=3)), axis)

    return case(build)


def modest(shape: Any) -> Any:
    """Bases and exponents of which towers of powers stay small."""
    return arrays(shape, low=1 / 2, high=3 / 2)


# fmt: off
DOMAINS: dict[Callable[..., Any], Domain] = {
    np.maximum.accumulate:    running(distinct=True),
    np.minimum.accumulate:    running(distinct=True),
    np.fmax.accumulate:       running(distinct=True),
    np.fmin.accumulate:       running(distinct=True),
    np.logaddexp.accumulate:  running(),
    np.logaddexp2.accumulate: running(),
    np.hypot.reduce:          reduction(min_side=1, elements=lambda shape, distinct: off_zero(shape), initial=True, where=1),
    np.hypot.accumulate:      running(lambda shape, distinct: off_zero(shape)),
    np.divmod.outer:          Pair(off_zero, divisors, kinks=from_multiple).outer(),
    np.ldexp.outer:           case(lambda d: call(d(arrays(shapes(0, 2, max_side=2))), d(integers((2,), -2, 2)))),
    **dict.fromkeys((np.add.reduceat, np.multiply.reduceat, np.logaddexp.reduceat, np.logaddexp2.reduceat), in_parts()),
    **dict.fromkeys((np.maximum.reduceat, np.minimum.reduceat, np.fmax.reduceat, np.fmin.reduceat),
                    in_parts(lambda shape: arrays(shape, distinct=True))),
    np.hypot.reduceat:        in_parts(off_zero),
    **folding(np.nextafter,    arrays,  np.subtract, 3),
    **folding(np.subtract,     arrays,  None, 3),
    **folding(np.divide,       off_zero, None, 3),
    **folding(np.arctan2,      off_zero, lambda x1, x2: np.hypot(x1, np.maximum(x2, 0)), 3),
    **folding(np.power,        modest,  None, 3),
    **folding(np.float_power,  modest,  None, 3),
    **folding(np.floor_divide, divisors,     from_multiple, 2),
    **folding(np.remainder,    divisors,     from_multiple, 2),
    **folding(np.fmod,         divisors,     from_multiple, 2),
    **folding(np.copysign,     off_zero, None, 3),
    **folding(np.heaviside,    off_zero, lambda x1, x2: x1, 2),
}
# fmt: on
