"""Long short-term memory, one layer over all time steps as one operation; `loop` explains how."""

from typing import Any

import numpy as np

from ...table import fused, primitive
from .loop import WEIGHTS, Run, blocks, composed, forwards, logistic, logistic_in_place, projected


def gates_of(sums: Any) -> tuple[Any, Any, Any, Any]:
    """i, f, g and o."""
    i, f, g, o = np.split(sums, 4, -1)
    return logistic(i), logistic(f), np.tanh(g), logistic(o)


def plain_step(z: Any, k: Any, h: Any, c: Any) -> tuple[Any, Any]:
    """The next h and c."""
    i, f, g, o = gates_of(z + k)
    c = f * c + i * g
    return o * np.tanh(c), c


def plain_lstm(x: Any, h0: Any, c0: Any, *weights: Any) -> tuple[Any, ...]:
    """`lstm` by composition."""
    return composed(plain_step, x, (h0, c0), *weights)


def plain_step_back(dh: Any, dc: Any, slope: Any, leak: Any, f: Any) -> tuple[Any, Any]:
    """da, and what the state and the cell before get of it directly."""
    dc = dc + leak * dh
    return (slope * np.concatenate([dc, dc, dc, dh], -1),), (0, f * dc)


def plain_lstm_gradients(*values: Any) -> tuple[Any, ...]:
    """From c = f c' + i g and h = o y, where y = tanh(c), and c' is the cell before.

    di = g dc, df = c' dc, dg = i dc and do = y dh; dh adds o (1 - y²) dh to dc, of which f dc goes on to c'.
    A gate s passes s (1 - s) of its gradient on to its sum, and g passes 1 - g².  The gates are computed
    again: the kept ones have no graph.
    """
    run = Run.of(2, values)
    c = run.states[1]
    (i, f, g, o), y = gates_of(np.add(*run.sums())), np.tanh(c)
    slopes = [g * i * (1 - i), run.before(1) * f * (1 - f), i * (1 - g * g), y * o * (1 - o)]
    return run.composed_back(plain_step_back, np.concatenate(slopes, -1), o * (1 - y * y), f)


@fused(plain_lstm_gradients)
def lstm_gradients(*values: Any) -> tuple[Any, ...]:
    """`plain_lstm_gradients` in place, by the gates that were kept, if they were; da begins as the slopes."""
    run = Run.of(2, values)
    (_, c), (_, c0), (gates,) = run.states, run.first, run.kept
    if gates is None:
        gates = np.concatenate(gates_of(np.add(*run.sums())), -1)
    i, f, g, o = blocks(gates, 4)
    da = np.subtract(1, gates)
    da *= gates
    da_i, da_f, da_g, da_o = blocks(da, 4)
    y, leak, spare = np.tanh(c), np.empty_like(c), np.empty_like(c0)
    da_i *= g
    da_f[0] *= c0
    da_f[1:] *= c[:-1]
    np.multiply(g, g, out=leak)
    np.subtract(1, leak, out=leak)
    np.multiply(i, leak, out=da_g)
    da_o *= y
    y *= y
    np.subtract(1, y, out=leak)
    leak *= o
    dh, dc = d = run.zeros()
    dc_column = dc[:, None]
    da_ifg = np.reshape(da, (*c.shape[:2], 4, c.shape[2]))[:, :, :3]  # (L, N, 3, H)
    for _, from_h, from_c, g_c, leak_t, f_t in run.backwards(dh, da, da_o, da_ifg, run.g[1], leak, f):
        dc += g_c
        dc += np.multiply(leak_t, dh, out=spare)
        from_c *= dc_column
        from_h *= dh
        dc *= f_t
    return run.gradients(da, da, d)


# fmt: off
@primitive(keep={"gates": None},
           joint=(("x", "h0", "c0", *WEIGHTS), lambda g, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, out, gates:
                  lstm_gradients(*g, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, *out, gates)))
def lstm(x: Any, h0: Any, c0: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> Any:
    """One layer of long short-term memory.

    With a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh in blocks in the order i, f, g, o::

        i_t, f_t, o_t = σ(a_i), σ(a_f), σ(a_o)
        g_t = tanh(a_g)
        c_t = f_t c_{t-1} + i_t g_t
        h_t = o_t tanh(c_t)

    Parameters
    ----------
    x : Tensor or ndarray of shape (L, N, I)
    h0, c0 : Tensor or ndarray of shape (N, H)
    weight_ih, weight_hh : Tensor or ndarray of shape (4 H, I), and (4 H, H)
    bias_ih, bias_hh : Tensor or ndarray of shape (4 H,), or both None

    Returns
    -------
    h, c : Tensor or ndarray of shape (L, N, H)
        h_1 to h_L, and c_1 to c_L.

    References
    ----------
    S. Hochreiter, J. Schmidhuber (1997). Long short-term memory. Neural Computation 9. F. Gers, J.
    Schmidhuber, F. Cummins (2000). Learning to forget: continual prediction with LSTM. Neural Computation 12.
    """
    sums = projected(x, weight_ih, bias_ih, bias_hh)  # of which the steps make the gates
    # tanh makes the sigmoid too, as `logistic` says: one call of it for all four blocks
    scale = np.repeat(np.array([0.5, 0.5, 1, 0.5], sums.dtype), h0.shape[1])
    offset, spare, k = 1 - scale, np.empty_like(h0), np.empty_like(sums, shape=sums.shape[1:])

    h, c = (np.empty_like(sums, shape=(*sums.shape[:2], h0.shape[1])) for _ in range(2))
    for h_t, c_t, a, i, f, g, o in forwards(weight_hh, h0, k, h, c, sums, *blocks(sums, 4)):
        a += k
        logistic_in_place(a, scale, offset)
        np.multiply(f, c0, out=c_t)
        c_t += np.multiply(i, g, out=spare)
        np.multiply(o, np.tanh(c_t, out=spare), out=h_t)
        c0 = c_t
    return (h, c), sums
# fmt: on
