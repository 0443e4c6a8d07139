"""The losses, a file a family: labels, regression, divergence and margin; `checks` is what they share."""

from . import divergence, labels, margin, regression

__all__ = ["divergence", "labels", "margin", "regression"]
