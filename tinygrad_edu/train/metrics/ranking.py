"""ROC AUC: how well scores order the examples of two classes."""

from typing import Any

import numpy as np

from ...errors import ArgumentError, names_itself
from .labels import no_nan, one_of_each, whole


@names_itself
def roc_auc(targets: Any, predictions: Any) -> float:
    """The probability that an example of class 1 has a larger score than one of class 0.

    Equal scores count one half.  It is the area under the curve of true against false positives, and needs no
    threshold (Mann and Whitney's U / (n₀ n₁)).

    Parameters
    ----------
    targets : array_like of int of shape (n,) or (n, 1)
        0 or 1, both of which occur.
    predictions : array_like of shape (n,) or (n, 1)
        Scores: probabilities of class 1, logits, or any others that grow with them.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ShapeError, DTypeError
        If they do not fit each other, or targets are not whole numbers.
    ArgumentError
        If not both of 0 and 1, or others, occur; or a score is not a number.

    References
    ----------
    H. Mann, D. Whitney (1947). On a test of whether one of two random variables is stochastically larger than
    the other.

    Examples
    --------
    >>> roc_auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    t, scores = one_of_each(targets, predictions)
    classes = np.unique(whole("targets", t)).tolist() if t.size else []
    if classes != [0, 1]:
        raise ArgumentError(f"targets are 0 and 1, and both occur; got {classes!s:.60}.")
    no_nan(scores)
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    means = np.cumsum(counts) - (counts - 1) / 2
    ranks = means[place]  # from 1; equal scores share the mean of their ranks
    positive = t == 1
    n1 = int(positive.sum())
    n0 = len(t) - n1
    return float((ranks[positive].sum() - n1 * (n1 + 1) / 2) / (n0 * n1))
