"""Floating numbers: what functions compute with whose formulas would wrap around in integers, as -x does in uint8."""

from typing import Any

import numpy as np

from ..errors import DTypeError


def floating(x: Any) -> Any:
    """x itself, if it is floating; integers, booleans, numbers and lists as float64, as NumPy's functions take them."""
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    if x.dtype.kind == "f":
        return x
    if x.dtype.kind not in "iub":
        raise DTypeError(f"Expected real numbers, floating, integer or boolean; got {x.dtype} of shape {x.shape}.")
    return x.astype(float)
