"""What functions of straight pieces are made of, in the form that NumPy is fastest at; NaN stays NaN in each.

Of many elements, a maximum with a number takes longer than a clip, and to choose by a random mask longer yet;
of few, a clip does, as it passes through functions in Python.
"""

from typing import Any

import numpy as np

from .recipe import Term

MANY = 1 << 12  # elements, from which on a clip is faster
# By dtypes of floats, for few elements: NumPy makes an array of a Python 0 at each call, which takes as long
# as their maximum does.
ZEROS = {np.dtype(kind): np.zeros((), kind) for kind in np.typecodes["Float"]}


def above(x: Any, bound: float = 0) -> Any:
    """x where it is above the bound, else that."""
    return np.maximum(x, bound) if x.size < MANY or x.dtype.kind != "f" else np.clip(x, bound, np.inf)


def below(x: Any, bound: float = 0) -> Any:
    """x where it is below the bound, else that."""
    return np.minimum(x, bound) if x.size < MANY or x.dtype.kind != "f" else np.clip(x, -np.inf, bound)


def near(x: Any, far: float) -> Any:
    """x within ±far: infinities that meet a factor of 0 become numbers, whose product with it is 0."""
    return np.clip(x, -far, far)


def step(x: Any) -> Any:
    """1 where x is positive, else 0."""
    if x.size < MANY or type(x) not in (np.ndarray, Term):
        return np.maximum(np.sign(x), 0)
    whole = np.ceil(x)
    return np.clip(whole, 0, 1, out=whole)


def slope_if(inside: Any, out: Any) -> Any:
    """1 where inside, else 0, in the dtype of what came out, and NaN where that is."""
    slope = np.astype(inside, out.dtype)
    if type(slope) is not np.ndarray:
        return np.where(np.isnan(out), out, slope)
    np.copyto(slope, out, where=np.isnan(out))  # several times as fast as np.where
    return slope
