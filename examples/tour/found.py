"""What a piece of the tour returns, and how the pieces find a minimum."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import tinygrad_edu as tg


class Found(NamedTuple):
    """What a piece has found: in words, the function with inputs for gradcheck, and a picture or none."""

    text: str
    f: Callable[..., Any]
    inputs: tuple[Any, ...]
    draw: Callable[[Any], None] | None = None


def fit(loss: Callable[..., Any], start: Any, steps: int = 100) -> np.ndarray:
    """Where a loss of one array is least, by L-BFGS from a start."""
    x = tg.Tensor(np.asarray(start, float), requires_grad=True)
    optimizer = tg.optim.LBFGS([x], max_iter=steps)

    def closure() -> Any:
        optimizer.zero_grad()
        value = loss(x)
        value.backward()
        return value

    optimizer.step(closure)
    return x.data
