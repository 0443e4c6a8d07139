"""Recurrent layers, by ONNX's operators for a whole sequence; one layer in one direction at a time."""

from typing import Any

import numpy as np

from ..ops import sequences
from ..ops.recurrent import elman, gru, lstm
from .graph import Graph, Value
from .sizes import Counted, Size
from .table import OPENED, converts, key_of


def with_blocks(g: Graph, weight: Value, order: tuple[int, ...]) -> str:
    """A weight or bias whose blocks of rows, one for each gate, are in another order; one direction of it."""
    blocks = weight.name
    if order != tuple(range(len(order))):
        parts = g.emit("Split", weight, outputs=len(order), axis=0, num_outputs=len(order))
        blocks = g.emit("Concat", *(parts[i] for i in order), axis=0)
    return g.emit("Unsqueeze", blocks, np.array([0]))


def ran(
    g: Graph, kind: str, x: Value, states: Any, weights: Any, sizes: Any, order: tuple[int, ...],
    **settings: Any,
) -> tuple[str, ...]:  # fmt: skip
    """The sequence of h, (L, N, H), and the last states, (N, H)."""
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    bias = None
    if bias_ih is not None:
        bias = g.emit("Concat", *(with_blocks(g, b, order) for b in (bias_ih, bias_hh)), axis=1)
    first = [g.emit("Unsqueeze", g.name(s, g.dtype), np.array([0])) for s in states]
    matrices = (with_blocks(g, w, order) for w in (weight_ih, weight_hh))
    hidden = g.fixed(weight_hh.shape[1])
    lengths = None if sizes is None else lengths_of(g, x.shape[1], sizes)
    y, *last = g.emit(
        kind, x, *matrices, bias, lengths, *first, outputs=1 + len(states), hidden_size=hidden, **settings
    )
    return tuple(g.emit("Squeeze", name, np.array([axis])) for name, axis in zip((y, *last), (1, 0, 0)))


def lengths_of(g: Graph, n: Any, sizes: Any) -> Any:
    """How long n sequences are, of how many go on at each step."""
    if not isinstance(sizes, Value):
        return np.sum(np.arange(g.fixed(n)) < np.array(sizes)[:, None], axis=0, dtype=np.int32)
    numbers = Counted((n,), np.dtype(np.int64)) if isinstance(n, Size) else np.arange(n)
    goes_on = g.emit("Less", g.name(numbers), g.emit("Unsqueeze", sizes, np.array([1])))
    return g.reduce("ReduceSum", g.cast(goes_on, np.int32), [0], False)


@converts(elman.rnn)
def rnn(g: Graph, x: Value, h0: Any, *rest: Any) -> tuple[str, ...]:
    *weights, nonlinearity, sizes = rest
    return ran(g, "RNN", x, [h0], weights, sizes, (0,), activations=[nonlinearity.capitalize()])


@converts(gru.gru)
def gru_of(g: Graph, x: Value, h0: Any, *rest: Any) -> tuple[str, ...]:
    *weights, sizes = rest
    return ran(g, "GRU", x, [h0], weights, sizes, (1, 0, 2), linear_before_reset=1)  # ONNX has u, r, n


@converts(lstm.lstm)
def lstm_of(g: Graph, x: Value, h0: Any, c0: Any, *rest: Any) -> tuple[str, ...]:
    *weights, _, sizes = rest
    return ran(g, "LSTM", x, [h0, c0], weights, sizes, (0, 3, 1, 2))  # and i, o, f, g


def with_projection(*values: Any) -> Any:
    """A step after the other, for an LSTM with a projection, which ONNX has not."""
    return lstm.plain_lstm if values[7] is not None else None


OPENED[key_of(lstm.lstm)] = with_projection


@converts(sequences.reverse_sequences)
def reverse_sequences(g: Graph, x: Value, lengths: Any) -> str:
    return g.emit("ReverseSequence", x, g.name(lengths, np.int64), time_axis=0, batch_axis=1)
