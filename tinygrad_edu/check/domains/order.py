"""Domains of functions of order, of those that look past NaN, and of weighted statistics."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...ops import order, statistics
from ...ops.reduction import axes_of
from ..strategies import Draw, arrays, axes, shapes
from .domain import Call, Domain, booleans, call, case, choice, integers, masked, one_axis
from .elementwise import positive

METHODS = (
    "linear", "inverted_cdf", "averaged_inverted_cdf", "closest_observation",
    "interpolated_inverted_cdf", "hazen",
    "weibull", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest",
)  # fmt: skip


LEVELS = (0.3719, 0.6131, 0.8217, 0.2309)


def distinct(shape: Any = None) -> SearchStrategy[Any]:
    """Elements that do not tie."""
    return arrays(shape, distinct=True)


@st.composite
def with_nan(draw: Draw, shape: Any = None, least: int = 1) -> Any:
    """Distinct elements, some of them NaN, but for the first ones along the last axis."""
    a = draw(arrays(shape, distinct=True))
    if a.ndim:
        lost = draw(booleans(a.shape))
        lost[..., :least] = False
        a[lost] = np.nan
    return a


def last_axis(d: Draw, a: Any) -> Any:
    """An axis, or several, along which no lane is all NaN."""
    return d(st.one_of(choice(None, -1, a.ndim - 1), st.just(tuple(range(a.ndim))), st.just((-1,))))


def kinds_of_sort(d: Draw) -> Call:
    """An array, an axis or None, and how to sort."""
    a = d(distinct(shapes(1)))
    how = d(choice({}, {"kind": "stable"}, {"stable": True}, {"kind": "heapsort"}))
    return call(a, axis=d(st.one_of(one_axis(a), st.none())), **how)


def parted(d: Draw) -> Call:
    """An array, and the places whose elements shall be those of the sorted array."""
    a = d(distinct(shapes(1, min_side=1)))
    axis = d(one_axis(a))
    n = a.shape[axis]
    return call(a, d(st.one_of(st.integers(-n, n - 1), st.just([0, n - 1]))), axis=axis)


def middle(elements: Callable[..., Any]) -> Domain:
    """Arrays and axes for medians."""

    def build(d: Draw) -> Call:
        a = d(elements(shapes(1, min_side=1)))
        axis = d(axes(a.ndim, min_size=1)) if elements is distinct else last_axis(d, a)
        return call(a, axis=axis, keepdims=d(st.booleans()))

    return case(build)


def levels(n: int, method: Any) -> list[float]:
    """Values of q that lie on no kink of a quantile of n elements."""
    places = [np.quantile(np.arange(float(n)), [q - 0.004, q + 0.004], method=method) for q in LEVELS]
    same = np.floor if method in order.GROWTH else np.positive
    return [q for q, (low, high) in zip(LEVELS, places) if same(low) == same(high)]


def quantiles(scale: float, elements: Callable[..., Any]) -> Domain:
    """Arrays, one quantile or several, by any method; or with weights, by the one that takes them."""

    def build(d: Draw) -> Call:
        a = d(elements(shapes(1, 2, min_side=1)))
        axis = d(axes(a.ndim, min_size=1)) if elements is distinct else last_axis(d, a)
        q = d(choice(0.0, 0.25, 0.4, 0.5, 0.83, 1.0, [0.1, 0.7], [], [[0.2], [0.6]]))
        q = (scale * np.array(q)).tolist()
        settings: dict[str, Any] = {"method": d(choice(*METHODS))}
        n = math.prod(a.shape[i] for i in axes_of(axis, a.ndim))
        if elements is distinct and (tame := levels(n, settings["method"])):
            q = d(choice(q, scale * np.array(tame[0]), scale * np.array(tame)))  # arrays are differentiated
        if d(st.booleans()) and elements is distinct and not isinstance(q, np.ndarray):
            w = d(integers(a.shape[axis] if isinstance(axis, int) and d(st.booleans()) else a.shape, 1, 3))
            settings = {"method": "inverted_cdf", "weights": w}
        return call(a, q, axis=axis, keepdims=d(st.booleans()), **settings)

    return case(build)


def past_nan(*, least: int = 1, initial: bool = False) -> Domain:
    """Arrays with NaN for a reduction."""

    def build(d: Draw) -> Call:
        a = d(with_nan(shapes(1, 2, min_side=least), least))
        settings: dict[str, Any] = {"axis": last_axis(d, a)}
        if d(st.booleans()):
            mask = masked(d, a, settings["axis"])
            left = np.broadcast_to(mask, a.shape) & ~np.isnan(a)
            if initial or np.all(np.sum(left, axis=settings["axis"]) >= least):
                settings["where"] = mask
        if initial and ("where" in settings or d(st.booleans())):
            settings["initial"] = d(choice(-1.03, 2.53))
        if d(st.booleans()):
            settings["keepdims"] = d(st.booleans())
        return call(a, **settings)

    return case(build)


def spread_past_nan() -> Domain:
    """The same for deviations, of at least two elements that are not NaN."""
    plain = past_nan(least=2).calls

    def build(d: Draw) -> Call:
        args, kwargs = d(plain)
        settings = dict(kwargs)
        settings[d(choice("ddof", "correction"))] = d(choice(0, 1, 0.5))
        if d(st.booleans()):
            settings["mean"] = 4.0
        return call(*args, **settings)

    return case(build)


def from_start(d: Draw) -> Call:
    """A running sum or product, after its constant or not."""
    a = d(arrays(shapes(1, 2)))
    axis = d(one_axis(a)) if a.ndim > 1 else d(choice(None, 0, -1))
    return call(a, axis=axis, include_initial=d(st.booleans()))


def averaged(d: Draw) -> Call:
    """An array, and weights for its elements or for one axis."""
    a = d(arrays(shapes(1, 2, min_side=1)))
    axis = d(axes(a.ndim, min_size=1))
    shape = d(choice(a.shape, None if axis is None else np.shape(np.zeros(a.shape))))
    if isinstance(axis, int):
        shape = d(choice(a.shape, (a.shape[axis],)))
    if isinstance(axis, tuple):
        shape = d(choice(a.shape, tuple(a.shape[i] for i in axis)))
    weights = None if d(st.booleans()) else d(positive(a.shape if shape is None else shape))
    return call(a, axis, weights, d(st.booleans()), keepdims=d(st.booleans()))


def observed(d: Draw) -> Call:
    """Variables, perhaps others too, and perhaps weights and frequencies of the observations."""
    p, n = d(st.integers(1, 2)), 3
    rowvar = d(st.booleans())
    shape = d(choice((p, n), (n,))) if rowvar else d(choice((n, p), (n,)))
    y = d(st.one_of(st.none(), arrays((n,) if rowvar or d(st.booleans()) else (n, 2))))
    if y is not None and not rowvar and y.ndim == 1 and len(shape) == 2:
        y = None  # which NumPy takes as one row, of which the others have n
    ddof, bias = d(choice(None, 0, 1)), d(st.booleans())
    frequencies = d(st.one_of(st.none(), integers((n,), 1, 3)))
    weights = d(st.one_of(st.none(), positive((n,))))
    return call(d(arrays(shape)), y, rowvar, bias, ddof, frequencies, weights)


def enough_freedom(c: Call) -> bool:
    """Whether a covariance divides by something that is not near 0."""
    f, w, ddof = c.args[5], c.args[6], c.args[4]
    ddof = (0 if c.args[3] else 1) if ddof is None else ddof
    w_all = (1 if f is None else f) * (np.ones(3) if w is None else w)
    return bool(np.sum(w_all) - ddof * np.sum(w_all * (1 if w is None else w)) / np.sum(w_all) > 1 / 4)


def correlated(d: Draw) -> Call:
    """Variables that vary, and are not proportional."""
    rowvar = d(st.booleans())
    return call(
        d(arrays((2, 4) if rowvar else (4, 2))),
        d(st.one_of(st.none(), arrays((4,)))) if rowvar else None,
        rowvar,
    )


def varies(c: Call) -> bool:
    """Whether no variance is near 0."""
    m, y, rowvar = c.args
    rows = [m if rowvar else m.T] + ([] if y is None else [y[None]])
    return bool(np.all(np.std(np.concatenate(rows), axis=1) > 1 / 4))


def binned(d: Draw) -> Call:
    """Numbers, of which some lie outside, bins or their number, and weights."""
    weights = d(positive((4,)))
    values = d(st.lists(st.sampled_from([-1.5, 0.0, 0.5, 1.0, 2.0, 2.5]), min_size=4, max_size=4))
    if d(st.booleans()):
        return call([0.0, *values[1:3], 2.0], 3, (0.0, 2.5), d(choice(None, True)), weights)
    return call([0.5, *values[1:]], [0.0, 0.5, 2.0], None, d(choice(None, True)), weights)


def counted(d: Draw) -> Call:
    """Places, and the weights that are added there."""
    n = d(st.integers(0, 4))
    return call(d(integers((n,), 0, 3)), d(arrays((n,))), d(st.integers(0, 5)))


OF_SEVERAL_AXES = np.lib.NumpyVersion(np.__version__) >= "2.2.0"  # what np.trim_zeros takes


def zeros_around(d: Draw) -> Call:
    """An array whose first or last elements are integers, so that they stay 0; and the ends to trim."""
    a = d(arrays(shapes(1, 2 if OF_SEVERAL_AXES else 1, min_side=1), away_from=(0,)))
    return call(a, d(choice("fb", "f", "b", "F")))


def between_zeros(d: Draw) -> Call:
    """Values, an array of zeros at the ends and ones at their places, and the ends that were trimmed."""
    values, before, after = d(arrays(shapes(1, 2, min_side=1))), d(st.integers(0, 2)), d(st.integers(0, 2))
    whole = np.pad(np.ones(values.shape, int), ((before, after),) + ((0, 0),) * (values.ndim - 1))
    return call(values, whole, "fb", None)


def put_between_zeros(values: Any, filt: Any, trim: str, axis: Any) -> Any:
    total = np.zeros(filt.shape, values.dtype)
    total[filt == 1] = values.ravel()
    return total


def trimmed(d: Draw) -> Call:
    """An array, and another whose zeros say what to trim of it."""
    values, filt, trim, axis = between_zeros(d).args
    return call(d(arrays(filt.shape)), filt, values.shape, trim, axis)


def put_back_by_hand(values: Any, indices: Any, n: int, once: bool = False) -> Any:
    total = np.zeros((*values.shape[:-1], n), values.dtype)
    for place in np.ndindex(values.shape):
        total[(*place[:-1], indices[place])] += values[place]
    return total


def put(d: Draw) -> Call:
    """Values and places for them along the last axis."""
    a = d(arrays(shapes(1, 2)))
    if d(st.booleans()):
        return call(a, np.argsort(a, axis=-1), 4, True)
    return call(a, d(integers(a.shape, 0, 3)), 4)


# fmt: off
DOMAINS: dict[Callable[..., Any], Domain] = {
    np.sort:             case(kinds_of_sort),
    np.partition:        case(parted),
    np.median:           middle(distinct),
    np.nanmedian:        middle(with_nan),
    np.quantile:         quantiles(1, distinct),
    np.percentile:       quantiles(100, distinct),
    np.nanquantile:      quantiles(1, with_nan),
    np.nanpercentile:    quantiles(100, with_nan),
    np.trim_zeros:       case(zeros_around),
    order.untrimmed:     case(between_zeros, reference=put_between_zeros),
    order.trimmed:       case(trimmed, reference=lambda x, filt, shape, trim, axis: x[filt == 1].reshape(shape)),
    order.put_back:      case(put, reference=put_back_by_hand),

    np.nansum:           past_nan(initial=True),
    np.nanprod:          past_nan(initial=True),
    np.nanmax:           past_nan(initial=True),
    np.nanmin:           past_nan(initial=True),
    np.nanmean:          past_nan(),
    np.nanvar:           spread_past_nan(),
    np.nanstd:           spread_past_nan(),
    np.nancumsum:        case(lambda d: call(a := d(with_nan(shapes(1))), axis=d(st.one_of(st.none(), one_axis(a))))),
    np.nancumprod:       case(lambda d: call(a := d(with_nan(shapes(1))), axis=d(st.one_of(st.none(), one_axis(a))))),
    np.cumulative_sum:   case(from_start),
    np.cumulative_prod:  case(from_start),

    np.average:          case(averaged),
    np.cov:              Domain(case(observed).calls.filter(enough_freedom)),
    np.corrcoef:         Domain(case(correlated).calls.filter(varies)),
    statistics.within_one: case(lambda d: call(d(arrays(low=-7 / 8, high=7 / 8))), reference=np.copy),
    np.histogram:        case(binned),
    np.bincount:         case(counted),
}
# fmt: on
