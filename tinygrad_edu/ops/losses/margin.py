"""Losses with a margin: nothing is lost where the answer is right by more than it.  At the kink itself the slope is 0, as relu's."""

from typing import Any

import numpy as np

from ...arrays import given
from ...errors import ArgumentError, ShapeError
from ..activation import relu
from ..elementwise import ones_for_zeros
from .checks import alike, check_range, reduced
from .labels import class_labels, class_weights, one_hot, over_labels


def hinge_loss(
    prediction: Any, target: Any, *, margin: float = 1.0, squared: bool = False, reduction: str = "mean"
) -> Any:
    """Hinge loss of scores x against signs t, ``max(0, m - t x)``, or its square; the loss of support vector machines.

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
    target = given(target, "hinge_loss: target")
    _check_signs("hinge_loss", target)
    prediction, target = alike("hinge_loss", prediction=prediction, target=target)
    losses = relu(margin - target * prediction)
    return reduced("hinge_loss", np.square(losses) if squared else losses, reduction)


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
    """Hinge loss of several classes, ``(1/c) Σ_{j≠y} w_y max(0, m - x_y + x_j)^p``: each other score is to be lower by the margin.

    Parameters
    ----------
    scores : Tensor or array_like of shape (..., c)
    labels : array_like of int of shape (...)
        The right classes y, in [0, c).
    p : {1, 2}, default=1
    margin : float, default=1.0
    axis : int, default=-1
        Where the classes are.
    weight : array_like of shape (c,), optional
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
        raise ArgumentError(f"multi_margin_loss: p is 1 or 2; got {p!r}.")
    scores, labels = class_labels("multi_margin_loss", scores, labels, axis)
    weight = class_weights("multi_margin_loss", weight, scores)

    def each(x: Any, y: Any) -> Any:
        others = 1 - one_hot(y, x)  # (n, c)
        behind = relu(margin - x[np.arange(len(y)), y][:, None] + x) * others
        losses = np.add.reduce(behind if p == 1 else np.square(behind), axis=-1) / x.shape[1]
        return losses if weight is None else losses * weight[y]

    return over_labels("multi_margin_loss", each, scores, labels, None, None, reduction)


def cosine_embedding_loss(
    x1: Any, x2: Any, target: Any, *, margin: float = 0.0, reduction: str = "mean"
) -> Any:
    """Of pairs of vectors ``1 - cos(x1, x2)`` where the target is 1, and ``max(0, cos(x1, x2) - m)`` where it is -1.

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
    >>> np.round(tg.cosine_embedding_loss([[1.0, 0.0], [3.0, 4.0]], [[1.0, 1.0], [1.0, 0.0]], [1, -1], reduction="none"), 6)
    array([0.292893, 0.6     ])
    """
    x1, x2 = alike("cosine_embedding_loss", x1=x1, x2=x2)
    target = given(target, "cosine_embedding_loss: target")
    if x1.ndim == 0 or target.shape != x1.shape[:-1]:
        raise ShapeError(
            f"cosine_embedding_loss: target of shape {target.shape} does not fit vectors of shape "
            f"{x1.shape}: one for each, of shape {x1.shape[:-1]}."
        )
    _check_signs("cosine_embedding_loss", target)
    dot, norms = (
        np.add.reduce(x1 * x2, axis=-1),
        [np.add.reduce(np.square(x), axis=-1) + 1e-12 for x in (x1, x2)],
    )
    cosine = dot / np.sqrt(norms[0] * norms[1])
    return reduced(
        "cosine_embedding_loss", np.where(target == 1, 1 - cosine, relu(cosine - margin)), reduction
    )


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
    """``max(0, d(a, p) - d(a, n) + m)``: an anchor is to be nearer to a positive than to a negative, by the margin.

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
    check_range("triplet_margin_loss", "margin", margin, 0, above=True)
    check_range("triplet_margin_loss", "p", p, 1)
    anchor, positive, negative = alike(
        "triplet_margin_loss", anchor=anchor, positive=positive, negative=negative
    )
    if anchor.ndim == 0:
        raise ShapeError(
            "triplet_margin_loss: anchor, positive and negative are vectors, of shape (..., d); got numbers "
            "of shape ()."
        )
    near, far = _norm(anchor - positive + eps, p), _norm(anchor - negative + eps, p)
    if swap:
        far = np.minimum(far, _norm(positive - negative + eps, p))
    return reduced("triplet_margin_loss", relu(near - far + margin), reduction)


def _norm(x: Any, p: float) -> Any:
    """(Σ |x|^p)^(1/p) along the last axis; its gradient at 0 is 0, the smallest subgradient."""
    if p == np.inf:
        return np.maximum.reduce(np.absolute(x), axis=-1)
    if p == 1:
        return np.add.reduce(np.absolute(x), axis=-1)
    total = np.add.reduce(np.square(x) if p == 2 else np.absolute(x) ** p, axis=-1)
    root = np.sqrt(ones_for_zeros(total)) if p == 2 else ones_for_zeros(total) ** (1 / p)
    return np.where(total == 0, 0, root)


def _check_signs(loss: str, target: Any) -> None:
    """Raise unless each target is -1 or 1."""
    booleans = target.dtype.kind == "b"
    if booleans or np.any(wrong := (target != 1) & (target != -1) & (target == target)):
        found = "booleans" if booleans else target[wrong].tolist()[0]
        raise ArgumentError(
            f"{loss}: targets are -1 or 1; got {found}. Labels 0 and 1, and booleans, become signs by 2 * "
            "target - 1."
        )
