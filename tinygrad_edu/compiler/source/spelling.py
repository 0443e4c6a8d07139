"""Spelling: how NumPy's functions are reached."""

import sys
from typing import Any

import numpy as np


def of_numpy(value: Any) -> str | None:
    """How a function of NumPy's, or a method of a ufunc, is reached; None for anything else."""
    if not callable(value):
        return None
    name, owner = str(getattr(value, "__name__", "")), getattr(value, "__self__", None)
    if isinstance(owner, np.ufunc):
        known = getattr(np, owner.__name__, None) is owner
        return f"np.{owner.__name__}.{name}" if known else None
    for path in (name, f"linalg.{name}", f"fft.{name}", f"lib.stride_tricks.{name}"):
        found: Any = np
        for part in path.split("."):
            found = getattr(found, sys.intern(part), None)  # Python remembers what it has looked for
        if found is value:
            return f"np.{path}"
    return None


def told(value: Any) -> str:
    """What an array is, as a comment."""
    return f"  # {value.dtype} {value.shape}" if isinstance(value, np.ndarray) else ""
