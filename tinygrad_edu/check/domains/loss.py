"""Domains of losses: of the primitives; the others are made of them and of NumPy's functions."""

from typing import Any

import numpy as np

from ...ops.losses import divergence, labels, regression
from ..strategies import Draw, arrays, shapes
from ..strategies import labels as labels_of
from .activation import softmax_by_hand
from .domain import Call, Domains, call, case, choice, unary


def logits_and_labels(d: Draw) -> Call:
    """Rows of logits, the booleans that are true at their labels, and a reduction."""
    x = d(arrays(shapes(2, 2, min_side=1)))
    hit = np.equal(d(labels_of(x.shape[:1], x.shape[1]))[:, None], np.arange(x.shape[1]))
    return call(x, hit, d(choice("mean", "sum", "none")))


def cross_entropy_by_hand(logits: Any, hit: Any, reduction: str) -> Any:
    picked = softmax_by_hand(logits)[hit]
    reduce: Any = {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction]
    return reduce(-np.log(picked))


def of_two_classes(d: Draw) -> Call:
    """Logits that are not 0, and as many targets in [0, 1]."""
    z = d(arrays(shapes(0, 3), away_from=(0,)))
    return call(z, d(arrays(z.shape, low=0, high=1)))


def errors(d: Draw) -> Call:
    """Errors that are not at the bounds of the parabola, and its width."""
    delta = d(choice(1 / 2, 1.0))
    return call(d(arrays(shapes(0, 3), away_from=(-delta, delta))), delta)


def huber_by_hand(error: Any, delta: float) -> Any:
    return np.where(np.abs(error) <= delta, error**2 / 2, delta * (np.abs(error) - delta / 2))


# fmt: off
DOMAINS: Domains = {
    labels.cross_entropy_of_labels: case(logits_and_labels, reference=cross_entropy_by_hand),
    labels.softmax_of_rows: case(lambda d: call(d(arrays(shapes(1, min_side=1)))), reference=softmax_by_hand),
    divergence.cross_entropy_of_logits: case(of_two_classes, reference=lambda z, t: np.log(1 + np.exp(z)) - t * z),
    regression._huber: case(errors, reference=huber_by_hand),
    divergence.lowest_log:                 unary(1 / 4, 3 / 4, reference=np.log),
    divergence.lowest_log_of_rest:         unary(1 / 4, 3 / 4, reference=lambda p: np.log(1 - p)),
}
# fmt: on
