"""The gated recurrent unit, one layer over all time steps as one operation; `recurrent` explains how."""

from typing import Any

import numpy as np

from ...table import fused, primitive
from ..contraction import flat, sum_of_rows
from .elman import (
    WEIGHTS,
    before,
    blocks,
    logistic,
    logistic_in_place,
    projected,
    projection_gradients,
    transposed,
)


def plain_gru(x: Any, h0: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> Any:
    """`gru` by composition."""
    h = [h0]
    for z in projected(x, weight_ih, bias_ih):
        _, u, n, _ = inside(z, h[-1], weight_hh, bias_hh)
        h.append((1 - u) * n + u * h[-1])
    return np.stack(h[1:])


def inside(z: Any, h: Any, weight_hh: Any, bias_hh: Any) -> tuple[Any, Any, Any, Any]:
    """r, u, n, and k_n, what the state before adds to the sum of n."""
    k = np.matmul(h, weight_hh.T)
    k = k if bias_hh is None else k + bias_hh
    (z_r, z_u, z_n), (k_r, k_u, k_n) = np.split(z, 3, -1), np.split(k, 3, -1)
    r, u = logistic(z_r + k_r), logistic(z_u + k_u)
    return r, u, np.tanh(z_n + r * k_n), k_n


def plain_gru_gradients(
    g: Any,
    x: Any,
    h0: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    h: Any,
    gates: Any,
    k_n: Any,
) -> tuple[Any, ...]:
    """From h = (1 - u) n + u h', where h' is the state before.

    dn = (1 - u) dh and du = (h' - n) dh, and u dh goes on to h'.  n passes (1 - n²) of its gradient on to its
    sum: all of it to z_n, r times it to k_n, and k_n times it to r.  A gate s passes s (1 - s) on to its sum,
    so to both of z and k.  The gates are computed again: the kept ones have no graph.
    """
    earlier = before(h0, h)
    r, u, n, k_n = inside(projected(x, weight_ih, bias_ih), earlier, weight_hh, bias_hh)
    to_z = (1 - u) * (1 - n * n)
    slopes = np.concatenate(
        [to_z * k_n * r * (1 - r), (earlier - n) * u * (1 - u), to_z * r], -1
    )  # (L, N, 3 H)
    last, dh, dk = np.zeros_like(h0), [], []
    for t in reversed(range(len(g))):
        dh.append(g[t] + last)
        dk.append(slopes[t] * np.concatenate([dh[-1], dh[-1], dh[-1]], -1))
        last = dh[-1] * u[t] + np.matmul(dk[-1], weight_hh)
    rows = np.stack(dk[::-1])
    dz = np.concatenate([rows[..., : 2 * h0.shape[-1]], np.stack(dh[::-1]) * to_z], -1)
    return gathered(dz, flat(rows), last, x, h0, weight_ih, h)


@fused(plain_gru_gradients)
def gru_gradients(
    g: Any,
    x: Any,
    h0: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    h: Any,
    gates: Any,
    k_n: Any,
) -> tuple[Any, ...]:
    """`plain_gru_gradients` in place, by what the forward kept unless it is None; dz and dk begin as the slopes."""
    if gates is None:
        *run, k_n = inside(projected(x, weight_ih, bias_ih), before(h0, h), weight_hh, bias_hh)
        gates = np.concatenate(run, -1)
    r, u, n = blocks(gates, 3)
    dz = np.subtract(1, gates)
    to_r, to_u, to_z = blocks(dz, 3)
    np.multiply(n, n, out=to_z)
    np.subtract(1, to_z, out=to_z)
    to_z *= to_u
    to_u *= u
    to_u[0] *= h0 - n[0]
    to_u[1:] *= h[:-1] - n[1:]
    to_r *= r
    to_r *= k_n
    to_r *= to_z
    dk, last, dh = dz.copy(), np.zeros_like(h0), np.empty_like(h0)
    to_k = blocks(dk, 3)[2]
    to_k *= r
    blocks_of_k = np.reshape(dk, (*h.shape[:2], 3, h.shape[2]))  # (L, N, 3, H)
    for t in reversed(range(len(g))):
        np.add(last, g[t], out=dh)
        to_z[t] *= dh
        blocks_of_k[t] *= dh[:, None]
        np.matmul(dk[t], weight_hh, out=last)
        dh *= u[t]
        last += dh
    hidden = 2 * h0.shape[-1]
    dz[..., :hidden] = dk[..., :hidden]
    return gathered(dz, flat(dk), last, x, h0, weight_ih, h)


def gathered(dz: Any, dk: Any, dh0: Any, x: Any, h0: Any, weight_ih: Any, h: Any) -> tuple[Any, ...]:
    """The gradients of all arguments from those of the sums' two parts, dk in rows."""
    dx, dw, db = projection_gradients(dz, x, weight_ih)
    return dx, dh0, dw, np.matmul(dk.T, flat(before(h0, h))), db, sum_of_rows(dk)


@primitive(
    keep={"gates": None, "k_n": None},
    joint=(
        ("x", "h0", *WEIGHTS),
        lambda g, x, h0, weight_ih, weight_hh, bias_ih, bias_hh, out, gates, k_n: gru_gradients(
            g, x, h0, weight_ih, weight_hh, bias_ih, bias_hh, out, gates, k_n
        ),
    ),
)
def gru(x: Any, h0: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> Any:
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

    Returns
    -------
    Tensor or ndarray of shape (L, N, H)
        h_1 to h_L.

    References
    ----------
    K. Cho et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical machine
    translation. arXiv:1406.1078
    """
    gates, hidden, weight = projected(x, weight_ih, bias_ih), h0.shape[-1], transposed(weight_hh)
    k, last = np.empty_like(gates, shape=gates.shape[1:]), h0
    h, kept = (
        np.empty_like(gates, shape=(*x.shape[:2], hidden)),
        np.empty_like(gates, shape=(*x.shape[:2], hidden)),
    )
    for both, r, u, n, h_t, k_n in zip(gates[..., : 2 * hidden], *blocks(gates, 3), h, kept):
        np.matmul(last, weight, out=k)
        if bias_hh is not None:
            np.add(k, bias_hh, out=k)
        np.add(both, k[:, : 2 * hidden], out=both)
        logistic_in_place(both)
        k_n[...] = k[:, 2 * hidden :]
        np.add(n, np.multiply(r, k_n, out=h_t), out=n)
        np.tanh(n, out=n)
        np.subtract(last, n, out=h_t)  # h = n + u (h' - n)
        np.multiply(h_t, u, out=h_t)
        np.add(h_t, n, out=h_t)
        last = h_t
    return h, gates, kept
