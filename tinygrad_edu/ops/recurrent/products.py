"""The products of a recurrent layer: of inputs and states with weights, forwards, and of gradients, back.

`loop` says what the letters and shapes are.  Forwards a step multiplies what it reads by the weights; back,
the products of some steps are taken at once, which is faster.
"""

from collections.abc import Callable
from itertools import repeat
from typing import Any

import numpy as np

from ..contraction import flat
from .loop import Sizes

FEW = 8  # steps that are taken together on the way forwards where sequences differ in length
MANY = 1 << 15  # elements of a W from which few columns of all steps are multiplied at once
ROWS = 64  # of a block of a W; of fewer, BLAS multiplies slower
SMALL = 1_000_000  # multiplications up to which BLAS multiplies matrices where they lie, and copies none


def blocks_of(weight: Any, n: int) -> int:
    """In how many blocks of rows BLAS multiplies a matrix fastest by one of n columns."""
    rows, inner = weight.shape
    if n >= 16 and rows % ROWS == 0 and ROWS * inner * n <= SMALL < rows * inner * n:
        return int(rows // ROWS)
    return 1


def in_blocks(a: Any, count: int) -> Any:
    """The view (…, count, rows / count, columns) of an array (…, rows, columns); itself if count is 1."""
    return a if count == 1 else np.reshape(a, (*a.shape[:-2], count, a.shape[-2] // count, a.shape[-1]))


def product(weight: Any, out: Any, sizes: Sizes) -> tuple[Any, Any, Any]:
    """What multiplies a weight and a state the fastest, step by step, into ``out``: a function, the weight,
    and ``out``, both perhaps in blocks.
    """
    count = blocks_of(weight, out.shape[-1])
    times = fastest(weight, out) if sizes is None and count == 1 else np.matmul
    return times, in_blocks(weight, count), in_blocks(out, count)


def fastest(weight: Any, out: Any) -> Any:
    """What multiplies by a weight, into a whole array: np.dot begins earlier, but writes one dtype only."""
    return np.dot if weight.dtype == out.dtype else np.matmul


def sums(
    x: Any, first: Any, weights: Any, change: Callable[[Any], Any], out: Any, sizes: Sizes
) -> tuple[Any, ...]:
    """Let each step of a loop sum up W_ih x + b + W_hh h.

    Mostly it multiplies x, 1 and h, which lie below each other, by the three weights side by side.  Where
    BLAS multiplies all inputs at once much faster, it multiplies h alone, and adds what that gives.

    Parameters
    ----------
    first : array (N, P)
        The h before the first step.
    weights : tuple of arrays
        W_ih, W_hh and the sum of both biases, or None; ``change`` returns what is used in the place of any.
    out : array (L, m H, N)
        Where the sums go.

    Returns
    -------
    states : array (L + 1, P, N)
        The first, and room for those after each step.
    times, weight, factors, results
        What multiplies, and by what; what is multiplied at each time, and where that is written.
    k : array (m H, N) or None
        What a step adds, if it is to add anything.
    """
    (length, n, inputs), (weight_ih, weight_hh, bias) = x.shape, weights
    apart = is_wide(weight_ih, n)
    above = 0 if apart else inputs + (bias is not None)
    new = np.empty_like if sizes is None else np.zeros_like
    features = new(x, shape=(length + 1, above + first.shape[1], n), order="C")
    states = features[:, above:]
    states[0] = first.T
    if apart:
        sums_of_inputs(x, change(weight_ih), None if bias is None else change(bias), out, sizes)
        k = np.empty_like(x, shape=(weight_hh.shape[0], n), order="C")
        times, weight, k_blocks = product(change(weight_hh), k, sizes)
        return states, times, weight, states[:-1], repeat(k_blocks), k
    features[:-1, :inputs] = np.matrix_transpose(x)
    parts = [weight_ih, weight_hh]
    if bias is not None:  # it is the weight of a feature that is 1
        features[:, inputs] = 1
        parts.insert(1, bias[:, None])
    times, weight, results = product(change(np.concatenate(parts, 1)), out, sizes)
    return states, times, weight, features[:-1], results, None


def is_wide(weight: Any, n: int) -> bool:
    """Whether BLAS multiplies so few columns of a step much slower than those of all steps at once."""
    return bool(n < 16 and weight.size >= MANY)


def sums_of_inputs(x: Any, weight: Any, bias: Any, out: Any, sizes: Sizes) -> None:
    """Write W x + b of all steps into (L, m H, N); where sequences end, a few steps at a time."""
    if bias is not None:  # it is the weight of a last feature, which is 1
        weight = np.concatenate([weight, bias[:, None]], 1)
    if sizes is None:
        _sums(x, weight, out)
        return
    for start in range(0, x.shape[0], FEW):
        here, n = slice(start, start + FEW), sizes[start]
        _sums(x[here, :n], weight, out[here, :, :n])


def _sums(x: Any, weight: Any, out: Any) -> None:
    length, n, inputs = x.shape
    if n == 1 or is_wide(weight, n):
        z = np.reshape(np.matmul(weight[:, :inputs], flat(x).T), (weight.shape[0], length, n))
        np.add(np.swapaxes(z, 0, 1), weight[:, inputs:] if weight.shape[1] > inputs else 0, out=out)
        return
    features = np.ones_like(x, shape=(length, weight.shape[1], n), order="C")
    features[:, :inputs] = np.matrix_transpose(x)
    if (count := blocks_of(weight, n)) > 1:
        features = np.expand_dims(features, 1)
    np.matmul(in_blocks(weight, count), features, out=in_blocks(out, count))


class Gradients:
    """The gradients of x, weights and biases, summed up piece by piece from those of z and k.

    ``dx`` is the one, None if it is not wanted, and ``sums`` are the others: of W_ih, W_hh, b_ih and, if it
    has another, b_hh.

    Parameters
    ----------
    x, h0, weight_ih : arrays
        What the operation was called with.
    h : array (L, N, H)
        The sequence that it returned.
    sizes : tuple of int, or None
    wanted : tuple of str
        The names of the arguments that need a gradient.
    """

    def __init__(
        self, x: Any, h0: Any, weight_ih: Any, h: Any, sizes: Sizes, wanted: tuple[str, ...]
    ) -> None:
        self.x, self.h0, self.weight_ih, self.h, self.sizes = x, h0, weight_ih, h, sizes
        new = np.empty_like if sizes is None else np.zeros_like
        self.dx = new(x, order="C") if "x" in wanted else None
        self.sums: list[Any] = []
        self.room: list[Any] = []

    def add(self, start: int, length: int, z: Any, k: Any = None) -> None:
        """Add those of so many steps: of z and, if they are others, of k, (features, T · N).

        They are 0 where a sequence is over.
        """
        here = slice(start, start + length), slice(0, z.shape[1] // length)
        if self.dx is not None:
            dx = self.dx[here]
            if self.sizes is None:
                np.matmul(z.T, self.weight_ih, out=rows(dx))
            else:
                dx[...] = np.reshape(np.matmul(z.T, self.weight_ih), dx.shape)
        earlier = self.h[max(start - 1, 0) : start + length - 1, here[1]]
        if not start:
            earlier = np.concatenate([self.h0[None, here[1]], earlier])
        products = (z, rows(self.x[here])), (z if k is None else k, rows(earlier))
        sums = [np.add.reduce(part, axis=1) for part in ((z,) if k is None else (z, k))]
        if not self.sums:
            self.sums = [*(np.matmul(*both) for both in products), *sums]
            return
        self.room = self.room or [np.empty_like(total) for total in self.sums[:2]]
        for both, room in zip(products, self.room):
            np.matmul(*both, out=room)
        for total, more in zip(self.sums, (*self.room, *sums)):
            np.add(total, more, out=total)


def rows(a: Any) -> Any:
    """(T, N, features) as (T · N, features), also if N is 0."""
    return np.reshape(a, (a.shape[0] * a.shape[1], a.shape[2]))


def rows_of(*blocks: Any) -> Any:
    """(T, features, N), one or several below each other, as (features, T · N)."""
    length, _, n = blocks[0].shape
    joined = np.swapaxes(blocks[0], 0, 1)
    if len(blocks) > 1:
        features = sum(block.shape[1] for block in blocks)
        joined, first = np.empty_like(blocks[0], shape=(features, length, n), order="C"), 0
        for block in blocks:
            joined[first : first + block.shape[1]] = np.swapaxes(block, 0, 1)
            first += block.shape[1]
    return np.reshape(joined, (joined.shape[0], length * n))
