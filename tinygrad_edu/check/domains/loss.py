"""Domains of losses: of the primitives; the others are made of them and of NumPy's functions."""

from typing import Any

import numpy as np

from ...ops.losses import cross_entropy, divergence, labels, margin, regression
from ..strategies import Draw, arrays, shapes
from ..strategies import labels as labels_of
from .activation import softmax_by_hand
from .domain import Call, Domains, call, case, choice, unary


def logits_and_labels(d: Draw) -> Call:
    """Rows of logits, the booleans that are true at their labels, and a reduction."""
    x = d(arrays(shapes(2, 2, min_side=1)))
    hit = np.equal(d(labels_of(x.shape[:1], x.shape[1]))[:, None], np.arange(x.shape[1]))
    return call(x, hit, d(choice("mean", "sum", "none")))


def scores_and_labels(d: Draw) -> tuple[Any, Any, Any, Any]:
    """Scores (..., c), labels, the one that is left out, and weights of the classes or None."""
    x = d(arrays(shapes(2, 3, min_side=2)))
    y, ignored = d(labels_of(x.shape[:-1], x.shape[-1])), d(choice(-100, 1))
    y[..., 0] = 0  # one is left
    return x, y, ignored, d(choice(None, np.linspace(1 / 2, 1, x.shape[-1])))


def classes(d: Draw) -> Call:
    """Calls of the cross-entropy of class labels."""
    x, y, ignored, weight = scores_and_labels(d)
    return call(x, y, weight, d(choice(0.0, 1 / 4)), ignored, d(choice("mean", "sum", "none")))


def likelihoods(d: Draw) -> Call:
    """Calls of the negative log-likelihood."""
    x, y, ignored, weight = scores_and_labels(d)
    return call(x, y, weight, ignored, d(choice("mean", "sum", "none")))


def margins(d: Draw) -> Call:
    """Calls of the hinge loss of classes: scores differ by other numbers than the margin, as of a kink."""
    x, y, _, weight = scores_and_labels(d)
    return call(np.round(x), y, weight, d(choice(1, 2)), 1 / 2, d(choice("mean", "sum", "none")))


def margins_by_hand(scores: Any, labels: Any, weight: Any, p: int, width: float, reduction: str) -> Any:
    c, losses = scores.shape[-1], np.zeros(labels.shape)
    for place, y in np.ndenumerate(labels):
        behind = [max(0, width - scores[(*place, y)] + x) ** p for j, x in enumerate(scores[place]) if j != y]
        losses[place] = sum(behind) / c * (1 if weight is None else weight[y])
    return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()


def classes_by_hand(
    logits: Any, labels: Any, weight: Any, smoothing: float, ignored: int, reduction: str
) -> Any:
    log_p, c = np.log(softmax_by_hand(logits)), logits.shape[-1]
    weight = np.ones(c) if weight is None else weight
    total, counts = np.zeros(labels.shape), 0.0
    for place, y in np.ndenumerate(labels):
        if y != ignored:
            row = np.where(np.arange(c) == y, 1 - smoothing, 0) + smoothing / c
            total[place] = -sum(row * weight * log_p[place])
            counts += weight[y]
    return total if reduction == "none" else total.sum() / (counts if reduction == "mean" else 1)


def likelihood_by_hand(log_p: Any, labels: Any, weight: Any, ignored: int, reduction: str) -> Any:
    c = log_p.shape[-1]
    weight = np.ones(c) if weight is None else weight
    total, counts = np.zeros(labels.shape), 0.0
    for place, y in np.ndenumerate(labels):
        if y != ignored:
            total[place] = -weight[y] * log_p[(*place, y)]
            counts += weight[y]
    return total if reduction == "none" else total.sum() / (counts if reduction == "mean" else 1)


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
    cross_entropy.cross_entropy_of_labels: case(logits_and_labels, reference=cross_entropy_by_hand),
    labels.traced_cross_entropy_of_classes: case(classes, reference=classes_by_hand),
    labels.traced_likelihood_of_labels: case(likelihoods, reference=likelihood_by_hand),
    margin.traced_margins_of_classes: case(margins, reference=margins_by_hand),
    cross_entropy.softmax_of_rows: case(lambda d: call(d(arrays(shapes(1, min_side=1)))), reference=softmax_by_hand),
    divergence.cross_entropy_of_logits: case(of_two_classes, reference=lambda z, t: np.log(1 + np.exp(z)) - t * z),
    regression._huber: case(errors, reference=huber_by_hand),
    regression.clipped: case(errors, reference=lambda error, delta: np.clip(error, -delta, delta)),
    divergence.lowest_log:                 unary(1 / 4, 3 / 4, reference=np.log),
    divergence.lowest_log_of_rest:         unary(1 / 4, 3 / 4, reference=lambda p: np.log(1 - p)),
}
# fmt: on
