"""Compiling: a training step as the straight-line NumPy that a person would have written."""

from .compiled import Compiled
from .step import compile

__all__ = ["Compiled", "compile"]
