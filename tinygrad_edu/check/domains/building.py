"""How arrays are built of others: diagonals, insertions, choices, grids, blocks."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from ...ops import padding, statistics
from ..strategies import Draw, arrays, axes, broadcastable, shapes
from .domain import SMALL, Call, Domains, booleans, call, case, choice, integers, off_zero, one_axis

SIDES = shapes(0, 2, max_side=2)


def some_places(d: Draw, n: int) -> Any:
    """One place, several, a slice or a mask, along an axis of n elements."""
    if n == 0:
        return d(choice(slice(None), []))
    one = st.integers(-n, n - 1)
    return d(st.one_of(one, st.lists(one, max_size=3), st.slices(n), booleans((n,))))


def deleted(d: Draw) -> Call:
    a = d(arrays(shapes(1)))
    axis = d(axes(a.ndim, many=False))
    return call(a, some_places(d, a.size if axis is None else a.shape[axis]), axis)


def inserted(d: Draw) -> Call:
    """An array, one place or several of different places, and the values that go in there."""
    a = d(arrays(shapes(1, 2, min_side=1)))
    axis = d(axes(a.ndim, many=False))
    n = a.size if axis is None else a.shape[axis]
    places = d(st.one_of(st.integers(-n, n), st.lists(st.integers(0, n), min_size=1, max_size=2)))
    values = () if axis is None else d(choice((), (1,) * a.ndim))
    return call(a, places, d(arrays(values)), axis)


def windowed(d: Draw) -> Call:
    a = d(arrays(shapes(1, 2, min_side=2)))
    if a.ndim == 2 and d(st.booleans()):
        return call(a, (d(st.integers(1, 2)), 2))
    axis = d(one_axis(a))
    return call(a, d(st.integers(1, 2)), axis)


def selected(d: Draw) -> Call:
    shape = d(SMALL)
    conditions, choices = ([d(kind(shape)) for _ in range(2)] for kind in (booleans, arrays))
    return call(conditions, choices, d(arrays(())))


def chosen(d: Draw) -> Call:
    shape = d(SMALL)
    options = [d(arrays(shape)) for _ in range(3)]
    return call(d(integers(shape, 0, 4)), options, mode=d(choice("wrap", "clip")))


def in_pieces(d: Draw) -> Call:
    x = d(off_zero(shapes(1, 2)))
    functions = d(choice([np.sin, np.cos], [np.square, 1.0], [lambda v: v * 2]))
    return call(x, [x > 0] if len(functions) == 2 else [x > 0, x < 0][:1], functions)


def crossing(d: Draw) -> Call:
    vectors = [d(arrays(shapes(0, 1))) for _ in range(d(st.integers(1, 3)))]
    return call(*vectors, indexing=d(choice("xy", "ij")), sparse=d(st.booleans()), copy=d(st.booleans()))


def spaced(low: float, high: float) -> Any:
    def build(d: Draw) -> Call:
        ends = [d(arrays(s, low=low, high=high)) for s in d(broadcastable(max_dims=1))]
        return call(*ends, d(st.integers(0, 4)), d(st.booleans()), axis=d(choice(0, -1)))

    return build


def stepping(d: Draw) -> Call:
    args, kwargs = spaced(-3, 3)(d)
    return call(*args, retstep=d(st.booleans()) and args[2] > 1, **kwargs)


def powers(d: Draw) -> Call:
    args, kwargs = spaced(-1, 1)(d)
    return call(*args, base=d(arrays((), low=1 / 2, high=3)), **kwargs)


def blocks(d: Draw) -> Call:
    """A matrix of blocks, or a row of vectors."""
    if d(st.booleans()):
        return call([d(arrays(shapes(0, 1))), d(arrays((2,)))])
    m, n = d(st.integers(1, 2)), d(st.integers(0, 2))
    return call([[d(arrays((m, n))), d(arrays((m, 1)))], [d(arrays((1, n))), d(arrays((1, 1)))]])


def row_by_row(d: Draw) -> Call:
    a = d(arrays(shapes(1, 3, min_side=1)))
    return call(d(choice(np.sum, np.cumsum, lambda v: np.outer(v, v), lambda v: v[0] * v)), d(one_axis(a)), a)


def axis_by_axis(d: Draw) -> Call:
    a = d(arrays(shapes(1, 3, min_side=1)))
    return call(d(choice(np.sum, np.mean)), a, d(st.one_of(one_axis(a), st.just([0]))))


def framed(d: Draw) -> Call:
    """An array, constants around it that are one, a pair or one for each end, and how many of them."""
    a = d(arrays(shapes(1, 2)))
    return call(a, d(st.integers(0, 2)), d(arrays(d(choice((), (1,), (2,), (a.ndim, 2))))))


def widths(d: Draw, ndim: int) -> Any:
    """How many elements go before and after each axis, in all the forms that np.pad takes."""
    pair = st.tuples(st.integers(0, 2), st.integers(0, 2))
    several = st.lists(pair, min_size=ndim, max_size=ndim)
    return d(st.one_of(st.integers(0, 3), pair, st.tuples(pair), several))


def padded(d: Draw) -> Call:
    """An array and the widths, in every mode with each of its settings."""
    a = d(arrays(shapes(1, 2, min_side=1), distinct=True))
    mode, settings = d(choice(
        ("constant", {"constant_values": (2.0, -1.0)}), ("edge", {}), ("wrap", {}), ("reflect", {}),
        ("reflect", {"reflect_type": "odd"}), ("symmetric", {}), ("symmetric", {"reflect_type": "odd"}),
        ("linear_ramp", {"end_values": (1.5, -2.0)}), ("mean", {}), ("mean", {"stat_length": 1}),
        ("median", {"stat_length": (1, 2)}), ("maximum", {}), ("minimum", {"stat_length": 2}),
    ))  # fmt: skip
    return call(a, widths(d, a.ndim), mode, **settings)


def counted(d: Draw) -> Call:
    """Points on a grid of integers, and their weights: in two variables, or in a list of them."""
    x, y = (d(integers((4,), 0, 3)) for _ in range(2))
    bins = d(choice(2, [2, 3], [[-1, 1, 4], [-1, 2, 3]]))
    return call([x, y], bins, ((-1, 3.5), (-1, 4)), d(choice(None, True)), d(arrays((4,), low=1 / 4)))


def hist_and_edges(*args: Any) -> Any:
    hist, edges = np.histogramdd(*args)
    return hist, *edges


def counted_in_two(d: Draw) -> Call:
    sample, *rest = counted(d).args
    return call(*sample, *rest)


# fmt: off
DOMAINS: Domains = {
    np.diag:             case(lambda d: call(d(arrays(shapes(1, 2))), d(st.integers(-2, 2)))),
    np.diagflat:         case(lambda d: call(d(arrays(shapes(0, 2, max_side=2))), d(st.integers(-2, 2)))),
    np.kron:             case(lambda d: call(d(arrays(SIDES)), d(arrays(SIDES)))),
    np.delete:           case(deleted),
    np.insert:           case(inserted),
    np.resize:           case(lambda d: call(d(arrays()), d(choice(2, (2, 3), (0, 2), (7,), ())))),
    np.lib.stride_tricks.sliding_window_view: case(windowed),
    np.select:           case(selected),
    np.choose:           case(chosen),
    np.piecewise:        case(in_pieces, regular=True),
    np.meshgrid:         case(crossing),
    np.linspace:         case(stepping),
    np.logspace:         case(powers),
    np.geomspace:        case(spaced(1 / 4, 4)),
    np.block:            case(blocks),
    np.ix_:              case(lambda d: call(*[d(arrays((d(st.integers(1, 3)),))) for _ in range(d(st.integers(1, 3)))])),
    np.pad:              case(padded),
    padding.surrounded:  case(framed, reference=lambda a, width, values: np.pad(a, width, constant_values=values)),
    np.histogramdd:      case(counted),
    np.histogram2d:      case(counted_in_two),
    statistics.histogram_and_edges: case(counted, reference=hist_and_edges),
    np.histogram_bin_edges: case(lambda d: call(d(arrays(shapes(1, 2, min_side=1), distinct=True)), d(choice(1, 3, 5)))),
    np.apply_along_axis: case(row_by_row),
    np.apply_over_axes:  case(axis_by_axis),
}
# fmt: on
