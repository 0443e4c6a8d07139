"""The losses, a file a family, and what they share: `checks`, and `classes` of those with labels."""

from . import cross_entropy, divergence, labels, likelihood, margin, pairs, regression

__all__ = ["cross_entropy", "divergence", "labels", "likelihood", "margin", "pairs", "regression"]
