"""Long short-term memory, one layer over all time steps as one operation; `loop` explains how."""

from itertools import repeat
from typing import Any

import numpy as np
from numpy import add, multiply, subtract, tanh  # by name, which is looked up faster

from ...foreign import beside
from ...table import fused, primitive
from .loop import (
    WEIGHTS,
    Sizes,
    before,
    clear,
    composed,
    composed_back,
    last,
    logistic,
    made,
    of_sizes,
    pieces,
    steps,
    turned,
    z_and_k,
)
from .products import Gradients, product, rows_of, sums

# ---- by functions of the table -----------------------------------------------------------------------------


def gates_of(sums: Any) -> tuple[Any, Any, Any, Any]:
    """i, f, g and o."""
    i, f, g, o = np.split(sums, 4, -1)
    return logistic(i), logistic(f), np.tanh(g), logistic(o)


def plain_lstm(x: Any, h0: Any, c0: Any, *rest: Any) -> tuple[Any, ...]:
    """`lstm` by composition."""
    *weights, weight_hr, sizes = rest

    def step(z: Any, k: Any, h: Any, c: Any) -> tuple[Any, Any]:
        i, f, g, o = gates_of(z + k)
        c = f * c + i * g
        m = o * np.tanh(c)
        return m if weight_hr is None else np.matmul(m, weight_hr.T), c

    return composed(step, x, (h0, c0), weights, sizes)


def plain_lstm_gradients(*values: Any) -> tuple[Any, ...]:
    """From c = f c' + i g and m = o y, where y = tanh(c), and c' is the cell before; h = W_hr m, or m.

    di = g dc, df = c' dc, dg = i dc and do = y dm; dm adds o (1 - y²) dm to dc, of which f dc goes on to c'.
    A gate s passes s (1 - s) of its gradient on to its sum, and g passes 1 - g².  Gates and cells are
    computed again: the kept ones have no graph.
    """
    g_h, g_last, g_c, x, h0, c0, *weights, weight_hr, sizes, h, _, _ = values
    if h is None:
        h, *_ = plain_lstm(x, h0, c0, *weights, weight_hr, sizes)
    i, f, g, o = gates_of(np.add(*z_and_k(x, h0, h, weights)))
    c = cells(c0, f, i * g)
    y, of_projection = np.tanh(c), []
    slopes = [g * i * (1 - i), before(c0, c) * f * (1 - f), i * (1 - g * g), y * o * (1 - o)]

    def step(dh: Any, dc: Any, slope: Any, leak: Any, f: Any, m: Any) -> tuple[Any, Any]:
        if weight_hr is not None:
            of_projection.append(np.matmul(dh.T, m))
            dh = np.matmul(dh, weight_hr)
        dc = dc + leak * dh
        return (slope * np.concatenate([dc, dc, dc, dh], -1),), (0, f * dc)

    sequences = np.concatenate(slopes, -1), o * (1 - y * y), f, o * y
    gradients = composed_back(step, (g_h, g_last, g_c), x, h0, h, weights, sizes, *sequences)
    return gradients if weight_hr is None else (*gradients, sum(of_projection[1:], of_projection[0]))


def cells(c0: Any, f: Any, new: Any) -> Any:
    """c = f c' + new of all steps, (L, N, H)."""
    found, c = [], c0
    for f_t, new_t in zip(f, new):
        c = f_t * c + new_t
        found.append(c)
    return np.stack(found)


# ---- in place ----------------------------------------------------------------------------------------------


def halved(weight: Any) -> Any:
    """A copy of a weight or bias in the order i, f, o, g, with half of what goes into the gates.

    σ(a) = ½ + ½ tanh(a/2), so that one tanh does for all four.
    """
    new, hidden = np.empty_like(weight, order="C"), weight.shape[0] // 4
    half = beside(np.asarray(0.5, weight.dtype), weight)
    multiply(weight[: 2 * hidden], half, new[: 2 * hidden])
    multiply(weight[3 * hidden :], half, new[2 * hidden : 3 * hidden])
    new[3 * hidden :] = weight[2 * hidden : 3 * hidden]
    return new


@of_sizes
def lstm_steps(x: Any, h0: Any, c0: Any, weights: Any, *, sizes: Sizes) -> tuple[Any, ...]:
    """What `lstm` returns, and what it keeps, (L + 1, 6 H, N).

    These are i, f, o, g, the cell before and tanh of the next, below each other.
    """
    weight_ih, weight_hh, bias_ih, bias_hh, weight_hr = weights
    (n, hidden), length = c0.shape, x.shape[0]
    new = np.empty_like if sizes is None else np.zeros_like
    store = new(x, shape=(length + 1, 6 * hidden, n), order="C")
    bias, now = None if bias_ih is None else bias_ih + bias_hh, store[:-1]
    a, c_all = now[:, : 4 * hidden], store[:, 4 * hidden : 5 * hidden]
    c_all[0] = c0.T
    weights = weight_ih, weight_hh, bias
    states, times, weight, factors, results, k = sums(x, h0, weights, halved, a, sizes)
    sequences = (
        factors, results, a, now[:, : 3 * hidden], now[:, : 2 * hidden], now[:, 3 * hidden : 5 * hidden],
        c_all[1:], now[:, 5 * hidden :], now[:, 2 * hidden : 3 * hidden], states[1:],
    )  # fmt: skip
    products, m = (np.empty_like(x, shape=(rows * hidden, n), order="C") for rows in (2, 1))
    half = beside(np.asarray(0.5, x.dtype), x)  # an array, which NumPy need not make of it each time
    shared = products, products[:hidden], products[hidden:], m, m if k is None else k
    for factor, result, a_t, gates, i_f, g_c, c, y, o, h, both, ig, fc, m_t, k_t in steps(
        sizes, sequences, shared
    ):
        times(weight, factor, out=result)
        if k is not None:
            add(a_t, k_t, a_t)
        tanh(a_t, a_t)
        multiply(gates, half, gates)
        add(gates, half, gates)
        multiply(i_f, g_c, both)
        add(ig, fc, c)
        tanh(c, y)
        if weight_hr is None:
            multiply(o, y, h)
        else:
            np.matmul(weight_hr, multiply(o, y, m_t), out=h)
    return turned(states[1:]), last(states, sizes), last(c_all, sizes), store


@fused(plain_lstm_gradients)
def lstm_gradients(*values: Any) -> tuple[Any, ...]:
    """`plain_lstm_gradients` in place, by what was kept, if it was."""
    *given, sizes, h, store, wanted = values
    weights = tuple(given[6:])
    if store is None:
        h, *_, store = lstm_steps(*given[3:6], weights, sizes=sizes)
    wanted = made(wanted, sizes)
    dx, dh, dc, dw_ih, dw_hh, db, *dw_hr = lstm_steps_back(*given[:6], weights, h, store, wanted, sizes=sizes)
    return dx, dh, dc, dw_ih, dw_hh, db, db, *dw_hr


@of_sizes
def lstm_steps_back(
    g_h: Any, g_last: Any, g_c: Any, x: Any, h0: Any, c0: Any, weights: Any, h: Any, store: Any,
    wanted: tuple[str, ...], *, sizes: Sizes,
) -> tuple[Any, ...]:  # fmt: skip
    """The gradients of x, the states and weights, of both biases once."""
    weight_ih, weight_hh, _, _, weight_hr = weights
    n, hidden = c0.shape
    found, dh, dc = Gradients(x, h0, weight_ih, h, sizes, wanted), g_last.T.copy(), g_c.T.copy()
    times, weight, dh_blocks = product(weight_hh.T, dh, sizes)
    dm, dhs = dh, None
    if weight_hr is not None:
        dm = np.empty_like(dc)
        dhs = np.zeros_like(store, shape=(x.shape[0], *dh.shape), order="C")  # the dh of all steps
    for start, end, s in pieces(x.shape[0], store, (5 * hidden, n), sizes):
        n = s.shape[2]
        now = store[start:end, :, :n]
        write_slopes(now, hidden, s)
        back, blocks = s[::-1], np.reshape(s, (end - start, 5, hidden, n))[::-1]
        f = now[:, hidden : 2 * hidden][::-1]
        sequences = (
            turned(g_h[start:end, :n])[::-1], repeat(dh) if dhs is None else dhs[start:end][::-1],
            blocks[:, 3:], back[:, 4 * hidden :], blocks[:, :3], f, back[:, : 4 * hidden],
        )  # fmt: skip
        here = None if sizes is None else sizes[start:end][::-1]
        shared = dh, dh_blocks, dc, dm
        for g, dh_kept, of_m, leak, of_c, f_t, da, dh_t, dh_out, dc_t, dm_t in steps(here, sequences, shared):
            add(dh_t, g, dh_t)
            if weight_hr is not None:
                dh_kept[...] = dh_t
                np.matmul(weight_hr.T, dh_t, out=dm_t)
            multiply(of_m, dm_t, of_m)
            add(dc_t, leak, dc_t)
            multiply(of_c, dc_t, of_c)
            multiply(dc_t, f_t, dc_t)
            times(weight, da, out=dh_out)
        clear(s, sizes, start)
        found.add(start, end - start, rows_of(s[:, : 4 * hidden]))
    gradients = found.dx, dh.T, dc.T, *found.sums
    if weight_hr is None:
        return gradients
    m = store[:-1, 2 * hidden : 3 * hidden] * store[:-1, 5 * hidden :]
    return *gradients, np.matmul(rows_of(dhs), rows_of(m).T)


def write_slopes(now: Any, hidden: int, s: Any) -> None:
    """Of some steps, (T, 5 H, N), the slopes of the sums of i, f, g and o; and, last, what dm adds to dc."""
    length, _, n = now.shape
    i_f, o, gates = s[:, : 2 * hidden], s[:, 2 * hidden : 3 * hidden], s[:, : 3 * hidden]
    one = beside(np.asarray(1, now.dtype), now)
    subtract(one, now[:, : 3 * hidden], gates)
    multiply(gates, now[:, : 3 * hidden], gates)
    multiply(i_f, now[:, 3 * hidden : 5 * hidden], i_f)
    multiply(o, now[:, 5 * hidden :], s[:, 3 * hidden : 4 * hidden])
    now, s = (np.reshape(a, (length, a.shape[1] // hidden, hidden, n)) for a in (now, s))
    g_y, of_g_y = now[:, 3::2], s[:, 2::2]
    multiply(g_y, g_y, of_g_y)
    subtract(one, of_g_y, of_g_y)
    multiply(of_g_y, now[:, :3:2], of_g_y)  # i (1 - g²), and o (1 - y²)


# fmt: off
@primitive(keep={"store": None},
           joint=(("x", "h0", "c0", *WEIGHTS, "weight_hr"),
                  lambda g, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr, sizes, out, store, wanted:
                  (*lstm_gradients(*g, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr, sizes, out[0], store, wanted), None)[:8]))
def lstm(
    x: Any, h0: Any, c0: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any, weight_hr: Any = None,
    sizes: Any = None,
) -> Any:
    """One layer of long short-term memory.

    With a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh in blocks in the order i, f, g, o::

        i_t, f_t, o_t = σ(a_i), σ(a_f), σ(a_o)
        g_t = tanh(a_g)
        c_t = f_t c_{t-1} + i_t g_t
        h_t = o_t tanh(c_t)

    or, with a projection, h_t = W_hr (o_t tanh(c_t)), of length P; without, P is H.

    Parameters
    ----------
    x : Tensor or ndarray of shape (L, N, I)
    h0, c0 : Tensor or ndarray of shape (N, P), and (N, H)
    weight_ih, weight_hh : Tensor or ndarray of shape (4 H, I), and (4 H, P)
    bias_ih, bias_hh : Tensor or ndarray of shape (4 H,), or both None
    weight_hr : Tensor or ndarray of shape (P, H), optional
    sizes : tuple of L int, optional
        How many of the sequences are real at each step, the longest sequences being the first; x is 0 where
        none is.

    Returns
    -------
    h : Tensor or ndarray of shape (L, N, P)
        h_1 to h_L; 0 where a sequence is over.
    h_last, c_last : Tensor or ndarray of shape (N, P), and (N, H)
        Those after the last step of each sequence.

    References
    ----------
    S. Hochreiter, J. Schmidhuber (1997). Long short-term memory. Neural Computation 9. F. Gers, J.
    Schmidhuber, F. Cummins (2000). Learning to forget: continual prediction with LSTM. Neural Computation 12.
    H. Sak, A. Senior, F. Beaufays (2014). Long short-term memory based recurrent neural network architectures
    for large vocabulary speech recognition. arXiv:1402.1128
    """
    *out, store = lstm_steps(x, h0, c0, (weight_ih, weight_hh, bias_ih, bias_hh, weight_hr), sizes=sizes)
    return tuple(out), store
# fmt: on
