"""An LSTM written by hand in NumPy, as somebody does who tunes it: the yardstick of small recurrent layers.

All memory is allocated once.  A step is one product into a buffer, and calls in place: one tanh makes all
four gates, as σ(a) = ½ + ½ tanh(a/2).  The products with the inputs, and those that the gradients of weights
are, take all steps at once; so do the factors of the way back that do not depend on its gradients.
"""

from collections.abc import Callable
from typing import Any

import numpy as np


class LSTM:
    """One layer, from its state by PyTorch's names, for inputs (L, N, I) of one shape."""

    def __init__(self, shape: tuple[int, int, int], state: dict[str, Any]) -> None:
        self.parameters = [state[f"{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        (steps, n, _), hidden = shape, self.parameters[1].shape[1]

        def empty(*sizes: int) -> Any:
            return np.zeros(sizes, np.float32)

        self.gates, self.slopes, self.ones = (empty(steps, n, 4 * hidden) for _ in range(3))
        self.h, self.c = empty(steps + 1, n, hidden), empty(steps + 1, n, hidden)
        self.y, self.leak, self.square = (empty(steps, n, hidden) for _ in range(3))
        self.k, self.product, self.dh, self.dc = empty(n, 4 * hidden), *(empty(n, hidden) for _ in range(3))
        self.scale = np.repeat(np.float32([0.5, 0.5, 1, 0.5]), hidden)
        self.offset = 1 - self.scale
        self.offset[2 * hidden : 3 * hidden] = 0
        self.offset[: 2 * hidden] = self.offset[3 * hidden :] = 0.5
        self.w_ih, self.w_hh = (np.empty(w.shape[::-1], np.float32) for w in self.parameters[:2])
        self.gradients = [np.empty_like(p) for p in self.parameters]
        blocks = [slice(k * hidden, (k + 1) * hidden) for k in range(4)]
        i, f, g, o = ([a[:, block] for a in self.gates] for block in blocks)
        self.forwards = list(zip(self.gates, i, f, g, o, self.h, self.h[1:], self.c, self.c[1:], self.y))
        ifg = [a[:, : 3 * hidden].reshape(n, 3, hidden) for a in self.slopes]
        out = [a[:, 3 * hidden :] for a in self.slopes]
        self.backwards = list(zip(self.slopes, ifg, out, self.leak, f))[::-1]
        self.blocks = [self.gates[..., block] for block in blocks]
        self.slope_blocks = [self.slopes[..., block] for block in blocks]

    def forward(self, x: Any) -> Any:
        """h of all steps, (L, N, H), in memory that the next call writes to."""
        weight_ih, weight_hh, bias_ih, bias_hh = self.parameters
        np.multiply(weight_ih.T, self.scale, out=self.w_ih)
        np.multiply(weight_hh.T, self.scale, out=self.w_hh)
        flat = self.gates.reshape(-1, self.gates.shape[2])
        np.matmul(x.reshape(len(flat), -1), self.w_ih, out=flat)
        flat += (bias_ih + bias_hh) * self.scale
        k, product = self.k, self.product
        for a, i, f, g, o, h, h_next, c, c_next, y in self.forwards:
            np.dot(h, self.w_hh, out=k)
            np.add(a, k, out=a)
            np.tanh(a, out=a)
            np.multiply(a, self.scale, out=a)
            np.add(a, self.offset, out=a)
            np.multiply(f, c, out=c_next)
            np.multiply(i, g, out=product)
            np.add(c_next, product, out=c_next)
            np.tanh(c_next, out=y)
            np.multiply(o, y, out=h_next)
        return self.h[1:]

    def backward(self, x: Any, g: Any, dx: Any = None) -> None:
        """Fill ``gradients``, of the parameters, and that of x, if it is wanted, from that of the result."""
        weight_ih, weight_hh = self.parameters[:2]
        dweight_ih, dweight_hh, db_ih, db_hh = self.gradients
        (i, _, new, o), (s_i, s_f, s_g, s_o), y = self.blocks, self.slope_blocks, self.y
        np.subtract(1, self.gates, out=self.slopes)
        np.multiply(self.slopes, self.gates, out=self.slopes)
        np.multiply(s_i, new, out=s_i)
        np.multiply(s_f, self.c[:-1], out=s_f)
        np.multiply(new, new, out=self.square)
        np.subtract(1, self.square, out=self.square)
        np.multiply(i, self.square, out=s_g)
        np.multiply(s_o, y, out=s_o)
        np.multiply(y, y, out=self.leak)
        np.subtract(1, self.leak, out=self.leak)
        np.multiply(self.leak, o, out=self.leak)
        dh, dc, product = self.dh, self.dc, self.product
        dh[...] = dc[...] = 0
        column = dc[:, None]
        for (da, ifg, out, leak, f_t), g_t in zip(self.backwards, g[::-1]):
            np.add(dh, g_t, out=dh)
            np.multiply(leak, dh, out=product)
            np.add(dc, product, out=dc)
            np.multiply(ifg, column, out=ifg)
            np.multiply(out, dh, out=out)
            np.multiply(dc, f_t, out=dc)
            np.dot(da, weight_hh, out=dh)
        da = self.slopes.reshape(-1, self.slopes.shape[2])
        np.matmul(da.T, x.reshape(len(da), -1), out=dweight_ih)
        np.matmul(da.T, self.h[:-1].reshape(len(da), -1), out=dweight_hh)
        np.add.reduce(da, axis=0, out=db_ih)
        db_hh[...] = db_ih
        if dx is not None:
            np.matmul(da, weight_ih, out=dx.reshape(len(da), -1))


def lstm(x: Any, g: Any, *parameters: Any) -> Callable[[], Any]:
    """A step of a layer with these parameters, in the order of `LSTM`, with the gradients of all."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    layer, dx = LSTM(x.shape, dict(zip(names, parameters, strict=True))), np.empty_like(x)

    def step() -> Any:
        h = layer.forward(x)
        layer.backward(x, g, dx)
        return h, dx

    return step
