"""Elementwise formulas of large arrays, computed block by block, so that what is between stays in the cache.

A formula of a dozen NumPy calls writes a dozen arrays and reads them again.  Of half a million elements each
of them goes through main memory; of a block it does not.  The values are the same, bit for bit.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

BLOCK = 1 << 17  # bytes of an array: a few of them fit in a second-level cache


def blockwise(formula: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of an elementwise formula of arrays, which may take numbers too, and return several arrays.

    Arrays of more than two blocks, which have one shape and lie in memory alike, are computed by blocks; all
    others, and tensors, as the formula says.
    """

    @wraps(formula)
    def computed(*arguments: Any) -> Any:
        first = arguments[0]
        if type(first) is not np.ndarray or first.nbytes <= 2 * BLOCK:
            return formula(*arguments)
        vectors = _vectors(arguments)
        return formula(*arguments) if vectors is None else _by_blocks(formula, *vectors)

    return computed


def _vectors(arguments: tuple[Any, ...]) -> tuple[Any, list[Any]] | None:
    """One of the arrays, and all of them as vectors in the order of memory; None if they do not lie alike.

    Numbers stay as they are, and an array of one number, as the gradient of a sum is, becomes that number.
    """
    like, vectors = None, []
    for value in arguments:
        if type(value) is np.ndarray:
            if value.shape == arguments[0].shape and not any(value.strides):
                value = value[(0,) * value.ndim]
            else:
                like = value if like is None else like
                vector = value.ravel("K")
                if (value.shape, value.strides) != (like.shape, like.strides) or vector.base is None:
                    return None  # vector.base: it is a copy
                value = vector
        elif hasattr(value, "__array_function__") and not isinstance(value, np.generic):
            return None
        vectors.append(value)
    return None if like is None else (like, vectors)


def _by_blocks(formula: Callable[..., Any], like: Any, vectors: list[Any]) -> Any:
    """The formula of each block, put together in the memory order of ``like``."""
    length = BLOCK // like.itemsize
    outputs: list[Any] = []
    for start in range(0, like.size, length):
        stop = start + length
        found = formula(*[v[start:stop] if isinstance(v, np.ndarray) else v for v in vectors])
        parts = found if type(found) is tuple else (found,)
        if not outputs:
            outputs = [np.empty_like(like, part.dtype) for part in parts]
            wholes = [output.ravel("K") for output in outputs]
        for whole, part in zip(wholes, parts):
            whole[start:stop] = part
    return tuple(outputs) if type(found) is tuple else outputs[0]
