"""ROC AUC: how well scores order the examples of two classes, or of several, two at a time."""

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ArgumentError, ShapeError, names_itself
from .labels import arrays_of, no_nan, one_of_each, whole

AVERAGES = {"ovr": ("macro", "weighted", "micro", None), "ovo": ("macro", "weighted")}


@names_itself
def roc_auc(
    targets: Any, predictions: Any, *, multi_class: str | None = None, average: str | None = "macro"
) -> Any:
    """The probability that an example of class 1 has a larger score than one of class 0.

    Equal scores count one half.  It is the area under the curve of true against false positives, and needs no
    threshold (Mann and Whitney's U / (n₀ n₁)).  Of several classes, it is a mean over comparisons of two:
    each class with all others, or each with each.

    Parameters
    ----------
    targets : array_like of int of shape (n,) or (n, 1)
        0 or 1, both of which occur; of c classes, 0 to c - 1, each of which occurs.
    predictions : array_like of shape (n,), (n, 1) or (n, c)
        Scores: probabilities of class 1, logits, or any others that grow with them.  Of several classes,
        probabilities: rows that sum to 1.
    multi_class : {"ovr", "ovo", None}, default=None
        None is of two classes and one score.  "ovr", one against the rest, orders by the scores of a class
        all examples, those of the class against the others.  "ovo", one against one, orders the examples of
        two classes, by the scores of the one and by those of the other, and takes the mean.
    average : {"macro", "weighted", "micro", None}, default="macro"
        Of several classes: the mean of the comparisons, or that weighted by how many examples the class has,
        in "ovo" both classes.  With "ovr" also "micro", all scores of all classes ordered at once, and None,
        one area for each class.

    Returns
    -------
    float in [0, 1], or ndarray of shape (c,) for ``average=None``

    Raises
    ------
    ShapeError, DTypeError
        If they do not fit each other, or targets are not whole numbers.
    ArgumentError
        If a class does not occur, for which there is no such area, or others do; a score is not a number;
        rows do not sum to 1; or a setting is none of those above.

    References
    ----------
    H. Mann, D. Whitney (1947). On a test of whether one of two random variables is stochastically larger than
    the other.

    D. Hand, R. Till (2001). A simple generalisation of the area under the ROC curve for multiple class
    classification problems. Machine Learning 45. (one against one)

    Examples
    --------
    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    >>> probabilities = [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.3, 0.4, 0.3], [0.1, 0.2, 0.7]]
    >>> roc_auc([0, 1, 2, 2], probabilities, multi_class="ovr")
    0.9583333333333334
    """
    if multi_class is not None:
        return _of_classes(targets, predictions, multi_class, average)
    t, scores = arrays_of(targets, predictions)
    if scores.ndim == 2 and scores.shape[1] > 1:
        ways = 'multi_class="ovr", each against the rest, or "ovo", each against each'
        raise ShapeError(f"predictions of shape {scores.shape} are scores of several classes: {ways}.")
    t, scores = one_of_each(t, scores)
    classes = np.unique(whole("targets", t)).tolist() if t.size else []
    if classes != [0, 1]:
        raise ArgumentError(f"targets are 0 and 1, and both occur; got {classes!s:.60}.")
    no_nan(scores)
    return _area(t == 1, scores)


def _area(positive: NDArray[np.bool], scores: NDArray[Any]) -> float:
    """The area for examples of which some, not all, are positive."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    means = np.cumsum(counts) - (counts - 1) / 2
    ranks = means[place]  # from 1; equal scores share the mean of their ranks
    n1 = int(positive.sum())
    n0 = len(positive) - n1
    return float((ranks[positive].sum() - n1 * (n1 + 1) / 2) / (n0 * n1))


def _of_classes(targets: Any, predictions: Any, multi_class: str, average: str | None) -> Any:
    """The area for several classes."""
    if multi_class not in AVERAGES:
        raise ArgumentError(f'multi_class is "ovr", "ovo" or None; got {multi_class!r}.')
    if average not in AVERAGES[multi_class]:
        expected = ", ".join(map(repr, AVERAGES[multi_class]))
        raise ArgumentError(
            f"average is one of {expected} with multi_class={multi_class!r}; got {average!r}."
        )
    t, scores = _rows_of_classes(targets, predictions)
    c = scores.shape[1]
    if multi_class == "ovo":
        pairs, weights = [], []
        for a, b in combinations(range(c), 2):
            two = (t == a) | (t == b)
            pairs.append((_area(t[two] == a, scores[two, a]) + _area(t[two] == b, scores[two, b])) / 2)
            weights.append(int(two.sum()))
        return float(np.average(pairs, weights=weights if average == "weighted" else None))
    positive = t[:, None] == np.arange(c)
    if average == "micro":
        return _area(positive.reshape(-1), scores.reshape(-1))
    areas = np.array([_area(positive[:, k], scores[:, k]) for k in range(c)])
    if average is None:
        return areas
    return float(np.average(areas, weights=positive.sum(0) if average == "weighted" else None))


def _rows_of_classes(targets: Any, predictions: Any) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Labels (n,) and rows of probabilities (n, c), if each class occurs and no other does."""
    t, scores = arrays_of(targets, predictions)
    t = t[:, 0] if t.ndim == 2 and t.shape[1] == 1 else t
    if t.ndim != 1 or scores.ndim != 2 or len(scores) != len(t) or scores.shape[1] < 2:
        expected = "targets of shape (n,) and rows of scores of several classes, (n, c)"
        raise ShapeError(f"expected {expected}; got {t.shape} and {scores.shape}.")
    no_nan(scores)
    if not np.allclose(scores.sum(axis=1), 1):
        advice = "Of logits, they are tinygrad_edu.softmax(logits), by which examples are ordered otherwise"
        raise ArgumentError(f"rows of scores of several classes are probabilities, and sum to 1. {advice}.")
    t, c = whole("targets", t), scores.shape[1]
    occurring = np.unique(t).tolist()
    if wrong := [label for label in occurring if not 0 <= label < c]:
        raise ArgumentError(f"targets are from 0 to {c - 1}, as there are {c} classes; got {wrong[0]}.")
    if missing := sorted(set(range(c)) - set(occurring)):
        why = "there is nothing to compare it with, and no area"
        raise ArgumentError(f"every class occurs among the targets; class {missing[0]} does not: {why}.")
    return t, scores
