"""Elman's recurrent network, the simplest of the recurrent operations; `loop` explains what they share."""

from typing import Any

import numpy as np

from ...table import fused, primitive
from ..activation import relu
from .loop import WEIGHTS, Run, composed, forwards, projected


def plain_rnn(x: Any, h0: Any, *settings: Any) -> Any:
    """`rnn` by composition."""
    *weights, nonlinearity = settings
    phi = relu if nonlinearity == "relu" else np.tanh
    return composed(lambda z, k, h: (phi(z + k),), x, (h0,), *weights)[0]


def slopes(h: Any, nonlinearity: str) -> Any:
    """φ' at the sums, from φ of them: 1 - h² of tanh, and of relu the sign of h."""
    return np.sign(h) if nonlinearity == "relu" else 1 - h * h


def plain_rnn_gradients(
    g: Any, x: Any, h0: Any, weight_ih: Any, weight_hh: Any, nonlinearity: str, h: Any
) -> tuple[Any, ...]:
    """da_t = (g_t + W_hhᵀ da_{t+1}) φ'."""
    run = Run((g,), x, (h0,), weight_ih, weight_hh, None, None, (h,), ())
    return run.composed_back(lambda dh, slope: ((dh * slope,), [0]), slopes(h, nonlinearity))


@fused(plain_rnn_gradients)
def rnn_gradients(
    g: Any, x: Any, h0: Any, weight_ih: Any, weight_hh: Any, nonlinearity: str, h: Any
) -> tuple[Any, ...]:
    """`plain_rnn_gradients` in place: da begins as the slopes."""
    run, da = Run((g,), x, (h0,), weight_ih, weight_hh, None, None, (h,), ()), slopes(h, nonlinearity)
    (dh,) = d = run.zeros()
    for (da_t,) in run.backwards(dh, da):
        da_t *= dh
    return run.gradients(da, da, d)


# fmt: off
@primitive(joint=(("x", "h0", *WEIGHTS), lambda g, x, h0, weight_ih, weight_hh, nonlinearity, out:
                                         rnn_gradients(g, x, h0, weight_ih, weight_hh, nonlinearity, out)))
def rnn(
    x: Any, h0: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any, nonlinearity: str
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

    Returns
    -------
    Tensor or ndarray of shape (L, N, H)
        h_1 to h_L.

    References
    ----------
    J. Elman (1990). Finding structure in time. Cognitive Science 14.
    """
    h = projected(x, weight_ih, bias_ih, bias_hh)  # the sums, of which the steps make the states
    k = np.empty_like(h0)
    for (h_t,) in forwards(weight_hh, h0, k, h):
        h_t += k
        if nonlinearity == "relu":
            np.maximum(h_t, 0, out=h_t)
        else:
            np.tanh(h_t, out=h_t)
    return h
# fmt: on
