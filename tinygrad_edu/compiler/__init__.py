"""Compiling: a training step as the straight-line NumPy that a person would have written."""

from .step import Compiled, compile

__all__ = ["Compiled", "compile"]
