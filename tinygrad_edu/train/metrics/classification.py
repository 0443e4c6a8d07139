"""Metrics of classes: accuracy, the confusion matrix, and precision, recall and F1.

Targets come first and predictions second, as in scikit-learn.  Predictions may be labels, of shape (n,);
scores of the classes, (n, c), of which the largest counts; or one score of two classes, (n,) or (n, 1), with
a ``threshold`` above which it is class 1.  In `fit`, outputs of models with one logit take
``functools.partial(accuracy, threshold=0.0)``.
"""

from typing import Any

import numpy as np

from ...errors import ArgumentError, ShapeError, names_itself
from .labels import Array, arrays_of, divided, labels_of, no_nan, whole

MOST_CLASSES = 10_000  # whose matrix has 800 MB
AVERAGES = ("binary", "macro", "micro", "weighted", None)


@names_itself
def accuracy(targets: Any, predictions: Any, *, threshold: float | None = None) -> float:
    """The part of the predictions that is right.

    Parameters
    ----------
    targets : array_like of int of shape (n,), or one-hot of shape (n, c)
    predictions : array_like of int of shape (n,), or of float of shape (n, c), (n,) or (n, 1)
        Labels or scores.  Sequences, scores of shape (n, …, c) with labels (n, …), count each of their
        elements.
    threshold : float, optional
        The score above which an example is of class 1, if there is one score for each: 0.5 for probabilities,
        0.0 for logits.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ShapeError, DTypeError
        If they do not fit each other, there are no examples, or labels are not whole numbers.
    ArgumentError
        If there is one score for each example, and no threshold; or a score is NaN.

    Examples
    --------
    >>> accuracy([0, 1, 2, 1], [0, 1, 1, 1])
    0.75
    >>> accuracy([1, 0], [[0.2, 0.8], [0.4, 0.6]])
    0.5
    >>> accuracy([1, 0], [0.7, 0.1], threshold=0.5)
    1.0
    """
    t, p = labels_of(targets, predictions, threshold)
    return float(np.mean(t == p))


@names_itself
def top_k_accuracy(targets: Any, predictions: Any, *, k: int = 5) -> float:
    """The part of the examples whose class is among the k with the largest scores.

    Parameters
    ----------
    targets : array_like of int of shape (n,)
        The class of each example, from 0 to c - 1.
    predictions : array_like of shape (n, c)
        Scores; of equal ones the later class counts as larger, as in scikit-learn.
    k : int, from 1 to c, default=5

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        If they do not fit each other, a target is no class, k is out of its range, or a score is NaN.

    Examples
    --------
    >>> top_k_accuracy([0, 2], [[0.3, 0.6, 0.1], [0.5, 0.3, 0.2]], k=2)
    0.5
    """
    t, scores = arrays_of(targets, predictions)
    if scores.ndim != 2 or t.shape != scores.shape[:1] or t.size == 0:
        shapes = f"{scores.shape} and {t.shape}"
        raise ShapeError(f"expected scores (n, c) and targets (n,), n at least 1; got {shapes}.")
    n, c = scores.shape
    no_nan(scores)
    t = whole("targets", t)
    if not 1 <= k <= c or t.min() < 0 or t.max() >= c:
        given = f"k={k}, targets from {t.min()} to {t.max()}"
        raise ArgumentError(f"k is from 1 to {c} and targets from 0 to {c - 1}; got {given}.")
    own = scores[np.arange(n), t][:, None]
    above = (scores > own) | ((scores == own) & (np.arange(c) > t[:, None]))
    return float(np.mean(above.sum(axis=1) < k))


@names_itself
def confusion_matrix(
    targets: Any, predictions: Any, *, classes: int | None = None, threshold: float | None = None
) -> Array:
    """How many examples of each class (rows) were taken for each class (columns).

    Parameters
    ----------
    targets, predictions, threshold : as `accuracy` takes them
        Labels are from 0 to c - 1.
    classes : int, optional
        The number c of classes; by default as many as there are scores, or one more than the largest label.

    Returns
    -------
    ndarray of int64 of shape (c, c)

    Raises
    ------
    ShapeError, DTypeError
        As `accuracy` raises them.
    ArgumentError
        If a label is negative or not below ``classes``, a score is NaN, or there are more than 10,000
        classes.

    Examples
    --------
    >>> confusion_matrix([0, 1, 2, 1], [0, 1, 1, 1])
    array([[1, 0, 0],
           [0, 2, 0],
           [0, 1, 0]])
    """
    t, p = labels_of(targets, predictions, threshold)
    low, high = min(t.min(), p.min()), max(t.max(), p.max())
    if classes is None:
        shape = np.shape(predictions) if threshold is None else (len(t), 2)
        classes = max(high + 1, shape[-1] if len(shape) > 1 else 1)
    if low < 0 or high >= classes:
        raise ArgumentError(f"labels are from 0 to {classes - 1}; got some from {low} to {high}.")
    if classes > MOST_CLASSES:
        advice = "Labels that count otherwise: LabelEncoder"
        raise ArgumentError(f"at most {MOST_CLASSES} classes; got {classes}. {advice}.")
    return np.bincount(t * classes + p, minlength=classes * classes).reshape(classes, classes)


@names_itself
def precision(
    targets: Any, predictions: Any, *, average: str | None = "binary", threshold: float | None = None
) -> Any:
    """Of the examples that were taken for a class, the part that is of it: TP / (TP + FP).

    Parameters
    ----------
    targets, predictions, threshold : as `accuracy` takes them
    average : {"binary", "macro", "micro", "weighted", None}, default="binary"
        Which classes the score is of.  "binary": class 1, where all labels are 0 and 1.  "macro": the mean
        over the classes.  "weighted": that mean with the number of examples of each class as weights.
        "micro": all classes together.  None: each class.

    Returns
    -------
    float in [0, 1], or ndarray of shape (c,) if ``average`` is None
        0 / 0 is 0, without a warning.  The classes are the labels that occur, in order.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As `accuracy`; also if average is none of these, or "binary" for labels other than 0 and 1.

    Examples
    --------
    >>> precision([0, 1, 1, 1], [1, 1, 1, 0])
    0.6666666666666666
    >>> precision([0, 1, 2, 2], [0, 2, 2, 2], average=None)
    array([1.        , 0.        , 0.66666667])
    """
    right, predicted, true = _counts(targets, predictions, average, threshold)
    return _averaged(divided(right, predicted), average, true)


@names_itself
def recall(
    targets: Any, predictions: Any, *, average: str | None = "binary", threshold: float | None = None
) -> Any:
    """Of the examples of a class, the part that was taken for it: TP / (TP + FN).

    Parameters, results and errors are those of `precision`.

    Examples
    --------
    >>> recall([0, 1, 1, 1], [1, 1, 0, 0])
    0.3333333333333333
    """
    right, _, true = _counts(targets, predictions, average, threshold)
    return _averaged(divided(right, true), average, true)


@names_itself
def f1(
    targets: Any, predictions: Any, *, average: str | None = "binary", threshold: float | None = None
) -> Any:
    """The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).

    Parameters, results and errors are those of `precision`.

    Examples
    --------
    >>> f1([0, 1, 1, 1], [1, 1, 0, 0])
    0.4
    >>> f1([0, 1, 2, 2], [0, 2, 2, 2], average="macro")
    0.6
    """
    right, predicted, true = _counts(targets, predictions, average, threshold)
    return _averaged(divided(2 * right, predicted + true), average, true)


def _counts(targets: Any, predictions: Any, average: str | None, threshold: float | None) -> Array:
    """How many examples of each class were taken for it rightly, were taken for it, and are of it: (3, c)."""
    if average not in AVERAGES:
        raise ArgumentError(f"average is one of {', '.join(map(repr, AVERAGES))}; got {average!r}.")
    t, p = labels_of(targets, predictions, threshold)
    classes = np.unique(np.concatenate([t, p]))
    if average == "binary":
        if not set(classes.tolist()) <= {0, 1}:
            given = f'{classes.tolist()!s:.60}. Of more classes say "macro", "micro", …'
            raise ArgumentError(f'average="binary" is for labels 0 and 1; got {given}')
        classes = np.array([1])
    counts = np.array([(np.sum((t == c) & (p == c)), np.sum(p == c), np.sum(t == c)) for c in classes]).T
    return counts.sum(axis=1, keepdims=True) if average == "micro" else counts


def _averaged(each: Array, average: str | None, true: Array) -> Any:
    """The scores of the classes, or their mean; ``true`` has the number of examples of each."""
    if average is None:
        return each
    return float(np.average(each, weights=true if average == "weighted" else None))
