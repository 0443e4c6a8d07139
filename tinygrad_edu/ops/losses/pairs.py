"""Losses of pairs and triplets: what belongs together is to be near, or ranked first, by a margin.

At the kink itself the slope is 0, as relu's.
"""

from typing import Any

import numpy as np

from ...arrays import given
from ...errors import ShapeError
from ..activation import relu
from ..elementwise import ones_for_zeros
from .checks import Range, check_signs, loss_function, of_one_shape, reduced


@loss_function()
def hinge_embedding_loss(
    prediction: Any, target: Any, *, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    """Loss of distances x of pairs, ``x`` for targets 1, ``max(0, m - x)`` for -1.

    What belongs together is to be near, other pairs farther apart than the margin.  A loss of scores is
    `hinge_loss`.

    Parameters
    ----------
    prediction : Tensor or array_like of any shape
        Distances, or other measures of how unlike a pair is.
    target : Tensor or array_like of the same shape
        Each -1 or 1.
    margin : float, default=1.0
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
    >>> tg.hinge_embedding_loss([0.25, 0.25, 3.0], [1, -1, -1], reduction="none")
    array([0.25, 0.75, 0.  ])
    """
    target = given(target, "target")
    check_signs(target)
    x, target = of_one_shape(prediction=prediction, target=target)
    losses = np.where(target == -1, relu(margin - x), x)
    return reduced(np.where(target == target, losses, np.nan), reduction)


@loss_function()
def margin_ranking_loss(
    x1: Any, x2: Any, target: Any, *, margin: float = 0.0, reduction: str = "mean"
) -> Any:
    """Loss of pairs of scores, ``max(0, m - t (x1 - x2))``: targets 1 rank x1 above x2, targets -1 below.

    Parameters
    ----------
    x1, x2 : Tensor or array_like of any shape
    target : Tensor or array_like of the same shape
        Each -1 or 1.  All three have one shape; PyTorch broadcasts them.
    margin : float, default=0.0
        By how much the scores are to differ.
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the scores.

    Raises
    ------
    ArgumentError
        For a target that is neither -1 nor 1, a mean of nothing, and an unknown reduction.
    ShapeError, DTypeError
        As `mse_loss`.

    References
    ----------
    R. Herbrich, T. Graepel, K. Obermayer (2000). Large margin rank boundaries for ordinal regression.
    Advances in Large Margin Classifiers.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> tg.margin_ranking_loss([2.0, 2.0], [1.0, 1.0], [1, -1], margin=0.5, reduction="none")
    array([0. , 1.5])
    """
    target = given(target, "target")
    check_signs(target)
    x1, x2, target = of_one_shape(x1=x1, x2=x2, target=target)
    return reduced(relu(margin - target * (x1 - x2)), reduction)


@loss_function()
def cosine_embedding_loss(
    x1: Any, x2: Any, target: Any, *, margin: float = 0.0, reduction: str = "mean"
) -> Any:
    """Loss of pairs of vectors, ``1 - cos(x1, x2)`` for targets 1, ``max(0, cos(x1, x2) - m)`` for -1.

    Vectors that belong together are to point the same way, others not.  As in PyTorch, 1e-12 is added to the
    squared lengths, so that a vector of zeros has a cosine of 0.

    Parameters
    ----------
    x1, x2 : Tensor or array_like of shape (..., d)
    target : array_like of shape (...)
        Each -1 or 1.
    margin : float in [-1, 1], default=0.0
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the target.

    Raises
    ------
    ArgumentError
        For a target that is neither -1 nor 1, a mean of nothing, and an unknown reduction.
    ShapeError
        If x1 and x2 differ in shape, or the target has not theirs without the last axis.
    DTypeError
        As `mse_loss`.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> x1, x2 = [[1.0, 0.0], [3.0, 4.0]], [[1.0, 1.0], [1.0, 0.0]]
    >>> np.round(tg.cosine_embedding_loss(x1, x2, [1, -1], reduction="none"), 6)
    array([0.292893, 0.6     ])
    """
    x1, x2 = of_one_shape(x1=x1, x2=x2)
    target = given(target, "target")
    if x1.ndim == 0 or target.shape != x1.shape[:-1]:
        raise ShapeError(
            f"target of shape {target.shape} does not fit vectors of shape "
            f"{x1.shape}: one for each, of shape {x1.shape[:-1]}."
        )
    check_signs(target)
    squares = [np.add.reduce(np.square(x), axis=-1) + 1e-12 for x in (x1, x2)]
    cosine = np.add.reduce(x1 * x2, axis=-1) / np.sqrt(squares[0] * squares[1])
    return reduced(np.where(target == 1, 1 - cosine, relu(cosine - margin)), reduction)


@loss_function(margin=Range(0, above=True), p=Range(1))
def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """``max(0, d(a, p) - d(a, n) + m)``: an anchor is to be nearer to a positive than to a negative.

    The distance is ``d(a, b) = ‖a - b + ε‖_p``; with ε = 0 its gradient is 0 where a and b are equal.

    Parameters
    ----------
    anchor, positive, negative : Tensor or array_like of shape (..., d)
        All of one shape; PyTorch broadcasts them.
    margin : float > 0, default=1.0
    p : float ≥ 1, default=2.0
        The norm; may be infinite.
    eps : float, default=1e-6
        Added to each difference, as in PyTorch, so that no distance is 0.
    swap : bool, default=False
        Whether the distance of the negative from the positive counts instead, where it is the smaller one.
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor or ndarray
        Of shape () or, for "none", of the shape of the anchor without the last axis.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As `mse_loss`, and for a margin that is not positive or a p below 1.

    References
    ----------
    F. Schroff, D. Kalenichenko, J. Philbin (2015). FaceNet: a unified embedding for face recognition and
    clustering. arXiv:1503.03832 (with squared distances)

    V. Balntas, E. Riba, D. Ponsa, K. Mikolajczyk (2016). Learning local feature descriptors with triplets and
    shallow convolutional neural networks. BMVC. (the swap)

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> float(tg.triplet_margin_loss([0.0, 0.0], [3.0, 4.0], [0.0, 2.0], eps=0.0))
    4.0
    """
    anchor, positive, negative = of_one_shape(anchor=anchor, positive=positive, negative=negative)
    if anchor.ndim == 0:
        raise ShapeError(
            "anchor, positive and negative are vectors, of shape (..., d); got numbers of shape ()."
        )
    near, far = _norm(anchor - positive + eps, p), _norm(anchor - negative + eps, p)
    if swap:
        far = np.minimum(far, _norm(positive - negative + eps, p))
    return reduced(relu(near - far + margin), reduction)


def _norm(x: Any, p: float) -> Any:
    """(Σ |x|^p)^(1/p) along the last axis; its gradient at 0 is 0, the smallest subgradient."""
    if p == np.inf:
        return np.maximum.reduce(np.absolute(x), axis=-1)
    if p == 1:
        return np.add.reduce(np.absolute(x), axis=-1)
    total = np.add.reduce(np.square(x) if p == 2 else np.absolute(x) ** p, axis=-1)
    root = np.sqrt(ones_for_zeros(total)) if p == 2 else ones_for_zeros(total) ** (1 / p)
    return np.where(total == 0, 0, root)
