"""Metrics of several yes-or-no labels for each example."""

from typing import Any

import numpy as np

from ...errors import DTypeError, ShapeError, names_itself
from .labels import Array, divided, same_shape, whole


@names_itself
def label_accuracy(targets: Any, predictions: Any, *, threshold: float | None = None) -> Array:
    """For each label, the part of the examples of which it is right.

    Parameters
    ----------
    targets : array_like of int of shape (n, k)
        0 or 1.
    predictions : array_like of shape (n, k)
        0 or 1; or scores, with a threshold.
    threshold : float, optional
        A score above it means 1: 0.5 if it is a probability, 0.0 if it is a logit.

    Returns
    -------
    ndarray of shape (k,), in [0, 1]

    Raises
    ------
    ShapeError, DTypeError
        If the shapes differ, there is no example, or what should be 0 or 1 is not.

    Examples
    --------
    >>> label_accuracy([[0, 1], [1, 1]], [[0.2, 0.4], [0.7, 0.9]], threshold=0.5)
    array([1. , 0.5])
    """
    t, p = _labels(targets, predictions, threshold)
    return np.mean(t == p, axis=0)


@names_itself
def label_f1(targets: Any, predictions: Any, *, threshold: float | None = None) -> Array:
    """For each label, the harmonic mean of its precision and recall; 0 / 0 is 0.

    Parameters and errors are those of `label_accuracy`.

    Returns
    -------
    ndarray of shape (k,), in [0, 1]

    Examples
    --------
    >>> label_f1([[0, 1], [1, 1]], [[0, 0], [1, 1]])
    array([1.        , 0.66666667])
    """
    t, p = _labels(targets, predictions, threshold)
    return divided(2 * np.sum(t & p, axis=0), np.sum(t, axis=0) + np.sum(p, axis=0))


@names_itself
def subset_accuracy(targets: Any, predictions: Any, *, threshold: float | None = None) -> float:
    """The part of the examples of which every label is right.

    Parameters and errors are those of `label_accuracy`.

    Returns
    -------
    float in [0, 1]

    Examples
    --------
    >>> subset_accuracy([[0, 1], [1, 1]], [[0, 0], [1, 1]])
    0.5
    """
    t, p = _labels(targets, predictions, threshold)
    return float(np.mean((t == p).all(axis=1)))


def _labels(targets: Any, predictions: Any, threshold: float | None) -> tuple[Array, Array]:
    """Both as booleans of shape (n, k)."""
    t, p = same_shape(targets, predictions)
    if t.ndim != 2:
        raise ShapeError(f"expected several labels for each example, shape (n, k); got {t.shape}.")
    p = p > threshold if threshold is not None else p
    for what, labels in (("targets", t), ("predictions", p)):
        if not np.isin(labels if labels.dtype.kind == "f" else whole(what, labels), (0, 1)).all():
            advice = "of scores say from where on they mean 1, threshold=0.5 (probabilities) or 0.0 (logits)"
            raise DTypeError(f"{what} are 0 or 1; {advice}.")
    return t.astype(bool), p.astype(bool)
