"""Recurrent layers as a careful NumPy programmer writes them, for inputs (L, N, I) of any shape.

A forward function returns the states of all steps, the last ones, and what the way back reads; a backward
function returns the gradients of the four parameters.  What is made is made in the call, and nothing that is
returned is overwritten by the next.  The products with the inputs, and those that the gradients of weights
are, take all steps at once; so does, on the way back, what does not depend on the gradients of later steps.
"""

from typing import Any

import numpy as np


def sigmoid(a: Any) -> Any:
    """σ(a), where exp does not overflow."""
    return 1 / (1 + np.exp(-a))


def sums_of_inputs(x: Any, weight: Any, bias: Any) -> Any:
    """W x + b of all steps, (L, N, m H)."""
    steps, n, features = x.shape
    return (x.reshape(-1, features) @ weight.T + bias).reshape(steps, n, -1)


def weights_back(x: Any, h: Any, dz: Any, dk: Any) -> list[Any]:
    """The gradients of the parameters, from those of the sums of all steps, dz of inputs and dk of states."""
    dz, dk = (a.reshape(-1, a.shape[2]) for a in (dz, dk))
    inputs, states = x.reshape(len(dz), -1), h[:-1].reshape(len(dk), -1)
    db_ih = dz.sum(axis=0)
    return [dz.T @ inputs, dk.T @ states, db_ih, db_ih.copy() if dk is dz else dk.sum(axis=0)]


def rnn(x: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> tuple[Any, ...]:
    """Elman's network, with tanh."""
    (steps, n, _), hidden = x.shape, weight_hh.shape[1]
    z = sums_of_inputs(x, weight_ih, bias_ih + bias_hh)
    h = np.zeros((steps + 1, n, hidden), x.dtype)
    for t in range(steps):
        h[t + 1] = np.tanh(z[t] + h[t] @ weight_hh.T)
    return h[1:], h[-1], (x, weight_hh, h)


def rnn_back(g: Any, kept: tuple[Any, ...]) -> list[Any]:
    """The gradients of its parameters."""
    x, weight_hh, h = kept
    da = 1 - h[1:] ** 2
    dh = np.zeros_like(h[0])
    for t in reversed(range(len(x))):
        da[t] *= dh + g[t]
        dh = da[t] @ weight_hh
    return weights_back(x, h, da, da)


def gru(x: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> tuple[Any, ...]:
    """Gated recurrent units: r, u and n."""
    (steps, n, _), hidden = x.shape, weight_hh.shape[1]
    z = sums_of_inputs(x, weight_ih, bias_ih)
    h = np.zeros((steps + 1, n, hidden), x.dtype)
    gates, new, k_new = (np.empty((steps, n, size), x.dtype) for size in (2 * hidden, hidden, hidden))
    for t in range(steps):
        k = h[t] @ weight_hh.T + bias_hh
        gates[t] = sigmoid(z[t, :, : 2 * hidden] + k[:, : 2 * hidden])
        k_new[t] = k[:, 2 * hidden :]
        r, u = gates[t, :, :hidden], gates[t, :, hidden:]
        new[t] = np.tanh(z[t, :, 2 * hidden :] + r * k_new[t])
        h[t + 1] = new[t] + u * (h[t] - new[t])
    return h[1:], h[-1], (x, weight_hh, h, gates, new, k_new)


def gru_back(g: Any, kept: tuple[Any, ...]) -> list[Any]:
    """The gradients of its parameters."""
    x, weight_hh, h, gates, new, k_new = kept
    hidden = h.shape[2]
    r, u = gates[:, :, :hidden], gates[:, :, hidden:]
    to_n = (1 - u) * (1 - new**2)
    to_u = (h[:-1] - new) * u * (1 - u)
    to_r = to_n * k_new * r * (1 - r)
    dk = np.concatenate([to_r, to_u, to_n * r], axis=2)
    dh = np.zeros_like(h[0])
    dhs = np.empty_like(g)
    for t in reversed(range(len(x))):
        dhs[t] = dh + g[t]
        dk[t] *= np.concatenate([dhs[t]] * 3, axis=1)
        dh = dhs[t] * u[t] + dk[t] @ weight_hh
    dz = np.concatenate([dk[:, :, : 2 * hidden], to_n * dhs], axis=2)
    return weights_back(x, h, dz, dk)


def lstm(x: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> tuple[Any, ...]:
    """Long short-term memory: i, f, g and o."""
    (steps, n, _), hidden = x.shape, weight_hh.shape[1]
    z = sums_of_inputs(x, weight_ih, bias_ih + bias_hh)
    h, c = (np.zeros((steps + 1, n, hidden), x.dtype) for _ in range(2))
    gates, y = np.empty_like(z), np.empty((steps, n, hidden), x.dtype)
    for t in range(steps):
        a = z[t] + h[t] @ weight_hh.T
        gates[t] = sigmoid(a)
        gates[t, :, 2 * hidden : 3 * hidden] = np.tanh(a[:, 2 * hidden : 3 * hidden])
        i, f, new, o = (gates[t, :, k * hidden : (k + 1) * hidden] for k in range(4))
        c[t + 1] = f * c[t] + i * new
        y[t] = np.tanh(c[t + 1])
        h[t + 1] = o * y[t]
    return h[1:], (h[-1], c[-1]), (x, weight_hh, h, c, gates, y)


def lstm_back(g: Any, kept: tuple[Any, ...]) -> list[Any]:
    """The gradients of its parameters."""
    x, weight_hh, h, c, gates, y = kept
    hidden = h.shape[2]
    i, f, new, o = (gates[:, :, k * hidden : (k + 1) * hidden] for k in range(4))
    da = gates * (1 - gates)
    da[:, :, :hidden] *= new
    da[:, :, hidden : 2 * hidden] *= c[:-1]
    da[:, :, 2 * hidden : 3 * hidden] = i * (1 - new**2)
    da[:, :, 3 * hidden :] *= y
    to_c = o * (1 - y**2)
    dh, dc = np.zeros_like(h[0]), np.zeros_like(c[0])
    for t in reversed(range(len(x))):
        dh += g[t]
        dc += dh * to_c[t]
        da[t] *= np.concatenate([dc, dc, dc, dh], axis=1)
        dc *= f[t]
        dh = da[t] @ weight_hh
    return weights_back(x, h, da, da)


IDIOMS = {"RNN": (rnn, rnn_back), "GRU": (gru, gru_back), "LSTM": (lstm, lstm_back)}
