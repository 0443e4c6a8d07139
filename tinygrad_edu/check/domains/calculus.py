"""How differences, integrals, tables and convolutions are called."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from ..strategies import Draw, arrays, axes, shapes
from .domain import Call, Domains, call, case, choice


def differing(d: Draw) -> Call:
    """An array, how often to take differences, and perhaps what stands before and after it."""
    a = d(arrays(shapes(1, 2)))
    axis, n = d(axes(a.ndim, none=False, many=False)), d(st.integers(0, 3))
    edge = [*a.shape]
    edge[axis] = d(st.integers(0, 2))
    ends = {
        name: d(arrays(tuple(edge) if d(st.booleans()) else ()))
        for name in ("prepend", "append")
        if d(st.booleans())
    }
    return call(a, n, axis, **ends)


def ended(d: Draw) -> Call:
    ends = {name: d(arrays(shapes(0, 2, max_side=2))) for name in ("to_end", "to_begin") if d(st.booleans())}
    return call(d(arrays(shapes(max_dims=2))), **ends)


def rising(d: Draw, n: int) -> Any:
    """Places whose distances are at least 1/4."""
    return np.cumsum(d(arrays((n,), low=1 / 4, high=1)))


def sloping(d: Draw) -> Call:
    """An array of three elements and more along one axis or two, and their distances: a number, or places."""
    a, order = d(arrays(d(choice((3,), (4,), (3, 3), (2, 4))))), d(st.integers(1, 2))
    axis = d(axes(a.ndim, none=a.shape != (2, 4), many=False)) if a.shape != (2, 4) else d(choice(1, -1))
    n = a.shape[-1 if axis is None else axis]
    count = a.ndim if axis is None else 1
    grids = [d(arrays((), low=1 / 4, high=2)) if d(st.booleans()) else rising(d, n) for _ in range(count)]
    return call(a, *d(choice(grids, grids, [])), axis=axis, edge_order=order)


def integrated(d: Draw) -> Call:
    y = d(arrays(shapes(1, 2)))
    axis = d(axes(y.ndim, none=False, many=False))
    kind = d(choice("dx", "line", "x"))
    if kind == "dx":
        return call(y, dx=d(arrays(())), axis=axis)
    return call(y, d(arrays((y.shape[axis],) if kind == "line" else y.shape)), axis=axis)


def tabulated(d: Draw) -> Call:
    """Places between those of the table, and beyond."""
    n = d(st.integers(1, 4))
    xp, fp = rising(d, n), d(arrays((n,)))
    x = np.asarray(d(arrays(shapes(max_dims=2), low=-1, high=5)) + 1 / 32)  # off the grid
    if d(st.booleans()):
        return call(x, np.roll(xp, 1), fp, period=4.5)
    ends = {name: d(arrays(())) for name in ("left", "right") if d(st.booleans())}
    return call(x, xp, fp, **ends)


def convolved(d: Draw) -> Call:
    n, m = d(st.integers(1, 5)), d(st.integers(1, 5))
    return call(d(arrays((n,))), d(arrays((m,))), d(choice("full", "same", "valid")))


def phases(d: Draw) -> Call:
    """Angles whose steps are no half turns."""
    p = d(arrays(shapes(1, 2, min_side=1), low=-8, high=8))
    return call(p, axis=d(axes(p.ndim, none=False, many=False)))


# fmt: off
DOMAINS: Domains = {
    np.diff:      case(differing),
    np.ediff1d:   case(ended),
    np.gradient:  case(sloping, regular=True),
    np.trapezoid: case(integrated),
    np.interp:    case(tabulated, regular=True),
    np.unwrap:    case(phases),
    np.convolve:  case(convolved),
    np.correlate: case(convolved),
}
# fmt: on
