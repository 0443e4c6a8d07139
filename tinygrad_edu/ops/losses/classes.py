"""Class labels: their checks, the examples that count, and the reduction of their losses."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy import arange, count_nonzero, ndarray  # by name, which is looked up faster

from ...arrays import fixed, given
from ...errors import ArgumentError, DTypeError, ShapeError
from ...foreign import beside
from ..indexing import scatter
from .checks import nothing_left, of_one_dtype, only_ones_differ

# What a loss counts of a batch, in a plain tuple, which is made faster than a named one:
# the scores (n, c) and labels (n,) of the examples that are not left out, booleans (n, c) that are true at
# the labels, or these once more, a boolean for each of all examples, or None if none is left out, and the
# shape of all labels.
Counted = tuple[Any, Any, Any, Any, tuple[int, ...]]
LARGE = 1 << 14  # logits, from which on places are faster than a mask of them
FEW = 32  # classes, up to which the rows of all labels are kept
ONE = np.ones((), int)  # which NumPy would make of a Python 1 at each call


def hit_by_labels(logits: Any, labels: Any) -> Any:
    """Booleans (n, c), true at the labels (n,), all of which are classes of floating logits (n, c); None for
    any other arguments, and for so many logits that labels are faster than booleans.
    """
    scores = logits if type(logits) is ndarray else getattr(logits, "_array", None)
    if scores is None or type(labels) is not ndarray or labels.dtype.kind != "i" or scores.dtype.kind != "f":
        return None
    shape = scores.shape
    if len(shape) != 2 or labels.shape != shape[:1]:
        return None
    n, c = shape
    if c == 1 or not 0 < n * c < LARGE:
        return None
    few = c <= FEW
    hit = rows_of_labels(c).take(labels + ONE, 0, None, "clip") if few else labels[:, None] == arange(c)
    return hit if count_nonzero(hit) == n else None


@cache
def rows_of_labels(c: int) -> Any:
    """Booleans (c + 2, c): a row for each label of c classes, true there, and above and below a row that is
    true nowhere, for all that are no classes.
    """
    return np.eye(c + 2, c, -1, dtype=bool)


def counted(
    scores: Any, labels: Any, ignore_index: int | None, reduction: str, by_labels: bool = False
) -> Counted:
    """The examples of scores (..., c) and labels (...) that are not left out, if their labels are classes.

    With ``by_labels`` the labels themselves stand for the booleans, if none is left out.
    """
    shape, kept = labels.shape, None
    if len(shape) != 1:
        scores, labels = np.reshape(scores, (-1, scores.shape[-1])), np.reshape(labels, -1)
    if by_labels and len(labels) and are_classes(labels, scores.shape[1]) and ignore_index in (None, -100):
        return scores, labels, labels, None, shape
    hit = labels[:, None] == beside(np.arange(scores.shape[1]), labels)
    # One pass over what the loss needs anyway tells that all labels are classes, as they mostly are.
    if ignore_index not in (None, -100) or np.count_nonzero(hit) < labels.shape[0]:
        left_out = np.zeros_like(labels, bool) if ignore_index is None else np.equal(labels, ignore_index)
        if np.any(wrong := ~left_out & ((labels < 0) | (labels >= scores.shape[1]))):
            raise ArgumentError(
                f"class label {labels[wrong][0]} is outside [0, {hit.shape[1]}); the scores have "
                f"{hit.shape[1]} classes."
            )
        if np.any(left_out):
            kept = ~left_out
            scores, labels, hit = scores[kept], labels[kept], hit[kept]
    if reduction == "mean" and len(labels) == 0:
        n = math.prod(shape)
        raise nothing_left(f"there are {n} labels" + f", all {ignore_index}" * (n > 0))
    return scores, labels, hit, kept, shape


def are_classes(labels: Any, c: int) -> bool:
    """Whether all labels, of which there are some, are in [0, c)."""
    return bool(np.minimum.reduce(labels) >= 0 and np.maximum.reduce(labels) < c)


def placed(batch: Counted, losses: Any) -> Any:
    """The losses (n,) where their examples stand, and 0 for what is left out."""
    *_, kept, shape = batch
    return np.reshape(losses if kept is None else scatter(losses, kept, kept.shape), shape)


def reduced_over(batch: Counted, losses: Any, reduction: str, weight: Any) -> Any:
    """The reduction of the losses (n,); a mean divides by the weights of the labels."""
    if reduction == "none":
        return placed(batch, losses)
    if reduction == "sum":
        return np.sum(losses)
    total = len(batch[1]) if weight is None else np.sum(np.matmul(batch[2], weight))
    if total == 0:
        raise nothing_left("the weights of all labels are 0")
    return np.sum(losses) / total


def with_labels(scores: Any, labels: Any, axis: int) -> tuple[Any, Any]:
    """Floating scores (..., c), the classes on the last axis, and labels (...), a plain array of integers."""
    (scores,) = of_one_dtype(scores=scores)
    scores, labels = classes_last(scores, axis), given(labels, "labels")
    if labels.shape != scores.shape[:-1]:
        raise unfit(labels, scores.shape, "")
    return scores, integers(labels, "labels")


def classes_last(scores: Any, axis: int) -> Any:
    """The scores with the axis of the classes, of which there are several, moved to the end."""
    shape = scores.shape
    if not shape:
        raise ShapeError("scores have an axis of classes, (..., c); got a number, of shape ().")
    if axis != -1:
        scores = np.moveaxis(scores, axis, -1)
        shape = scores.shape
    if shape[-1] == 1:
        raise ArgumentError(
            f"scores of shape {shape} have one class, which is always right: the loss would be the "
            "same for any score.\n"
            "  Of two classes, one score is for binary_cross_entropy_with_logits (nn.BCEWithLogitsLoss); "
            "here each class has its own."
        )
    return scores


def integers(labels: Any, name: str) -> Any:
    """Class labels as a plain array, if they are integers."""
    if labels.dtype.kind not in "iu":
        raise DTypeError(
            f"class labels are integers; got {labels.dtype}. Convert them knowingly: labels.astype(int)."
        )
    return labels if type(labels) is np.ndarray else fixed(labels, name)


def class_weights(weight: Any, scores: Any) -> Any:
    """The weights of the classes as a plain array of the dtype of the scores (..., c), or None."""
    if weight is None:
        return None
    weight = fixed(by_number(weight), "weight").astype(scores.dtype, copy=False)
    if weight.shape != scores.shape[-1:]:
        raise ShapeError(
            f"weight has one number for each class, and so shape {scores.shape[-1:]}; got {weight.shape}."
        )
    return weight


def by_number(weight: Any) -> Any:
    """Weights of classes as a list, of a dict with one for each class from 0 on; any others as they are."""
    if isinstance(weight, str):
        told = "of the labels to train on, weight=data.class_weights(labels) balances the classes"
        raise ArgumentError(f"weight is one number for each class; got {weight!r}, and {told}.")
    if not isinstance(weight, Mapping):
        return weight
    if set(weight) != set(range(len(weight))) or not weight:
        fill = "data.class_weights(labels, {…}) gives 1 to those that a dict lacks, and takes names"
        raise ArgumentError(
            f"a weight by class has one for each from 0 on; got those of {list(weight)!r:.80}. {fill}."
        )
    return [weight[label] for label in range(len(weight))]


def unfit(targets: Any, shape: tuple[int, ...], or_rows: str) -> ShapeError:
    """The error for targets that do not belong to scores of this shape."""
    advice = f"Expected labels of shape {shape[:-1]}{or_rows}."
    if only_ones_differ(targets.shape, shape[:-1]):
        advice += f"\n  Labels in a column or row are reshaped by targets.reshape{shape[:-1]}."
    return ShapeError(f"targets of shape {targets.shape} do not fit scores of shape {shape}.\n  {advice}")
