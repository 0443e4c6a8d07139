"""Reductions that look past NaN.

A NaN that was looked past has a gradient of 0, as it had no part in the result.  Where nothing else is left
and the result is NaN (with NumPy's warning), the gradient is NaN; nansum and nanprod of nothing are 0 and 1,
and flat.
"""

import operator
from typing import Any

import numpy as np

from ..broadcast import unbroadcast
from ..foreign import beside
from ..table import composite, derivative
from .elementwise import keeping
from .moments import deviation_slope, mean_slope, variance_slope
from .reduction import NONE, Axis, along, initial_wins, masked, winners


def without_nan(a: Any, other: float) -> Any:
    """The array with another number in the place of each NaN."""
    return np.where(np.isnan(a), other, a)


def numbers(a: Any, where: Any) -> Any:
    """The value of ``where=`` that leaves out NaN too."""
    given = mask(where)
    return ~np.isnan(a) if given is True else ~np.isnan(a) & beside(given, a)


def mask(where: Any) -> Any:
    """The value of ``where=``, which is True unless it was given."""
    if where is NONE or hasattr(where, "dtype"):
        return True if where is NONE else where
    return where if where is True else np.asarray(where, bool)


def settled(gradient: Any, out: Any, axis: Axis, keepdims: Any, where: Any) -> Any:
    """A gradient in which every group whose result is NaN has NaN, but for what ``where=`` leaves out."""
    lost = np.isnan(along(out, gradient.shape, axis, keeps_axes(keepdims)))
    return masked(mask(where), np.where(lost, np.nan, gradient), 0)


def keeps_axes(keepdims: Any) -> bool:
    """Whether the reduced axes are kept."""
    return keepdims is not NONE and bool(operator.index(keepdims))  # which NumPy takes as a number


def nanvar_slope(
    g: Any, a: Any, out: Any, axis: Axis, ddof: Any, keepdims: Any, where: Any, mean: Any, correction: Any
) -> Any:
    """The gradient of the variance of what is not NaN."""
    slope = variance_slope(g, a, axis, ddof, keeps_axes(keepdims), numbers(a, where), mean, correction)
    return settled(slope, out, axis, keepdims, where)


def nanstd_slope(
    g: Any, a: Any, out: Any, axis: Axis, ddof: Any, keepdims: Any, where: Any, mean: Any, correction: Any
) -> Any:
    """The gradient of the standard deviation of what is not NaN."""
    slope = deviation_slope(g, a, out, axis, ddof, keeps_axes(keepdims), numbers(a, where), mean, correction)
    return settled(slope, out, axis, keepdims, where)


# fmt: off
derivative(np.nanmax, lambda a, axis=None, out=None, keepdims=NONE, initial=NONE, where=NONE: np.nanmax(a, axis, None, keepdims, initial, where),
           a=lambda g, a, out, axis, keepdims, initial, where: winners(
               g, a, out, axis, keeps_axes(keepdims), initial, mask(where)),
           initial=lambda g, a, out, axis, keepdims, initial, where: initial_wins(
               g, a, out, axis, keeps_axes(keepdims), initial, mask(where)))
derivative(np.nanmin, lambda a, axis=None, out=None, keepdims=NONE, initial=NONE, where=NONE: np.nanmin(a, axis, None, keepdims, initial, where),
           a=lambda g, a, out, axis, keepdims, initial, where: winners(
               g, a, out, axis, keeps_axes(keepdims), initial, mask(where)),
           initial=lambda g, a, out, axis, keepdims, initial, where: initial_wins(
               g, a, out, axis, keeps_axes(keepdims), initial, mask(where)))
derivative(np.nanmean, lambda a, axis=None, dtype=None, out=None, keepdims=NONE, *, where=NONE: np.nanmean(
               a, axis, keeping(a, dtype), None, keepdims, where=where),
           a=lambda g, a, out, axis, keepdims, where: settled(
               mean_slope(g, a.shape, axis, keeps_axes(keepdims), numbers(a, where)), out, axis, keepdims, where))
derivative(np.nanvar, lambda a, axis=None, dtype=None, out=None, ddof=0, keepdims=NONE, *, where=NONE, mean=NONE, correction=NONE: np.nanvar(
               a, axis, keeping(a, dtype), None, ddof, keepdims, where=where, mean=mean, correction=correction),
           a=lambda g, a, out, axis, ddof, keepdims, where, mean, correction: nanvar_slope(
               g, a, out, axis, ddof, keepdims, where, mean, correction),
           mean=lambda g, a, out, axis, ddof, keepdims, where, mean, correction: -unbroadcast(nanvar_slope(
               g, a, out, axis, ddof, keepdims, where, mean, correction), np.shape(mean)))
derivative(np.nanstd, lambda a, axis=None, dtype=None, out=None, ddof=0, keepdims=NONE, *, where=NONE, mean=NONE, correction=NONE: np.nanstd(
               a, axis, keeping(a, dtype), None, ddof, keepdims, where=where, mean=mean, correction=correction),
           a=lambda g, a, out, axis, ddof, keepdims, where, mean, correction: nanstd_slope(
               g, a, out, axis, ddof, keepdims, where, mean, correction),
           mean=lambda g, a, out, axis, ddof, keepdims, where, mean, correction: -unbroadcast(nanstd_slope(
               g, a, out, axis, ddof, keepdims, where, mean, correction), np.shape(mean)))
# fmt: on


def _total(function: Any, plain: Any, neutral: int) -> None:
    @composite(function)
    def total(
        a: Any,
        axis: Axis = None,
        dtype: Any = None,
        out: None = None,
        keepdims: Any = NONE,
        initial: Any = NONE,
        where: Any = NONE,
    ) -> Any:
        settings = {"keepdims": keeps_axes(keepdims), "initial": initial, "where": mask(where)}
        return plain(without_nan(a, neutral), axis, dtype, **settings)


_total(np.nansum, np.sum, 0)
_total(np.nanprod, np.prod, 1)


@composite(np.nancumsum)
def _nancumsum(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    return np.cumsum(without_nan(a, 0), axis, dtype)


@composite(np.nancumprod)
def _nancumprod(a: Any, axis: int | None = None, dtype: Any = None, out: None = None) -> Any:
    return np.cumprod(without_nan(a, 1), axis, dtype)
