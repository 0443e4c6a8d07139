"""Losses of class scores against class labels: softmax cross-entropy, and the negative log-likelihood that it is made of."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import fixed, floating, given
from ...errors import ArgumentError, DTypeError, ShapeError
from ...table import primitive
from ..activation import log_softmax, softmax
from ..indexing import scatter
from .checks import (
    LOGARITHMS,
    REDUCTIONS,
    SLACK,
    check_range,
    check_reduction,
    check_values,
    nothing_left,
    of_one_dtype,
    only_ones_differ,
    reduced,
)

NO_ROWS = "Labels are integers, of the shape of the examples; rows with several ones are targets of binary_cross_entropy_with_logits."


def softmax_cross_entropy(
    logits: Any,
    targets: Any,
    *,
    axis: int = -1,
    weight: Any = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = -100,
    reduction: str = "mean",
) -> Any:
    """Cross-entropy between the softmax of logits and the target classes, ``-Σ_k w_k t_k log softmax(z)_k``.

    Computed as ``logsumexp(z) - z_label``, so that it is exact for logits of any size; its gradient in z is
    ``softmax(z) Σ_k w_k t_k - w t``.  A label y stands for the row t that is 1 at y and 0 elsewhere.  Label
    smoothing by ε mixes rows with the uniform one: ``(1 - ε) t + ε / c``.

    Parameters
    ----------
    logits : Tensor or ndarray of shape (..., c)
        Unnormalized log-probabilities.
    targets : array_like of int of shape (...), or of shape (..., c)
        Class labels in [0, c), or a row t for each example: probabilities, which sum to 1 (but for 1%),
        one-hot rows of integers, or a Tensor.  Rows that need no gradient are cast to the dtype of the
        logits.
    axis : int, default=-1
        Where the classes are.  PyTorch has them on axis 1.
    weight : array_like of shape (c,), optional
        A constant weight w for each class, 1 by default.
    label_smoothing : float in [0, 1], default=0.0
    ignore_index : int or None, default=-100
        Examples with this label are left out: their loss and gradient are 0 and they do not count in the
        mean.  Of no meaning for rows.
    reduction : {"mean", "sum", "none"}, default="mean"
        The sum of the losses, or one loss for each example.  The mean divides the sum by the weights of the
        labels, as PyTorch's does: without weights, and for rows, by the number of examples.

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the logits without the class axis.

    Raises
    ------
    ArgumentError
        For a label outside [0, c), named in the message, for rows that are no probabilities, for a single
        class, whose loss would be 0 whatever its score (PyTorch has that), for an unknown reduction, and for
        a "mean" with no target left, which is NaN in PyTorch.
    ShapeError
        If the targets have neither the shape of the labels nor that of the rows, or the weights are not c.
    DTypeError
        For labels that are not integers.

    References
    ----------
    C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna (2016). Rethinking the Inception architecture for
    computer vision. arXiv:1512.00567 (label smoothing)

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> logits = tg.Tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]], requires_grad=True)
    >>> loss = tg.softmax_cross_entropy(logits, [0, 2])
    >>> round(loss.item(), 6)
    0.753109
    >>> round(tg.softmax_cross_entropy(logits, [0, -100], label_smoothing=0.2).item(), 6)
    0.607606
    """
    if reduction not in REDUCTIONS:
        check_reduction("softmax_cross_entropy", reduction)
    targets = given(targets, "softmax_cross_entropy: targets")
    logits = floating(logits, "softmax_cross_entropy: logits")
    if axis != -1 and axis != logits.ndim - 1:
        logits = np.moveaxis(logits, axis, -1)
        if targets.ndim == logits.ndim:
            targets = np.moveaxis(targets, axis, -1)
    shape = logits.shape
    examples = shape[:-1]
    if shape[-1:] == (1,):
        raise one_class("softmax_cross_entropy", shape)
    if reduction == "mean" and 0 in examples:
        raise nothing_left("softmax_cross_entropy", f"the logits have shape {shape}")
    if targets.shape != examples:
        return _cross_entropy_of_rows(logits, targets, weight, label_smoothing, ignore_index, reduction)
    if targets.dtype.kind not in "iu":
        raise _not_integers("softmax_cross_entropy", targets)
    labels = fixed(targets, "softmax_cross_entropy: targets")
    if weight is None and label_smoothing == 0 and len(shape) == 2 and ignore_index in (None, -100):
        try:
            return cross_entropy_of_labels(logits, labels, reduction, -1)
        except (
            ArgumentError
        ):  # a label is none of the classes: to be left out, or wrong, which is found out below
            pass
    return _cross_entropy_of_labels(logits, labels, weight, label_smoothing, ignore_index, reduction)


def _cross_entropy_of_labels(
    logits: Any, labels: Any, weight: Any, label_smoothing: float, ignore_index: int | None, reduction: str
) -> Any:
    fused = weight is None and label_smoothing == 0
    weight = class_weights("softmax_cross_entropy", weight, logits)

    def each(z: Any, y: Any) -> Any:
        return (
            cross_entropy_of_labels(z, y, "none", -1)
            if fused
            else _row_losses(z, one_hot(y, z), weight, label_smoothing)
        )

    return over_labels("softmax_cross_entropy", each, logits, labels, weight, ignore_index, reduction)


def _cross_entropy_of_rows(
    logits: Any, rows: Any, weight: Any, label_smoothing: float, ignore_index: int | None, reduction: str
) -> Any:
    if rows.shape != logits.shape:
        raise _unfit("softmax_cross_entropy", rows, logits.shape, f", or rows of shape {logits.shape}")
    if ignore_index not in (None, -100):
        raise ArgumentError(
            f"softmax_cross_entropy: ignore_index={ignore_index} is for class labels; the targets are rows "
            f"of shape {rows.shape}."
        )
    logits, rows = of_one_dtype("softmax_cross_entropy", logits=logits, targets=rows)
    _check_rows(rows)
    weight = class_weights("softmax_cross_entropy", weight, logits)
    return reduced("softmax_cross_entropy", _row_losses(logits, rows, weight, label_smoothing), reduction)


def nll_loss(
    log_probabilities: Any,
    labels: Any,
    *,
    axis: int = -1,
    weight: Any = None,
    ignore_index: int | None = -100,
    reduction: str = "mean",
) -> Any:
    """Negative log-likelihood of class labels, ``-w_y l_y``; its gradient in l is -w_y at the label and 0 elsewhere.

    Of the logarithms of a softmax it is the `softmax_cross_entropy`, which is faster.

    Parameters
    ----------
    log_probabilities : Tensor or ndarray of shape (..., c)
        Such as `log_softmax` gives.
    labels : array_like of int of shape (...)
        In [0, c).
    axis : int, default=-1
        Where the classes are.  PyTorch has them on axis 1.
    weight : array_like of shape (c,), optional
        A constant weight w for each class, 1 by default.
    ignore_index : int or None, default=-100
        Examples with this label are left out.
    reduction : {"mean", "sum", "none"}, default="mean"
        The mean divides the sum by the weights of the labels.

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the labels.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        As `softmax_cross_entropy`.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> float(tg.nll_loss(np.log([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]]), [0, 2]) * 2 / np.log(8 / 3))
    1.0
    """
    log_p, labels = class_labels("nll_loss", log_probabilities, labels, axis)
    check_values(
        "nll_loss",
        "predictions",
        log_p,
        -np.inf,
        SLACK,
        LOGARITHMS,
        "Logits go into softmax_cross_entropy, or into log_softmax first.",
    )
    weight = class_weights("nll_loss", weight, log_p)

    def each(log_p: Any, y: Any) -> Any:
        picked = log_p[np.arange(len(y)), y]
        return -picked if weight is None else picked * -weight[y]

    return over_labels("nll_loss", each, log_p, labels, weight, ignore_index, reduction)


# ---- labels, weights, rows ---------------------------------------------------------------------------------


def class_labels(loss: str, scores: Any, labels: Any, axis: int) -> tuple[Any, Any]:
    """Floating scores (..., c), with the classes moved to the last axis, and their labels (...), a plain array of integers."""
    (scores,) = of_one_dtype(loss, scores=scores)
    if scores.ndim == 0:
        raise ShapeError(f"{loss}: scores have an axis of classes, (..., c); got a number, of shape ().")
    scores, labels = np.moveaxis(scores, axis, -1), fixed(labels, f"{loss}: labels")
    if labels.shape != scores.shape[:-1]:
        raise _unfit(loss, labels, scores.shape, "")
    if labels.dtype.kind not in "iu":
        raise _not_integers(loss, labels)
    if scores.shape[-1] == 1:
        raise one_class(loss, scores.shape)
    return scores, labels


def over_labels(
    loss: str,
    each: Callable[[Any, Any], Any],
    scores: Any,
    labels: Any,
    weight: Any,
    ignore_index: int | None,
    reduction: str,
) -> Any:
    """The reduction of ``each(scores (n, c), labels (n,)) -> losses (n,)``, computed for the examples that are not left out."""
    check_reduction(loss, reduction)
    rows, y = (
        np.reshape(scores, (-1, scores.shape[-1])) if scores.ndim != 2 else scores,
        np.reshape(labels, -1),
    )
    kept = np.not_equal(y, ignore_index) if ignore_index is not None else np.ones(y.shape, bool)
    complete = bool(kept.all())
    if not complete:
        rows, y = rows[kept], y[kept]
    if np.any(wrong := (y < 0) | (y >= rows.shape[1])):
        raise _wrong_label(loss, y[wrong][0], rows.shape[1])
    losses = each(rows, y)
    if reduction == "none":
        return np.reshape(losses if complete else scatter(losses, kept, kept.shape), labels.shape)
    if reduction == "sum":
        return np.sum(losses)
    total = len(y) if weight is None else weight[y].sum()
    if total == 0:
        why = (
            "the weights of all labels are 0"
            if len(y)
            else f"there are {labels.size} labels" + f", all {ignore_index}" * (labels.size > 0)
        )
        raise nothing_left(loss, why)
    return np.sum(losses) / total


def class_weights(loss: str, weight: Any, scores: Any) -> Any:
    """The weights of the classes as a plain array of the dtype of the scores (..., c), or None."""
    if weight is None:
        return None
    weight = fixed(weight, f"{loss}: weight").astype(scores.dtype, copy=False)
    if weight.shape != scores.shape[-1:]:
        raise ShapeError(
            f"{loss}: weight has one number for each class, and so shape {scores.shape[-1:]}; got "
            f"{weight.shape}."
        )
    return weight


def one_hot(labels: Any, scores: Any) -> Any:
    """For labels (n,) rows (n, c), of the dtype of the scores: 1 at the label, 0 elsewhere."""
    return np.equal(labels[:, None], np.arange(scores.shape[1])).astype(scores.dtype)


def _row_losses(logits: Any, rows: Any, weight: Any, label_smoothing: float) -> Any:
    """The loss of each example, by composition, for rows (..., c), smoothed and weighted."""
    check_range("softmax_cross_entropy", "label_smoothing", label_smoothing, 0, 1)
    if label_smoothing:
        rows = rows * (1 - label_smoothing) + label_smoothing / rows.shape[-1]
    if weight is not None:
        rows = rows * weight
    log_p = log_softmax(logits)
    log_p = np.where((rows == 0) & (log_p == -np.inf), 0, log_p)  # 0 log 0 is 0
    return -np.add.reduce(rows * log_p, axis=-1)


def _check_rows(rows: Any) -> None:
    """Raise unless each row is a distribution, but for the rounding of figures such as .33."""
    values = rows.data if hasattr(rows, "requires_grad") else rows
    if not values.size:
        return
    if (least := np.minimum.reduce(values, None)) < -SLACK:
        raise ArgumentError(
            f"softmax_cross_entropy: rows of targets are probabilities, in [0, 1]; got {least:g}.\n  "
            f"{NO_ROWS}"
        )
    off = np.matmul(values, np.ones(values.shape[-1], values.dtype)) - 1
    if np.maximum.reduce(np.absolute(off), None) > SLACK * 1.01:  # a row of three .33 is one
        worst = off.flat[np.argmax(np.absolute(off))] + 1
        raise ArgumentError(
            "softmax_cross_entropy: rows of targets are probabilities, which sum to 1; got one with the sum "
            f"{worst:g}.\n  {NO_ROWS}"
        )


def one_class(loss: str, shape: tuple[int, ...]) -> ArgumentError:
    """The error for scores of a single class, which is always the right one."""
    return ArgumentError(
        f"{loss}: scores of shape {shape} have one class, which is always right: the loss would be the same "
        "for any score.\n"
        "  Of two classes, one score is for binary_cross_entropy_with_logits (nn.BCEWithLogitsLoss); here "
        "each class has its own."
    )


def _not_integers(loss: str, labels: Any) -> DTypeError:
    return DTypeError(
        f"{loss}: class labels are integers; got {labels.dtype}. Convert them knowingly: labels.astype(int)."
    )


def _unfit(loss: str, targets: Any, shape: tuple[int, ...], or_rows: str) -> ShapeError:
    reshape = (
        f"\n  Labels in a column or row are reshaped by targets.reshape{shape[:-1]}."
        if only_ones_differ(targets.shape, shape[:-1])
        else ""
    )
    return ShapeError(
        f"{loss}: targets of shape {targets.shape} do not fit scores of shape {shape}.\n  Expected labels of "
        f"shape {shape[:-1]}{or_rows}.{reshape}"
    )


def _wrong_label(loss: str, label: Any, classes: int) -> ArgumentError:
    return ArgumentError(
        f"{loss}: class label {label} is outside [0, {classes}); the scores have {classes} classes."
    )


# ---- the fused form ----------------------------------------------------------------------------------------


def logits_gradient(g: Any, p: Any, hit: Any, reduction: str) -> Any:
    """(softmax(z) - onehot) · g, divided by the number of examples for a mean."""
    scale = g / hit.shape[0] if reduction == "mean" else g if reduction == "sum" else g[:, None]
    d = p - hit
    d *= scale
    return d


@primitive(
    keep={"p": softmax, "hit": None},
    logits=lambda g, p, hit, reduction: logits_gradient(g, p, hit, reduction),
)
def cross_entropy_of_labels(logits: Any, labels: Any, reduction: str, axis: int) -> Any:
    """The fused form, for logits (n, c) and labels (n,): the probabilities come up on the way, and are kept for the gradient."""
    hit = labels[:, None] == np.arange(logits.shape[1])  # (n, c), one true in each row
    z = logits - over_classes(np.maximum.reduce, logits)
    picked = z[hit]  # (n,), unless a label is none of the classes
    if picked.shape != labels.shape:
        wrong = (labels < 0) | (labels >= logits.shape[1])
        raise _wrong_label("softmax_cross_entropy", labels[wrong][0], logits.shape[1])
    p = np.exp(z, z)
    total = over_classes(np.add.reduce, p)
    p /= total
    losses = np.log(total[:, 0]) - picked
    if reduction == "none":
        return losses, p, hit
    loss = np.add.reduce(losses)
    return (loss / labels.shape[0] if reduction == "mean" else loss), p, hit


def over_classes(reduce: Any, rows: Any) -> Any:
    """The reduction of (n, c) to (n, 1): along the long axis of a transposed copy where c is short, as NumPy is slow along short axes."""
    if rows.shape[0] < 64 or rows.shape[1] >= 32:
        return reduce(rows, 1, None, None, True)
    return reduce(rows.T.copy(), 0)[:, None]


def plain_cross_entropy_of_labels(logits: Any, labels: Any, reduction: str) -> Any:
    """The same by composition: what `cross_entropy_of_labels` is tested against."""
    losses = -log_softmax(logits)[np.arange(len(labels)), labels]
    return losses if reduction == "none" else np.mean(losses) if reduction == "mean" else np.sum(losses)
