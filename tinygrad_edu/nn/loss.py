"""Losses as modules: each holds the settings of the function that it calls, which says what it computes."""

from typing import Any, ClassVar, Self

import numpy as np

from ..arrays import plain
from ..ops.losses.checks import REDUCTIONS, check_range, check_reduction
from ..ops.losses.divergence import (
    KL_REDUCTIONS,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    kl_div,
)
from ..ops.losses.labels import nll_loss, softmax_cross_entropy
from ..ops.losses.margin import cosine_embedding_loss, hinge_loss, multi_margin_loss, triplet_margin_loss
from ..ops.losses.regression import half_squared_error, huber_loss, l1_loss, mse_loss, smooth_l1_loss
from ..tensor import Tensor
from .module import Module
from .parameter import Buffer


class Loss(Module):
    """Base of losses: settings are attributes of the names that the function gives them, and the repr shows them.

    Constant weights are buffers: part of the `state_dict`, as in PyTorch, and not learned.
    """

    reductions: ClassVar[tuple[str, ...]] = REDUCTIONS

    def __new__(cls, *settings: Any, **named: Any) -> Self:
        if len(settings) > 1 and any(isinstance(value, (Tensor, np.ndarray)) for value in settings):
            raise TypeError(
                f"{cls.__name__} is made of settings, and called with arrays: "
                f"nn.{cls.__name__}()(prediction, target)."
            )
        return super().__new__(cls)

    def __init__(self, *, reduction: str = "mean") -> None:
        check_reduction(type(self).__name__, reduction, self.reductions)
        self.reduction = reduction

    def _buffer(self, name: str, weight: Any) -> Buffer | None:
        return (
            None if weight is None else Buffer(plain(weight, f"{type(self).__name__}: {name}").astype(float))
        )

    def extra_repr(self) -> str:
        settings = [(k, v) for k, v in vars(self).items() if k != "training" and v is not None]
        return ", ".join(f"{k}={v.tolist() if isinstance(v, Buffer) else repr(v)}" for k, v in settings)


# ---- of class scores ---------------------------------------------------------------------------------------


class CrossEntropyLoss(Loss):
    """Softmax cross-entropy of logits against class labels or soft rows; see `tinygrad_edu.softmax_cross_entropy`.

    Parameters
    ----------
    weight : array_like of shape (c,), optional
        A constant for each class.
    axis : int, default=-1
        Where the classes are; PyTorch has them on axis 1.
    label_smoothing : float in [0, 1], default=0.0
    ignore_index : int or None, default=-100
        The label of examples that are left out.
    reduction : {"mean", "sum", "none"}, default="mean"

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    >>> round(float(loss(np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), [0, 2])), 6)
    0.803109
    """

    def __init__(
        self,
        weight: Any = None,
        *,
        axis: int = -1,
        label_smoothing: float = 0.0,
        ignore_index: int | None = -100,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.weight = self._buffer("weight", weight)
        check_range("CrossEntropyLoss", "label_smoothing", label_smoothing, 0, 1)
        self.axis, self.label_smoothing, self.ignore_index = axis, label_smoothing, ignore_index

    def forward(self, logits: Any, targets: Any) -> Any:
        """The loss of logits of shape (..., c) against labels (...) or rows (..., c)."""
        return softmax_cross_entropy(
            logits,
            targets,
            axis=self.axis,
            weight=self.weight,
            label_smoothing=self.label_smoothing,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class NLLLoss(Loss):
    """Negative log-likelihood of class labels, from log-probabilities; see `tinygrad_edu.nll_loss`.

    Parameters
    ----------
    weight : array_like of shape (c,), optional
        A constant for each class.
    axis : int, default=-1
        Where the classes are; PyTorch has them on axis 1.
    ignore_index : int or None, default=-100
        The label of examples that are left out.
    reduction : {"mean", "sum", "none"}, default="mean"
    """

    def __init__(
        self, weight: Any = None, *, axis: int = -1, ignore_index: int | None = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        self.weight = self._buffer("weight", weight)
        self.axis, self.ignore_index = axis, ignore_index

    def forward(self, log_probabilities: Any, labels: Any) -> Any:
        """The loss of log-probabilities of shape (..., c) against labels (...)."""
        return nll_loss(
            log_probabilities,
            labels,
            axis=self.axis,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class MultiMarginLoss(Loss):
    """Hinge loss of several classes; see `tinygrad_edu.multi_margin_loss`.

    Parameters
    ----------
    p : {1, 2}, default=1
    margin : float, default=1.0
    weight : array_like of shape (c,), optional
        A constant for each class.
    axis : int, default=-1
        Where the classes are.
    reduction : {"mean", "sum", "none"}, default="mean"
    """

    def __init__(
        self, *, p: int = 1, margin: float = 1.0, weight: Any = None, axis: int = -1, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        self.weight = self._buffer("weight", weight)
        self.p, self.margin, self.axis = p, margin, axis

    def forward(self, scores: Any, labels: Any) -> Any:
        """The loss of scores of shape (..., c) against labels (...)."""
        return multi_margin_loss(
            scores,
            labels,
            p=self.p,
            margin=self.margin,
            axis=self.axis,
            weight=self.weight,
            reduction=self.reduction,
        )


# ---- between probabilities ---------------------------------------------------------------------------------


class BCELoss(Loss):
    """Cross-entropy of probabilities of one of two classes; see `tinygrad_edu.binary_cross_entropy`.

    Parameters
    ----------
    weight : array_like, optional
        Constants that broadcast to the shape of the prediction.
    reduction : {"mean", "sum", "none"}, default="mean"
    """

    def __init__(self, weight: Any = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.weight = self._buffer("weight", weight)

    def forward(self, prediction: Any, target: Any) -> Any:
        """The loss of probabilities against a target of their shape."""
        return binary_cross_entropy(prediction, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(Loss):
    """Cross-entropy of the sigmoid of logits; see `tinygrad_edu.binary_cross_entropy_with_logits`.

    Parameters
    ----------
    weight : array_like, optional
        Constants that broadcast to the shape of the logits.
    pos_weight : array_like, optional
        Constants that broadcast to the shape of the logits: how much more a positive counts than a negative.
    reduction : {"mean", "sum", "none"}, default="mean"
    """

    def __init__(self, weight: Any = None, *, pos_weight: Any = None, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.weight, self.pos_weight = self._buffer("weight", weight), self._buffer("pos_weight", pos_weight)

    def forward(self, logits: Any, target: Any) -> Any:
        """The loss of logits against a target of their shape."""
        return binary_cross_entropy_with_logits(
            logits, target, weight=self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )


class KLDivLoss(Loss):
    """Kullback-Leibler divergence of log-probabilities from a target; see `tinygrad_edu.kl_div`.

    Parameters
    ----------
    log_target : bool, default=False
        Whether the target too is log-probabilities.
    reduction : {"mean", "batchmean", "sum", "none"}, default="mean"
        The divergence is "batchmean"; "mean" is PyTorch's default.
    """

    reductions = KL_REDUCTIONS

    def __init__(self, *, log_target: bool = False, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.log_target = log_target

    def forward(self, prediction: Any, target: Any) -> Any:
        """The loss of log-probabilities against a target of their shape."""
        return kl_div(prediction, target, log_target=self.log_target, reduction=self.reduction)


# ---- of errors ---------------------------------------------------------------------------------------------


class MSELoss(Loss):
    """Mean squared error; see `tinygrad_edu.mse_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default="mean"
    """

    def forward(self, prediction: Any, target: Any) -> Any:
        """The loss of a prediction against a target of its shape."""
        return mse_loss(prediction, target, reduction=self.reduction)


class HalfSquaredErrorLoss(Loss):
    """Half the sum of squared errors; see `tinygrad_edu.half_squared_error`.

    Parameters
    ----------
    reduction : {"sum", "mean", "none"}, default="sum"
    """

    def __init__(self, *, reduction: str = "sum") -> None:
        super().__init__(reduction=reduction)

    def forward(self, prediction: Any, target: Any) -> Any:
        """The loss of a prediction against a target of its shape."""
        return half_squared_error(prediction, target, reduction=self.reduction)


class L1Loss(Loss):
    """Mean absolute error; see `tinygrad_edu.l1_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default="mean"
    """

    def forward(self, prediction: Any, target: Any) -> Any:
        """The loss of a prediction against a target of its shape."""
        return l1_loss(prediction, target, reduction=self.reduction)


class HuberLoss(Loss):
    """Squared near 0, linear beyond delta; see `tinygrad_edu.huber_loss`.

    Parameters
    ----------
    delta : float > 0, default=1.0
    reduction : {"mean", "sum", "none"}, default="mean"
    """

    def __init__(self, *, delta: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        check_range("HuberLoss", "delta", delta, 0, above=True)
        self.delta = delta

    def forward(self, prediction: Any, target: Any) -> Any:
        """The loss of a prediction against a target of its shape."""
        return huber_loss(prediction, target, delta=self.delta, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """Huber's loss divided by its beta; see `tinygrad_edu.smooth_l1_loss`.

    Parameters
    ----------
    beta : float ≥ 0, default=1.0
    reduction : {"mean", "sum", "none"}, default="mean"
    """

    def __init__(self, *, beta: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        check_range("SmoothL1Loss", "beta", beta, 0)
        self.beta = beta

    def forward(self, prediction: Any, target: Any) -> Any:
        """The loss of a prediction against a target of its shape."""
        return smooth_l1_loss(prediction, target, beta=self.beta, reduction=self.reduction)


# ---- with a margin -----------------------------------------------------------------------------------------


class HingeLoss(Loss):
    """Hinge loss of scores against signs, or its square; see `tinygrad_edu.hinge_loss`.

    Parameters
    ----------
    margin : float, default=1.0
    squared : bool, default=False
    reduction : {"mean", "sum", "none"}, default="mean"
    """

    def __init__(self, *, margin: float = 1.0, squared: bool = False, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin, self.squared = margin, squared

    def forward(self, prediction: Any, target: Any) -> Any:
        """The loss of scores against a target of their shape, of -1 and 1."""
        return hinge_loss(
            prediction, target, margin=self.margin, squared=self.squared, reduction=self.reduction
        )


class CosineEmbeddingLoss(Loss):
    """Of pairs of vectors that are to point the same way, or not; see `tinygrad_edu.cosine_embedding_loss`.

    Parameters
    ----------
    margin : float, default=0.0
    reduction : {"mean", "sum", "none"}, default="mean"
    """

    def __init__(self, *, margin: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin = margin

    def forward(self, x1: Any, x2: Any, target: Any) -> Any:
        """The loss of vectors x1 and x2 of shape (..., d) against targets (...) of -1 and 1."""
        return cosine_embedding_loss(x1, x2, target, margin=self.margin, reduction=self.reduction)


class TripletMarginLoss(Loss):
    """An anchor is to be nearer to a positive than to a negative; see `tinygrad_edu.triplet_margin_loss`.

    Parameters
    ----------
    margin : float > 0, default=1.0
    p : float ≥ 1, default=2.0
    eps : float, default=1e-6
    swap : bool, default=False
    reduction : {"mean", "sum", "none"}, default="mean"
    """

    def __init__(
        self,
        *,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        check_range("TripletMarginLoss", "margin", margin, 0, above=True)
        check_range("TripletMarginLoss", "p", p, 1)
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        """The loss of three arrays of one shape, (..., d)."""
        return triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )
