"""Large operations in a few lines of NumPy: a lesson defines each of them once, and calls it by its name.

They sum in the order in which the operations themselves do, and so give the same bits; what they leave out is
what saves memory.
"""

from typing import Any

import numpy as np


def windows_on(x: Any, kernel: Any, padding: Any) -> Any:
    """What a kernel sees at each place of images (n, c, h, w): a view (kh, c, kw, rows, columns, n)."""
    x = np.pad(x.transpose(1, 2, 3, 0), ((0, 0), *zip(padding, padding), (0, 0)))  # the batch last
    return np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(1, 2)).transpose(4, 0, 5, 1, 2, 3)


def convolve(x: Any, weight: Any, few: Any, padding: Any = (0, 0), stride: Any = 1) -> Any:
    """Kernels (o, c, kh, kw) times windows, so few at a time that they fit a cache: (n, o, rows, columns)."""
    seen = windows_on(x, weight.shape[2:], padding)[:, :, :, ::stride, ::stride]
    kernels, windows = weight.swapaxes(1, 2).reshape(len(weight), -1), seen.reshape(weight[0].size, -1)
    y = [kernels @ windows[:, i : i + few] for i in range(0, windows.shape[1], few)]
    return np.concatenate(y, axis=1).reshape(-1, *seen.shape[3:]).transpose(3, 0, 1, 2)


def correlate(x: Any, d_y: Any, shape: Any, few: Any, padding: Any = (0, 0), stride: Any = 1) -> Any:
    """The gradient of a convolution in its weights: windows times the gradients of what they gave."""
    seen, o = windows_on(x, shape[2:], padding)[:, :, :, ::stride, ::stride], shape[0]
    x, d_y = seen.reshape(-1, d_y[:, 0].size), d_y.transpose(1, 2, 3, 0).reshape(o, -1).T
    row = max(few, seen[0, 0, 0, 0].size)
    d_w = (x[:, i : i + few] @ d_y[i : i + few] for j in range(0, row, few) for i in range(j, len(d_y), row))
    return sum(d_w).T.reshape(o, *seen.shape[:3]).swapaxes(1, 2)


def spread(d_y: Any, weight: Any, shape: Any, padding: Any = (0, 0), stride: Any = 1) -> Any:
    """The gradient of a convolution in its images (n, c, h, w): each window gets what it gave, once more."""
    (n, c, h, w), (o, _, kh, kw), (_, _, rows, columns), (ph, pw) = shape, weight.shape, d_y.shape, padding
    pieces = weight.reshape(o, -1).T @ d_y.transpose(1, 2, 3, 0).reshape(o, -1)
    pieces = pieces.reshape(c, kh, kw, rows, columns, n)
    d_x = np.zeros((c, h + 2 * ph, w + 2 * pw, n), d_y.dtype)
    for i, j in np.ndindex(kh, kw):
        d_x[:, i : i + stride * rows : stride, j : j + stride * columns : stride] += pieces[:, i, j]
    return d_x[:, ph : ph + h, pw : pw + w].transpose(3, 0, 1, 2)


def max_pool(x: Any, k: Any) -> Any:
    """The largest of each k × k elements, and at which place among them it stands first."""
    largest, place = x[..., ::k, ::k], np.array(0)
    for p, (i, j) in enumerate(np.ndindex(k, k)):
        larger = np.maximum(largest, x[..., i::k, j::k])
        largest, place = larger, np.where((larger != largest) & (largest == largest), p, place)
    return largest, place


def max_pool_gradient(d_y: Any, largest: Any, place: Any, k: Any) -> Any:
    """The gradient goes to the element that was the largest; where that is NaN, it is NaN."""
    d_x = np.zeros_like(largest, shape=np.multiply(largest.shape, (1, 1, k, k)))
    for p, (i, j) in enumerate(np.ndindex(k, k)):
        d_x[..., i::k, j::k] = np.where(largest == largest, d_y, largest) * (place == p)
    return d_x
