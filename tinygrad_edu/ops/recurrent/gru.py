"""The gated recurrent unit, one layer over all time steps as one operation; `loop` explains how."""

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
from .products import Gradients, product, rows_of, sums_of_inputs

# ---- by functions of the table -----------------------------------------------------------------------------


def gates_of(z: Any, k: Any) -> tuple[Any, Any, Any, Any]:
    """r, u, n, and k_n, what the state before adds to the sum of n."""
    (z_r, z_u, z_n), (k_r, k_u, k_n) = np.split(z, 3, -1), np.split(k, 3, -1)
    r, u = logistic(z_r + k_r), logistic(z_u + k_u)
    return r, u, np.tanh(z_n + r * k_n), k_n


def plain_step(z: Any, k: Any, h: Any) -> tuple[Any]:
    """The next h."""
    _, u, n, _ = gates_of(z, k)
    return ((1 - u) * n + u * h,)


def plain_gru(x: Any, h0: Any, *rest: Any) -> Any:
    """`gru` by composition."""
    *weights, sizes = rest
    return composed(plain_step, x, (h0,), weights, sizes)


def plain_step_back(dh: Any, u: Any, r_u: Any, to_z: Any, to_k: Any) -> tuple[Any, Any]:
    """dk and dz, which are the same for r and u, and what the state before gets of dh directly."""
    gates = r_u * np.concatenate([dh, dh], -1)
    dk, dz = (np.concatenate([gates, slope * dh], -1) for slope in (to_k, to_z))
    return (dk, dz), [u * dh]


def plain_gru_gradients(*values: Any) -> tuple[Any, ...]:
    """From h = (1 - u) n + u h', where h' is the state before.

    dn = (1 - u) dh and du = (h' - n) dh, and u dh goes on to h'.  n passes (1 - n²) of its gradient on to its
    sum: all of it to z_n, r times it to k_n, and k_n times it to r.  A gate s passes s (1 - s) on to its sum,
    so to both of z and k.  The gates are computed again: the kept ones have no graph.
    """
    g_h, g_last, x, h0, *weights, sizes, h, _, _ = values
    if h is None:
        h, _ = plain_gru(x, h0, *weights, sizes)
    r, u, n, k_n = gates_of(*z_and_k(x, h0, h, weights))
    to_z = (1 - u) * (1 - n * n)
    r_u = np.concatenate([to_z * k_n * r * (1 - r), (before(h0, h) - n) * u * (1 - u)], -1)
    g = g_h, g_last
    return composed_back(plain_step_back, g, x, h0, h, weights, sizes, u, r_u, to_z, to_z * r)


# ---- in place ----------------------------------------------------------------------------------------------


def halved(weight: Any) -> Any:
    """A copy of a weight or bias with half of what goes into r and u: σ(a) = ½ + ½ tanh(a/2)."""
    weight = weight.copy()
    weight[: 2 * (weight.shape[0] // 3)] *= 0.5
    return weight


@of_sizes
def gru_steps(x: Any, h0: Any, weights: Any, *, sizes: Sizes) -> tuple[Any, ...]:
    """What `gru` returns, and what it keeps: (L + 1, 5 H, N), r, u, n, k_n and the state before."""
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    (n, hidden), length = h0.shape, x.shape[0]
    new = np.empty_like if sizes is None else np.zeros_like
    store = new(x, shape=(length + 1, 5 * hidden, n), order="C")
    bias = None if bias_ih is None else halved(bias_ih + bias_hh)
    if bias is not None:
        bias[2 * hidden :] = bias_ih[2 * hidden :]
    sums_of_inputs(x, halved(weight_ih), bias, store[:-1, : 3 * hidden], sizes)
    store[0, 4 * hidden :] = h0.T
    k, weight = np.empty_like(x, shape=(3 * hidden, n), order="C"), halved(weight_hh)
    of_k = None if bias_hh is None else np.repeat(np.expand_dims(bias_hh[2 * hidden :], 1), n, axis=1)
    now, h = store[:-1], store[1:, 4 * hidden :]
    sequences = (
        h, now[:, 4 * hidden :], now[:, : 2 * hidden], now[:, :hidden], now[:, hidden : 2 * hidden],
        now[:, 2 * hidden : 3 * hidden], now[:, 3 * hidden : 4 * hidden],
    )  # fmt: skip
    times, weight, k_blocks = product(weight, k, sizes)
    half = beside(np.asarray(0.5, x.dtype), x)  # an array, which NumPy need not make of it each time
    shared = k_blocks, k[: 2 * hidden], k[2 * hidden :], k if of_k is None else of_k
    for h_t, h_before, r_u, r, u, new_t, k_n, k_out, k_gates, k_new, b in steps(sizes, sequences, shared):
        times(weight, h_before, out=k_out)
        if of_k is not None:
            add(k_new, b, k_new)
        add(r_u, k_gates, r_u)
        tanh(r_u, r_u)
        multiply(r_u, half, r_u)
        add(r_u, half, r_u)
        k_n[...] = k_new
        multiply(r, k_new, k_new)
        add(new_t, k_new, new_t)
        tanh(new_t, new_t)
        subtract(h_before, new_t, h_t)  # h = n + u (h' - n)
        multiply(h_t, u, h_t)
        add(h_t, new_t, h_t)
    return turned(h), last(store[:, 4 * hidden :], sizes), store


@fused(plain_gru_gradients)
def gru_gradients(*values: Any) -> tuple[Any, ...]:
    """`plain_gru_gradients` in place, by what was kept, if it was."""
    *given, sizes, h, store, wanted = values
    weights = tuple(given[4:])
    if store is None:
        h, _, store = gru_steps(*given[2:4], weights, sizes=sizes)
    return gru_steps_back(*given[:4], weights, h, store, made(wanted, sizes), sizes=sizes)


@of_sizes
def gru_steps_back(
    g_h: Any, g_last: Any, x: Any, h0: Any, weights: Any, h: Any, store: Any, wanted: tuple[str, ...],
    *, sizes: Sizes,
) -> tuple[Any, ...]:  # fmt: skip
    """The gradients of x, the state, weights and biases."""
    weight_ih, weight_hh, _, _ = weights
    n, hidden = h0.shape
    found, dh = Gradients(x, h0, weight_ih, h, sizes, wanted), g_last.T.copy()
    room = np.empty_like(store, shape=(hidden, n), order="C")
    times, weight, room_blocks = product(weight_hh.T, room, sizes)
    shared = dh, room, room_blocks
    for start, end, s in pieces(x.shape[0], store, (5 * hidden, n), sizes):
        n = s.shape[2]
        write_slopes(store[start:end, :, :n], hidden, s)
        back = s[::-1]
        sequences = (
            turned(g_h[start:end, :n])[::-1], np.reshape(back, (end - start, 5, hidden, n)), back[:, :hidden],
            back[:, hidden : 4 * hidden],
        )  # fmt: skip
        here = None if sizes is None else sizes[start:end][::-1]
        for g_t, all_t, direct, dk_t, dh_t, of_k, of_k_out in steps(here, sequences, shared):
            add(dh_t, g_t, dh_t)
            multiply(all_t, dh_t, all_t)
            times(weight, dk_t, out=of_k_out)
            add(of_k, direct, dh_t)
        clear(s, sizes, start)
        dz = rows_of(s[:, hidden : 3 * hidden], s[:, 4 * hidden :])
        found.add(start, end - start, dz, rows_of(s[:, hidden : 4 * hidden]))
    return found.dx, dh.T, *found.sums


def write_slopes(store: Any, hidden: int, s: Any) -> None:
    """Write what some steps, (T, 5 H, N), make of dh.

    These are that of the state before, directly, those of r, u and n in k, and that of n in z.
    """
    r, u, n, k_n, h_before = (store[:, k * hidden : (k + 1) * hidden] for k in range(5))
    direct, of_r, of_u, k_new, z_new = (s[:, k * hidden : (k + 1) * hidden] for k in range(5))
    gates, one = store[:, : 2 * hidden], beside(np.asarray(1, store.dtype), store)
    subtract(one, gates, s[:, hidden : 3 * hidden])
    multiply(n, n, z_new)
    subtract(one, z_new, z_new)
    z_new *= of_u  # (1 - u) (1 - n²)
    s[:, hidden : 3 * hidden] *= gates
    of_r *= k_n
    of_r *= z_new
    subtract(h_before, n, direct)
    of_u *= direct
    multiply(z_new, r, k_new)
    direct[...] = u


# fmt: off
@primitive(keep={"store": None},
           joint=(("x", "h0", *WEIGHTS), lambda g, x, h0, weight_ih, weight_hh, bias_ih, bias_hh, sizes, out, store, wanted:
                  gru_gradients(*g, x, h0, weight_ih, weight_hh, bias_ih, bias_hh, sizes, out[0], store, wanted)))
def gru(x: Any, h0: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any, sizes: Any = None) -> Any:
    """One layer of gated recurrent units.

    With z_t = W_ih x_t + b_ih and k_t = W_hh h_{t-1} + b_hh, each in blocks in the order r, u, n (PyTorch
    calls u z)::

        r_t = σ(z_r + k_r)
        u_t = σ(z_u + k_u)
        n_t = tanh(z_n + r_t k_n)
        h_t = (1 - u_t) n_t + u_t h_{t-1}

    As in PyTorch and cuDNN, r scales the state's whole part k_n, its bias included; in the paper it scales
    the state itself.

    Parameters
    ----------
    x : Tensor or ndarray of shape (L, N, I)
    h0 : Tensor or ndarray of shape (N, H)
    weight_ih, weight_hh : Tensor or ndarray of shape (3 H, I), and (3 H, H)
    bias_ih, bias_hh : Tensor or ndarray of shape (3 H,), or both None
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
    K. Cho et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical machine
    translation. arXiv:1406.1078
    """
    *out, store = gru_steps(x, h0, (weight_ih, weight_hh, bias_ih, bias_hh), sizes=sizes)
    return tuple(out), store
# fmt: on
