"""Sums, means, products, extrema, spreads, and running sums and products."""

import math
from typing import Any

import numpy as np

from ..table import composite, derivative
from .elementwise import ones_for_zeros

Axis = int | tuple[int, ...] | None


def spread(g: Any, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Any:
    """The adjoint of a sum: each summand gets the gradient of its sum."""
    return np.broadcast_to(along(g, shape, axis, keepdims), shape)


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """One axis, several, or all, as numbers from 0."""
    if axis is None or not ndim:  # the one element of a 0-d array lies on the axes 0 and -1 too
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,)))


def along(reduced: Any, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> Any:
    """A reduced array with its reduced axes put back, of length 1: it lines up with what was reduced."""
    if keepdims or axis is None:
        return reduced
    axes = axes_of(axis, len(shape))
    return np.reshape(reduced, tuple(1 if i in axes else n for i, n in enumerate(shape)))


def group_size(shape: tuple[int, ...], axis: Axis) -> int:
    """How many elements each reduced value stands for."""
    return math.prod(shape[a] for a in axes_of(axis, len(shape)))


def winners(g: Any, a: Any, out: Any, axis: Axis, keepdims: bool) -> Any:
    """The gradient of max and min: shared evenly among equal winners; NaN where the winner is NaN."""
    g, out = along(g, a.shape, axis, keepdims), along(out, a.shape, axis, keepdims)
    wins = a == out
    n = np.add.reduce(wins, axis=axis, keepdims=True)
    return np.astype(np.where(wins, g / n, 0 / n), g.dtype)


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


def only(axis: Any) -> Any:
    """The one axis that ufuncs accumulate along, which may stand in a tuple; None of a vector."""
    return axis[0] if isinstance(axis, tuple) else axis


def running_sum(g: Any, shape: tuple[int, ...], axis: int | None) -> Any:
    """The gradient of a running sum, of all elements if axis is None: the running sum from the other end."""
    return np.reshape(np.flip(np.cumsum(np.flip(g, axis), axis), axis), shape)


def running_product(g: Any, a: Any, axis: int | None) -> Any:
    """The gradient of a running product, of all elements if there is no axis."""
    rows = np.reshape(a, -1) if axis is None or not a.ndim else a
    return np.reshape(cumulative_product(g, rows, 0 if axis is None else axis), a.shape)


def cumulative_product(g: Any, a: Any, axis: int) -> Any:
    """The gradient of a running product: exact with zeros, O(n²) in the length of the axis.

    out_j is the product of a_k for k ≤ j, so its slope in a_i, i ≤ j, is the product of the a_k with k ≤ j
    and k ≠ i.
    """
    rows = np.expand_dims(np.moveaxis(a, axis, -1), -2)
    n = a.shape[axis]
    i, j = np.arange(n)[:, None], np.arange(n)
    slopes = np.where(i <= j, np.multiply.accumulate(np.where(i == j, 1, rows), axis=-1), 0)
    g = np.expand_dims(np.moveaxis(g, axis, -1), -2)
    return np.moveaxis(np.add.reduce(g * slopes, axis=-1), -1, axis)


def centred(a: Any, axis: Axis) -> Any:
    """Each element less the mean of its group; a group of no elements has none, which needs no warning."""
    return a - np.add.reduce(a, axis=axis, keepdims=True) / max(group_size(a.shape, axis), 1)


def weights(array: Any, out: Any, axis: Axis, keepdims: bool) -> Any:
    """The part of each term in the logarithm of a sum of exponentials; none where all terms are 0."""
    out = along(out, array.shape, axis, keepdims)
    return np.exp(array - np.where(out == -np.inf, 0, out))


def deviation(g: Any, a: Any, out: Any, axis: Axis, ddof: float, keepdims: bool) -> Any:
    """The gradient of a standard deviation, centred / ((n - ddof) · out), or 0, a subgradient, at 0."""
    g, out = along(g, a.shape, axis, keepdims), along(out, a.shape, axis, keepdims)
    return g * centred(a, axis) / (ones_for_zeros(out) * (group_size(a.shape, axis) - ddof))


# fmt: off
derivative(np.add.reduce, lambda array, axis=0, dtype=None, keepdims=False: np.add.reduce(array, axis, dtype, None, keepdims),
           array=lambda g, array_shape, axis, keepdims: spread(g, array_shape, axis, keepdims))
derivative(np.mean, lambda a, axis=None, dtype=None, out=None, keepdims=False: np.mean(a, axis, dtype, None, keepdims),
           a=lambda g, a_shape, axis, keepdims: spread(g * (1 / max(group_size(a_shape, axis), 1)), a_shape, axis, keepdims))
derivative(np.maximum.reduce, lambda array, axis=0, dtype=None, keepdims=False: np.maximum.reduce(array, axis, dtype, None, keepdims),
           array=lambda g, array, out, axis, keepdims: winners(g, array, out, axis, keepdims))
derivative(np.minimum.reduce, lambda array, axis=0, dtype=None, keepdims=False: np.minimum.reduce(array, axis, dtype, None, keepdims),
           array=lambda g, array, out, axis, keepdims: winners(g, array, out, axis, keepdims))
derivative(np.multiply.reduce, lambda array, axis=0, dtype=None, keepdims=False: np.multiply.reduce(array, axis, dtype, None, keepdims),
           array=lambda g, array, axis, keepdims: along(g, array.shape, axis, keepdims) * product_of_others(array, axis))
derivative(np.add.accumulate, lambda array, axis=0, dtype=None: np.add.accumulate(array, axis, dtype),
           array=lambda g, array_shape, axis: running_sum(g, array_shape, only(axis)))
derivative(np.multiply.accumulate, lambda array, axis=0, dtype=None: np.multiply.accumulate(array, axis, dtype),
           array=lambda g, array, axis: running_product(g, array, only(axis)))
derivative(np.cumsum, lambda a, axis=None, dtype=None, out=None: np.cumsum(a, axis, dtype),
           a=lambda g, a_shape, axis: running_sum(g, a_shape, axis))
derivative(np.cumprod, lambda a, axis=None, dtype=None, out=None: np.cumprod(a, axis, dtype),
           a=lambda g, a, axis: running_product(g, a, axis))
derivative(np.logaddexp.reduce, lambda array, axis=0, dtype=None, out=None, keepdims=False: np.logaddexp.reduce(array, axis, dtype, None, keepdims),
           array=lambda g, array, out, axis, keepdims: along(g, array.shape, axis, keepdims) * weights(array, out, axis, keepdims))
derivative(np.var, lambda a, axis=None, dtype=None, out=None, ddof=0, keepdims=False: np.var(a, axis, dtype, None, ddof, keepdims),
           a=lambda g, a, axis, ddof, keepdims: along(g, a.shape, axis, keepdims) * (2 * centred(a, axis)) / (group_size(a.shape, axis) - ddof))
derivative(np.std, lambda a, axis=None, dtype=None, out=None, ddof=0, keepdims=False: np.std(a, axis, dtype, None, ddof, keepdims),
           a=lambda g, a, out, axis, ddof, keepdims: deviation(g, a, out, axis, ddof, keepdims))
# fmt: on


def _total(ufunc: np.ufunc, function: Any) -> None:
    @composite(function)
    def total(a: Any, axis: Axis = None, dtype: Any = None, out: None = None, keepdims: bool = False) -> Any:
        return ufunc.reduce(a, axis=axis, dtype=dtype, keepdims=keepdims)


def _extremum(ufunc: np.ufunc, *functions: Any) -> None:
    @composite(*functions)
    def extremum(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False) -> Any:
        return ufunc.reduce(a, axis=axis, keepdims=keepdims)


_total(np.add, np.sum)
_total(np.multiply, np.prod)
_extremum(np.maximum, np.max, np.amax)
_extremum(np.minimum, np.min, np.amin)


@composite(np.ptp)
def _ptp(a: Any, axis: Axis = None, out: None = None, keepdims: bool = False) -> Any:
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)
