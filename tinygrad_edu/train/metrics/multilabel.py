"""Metrics of several yes-or-no labels for each example."""

from typing import Any

import numpy as np

from ...errors import ArgumentError, DTypeError, ShapeError, names_itself
from .labels import Array, divided, same_shape, whole

AVERAGES = ("macro", "micro", "weighted", "samples", None)


@names_itself
def label_accuracy(
    targets: Any, predictions: Any, *, threshold: float | None = None, average: str | None = None
) -> Any:
    """For each label, the part of the examples of which it is right; or the mean over labels.

    Parameters
    ----------
    targets : array_like of int of shape (n, k)
        0 or 1.
    predictions : array_like of shape (n, k)
        0 or 1; or scores, with a threshold.
    threshold : float, optional
        A score above it means 1: 0.5 if it is a probability, 0.0 if it is a logit.
    average : {"macro", "micro", "weighted", "samples", None}, default=None
        None: each label by itself.  "macro": the mean over the labels.  "weighted": that mean with the number
        of examples that have the label as weights.  "micro": all labels together.  "samples": the mean over
        the examples of what is computed for each of them alone.

    Returns
    -------
    ndarray of shape (k,), in [0, 1]; or float, the mean that ``average`` names
        `fit` takes the latter: ``functools.partial(label_accuracy, threshold=0.0, average="macro")``.

    Raises
    ------
    ShapeError, DTypeError
        If the shapes differ, there is no example, or what should be 0 or 1 is not.
    ArgumentError
        If average is none of these.

    Examples
    --------
    >>> label_accuracy([[0, 1], [1, 1]], [[0.2, 0.4], [0.7, 0.9]], threshold=0.5)
    array([1. , 0.5])
    >>> label_accuracy([[0, 1], [1, 1]], [[0.2, 0.4], [0.7, 0.9]], threshold=0.5, average="macro")
    0.75
    """
    _check(average)
    t, p = _labels(targets, predictions, threshold)
    axes = {"micro": None, "samples": 1}.get(average or "", 0)
    return _averaged(np.mean(t == p, axis=axes), average, t)


@names_itself
def label_f1(
    targets: Any, predictions: Any, *, threshold: float | None = None, average: str | None = None
) -> Any:
    """For each label, the harmonic mean of its precision and recall; 0 / 0 is 0; or the mean over labels.

    Parameters, results and errors are those of `label_accuracy`.

    Examples
    --------
    >>> label_f1([[0, 1], [1, 1]], [[0, 0], [1, 1]])
    array([1.        , 0.66666667])
    >>> label_f1([[0, 1], [1, 1]], [[0, 0], [1, 1]], average="micro")
    0.8
    """
    _check(average)
    t, p = _labels(targets, predictions, threshold)
    axes = {"micro": None, "samples": 1}.get(average or "", 0)
    both, either = np.sum(t & p, axis=axes), np.sum(t, axis=axes) + np.sum(p, axis=axes)
    return _averaged(divided(2 * both, either), average, t)


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


def _check(average: str | None) -> None:
    if average not in AVERAGES:
        raise ArgumentError(f"average is one of {', '.join(map(repr, AVERAGES))}; got {average!r}.")


def _averaged(scores: Any, average: str | None, targets: Array) -> Any:
    """The scores, one for each label or example, or their mean; labels that nobody has weigh nothing."""
    if average is None:
        return scores
    weights = targets.sum(axis=0) if average == "weighted" else None
    if weights is not None and not weights.any():
        return 0.0
    return float(np.average(scores, weights=weights))
