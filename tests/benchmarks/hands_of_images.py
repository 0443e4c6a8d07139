"""Layers of images as one writes them by hand in NumPy, in place, for speed, with the batch last in memory.

Each function is given images (n, c, h, w), the gradient of the output and the layer's weights, makes the
memory that it needs, and returns a step that computes the output and all gradients, on arrays (c, h, w, n).
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Step = Callable[[], Any]
CACHE = 1 << 19  # bytes of windows that are multiplied at a time


def last(x: Any) -> Any:
    """Images with the batch last, (c, h, w, n)."""
    return np.ascontiguousarray(np.moveaxis(x, 0, -1))


def batch_first(x: Any) -> Any:
    """Images with the batch first again."""
    return np.moveaxis(x, -1, 0)


def batch_norm(x: Any, g: Any, weight: Any, bias: Any, *running: Any) -> Step:
    shape, c = last(x).shape, x.shape[1]
    x, g = last(x).reshape(c, -1), last(g).reshape(c, -1)
    z, y, h, d = (np.empty_like(x) for _ in range(4))
    n = x.shape[1]
    ones = np.ones(n, x.dtype)

    def step() -> Any:
        np.subtract(x, (x @ ones)[:, None] / n, out=z)
        r = 1 / np.sqrt(np.vecdot(z, z) / n + 1e-5)
        steep = (weight * r)[:, None]
        np.multiply(z, steep, out=y)
        np.add(y, bias[:, None], out=y)
        of_bias, of_z = g @ ones, np.vecdot(g, z)
        np.multiply(z, (r * r * of_z / n)[:, None], out=h)
        np.subtract(g, h, out=d)
        np.subtract(d, (of_bias / n)[:, None], out=d)
        np.multiply(d, steep, out=d)
        return batch_first(y.reshape(shape))

    return step


def group_norm(x: Any, g: Any, weight: Any, bias: Any, groups: int = 4) -> Step:
    shape, (n, c) = last(x).shape, x.shape[:2]
    size = x[0, 0].size
    k = next(k for k in range(math.isqrt(size), 0, -1) if size % k == 0)  # places side by side, for long rows
    x, g = (last(a).reshape(c, size // k, k * n) for a in (x, g))
    z, y, d = (np.empty_like(x) for _ in range(3))
    h, ones, count = np.empty_like(x[0]), np.ones(size, x.dtype), c // groups * size
    w, b, few = weight[:, None], bias[:, None, None], np.ones(k, x.dtype)

    def sums(a: Any) -> Any:  # of each channel and example, (c, n)
        return ones @ a.reshape(c, size, n)

    def dots(a: Any, b: Any) -> Any:
        if a.size < 1 << 16:
            return sums(np.multiply(a, b, out=d))
        return few @ np.einsum("crj,crj->cj", a, b).reshape(c, k, n)

    def means(a: Any) -> Any:  # of each group and example
        return np.repeat(np.add.reduce(a.reshape(groups, -1, n), 1) / count, c // groups, 0)

    def rows(a: Any) -> Any:
        return np.repeat(a[:, None], k, 1).reshape(c, 1, -1)

    def step() -> Any:
        np.subtract(x, rows(means(sums(x))), out=z)
        r = 1 / np.sqrt(means(dots(z, z)) + 1e-5)
        steep, of_one, of_z = r * w, sums(g), dots(g, z)
        of_z, of_one = rows(-r * r * means(steep * of_z)), rows(means(steep * of_one))
        steep = rows(steep)
        for i in range(c):
            np.multiply(z[i], steep[i], out=y[i])
            np.add(y[i], b[i], out=y[i])
        for i in range(c):
            np.multiply(z[i], of_z[i], out=d[i])
            np.multiply(g[i], steep[i], out=h)
            np.add(d[i], h, out=d[i])
            np.subtract(d[i], of_one[i], out=d[i])
        return batch_first(y.reshape(shape))

    return step


class Windows:
    """Windows of a kernel on padded images (c, h, w, n), copied some rows at a time."""

    def __init__(self, shape: tuple[int, ...], k: int, padding: int, dtype: Any) -> None:
        c, h, w, n = shape
        self.padded = np.zeros((c, h + 2 * padding, w + 2 * padding, n), dtype)
        self.inner = self.padded[:, padding : padding + h, padding : padding + w]
        view = np.lib.stride_tricks.sliding_window_view(self.padded, (k, k), axis=(1, 2))
        self.seen = view.transpose(0, 4, 5, 1, 2, 3)  # (c, k, k, rows, columns, n)
        self.rows, self.row = h, c * k * k * w * n
        self.few = max(1, min(h, CACHE // (self.row * self.padded.itemsize)))
        self.memory = np.empty(self.row * self.few, dtype)
        self.depth, self.length = c * k * k, w * n

    def blocks(self) -> Iterator[tuple[slice, Any]]:
        for row in range(0, self.rows, self.few):
            some = self.seen[:, :, :, row : row + self.few]
            block = self.memory[: some.size].reshape(some.shape)
            block[...] = some
            start = row * self.length
            yield slice(start, start + some.shape[3] * self.length), block.reshape(self.depth, -1)


def convolution(
    x: Any, g: Any, weight: Any, bias: Any, *, padding: int = 0, groups: int = 1, stride: int = 1
) -> Step | None:
    """Windows as columns, times the kernels; the way back to the image is one of turned kernels."""
    (n, c, h, w), (o, per, k, _) = x.shape, weight.shape
    if stride != 1 or 2 * padding != k - 1 or k == 1:
        return None
    x, g = last(x), last(g)
    y, d = np.empty_like(g), np.empty_like(x)
    outputs = o // groups
    parts = [
        (slice(i * per, i * per + per), slice(i * outputs, i * outputs + outputs)) for i in range(groups)
    ]
    shape, size = (per, h, w, n), h * w * n
    on_x, on_g = Windows(shape, k, padding, x.dtype), Windows((outputs, h, w, n), k, padding, x.dtype)
    grad = np.empty_like(weight)
    flat_y, flat_g, flat_d = y.reshape(o, size), g.reshape(o, size), d.reshape(c, size)

    def step() -> Any:
        for into, out in parts:
            kernels = weight[out].reshape(outputs, -1)
            turned = weight[out, :, ::-1, ::-1].transpose(1, 0, 2, 3).reshape(per, -1)
            on_x.inner[...] = x[into]
            for where, block in on_x.blocks():
                np.matmul(kernels, block, out=flat_y[out, where])
            of_weight = np.zeros((per * k * k, outputs), x.dtype)
            for where, block in on_x.blocks():
                of_weight += block @ flat_g[out, where].T
            grad[out] = of_weight.T.reshape(outputs, per, k, k)
            on_g.inner[...] = g[out]
            for where, block in on_g.blocks():
                np.matmul(turned, block, out=flat_d[into, where])
        np.add(flat_y, bias[:, None], out=flat_y)
        _ = flat_g @ np.ones(size, x.dtype)
        return batch_first(y)

    return step


def depthwise(x: Any, g: Any, weight: Any, bias: Any, padding: int) -> Step:
    """Padded images as vectors, shifted, times the kernel's numbers, a channel at a time."""
    (n, c, h, w), k = x.shape, weight.shape[-1]
    x, g = last(x), last(g)
    y, d = np.empty_like(g), np.empty_like(x)
    wide = w + 2 * padding
    framed = np.zeros((h + 2 * padding, wide, n), x.dtype)
    inner, flat = framed[padding : padding + h, padding : padding + w], framed.reshape(-1)
    length, apart = ((h - 1) * wide + w) * n, np.zeros((h, wide, n), x.dtype)
    sums, term, grad = apart.reshape(-1)[:length], np.empty(length, x.dtype), np.empty_like(weight)
    seen = [flat[(i * wide + j) * n :][:length] for i in range(k) for j in range(k)]

    def spread(image: Any, numbers: Any, out: Any) -> None:
        inner[...] = image
        np.multiply(seen[0], numbers[0], out=sums)
        for a, number in zip(seen[1:], numbers[1:]):
            np.multiply(a, number, out=term)
            np.add(sums, term, out=sums)
        out[...] = apart[:, :w]

    def step() -> Any:
        for channel in range(c):
            numbers = weight[channel].reshape(-1)
            spread(x[channel], numbers, y[channel])
            y[channel] += bias[channel]
            apart[:, w:] = 0
            apart[:, :w] = g[channel]
            grad[channel] = np.reshape([sums @ a for a in seen], (1, k, k))
            spread(g[channel], numbers[::-1], d[channel])
        return batch_first(y)

    return step


def of_convolution(x: Any, g: Any, weight: Any, bias: Any, **settings: int) -> Step | None:
    if settings.get("groups") == x.shape[1]:
        return depthwise(x, g, weight, bias, settings["padding"])
    return convolution(x, g, weight, bias, **settings)


HANDS: dict[str, Callable[..., Step | None]] = {
    "BatchNorm2d": batch_norm, "GroupNorm": group_norm, "Conv2d": of_convolution,
}  # fmt: skip
