"""Elementwise layers as one writes them by hand in NumPy, for speed: in place, and a block at a time.

Each function is given a block of the input, of the gradient of the output, of the output and of the input's
gradient, and scratch memory, and returns a step that computes the output and the gradient.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.ops.erf import SINGLE
from tinygrad_edu.ops.exponential import SELU_ALPHA, SELU_SCALE
from tinygrad_edu.ops.near_one import AT_NEAR, EVEN, NEAR

Step = Callable[[], Any]
BLOCK = 1 << 15  # elements


def by_blocks(count: int) -> Callable[[Callable[..., Step]], Callable[..., Step]]:
    """Make of a step on blocks, which all use the same ``count`` arrays of scratch memory, one on arrays."""

    def decorate(make: Callable[..., Step]) -> Callable[..., Step]:
        def whole(x: Any, g: Any, **settings: Any) -> Step:
            y, d = np.empty_like(x), np.empty_like(x)
            scratch = [np.empty(min(BLOCK, x.size), x.dtype) for _ in range(count)]
            vectors, steps = [a.reshape(-1) for a in (x, g, y, d)], []
            for start in range(0, x.size, BLOCK):
                parts = [v[start : start + BLOCK] for v in vectors]
                steps.append(make(*parts, *(a[: parts[0].size] for a in scratch), **settings))

            def step() -> Any:
                for one in steps:
                    one()
                return y, d

            return step

        return whole

    return decorate


def positive(x: Any, out: Any) -> None:
    """1 where x is positive, else 0."""
    np.ceil(x, out=out)  # a mask of booleans would lose NaN
    np.clip(out, 0, 1, out=out)


@by_blocks(0)
def relu(x: Any, g: Any, y: Any, d: Any) -> Step:
    def step() -> None:
        np.clip(x, 0, np.inf, out=y)
        positive(y, d)
        np.multiply(d, g, out=d)

    return step


@by_blocks(0)
def clipped(x: Any, g: Any, y: Any, d: Any, *, low: float, high: float) -> Step:
    middle, half = (low + high) / 2, (high - low) / 2

    def step() -> None:
        np.clip(x, low, high, out=y)
        np.subtract(x, middle, out=d)
        np.absolute(d, out=d)
        np.subtract(half, d, out=d)
        positive(d, d)
        np.multiply(d, g, out=d)

    return step


@by_blocks(0)
def leaky_relu(x: Any, g: Any, y: Any, d: Any) -> Step:
    def step() -> None:
        np.multiply(x, 0.01, out=y)
        np.maximum(x, y, out=y)
        np.ceil(x, out=d)
        np.clip(d, 0.01, 1, out=d)
        np.multiply(d, g, out=d)

    return step


@by_blocks(2)
def elu(x: Any, g: Any, y: Any, d: Any, c: Any, q: Any, *, alpha: float = 1.0, scale: float = 1.0) -> Step:
    k, (fourth, second, one) = alpha * scale, EVEN

    def step() -> None:
        np.clip(x, -np.inf, 0, out=d)
        np.clip(
            d, NEAR, np.inf, out=c
        )  # expm1 near 0, by its series: its own loop takes several times as long
        np.exp(d, out=d)
        np.multiply(c, c, out=q)
        np.multiply(q, fourth / k, out=q)
        np.add(q, second / k, out=q)
        np.multiply(q, c, out=q)
        np.subtract(q, 0.5 / k, out=q)
        np.multiply(q, c, out=q)
        np.add(q, one / k, out=q)
        np.divide(c, q, out=q)
        if k != 1:
            np.multiply(d, k, out=d)
        np.clip(d, -np.inf, AT_NEAR * k, out=c)  # and what is left
        np.subtract(c, AT_NEAR * k, out=c)
        np.add(q, c, out=q)
        if alpha <= 1 and scale == 1:
            np.maximum(x, q, out=y)
        else:
            np.clip(x, 0, np.inf, out=y)
            np.multiply(y, scale, out=y)
            np.add(y, q, out=y)
        if alpha != 1:
            positive(x, c)
            np.multiply(c, scale - k, out=c)
            np.add(d, c, out=d)
        np.multiply(d, g, out=d)

    return step


@by_blocks(4)
def gelu(x: Any, g: Any, y: Any, d: Any, a: Any, e: Any, t: Any, q: Any) -> Step:
    def step() -> None:
        np.absolute(x, out=a)
        np.clip(a, 0, 40, out=a)
        np.multiply(x, x, out=e)
        np.multiply(e, -0.5, out=e)
        np.exp(e, out=e)
        np.multiply(a, math.sqrt(0.5) / 2, out=t)
        np.add(t, 1, out=t)
        np.divide(1, t, out=t)
        np.multiply(t, SINGLE[0], out=q)
        for c in SINGLE[1:-1]:
            np.add(q, c, out=q)
            np.multiply(q, t, out=q)
        np.add(q, SINGLE[-1], out=q)
        np.multiply(q, t, out=q)
        np.multiply(q, e, out=q)
        np.multiply(q, 0.5, out=q)  # of the tail; the rest is 1 less it
        positive(x, t)
        np.subtract(t, q, out=q)
        np.absolute(q, out=q)
        np.multiply(x, q, out=y)
        np.multiply(e, 1 / math.sqrt(2 * math.pi), out=d)
        np.multiply(d, x, out=d)
        np.add(d, q, out=d)
        np.multiply(d, g, out=d)

    return step


@by_blocks(0)
def sigmoid(x: Any, g: Any, y: Any, d: Any) -> Step:
    def step() -> None:
        np.negative(x, out=y)
        np.exp(y, out=y)
        np.add(y, 1, out=y)
        np.divide(1, y, out=y)
        np.subtract(1, y, out=d)
        np.multiply(d, y, out=d)
        np.multiply(d, g, out=d)

    return step


@by_blocks(1)
def silu(x: Any, g: Any, y: Any, d: Any, s: Any) -> Step:
    def step() -> None:
        np.negative(x, out=s)
        np.exp(s, out=s)
        np.add(s, 1, out=s)
        np.divide(1, s, out=s)
        np.clip(x, -800, np.inf, out=y)
        np.multiply(y, s, out=y)
        np.subtract(1, s, out=d)
        np.multiply(d, y, out=d)
        np.add(d, s, out=d)
        np.multiply(d, g, out=d)

    return step


@by_blocks(0)
def softplus(x: Any, g: Any, y: Any, d: Any) -> Step:
    def step() -> None:
        np.absolute(x, out=d)
        np.negative(d, out=d)
        np.exp(d, out=d)
        np.add(d, 1, out=y)  # log1p, whose own loop takes several times as long
        np.subtract(d, y, out=d)
        np.add(d, 1, out=d)
        np.log(y, out=y)
        np.add(y, d, out=y)
        np.clip(x, 0, np.inf, out=d)
        np.add(y, d, out=y)
        np.negative(x, out=d)
        np.exp(d, out=d)
        np.add(d, 1, out=d)
        np.divide(g, d, out=d)

    return step


@by_blocks(3)
def mish(x: Any, g: Any, y: Any, d: Any, b: Any, e: Any, n: Any) -> Step:
    def step() -> None:
        np.clip(x, -800, 22, out=b)
        np.exp(b, out=e)
        np.add(e, 2, out=n)
        np.multiply(n, e, out=n)
        np.add(n, 2, out=d)
        np.divide(n, d, out=n)
        np.multiply(e, 4, out=y)
        np.divide(y, d, out=y)
        np.multiply(b, y, out=b)
        np.add(e, 1, out=e)
        np.divide(e, d, out=e)
        np.multiply(b, e, out=d)
        np.add(d, n, out=d)
        np.multiply(d, g, out=d)
        np.clip(x, -800, np.inf, out=y)
        np.multiply(y, n, out=y)

    return step


@by_blocks(2)
def gelu_tanh(x: Any, g: Any, y: Any, d: Any, h: Any, b: Any) -> Step:
    root, cubic = 2 * math.sqrt(2 / math.pi), 0.044715

    def step() -> None:
        np.clip(x, -40, 40, out=b)
        np.multiply(b, b, out=d)
        np.multiply(d, -cubic * root, out=h)
        np.subtract(h, root, out=h)
        np.multiply(h, b, out=h)
        np.exp(h, out=h)
        np.add(h, 1, out=h)
        np.divide(1, h, out=h)  # half of 1 + tanh
        np.multiply(d, 3 * cubic * root, out=d)
        np.add(d, root, out=d)
        np.multiply(d, b, out=d)
        np.maximum(x, b, out=y)
        np.multiply(y, h, out=y)
        np.subtract(1, h, out=b)
        np.multiply(d, b, out=d)
        np.add(d, 1, out=d)
        np.multiply(d, h, out=d)
        np.multiply(d, g, out=d)

    return step


@by_blocks(0)
def hardsigmoid(x: Any, g: Any, y: Any, d: Any) -> Step:
    def step() -> None:
        np.add(x, 3, out=y)
        np.clip(y, 0, 6, out=y)
        np.multiply(y, 1 / 6, out=y)
        np.absolute(x, out=d)
        np.subtract(3, d, out=d)
        positive(d, d)
        np.multiply(d, 1 / 6, out=d)
        np.multiply(d, g, out=d)

    return step


@by_blocks(1)
def hardswish(x: Any, g: Any, y: Any, d: Any, s: Any) -> Step:
    def step() -> None:
        np.clip(x, -3, 3, out=d)
        np.add(d, 3, out=s)
        np.multiply(s, 1 / 6, out=s)
        np.clip(x, -3, np.inf, out=y)
        np.multiply(y, s, out=y)
        np.multiply(d, 1 / 3, out=d)
        np.trunc(d, out=s)  # 0 between the kinks
        np.multiply(s, 0.5, out=s)
        np.subtract(d, s, out=d)
        np.add(d, 0.5, out=d)
        np.multiply(d, g, out=d)

    return step


def settings(make: Callable[..., Step], **fixed: float) -> Callable[..., Step]:
    """A step with other settings."""
    return lambda x, g: make(x, g, **fixed)


def of_gelu(x: Any, g: Any, approximate: str = "none") -> Step:
    return gelu(x, g) if approximate == "none" else gelu_tanh(x, g)


HANDS: dict[str, Callable[..., Step]] = {
    "ReLU": relu, "LeakyReLU": leaky_relu, "ELU": elu, "CELU": elu, "GELU": of_gelu, "Sigmoid": sigmoid,
    "SELU": settings(elu, alpha=SELU_ALPHA, scale=SELU_SCALE), "SiLU": silu, "Mish": mish,
    "Softplus": softplus,
    "Hardsigmoid": hardsigmoid, "Hardswish": hardswish, "Hardtanh": settings(clipped, low=-1, high=1),
    "ReLU6": settings(clipped, low=0, high=6),
}  # fmt: skip
