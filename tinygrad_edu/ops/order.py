"""Functions of order: sorting, partitions, medians, quantiles.

All of them read elements of the sorted array, so their gradients go back to where those elements stand. Equal
elements keep their order (as in a stable sort): of two that tie, the first counts as the smaller.  A result
that is NaN, because its group holds a NaN, has a gradient of NaN for the whole group; the nan-functions look
past NaN, whose gradient is 0, and only a group of nothing else is lost.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..foreign import beside
from ..table import derivative, primitive
from .reduction import NONE, Axis, axes_of, group_size


@primitive(values=lambda g, indices: np.take_along_axis(g, indices, -1))
def put_back(values: Any, indices: Any, n: int, once: bool = False) -> Any:
    """The adjoint of np.take_along_axis along the last axis: zeros, to which the values are added.

    With ``once``, no two have the same place, which is faster.
    """
    total = np.zeros_like(values, shape=(*values.shape[:-1], n))
    if once:
        np.put_along_axis(total, indices, values, -1)
        return total
    ranges = np.ix_(*map(np.arange, (*values.shape[:-1], 1)))[:-1]
    np.add.at(total, (*beside(ranges, values), indices), values)
    return total


def in_lanes(x: Any, axis: Axis) -> Any:
    """An array with the axes of a reduction merged into one, which is the last."""
    axes = axes_of(axis, x.ndim)
    rest = [i for i in range(x.ndim) if i not in axes]
    return np.reshape(
        np.transpose(x, (*rest, *axes)), (*(x.shape[i] for i in rest), group_size(x.shape, axis))
    )


def from_lanes(lanes: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """What `in_lanes` made of an array of that shape, as it was: the inverse, and the adjoint."""
    axes = axes_of(axis, len(shape))
    order = (*(i for i in range(len(shape)) if i not in axes), *axes)
    whole = np.reshape(lanes, tuple(shape[i] for i in order))
    return np.transpose(whole, tuple(sorted(range(len(shape)), key=order.__getitem__)))


# ---- sorting -----------------------------------------------------------------------------------------------


def unsorted(g: Any, a: Any, out: Any, axis: int | None) -> Any:
    """The gradient of a permutation of each lane, a sort or partition: back to where the elements were.

    The stable orders p of a and q of out satisfy a[p] = out[q], both being the sorted lane; so out[q[k]] =
    a[p[k]], and the gradient at q[k] belongs to p[k].  This needs no word on how NumPy arranged what a
    partition leaves open. Of an ascending sort q is 0, 1, 2 …, and ``out`` need not be given.
    """

    def last(x: Any) -> Any:
        return np.reshape(x, -1) if axis is None else np.moveaxis(x, axis, -1)

    before, lanes = np.argsort(last(a), axis=-1, stable=True), last(g)
    if out is not None:
        lanes = np.take_along_axis(lanes, np.argsort(last(out), axis=-1, stable=True), -1)
    lanes = put_back(lanes, before, before.shape[-1], True)
    return np.reshape(lanes, a.shape) if axis is None else np.moveaxis(lanes, -1, axis)


# ---- quantiles ---------------------------------------------------------------------------------------------


class Sorted(NamedTuple):
    """The lanes of an array in their order, and where a quantile lies in each.

    Every quantile, by any method, is (1 - γ) s_i + γ s_(i+1) of the sorted values s (R. Hyndman and Y. Fan,
    Sample quantiles in statistical packages, The American Statistician 50, 1996).  So what NumPy's own
    function makes of the numbers 0, 1, 2 … in the place of the sorted values is i + γ.  With weights, and
    where NaN is skipped, that differs from lane to lane.
    """

    lanes: Any  # (..., n)
    order: Any  # (..., n)
    sizes: Any  # (..., 1), without the NaN that are skipped
    lost: Any  # (..., 1), whether the result is NaN
    places: Any  # (..., quantiles), i + γ


def sorted_lanes(
    a: Any, q: Any, axis: Axis, skip: bool, weights: Any, quantile: Callable[..., Any]
) -> Sorted:
    """The lanes of an array, and where in them ``quantile`` finds the quantiles."""
    lanes = in_lanes(a, axis)
    n = lanes.shape[-1]
    order, missing = np.argsort(lanes, axis=-1, stable=True), np.isnan(lanes)
    lost = (np.all if skip else np.any)(missing, axis=-1, keepdims=True)
    numbers: Any = np.arange(float(n))
    if skip:
        numbers = np.where(np.take_along_axis(missing, order, -1) & ~lost, np.nan, numbers)
    if weights is not None:
        numbers = np.broadcast_to(numbers, lanes.shape)
        weights = np.take_along_axis(in_lanes(aligned(weights, a.shape, axis), axis), order, -1)
    places = in_front_of_lanes(quantile(numbers, weights), np.shape(q), np.shape(numbers)[:-1])
    places = np.broadcast_to(places, (*lanes.shape[:-1], places.shape[-1]))
    sizes = n - np.add.reduce(missing & skip, axis=-1, keepdims=True)
    return Sorted(lanes, order, sizes, lost, places)


def quantile_slope(
    g: Any, a: Any, q: Any, axis: Axis, *, skip: bool, weights: Any = None, quantile: Callable[..., Any]
) -> Any:
    """The gradient of any quantile in its array: 1 - γ to the one of its two elements, γ to the other."""
    if not a.size:
        return np.zeros_like(a)
    lanes, order, _, lost, places = sorted_lanes(a, q, axis, skip, weights, quantile)
    n = lanes.shape[-1]
    low = np.minimum(np.astype(np.floor(places), np.intp), n - 1)
    part = np.astype(places - low, g.dtype)
    g = in_front_of_lanes(g, np.shape(q), lanes.shape[:-1])
    below, above = (np.take_along_axis(order, i, -1) for i in (low, np.minimum(low + 1, n - 1)))
    found = put_back(g * (1 - part), below, n) + put_back(g * part, above, n)
    return from_lanes(np.where(lost, np.nan, found), a.shape, axis)


GROWTH = {
    "linear": -1, "interpolated_inverted_cdf": 0, "hazen": 0, "weibull": 1, "median_unbiased": 1 / 3,
    "normal_unbiased": 1 / 4,
}  # fmt: skip


def level_slope(
    g: Any, a: Any, q: Any, axis: Axis, *, skip: bool, weights: Any, method: str, quantile: Callable[..., Any]
) -> Any:
    """The gradient of a quantile in q.

    By the continuous methods i + γ is (n + c) q and a constant, with Hyndman and Fan's c in `GROWTH`, and as
    long as it is not cut off at the ends; so the slope is (n + c)(s_(i+1) - s_i), and the mean of the slopes
    on either side where γ = 0.  By the others the quantile is a step function of q, and flat.
    """
    if method not in GROWTH or not a.size:
        return np.zeros_like(g, shape=np.shape(q))
    lanes, order, sizes, lost, places = sorted_lanes(a, q, axis, skip, weights, quantile)
    values, last = np.take_along_axis(lanes, order, -1), sizes - 1

    def step_from(i: Any) -> Any:
        i = np.astype(np.clip(i, 0, np.maximum(last - 1, 0)), np.intp)
        return np.take_along_axis(values, np.minimum(i + 1, np.maximum(last, 0)), -1) - np.take_along_axis(
            values, i, -1
        )

    slope = (step_from(np.floor(places)) + step_from(np.ceil(places) - 1)) / 2
    slope = slope * np.astype(sizes + GROWTH[method], g.dtype)
    if method != "linear":
        slope = np.where((places > 0) & (places < last), slope, 0)
    g = in_front_of_lanes(g, np.shape(q), lanes.shape[:-1]) * np.where(lost, np.nan, slope)
    return np.reshape(np.add.reduce(g, axis=tuple(range(g.ndim - 1))), np.shape(q))


def in_front_of_lanes(x: Any, q_shape: tuple[int, ...], rest: tuple[int, ...]) -> Any:
    """A result of quantiles with its first axes, those of q, merged into one, which is the last."""
    return np.moveaxis(np.reshape(x, (group_size(q_shape, None), *rest)), 0, -1)


def aligned(weights: Any, shape: tuple[int, ...], axis: Axis) -> Any:
    """Weights for the elements of an array, or for its places along ``axis``, in the array's shape."""
    if np.shape(weights) == shape:
        return np.reshape(weights, shape)
    axes = axes_of(axis, len(shape))
    ascending = np.transpose(weights, sorted(range(len(axes)), key=axes.__getitem__))
    return np.broadcast_to(np.reshape(ascending, [n if i in axes else 1 for i, n in enumerate(shape)]), shape)


def _quantile(function: Callable[..., Any], skip: bool) -> None:
    """File a function of quantiles; ``overwrite_input=`` is a permission, checked and not made use of."""

    whole = 100 if function in (np.percentile, np.nanpercentile) else 1

    def at(q: Any, method: str) -> Any:
        return lambda numbers, weights: function(numbers, q, axis=-1, method=method, weights=weights)

    # fmt: off
    derivative(
        function,
        lambda a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, weights=None:
            function(a, q, axis, None, overwrite_input and False, method, keepdims, weights=weights),
        a=lambda g, a, q, axis, method, weights:
            quantile_slope(g, a, q, axis, skip=skip, weights=weights, quantile=at(q, method)),
        q=lambda g, a, q, axis, method, weights:
            level_slope(g / whole, a, q, axis, skip=skip, weights=weights, method=method, quantile=at(q, method)),
        weights=lambda g, weights: np.zeros_like(g, shape=np.shape(weights)),
    )
    # fmt: on


# fmt: off
derivative(np.sort, lambda a, axis=-1, kind=None, order=None, *, stable=None, descending=NONE: np.sort(
               a, axis, kind, order, stable=stable, **({} if descending is NONE else {"descending": descending})),  # NumPy 2.5
           a=lambda g, a, out, axis, descending: unsorted(g, a, None if descending in (NONE, None, False) else out, axis))
derivative(np.partition, lambda a, kth, axis=-1, kind="introselect", order=None: np.partition(a, kth, axis, kind, order),
           a=lambda g, a, out, axis: unsorted(g, a, out, axis))
derivative(np.median, lambda a, axis=None, out=None, overwrite_input=False, keepdims=False: np.median(
               a, axis, None, overwrite_input and False, keepdims),
           a=lambda g, a, axis: quantile_slope(g, a, 0.5, axis, skip=False, quantile=lambda numbers, _: np.median(numbers, axis=-1)))
derivative(np.nanmedian, lambda a, axis=None, out=None, overwrite_input=False, keepdims=NONE: np.nanmedian(
               a, axis, None, overwrite_input and False, keepdims),
           a=lambda g, a, axis: quantile_slope(g, a, 0.5, axis, skip=True, quantile=lambda numbers, _: np.nanmedian(numbers, axis=-1)))
# fmt: on
_quantile(np.quantile, False)
_quantile(np.percentile, False)
_quantile(np.nanquantile, True)
_quantile(np.nanpercentile, True)


# ---- without the zeros at the ends -------------------------------------------------------------------------


def kept_by_trim(filt: Any, shape: tuple[int, ...], trim: str, axis: Axis) -> tuple[slice, ...]:
    """Where in an array that part of it lies, of the given shape, that np.trim_zeros leaves."""
    axes = axes_of(tuple(axis) if np.iterable(axis) else axis, np.ndim(filt))
    nonzero = np.nonzero(filt) if np.ndim(filt) else ()
    cut = "f" in trim.lower() and nonzero and len(nonzero[0])
    starts = [int(np.min(places)) if cut and i in axes else 0 for i, places in enumerate(nonzero)]
    return tuple(slice(start, start + n) for start, n in zip(starts, shape))


# fmt: off
@primitive(values=lambda g, values_shape, filt, trim, axis: trimmed(g, filt, values_shape, trim, axis))  # type: ignore[has-type]  # adjoints
def untrimmed(values: Any, filt: Any, trim: str, axis: Axis) -> Any:
    """The adjoint of np.trim_zeros: what it left, among zeros."""
    total = np.zeros_like(values, shape=np.shape(filt))
    total[kept_by_trim(filt, values.shape, trim, axis)] = values
    return total
# fmt: on


@primitive(x=lambda g, filt, trim, axis: untrimmed(g, filt, trim, axis))
def trimmed(x: Any, filt: Any, shape: tuple[int, ...], trim: str, axis: Axis) -> Any:
    """The part of x that np.trim_zeros leaves of ``filt``."""
    return np.copy(x[kept_by_trim(filt, shape, trim, axis)])


derivative(
    np.trim_zeros,
    lambda filt, trim="fb", axis=None: np.trim_zeros(filt, trim, **({} if axis is None else {"axis": axis})),
    filt=lambda g, filt, trim, axis: untrimmed(g, filt != 0, trim, axis),
)
