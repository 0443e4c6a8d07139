"""Domains of unfolding and of resizing."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from ...ops import resize, unfolding
from ...ops.window import Windows
from ..strategies import Draw, Shape, arrays, shapes
from .convolution import places, pooled
from .domain import Call, Domains, call, case, integers
from .indexing import scatter_by_hand


def folded(draw: Draw) -> Call:
    x, windows = pooled(draw).args
    count = windows.kernel[0] * windows.kernel[1]
    return call(draw(arrays((*x.shape[:2], count, *windows.counts(x.shape)))), x.shape, windows)


def unfolded_by_hand(x: Any, windows: Windows) -> Any:
    out = np.zeros((*x.shape[:2], windows.kernel[0] * windows.kernel[1], *windows.counts(x.shape)))
    for r, q, i, j, a, b in places(windows, x.shape):
        out[:, :, i * windows.kernel[1] + j, r, q] = x[..., a, b]
    return out


def folded_by_hand(y: Any, shape: Shape, windows: Windows) -> Any:
    x = np.zeros(shape)
    for r, q, i, j, a, b in places(windows, shape):
        x[..., a, b] += y[:, :, i * windows.kernel[1] + j, r, q]
    return x


def taken_in_order(d: Draw) -> Call:
    """Ascending places along an axis, some of them several times."""
    a = d(arrays(shapes(1, 2, min_side=1)))
    axis = d(st.integers(0, a.ndim - 1))
    return call(a, np.sort(d(integers((d(st.integers(1, 4)),), 0, a.shape[axis] - 1))), axis)


def given_back(d: Draw) -> Call:
    """Values, ascending places along an axis to which they are added, and how many there are."""
    a, places, axis = taken_in_order(d).args
    return call(d(arrays(np.take(a, places, axis).shape)), places, axis, a.shape[axis])


def given_back_by_hand(y: Any, places: Any, axis: int, n: int) -> Any:
    key, shape = (*[slice(None)] * axis, places), (*y.shape[:axis], n, *y.shape[axis + 1 :])
    return scatter_by_hand(y, key, shape)


# fmt: off
DOMAINS: Domains = {
    unfolding.columns_of: case(pooled, reference=unfolded_by_hand),
    unfolding.add_up:     case(folded, reference=folded_by_hand),
    resize.taken:         case(taken_in_order, reference=np.take),
    resize.given_back:    case(given_back, reference=given_back_by_hand),
}
# fmt: on
