"""What layers check when they are made: that their sizes are sizes, and that an initializer makes what it was asked for."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..errors import ArgumentError, ShapeError
from .parameter import Parameter


def check_sizes(who: str, **sizes: Any) -> None:
    """Raise unless each size is an integer of at least 1."""
    names, verb = listed(sizes), "is" if len(sizes) == 1 else "are"
    if not all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in sizes.values()):
        kind = "an integer" if len(sizes) == 1 else "integers"
        raise ArgumentError(
            f"{who}: {names} {verb} {kind}; got {listed(map(repr, sizes.values()))}. A quotient is an "
            "integer by //."
        )
    if min(sizes.values()) < 1:
        raise ArgumentError(f"{who}: {names} {verb} at least 1; got {listed(map(str, sizes.values()))}.")


def listed(words: Iterable[str]) -> str:
    """Words as in a sentence: a, b and c."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def drawn(
    who: str, init: Callable[..., Any], shape: tuple[int, ...], rng: np.random.Generator, dtype: DTypeLike
) -> Parameter:
    """The weights that an initializer makes, in the layer's dtype."""
    if not callable(init):
        raise ArgumentError(f"{who}: init is a function, such as nn.init.he_normal; got {init!r}.")
    weights = Parameter(init(shape, rng=rng, dtype=dtype), dtype=dtype)
    if weights.shape != shape:
        raise ShapeError(f"{who}: init was asked for weights of shape {shape} and made {weights.shape}.")
    return weights
