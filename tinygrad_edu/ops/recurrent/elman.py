"""Recurrent layers, each as one operation over all time steps: what they share, and Elman's, the simplest; see also `lstm` and `gru`.

As a composition every step would be a dozen nodes of the graph.  So each kind comes in four functions.
``plain_x`` says in NumPy what a layer computes, and ``x`` computes the same in place.  ``plain_x_gradients``
is its rule: the states that came out are known, so what happened inside the units follows for all steps at
once, and left is a loop back in time that is linear in the gradients.  ``x_gradients`` does that in place,
with what the forward kept, for ordinary backward passes; derivatives of higher order go through the plain
one.

Shapes: x is (L, N, I), L steps of N sequences; states are (L, N, H); sums inside the units, before tanh or
the sigmoid, are (L, N, k H), in k blocks.  The gradient of a sum ``a`` is called ``da``.
"""

from typing import Any

import numpy as np

from ...table import fused, primitive
from ..activation import relu
from ..contraction import flat, linear, sum_of_rows

WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def projected(x: Any, weight_ih: Any, bias: Any) -> Any:
    """What the inputs of all steps add to the sums, x W_ihᵀ + bias, by one product: (L, N, k H)."""
    return np.reshape(linear(flat(x), weight_ih, bias), (*x.shape[:-1], weight_ih.shape[0]))


def projection_gradients(dz: Any, x: Any, weight_ih: Any) -> tuple[Any, Any, Any]:
    """The gradients of x, W_ih and the bias from that of the projection."""
    rows = flat(dz)
    return np.reshape(np.matmul(rows, weight_ih), x.shape), np.matmul(rows.T, flat(x)), sum_of_rows(rows)


def either(bias_ih: Any, bias_hh: Any) -> Any:
    """The two biases of a sum as one, or None."""
    return None if bias_ih is None else bias_ih + bias_hh


def blocks(a: Any, n: int) -> list[Any]:
    """Views of the n blocks along the last axis."""
    hidden = a.shape[-1] // n
    return [a[..., k * hidden : (k + 1) * hidden] for k in range(n)]


def before(first: Any, states: Any) -> Any:
    """The states that the steps began with: the first one, and those after all steps but the last."""
    return np.concatenate([np.expand_dims(first, 0), states[:-1]])


def transposed(weight: Any) -> Any:
    """Wᵀ in the order of memory in which BLAS multiplies few rows by it twice as fast."""
    return weight.T.copy()


def logistic(x: Any) -> Any:
    """The sigmoid as (1 + tanh(x/2)) / 2: fast, with an error that is small beside 1, as a gate needs, not beside a tiny result."""
    return np.tanh(x * 0.5) * 0.5 + 0.5


def logistic_in_place(x: Any, scale: Any = 0.5, offset: Any = 0.5) -> None:
    """x becomes scale · tanh(scale · x) + offset: the sigmoid where these are ½ and ½, tanh where they are 1 and 0."""
    np.multiply(x, scale, out=x)
    np.tanh(x, out=x)
    np.multiply(x, scale, out=x)
    np.add(x, offset, out=x)


def plain_rnn(
    x: Any, h0: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any, nonlinearity: str
) -> Any:
    """`rnn` by composition."""
    h = [h0]
    for z in projected(x, weight_ih, either(bias_ih, bias_hh)):
        a = z + np.matmul(h[-1], weight_hh.T)
        h.append(relu(a) if nonlinearity == "relu" else np.tanh(a))
    return np.stack(h[1:])


def plain_rnn_gradients(
    g: Any, x: Any, h0: Any, weight_ih: Any, weight_hh: Any, nonlinearity: str, h: Any
) -> tuple[Any, ...]:
    """da_t = (g_t + W_hhᵀ da_{t+1}) φ', where the slope φ' of tanh is 1 - h², and of relu the sign of h."""
    slopes = np.sign(h) if nonlinearity == "relu" else 1 - h * h
    dh, da = np.zeros_like(h0), []
    for t in reversed(range(len(g))):
        da.append((dh + g[t]) * slopes[t])
        dh = np.matmul(da[-1], weight_hh)
    dz = np.stack(da[::-1])
    dx, dw, db = projection_gradients(dz, x, weight_ih)
    return dx, dh, dw, np.matmul(flat(dz).T, flat(before(h0, h))), db, db


@fused(plain_rnn_gradients)
def rnn_gradients(
    g: Any, x: Any, h0: Any, weight_ih: Any, weight_hh: Any, nonlinearity: str, h: Any
) -> tuple[Any, ...]:
    """`plain_rnn_gradients` in place: da begins as the slopes."""
    da, dh = np.sign(h) if nonlinearity == "relu" else 1 - h * h, np.zeros_like(h0)
    for t in reversed(range(len(g))):
        dh += g[t]
        da[t] *= dh
        np.matmul(da[t], weight_hh, out=dh)
    dx, dw, db = projection_gradients(da, x, weight_ih)
    return dx, dh, dw, np.matmul(flat(da).T, flat(before(h0, h))), db, db


@primitive(
    joint=(
        ("x", "h0", *WEIGHTS),
        lambda g, x, h0, weight_ih, weight_hh, nonlinearity, out: rnn_gradients(
            g, x, h0, weight_ih, weight_hh, nonlinearity, out
        ),
    )
)
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
    h, last, weight = projected(x, weight_ih, either(bias_ih, bias_hh)), h0, transposed(weight_hh)
    product = np.empty_like(h0)
    for h_t in h:
        np.add(h_t, np.matmul(last, weight, out=product), out=h_t)
        if nonlinearity == "relu":
            np.maximum(h_t, 0, out=h_t)
        else:
            np.tanh(h_t, out=h_t)
        last = h_t
    return h
