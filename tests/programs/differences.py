"""Derivatives of a program by differences of its plain form, each with a doubt.

The doubt says how far two extrapolations are apart; what is doubtful is not judged.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .languages import Program
from .plain import Plain

Direction = dict[str, Any]  # by leaf; leaves that are not named stay where they are


class Differences:
    """The derivatives of what a program differentiates.

    Parameters
    ----------
    program : Program
    function : Plain
        Its plain form, in float64, which has been run once at the leaves themselves.
    """

    def __init__(self, program: Program, function: Plain) -> None:
        self.program, self.function = program, function

    def _names(self, *steps: tuple[float, Direction]) -> dict[str, Any]:
        """What the names hold at leaves that are some steps away."""
        leaves = self.program.leaves.items()
        return self.function(
            {name: x + sum(h * d[name] for h, d in steps if name in d) for name, x in leaves}
        )

    def first(self, direction: Direction) -> tuple[float, float]:
        """The slope, along a direction, of the sum of all that is differentiated."""
        *_, (last, k) = self.program.outputs.items()
        again = self.program.ending == "second and on"  # a second pass over the last output

        def total(h: float) -> float:
            names = self._names((h, direction))
            more = np.sum(names[last] * names[k]) if again else 0.0
            return float(names["loss"] + self.function.before + more)

        return _extrapolated(lambda h: (total(h) - total(-h)) / (2 * h), 2e-3)

    def second(self, direction: Direction, other: Direction) -> tuple[float, float]:
        """The second derivative of the loss along two directions."""

        def loss(a: float, b: float) -> float:
            return float(self._names((a, direction), (b, other))["loss"])

        def mixed(h: float) -> float:
            return (loss(h, h) - loss(h, -h) - loss(-h, h) + loss(-h, -h)) / (4 * h * h)

        return _extrapolated(mixed, 8e-3)


def _extrapolated(estimate: Callable[[float], float], h: float) -> tuple[float, float]:
    """The limit of a central difference, and how far two extrapolations are apart."""
    a, b, c = (estimate(h / n) for n in (1, 2, 4))
    coarse, fine = (4 * b - a) / 3, (4 * c - b) / 3
    return fine, abs(fine - coarse)
