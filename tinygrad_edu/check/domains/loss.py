"""Domains of losses: of the primitives; the others are made of them and of NumPy's functions."""

from typing import Any

import numpy as np

from ...ops.losses import divergence, labels
from ..strategies import Draw, arrays, shapes
from ..strategies import labels as labels_of
from .activation import softmax_by_hand
from .domain import Call, Domains, call, case, choice, unary


def logits_and_labels(d: Draw) -> Call:
    """Rows of logits, their labels, and a reduction."""
    x = d(arrays(shapes(2, 2, min_side=1)))
    return call(x, d(labels_of(x.shape[:1], x.shape[1])), d(choice("mean", "sum", "none")), -1)


def cross_entropy_by_hand(logits: Any, labels: Any, reduction: str, axis: int) -> Any:
    picked = np.take_along_axis(softmax_by_hand(logits), np.expand_dims(labels, -1), -1)[..., 0]
    reduce: Any = {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction]
    return reduce(-np.log(picked))


# fmt: off
DOMAINS: Domains = {
    labels.cross_entropy_of_labels: case(logits_and_labels, reference=cross_entropy_by_hand),
    divergence.lowest_log:                 unary(1 / 4, 3 / 4, reference=np.log),
    divergence.lowest_log_of_rest:         unary(1 / 4, 3 / 4, reference=lambda p: np.log(1 - p)),
}
# fmt: on
