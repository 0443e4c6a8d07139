"""What layers check when they are made: that sizes are sizes, and probabilities probabilities."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import ArgumentError


def check_sizes(**sizes: Any) -> None:
    """Raise unless each size is an integer of at least 1."""
    names, verb, kind = listed(sizes), "are", "integers"
    if len(sizes) == 1:
        verb, kind = "is", "an integer"
    if not all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in sizes.values()):
        got = listed(map(repr, sizes.values()))
        raise ArgumentError(f"{names} {verb} {kind}; got {got}. A quotient is an integer by //.")
    if min(sizes.values()) < 1:
        raise ArgumentError(f"{names} {verb} at least 1; got {listed(map(str, sizes.values()))}.")


def check_probability(name: str, p: float) -> None:
    """Raise unless p is from 0 to 1."""
    if not 0 <= p <= 1:
        raise ArgumentError(f"{name} is a probability in [0, 1]; got {p}.")


def listed(words: Iterable[str]) -> str:
    """Words as in a sentence: a, b and c."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
