"""Sums, products, extrema and lengths, with the settings that all reductions take."""

import math
from typing import Any

import numpy as np

from ..arrays import stands_for_array
from ..foreign import beside
from ..table import composite, derivative
from .elementwise import keeping, ones_for_zeros
from .pieces import MANY

Axis = int | tuple[int, ...] | None
NONE: Any = np._NoValue  # what NumPy takes for a setting that was not given


def spread(g: Any, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Any:
    """The adjoint of a sum: each summand gets the gradient of its sum."""
    if isinstance(g, (np.ndarray, np.generic)) and g.ndim == 0 and math.prod(shape) < MANY:
        few = np.empty(shape, g.dtype)
        few.fill(g)  # which takes less time than to make a view
        return few
    every: Any = np.broadcast_to(along(g, shape, axis, keepdims), shape)
    few_traced = stands_for_array(g) and g.ndim == 0 and math.prod(shape) < MANY
    return every.as_of_its_own() if few_traced else every


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """One axis, several, or all, as numbers from 0."""
    if axis is None or not ndim:  # the one element of a 0-d array lies on the axes 0 and -1 too
        return tuple(range(ndim))
    # NumPy takes lists and arrays of axes here and there.
    several = isinstance(axis, tuple) or np.ndim(axis) > 0
    return tuple(int(a) % ndim for a in (axis if several else (axis,)))  # type: ignore[union-attr]


def along(reduced: Any, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Any:
    """A reduced array with its reduced axes put back, of length 1: it lines up with what was reduced."""
    if keepdims or axis is None:
        return reduced
    axes = axes_of(axis, len(shape))
    return np.reshape(reduced, tuple(1 if i in axes else n for i, n in enumerate(shape)))


def group_size(shape: tuple[int, ...], axis: Axis) -> int:
    """How many elements each reduced value stands for."""
    return math.prod(shape[a] for a in axes_of(axis, len(shape)))


def masked(where: Any, values: Any, others: Any) -> Any:
    """The values of what a reduction includes, and others for what its ``where=`` leaves out."""
    return values if where is True else np.where(*beside((where, values, others), values))


def counted(shape: tuple[int, ...], axis: Axis, where: Any) -> Any:
    """How many elements each reduced value stands for, less those that ``where=`` leaves out; axes are kept.

    The count is an integer, as float16 ends at 65504; what is divided by it goes back to its own dtype.
    """
    if where is True:
        return group_size(shape, axis)
    return np.add.reduce(np.broadcast_to(where, shape), axis=axis, keepdims=True)


def total(g: Any, shape: tuple[int, ...]) -> Any:
    """The gradient of ``initial=``, which is one number and takes part in every reduced value."""
    return np.reshape(np.add.reduce(g, axis=None), shape)


def absent(setting: Any) -> bool:
    """Whether a setting was not given: NumPy takes None for that too."""
    return setting is NONE or setting is None


def equal_initial(out: Any, initial: Any) -> Any:
    """Where an extremum equals ``initial=``, of which NumPy made one of its dtype."""
    return out == (np.astype(np.reshape(initial, ()), out.dtype) if hasattr(initial, "dtype") else initial)


def ties(a: Any, out: Any, axis: Axis, initial: Any, where: Any) -> tuple[Any, Any]:
    """Which elements equal the extremum, and how many do, with ``initial=`` among them."""
    wins = masked(where, a == out, False)
    n = np.add.reduce(wins, axis=axis, keepdims=True)
    return wins, n if absent(initial) else n + equal_initial(out, initial)


def winners(
    g: Any, a: Any, out: Any, axis: Axis, keepdims: bool, initial: Any = NONE, where: Any = True
) -> Any:
    """The gradient of max and min: shared evenly among equal winners; NaN where the winner is NaN."""
    g, out = along(g, a.shape, axis, keepdims), along(out, a.shape, axis, keepdims)
    wins, n = ties(a, out, axis, initial, where)
    return masked(where, np.astype(np.where(wins, g / n, 0 / n), g.dtype), 0)


def initial_wins(g: Any, a: Any, out: Any, axis: Axis, keepdims: bool, initial: Any, where: Any) -> Any:
    """The part of that gradient that belongs to ``initial=``: its share wherever it is one of the winners."""
    g, out = along(g, a.shape, axis, keepdims), along(out, a.shape, axis, keepdims)
    n = ties(a, out, axis, initial, where)[1]
    shares = np.where(equal_initial(out, initial), g / n, 0 / n)
    return total(np.astype(shares, g.dtype), np.shape(initial))


def product_of_others(a: Any, axis: Axis) -> Any:
    """For each element the product of all others along the axes, exact with zeros, differentiable in turn.

    The product of those before it times the product of those after it.  Where an overflow on one side meets a
    zero on the other, the product of finite numbers is 0, not NaN.
    """
    axes = axes_of(axis, a.ndim)
    order = (*(i for i in range(a.ndim) if i not in axes), *axes)
    last = np.transpose(a, order)
    flat = np.reshape(last, (*last.shape[: a.ndim - len(axes)], group_size(a.shape, axes)))
    one = np.ones_like(flat[..., :1])
    others = product_before(flat, one) * np.flip(product_before(np.flip(flat, -1), one), -1)
    lost = np.isnan(others) & np.all(np.isfinite(flat), axis=-1, keepdims=True)
    return np.transpose(np.reshape(np.where(lost, 0, others), last.shape), tuple(np.argsort(order)))


def product_before(a: Any, one: Any) -> Any:
    """For each element the product of those before it along the last axis, one for the first."""
    return np.multiply.accumulate(np.concatenate([one, a[..., :-1]], axis=-1), axis=-1)


def product_slope(g: Any, a: Any, axis: Axis, keepdims: bool, initial: Any, where: Any) -> Any:
    """The gradient of a product: for each element the product of all others, ``initial=`` among them."""
    g = along(g if absent(initial) else g * initial, a.shape, axis, keepdims)
    return masked(where, g * product_of_others(masked(where, a, 1), axis), 0)


def length_slope(g: Any, a: Any, out: Any, axis: Axis, keepdims: bool) -> Any:
    """The gradient of a length: the unit vector, and 0 where the length is 0."""
    g, out = along(g, a.shape, axis, keepdims), along(out, a.shape, axis, keepdims)
    return g * (a / ones_for_zeros(out))


def share_slope(g: Any, a: Any, out: Any, axis: Axis, keepdims: bool, exp: Any) -> Any:
    """The gradient of log Σ exp: each term's part of the sum, and none where all are 0."""
    g, out = along(g, np.shape(a), axis, keepdims), along(out, np.shape(a), axis, keepdims)
    return g * exp(a - np.where(out == -np.inf, 0, out))


def reducing(ufunc: np.ufunc) -> Any:
    """The reduction by a ufunc, of all its settings but ``out=``."""
    reduce: Any = ufunc.reduce
    return lambda array, axis=0, dtype=None, out=None, keepdims=False, initial=NONE, where=True: reduce(
        array, axis, dtype if dtype is None else keeping(array, dtype), None, keepdims, initial, where
    )


# fmt: off
derivative(np.add.reduce, reducing(np.add),
           array=lambda g, array_shape, axis, keepdims, where: masked(where, spread(g, array_shape, axis, keepdims), 0),
           initial=lambda g, initial_shape: total(g, initial_shape))
for _extremum in (np.maximum, np.minimum, np.fmax, np.fmin):
    derivative(_extremum.reduce, reducing(_extremum),
           array=lambda g, array, out, axis, keepdims, initial, where: winners(g, array, out, axis, keepdims, initial, where),
           initial=lambda g, array, out, axis, keepdims, initial, where: initial_wins(g, array, out, axis, keepdims, initial, where))
derivative(np.multiply.reduce, reducing(np.multiply),
           array=lambda g, array, axis, keepdims, initial, where: product_slope(g, array, axis, keepdims, initial, where),
           initial=lambda g, array, axis, keepdims, initial_shape, where: total(
               g * np.multiply.reduce(array, axis, keepdims=keepdims, where=where), initial_shape))
derivative(np.logaddexp.reduce, reducing(np.logaddexp),
           array=lambda g, array, out, axis, keepdims, where: masked(where, share_slope(g, array, out, axis, keepdims, np.exp), 0),
           initial=lambda g, initial, out: total(share_slope(g, initial, out, (), True, np.exp), np.shape(initial)))
derivative(np.logaddexp2.reduce, reducing(np.logaddexp2),
           array=lambda g, array, out, axis, keepdims, where: masked(where, share_slope(g, array, out, axis, keepdims, np.exp2), 0),
           initial=lambda g, initial, out: total(share_slope(g, initial, out, (), True, np.exp2), np.shape(initial)))
derivative(np.hypot.reduce, reducing(np.hypot),
           array=lambda g, array, out, axis, keepdims, where: masked(where, length_slope(g, array, out, axis, keepdims), 0),
           initial=lambda g, initial, out: total(g * (initial / ones_for_zeros(out)), np.shape(initial)))
# fmt: on


def those_set(initial: Any, where: Any) -> dict[str, Any]:
    """Those of the two settings that were given: most calls have neither, and each takes its time."""
    if initial is NONE and where is True:
        return {}
    return {"initial": initial, "where": where}


def _extreme(functions: tuple[Any, ...], ufunc: np.ufunc) -> None:
    @composite(*functions)
    def extreme(
        a: Any,
        axis: Axis = None,
        out: None = None,
        keepdims: bool = False,
        initial: Any = NONE,
        where: Any = True,
    ) -> Any:
        return ufunc.reduce(a, axis=axis, keepdims=keepdims, **those_set(initial, where))


@composite(np.sum)
def _sum(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = NONE,
    where: Any = True,
) -> Any:
    if initial is NONE and where is True and hasattr(a, "sum"):
        return a.sum(axis, dtype, keepdims=keepdims)  # half as long on its way as the ufunc's method
    return np.add.reduce(a, axis=axis, dtype=dtype, keepdims=keepdims, **those_set(initial, where))


@composite(np.prod)
def _prod(
    a: Any,
    axis: Axis = None,
    dtype: Any = None,
    out: None = None,
    keepdims: bool = False,
    initial: Any = NONE,
    where: Any = True,
) -> Any:
    return np.multiply.reduce(a, axis=axis, dtype=dtype, keepdims=keepdims, **those_set(initial, where))


_extreme((np.max, np.amax), np.maximum)
_extreme((np.min, np.amin), np.minimum)


@composite(np.ptp)
def _ptp(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False) -> Any:
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)
