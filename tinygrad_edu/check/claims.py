"""What the judge judges, and what it finds: gradients that are claimed of a function, and the verdict on a direction."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .differences import Direction


class Claims(NamedTuple):
    """Gradients, and the function that they are claimed to be the gradients of.

    Attributes
    ----------
    values : callable
        The function, from a vector of shape (n,) to one of shape (m,).
    z, base : ndarray of shapes (n,), (m,)
        The point, and the function there.
    weights : ndarray of shape (2, m)
        The claims are about ``weights @ values(z)``.
    terms : ndarray of shape (m,)
        The magnitude of the terms that make up each value.
    gradients : ndarray of shape (2, n)
    pull : callable
        From other weights to other gradients.
    what : str
        What the gradients are called.
    """

    values: Callable[[Any], Any]
    z: Any
    base: Any
    weights: Any
    terms: Any
    gradients: Any
    pull: Callable[[Any], Any]
    what: str = "the gradient"

    def slopes(self, directions: list[Direction]) -> Any:
        """The slopes that the gradients claim: shape (directions, 2)."""
        pairs = [(self.gradients[:, d.index], d.step) for d in directions]
        return np.stack([g * step if g.ndim == 1 else g @ step for g, step in pairs])

    def size(self) -> Any:
        """The magnitude of the terms of ``weights @ values(z)``."""
        return np.abs(self.weights) @ self.terms


class Verdict(NamedTuple):
    """What a closer look at one direction found; kind is right, wrong, kink or undecided."""

    kind: str
    value: Any = None
    error: Any = None
    text: str = ""
