"""The gated recurrent unit, one layer over all time steps as one operation; `loop` explains how."""

from typing import Any

import numpy as np

from ...table import fused, primitive
from .loop import WEIGHTS, Run, blocks, composed, forwards, logistic, logistic_in_place, projected


def gates_of(z: Any, k: Any) -> tuple[Any, Any, Any, Any]:
    """r, u, n, and k_n, what the state before adds to the sum of n."""
    (z_r, z_u, z_n), (k_r, k_u, k_n) = np.split(z, 3, -1), np.split(k, 3, -1)
    r, u = logistic(z_r + k_r), logistic(z_u + k_u)
    return r, u, np.tanh(z_n + r * k_n), k_n


def plain_step(z: Any, k: Any, h: Any) -> tuple[Any]:
    """The next h."""
    _, u, n, _ = gates_of(z, k)
    return ((1 - u) * n + u * h,)


def plain_gru(x: Any, h0: Any, *weights: Any) -> Any:
    """`gru` by composition."""
    return composed(plain_step, x, (h0,), *weights)[0]


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
    run = Run.of(1, values)
    r, u, n, k_n = gates_of(*run.sums())
    to_z = (1 - u) * (1 - n * n)
    r_u = [to_z * k_n * r * (1 - r), (run.before(0) - n) * u * (1 - u)]
    return run.composed_back(plain_step_back, u, np.concatenate(r_u, -1), to_z, to_z * r)


@fused(plain_gru_gradients)
def gru_gradients(*values: Any) -> tuple[Any, ...]:
    """`plain_gru_gradients` in place, by what the forward kept, if it did; dz and dk begin as the slopes."""
    run = Run.of(1, values)
    (h,), (h0,), (gates, k_n) = run.states, run.first, run.kept
    if gates is None:
        *computed, k_n = gates_of(*run.sums())
        gates = np.concatenate(computed, -1)
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
    dk, spare, hidden = dz.copy(), np.empty_like(h0), h0.shape[1]
    dk[..., 2 * hidden :] *= r
    (dh,) = d = run.zeros()
    column = dh[:, None]
    three = np.reshape(dk, (*h.shape[:2], 3, hidden))  # the blocks of dk, (L, N, 3, H)
    for _, three_t, to_z_t, u_t in run.backwards(dh, dk, three, to_z, u, direct=spare):
        to_z_t *= dh
        three_t *= column
        np.multiply(dh, u_t, out=spare)
    dz[..., : 2 * hidden] = dk[..., : 2 * hidden]
    return run.gradients(dz, dk, d)


# fmt: off
@primitive(keep={"gates": None, "k_n": None},
           joint=(("x", "h0", *WEIGHTS), lambda g, x, h0, weight_ih, weight_hh, bias_ih, bias_hh, out, gates, k_n:
                  gru_gradients(g, x, h0, weight_ih, weight_hh, bias_ih, bias_hh, out, gates, k_n)))
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
    sums, hidden = projected(x, weight_ih, bias_ih), h0.shape[1]  # of which the steps make the gates
    k = np.empty_like(sums, shape=sums.shape[1:])
    k_gates, k_new = k[:, : 2 * hidden], k[:, 2 * hidden :]
    gates = sums[..., : 2 * hidden], *blocks(sums, 3)
    h, k_n = (np.empty_like(sums, shape=(*sums.shape[:2], hidden)) for _ in range(2))
    for h_t, k_n_t, r_u, r, u, n in forwards(weight_hh, h0, k, h, k_n, *gates):
        if bias_hh is not None:
            k += bias_hh
        r_u += k_gates
        logistic_in_place(r_u)
        k_n_t[...] = k_new
        n += np.multiply(r, k_n_t, out=h_t)
        np.tanh(n, out=n)
        np.subtract(h0, n, out=h_t)  # h = n + u (h' - n)
        h_t *= u
        h_t += n
        h0 = h_t
    return h, sums, k_n
# fmt: on
