"""The loop in time, forwards and back, which the recurrent operations share: `elman`, `lstm` and `gru`.

As a composition every step would be a dozen nodes of the graph, so a layer is one operation over all steps.
A kind of units supplies its step and its step back, each in two forms.  One is written with functions of the
table: `composed` runs it forwards, which the operation is tested against, and `Run.composed_back` runs it
back, which is the rule that derivatives of higher order go through.  The other form writes into arrays that
exist already, so that no step allocates any: `forwards` and `Run.backwards` walk it in ordinary training.

Going back, the states that came out are known.  So what happened inside the units follows for all steps at
once, and left is a loop that is linear in the gradients.

Shapes: x is (L, N, I), L steps of N sequences; states are (L, N, H).  The sums inside the units, before tanh
or the sigmoid, are (L, N, m H), in m blocks; inputs add z to them, and the state before adds k.  The gradient
of a sum ``a`` is called ``da``.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..contraction import flat, linear
from ..sums import sum_of_rows

WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")

Step = Callable[..., Any]


class Run(NamedTuple):
    """A finished call of a recurrence, as its rule sees it.

    Attributes
    ----------
    g : tuple of arrays (L, N, H)
        The gradients of the sequences of states.
    x, first, weight_ih, weight_hh, bias_ih, bias_hh
        The arguments; ``first`` are the states to begin with, each (N, H).
    states : tuple of arrays (L, N, H)
        What came out, h in front.
    kept : tuple
        What the forward handed over, or None in its place.
    """

    g: tuple[Any, ...]
    x: Any
    first: tuple[Any, ...]
    weight_ih: Any
    weight_hh: Any
    bias_ih: Any
    bias_hh: Any
    states: tuple[Any, ...]
    kept: tuple[Any, ...]

    @classmethod
    def of(cls, n: int, values: tuple[Any, ...]) -> "Run":
        """The call of a kind with n states, from what its rule is given, in the order of the attributes."""
        g, x, first, rest = values[:n], values[n], values[n + 1 : 2 * n + 1], values[2 * n + 1 :]
        weight_ih, weight_hh, bias_ih, bias_hh = rest[:4]
        return cls(g, x, first, weight_ih, weight_hh, bias_ih, bias_hh, rest[4 : 4 + n], rest[4 + n :])

    def sums(self) -> tuple[Any, Any]:
        """z and k of all steps, what the inputs and the states before add to the sums."""
        z = projected(self.x, self.weight_ih, self.bias_ih)
        return z, projected(self.before(0), self.weight_hh, self.bias_hh)

    def before(self, place: int) -> Any:
        """What the steps began with, (L, N, H): the first state, and those after all steps but the last."""
        return np.concatenate([np.expand_dims(self.first[place], 0), self.states[place][:-1]])

    def composed_back(self, step: Step, *sequences: Any) -> tuple[Any, ...]:
        """The gradients of all arguments by functions of the table.

        ``step(*d, *sequences at that time)`` is given the gradients of the states.  It returns those of k and
        z, once if they are the same, and what the states before get of it beside the way through k.
        """
        d, rows = self.zeros(), []
        for t in reversed(range(self.states[0].shape[0])):
            d = [d_s + g_s[t] for d_s, g_s in zip(d, self.g)]
            sums, (dh, *others) = step(*d, *(sequence[t] for sequence in sequences))
            d = [dh + np.matmul(sums[0], self.weight_hh), *others]
            rows.append(sums)
        dk, *dz = map(np.stack, zip(*rows[::-1]))
        return self.gradients(dz[0] if dz else dk, dk, d)

    def backwards(self, dh: Any, dk: Any, *sequences: Any, direct: Any = None) -> Iterator[Any]:
        """Walk from the last time to the first; dh is the gradient of the state at each.

        Yields views of dk and of each sequence at that time.  Whoever walks makes gradients of the slopes in
        dk, and fills ``direct``, if it is given, with what the state before gets beside the way through k.
        """
        # iterating makes views faster than indexing, and a generator resumes faster than a function is called
        for g, now in zip(self.g[0][::-1], zip(*(sequence[::-1] for sequence in (dk, *sequences)))):
            dh += g
            yield now
            np.matmul(now[0], self.weight_hh, out=dh)
            if direct is not None:
                dh += direct

    def zeros(self) -> list[Any]:
        """The gradients of the states after the last step, from which the way back begins."""
        return [np.zeros_like(state) for state in self.first]

    def gradients(self, dz: Any, dk: Any, d: list[Any]) -> tuple[Any, ...]:
        """The gradients of all arguments, from those of z, of k, and of the first states."""
        z, k, earlier = flat(dz), flat(dk), flat(self.before(0))
        dx = np.reshape(np.matmul(z, self.weight_ih), self.x.shape)
        weights = np.matmul(z.T, flat(self.x)), np.matmul(k.T, earlier)
        db = sum_of_rows(z)
        return dx, *d, *weights, db, db if dk is dz else sum_of_rows(k)


def composed(step: Step, x: Any, first: tuple[Any, ...], *weights: Any) -> tuple[Any, ...]:
    """The sequences of states by functions of the table; ``step(z, k, *states)`` returns the next states."""
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    states, sequences = first, []
    for z in projected(x, weight_ih, bias_ih):
        states = step(z, projected(states[0], weight_hh, bias_hh), *states)
        sequences.append(states)
    return tuple(map(np.stack, zip(*sequences)))


def forwards(weight_hh: Any, h0: Any, k: Any, h: Any, *sequences: Any) -> Iterator[Any]:
    """Walk from the first time to the last; k is the product of the state before and W_hhᵀ at each.

    Yields views of h and of each sequence at that time.  Whoever walks fills h.
    """
    weight = weight_hh.T.copy()  # the order of memory in which BLAS multiplies few rows by it twice as fast
    for now in zip(h, *sequences):
        np.matmul(h0, weight, out=k)
        yield now
        h0 = now[0]


def projected(x: Any, weight: Any, *biases: Any) -> Any:
    """x Wᵀ + b of all steps by one product, (L, N, m H); b is the sum of the biases, if there are any."""
    bias = None if biases[0] is None else sum(biases[1:], biases[0])
    return np.reshape(linear(flat(x), weight, bias), (*x.shape[:-1], weight.shape[0]))


def blocks(a: Any, n: int) -> list[Any]:
    """Views of the n blocks along the last axis."""
    hidden = a.shape[-1] // n
    return [a[..., k * hidden : (k + 1) * hidden] for k in range(n)]


def logistic(x: Any) -> Any:
    """The sigmoid as (1 + tanh(x/2)) / 2, which is fast.

    Its error is small beside 1, which is enough for a gate, not beside a tiny result.
    """
    return np.tanh(x * 0.5) * 0.5 + 0.5


def logistic_in_place(x: Any, scale: Any = 0.5, offset: Any = 0.5) -> None:
    """x becomes scale · tanh(scale · x) + offset: the sigmoid if both are ½, tanh if they are 1 and 0."""
    np.multiply(x, scale, out=x)
    np.tanh(x, out=x)
    np.multiply(x, scale, out=x)
    np.add(x, offset, out=x)
