"""Labels: what targets and predictions mean, whether they are labels, scores of the classes, or one score of two classes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arrays import plain
from ...errors import ArgumentError, DTypeError, ShapeError

Array = NDArray[Any]


def arrays_of(who: str, targets: Any, predictions: Any) -> tuple[Array, Array]:
    """Targets and predictions as ndarrays."""
    return plain(targets, f"{who}: targets"), plain(predictions, f"{who}: predictions")


def labels_of(who: str, targets: Any, predictions: Any, threshold: float | None) -> tuple[Array, Array]:
    """The labels that targets and predictions are, or mean, both of shape (n,).

    Raises
    ------
    ShapeError
        If they do not fit each other, or there are none.
    ArgumentError
        If predictions are one score for each target, and no threshold says from where on it means class 1; or
        rows of targets have several classes; or a prediction is NaN.
    """
    t, p = arrays_of(who, targets, predictions)
    no_nan(who, p)
    if p.dtype.kind == "f" and p.ndim > 1 and p.shape[-1] > 1 and threshold is None:  # a score for each class
        if t.shape == p.shape:  # one-hot or soft rows
            if not np.allclose(t.sum(axis=-1), 1):
                raise ArgumentError(
                    f"{who}: rows of targets add up to 1, one class each. Of several labels for each "
                    "example: label_accuracy, label_f1."
                )
            t = t.argmax(axis=-1)
        elif t.shape == (*p.shape[:-1], 1):
            t = t[..., 0]
        if t.shape != p.shape[:-1]:
            raise ShapeError(
                f"{who}: scores of shape {p.shape} need labels of shape {p.shape[:-1]}, or one-hot rows; got "
                f"targets of shape {t.shape}."
            )
        t, p = t.reshape(-1), p.argmax(axis=-1).reshape(-1)
    else:
        t, p = one_of_each(who, t, p)
        if threshold is not None:
            p = p > threshold
        elif p.dtype.kind == "f" and not np.array_equal(p, np.trunc(p)):
            raise ArgumentError(
                f"{who}: predictions of shape {p.shape} are one score for each target. Say from where on "
                "that means class 1: "
                "threshold=0.5 for probabilities, threshold=0.0 for logits."
            )
    if t.size == 0:
        raise ShapeError(f"{who}: there are no examples.")
    return whole(who, "targets", t), whole(who, "predictions", p)


def one_of_each(who: str, targets: Any, predictions: Any) -> tuple[Array, Array]:
    """Targets and predictions with one number an example, (n,) or (n, 1), as shape (n,)."""
    t, p = (a[:, 0] if a.ndim == 2 and a.shape[1] == 1 else a for a in arrays_of(who, targets, predictions))
    if t.ndim != 1 or t.shape != p.shape:
        raise ShapeError(
            f"{who}: expected as many predictions as targets, of shape (n,); got {p.shape} and {t.shape}."
        )
    return t, p


def whole(who: str, what: str, labels: Array) -> Array:
    """Labels as int64, which floats may be that are whole."""
    if labels.dtype.kind not in "biuf" or (
        labels.dtype.kind == "f" and not np.all(np.isfinite(labels) & (labels == np.trunc(labels)))
    ):
        raise DTypeError(
            f"{who}: {what} are labels, whole numbers; got {labels.dtype} values such as "
            f"{labels.flat[0]!r:.40}."
        )
    return labels.astype(np.int64)


def no_nan(who: str, scores: Array) -> None:
    """Raise an ArgumentError if a score is not a number: it would pass for the largest, or the smallest, of them."""
    if scores.dtype.kind == "f" and np.isnan(scores).any():
        raise ArgumentError(f"{who}: a score is not a number (NaN), and has no place among the others.")


def same_shape(who: str, targets: Any, predictions: Any) -> tuple[Array, Array]:
    """Two arrays of one shape, with at least one element."""
    t, p = arrays_of(who, targets, predictions)
    if t.shape != p.shape or t.size == 0 or t.ndim == 0:
        raise ShapeError(
            f"{who}: expected targets and predictions of one shape, with at least one example; got {t.shape} "
            f"and {p.shape}."
        )
    return t, p


def divided(a: Any, b: Any) -> Any:
    """a / b, and 0 where b is 0."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)
