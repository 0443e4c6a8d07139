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
    if isinstance(targets, (list, tuple, int, np.generic)):
        targets = np.asarray(targets)
    if axis != -1 and axis != logits.ndim - 1:
        logits = np.moveaxis(logits, axis, -1)
        if targets.ndim == logits.ndim:
            targets = np.moveaxis(targets, axis, -1)
    if logits.dtype.kind != "f":
        logits = logits.astype(float)
    shape = logits.shape
    if reduction == "mean" and 0 in shape[:-1]:
        raise ArgumentError(f"softmax_cross_entropy: no target left to average over, the logits have shape {shape}; use reduction='sum'.")
    if targets.shape == shape[:-1]:
        if targets.dtype.kind not in "iu":
            raise DTypeError(f"softmax_cross_entropy: class labels are integers; got {targets.dtype}. Convert them knowingly: labels.astype(int).")
        labels = np.asarray(targets)
        if len(shape) == 2:
            return cross_entropy_of_labels(logits, labels, reduction, -1)
        losses = cross_entropy_of_labels(np.reshape(logits, (-1, shape[-1])), np.reshape(labels, -1), reduction, -1)
        return np.reshape(losses, shape[:-1]) if reduction == "none" else losses
    if targets.shape != shape:
        raise ShapeError(
            f"softmax_cross_entropy: targets of shape {targets.shape} do not fit logits of shape {shape}.\n"
            f"  Expected labels of shape {shape[:-1]}, or rows of shape {shape}."
        )
    if targets.dtype.kind not in "iuf":
        raise DTypeError(f"softmax_cross_entropy: target rows are floating or integer; got {targets.dtype}.")
    if targets.dtype.kind != "f":
        targets = targets.astype(logits.dtype)
    log_p = log_softmax(logits)
    log_p = np.where((targets == 0) & (log_p == -np.inf), 0, log_p)  # 0 log 0 is 0
    losses = -np.add.reduce(targets * log_p, axis=-1)
    return losses if reduction == "none" else np.mean(losses) if reduction == "mean" else np.sum(losses)


def logits_gradient(g: Any, p: Any, hit: Any, reduction: str) -> Any:
    """(softmax(z) - onehot) · g, divided by the number of examples for a mean."""
    scale = g / hit.shape[0] if reduction == "mean" else g if reduction == "sum" else g[:, None]
    d = p - hit
    d *= scale
    return d


@primitive(keep={"p": softmax, "hit": None}, logits=lambda g, p, hit, reduction: logits_gradient(g, p, hit, reduction))
def cross_entropy_of_labels(logits: Any, labels: Any, reduction: str, axis: int) -> Any:
    """The fused form, for logits (n, c) and labels (n,): the probabilities come up on the way, and are kept for the gradient."""
    hit = labels[:, None] == np.arange(logits.shape[1])  # (n, c), one true in each row
    z = logits - over_classes(np.maximum.reduce, logits)
    picked = z[hit]  # (n,), unless a label is none of the classes
    if picked.shape != labels.shape:
        raise _wrong_label(labels, logits.shape[1])
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


def _wrong_label(labels: Any, classes: int) -> ArgumentError:
    wrong = next(label for label in labels if not 0 <= label < classes)
    return ArgumentError(f"softmax_cross_entropy: class label {wrong} is outside [0, {classes}); the logits have {classes} classes.")


def plain_cross_entropy_of_labels(logits: Any, labels: Any, reduction: str) -> Any:
    """The same by composition: what `cross_entropy_of_labels` is tested against."""
    losses = -log_softmax(logits)[np.arange(len(labels)), labels]
    return losses if reduction == "none" else np.mean(losses) if reduction == "mean" else np.sum(losses)
