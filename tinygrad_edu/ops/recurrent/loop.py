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
no gradient is computed for all of them before, and the products with x and with h after; see `products`.

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


def steps(
    sizes: Sizes, sequences: tuple[Any, ...], shared: tuple[Any, ...] = (), rows: bool = False
) -> Iterator[Any]:
    """Views, at each time, of sequences (L, …, N), and of arrays (…, N) that all times share.

    They are of the sequences that are real at that time.  With ``rows`` these come first, (L, N, …).
    """
    # Iterating makes views faster than indexing does.
    if sizes is None:
        return zip(*sequences, *map(repeat, shared))
    if rows:
        return (tuple(a[:n] for a in (*now, *shared)) for n, *now in zip(sizes, *sequences))
    return (tuple(a[..., :n] for a in (*now, *shared)) for n, *now in zip(sizes, *sequences))


def turned(x: Any) -> Any:
    """(L, N, features) as (L, features, N), and back: a copy with the last axes swapped."""
    return np.swapaxes(x, 1, 2).copy()


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


def last(states: Any, sizes: Sizes) -> Any:
    """The states after the last step of each sequence, (N, features), of those before and after each step."""
    if sizes is None:
        return states[-1].T.copy()
    lengths = np.add.reduce(np.greater.outer(sizes, np.arange(states.shape[2])), axis=0)
    return states[lengths, :, np.arange(states.shape[2])]
