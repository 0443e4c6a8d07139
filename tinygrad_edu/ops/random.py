"""Randomness: where generators come from, and dropout.

Nothing here touches NumPy's global state.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .floating import floating
from .table import primitive

DEFAULT: ContextVar[np.random.Generator | None] = ContextVar("tinygrad_edu generator", default=None)


@contextmanager
def seed(value: int) -> Iterator[np.random.Generator]:
    """Within the block, everything random that is not given an ``rng`` draws from one generator with this seed.

    Parameters
    ----------
    value : int

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> with tg.seed(0):
    ...     model = tg.nn.Linear(3, 2)
    """
    token = DEFAULT.set(np.random.default_rng(value))
    try:
        yield generator(None)
    finally:
        DEFAULT.reset(token)


def generator(rng: np.random.Generator | int | None) -> np.random.Generator:
    """The generator meant by an ``rng=`` argument.

    Parameters
    ----------
    rng : numpy.random.Generator, int or None
        A generator is used as it is; an int seeds a new one; None is the generator of `seed`, or else fresh entropy.
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is not None:
        return np.random.default_rng(rng)
    return DEFAULT.get() or np.random.default_rng()


def dropout(x: Any, p: float = 0.5, *, rng: np.random.Generator | int | None = None) -> Any:
    """Set each element to zero with probability p, and scale the others by 1 / (1 - p), so that the mean stays.

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
    x = floating(x)
    if p == 0:
        return x
    if p == 1:
        return masked(x, np.zeros(x.shape, bool), 1.0)
    return masked(x, generator(rng).random(x.shape, dtype=np.float32) >= p, 1 / (1 - p))


@primitive(x=lambda g, mask, scale: np.where(mask, g * scale, 0))
def masked(x: Any, mask: Any, scale: float) -> Any:
    """x times ``scale`` where the mask is true, zero elsewhere."""
    return np.where(mask, x * scale, 0)
