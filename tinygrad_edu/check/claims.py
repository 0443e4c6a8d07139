"""What the judge judges: gradients that are claimed of a function; and the verdict on a direction."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .differences import Direction, VectorFunction
from .leaves import Array

Oracle = Callable[[list[Direction]], Array]


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
    pull : callable
        From weights to gradients.
    gradients : ndarray of shape (2, n)
        What ``pull`` makes of the weights.
    what : str
        What the gradients are called.
    oracle : callable, optional
        From directions to exact slopes of shape (directions, 2); it may raise.
    """

    values: VectorFunction
    z: Array
    base: Array
    weights: Array
    terms: Array
    pull: Callable[[Array], Array]
    gradients: Array
    what: str = "the gradient"
    oracle: Oracle | None = None

    @property
    def second(self) -> bool:
        """Whether these are gradients of a gradient."""
        return "second" in self.what

    def slopes(self, directions: list[Direction]) -> Array:
        """The slopes that the gradients claim: shape (directions, 2)."""
        return np.stack([direction.along(self.gradients) for direction in directions])

    def exact(self, directions: list[Direction]) -> Array | None:
        """Exact slopes, of shape (directions, 2); None if there is no oracle, or it cannot tell."""
        try:
            return None if self.oracle is None else self.oracle(directions)
        except Exception:  # f does not compute with complex numbers here
            return None

    def size(self) -> Array:
        """The magnitude of the terms of ``weights @ values(z)``."""
        return np.abs(self.weights) @ self.terms

    def rounding(self, distances: Array | float, bits: int) -> Array:
        """The rounding errors of slopes over distances: a gradient may be the difference of larger ones."""
        finite = self.gradients[np.isfinite(self.gradients)]
        return np.ldexp(64 * np.max(np.abs(finite), initial=0) * distances, -bits)

    def restricted(self, moved: Array, direction: Direction, rtol: float) -> "Claims":
        """The same claim without the outputs that a direction does not move, if the gradients allow it.

        What is huge elsewhere then hides nothing: neither its rounding errors nor its gradients count.
        """
        if np.all(moved) or not np.any(moved):
            return self
        weights = self.weights * moved
        less = self._replace(weights=weights, gradients=self.pull(weights))
        there, here = (direction.along(claims.gradients) for claims in (self, less))
        return less if np.all(np.abs(here - there) <= rtol * np.abs(there)) else self


class Verdict(NamedTuple):
    """What a closer look at one direction found.

    Attributes
    ----------
    kind : str
        "right", "wrong", "kink" or "undecided".
    value, error : ndarray of shape (2,)
        The numerical slopes and their errors, where there are any.
    text : str
        What is to be said of a kink, or of what cannot be judged.
    """

    kind: str
    value: Any = None
    error: Any = None
    text: str = ""


Judged = tuple[Direction, Verdict]
