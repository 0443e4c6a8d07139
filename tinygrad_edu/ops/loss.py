"""Softmax cross-entropy, from logits, on class labels or on soft rows."""

from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, ShapeError
from .activation import log_softmax, softmax
from .table import primitive

REDUCTIONS = ("mean", "sum", "none")


def softmax_cross_entropy(logits: Any, targets: Any, *, axis: int = -1, reduction: str = "mean") -> Any:
    """Cross-entropy between the softmax of logits and the target classes, ``-Σ_k t_k log softmax(z)_k``.

    Computed as ``logsumexp(z) - z_label``, so that it is exact for logits of any size; its gradient in z is
    ``softmax(z) Σt - t``.

    Parameters
    ----------
    logits : Tensor or ndarray of shape (..., c)
        Unnormalized log-probabilities.
    targets : array_like of int of shape (...), or of shape (..., c)
        Class labels in [0, c), or a row of weights for each example: probabilities, one-hot rows of integers, or a Tensor.
    axis : int, default=-1
        Where the classes are.  PyTorch has them on axis 1.
    reduction : {"mean", "sum", "none"}, default="mean"
        Mean over the examples (for soft rows too), their sum, or one loss for each.

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the logits without the class axis.

    Raises
    ------
    ArgumentError
        For a label outside [0, c), named in the message, for an empty batch with "mean", for an unknown reduction.
    ShapeError
        If the targets have neither the shape of the labels nor that of the rows.
    DTypeError
        For labels that are not integers.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> logits = tg.Tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]], requires_grad=True)
    >>> loss = tg.softmax_cross_entropy(logits, [0, 2])
    >>> round(loss.item(), 6)
    0.753109
    """
    if reduction not in REDUCTIONS:
        raise ArgumentError(f"softmax_cross_entropy: reduction is one of {', '.join(REDUCTIONS)}; got {reduction!r}.")
    if axis != -1 and axis != logits.ndim - 1:
        logits = np.moveaxis(logits, axis, -1)
        if getattr(targets, "ndim", 0) == logits.ndim:
            targets = np.moveaxis(targets, axis, -1)
    shape = logits.shape
    if not isinstance(targets, np.ndarray):
        targets = np.asarray(targets) if isinstance(targets, (list, tuple, int, np.generic)) else targets
    if reduction == "mean" and 0 in shape[:-1]:
        raise ArgumentError(f"softmax_cross_entropy: no target left to average over, the logits have shape {shape}; use reduction='sum'.")
    if targets.shape == shape[:-1]:
        return cross_entropy_of_labels(logits, checked_labels(targets, shape[-1]), reduction)
    if targets.shape != shape:
        raise ShapeError(
            f"softmax_cross_entropy: targets of shape {targets.shape} do not fit logits of shape {shape}.\n"
            f"  Expected labels of shape {shape[:-1]}, or rows of shape {shape}."
        )
    if targets.dtype.kind not in "iuf":
        raise DTypeError(f"softmax_cross_entropy: target rows are floating or integer; got {targets.dtype}.")
    losses = -np.add.reduce(np.where(targets == 0, 0, targets * log_softmax(logits)), axis=-1)
    return losses if reduction == "none" else np.mean(losses) if reduction == "mean" else np.sum(losses)


def checked_labels(labels: Any, classes: int) -> Any:
    """Labels as an integer array, each in [0, classes), or an error that names one that is not."""
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise DTypeError(f"softmax_cross_entropy: class labels are integers; got {labels.dtype}. Convert them knowingly: labels.astype(int).")
    if labels.size:
        largest = np.maximum.reduce(labels.astype(np.intp, copy=False).view(np.uintp), axis=None)  # a negative label becomes a huge one
        if largest >= classes:
            wrong = labels[(labels < 0) | (labels >= classes)].flat[0]
            raise ArgumentError(f"softmax_cross_entropy: class label {wrong} is outside [0, {classes}); the logits have {classes} classes.")
    return labels


def logits_gradient(g: Any, p: Any, labels: Any, reduction: str) -> Any:
    """(softmax(z) - onehot) · g, divided by the number of examples for a mean."""
    g = np.expand_dims(g, -1) if reduction == "none" else g / labels.size if reduction == "mean" else g
    rows = np.reshape(p, (-1, p.shape[-1]))
    d = np.reshape(p * g, rows.shape)
    at = (np.arange(labels.size), np.reshape(labels, -1))
    d[at] -= np.reshape(g, -1) if reduction == "none" else g
    return np.reshape(d, p.shape)


@primitive(keep={"p": softmax}, logits=lambda g, p, labels, reduction: logits_gradient(g, p, labels, reduction))
def cross_entropy_of_labels(logits: Any, labels: Any, reduction: str, axis: int = -1) -> Any:
    """The fused form: the probabilities are computed on the way to the loss, and kept for the gradient."""
    z = logits - np.maximum.reduce(logits, axis=-1, keepdims=True)  # (..., c)
    rows = np.reshape(z, (-1, z.shape[-1]))
    picked = rows[np.arange(rows.shape[0]), np.reshape(labels, -1)]  # (n,)
    p = np.exp(z)
    total = np.add.reduce(p, axis=-1, keepdims=True)
    losses = np.log(np.reshape(total, -1)) - picked
    p /= total
    if reduction == "none":
        return np.reshape(losses, labels.shape), p
    loss = np.add.reduce(losses)
    return (loss / labels.size if reduction == "mean" else loss), p


def plain_cross_entropy_of_labels(logits: Any, labels: Any, reduction: str) -> Any:
    """The same by composition, two passes slower: what `cross_entropy_of_labels` is tested against."""
    rows = np.reshape(log_softmax(logits), (-1, logits.shape[-1]))
    losses = -rows[np.arange(rows.shape[0]), np.reshape(labels, -1)]
    return np.reshape(losses, labels.shape) if reduction == "none" else np.mean(losses) if reduction == "mean" else np.sum(losses)
