"""Losses of class scores against class labels: softmax cross-entropy, and the negative log-likelihood that it is made of."""

from typing import Any, NamedTuple

import numpy as np

from ...arrays import fixed, floating, given
from ...errors import ArgumentError, DTypeError, ShapeError
from ...table import primitive
from ..activation import log_softmax, softmax
from ..indexing import scatter
from .checks import (
    LOGARITHMS,
    SLACK,
    Range,
    loss_function,
    nothing_left,
    of_one_dtype,
    only_ones_differ,
    reduced,
)

OF_LOGITS = "Logits go into softmax_cross_entropy, or into log_softmax first."
NO_ROWS = (
    "Labels are integers, of the shape of the examples; rows with several ones are targets of "
    "binary_cross_entropy_with_logits."
)


@loss_function(label_smoothing=Range(0, 1))
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
    targets, logits = given(targets, "targets"), floating(logits, "logits")
    if targets.ndim == logits.ndim:
        targets = moved_last(targets, axis)
    logits = classes_last(logits, axis)
    if reduction == "mean" and 0 in logits.shape[:-1]:
        raise nothing_left(f"the logits have shape {logits.shape}")
    if targets.shape != logits.shape[:-1]:
        logits, rows = _checked_rows(logits, targets, ignore_index)
        losses = row_losses(logits, rows, class_weights(weight, logits), label_smoothing)
        return reduced(losses, reduction)

    batch = counted(logits, integers(targets, "targets"), ignore_index, reduction)
    if weight is None and label_smoothing == 0:
        losses = cross_entropy_of_labels(batch.scores, batch.labels, reduction)
        return batch.placed(losses) if reduction == "none" else losses
    weight, rows = class_weights(weight, logits), one_hot(batch.labels, batch.scores)
    return batch.reduced(row_losses(batch.scores, rows, weight, label_smoothing), reduction, weight)


@loss_function()
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
    log_p, labels = with_labels(log_probabilities, labels, axis)
    LOGARITHMS.check("predictions", log_p, OF_LOGITS)
    weight = class_weights(weight, log_p)
    batch = counted(log_p, labels, ignore_index, reduction)
    picked = batch.scores[np.arange(len(batch.labels)), batch.labels]
    losses = -picked if weight is None else picked * -weight[batch.labels]
    return batch.reduced(losses, reduction, weight)


# ---- labels ------------------------------------------------------------------------------------------------


class Counted(NamedTuple):
    """The examples that a loss counts, those that are not left out, and where they stand among all."""

    scores: Any  # (n, c)
    labels: Any  # (n,)
    kept: Any  # a boolean for each of all examples, or None if none is left out
    shape: tuple[int, ...]  # of the labels of all examples

    def placed(self, losses: Any) -> Any:
        """The losses (n,) where their examples stand, and 0 for what is left out."""
        if self.kept is not None:
            losses = scatter(losses, self.kept, self.kept.shape)
        return np.reshape(losses, self.shape)

    def reduced(self, losses: Any, reduction: str, weight: Any = None) -> Any:
        """The reduction of the losses (n,); a mean divides by the weights of the labels."""
        if reduction == "none":
            return self.placed(losses)
        if reduction == "sum":
            return np.sum(losses)
        total = len(self.labels) if weight is None else weight[self.labels].sum()
        if total == 0:
            raise nothing_left("the weights of all labels are 0")
        return np.sum(losses) / total


def counted(scores: Any, labels: Any, ignore_index: int | None, reduction: str) -> Counted:
    """The examples of scores (..., c) and labels (...) that are not left out, checked for labels that are no class."""
    c, kept = scores.shape[-1], None
    z = scores if scores.ndim == 2 else np.reshape(scores, (-1, c))
    y = labels if labels.ndim == 1 else np.reshape(labels, -1)
    # count_nonzero asks whether any is true in a fifth of the time of np.any
    if ignore_index is not None and np.count_nonzero(left_out := np.equal(y, ignore_index)):
        kept = ~left_out
        z, y = z[kept], y[kept]
    if np.count_nonzero(wrong := (y < 0) | (y >= c)):
        raise ArgumentError(f"class label {y[wrong][0]} is outside [0, {c}); the scores have {c} classes.")
    if reduction == "mean" and len(y) == 0:
        raise nothing_left(f"there are {labels.size} labels" + f", all {ignore_index}" * (labels.size > 0))
    return Counted(z, y, kept, labels.shape)


def with_labels(scores: Any, labels: Any, axis: int) -> tuple[Any, Any]:
    """Floating scores (..., c), with the classes moved to the last axis, and their labels (...), a plain array of integers."""
    (scores,) = of_one_dtype(scores=scores)
    scores, labels = classes_last(scores, axis), given(labels, "labels")
    if labels.shape != scores.shape[:-1]:
        raise _unfit(labels, scores.shape, "")
    return scores, integers(labels, "labels")


def classes_last(scores: Any, axis: int) -> Any:
    """The scores with the axis of the classes, of which there are several, moved to the end."""
    if scores.ndim == 0:
        raise ShapeError("scores have an axis of classes, (..., c); got a number, of shape ().")
    scores = moved_last(scores, axis)
    if scores.shape[-1] == 1:
        raise ArgumentError(
            f"scores of shape {scores.shape} have one class, which is always right: the loss would be the "
            "same for any score.\n"
            "  Of two classes, one score is for binary_cross_entropy_with_logits (nn.BCEWithLogitsLoss); here "
            "each class has its own."
        )
    return scores


def moved_last(x: Any, axis: int) -> Any:
    """x with that axis at the end."""
    return x if axis in (-1, x.ndim - 1) else np.moveaxis(x, axis, -1)


def integers(labels: Any, name: str) -> Any:
    """Class labels as a plain array, if they are integers."""
    if labels.dtype.kind not in "iu":
        raise DTypeError(
            f"class labels are integers; got {labels.dtype}. Convert them knowingly: labels.astype(int)."
        )
    return fixed(labels, name)


def class_weights(weight: Any, scores: Any) -> Any:
    """The weights of the classes as a plain array of the dtype of the scores (..., c), or None."""
    if weight is None:
        return None
    weight = fixed(weight, "weight").astype(scores.dtype, copy=False)
    if weight.shape != scores.shape[-1:]:
        raise ShapeError(
            f"weight has one number for each class, and so shape {scores.shape[-1:]}; got {weight.shape}."
        )
    return weight


def _unfit(targets: Any, shape: tuple[int, ...], or_rows: str) -> ShapeError:
    """The error for targets that do not belong to scores of this shape."""
    advice = f"Expected labels of shape {shape[:-1]}{or_rows}."
    if only_ones_differ(targets.shape, shape[:-1]):
        advice += f"\n  Labels in a column or row are reshaped by targets.reshape{shape[:-1]}."
    return ShapeError(f"targets of shape {targets.shape} do not fit scores of shape {shape}.\n  {advice}")


# ---- rows of probabilities ---------------------------------------------------------------------------------


def one_hot(labels: Any, scores: Any) -> Any:
    """For labels (n,) rows (n, c), of the dtype of the scores: 1 at the label, 0 elsewhere."""
    return np.equal(labels[:, None], np.arange(scores.shape[1])).astype(scores.dtype)


def row_losses(logits: Any, rows: Any, weight: Any, label_smoothing: float) -> Any:
    """The loss of each example, by composition, for rows (..., c), smoothed and weighted."""
    if label_smoothing:
        rows = rows * (1 - label_smoothing) + label_smoothing / rows.shape[-1]
    if weight is not None:
        rows = rows * weight
    log_p = log_softmax(logits)
    log_p = np.where((rows == 0) & (log_p == -np.inf), 0, log_p)  # 0 log 0 is 0
    return -np.add.reduce(rows * log_p, axis=-1)


def _checked_rows(logits: Any, rows: Any, ignore_index: int | None) -> list[Any]:
    """Logits and rows of targets, if each row is a distribution but for the rounding of figures such as .33."""
    shape = logits.shape
    if rows.shape != shape:
        raise _unfit(rows, shape, f", or rows of shape {shape}")
    if ignore_index not in (None, -100):
        raise ArgumentError(
            f"ignore_index={ignore_index} is for class labels; the targets are rows of shape {rows.shape}."
        )
    logits, rows = of_one_dtype(logits=logits, targets=rows)
    values = rows.data if hasattr(rows, "requires_grad") else rows
    if not values.size:
        return [logits, rows]
    if (least := np.minimum.reduce(values, None)) < -SLACK:
        raise ArgumentError(f"rows of targets are probabilities, in [0, 1]; got {least:g}.\n  {NO_ROWS}")
    off = np.matmul(values, np.ones(values.shape[-1], values.dtype)) - 1
    if np.maximum.reduce(np.absolute(off), None) > SLACK * 1.01:  # a row of three .33 is one
        worst = off.flat[np.argmax(np.absolute(off))] + 1
        raise ArgumentError(
            f"rows of targets are probabilities, which sum to 1; got one with the sum {worst:g}.\n  {NO_ROWS}"
        )
    return [logits, rows]


# ---- the fused form ----------------------------------------------------------------------------------------


# fmt: off
@primitive(x=lambda g, out: out * (g - np.add.reduce(g * out, axis=-1, keepdims=True)))
def softmax_of_rows(x: Any) -> Any:
    """The softmax along the last axis: the probabilities that the loss keeps are differentiated as its output."""
    return softmax(x)


@primitive(keep={"p": softmax_of_rows, "hit": None},
           logits=lambda g, p, hit, reduction: logits_gradient(g, p, hit, reduction))
def cross_entropy_of_labels(logits: Any, labels: Any, reduction: str) -> Any:
    """The loss of logits (n, c) and labels (n,), each a class: the probabilities come up on the way, and are kept for the gradient."""
    hit = labels[:, None] == np.arange(logits.shape[1])  # (n, c), one true in each row
    z = logits - over_classes(np.maximum.reduce, logits)
    picked = z[hit]  # (n,)
    p = np.exp(z, z)  # in place, as z is not needed any more
    total = over_classes(np.add.reduce, p)
    p /= total
    losses = np.log(total[:, 0]) - picked
    if reduction == "none":
        return losses, p, hit
    loss = np.add.reduce(losses)
    return (loss / labels.shape[0] if reduction == "mean" else loss), p, hit
# fmt: on


def logits_gradient(g: Any, p: Any, hit: Any, reduction: str) -> Any:
    """(softmax(z) - onehot) · g, divided by the number of examples for a mean."""
    scale = g / hit.shape[0] if reduction == "mean" else g if reduction == "sum" else g[:, None]
    d = p - hit
    d *= scale
    return d


def over_classes(reduce: Any, rows: Any) -> Any:
    """The reduction of (n, c) to (n, 1): along the long axis of a transposed copy where c is short, as NumPy is slow along short axes."""
    if rows.shape[0] < 64 or rows.shape[1] >= 32:
        return reduce(rows, 1, None, None, True)
    return reduce(rows.T.copy(), 0)[:, None]


def plain_cross_entropy_of_labels(logits: Any, labels: Any, reduction: str) -> Any:
    """The same by composition: what `cross_entropy_of_labels` is tested against."""
    losses = -log_softmax(logits)[np.arange(len(labels)), labels]
    return losses if reduction == "none" else np.mean(losses) if reduction == "mean" else np.sum(losses)
