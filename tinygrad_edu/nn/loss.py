"""Losses as modules."""

from typing import Any

from ..errors import ArgumentError
from ..ops.loss import REDUCTIONS, softmax_cross_entropy
from .module import Module


class CrossEntropyLoss(Module):
    """Softmax cross-entropy of logits against class labels or soft rows; see `tinygrad_edu.softmax_cross_entropy`.

    Parameters
    ----------
    axis : int, default=-1
        Where the classes are; PyTorch has them on axis 1.
    reduction : {"mean", "sum", "none"}, default="mean"
    """

    def __init__(self, *, axis: int = -1, reduction: str = "mean") -> None:
        if reduction not in REDUCTIONS:
            raise ArgumentError(f"CrossEntropyLoss: reduction is one of {', '.join(REDUCTIONS)}; got {reduction!r}.")
        self.axis, self.reduction = axis, reduction

    def forward(self, logits: Any, targets: Any) -> Any:
        """The loss of logits of shape (..., c) against labels (...) or rows (..., c)."""
        return softmax_cross_entropy(logits, targets, axis=self.axis, reduction=self.reduction)

    def extra_repr(self) -> str:
        return f"axis={self.axis}, reduction={self.reduction!r}"
