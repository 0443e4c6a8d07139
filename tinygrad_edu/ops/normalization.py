"""Normalization: values brought to mean 0 and variance 1 over some axes, then scaled and shifted.

Layer, group and instance normalization differ in the axes alone.
"""

import math
from typing import Any

import numpy as np

from ..arrays import floating, given
from ..errors import ArgumentError, ShapeError
from .group_norm import group_normalized
from .layer_norm import layer_normalized
from .standardize import Axis, affine, rescale, standardize
from .sums import is_in_order


def layer_norm(x: Any, weight: Any = None, bias: Any = None, *, axis: Axis = -1, eps: float = 1e-5) -> Any:
    """Layer normalization: each example brought to mean 0 and variance 1, then y = weight · x̂ + bias.

    x̂ = (x - mean) / √(variance + eps), with mean and (biased) variance over ``axis``, of each example by
    itself.

    Parameters
    ----------
    x : Tensor or ndarray of shape (..., n)
    weight, bias : Tensor or ndarray, optional
        Broadcast against x: of shape (n,), or of the lengths of all the last axes that are normalized.
    axis : int or tuple of int, default=-1
        PyTorch takes the lengths of the last axes instead, ``normalized_shape``.
    eps : float, default=1e-5

    Returns
    -------
    Tensor or ndarray of the shape of x

    References
    ----------
    J. L. Ba, J. R. Kiros, G. E. Hinton (2016). Layer normalization. arXiv:1607.06450

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> np.round(tg.layer_norm(np.array([1.0, 2.0, 4.0])), 3)
    array([-1.069, -0.267,  1.336])
    """
    x = with_axes("layer_norm", x, axis)
    if axis in (-1, (-1,)) and fits(weight, x) and fits(bias, x):
        return layer_normalized(x, weight, bias, eps)
    return scaled(standardize(x, axis, eps)[0], weight, bias)


def rms_norm(x: Any, weight: Any = None, *, axis: Axis = -1, eps: float | None = None) -> Any:
    """Root mean square normalization, y = weight · x / √(mean(x²) + eps): no mean is taken off.

    Parameters
    ----------
    x : Tensor or ndarray of shape (..., n)
    weight : Tensor or ndarray, optional
        Broadcasts against x.
    axis : int or tuple of int, default=-1
    eps : float, optional
        By default it is the dtype's spacing at 1, as in PyTorch.

    Returns
    -------
    Tensor or ndarray of the shape of x

    References
    ----------
    B. Zhang, R. Sennrich (2019). Root mean square layer normalization. arXiv:1910.07467

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> np.round(tg.rms_norm(np.array([1.0, 2.0, 2.0])), 3)
    array([0.577, 1.155, 1.155])
    """
    x = with_axes("rms_norm", x, axis)
    eps = float(np.finfo(x.dtype).eps) if eps is None else eps
    return scaled(rescale(x, axis, eps)[0], weight, None)


def group_norm(x: Any, num_groups: int, weight: Any = None, bias: Any = None, *, eps: float = 1e-5) -> Any:
    """Group normalization: layer normalization of each group of channels, y = weight · x̂ + bias.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, ...)
    num_groups : int
        How many groups of consecutive channels there are; it divides c.  With 1 group all of an example is
        normalized together, with c each channel by itself (instance normalization).
    weight, bias : Tensor or ndarray of shape (c,), optional
    eps : float, default=1e-5

    Returns
    -------
    Tensor or ndarray of the shape of x

    Raises
    ------
    ShapeError
        If the channels do not divide evenly into the groups.

    References
    ----------
    Y. Wu, K. He (2018). Group normalization. arXiv:1803.08494

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.group_norm(np.array([[1.0, 3.0, 0.0, 8.0]]), 2, eps=0.0)
    array([[-1.,  1., -1.,  1.]])
    """
    x = floating(x, "group_norm")
    if num_groups < 1:
        raise ArgumentError(f"group_norm: num_groups is at least 1; got {num_groups}.")
    if x.ndim < 2 or x.shape[1] % num_groups:
        expected = f"an x of shape (n, c, …) is expected, with c a multiple of {num_groups} groups"
        raise ShapeError(f"group_norm: {expected}; got {x.shape}.")
    if (
        all(getattr(p, "shape", None) == x.shape[1:2] and p.dtype == x.dtype for p in (weight, bias))
        and x.size
    ):
        return group_normalized(x, weight, bias, num_groups, eps)
    shape, grouped = x.shape, (x.shape[0], num_groups, math.prod(x.shape[1:]) // num_groups)
    if is_in_order(x.data if hasattr(x, "requires_grad") else x):
        normalized = np.reshape(standardize(np.reshape(x, grouped), -1, eps)[0], shape)
    else:  # the batch last in memory
        grouped = (num_groups, math.prod(shape[1:]) // num_groups, shape[0])
        normalized = standardize(np.reshape(np.moveaxis(x, 0, -1), grouped), 1, eps)[0]
        normalized = np.moveaxis(np.reshape(normalized, (*shape[1:], shape[0])), -1, 0)
    return scaled(normalized, *(along_channels(p, len(shape)) for p in (weight, bias)))


def instance_norm(x: Any, weight: Any = None, bias: Any = None, *, eps: float = 1e-5) -> Any:
    """Instance normalization: each channel of each example by itself, y = weight · x̂ + bias.

    Parameters
    ----------
    x : Tensor or ndarray of shape (n, c, ...)
    weight, bias : Tensor or ndarray of shape (c,), optional
    eps : float, default=1e-5

    Returns
    -------
    Tensor or ndarray of the shape of x

    Raises
    ------
    ShapeError
        If x has fewer than three axes: there is nothing to normalize over.

    References
    ----------
    D. Ulyanov, A. Vedaldi, V. Lempitsky (2016). Instance normalization: the missing ingredient for fast
    stylization. arXiv:1607.08022

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.instance_norm(np.array([[[1.0, 3.0], [0.0, 8.0]]]), eps=0.0)
    array([[[-1.,  1.],
            [-1.,  1.]]])
    """
    x = floating(x, "instance_norm")
    if x.ndim < 3:
        raise ShapeError(
            f"instance_norm: an x of shape (n, c, …) with three axes or more is expected; got {x.shape}."
        )
    normalized = standardize(x, tuple(range(2, x.ndim)), eps)[0]
    return scaled(normalized, *(along_channels(p, x.ndim) for p in (weight, bias)))


def with_axes(who: str, x: Any, axis: Axis) -> Any:
    """x as floating numbers, if it has the axes to normalize over."""
    x = floating(x, who)
    n, axes = x.ndim, axis if isinstance(axis, tuple) else (axis,)
    if n == 0:
        raise ShapeError(f"{who}: an x of shape (..., n) is expected; got a number, of shape ().")
    if axes and (min(axes) < -n or max(axes) >= n):
        raise ShapeError(f"{who}: axis {axis} is none of an x of shape {x.shape}.")
    return x


def fits(p: Any, x: Any) -> bool:
    """Whether a weight or bias is one number for each feature, in the dtype of x (..., n)."""
    shape, dtype = getattr(p, "shape", None), getattr(p, "dtype", None)
    return shape == x.shape[-1:] and dtype == x.dtype and x.size > 0


def scaled(x: Any, weight: Any, bias: Any) -> Any:
    """weight · x + bias; either may be None."""
    weight, bias = (p if p is None else given(p, "normalization: weight and bias") for p in (weight, bias))
    if weight is not None and bias is not None and weight.shape == bias.shape and x.ndim >= bias.ndim:
        return affine(x, weight, bias)
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def along_channels(p: Any, ndim: int) -> Any:
    """A value for each channel, lined up with axis 1 of an array of so many axes."""
    if p is None or ndim == 2:
        return p
    return np.reshape(given(p, "normalization: weight and bias"), (-1, *[1] * (ndim - 2)))
