"""Temporaries: NumPy's operators write into a large operand that nobody else holds.

``g * np.sign(x)`` lies in memory as ``np.sign(x)`` does, if it is large, and as ``g`` if it is not.  A sum
over it is rounded in that order, so a trace, which holds all of its arrays, does the same on purpose.
"""

import sys
from functools import cache
from typing import Any

import numpy as np

LARGE = 1 << 18  # bytes, from which on NumPy looks for temporaries


def written_into(array: Any, other: Any, count: int) -> bool:
    """Whether NumPy would write what an operator makes of two arrays into the first.

    Parameters
    ----------
    array, other : Operators
    count : int
        The references to ``array``, where an operator of it runs.
    """
    a, b = array._value, np.asarray(other._value)
    if type(a) is not np.ndarray or a.nbytes < LARGE or count != temporarys_count():
        return False
    fits = b.shape in (a.shape, ()) and np.can_cast(b.dtype, a.dtype) and a.dtype.kind in "fciub"
    return bool(fits and a.flags.owndata and a.flags.writeable)


@cache
def temporarys_count() -> int:
    """The references to a temporary where an operator of it runs; 0 where NumPy does not look for them."""
    probe, held = Probe(), Probe()
    temporary, named = probe * Probe(), probe * held
    first, other = np.zeros((2, LARGE), np.float32), np.zeros((LARGE, 2), np.float32).T
    found = (first * np.negative(other)).strides == other.strides
    return temporary if found and temporary != named else 0


class Probe:
    """Tells how many references there are to what it is multiplied by."""

    def __mul__(self, other: Any) -> int:
        return sys.getrefcount(other)
