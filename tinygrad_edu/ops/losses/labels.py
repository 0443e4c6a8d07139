"""Losses of class scores and labels: softmax cross-entropy, and the negative log-likelihood in it."""

from typing import Any

import numpy as np

from ...arrays import floating, given
from ...errors import ArgumentError, DTypeError, ShapeError, told_by
from ...table import fused
from ..softmax import log_softmax
from .checks import LOGARITHMS, REDUCTIONS, SLACK, Range, checker, loss_function, of_one_dtype, reduced
from .classes import (
    LARGE,
    class_weights,
    classes_last,
    counted,
    hit_by_labels,
    integers,
    placed,
    reduced_over,
    unfit,
    with_labels,
)
from .cross_entropy import cross_entropy_of_labels

OF_LOGITS = "Logits go into softmax_cross_entropy, or into log_softmax first."
NO_ROWS = (
    "Labels are integers, of the shape of the examples; rows with several ones are targets of "
    "binary_cross_entropy_with_logits."
)


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
    weight : array_like of shape (c,), or dict of a number by class, optional
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
    # Every step of a training calls this.  What it mostly is called with goes straight to the fused form; all
    # else, and what is wrong, is looked at with care, as loss_function would do it.
    usual = weight is None and label_smoothing == 0 and axis == -1 and ignore_index == -100
    if usual and reduction in REDUCTIONS and (hit := hit_by_labels(logits, targets)) is not None:
        return cross_entropy_of_labels(logits, hit, reduction)
    try:
        if label_smoothing != 0 or reduction not in REDUCTIONS:
            check_settings({"label_smoothing": label_smoothing, "reduction": reduction})
        return _cross_entropy(logits, targets, axis, weight, label_smoothing, ignore_index, reduction)
    except (ArgumentError, ShapeError, DTypeError) as error:
        told_by(error, "softmax_cross_entropy")
        raise


check_settings = checker(REDUCTIONS, label_smoothing=Range(0, 1))
softmax_cross_entropy.check_settings = check_settings  # type: ignore[attr-defined]


def _cross_entropy(
    logits: Any,
    targets: Any,
    axis: int,
    weight: Any,
    label_smoothing: float,
    ignore_index: int | None,
    reduction: str,
) -> Any:
    """The cross-entropy, checked once, and then in its fused form or by composition."""
    targets, logits = given(targets, "targets"), floating(logits, "logits")
    if axis != -1 and targets.ndim == logits.ndim:
        targets = np.moveaxis(targets, axis, -1)
    logits = classes_last(logits, axis)
    if targets.shape != logits.shape[:-1]:
        logits, rows = _checked_rows(logits, targets, ignore_index)
        losses = row_losses(logits, rows, class_weights(weight, logits), label_smoothing)
        return reduced(losses, reduction)

    labels, weight = integers(targets, "targets"), class_weights(weight, logits)
    compute = cross_entropy_of_classes if type(labels) is np.ndarray else traced_cross_entropy_of_classes
    return compute(logits, labels, weight, label_smoothing, ignore_index, reduction)


def cross_entropy_of_classes(
    logits: Any, labels: Any, weight: Any, label_smoothing: float, ignore_index: int | None, reduction: str
) -> Any:
    """The cross-entropy of logits (..., c) and labels (...)."""
    plain = weight is None and label_smoothing == 0
    by_labels = plain and logits.size >= LARGE and is_plain(labels) and is_plain(logits)
    batch = counted(logits, labels, ignore_index, reduction, by_labels)
    scores, _, hit, *_ = batch
    if plain:
        losses = cross_entropy_of_labels(scores, hit, reduction)
        return placed(batch, losses) if reduction == "none" else losses
    losses = row_losses(scores, np.astype(hit, logits.dtype), weight, label_smoothing)
    return reduced_over(batch, losses, reduction, weight)


def is_plain(x: Any) -> bool:
    """Whether it holds an array of NumPy's, of which no graph is made and no trace."""
    return type(x.data if hasattr(x, "requires_grad") else x) is np.ndarray


# An export notes these two as a whole.
traced_cross_entropy_of_classes = fused(cross_entropy_of_classes)(cross_entropy_of_classes)


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
    """Negative log-likelihood of labels, ``-w_y l_y``; its gradient in l is -w_y at the label, 0 elsewhere.

    Of the logarithms of a softmax it is the `softmax_cross_entropy`, which is faster.

    Parameters
    ----------
    log_probabilities : Tensor or ndarray of shape (..., c)
        Such as `log_softmax` gives.
    labels : array_like of int of shape (...)
        In [0, c).
    axis : int, default=-1
        Where the classes are.  PyTorch has them on axis 1.
    weight : array_like of shape (c,), or dict of a number by class, optional
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
    compute = likelihood_of_labels if type(labels) is np.ndarray else traced_likelihood_of_labels
    return compute(log_p, labels, class_weights(weight, log_p), ignore_index, reduction)


def likelihood_of_labels(
    log_p: Any, labels: Any, weight: Any, ignore_index: int | None, reduction: str
) -> Any:
    """The negative log-likelihood of log-probabilities (..., c) and labels (...)."""
    batch = counted(log_p, labels, ignore_index, reduction)
    scores, _, hit, *_ = batch
    losses = -scores[hit] if weight is None else scores[hit] * -np.matmul(hit, weight)
    return reduced_over(batch, losses, reduction, weight)


traced_likelihood_of_labels = fused(likelihood_of_labels)(likelihood_of_labels)


# ---- rows of probabilities ---------------------------------------------------------------------------------


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
    """Logits and rows of targets, if each row is a distribution but for rounding, as of .33."""
    shape = logits.shape
    if rows.shape != shape:
        raise unfit(rows, shape, f", or rows of shape {shape}")
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
