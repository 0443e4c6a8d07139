"""Dropout: elements at random are set to zero, and the others scaled, so that the mean stays."""

from typing import Any

import numpy as np

from ..arrays import floating
from ..errors import ArgumentError
from ..random import generator
from ..table import primitive


def dropout(x: Any, p: float = 0.5, *, rng: np.random.Generator | int | None = None) -> Any:
    """Set each element to zero with probability p, and scale the others by 1 / (1 - p): the mean stays.

    Parameters
    ----------
    x : Tensor or ndarray of any shape
    p : float in [0, 1], default=0.5
    rng : numpy.random.Generator or int, optional
        Fresh entropy, or the generator of `seed`, by default.

    Returns
    -------
    Tensor or ndarray of the same shape

    References
    ----------
    N. Srivastava et al. (2014). Dropout: a simple way to prevent neural networks from overfitting. JMLR 15.
    """
    if not 0 <= p <= 1:
        raise ArgumentError(f"dropout: p is a probability in [0, 1]; got {p}.")
    x = floating(x, "dropout")
    if p == 0:
        return x
    if p == 1:
        return masked(x, np.zeros(x.shape, bool), 1.0)
    return masked(x, generator(rng).random(x.shape, dtype=np.float32) >= p, 1 / (1 - p))


@primitive(x=lambda g, mask, scale: np.where(mask, g * scale, 0))
def masked(x: Any, mask: Any, scale: float) -> Any:
    """x times ``scale`` where the mask is true, zero elsewhere."""
    return np.where(mask, x * scale, 0)
