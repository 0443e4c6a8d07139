"""Labels: what targets and predictions mean: labels, scores of the classes, or one score of two classes.

What is raised here is told by the metric that was called: `names_itself` puts its name in front.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arrays import plain
from ...errors import ArgumentError, DTypeError, ShapeError

Array = NDArray[Any]


def arrays_of(targets: Any, predictions: Any) -> tuple[Array, Array]:
    """Targets and predictions as ndarrays."""
    return plain(targets, "targets"), plain(predictions, "predictions")


def labels_of(targets: Any, predictions: Any, threshold: float | None) -> tuple[Array, Array]:
    """The labels that targets and predictions are, or mean, both of shape (n,).

    Raises
    ------
    ShapeError
        If they do not fit each other, or there are none.
    ArgumentError
        If predictions are one score for each target, and no threshold says from where on it means class 1; or
        rows of targets have several classes; or a prediction is NaN.
    """
    t, p = arrays_of(targets, predictions)
    no_nan(p)
    if p.dtype.kind == "f" and p.ndim > 1 and p.shape[-1] > 1 and threshold is None:
        t, p = _labels_of_rows(t, p), p.argmax(axis=-1).reshape(-1)
    else:
        t, p = one_of_each(t, p)
        if threshold is not None:
            p = p > threshold
        elif p.dtype.kind == "f" and not np.array_equal(p, np.trunc(p)):
            raise ArgumentError(
                f"predictions of shape {p.shape} are one score for each target. Say from where on that means "
                "class 1: threshold=0.5 for probabilities, threshold=0.0 for logits."
            )
    if t.size == 0:
        raise ShapeError("there are no examples.")
    return whole("targets", t), whole("predictions", p)


def _labels_of_rows(targets: Array, scores: Array) -> Array:
    """The label of each row of scores of the classes; targets may be one-hot or soft rows themselves."""
    t = targets
    if t.shape == scores.shape:
        if not np.allclose(t.sum(axis=-1), 1):
            advice = "Of several labels for each example: label_accuracy, label_f1"
            raise ArgumentError(f"rows of targets add up to 1, one class each. {advice}.")
        t = t.argmax(axis=-1)
    elif t.shape == (*scores.shape[:-1], 1):
        t = t[..., 0]
    if t.shape != scores.shape[:-1]:
        needed = f"labels of shape {scores.shape[:-1]}, or one-hot rows"
        raise ShapeError(f"scores of shape {scores.shape} need {needed}; got targets of shape {t.shape}.")
    return t.reshape(-1)


def one_of_each(targets: Any, predictions: Any) -> tuple[Array, Array]:
    """Targets and predictions with one number an example, (n,) or (n, 1), as shape (n,)."""
    t, p = (a[:, 0] if a.ndim == 2 and a.shape[1] == 1 else a for a in arrays_of(targets, predictions))
    if t.ndim != 1 or t.shape != p.shape:
        found = f"{p.shape} and {t.shape}"
        if t.ndim == 2 and t.shape == p.shape:
            found += ". Of several labels for each example: label_accuracy, label_f1"
        raise ShapeError(f"expected as many predictions as targets, of shape (n,); got {found}.")
    return t, p


def whole(what: str, labels: Array) -> Array:
    """Labels as int64, which floats may be that are whole."""
    fraction = labels.dtype.kind == "f" and not np.all(np.isfinite(labels) & (labels == np.trunc(labels)))
    if labels.dtype.kind not in "biuf" or fraction:
        found = f"{labels.dtype} values such as {labels.flat[0]!r:.40}"
        raise DTypeError(f"{what} are labels, whole numbers; got {found}.")
    return labels.astype(np.int64)


def no_nan(scores: Array) -> None:
    """Raise if a score is not a number: it would pass for the largest, or the smallest, of them."""
    if scores.dtype.kind == "f" and np.isnan(scores).any():
        raise ArgumentError("a score is not a number (NaN), and has no place among the others.")


def same_shape(targets: Any, predictions: Any) -> tuple[Array, Array]:
    """Two arrays of one shape, with at least one element."""
    t, p = arrays_of(targets, predictions)
    if t.shape != p.shape or t.size == 0 or t.ndim == 0:
        expected = "targets and predictions of one shape, with at least one example"
        raise ShapeError(f"expected {expected}; got {t.shape} and {p.shape}.")
    return t, p


def divided(a: Any, b: Any) -> Any:
    """a / b, and 0 where b is 0."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)
