"""Domains of functions that pick elements, or put them somewhere."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from ...ops import indexing
from ..strategies import Draw, arrays, axes, keys, shapes
from .domain import Call, Domains, booleans, call, case, choice, integers, order


def indexed(d: Draw) -> tuple[Any, Any]:
    """An array and a key of it."""
    a = d(arrays(st.one_of(shapes(1, 2, min_side=1), shapes(0, 2))))
    return a, d(keys(a.shape))


def scattered(d: Draw) -> Call:
    """Values, a key, and the shape of what they are added to."""
    a, key = indexed(d)
    return call(d(arrays(np.shape(a[key]))), key, a.shape)


def filled(d: Draw) -> Call:
    """An array, a key, and a value that fits there: of the item's shape, or one that broadcasts to it."""
    a, key = indexed(d)
    item = np.shape(a[key])
    fits = [item, item, ()]
    if item and not (isinstance(key, np.ndarray) and key.dtype == bool):  # a mask takes no other shapes
        fits += [item[1:], (1,) * len(item), (1, *item)]
    return call(a, key, d(arrays(d(st.sampled_from(fits)))))


def taken(d: Draw) -> Call:
    """Places along an axis, out of range where the mode allows it."""
    a, mode = d(arrays(shapes(1, 2, min_side=1))), d(choice("raise", "wrap", "clip"))
    furthest = 0 if mode == "raise" else 4
    places = d(integers(d(shapes(0, 2, max_side=2)), -1 - furthest, furthest))
    return call(a, places, axis=d(axes(a.ndim, many=False)), mode=mode)


def taken_along(d: Draw) -> Call:
    """Places along an axis, some of them twice; they broadcast against the other axes."""
    some = (integers((3, 3), -2, 1), 0), (integers((1, 2), -3, 2), -1), (integers((4,), -6, 5), None)
    places, axis = d(choice(*some))
    return call(d(arrays((2, 3))), d(places), axis)


def compressed(d: Draw) -> Call:
    """A mask of two, and an array of at least that many elements along each axis."""
    mask, a = d(booleans((2,))), d(arrays(shapes(1, 2, min_side=2)))
    return call(mask, a, axis=d(axes(a.ndim, many=False)))


def extracted(d: Draw) -> Call:
    """A mask and an array of its shape."""
    a = d(arrays())
    return call(d(booleans(a.shape)), a)


def with_diagonal(d: Draw) -> Call:
    """One array, an offset and two different axes."""
    a, offset = d(arrays(shapes(2))), d(st.integers(-2, 2))
    return call(a, offset, *d(order(a))[:2])


def scatter_by_hand(values: Any, key: Any, shape: Any) -> Any:
    total = np.zeros(shape, values.dtype)
    np.add.at(total, key, values)
    return total


def setitem_by_hand(x: Any, key: Any, value: Any) -> Any:
    x = x.copy()
    x[key] = value
    return x


# fmt: off
DOMAINS: Domains = {
    indexing.getitem:   case(lambda d: call(*indexed(d)), reference=lambda x, key: x[key]),
    indexing.scatter:   case(scattered, reference=scatter_by_hand),
    indexing.setitem:   case(filled, reference=setitem_by_hand),
    np.take:            case(taken),
    np.take_along_axis: case(taken_along),
    np.compress:        case(compressed),
    np.extract:         case(extracted),
    **dict.fromkeys((np.diagonal, np.trace), case(with_diagonal)),
    **dict.fromkeys((np.tril, np.triu), case(lambda d: call(d(arrays(shapes(1))), d(st.integers(-2, 2))))),
}
# fmt: on
