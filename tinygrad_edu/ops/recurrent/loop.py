"""The loop in time, forwards and back, which the recurrent operations share: `elman`, `lstm` and `gru`.

As a composition every step would be a dozen nodes of the graph, so a layer is one operation over all steps.
A kind of units has two forms.  The plain one is a step, and a step back, written with functions of the table:
`composed` runs it forwards, which the operation is tested against, and `composed_back` runs it back, which is
what derivatives of higher order go through.  The other form writes into arrays that exist already,
so that no step allocates any: `steps` walks it in ordinary training.

Shapes: x is (L, N, I), L steps of N sequences; states are (N, H).  The sums inside the units, before tanh or
the sigmoid, have m blocks of H; inputs add z to them, and the state before adds k.  The gradient of a sum
``a`` is called ``da``.  The fast forms keep the features first and the sequences last, (L, m H, N): the
blocks of a step are then next to each other in memory, and a step is a product W h, and a few calls on whole
blocks.  On the way back some steps are taken at once, as many as stay near the processor: what is linear in
no gradient is computed for all of them before, and the products with x and with h after.

``sizes``, None or an integer for each step, says how many sequences are that long: they are in the order of
their lengths, the longest first.  A sequence that is over keeps its states; what the operation returns of it
is 0.  x is 0 there.  Where a step is compiled, they may be an array of integers, and others in each call.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from itertools import repeat
from typing import Any

import numpy as np

from ...table import overridable
from ..contraction import flat, linear
from ..sums import sum_of_rows

WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
CACHE = 1 << 18  # bytes that stay near the processor while a few steps are taken back
COLUMNS = 256  # sequences times steps that BLAS multiplies at full speed
FEW = 8  # steps that are taken together on the way forwards where sequences differ in length
MANY = 1 << 17  # elements of a W that does not stay near the processor between the products of two steps
SMALL = 1_000_000  # multiplications up to which BLAS multiplies matrices where they lie, and copies none

Step = Callable[..., Any]
Sizes = tuple[int, ...] | None


# ---- by functions of the table -----------------------------------------------------------------------------


def composed(step: Step, x: Any, first: tuple[Any, ...], weights: Any, sizes: Sizes) -> tuple[Any, ...]:
    """The sequence of h, and the states after the last step, by functions of the table.

    ``step(z, k, *states)`` returns the next states, of which h is the first.
    """
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    states, h = first, []
    for z, real in zip(projected(x, weight_ih, bias_ih), still_there(sizes, x)):
        after = step(z, projected(states[0], weight_hh, bias_hh), *states)
        h.append(after[0] if real is None else np.where(real, after[0], 0))
        states = after if real is None else tuple(np.where(real, *both) for both in zip(after, states))
    return np.stack(h), *states


def before(first: Any, states: Any) -> Any:
    """What the steps began with, (L, N, H): the first state, and those after all steps but the last."""
    return np.concatenate([np.expand_dims(first, 0), states[:-1]])


def z_and_k(x: Any, h0: Any, h: Any, weights: Any) -> tuple[Any, Any]:
    """z and k of all steps, what the inputs and the states before add to the sums."""
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    return projected(x, weight_ih, bias_ih), projected(before(h0, h), weight_hh, bias_hh)


def composed_back(
    step: Step, g: tuple[Any, ...], x: Any, h0: Any, h: Any, weights: Any, sizes: Sizes, *sequences: Any
) -> tuple[Any, ...]:
    """The gradients of all arguments by functions of the table, from those of what `composed` returned.

    Going back, the h that came out are known.  So what happened inside the units follows for all steps at
    once, and left is a loop that is linear in the gradients.  ``step(*d, *sequences at that time)`` is given
    those of the states.  It returns those of k and z, once if they are the same, and what the states before
    get of it beside the way through k.
    """
    (g_h, *d), rows = g, []
    for t, real in reversed(list(zip(range(h.shape[0]), still_there(sizes, x)))):
        now = d[0] + g_h[t], *d[1:]
        if real is not None:
            now = tuple(np.where(real, d_s, 0) for d_s in now)
        of_sums, (dh, *others) = step(*now, *(sequence[t] for sequence in sequences))
        after = [dh + np.matmul(of_sums[0], weights[1]), *others]
        d = after if real is None else [np.where(real, *both) for both in zip(after, d)]
        rows.append(of_sums)
    dk, *dz = (flat(np.stack(part)) for part in zip(*rows[::-1]))
    z = dz[0] if dz else dk
    dx = np.reshape(np.matmul(z, weights[0]), x.shape)
    of_weights = np.matmul(z.T, flat(x)), np.matmul(dk.T, flat(before(h0, h)))
    db = sum_of_rows(z)
    return dx, *d, *of_weights, db, sum_of_rows(dk) if dz else db


def still_there(sizes: Sizes, x: Any) -> Iterator[Any]:
    """Which sequences are real at each step of x, (N, 1); None for all."""
    n = x.shape[1]
    if sizes is None:
        return repeat(None)
    return (None if size == n else np.expand_dims(np.arange(n) < size, 1) for size in sizes)


def projected(x: Any, weight: Any, bias: Any = None) -> Any:
    """x Wᵀ + b of all steps by one product, (…, m H)."""
    return np.reshape(linear(flat(x), weight, bias), (*x.shape[:-1], weight.shape[0]))


def logistic(x: Any) -> Any:
    """The sigmoid as (1 + tanh(x/2)) / 2, which is fast.

    Its error is small beside 1, which is enough for a gate, not beside a tiny result.
    """
    return np.tanh(x * 0.5) * 0.5 + 0.5


# ---- in place, features first ------------------------------------------------------------------------------


def of_sizes(function: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """Decorator of a loop with the setting ``sizes``: where they are an array, the loop depends on values,
    and whoever notes NumPy's calls notes it as one call.
    """
    whole = overridable(function)

    @wraps(function)
    def call(*arguments: Any, sizes: Any) -> tuple[Any, ...]:
        return (function if is_plain(sizes) else whole)(*arguments, sizes=sizes)

    return call


def is_plain(sizes: Any) -> bool:
    """Whether sizes are numbers of Python's."""
    return sizes is None or type(sizes) is tuple


def made(wanted: tuple[str, ...], sizes: Any) -> tuple[str, ...]:
    """Which gradients are made: also that of x where the loop is one call, whose results are all arrays."""
    return wanted if is_plain(sizes) else ("x",)


def steps(sizes: Sizes, sequences: tuple[Any, ...], shared: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Views, at each time, of sequences (L, …, N), and of arrays (…, N) that all times share.

    They are of the sequences that are real at that time.
    """
    # Iterating makes views faster than indexing does.
    if sizes is None:
        return zip(*sequences, *map(repeat, shared))
    return (tuple(a[..., :n] for a in (*now, *shared)) for n, *now in zip(sizes, *sequences))


def blocks_of(weight: Any, n: int) -> int:
    """In how many blocks of rows BLAS multiplies a matrix fastest by one of n columns."""
    rows, inner = weight.shape
    for few in (64, 32):
        if n >= 16 and rows % few == 0 and few * inner * n <= SMALL < rows * inner * n:
            return int(rows // few)
    return 1


def in_blocks(a: Any, count: int) -> Any:
    """The view (…, count, rows / count, columns) of an array (…, rows, columns); itself if count is 1."""
    return a if count == 1 else np.reshape(a, (*a.shape[:-2], count, a.shape[-2] // count, a.shape[-1]))


def product(weight: Any, out: Any, sizes: Sizes) -> tuple[Any, Any, Any]:
    """What multiplies a weight and a state the fastest, step by step, into ``out``: a function, the weight,
    and ``out``, both perhaps in blocks.
    """
    count = blocks_of(weight, out.shape[1])
    # np.dot begins earlier than np.matmul, but writes into whole arrays only, of the dtype of its result.
    whole = sizes is None and count == 1 and weight.dtype == out.dtype
    return np.dot if whole else np.matmul, in_blocks(weight, count), in_blocks(out, count)


def turned(x: Any) -> Any:
    """(L, N, features) as (L, features, N), and back: a copy with the last axes swapped."""
    return np.copy(np.matrix_transpose(x), order="C")


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
    if n == 1 or (n < 16 and weight.size >= MANY):  # BLAS multiplies so few columns of a step slowly
        z = np.reshape(np.matmul(weight[:, :inputs], flat(x).T), (weight.shape[0], length, n))
        np.add(np.swapaxes(z, 0, 1), weight[:, inputs:] if weight.shape[1] > inputs else 0, out=out)
        return
    features = np.ones_like(x, shape=(length, weight.shape[1], n), order="C")
    features[:, :inputs] = np.matrix_transpose(x)
    if (count := blocks_of(weight, n)) > 1:
        features = np.expand_dims(features, 1)
    np.matmul(in_blocks(weight, count), features, out=in_blocks(out, count))


def pieces(length: int, like: Any, shape: tuple[int, int], sizes: Sizes) -> Iterator[tuple[int, int, Any]]:
    """The beginnings and ends of pieces of so many steps, from the last to the first, each with room for it.

    The room, (T, features, N) by ``shape``, which has the last two, is the same memory each time, which stays
    near the processor; N is there how many sequences are real in some step of the piece.
    """
    features, n = shape
    size = CACHE // max(features * n * like.dtype.itemsize, 1)
    size = min(length, max(1, size, COLUMNS // max(n, 1)))
    room = np.empty_like(like, shape=(size * features * n,))
    for end in range(length, 0, -size):
        start = max(0, end - size)
        n = n if sizes is None else sizes[start]
        if n or not start:
            yield start, end, np.reshape(room[: (end - start) * features * n], (end - start, features, n))


def clear(sequences: Any, sizes: Sizes, start: int = 0) -> None:
    """Write 0 into (L, features, N), of which the first is the step ``start``, where sequences are over."""
    if sizes is not None:
        for a, n in zip(sequences, sizes[start:]):
            a[..., n:] = 0


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

    def add(self, start: int, dz: tuple[Any, ...], dk: tuple[Any, ...] | None = None) -> None:
        """Add those of some steps: of z, blocks (T, H, N), and of k if they are others."""
        z = self._rows(start, dz)
        k = z if dk is None else self._rows(start, dk)
        length, _, n = dz[0].shape
        here = slice(start, start + length), slice(0, n)
        if self.dx is not None:
            dx = self.dx[here]
            if self.sizes is None:
                np.matmul(z.T, self.weight_ih, out=np.reshape(dx, (length * n, dx.shape[2])))
            else:
                dx[...] = np.reshape(np.matmul(z.T, self.weight_ih), dx.shape)
        earlier = self.h[start - 1 : start + length - 1, :n]
        if not start:
            earlier = np.concatenate([self.h0[None, :n], self.h[: length - 1, :n]])
        products = (z, rows(self.x[here])), (k, rows(earlier))
        sums = [np.add.reduce(part, axis=1) for part in ((z,) if dk is None else (z, k))]
        if not self.sums:
            self.sums = [*(np.matmul(*both) for both in products), *sums]
            self.room = [np.empty_like(total) for total in self.sums[:2]]
            return
        for both, room in zip(products, self.room):
            np.matmul(*both, out=room)
        for total, more in zip(self.sums, (*self.room, *sums)):
            np.add(total, more, out=total)

    def _rows(self, start: int, blocks: tuple[Any, ...]) -> Any:
        """Blocks (T, features, N) below each other as (all features, T · N), 0 where a sequence is over."""
        length, _, n = blocks[0].shape
        joined = np.empty_like(blocks[0], shape=(sum(b.shape[1] for b in blocks), length, n), order="C")
        first = 0
        for block in blocks:
            joined[first : first + block.shape[1]] = np.swapaxes(block, 0, 1)
            first += block.shape[1]
        clear(np.swapaxes(joined, 0, 1), self.sizes, start)
        return np.reshape(joined, (joined.shape[0], length * n))


def rows(a: Any) -> Any:
    """(T, N, features) as (T · N, features), also if N is 0."""
    return np.reshape(a, (a.shape[0] * a.shape[1], a.shape[2]))


def rows_of(a: Any) -> Any:
    """(T, features, N) as (features, T · N)."""
    return np.reshape(np.swapaxes(a, 0, 1), (a.shape[1], a.shape[0] * a.shape[2]))


def last(states: Any, sizes: Sizes) -> Any:
    """The states after the last step of each sequence, (N, features), of those before and after each step."""
    if sizes is None:
        return states[-1].T.copy()
    lengths = np.add.reduce(np.greater.outer(sizes, np.arange(states.shape[2])), axis=0)
    return states[lengths, :, np.arange(states.shape[2])]
