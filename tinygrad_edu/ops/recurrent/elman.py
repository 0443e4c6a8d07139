"""Elman's recurrent network, the simplest of the recurrent operations; `loop` explains what they share."""

from typing import Any

import numpy as np
from numpy import add, maximum, multiply, tanh  # by name, which is looked up faster

from ...table import fused, primitive
from ..activation import relu
from .loop import (
    WEIGHTS,
    Gradients,
    Sizes,
    clear,
    composed,
    composed_back,
    last,
    made,
    of_sizes,
    pieces,
    product,
    steps,
    sums_of_inputs,
    turned,
)

# ---- by functions of the table -----------------------------------------------------------------------------


def slopes(h: Any, nonlinearity: str) -> Any:
    """φ' at the sums, from φ of them: 1 - h² of tanh, and of relu the sign of h."""
    return np.sign(h) if nonlinearity == "relu" else 1 - h * h


def plain_rnn(x: Any, h0: Any, *rest: Any) -> Any:
    """`rnn` by composition."""
    *weights, nonlinearity, sizes = rest
    phi = relu if nonlinearity == "relu" else np.tanh
    return composed(lambda z, k, h: (phi(z + k),), x, (h0,), weights, sizes)


def plain_rnn_gradients(*values: Any) -> tuple[Any, ...]:
    """da_t = (g_t + W_hhᵀ da_{t+1}) φ'."""
    g_h, g_last, x, h0, *weights, nonlinearity, sizes, h, _ = values
    if h is None:
        h, _ = plain_rnn(x, h0, *weights, nonlinearity, sizes)
    step = lambda dh, slope: ((dh * slope,), [0])
    return composed_back(step, (g_h, g_last), x, h0, h, weights, sizes, slopes(h, nonlinearity))


# ---- in place ----------------------------------------------------------------------------------------------


@of_sizes
def rnn_steps(x: Any, h0: Any, weights: Any, nonlinearity: str, *, sizes: Sizes) -> tuple[Any, ...]:
    """What `rnn` returns: the sequence of h, and the last ones."""
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    (n, hidden), length = h0.shape, x.shape[0]
    states = np.empty_like(
        x, shape=(length + 1, hidden, n), order="C"
    )  # the first, and those after each step
    sums_of_inputs(x, weight_ih, None if bias_ih is None else bias_ih + bias_hh, states[1:], sizes)
    clear(states[1:], sizes)
    states[0] = h0.T
    k = np.empty_like(x, shape=(hidden, n), order="C")
    times, weight, k_blocks = product(weight_hh, k, sizes)
    for before, h_t, k_t, k_out in steps(sizes, (states[:-1], states[1:]), (k, k_blocks)):
        times(weight, before, out=k_out)
        add(h_t, k_t, h_t)
        if nonlinearity == "relu":
            maximum(h_t, 0, out=h_t)
        else:
            tanh(h_t, h_t)
    return turned(states[1:]), last(states, sizes)


@fused(plain_rnn_gradients)
def rnn_gradients(*values: Any) -> tuple[Any, ...]:
    """`plain_rnn_gradients` in place, by the h that came out, if it is known: da begins as the slopes."""
    *given, nonlinearity, sizes, h, wanted = values
    weights = tuple(given[4:])
    if h is None:
        h, _ = rnn_steps(*given[2:4], weights, nonlinearity, sizes=sizes)
    wanted = made(wanted, sizes)
    *found, db = rnn_steps_back(*given[:4], weights, nonlinearity, h, wanted, sizes=sizes)
    return *found, db, db


@of_sizes
def rnn_steps_back(
    g_h: Any, g_last: Any, x: Any, h0: Any, weights: Any, nonlinearity: str, h: Any, wanted: tuple[str, ...],
    *, sizes: Sizes,
) -> tuple[Any, ...]:  # fmt: skip
    """The gradients of x, the state and weights, of both biases once."""
    weight_ih, weight_hh, _, _ = weights
    length, n, hidden = h.shape
    found, dh = Gradients(x, h0, weight_ih, h, sizes, wanted), g_last.T.copy()
    times, weight, dh_blocks = product(weight_hh.T, dh, sizes)
    for start, end, s in pieces(length, h, (hidden, n), sizes):
        n = s.shape[2]
        s[...] = slopes(np.matrix_transpose(h[start:end, :n]), nonlinearity)
        now = None if sizes is None else sizes[start:end][::-1]
        sequences, shared = (turned(g_h[start:end, :n])[::-1], s[::-1]), (dh, dh_blocks)
        for g_t, da_t, dh_t, dh_out in steps(now, sequences, shared):
            add(dh_t, g_t, dh_t)
            multiply(da_t, dh_t, da_t)
            times(weight, da_t, out=dh_out)
        found.add(start, (s,))
    return found.dx, dh.T, *found.sums


# fmt: off
@primitive(joint=(("x", "h0", *WEIGHTS), lambda g, x, h0, weight_ih, weight_hh, bias_ih, bias_hh, nonlinearity, sizes, out, wanted:
                                         rnn_gradients(*g, x, h0, weight_ih, weight_hh, bias_ih, bias_hh, nonlinearity, sizes, out[0], wanted)))
def rnn(
    x: Any, h0: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any, nonlinearity: str, sizes: Any = None
) -> Any:
    """One layer of Elman's network, h_t = φ(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh).

    Parameters
    ----------
    x : Tensor or ndarray of shape (L, N, I)
    h0 : Tensor or ndarray of shape (N, H)
    weight_ih, weight_hh : Tensor or ndarray of shape (H, I), and (H, H)
    bias_ih, bias_hh : Tensor or ndarray of shape (H,), or both None
    nonlinearity : {"tanh", "relu"}
        φ.
    sizes : tuple of L int, optional
        How many of the sequences are real at each step, the longest sequences being the first; x is 0 where
        none is.

    Returns
    -------
    h : Tensor or ndarray of shape (L, N, H)
        h_1 to h_L; 0 where a sequence is over.
    h_last : Tensor or ndarray of shape (N, H)
        That after the last step of each sequence.

    References
    ----------
    J. Elman (1990). Finding structure in time. Cognitive Science 14.
    """
    return rnn_steps(x, h0, (weight_ih, weight_hh, bias_ih, bias_hh), nonlinearity, sizes=sizes)
# fmt: on
