"""The losses, a file a family, and what they share: `checks`, and `classes` of those with labels."""

from . import divergence, labels, likelihood, margin, pairs, regression

__all__ = ["divergence", "labels", "likelihood", "margin", "pairs", "regression"]
