"""Layers as one writes them by hand in NumPy, in place, for speed: forward and backward of an array."""

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], Any]


def leaky_relu(x: Any, g: Any) -> Step:
    y, d, positive = np.empty_like(x), np.empty_like(x), np.empty(x.shape, bool)

    def step() -> None:
        np.multiply(x, 0.01, out=y)
        np.maximum(x, y, out=y)
        np.greater(x, 0, out=positive)
        np.multiply(positive, 0.99, out=d)
        np.add(d, 0.01, out=d)
        np.multiply(d, g, out=d)

    return step


HANDS: dict[str, Callable[..., Step]] = {"LeakyReLU": leaky_relu}
