"""Losses: what some of them compute as one operation, those of class labels among them."""

from typing import Any

import numpy as np

from ..ops.losses import cross_entropy, divergence, labels, margin
from .elementwise import number
from .graph import Graph, Value
from .table import converts


@converts(divergence.cross_entropy_of_logits)
def cross_entropy_of_logits(g: Graph, logits: Any, target: Any) -> str:
    """log(1 + exp(z)) - t z."""
    z = g.name(logits, g.dtype)
    return g.emit("Sub", g.emit("Softplus", z), g.emit("Mul", g.name(target, g.dtype), z))


@converts(cross_entropy.cross_entropy_of_labels)
def cross_entropy_of_labels(g: Graph, logits: Value, hit: Any, reduction: str) -> str:
    logs = g.emit("LogSoftmax", g.name(logits, g.dtype), axis=1)
    hit = hit if np.ndim(hit) == 2 else np.equal(hit[:, None], np.arange(logits.shape[1]))
    picked = g.emit("Where", g.name(hit, bool), logs, number(g, 0))
    losses = g.emit("Neg", g.reduce("ReduceSum", picked, [1], False))
    if reduction == "none":
        return losses
    return g.reduce("ReduceMean" if reduction == "mean" else "ReduceSum", losses, [0], False)


@converts(labels.traced_cross_entropy_of_classes)
def cross_entropy_of_classes(g: Graph, logits: Value, target: Value, *settings: Any) -> str:
    logs = g.emit("LogSoftmax", g.name(logits, g.dtype), axis=-1)
    return of_labels(g, logs, logits.shape, target, *settings)


@converts(labels.traced_likelihood_of_labels)
def likelihood_of_labels(g: Graph, log_p: Value, target: Value, weight: Any, *settings: Any) -> str:
    return of_labels(g, g.name(log_p, g.dtype), log_p.shape, target, weight, 0, *settings)


def of_labels(g: Graph, logs: str, shape: Any, target: Value, *settings: Any) -> str:
    """The losses of labels (...), reduced, from the logarithms of probabilities (..., c), by their name."""
    weight, smoothing, ignored, reduction = settings
    c, axis = g.fixed(shape[-1], "the number of classes"), len(shape) - 1
    y, last, nothing = g.name(target, np.int64), np.array([-1]), number(g, 0)
    place = place_of(g, y, c)
    if ignored is not None:
        kept = g.emit("Not", g.emit("Equal", y, np.array(ignored)))
        place = g.emit("Where", kept, place, np.array(0))
    picked = g.emit("GatherElements", logs, g.emit("Unsqueeze", place, last), axis=axis)
    losses, share = g.emit("Neg", g.emit("Squeeze", picked, last)), number(g, 1)
    if weight is not None:
        share = g.emit("Gather", g.name(weight, g.dtype), place)
        losses = g.emit("Mul", losses, share)
    if smoothing:
        weighted = logs if weight is None else g.emit("Mul", logs, g.name(weight, g.dtype))
        spread = g.emit("Mul", g.reduce("ReduceSum", weighted, [axis], False), number(g, smoothing / c))
        losses = g.emit("Sub", g.emit("Mul", losses, number(g, 1 - smoothing)), spread)
    if ignored is not None:
        losses, share = (g.emit("Where", kept, part, nothing) for part in (losses, share))
    if reduction == "none":
        return losses
    axes = range(axis)
    if reduction == "mean" and weight is None and ignored is None:
        return g.reduce("ReduceMean", losses, axes, False)
    total = g.reduce("ReduceSum", losses, axes, False)
    return total if reduction == "sum" else g.emit("Div", total, g.reduce("ReduceSum", share, axes, False))


def place_of(g: Graph, labels: str, c: int) -> str:
    """Where labels are among c classes; GatherElements counts from the end below 0, and fails from c on."""
    return str(g.emit("Where", g.emit("Less", labels, np.array(0)), np.array(c), labels))


@converts(margin.traced_margins_of_classes)
def margins_of_classes(
    g: Graph, scores: Value, target: Value, weight: Any, p: int, width: float, reduction: str
) -> str:
    c, axis, x = g.fixed(scores.shape[-1], "the number of classes"), scores.ndim - 1, g.name(scores, g.dtype)
    place = g.emit("Unsqueeze", place_of(g, g.name(target, np.int64), c), np.array([-1]))  # (..., 1)
    behind = g.emit("Add", g.emit("Sub", x, g.emit("GatherElements", x, place, axis=axis)), number(g, width))
    others = g.cast(g.emit("Not", g.emit("Equal", place, np.arange(c))), g.dtype)
    behind = g.emit("Mul", g.emit("Relu", behind), others)
    behind = behind if p == 1 else g.emit("Mul", behind, behind)
    losses = g.emit("Div", g.reduce("ReduceSum", behind, [axis], False), number(g, c))
    if weight is not None:
        share = g.emit("Gather", g.name(weight, g.dtype), g.emit("Squeeze", place, np.array([-1])))
        losses = g.emit("Mul", losses, share)
    if reduction == "none":
        return losses
    return g.reduce("ReduceMean" if reduction == "mean" else "ReduceSum", losses, range(axis), False)
