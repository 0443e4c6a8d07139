"""Trainings with one malady each, and the same without it, for the doctor."""

from . import data, descent, model, steps, units
from .base import CASES

__all__ = ["CASES", "data", "descent", "model", "steps", "units"]
