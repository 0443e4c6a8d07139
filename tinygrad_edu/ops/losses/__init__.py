"""The losses, a file a family: labels, regression, divergence and margin; they share `checks`, and `classes` of labels."""

from . import divergence, labels, margin, regression

__all__ = ["divergence", "labels", "margin", "regression"]
