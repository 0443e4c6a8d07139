"""Long short-term memory, one layer over all time steps as one operation; `recurrent` explains how."""

from typing import Any

import numpy as np

from ...table import fused, primitive
from ..contraction import flat
from .elman import (
    WEIGHTS,
    before,
    blocks,
    either,
    logistic,
    logistic_in_place,
    projected,
    projection_gradients,
    transposed,
)


def plain_lstm(
    x: Any, h0: Any, c0: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any
) -> tuple[Any, Any]:
    """`lstm` by composition."""
    h, c = [h0], [c0]
    for z in projected(x, weight_ih, either(bias_ih, bias_hh)):
        i, f, g, o = np.split(z + np.matmul(h[-1], weight_hh.T), 4, -1)
        c.append(logistic(f) * c[-1] + logistic(i) * np.tanh(g))
        h.append(logistic(o) * np.tanh(c[-1]))
    return np.stack(h[1:]), np.stack(c[1:])


def gates_of(
    x: Any, h0: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any, h: Any
) -> tuple[Any, Any, Any, Any]:
    """i, f, g and o of all steps, from the inputs and the states that came out."""
    i, f, g, o = np.split(
        projected(x, weight_ih, either(bias_ih, bias_hh)) + np.matmul(before(h0, h), weight_hh.T), 4, -1
    )
    return logistic(i), logistic(f), np.tanh(g), logistic(o)


def plain_lstm_gradients(
    g_h: Any,
    g_c: Any,
    x: Any,
    h0: Any,
    c0: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    h: Any,
    c: Any,
    gates: Any,
) -> tuple[Any, ...]:
    """From c = f c' + i g and h = o y, where y = tanh(c), and c' is the cell before.

    di = g dc, df = c' dc, dg = i dc and do = y dh; dh adds o (1 - y²) dh to dc, of which f dc goes on to c'.
    A gate s passes s (1 - s) of its gradient on to its sum, and g passes 1 - g².  The gates are computed
    again: the kept ones have no graph.
    """
    (i, f, g, o), y = gates_of(x, h0, weight_ih, weight_hh, bias_ih, bias_hh, h), np.tanh(c)
    slopes = np.concatenate(
        [g * i * (1 - i), before(c0, c) * f * (1 - f), i * (1 - g * g), y * o * (1 - o)], -1
    )  # (L, N, 4 H)
    leak = o * (1 - y * y)
    dh, dc, da = np.zeros_like(h0), np.zeros_like(c0), []
    for t in reversed(range(len(g_h))):
        dh = dh + g_h[t]
        dc = dc + g_c[t] + leak[t] * dh
        da.append(slopes[t] * np.concatenate([dc, dc, dc, dh], -1))
        dh, dc = np.matmul(da[-1], weight_hh), dc * f[t]
    dz = np.stack(da[::-1])
    dx, dw, db = projection_gradients(dz, x, weight_ih)
    return dx, dh, dc, dw, np.matmul(flat(dz).T, flat(before(h0, h))), db, db


@fused(plain_lstm_gradients)
def lstm_gradients(
    g_h: Any,
    g_c: Any,
    x: Any,
    h0: Any,
    c0: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    h: Any,
    c: Any,
    gates: Any,
) -> tuple[Any, ...]:
    """`plain_lstm_gradients` in place, by the gates that the forward kept unless they are None; da begins as the slopes."""
    if gates is None:
        gates = np.concatenate(gates_of(x, h0, weight_ih, weight_hh, bias_ih, bias_hh, h), -1)
    i, f, g, o = blocks(gates, 4)
    da = np.subtract(1, gates, order="C")  # reshaped below, which must be a view
    da *= gates
    da_i, da_f, da_g, da_o = blocks(da, 4)
    y, leak, dh, dc, leaked = (
        np.tanh(c),
        np.empty_like(c),
        np.zeros_like(h0),
        np.zeros_like(c0),
        np.empty_like(c0),
    )
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
    from_c, from_h = np.reshape(da, (*c.shape[:2], 4, c.shape[2]))[:, :, :3], da_o  # (L, N, 3, H), (L, N, H)
    for t in reversed(range(len(c))):
        dh += g_h[t]
        dc += g_c[t]
        dc += np.multiply(leak[t], dh, out=leaked)
        from_c[t] *= dc[:, None]
        from_h[t] *= dh
        np.matmul(da[t], weight_hh, out=dh)
        dc *= f[t]
    dx, dw, db = projection_gradients(da, x, weight_ih)
    return dx, dh, dc, dw, np.matmul(flat(da).T, flat(before(h0, h))), db, db


@primitive(
    keep={"gates": None},
    joint=(
        ("x", "h0", "c0", *WEIGHTS),
        lambda g, x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, out, gates: lstm_gradients(
            g[0], g[1], x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, out[0], out[1], gates
        ),
    ),
)
def lstm(x: Any, h0: Any, c0: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> Any:
    """One layer of long short-term memory, with a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh in blocks in the order i, f, g, o::

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
    gates, hidden, weight = (
        projected(x, weight_ih, either(bias_ih, bias_hh)),
        h0.shape[-1],
        transposed(weight_hh),
    )
    scale = np.repeat(
        np.array([0.5, 0.5, 1, 0.5], gates.dtype), hidden
    )  # tanh makes the sigmoid too, as `logistic` says
    offset, product, cell = 1 - scale, np.empty_like(gates, shape=gates.shape[1:]), np.empty_like(h0)
    h, c = (
        np.empty_like(gates, shape=(*x.shape[:2], hidden)),
        np.empty_like(gates, shape=(*x.shape[:2], hidden)),
    )
    h_last, c_last = h0, c0
    for a, i, f, g, o, h_t, c_t in zip(gates, *blocks(gates, 4), h, c):
        np.add(a, np.matmul(h_last, weight, out=product), out=a)
        logistic_in_place(a, scale, offset)
        np.multiply(f, c_last, out=c_t)
        np.add(c_t, np.multiply(i, g, out=cell), out=c_t)
        np.multiply(o, np.tanh(c_t, out=cell), out=h_t)
        h_last, c_last = h_t, c_t
    return (h, c), gates
