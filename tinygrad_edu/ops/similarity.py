"""Similarity of vectors: the cosine of their angle, and their distance."""

from typing import Any

import numpy as np

from ..arrays import floating
from ..errors import ArgumentError, ShapeError


def cosine_similarity(x1: Any, x2: Any, *, axis: int = 1, eps: float = 1e-8) -> Any:
    """Cosine of the angle between vectors, Σ x1 x2 / (max(‖x1‖, ε) · max(‖x2‖, ε)).

    Parameters
    ----------
    x1, x2 : Tensor or array_like
        They broadcast against each other.
    axis : int, default=1
        Along which the vectors lie; PyTorch calls it dim.
    eps : float, default=1e-8
        The least that a norm counts: a vector of zeros has the similarity 0 with all others.

    Returns
    -------
    Tensor or ndarray of the shape of both, without the axis, in [-1, 1]

    Raises
    ------
    ShapeError
        If the shapes do not broadcast, or lack the axis.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.cosine_similarity(np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]]))
    array([0.96])
    """
    return cosine("cosine_similarity", x1, x2, axis, eps)


def cosine(who: str, x1: Any, x2: Any, axis: int, eps: float) -> Any:
    """The result of `cosine_similarity`, for a function or layer of that name."""
    x1, x2 = floating(x1, who), floating(x2, who)
    shape = common(who, x1, x2)
    if not -len(shape) <= axis < len(shape):
        raise ShapeError(f"{who}: there is no axis {axis} in vectors of shape {shape}.")
    whole = (x if x.shape == shape else np.broadcast_to(x, shape) for x in (x1, x2))
    units = (x / np.maximum(np.linalg.norm(x, axis=axis, keepdims=True), eps) for x in whole)
    return np.add.reduce(next(units) * next(units), axis=axis)


def pairwise_distance(x1: Any, x2: Any, *, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False) -> Any:
    """Distance between vectors, ‖x1 - x2 + ε‖_p, along the last axis.

    Parameters
    ----------
    x1, x2 : Tensor or array_like of shape (..., d)
        They broadcast against each other.
    p : float ≥ 1, default=2.0
        The norm; may be infinite.
    eps : float, default=1e-6
        Added to each difference, as in PyTorch, so that no distance is 0.
    keepdims : bool, default=False

    Returns
    -------
    Tensor or ndarray of shape (...), or (..., 1)

    Raises
    ------
    ShapeError
        If the shapes do not broadcast.
    ArgumentError
        For a p below 1, which is no norm.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.pairwise_distance(np.array([[3.0, 4.0]]), np.zeros((1, 2)), eps=0.0)
    array([5.])
    """
    return distance("pairwise_distance", x1, x2, p, eps, keepdims)


def distance(who: str, x1: Any, x2: Any, p: float, eps: float, keepdims: bool) -> Any:
    """The result of `pairwise_distance`, for a function or layer of that name."""
    check_norm(who, p)
    x1, x2 = floating(x1, who), floating(x2, who)
    if not common(who, x1, x2):
        raise ShapeError(f"{who} expects vectors of shape (..., d); got numbers of shape ().")
    return np.linalg.norm(x1 - x2 + eps, p, axis=-1, keepdims=keepdims)


def check_norm(who: str, p: float) -> None:
    """Refuse what is no norm."""
    if not p >= 1:
        raise ArgumentError(f"{who}: p is at least 1; got {p}.")


def common(who: str, x1: Any, x2: Any) -> tuple[int, ...]:
    """The shape to which both broadcast."""
    try:
        return np.broadcast_shapes(x1.shape, x2.shape)
    except ValueError:
        message = f"{who}: vectors of shapes {x1.shape} and {x2.shape} do not fit together."
        raise ShapeError(message) from None
