"""The doctor: what is wrong with a training, found in a few steps, on copies.

`doctor.doctor` says in which order it looks: at the data, at the shape of the network and its loss, at the
units and their gradients, at the optimizer's way down, and at a step of the user's own.  Each of these is a
file of functions that are given a `Patient` and yield findings.
"""

from .doctor import doctor
from .finding import Finding, Report

__all__ = ["Finding", "Report", "doctor"]
