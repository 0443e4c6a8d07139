"""Layers of rows, and losses, as one writes them by hand in NumPy, in place, for speed.

Each function is given the input, the gradient of the output and the layer's weights, or a loss's target,
makes the memory that it needs, and returns a step that computes the output and all gradients.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Step = Callable[[], Any]
CACHE = 1 << 18  # bytes of rows that are computed at a time


def rows_at_once(x: Any) -> int:
    """How many rows of x are computed at a time: all that fit, and more than none."""
    return max(1, min(len(x), CACHE * len(x) // x.nbytes))


def softmax(x: Any, g: Any) -> Step:
    y, d, ones = np.empty_like(x), np.empty_like(x), np.ones(x.shape[-1], x.dtype)

    def step() -> Any:
        np.subtract(x, np.maximum.reduce(x, axis=-1, keepdims=True), out=y)
        np.exp(y, out=y)
        np.divide(y, (y @ ones)[:, None], out=y)
        np.subtract(g, np.vecdot(g, y)[:, None], out=d)
        np.multiply(d, y, out=d)
        return y, d

    return step


def log_softmax(x: Any, g: Any) -> Step:
    y, d, ones = np.empty_like(x), np.empty_like(x), np.ones(x.shape[-1], x.dtype)

    def step() -> Any:
        np.subtract(x, np.maximum.reduce(x, axis=-1, keepdims=True), out=y)
        np.exp(y, out=d)
        np.subtract(y, np.log(d @ ones)[:, None], out=y)
        np.exp(y, out=d)
        np.multiply(d, (g @ ones)[:, None], out=d)
        np.subtract(g, d, out=d)
        return y, d

    return step


def layer_norm(x: Any, g: Any, weight: Any, bias: Any) -> Step:
    n, few = x.shape[-1], rows_at_once(x)
    ones, rows, z, y, d = np.ones(n, x.dtype), np.ones(few, x.dtype), *(np.empty_like(x) for _ in range(3))
    h, r, ofs = np.empty_like(x[:few]), np.empty_like(x[:, :1]), np.empty((2, n), x.dtype)

    def forward(x: Any, z: Any, y: Any, r: Any) -> None:
        np.subtract(x, (x @ ones)[:, None] / n, out=z)
        np.divide(1, np.sqrt(np.vecdot(z, z) / n + 1e-5)[:, None], out=r)
        np.multiply(z, r, out=z)
        np.multiply(z, weight, out=y)
        np.add(y, bias, out=y)

    def backward(g: Any, z: Any, d: Any, r: Any, h: Any, rows: Any) -> None:
        np.multiply(g, z, out=h)
        of_z, of_one = (h @ weight)[:, None] / n, (g @ weight)[:, None] / n
        np.add(ofs, [rows @ h, rows @ g], out=ofs)  # the gradients of weight and bias
        np.multiply(g, weight, out=d)
        np.multiply(z, of_z, out=h)
        np.subtract(d, h, out=d)
        np.subtract(d, of_one, out=d)
        np.multiply(d, r, out=d)

    def step() -> Any:
        for i in range(0, len(x), few):
            forward(*(a[i : i + few] for a in (x, z, y, r)))
        ofs[...] = 0
        for i in range(0, len(x), few):
            part = [a[i : i + few] for a in (g, z, d, r)]
            backward(*part, h[: len(part[0])], rows[: len(part[0])])
        return y, d

    return step


def rms_norm(x: Any, g: Any, weight: Any) -> Step:
    n, rows = x.shape[-1], np.ones(x.shape[0], x.dtype)
    z, y, h, d = (np.empty_like(x) for _ in range(4))

    def step() -> Any:
        s = np.sqrt(np.vecdot(x, x) / n + 1.2e-7)[:, None]
        np.divide(x, s, out=z)
        np.multiply(z, weight, out=y)
        np.multiply(g, z, out=d)
        _ = rows @ d
        np.multiply(g, weight, out=h)
        np.multiply(z, np.vecdot(h, z)[:, None] / -n, out=d)
        np.add(d, h, out=d)
        np.divide(d, s, out=d)
        return y, d

    return step


def batch_norm(x: Any, g: Any, weight: Any, bias: Any, *running: Any) -> Step:
    n, rows, few = x.shape[0], np.ones(x.shape[0], x.dtype), rows_at_once(x)
    z, y, d = (np.empty_like(x) for _ in range(3))
    parts = [slice(i, i + few) for i in range(0, n, few)]

    def step() -> Any:
        np.subtract(x, rows @ x / n, out=z)
        r = 1 / np.sqrt(np.einsum("ij,ij->j", z, z) / n + 1e-5)
        steep = weight * r
        for k in parts:
            np.multiply(z[k], steep, out=y[k])
            np.add(y[k], bias, out=y[k])
        of_bias, of_z = rows @ g / n, np.einsum("ij,ij->j", g, z)
        of_z *= r * r / -n
        for k in parts:
            np.multiply(z[k], of_z, out=d[k])
            np.add(d[k], g[k], out=d[k])
            np.subtract(d[k], of_bias, out=d[k])
            np.multiply(d[k], steep, out=d[k])
        return y, d

    return step


def cross_entropy(x: Any, target: Any) -> Step:
    (n, c), p = x.shape, np.empty_like(x)
    ones, labelled, flat = np.ones(c, x.dtype), np.arange(n) * c + target, p.reshape(-1)

    def step() -> Any:
        np.subtract(x, np.maximum.reduce(x, axis=1, keepdims=True), out=p)
        picked = flat[labelled]
        np.exp(p, out=p)
        sums = p @ ones
        loss = np.add.reduce(np.log(sums) - picked) / n
        np.multiply(p, (1 / (n * sums))[:, None], out=p)
        flat[labelled] -= np.float32(1 / n)
        return loss, p

    return step


def smooth_l1(x: Any, target: Any) -> Step:
    e, d, y = (np.empty_like(x) for _ in range(3))
    n, flats = x.size, [a.reshape(-1) for a in (e, y)]

    def step() -> Any:
        np.subtract(x, target, out=e)
        np.clip(e, -1, 1, out=d)
        np.multiply(d, -0.5, out=y)
        np.add(y, e, out=y)
        np.multiply(y, d, out=y)
        loss = np.add.reduce(flats[1]) / n
        np.multiply(d, np.float32(1 / n), out=d)
        return loss, d

    return step


def cross_entropy_of_logits(x: Any, target: Any) -> Step:
    """The binary one: log(1 + e) + x (s - t) with e = exp(-|x|) and s = 1 where x > 0, and its slope."""
    y, d, few = np.empty_like(x), np.empty_like(x), rows_at_once(x)
    e, s, u = (np.empty_like(x[:few]) for _ in range(3))
    n, flat = x.size, y.reshape(-1)

    def some(x: Any, t: Any, y: Any, d: Any, e: Any, s: Any, u: Any) -> None:
        np.absolute(x, out=e)
        np.negative(e, out=e)
        np.exp(e, out=e)
        np.add(e, 1, out=u)  # log1p, whose own loop takes several times as long
        np.subtract(u, 1, out=y)
        np.subtract(e, y, out=d)
        np.log(u, out=y)
        np.add(y, d, out=y)
        np.ceil(x, out=s)
        np.clip(s, 0, 1, out=s)
        np.subtract(s, t, out=d)
        np.multiply(d, x, out=d)
        np.add(y, d, out=y)
        np.maximum(e, s, out=d)
        np.divide(d, u, out=d)
        np.subtract(d, t, out=d)
        np.multiply(d, np.float32(1 / n), out=d)

    def step() -> Any:
        for i in range(0, len(x), few):
            part = [a[i : i + few] for a in (x, target, y, d)]
            some(*part, *(a[: len(part[0])] for a in (e, s, u)))
        return np.add.reduce(flat) / n, d

    return step


def mse(x: Any, target: Any) -> Step:
    e = np.empty_like(x)
    n, flat = x.size, e.reshape(-1)

    def step() -> Any:
        np.subtract(x, target, out=e)
        loss = flat @ flat / n
        np.multiply(e, np.float32(2 / n), out=e)
        return loss, e

    return step


HANDS: dict[str, Callable[..., Step]] = {
    "Softmax": softmax, "LogSoftmax": log_softmax, "LayerNorm": layer_norm, "RMSNorm": rms_norm,
    "BatchNorm1d": batch_norm, "CrossEntropyLoss": cross_entropy, "SmoothL1Loss": smooth_l1, "MSELoss": mse,
    "BCEWithLogitsLoss": cross_entropy_of_logits,
}  # fmt: skip
