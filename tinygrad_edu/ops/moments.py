"""Means, variances and standard deviations, of which a mean may be given."""

from typing import Any

import numpy as np

from ..broadcast import unbroadcast
from ..foreign import beside
from ..table import derivative
from .complex import conjugated, of_precision
from .elementwise import keeping, ones_for_zeros
from .reduction import NONE, Axis, absent, along, counted, group_size, masked, spread


def mean(a: Any, axis: Axis, dtype: Any, keepdims: bool, where: Any) -> Any:
    """`numpy.mean`; of all elements of an array, as of losses, as it computes that, without its checks."""
    usual = axis is None is dtype and not keepdims and where is True
    if usual and type(a) is np.ndarray and a.dtype.char in "fd" and a.size:
        return a.dtype.type(np.add.reduce(a, None) / np.intp(a.size))
    return np.mean(a, axis, keeping(a, dtype), None, keepdims, where=where)


def mean_slope(g: Any, shape: tuple[int, ...], axis: Axis, keepdims: bool, where: Any) -> Any:
    """The gradient of a mean: each of the n elements of a group gets 1/n of its gradient."""
    if where is True:
        return spread(g * (1 / max(group_size(shape, axis), 1)), shape, axis, keepdims)
    shares = along(g, shape, axis, keepdims) / beside(counted(shape, axis, where), g)
    return masked(where, np.broadcast_to(np.astype(shares, g.dtype), shape), 0)


def centred(a: Any, axis: Axis, where: Any = True, mean: Any = NONE) -> Any:
    """Each element less the mean of its group, which may be given; 0 for what ``where=`` leaves out.

    A group of no elements has no mean, which needs no warning.
    """
    if absent(mean):
        n = beside(counted(a.shape, axis, where), a)
        n = max(n, 1) if where is True else np.maximum(n, 1)
        mean = np.add.reduce(a, axis=axis, keepdims=True, where=where) / n
        mean = mean if where is True else np.astype(mean, a.dtype)
    return masked(where, a - mean, 0)


def freedom(shape: tuple[int, ...], axis: Axis, ddof: Any, where: Any, correction: Any) -> Any:
    """What a variance divides by: the count less ``ddof`` (or ``correction``), and never less than 0."""
    n, ddof = counted(shape, axis, where), ddof if correction is NONE else correction
    return max(n - ddof, 0) if where is True else np.maximum(n - ddof, 0)


def variance_slope(
    g: Any, a: Any, axis: Axis, ddof: Any, keepdims: bool, where: Any, mean: Any, correction: Any
) -> Any:
    """The gradient of a variance Σ (a - mean)² / (n - ddof): 2 (a - mean) / (n - ddof).

    Of complex numbers |a - mean|² is summed, and the conjugate of the difference stands in the gradient.

    The mean of the group depends on a too, but what that adds is a multiple of Σ (a - mean) = 0.  A mean that
    was given with ``mean=`` is an argument of its own: what a adds through it, the graph adds.
    """
    n = beside(freedom(a.shape, axis, ddof, where, correction), a)
    slope = along(g, a.shape, axis, keepdims) * (2 * conjugated(centred(a, axis, where, mean))) / n
    return slope if where is True else of_precision(slope, g.dtype)


def deviation_slope(
    g: Any, a: Any, out: Any, axis: Axis, ddof: Any, keepdims: bool, where: Any, mean: Any, correction: Any
) -> Any:
    """The gradient of a standard deviation, (a - mean) / ((n - ddof) · out), or 0, a subgradient, at 0."""
    g, out = along(g, a.shape, axis, keepdims), along(out, a.shape, axis, keepdims)
    n = beside(freedom(a.shape, axis, ddof, where, correction), a)
    slope = g * conjugated(centred(a, axis, where, mean)) / (ones_for_zeros(out) * n)
    return slope if where is True else of_precision(slope, g.dtype)


# fmt: off
derivative(np.mean, lambda a, axis=None, dtype=None, out=None, keepdims=False, where=True: mean(a, axis, dtype, keepdims, where),
           a=lambda g, a_shape, axis, keepdims, where: mean_slope(g, a_shape, axis, keepdims, where))
derivative(np.var, lambda a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=NONE, correction=NONE: np.var(
               a, axis, keeping(a, dtype), None, ddof, keepdims, where=where, mean=mean, correction=correction),
           a=lambda g, a, axis, ddof, keepdims, where, mean, correction: variance_slope(
               g, a, axis, ddof, keepdims, where, mean, correction),
           mean=lambda g, a, axis, ddof, keepdims, where, mean, correction: -unbroadcast(variance_slope(
               g, a, axis, ddof, keepdims, where, mean, correction), np.shape(mean)))
derivative(np.std, lambda a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=NONE, correction=NONE: np.std(
               a, axis, keeping(a, dtype), None, ddof, keepdims, where=where, mean=mean, correction=correction),
           a=lambda g, a, out, axis, ddof, keepdims, where, mean, correction: deviation_slope(
               g, a, out, axis, ddof, keepdims, where, mean, correction),
           mean=lambda g, a, out, axis, ddof, keepdims, where, mean, correction: -unbroadcast(deviation_slope(
               g, a, out, axis, ddof, keepdims, where, mean, correction), np.shape(mean)))
# fmt: on
