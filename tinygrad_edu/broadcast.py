"""The one un-broadcast: broadcasting copies a value along axes, and the adjoint of copying is the sum."""

from typing import Any

import numpy as np


def broadcasts_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether an array of the one shape can be broadcast to the other."""
    return len(shape) <= len(target) and all(n in (1, m) for n, m in zip(reversed(shape), reversed(target)))


def unbroadcast(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Sum a gradient over the axes along which an argument of that shape was broadcast."""
    if gradient.shape == shape:
        return gradient
    extra = gradient.ndim - len(shape)
    if extra == 1 and shape and gradient.shape[1:] == shape:  # the usual case of a bias
        return np.add.reduce(gradient, 0)
    axes = (
        *range(extra),
        *(i + extra for i, n in enumerate(shape) if n == 1 and gradient.shape[i + extra] != 1),
    )
    return np.reshape(np.add.reduce(gradient, axes), shape)
