"""Domains of recurrent layers, and of sequences of several lengths."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from ...ops.recurrent import elman, gru, lstm
from ...ops.sequences import reorder, reverse_sequences
from ..strategies import Draw, arrays
from .domain import Call, Domains, call, case, choice, integers


def sequence(d: Draw, sums: int, states: int, projected: bool = False) -> tuple[list[Any], Any]:
    """x, states, weights, and biases or None, of a recurrence; and the shapes of what it returns."""
    steps, n, inputs, hidden = (d(st.integers(1, high)) for high in (3, 2, 2, 2))
    out = d(st.integers(1, 2)) if projected else hidden
    of_states = [(n, out), (n, hidden)][:states]
    shapes = [(steps, n, inputs), *of_states, (sums * hidden, inputs), (sums * hidden, out)]
    drawn = [d(arrays(shape, low=-2, high=2)) for shape in shapes]
    biases = [d(arrays((sums * hidden,))), d(arrays((sums * hidden,)))] if d(st.booleans()) else [None, None]
    more = [d(arrays((out, hidden), low=-2, high=2))] if projected else []
    return [*drawn, *biases, *more], [(steps, n, out), *of_states]


def recurrence(sums: int, states: int, *settings: Any) -> Callable[[Draw], Call]:
    """Calls of a recurrence."""
    return lambda d: call(*sequence(d, sums, states)[0], *(d(choice(*values)) for values in settings))


def projecting(d: Draw) -> Call:
    """Calls of an LSTM, with a projection or without."""
    return call(*sequence(d, 4, 2, d(st.booleans()))[0])


def gradients(sums: int, states: int, kept: int, *settings: Any) -> Callable[[Draw], Call]:
    """Calls of the gradients of a recurrence.

    They take the gradients of its outputs, what it was called with, None for what it kept, and which of the
    gradients are wanted that are not made anyway.
    """

    def build(d: Draw) -> Call:
        arguments, shapes = sequence(d, sums, states, sums == 4 and d(st.booleans()))
        arguments += [None] * (sums == 4 and len(arguments) == 7)
        g = [d(arrays(shape, low=-1, high=1)) for shape in shapes]
        return call(
            *g, *arguments, *(d(choice(*values)) for values in settings), None, *[None] * kept, ("x",)
        )

    return build


def several_lengths(d: Draw) -> Call:
    """Padded sequences, with or without axes of features, and their lengths."""
    steps, n = d(st.integers(1, 3)), d(st.integers(1, 3))
    features = d(st.sampled_from([(), (2,), (1, 2)]))
    return call(d(arrays((steps, n, *features))), d(integers((n,), 0, steps)))


def in_some_order(d: Draw) -> Call:
    """Sequences, and an order of them."""
    x, lengths = d(st.composite(several_lengths)()).args
    return call(x, np.array(d(st.permutations(range(len(lengths)))), np.intp))


def reversed_by_hand(x: Any, lengths: Any) -> Any:
    y = x.copy()
    for i, length in enumerate(lengths):
        y[:length, i] = x[:length, i][::-1]
    return y


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def sums(x: Any, h: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> tuple[Any, Any]:
    """What the input and the state add to the sums of one step, each row by itself."""
    z, k = ([weight @ row for row in rows] for weight, rows in ((weight_ih, x), (weight_hh, h)))
    return (np.array(z), np.array(k)) if bias_ih is None else (z + bias_ih, k + bias_hh)


def rnn_by_hand(x: Any, h: Any, *settings: Any) -> Any:
    *weights, nonlinearity = settings
    states = []
    for row in x:
        a = np.add(*sums(row, h, *weights))
        h = np.tanh(a) if nonlinearity == "tanh" else np.where(a > 0, a, 0)
        states.append(h)
    return np.array(states), h


def distance_to_relu(x: Any, h: Any, *settings: Any) -> Any:
    """How far the sums are from the kink of relu, if that is the nonlinearity."""
    *weights, nonlinearity = settings
    if nonlinearity == "tanh":
        return 1
    states = [h, *rnn_by_hand(x, h, *settings)[0]]
    added = [np.add(*sums(row, h, *weights)) for row, h in zip(x, states)]
    return np.array(added) / 4  # a step of the check moves a sum further than an input


def of_gradients(*values: Any) -> Any:
    """`distance_to_relu`, of the arguments of the gradients."""
    _, _, *settings, _, _, _ = values
    return distance_to_relu(*settings)


def lstm_by_hand(x: Any, h: Any, c: Any, *weights: Any) -> Any:
    states, projection = [], weights[4] if len(weights) == 5 else None
    for row in x:
        i, f, g, o = np.split(np.add(*sums(row, h, *weights[:4])), 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        h = h if projection is None else np.array([projection @ row for row in h])
        states.append(h)
    return np.array(states), h, c


def gru_by_hand(x: Any, h: Any, *weights: Any) -> Any:
    states = []
    for row in x:
        (z_r, z_u, z_n), (k_r, k_u, k_n) = (np.split(a, 3, -1) for a in sums(row, h, *weights))
        u = sigmoid(z_u + k_u)
        h = (1 - u) * np.tanh(z_n + sigmoid(z_r + k_r) * k_n) + u * h
        states.append(h)
    return np.array(states), h


# fmt: off
DOMAINS: Domains = {
    reorder:             case(in_some_order, reference=lambda x, order: np.take(x, order, 1)),
    reverse_sequences:   case(several_lengths, reference=reversed_by_hand),
    elman.rnn:           case(recurrence(1, 1, ("tanh", "relu")), kinks=distance_to_relu, reference=rnn_by_hand),
    lstm.lstm:           case(projecting, reference=lstm_by_hand),
    gru.gru:             case(recurrence(3, 1), reference=gru_by_hand),
    elman.rnn_gradients: case(gradients(1, 1, 1, ("tanh", "relu")), kinks=of_gradients),
    lstm.lstm_gradients: case(gradients(4, 2, 2)),
    gru.gru_gradients:   case(gradients(3, 1, 2)),
}
# fmt: on
