"""Domains of functions that reshape, reorder, join and part arrays."""

from operator import itemgetter
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...ops import shape
from ..strategies import Draw, arrays, axes, broadcastable, shapes
from .domain import SMALL, Call, Domain, Domains, call, case, choice, integers, one_axis, order

# ---- one array ---------------------------------------------------------------------------------------------


def reshaped(d: Draw) -> Call:
    """An array and another shape with as many elements."""
    s = d(shapes())
    other = st.one_of(st.just(-1), st.permutations(s).map(tuple))
    return call(d(arrays(s)), d(other), order=d(choice("C", "F")))


def permuted(d: Draw) -> Call:
    """An array and an order of its axes, counted from either end, or none."""
    a = d(arrays())
    return call(a, d(st.one_of(st.none(), order(a), st.permutations(range(a.ndim)))))


def moved(d: Draw) -> Call:
    """Some axes, and where they go."""
    a = d(arrays(shapes(1)))
    n = d(st.integers(1, a.ndim))
    return call(a, d(st.permutations(range(a.ndim)))[:n], d(order(a))[:n])


def rolled(d: Draw) -> Call:
    """One shift for one axis or several, or a shift for each axis."""
    a = d(arrays())
    one = st.tuples(st.integers(-3, 3), axes(a.ndim, min_size=1) if a.ndim else st.none())
    return call(a, *d(st.one_of(one, st.just(((1, -2), (0, -1)))) if a.ndim else one))


def repeated(d: Draw) -> Call:
    """A count for all elements, or one for each along the first axis."""
    a = d(arrays(shapes(1, 2)))
    counts = integers(a.shape[:1], 0, 2).map(lambda n: (n, 0))
    return call(a, *d(st.one_of(st.tuples(st.integers(0, 3), axes(a.ndim, many=False)), counts)))


def stretched(d: Draw) -> Call:
    """An array, and a shape that it broadcasts to."""
    s, other = d(broadcastable())
    return call(d(arrays(s)), np.broadcast_shapes(s, other))


def parted(min_dims: int = 1, *, exactly: bool = True, axis: int | None = None) -> Domain:
    """One array, places to part it or a number of parts, and the axis unless the function has its own."""

    def build(d: Draw) -> Call:
        a = d(arrays(shapes(min_dims, max_side=4)))
        along = d(one_axis(a)) if axis is None else axis
        n = a.shape[min(along, a.ndim - 1)]
        parts = [k for k in range(1, n + 2) if n % k == 0 or not exactly]
        where = d(st.one_of(st.sampled_from(parts), st.lists(st.integers(0, n), max_size=2).map(sorted)))
        return call(a, where, along) if axis is None else call(a, where)

    return case(build)


# ---- several arrays ----------------------------------------------------------------------------------------


def of_one_shape(min_dims: int = 0) -> SearchStrategy[list[Any]]:
    """Lists of arrays of one shape."""
    return shapes(min_dims, 2, max_side=2).flatmap(lambda s: st.lists(arrays(s), min_size=1, max_size=3))


@st.composite
def joinable(draw: Draw, axis: int | None = None) -> Any:
    """Lists of arrays that differ in length along one axis, and that axis."""
    s = draw(shapes(1 if axis is None else axis + 1, 3 if axis == 2 else 2, max_side=2))
    axis = draw(st.integers(-len(s), len(s) - 1)) if axis is None else axis
    i = axis % len(s)
    lengths = draw(st.lists(st.integers(0, 2), min_size=1, max_size=3))
    return [draw(arrays((*s[:i], n, *s[i + 1 :]))) for n in lengths], axis


def joining(axis: int) -> Domain:
    """Lists of arrays for vstack and its kin: joinable ones, or some of one shape with too few axes."""
    joined = joinable(axis).map(itemgetter(0)).filter(lambda drawn: drawn[0].ndim >= 2)
    return case(lambda d: call(d(st.one_of(joined, of_one_shape()))))


def concatenated(d: Draw) -> Call:
    """Arrays joined along an axis, or some of one shape, flattened first."""
    flattened = of_one_shape(1).map(lambda drawn: (drawn, None))
    return call(*d(st.one_of(joinable(), flattened)))


def appended(d: Draw) -> Call:
    """Two arrays joined along an axis, or flattened first."""
    drawn, axis = d(joinable())
    return call(drawn[0], drawn[-1], d(choice(axis, None)))


def axis_first(d: Draw) -> Call:
    """An axis, and the arrays that are joined along it."""
    drawn, axis = d(joinable())
    return call(axis, *drawn)


def columns(d: Draw) -> Call:
    """Matrices with different numbers of columns, or vectors of one length."""
    matrices = joinable(1).map(itemgetter(0)).filter(lambda drawn: drawn[0].ndim == 2)
    return call(d(st.one_of(matrices, of_one_shape(1))))


# fmt: off
DOMAINS: Domains = {
    np.reshape:          case(reshaped),
    np.ravel:            case(lambda d: call(d(arrays()), d(choice("C", "F")))),
    np.transpose:        case(permuted),
    np.swapaxes:         case(lambda d: call(a := d(arrays(shapes(1))), d(one_axis(a)), d(one_axis(a)))),
    np.moveaxis:         case(moved),
    np.rollaxis:         case(lambda d: call(a := d(arrays(shapes(1))), d(one_axis(a)), d(st.integers(-a.ndim, a.ndim)))),
    np.squeeze:          case(lambda d: call(d(arrays((d(st.integers(0, 2)), 1, 2, 1))), d(choice(None, 1, -1, (1, -1), ())))),
    np.expand_dims:      case(lambda d: call(a := d(arrays(SMALL)), d(st.one_of(st.integers(-1 - a.ndim, a.ndim), st.just((0, -1)))))),
    np.broadcast_to:     case(stretched),
    np.broadcast_arrays: case(lambda d: call(*[d(arrays(s)) for s in d(broadcastable(3))])),
    np.copy:             case(lambda d: call(d(arrays()), order=d(choice("C", "F", "A", "K")))),
    np.flip:             case(lambda d: call(a := d(arrays()), axis=d(axes(a.ndim)))),
    np.flipud:           case(lambda d: call(d(arrays(shapes(1))))),
    np.rot90:            case(lambda d: call(a := d(arrays(shapes(2))), d(st.integers(-2, 5)), tuple(d(order(a))[:2]))),
    np.roll:             case(rolled),
    np.repeat:           case(repeated),
    np.tile:             case(lambda d: call(d(arrays(SMALL)), d(st.one_of(st.integers(0, 2), shapes(0, 3, max_side=2))))),
    np.full_like:        case(lambda d: call(a := d(arrays()), d(arrays(d(choice((), a.shape)))))),
    **dict.fromkeys((np.matrix_transpose, np.linalg.matrix_transpose, np.fliplr), case(lambda d: call(d(arrays(shapes(2)))))),
    **dict.fromkeys((np.atleast_1d, np.atleast_2d, np.atleast_3d), case(lambda d: call(*d(of_one_shape())))),

    np.concatenate:      case(concatenated),
    np.stack:            case(lambda d: call(drawn := d(of_one_shape()), axis=d(st.integers(-1 - drawn[0].ndim, drawn[0].ndim)))),
    np.vstack:           joining(0),
    np.hstack:           joining(1),
    np.dstack:           joining(2),
    np.column_stack:     case(columns),
    np.append:           case(appended),
    np.array_split:      parted(exactly=False),
    np.split:            parted(),
    np.vsplit:           parted(2, axis=0),
    np.hsplit:           parted(1, axis=1),
    np.dsplit:           parted(3, axis=2),
    np.unstack:          case(lambda d: call(a := d(arrays(shapes(1))), axis=d(one_axis(a)))),
    shape.concatenate:   case(axis_first, reference=lambda axis, *drawn: np.concatenate(drawn, axis)),
    shape.split:         case(lambda d: call(a := d(arrays(shapes(1))), d(st.integers(1, 3)), d(one_axis(a))),
                              reference=lambda a, n, axis: tuple(np.array_split(a, n, axis))),
}
# fmt: on
