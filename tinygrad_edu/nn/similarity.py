"""Similarity of vectors, as layers of two inputs."""

from typing import Any

from ..ops import similarity as ops
from .module import Module


class CosineSimilarity(Module):
    """Cosine of the angle between vectors; see `tinygrad_edu.cosine_similarity`.

    Parameters
    ----------
    axis : int, default=1
        Along which the vectors lie; PyTorch calls it dim.
    eps : float, default=1e-8
        The least that a norm counts.

    Examples
    --------
    >>> CosineSimilarity()([[3.0, 4.0]], [[4.0, 3.0]])
    array([0.96])
    """

    def __init__(self, axis: int = 1, eps: float = 1e-8) -> None:
        self.axis, self.eps = axis, eps

    def forward(self, x1: Any, x2: Any) -> Any:
        """Compare vectors along the axis, of shapes that broadcast."""
        return ops.cosine("CosineSimilarity", x1, x2, self.axis, self.eps)

    def extra_repr(self) -> str:
        return f"axis={self.axis}, eps={self.eps}"


class PairwiseDistance(Module):
    """Distance between vectors, along the last axis; see `tinygrad_edu.pairwise_distance`.

    Parameters
    ----------
    p : float ≥ 1, default=2.0
        The norm; may be infinite.
    eps : float, default=1e-6
        Added to each difference.
    keepdims : bool, default=False
        PyTorch calls it keepdim.

    Examples
    --------
    >>> PairwiseDistance(p=1, eps=0.0)([[3.0, 4.0]], [[0.0, 0.0]])
    array([7.])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False) -> None:
        ops.check_norm("PairwiseDistance", p)
        self.p, self.eps, self.keepdims = p, eps, keepdims

    def forward(self, x1: Any, x2: Any) -> Any:
        """Map two arrays of shape (..., d) to the distances, of shape (...)."""
        return ops.distance("PairwiseDistance", x1, x2, self.p, self.eps, self.keepdims)

    def extra_repr(self) -> str:
        return f"p={self.p}, eps={self.eps}, keepdims={self.keepdims}"
