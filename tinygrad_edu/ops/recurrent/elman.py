"""Elman's recurrent network, the simplest of the recurrent operations; `loop` explains what they share."""

from typing import Any

import numpy as np
from numpy import add, maximum, multiply, subtract, tanh  # by name, which is looked up faster

from ...foreign import beside
from ...table import fused, primitive
from ..activation import relu
from .loop import WEIGHTS, Sizes, clear, composed, composed_back, last, made, of_sizes, pieces, steps
from .products import Gradients, fastest, rows

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


# ---- in place, sequences first: of one sum a unit the blocks of a step are next to each other so, too ------


@of_sizes
def rnn_steps(x: Any, h0: Any, weights: Any, nonlinearity: str, *, sizes: Sizes) -> tuple[Any, ...]:
    """What `rnn` returns: the sequence of h, and the last ones."""
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    states = np.empty_like(x, shape=(x.shape[0] + 1, *h0.shape), order="C")
    states[0], h = h0, states[1:]  # the first, and those after each step
    np.matmul(rows(x), weight_ih.T, out=rows(h))
    if bias_ih is not None:
        add(h, bias_ih + bias_hh, h)
    clear(np.matrix_transpose(h), sizes)
    k, weight = np.empty_like(states, shape=h0.shape), np.copy(weight_hh.T, order="C")
    times = fastest(weight, k)
    for before, h_t, k_t in steps(sizes, (states[:-1], h), (k,), rows=True):
        times(before, weight, out=k_t)
        add(h_t, k_t, h_t)
        if nonlinearity == "relu":
            maximum(h_t, 0, out=h_t)
        else:
            tanh(h_t, h_t)
    return np.copy(h), last(np.matrix_transpose(states), sizes)


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
    found, dh = Gradients(x, h0, weight_ih, h, sizes, wanted), np.copy(g_last, order="C")
    times = fastest(weight_hh, dh)
    for start, end, room in pieces(length, h, (hidden, n), sizes):
        n = room.shape[2]
        s = np.reshape(room, (end - start, n, hidden))
        write_slopes(h[start:end, :n], nonlinearity, s)
        here = None if sizes is None else sizes[start:end][::-1]
        for g_t, da_t, dh_t in steps(here, (g_h[start:end, :n][::-1], s[::-1]), (dh,), rows=True):
            add(dh_t, g_t, dh_t)
            multiply(da_t, dh_t, da_t)
            times(da_t, weight_hh, out=dh_t)
        clear(np.matrix_transpose(s), sizes, start)
        found.add(start, end - start, rows(s).T)
    return found.dx, dh, *found.sums


def write_slopes(h: Any, nonlinearity: str, s: Any) -> None:
    """Write the `slopes` of some steps, (T, N, H)."""
    if nonlinearity == "relu":
        np.sign(h, s)
        return
    multiply(h, h, s)
    subtract(beside(np.asarray(1, h.dtype), h), s, s)


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
