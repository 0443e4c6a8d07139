"""Losses with a margin: nothing is lost where the answer is right by more than it.

At the kink itself the slope is 0, as relu's.
"""

from typing import Any

import numpy as np

from ...arrays import given
from ...errors import ArgumentError, ShapeError
from ...table import fused
from ..activation import relu, softplus
from .checks import PROBABILITIES, check_signs, loss_function, of_one_dtype, of_one_shape, reduced
from .classes import class_weights, classes_last, counted, integers, reduced_over, with_labels
from .divergence import TWO_CLASSES


@loss_function()
def hinge_loss(
    prediction: Any, target: Any, *, margin: float = 1.0, squared: bool = False, reduction: str = "mean"
) -> Any:
    """Hinge loss of scores x and signs t, ``max(0, m - t x)``, or its square, as of support vector machines.

    The slope in x is -t where t x < m, and 0 elsewhere.  PyTorch has none of this name: its
    ``hinge_embedding_loss`` is of distances.

    Parameters
    ----------
    prediction : Tensor or array_like of any shape
        Scores; their sign is the predicted class.
    target : Tensor or array_like of the same shape
        Each -1 or 1.
    margin : float, default=1.0
    squared : bool, default=False
        Whether to square each loss: smooth at the kink, and harder on large errors.
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the prediction.

    Raises
    ------
    ArgumentError
        For a target that is neither -1 nor 1, a mean of nothing, and an unknown reduction.
    ShapeError, DTypeError
        As `mse_loss`.

    References
    ----------
    C. Cortes, V. Vapnik (1995). Support-vector networks. Machine Learning 20.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> tg.hinge_loss([0.5, -2.0, 3.0], [1, 1, 1], reduction="none")
    array([0.5, 3. , 0. ])
    """
    target = given(target, "target")
    check_signs(target)
    prediction, target = of_one_shape(prediction=prediction, target=target)
    losses = relu(margin - target * prediction)
    return reduced(np.square(losses) if squared else losses, reduction)


@loss_function()
def soft_margin_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Logistic loss of scores x and signs t, ``log(1 + e^(-t x))``: a hinge without a kink.

    It is the `binary_cross_entropy_with_logits` of targets ``(t + 1) / 2``.  Its slope in x is
    ``-t σ(-t x)``.

    Parameters
    ----------
    prediction : Tensor or array_like of any shape
        Scores; their sign is the predicted class.
    target : Tensor or array_like of the same shape
        Each -1 or 1.
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the prediction.

    Raises
    ------
    ArgumentError
        For a target that is neither -1 nor 1, a mean of nothing, and an unknown reduction.
    ShapeError, DTypeError
        As `mse_loss`.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> tg.soft_margin_loss([1000.0, -1000.0], [1, 1], reduction="none")
    array([   0., 1000.])
    """
    target = given(target, "target")
    check_signs(target)
    prediction, target = of_one_shape(prediction=prediction, target=target)
    return reduced(softplus(-target * prediction), reduction)


# ---- of several classes ------------------------------------------------------------------------------------


@loss_function()
def multi_margin_loss(
    scores: Any,
    labels: Any,
    *,
    p: int = 1,
    margin: float = 1.0,
    axis: int = -1,
    weight: Any = None,
    reduction: str = "mean",
) -> Any:
    """Hinge loss of several classes, ``(1/c) Σ_{j≠y} w_y max(0, m - x_y + x_j)^p``.

    Each other score is to be lower than the right one by the margin.

    Parameters
    ----------
    scores : Tensor or array_like of shape (..., c)
    labels : array_like of int of shape (...)
        The right classes y, in [0, c).
    p : {1, 2}, default=1
    margin : float, default=1.0
    axis : int, default=-1
        Where the classes are.
    weight : array_like of shape (c,), or dict of a number by class, optional
        A constant weight w for each class, 1 by default.  The mean does not divide by them.
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the labels.

    Raises
    ------
    ArgumentError
        For a p other than 1 and 2, a label outside [0, c), a mean of nothing, and an unknown reduction.
    ShapeError, DTypeError
        As `nll_loss`.

    References
    ----------
    K. Crammer, Y. Singer (2001). On the algorithmic implementation of multiclass kernel-based vector
    machines. JMLR 2. (They take the maximum over j, and not the sum.)

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> float(tg.multi_margin_loss([[2.0, 1.5, 0.0]], [0], reduction="sum")) * 3
    0.5
    """
    if p not in (1, 2):
        raise ArgumentError(f"p is 1 or 2; got {p!r}.")
    scores, labels = with_labels(scores, labels, axis)
    compute = margins_of_classes if type(labels) is np.ndarray else traced_margins_of_classes
    return compute(scores, labels, class_weights(weight, scores), p, margin, reduction)


def margins_of_classes(scores: Any, labels: Any, weight: Any, p: int, margin: float, reduction: str) -> Any:
    """The hinge loss of scores (..., c) and labels (...)."""
    batch = counted(scores, labels, None, reduction)
    x, y, hit, *_ = batch
    behind = relu(margin - x[hit][:, None] + x) * ~hit  # (n, c), 0 at the label
    losses = np.add.reduce(behind if p == 1 else np.square(behind), axis=-1) / x.shape[1]
    return reduced_over(batch, losses if weight is None else losses * weight[y], reduction, None)


traced_margins_of_classes = fused(margins_of_classes)(margins_of_classes)  # which may be noted as a whole


@loss_function()
def multilabel_margin_loss(scores: Any, labels: Any, *, reduction: str = "mean") -> Any:
    """Hinge loss of rows with several right classes, ``(1/c) Σ_i Σ_j max(0, 1 - x_i + x_j)``.

    Here i is each right class and j each wrong one, whose score is to be lower by 1.

    Parameters
    ----------
    scores : Tensor or array_like of shape (..., c)
    labels : array_like of int of shape (..., c)
        The right classes of each row, in [0, c), and after them -1: what follows the first -1 does not count.
        A class that is named twice counts twice, as in PyTorch.
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of shape (...).

    Raises
    ------
    ArgumentError
        For a label outside [-1, c), a mean of nothing, and an unknown reduction.
    ShapeError
        If the labels have not the shape of the scores.
    DTypeError
        As `nll_loss`.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> scores = [[0.1, 0.2, 0.4, 0.8]]
    >>> round(float(tg.multilabel_margin_loss(scores, [[3, 0, -1, 1]])), 6)  # classes 3 and 0 are right
    0.85
    """
    (x,) = of_one_dtype(scores=scores)
    x, labels = classes_last(x, -1), given(labels, "labels")
    if labels.shape != x.shape:
        raise ShapeError(
            f"labels of shape {labels.shape} do not fit scores of shape {x.shape}.\n  Expected the same "
            "shape: a list of the right classes for each row, filled up with -1."
        )
    labels, c = integers(labels, "labels"), x.shape[-1]
    if np.any(wrong := (labels < -1) | (labels >= c)):
        raise ArgumentError(
            f"class label {labels[wrong][0]} is outside [0, {c}), and is not -1, which ends a list."
        )
    listed = np.logical_and.accumulate(labels >= 0, axis=-1)
    named = np.sum((labels[..., None] == np.arange(c)) & listed[..., None], axis=-2)  # (..., c), how often
    pairs = named[..., :, None] * (named == 0)[..., None, :]  # (..., c, c), right and wrong
    counts = pairs.astype(x.dtype)
    behind = relu(1 - x[..., :, None] + x[..., None, :]) * counts
    return reduced(np.sum(behind, axis=(-2, -1)) / c, reduction)


@loss_function()
def multilabel_soft_margin_loss(
    scores: Any, target: Any, *, weight: Any = None, reduction: str = "mean"
) -> Any:
    """Mean logistic loss of c classes, ``-(1/c) Σ w (t log σ(x) + (1 - t) log σ(-x))``.

    Each class is right or wrong by itself, as in `binary_cross_entropy_with_logits`, which has a loss for
    each class; this one has a loss for each row.

    Parameters
    ----------
    scores : Tensor or array_like of shape (..., c)
    target : Tensor or array_like of the same shape
        0 and 1, booleans, or probabilities.
    weight : array_like of shape (c,), or dict of a number by class, optional
        A constant weight w for each class, 1 by default.  The mean does not divide by them.
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of shape (...).

    Raises
    ------
    ArgumentError
        For targets outside [0, 1], a mean of nothing, and an unknown reduction.
    ShapeError, DTypeError
        As `mse_loss`, and for scores that have no axis, or a weight of another shape than (c,).

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> tg.multilabel_soft_margin_loss([[0.0, 0.0], [1000.0, -1000.0]], [[1, 0], [1, 0]], reduction="none")
    array([0.69314718, 0.        ])
    """
    x, t = of_one_shape("target", scores=scores, target=target)
    if x.ndim == 0:
        raise ShapeError("scores have an axis of classes, (..., c); got a number, of shape ().")
    PROBABILITIES.check("targets", t, TWO_CLASSES)
    losses = t * softplus(-x) + (1 - t) * softplus(x)
    weight = class_weights(weight, x)
    return reduced(np.mean(losses if weight is None else losses * weight, axis=-1), reduction)
