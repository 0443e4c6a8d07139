"""Softmax cross-entropy of rows of logits as one operation, whose gradient is softmax(z) - onehot."""

from typing import Any

import numpy as np
from numpy import add, arange, exp, log, maximum, ndarray  # by name, which is looked up faster

from ...table import primitive
from ..pieces import MANY
from ..softmax import dot, log_softmax, softmax, total


# fmt: off
@primitive(x=lambda g, out: out * (g - dot(g, out, -1)))
def softmax_of_rows(x: Any) -> Any:
    """The softmax along the last axis: the probabilities that the loss keeps are differentiated as its output."""
    return softmax(x)


# `at` is `hit` again: what the forward hands over is not watched for writes, as an argument that is saved would be.
@primitive(keep={"p": softmax_of_rows, "at": None},
           logits=lambda g, p, at, reduction: logits_gradient(g, p, at, reduction))
def cross_entropy_of_labels(logits: Any, hit: Any, reduction: str) -> Any:
    """The loss of logits (n, c), each row of which is hit at its label; the probabilities come up on the way, and are kept.

    Where rows are many, their labels (n,) may stand for what is hit, (n, c).
    """
    z = logits - over_classes(maximum.reduce, logits)
    picked = z[hit if hit.ndim == 2 else (arange(len(hit)), hit)]  # (n,)
    p = exp(z, z)  # in place, as z is not needed any more
    sums = over_classes(add.reduce, p) if p.size < MANY else total(p, -1)
    p /= sums
    losses = log(sums[:, 0]) - picked
    if reduction == "none":
        return losses, p, hit
    loss = add.reduce(losses)
    return (loss / hit.shape[0] if reduction == "mean" else loss), p, hit
# fmt: on


def logits_gradient(g: Any, p: Any, hit: Any, reduction: str) -> Any:
    """(softmax(z) - onehot) · g, divided by the number of examples for a mean."""
    plain = type(p) is ndarray
    if plain and g.ndim == 0:
        g = g[()]  # as a number, which NumPy divides faster
    scale = g / hit.shape[0] if reduction == "mean" else g if reduction == "sum" else g[:, None]
    if hit.ndim == 1:
        if plain:
            places = arange(len(hit)), hit
            d = p * scale
            d[places] = ((p[places] - 1)[:, None] * scale)[:, 0]
            return d
        hit = hit[:, None] == arange(p.shape[1])
    d = p - (hit.astype(p.dtype) if plain else hit)  # which costs less than to subtract booleans
    d *= scale
    return d


def over_classes(reduce: Any, rows: Any) -> Any:
    """The reduction of (n, c) to (n, 1), for short c along the long axis of a copy, which is faster."""
    if rows.shape[0] < 64 or rows.shape[1] >= 32:
        return reduce(rows, 1, None, None, True)
    return reduce(rows.T.copy(), 0)[:, None]


def plain_cross_entropy_of_labels(logits: Any, hit: Any, reduction: str) -> Any:
    """The same by composition: what `cross_entropy_of_labels` is tested against."""
    losses = -log_softmax(logits)[hit]
    return losses if reduction == "none" else np.mean(losses) if reduction == "mean" else np.sum(losses)
