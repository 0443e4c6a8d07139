"""Layers of images as one writes them by hand in NumPy, in place, for speed, with the batch last in memory.

Each function is given images (n, c, h, w), the gradient of the output and the layer's weights, makes the
memory that it needs, and returns a step that computes the output and all gradients, on arrays (c, h, w, n).
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Step = Callable[[], Any]
Shape = tuple[int, ...]
CACHE, POSITIONS = 1 << 20, 224  # bytes of copies, and windows in a product of matrices, at a time


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
    """Windows of a kernel on images (c, h, w, n), as matrices (rows, kh · c · kw, positions), some at a time.

    The rows of the image lie outermost in the copy, so that windows below each other share them; where rows
    are short, several make one matrix.
    """

    def __init__(self, shape: Shape, kernel: Shape, padding: Shape, dtype: Any) -> None:
        (c, h, w, n), (kh, kw), (ph, pw) = shape, kernel, padding
        padded = np.zeros((c, h + 2 * ph, w + 2 * pw, n), dtype)
        self.inner, self.narrow = padded[:, ph : ph + h, pw : pw + w], w * n < 64
        seen = np.lib.stride_tricks.sliding_window_view(padded, kw, axis=2).transpose(1, 0, 4, 2, 3)
        columns = next(k for k in range(min(w, max(1, POSITIONS // n)), 0, -1) if w % k == 0)
        rows = max(1, min(h, CACHE // (c * kw * columns * n * padded.itemsize) - kh + 1))
        lines = np.empty((rows + kh - 1, c, kw, columns, n), dtype)
        tall = np.lib.stride_tricks.sliding_window_view(lines, kh, axis=0).transpose(0, 5, 1, 2, 3, 4)
        self.parts = [
            (lines[: min(rows, h - i) + kh - 1], seen[i : i + rows + kh - 1, :, :, j : j + columns],
             tall[: h - i], (slice(None), slice(i, i + rows), slice(j, j + columns)))
            for j in range(0, w, columns) for i in range(0, h, rows)
        ]  # fmt: skip

    def of(self, x: Any) -> Iterator[tuple[Any, Any]]:
        """The matrices, and where their outputs are."""
        self.inner[...] = x
        for lines, seen, tall, where in self.parts:
            lines[...] = seen
            r, kh, c, kw, q, n = tall.shape
            if self.narrow:
                yield tall.transpose(1, 2, 3, 0, 4, 5).reshape(1, kh * c * kw, r * q * n), where
            else:
                yield tall.reshape(r, kh * c * kw, q * n), where

    def part(self, y: Any, where: Any) -> Any:
        """What of outputs (o, h, w, n) is there, (rows, o, positions)."""
        o, r, q, n = y[where].shape
        some = y[where].reshape(o, 1, r * q * n) if self.narrow else y[where].reshape(o, r, q * n)
        return some.transpose(1, 0, 2)


def convolution(
    x: Any, g: Any, weight: Any, bias: Any, *, padding: int = 0, groups: int = 1, stride: int = 1
) -> Step | None:
    """Windows as columns, times the kernels; the way back to the image is one of turned kernels."""
    o, per, kh, kw = weight.shape
    if stride != 1 or 2 * padding != kw - 1 or kw == 1:
        return None
    x, g = last(x), last(g)
    y, d, around = np.empty_like(g), np.empty_like(x), (padding if kh > 1 else 0, padding)
    outputs, grad = o // groups, np.empty_like(weight)
    parts = [
        (slice(i * per, i * per + per), slice(i * outputs, i * outputs + outputs)) for i in range(groups)
    ]
    on_x, on_g = (Windows((k, *x.shape[1:]), (kh, kw), around, x.dtype) for k in (per, outputs))
    flat_y, flat_g, ones = y.reshape(o, -1), g.reshape(o, -1), np.ones(g[0].size, x.dtype)

    def step() -> Any:
        for into, out in parts:
            kernels = weight[out].transpose(0, 2, 1, 3).reshape(outputs, -1)
            turned = weight[out, :, ::-1, ::-1].transpose(1, 2, 0, 3).reshape(per, -1)
            for seen, where in on_x.of(x[into]):
                np.matmul(kernels, seen, out=on_x.part(y[out], where))
            of_weight = np.zeros((per * kh * kw, outputs), x.dtype)
            for seen, where in on_x.of(x[into]):
                some = on_x.part(g[out], where).transpose(0, 2, 1)
                for product in np.matmul(seen, some if outputs > 32 else some.copy()):
                    of_weight += product
            grad[out] = of_weight.T.reshape(outputs, kh, per, kw).transpose(0, 2, 1, 3)
            for seen, where in on_g.of(g[out]):
                np.matmul(turned, seen, out=on_g.part(d[into], where))
        np.add(flat_y, bias[:, None], out=flat_y)
        _ = flat_g @ ones
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


def of_sequences(x: Any, g: Any, weight: Any, bias: Any, **settings: int) -> Step | None:
    """Sequences as images of one row."""
    step = convolution(x[:, :, None], g[:, :, None], weight[:, :, None], bias, **settings)
    return step and (lambda: step()[:, :, 0])


HANDS: dict[str, Callable[..., Step | None]] = {
    "BatchNorm2d": batch_norm, "GroupNorm": group_norm, "Conv2d": of_convolution,
    "Conv1d": of_sequences,
}  # fmt: skip
