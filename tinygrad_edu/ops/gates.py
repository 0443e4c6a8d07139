"""Activations that are made of others: the logarithm of a sigmoid, the softmax of -x, and a gate."""

from typing import Any

import numpy as np

from ..arrays import floating
from ..errors import ShapeError
from .smooth import sigmoid, softplus
from .softmax import softmax


def log_sigmoid(x: Any) -> Any:
    """Logarithm of the logistic function, log(1 / (1 + exp(-x))), exact in both tails.

    Parameters
    ----------
    x : Tensor or array_like of any shape

    Returns
    -------
    Tensor or ndarray of the same shape, negative

    Examples
    --------
    >>> log_sigmoid(np.array([-1000.0, 1000.0])).tolist()
    [-1000.0, -0.0]
    """
    return -softplus(-floating(x, "log_sigmoid"))


def glu(x: Any, axis: int = -1) -> Any:
    """Gated linear unit: a · sigmoid(b), of the two halves a and b of x along an axis.

    Parameters
    ----------
    x : Tensor or array_like of shape (..., 2n, ...)
    axis : int, default=-1
        Along which x is halved; PyTorch calls it dim.

    Returns
    -------
    Tensor or ndarray of shape (..., n, ...)

    Raises
    ------
    ShapeError
        If there is no such axis, or its length is odd.

    References
    ----------
    Y. Dauphin, A. Fan, M. Auli, D. Grangier (2017). Language modeling with gated convolutional networks.
    arXiv:1612.08083
    """
    x = floating(x, "glu")
    if not -x.ndim <= axis < x.ndim or x.shape[axis] % 2:
        raise ShapeError(
            f"glu: x has an even length on axis {axis}, to be halved there; got shape {x.shape}."
        )
    a, b = np.split(x, 2, axis)
    return a * sigmoid(b)


def softmin(x: Any, axis: int | tuple[int, ...] = -1) -> Any:
    """The softmax of -x: the smallest has the largest share.

    Parameters
    ----------
    x : Tensor or array_like
    axis : int or tuple of int, default=-1

    Returns
    -------
    Tensor or ndarray of the same shape
    """
    return softmax(-floating(x, "softmin"), axis)
