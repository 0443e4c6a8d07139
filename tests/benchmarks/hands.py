"""Layers as one writes them by hand in NumPy, in place, for speed: forward and backward of an array.

Each function is given the input, the gradient of the output and the layer's weights, makes the memory that it
needs, and returns a step that computes the output and all gradients.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.ops.erf import SINGLE

Step = Callable[[], Any]


def relu(x: Any, g: Any) -> Step:
    y, d = np.empty_like(x), np.empty_like(x)

    def step() -> None:
        np.clip(x, 0, np.inf, out=y)
        np.ceil(y, out=d)  # a mask of booleans would lose NaN
        np.clip(d, 0, 1, out=d)
        np.multiply(d, g, out=d)

    return step


def leaky_relu(x: Any, g: Any) -> Step:
    y, d = np.empty_like(x), np.empty_like(x)

    def step() -> None:
        np.multiply(x, 0.01, out=y)
        np.maximum(x, y, out=y)
        np.ceil(x, out=d)
        np.clip(d, 0.01, 1, out=d)
        np.multiply(d, g, out=d)

    return step


def gelu(x: Any, g: Any) -> Step:
    a, e, t, q, y, d = (np.empty_like(x) for _ in range(6))

    def step() -> None:
        np.absolute(x, out=a)
        np.clip(a, 0, 40, out=a)
        np.multiply(x, x, out=e)
        np.multiply(e, -0.5, out=e)
        np.exp(e, out=e)
        np.multiply(a, math.sqrt(0.5), out=a)
        np.add(a, 4, out=t)
        np.divide(-8, t, out=t)
        np.add(t, 1, out=t)
        np.multiply(t, SINGLE[0], out=q)
        for c in SINGLE[1:-1]:
            np.add(q, c, out=q)
            np.multiply(q, t, out=q)
        np.add(q, SINGLE[-1], out=q)
        np.multiply(a, 2, out=a)
        np.add(a, 1, out=a)
        np.divide(q, a, out=q)
        np.multiply(q, e, out=q)
        np.multiply(q, 0.5, out=q)  # of the tail; the rest is 1 less it
        np.ceil(x, out=t)
        np.clip(t, 0, 1, out=t)
        np.subtract(t, q, out=q)
        np.absolute(q, out=q)
        np.multiply(x, q, out=y)
        np.multiply(e, 1 / math.sqrt(2 * math.pi), out=d)
        np.multiply(d, x, out=d)
        np.add(d, q, out=d)
        np.multiply(d, g, out=d)

    return step


def hardsigmoid(x: Any, g: Any) -> Step:
    y, d = np.empty_like(x), np.empty_like(x)

    def step() -> None:
        np.add(x, 3, out=y)
        np.clip(y, 0, 6, out=y)
        np.multiply(y, 1 / 6, out=y)
        np.absolute(x, out=d)
        np.subtract(3, d, out=d)
        np.ceil(d, out=d)
        np.clip(d, 0, 1, out=d)
        np.multiply(d, 1 / 6, out=d)
        np.multiply(d, g, out=d)

    return step


def hardswish(x: Any, g: Any) -> Step:
    y, d, s, b = (np.empty_like(x) for _ in range(4))

    def step() -> None:
        np.add(x, 3, out=s)
        np.clip(s, 0, 6, out=s)
        np.multiply(s, 1 / 6, out=s)
        np.clip(x, -3, np.inf, out=y)
        np.multiply(y, s, out=y)
        np.absolute(x, out=d)
        np.subtract(3, d, out=d)
        np.ceil(d, out=d)
        np.clip(d, 0, 1, out=d)
        np.clip(x, -3, 3, out=b)
        np.multiply(b, 1 / 6, out=b)
        np.multiply(d, b, out=d)
        np.add(d, s, out=d)
        np.multiply(d, g, out=d)

    return step


def softmax(x: Any, g: Any) -> Step:
    y, d, ones = np.empty_like(x), np.empty_like(x), np.ones(x.shape[-1], x.dtype)

    def step() -> None:
        np.subtract(x, np.maximum.reduce(x, axis=-1, keepdims=True), out=y)
        np.exp(y, out=y)
        np.divide(y, (y @ ones)[:, None], out=y)
        np.subtract(g, np.vecdot(g, y)[:, None], out=d)
        np.multiply(d, y, out=d)

    return step


def log_softmax(x: Any, g: Any) -> Step:
    y, d, ones = np.empty_like(x), np.empty_like(x), np.ones(x.shape[-1], x.dtype)

    def step() -> None:
        np.subtract(x, np.maximum.reduce(x, axis=-1, keepdims=True), out=y)
        np.exp(y, out=d)
        np.subtract(y, np.log(d @ ones)[:, None], out=y)
        np.exp(y, out=d)
        np.multiply(d, (g @ ones)[:, None], out=d)
        np.subtract(g, d, out=d)

    return step


def layer_norm(x: Any, g: Any, weight: Any, bias: Any) -> Step:
    n, rows = x.shape[-1], np.ones(x.shape[0], x.dtype)
    ones, z, y, h, d = np.ones(n, x.dtype), *(np.empty_like(x) for _ in range(4))

    def step() -> None:
        np.subtract(x, (x @ ones)[:, None] / n, out=z)
        s = np.sqrt(np.vecdot(z, z) / n + 1e-5)[:, None]
        np.divide(z, s, out=z)
        np.multiply(z, weight, out=y)
        np.add(y, bias, out=y)
        np.multiply(g, z, out=d)
        _ = rows @ d, rows @ g  # the gradients of weight and bias
        np.multiply(g, weight, out=h)
        np.multiply(z, np.vecdot(h, z)[:, None] / -n, out=d)
        np.add(d, h, out=d)
        np.subtract(d, (h @ ones)[:, None] / n, out=d)
        np.divide(d, s, out=d)

    return step


def rms_norm(x: Any, g: Any, weight: Any) -> Step:
    n, rows = x.shape[-1], np.ones(x.shape[0], x.dtype)
    z, y, h, d = (np.empty_like(x) for _ in range(4))

    def step() -> None:
        s = np.sqrt(np.vecdot(x, x) / n + 1.2e-7)[:, None]
        np.divide(x, s, out=z)
        np.multiply(z, weight, out=y)
        np.multiply(g, z, out=d)
        _ = rows @ d
        np.multiply(g, weight, out=h)
        np.multiply(z, np.vecdot(h, z)[:, None] / -n, out=d)
        np.add(d, h, out=d)
        np.divide(d, s, out=d)

    return step


def batch_norm(x: Any, g: Any, weight: Any, bias: Any, *running: Any) -> Step:
    n, rows = x.shape[0], np.ones(x.shape[0], x.dtype)
    z, y, h, d = (np.empty_like(x) for _ in range(4))

    def step() -> None:
        np.subtract(x, rows @ x / n, out=z)
        np.multiply(z, z, out=h)
        r = 1 / np.sqrt(rows @ h / n + 1e-5)
        np.multiply(z, weight * r, out=y)
        np.add(y, bias, out=y)
        np.multiply(g, z, out=h)
        of_bias, of_z = rows @ g, rows @ h
        np.multiply(z, r * r * of_z / -n, out=d)
        np.add(d, g, out=d)
        np.subtract(d, of_bias / n, out=d)
        np.multiply(d, weight * r, out=d)

    return step


HANDS: dict[str, Callable[..., Step]] = {
    "ReLU": relu, "LeakyReLU": leaky_relu, "GELU": gelu, "Hardsigmoid": hardsigmoid, "Hardswish": hardswish,
    "Softmax": softmax, "LogSoftmax": log_softmax, "LayerNorm": layer_norm, "RMSNorm": rms_norm,
    "BatchNorm1d": batch_norm,
}  # fmt: skip
