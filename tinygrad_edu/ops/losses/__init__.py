"""The losses, a file a family, and what they share: `checks`, and `classes` of those with labels."""

from . import divergence, labels, margin, regression

__all__ = ["divergence", "labels", "margin", "regression"]
