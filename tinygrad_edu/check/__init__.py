"""Checking derivatives: `gradcheck`, and the numerical derivatives that it compares with.

The hypothesis strategies are in `tinygrad_edu.check.strategies`; only they need hypothesis.
"""

from .gradcheck import Report, gradcheck
from .numerical import numerical_jvp, numerical_vjp

__all__ = ["Report", "gradcheck", "numerical_jvp", "numerical_vjp"]
