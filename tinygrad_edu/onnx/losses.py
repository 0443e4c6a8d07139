"""Losses: what two of them compute as one operation."""

from typing import Any

import numpy as np

from ..ops.losses import divergence, labels
from .elementwise import number
from .graph import Graph, Value
from .table import converts


@converts(divergence.cross_entropy_of_logits)
def cross_entropy_of_logits(g: Graph, logits: Any, target: Any) -> str:
    """log(1 + exp(z)) - t z."""
    z = g.name(logits, g.dtype)
    return g.emit("Sub", g.emit("Softplus", z), g.emit("Mul", g.name(target, g.dtype), z))


@converts(labels.cross_entropy_of_labels)
def cross_entropy_of_labels(g: Graph, logits: Value, hit: Any, reduction: str) -> str:
    logs = g.emit("LogSoftmax", g.name(logits, g.dtype), axis=1)
    hit = hit if np.ndim(hit) == 2 else np.equal(hit[:, None], np.arange(logits.shape[1]))
    picked = g.emit("Where", g.name(hit, bool), logs, number(g, 0))
    losses = g.emit("Neg", g.reduce("ReduceSum", picked, [1], False))
    if reduction == "none":
        return losses
    return g.reduce("ReduceMean" if reduction == "mean" else "ReduceSum", losses, [0], False)
