"""Recurrent layers written by hand in NumPy, as somebody does who tunes them: the yardstick of small ones.

All memory is allocated once, and all views of the steps are made once, for one shape.  A step is one product
into a buffer, and calls in place: one tanh makes all gates, as σ(a) = ½ + ½ tanh(a/2).  The products with the
inputs, and those that the gradients of weights are, take all steps at once; so do the factors of the way back
that do not depend on its gradients.

States begin with zeros, and those after the last step are the last rows of ``h`` and ``c``.  What is returned
is overwritten by the next call; the framework's layers return memory of its own each time.
"""

from collections.abc import Callable
from typing import Any

import numpy as np


class Layer:
    """One layer, from its state by PyTorch's names, for inputs (L, N, I) of one shape."""

    sums: int  # blocks of H that a step sums up

    def __init__(self, shape: tuple[int, int, int], state: dict[str, Any]) -> None:
        self.parameters = [state[f"{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        self.gradients = [np.empty_like(p) for p in self.parameters]
        self.w_ih, self.w_hh = (np.empty(w.shape[::-1], np.float32) for w in self.parameters[:2])
        (steps, n, _), hidden = shape, self.parameters[1].shape[1]
        self.gates, self.slopes = (empty(steps, n, self.sums * hidden) for _ in range(2))
        self.h, self.k, self.dh = empty(steps + 1, n, hidden), empty(n, self.sums * hidden), empty(n, hidden)
        self.scale = np.ones(self.sums * hidden, np.float32)
        self.prepare(steps, n, hidden)
        self.flat = self.gates.reshape(-1, self.sums * hidden)

    def prepare(self, steps: int, n: int, hidden: int) -> None:
        """Make what one kind of units needs beside."""
        raise NotImplementedError

    def forward(self, x: Any) -> Any:
        """h of all steps, (L, N, H)."""
        raise NotImplementedError

    def backward(self, x: Any, g: Any, dx: Any = None) -> None:
        """Fill ``gradients``, of the parameters, and that of x, if it is wanted, from that of the result."""
        raise NotImplementedError

    def weighted(self, x: Any, bias: Any) -> None:
        """The weights with their scale, and the products with the inputs of all steps."""
        weight_ih, weight_hh, *_ = self.parameters
        np.multiply(weight_ih.T, self.scale, out=self.w_ih)
        np.multiply(weight_hh.T, self.scale, out=self.w_hh)
        np.matmul(x.reshape(len(self.flat), -1), self.w_ih, out=self.flat)
        self.flat += bias * self.scale

    def weights_back(self, x: Any, dx: Any, dz: Any, dk: Any) -> None:
        """The gradients of the weights and, if it is wanted, of x, from those of the sums of all steps."""
        dweight_ih, dweight_hh, db_ih, db_hh = self.gradients
        np.matmul(dz.T, x.reshape(len(dz), -1), out=dweight_ih)
        np.matmul(dk.T, self.h[:-1].reshape(len(dk), -1), out=dweight_hh)
        np.add.reduce(dz, axis=0, out=db_ih)
        if dk is dz:
            db_hh[...] = db_ih
        else:
            np.add.reduce(dk, axis=0, out=db_hh)
        if dx is not None:
            np.matmul(dz, self.parameters[0], out=dx.reshape(len(dz), -1))


def empty(*sizes: int) -> Any:
    """Room for numbers."""
    return np.zeros(sizes, np.float32)


class RNN(Layer):
    """Elman's network, with tanh."""

    sums = 1

    def prepare(self, steps: int, n: int, hidden: int) -> None:
        self.forwards = list(zip(self.gates, self.h, self.h[1:]))
        self.backwards = list(self.slopes[::-1])

    def forward(self, x: Any) -> Any:
        self.weighted(x, self.parameters[2] + self.parameters[3])
        k, w_hh = self.k, self.w_hh
        for a, h, h_next in self.forwards:
            np.dot(h, w_hh, out=k)
            np.add(a, k, out=a)
            np.tanh(a, out=h_next)
        return self.h[1:]

    def backward(self, x: Any, g: Any, dx: Any = None) -> None:
        weight_hh, dh, h = self.parameters[1], self.dh, self.h[1:]
        np.multiply(h, h, out=self.slopes)
        np.subtract(1, self.slopes, out=self.slopes)
        dh[...] = 0
        for da, g_t in zip(self.backwards, g[::-1]):
            np.add(dh, g_t, out=dh)
            np.multiply(da, dh, out=da)
            np.dot(da, weight_hh, out=dh)
        da = self.slopes.reshape(self.flat.shape)
        self.weights_back(x, dx, da, da)


class GRU(Layer):
    """Gated recurrent units: r, u and n."""

    sums = 3

    def prepare(self, steps: int, n: int, hidden: int) -> None:
        self.scale[: 2 * hidden] = 0.5
        self.k_new, self.of_k = empty(steps, n, hidden), empty(steps, n, 3 * hidden)
        self.direct, self.product = empty(steps, n, hidden), empty(n, hidden)
        r, u, new = self.blocks = [self.gates[..., k * hidden : (k + 1) * hidden] for k in range(3)]
        self.gates_r_u = self.gates[..., : 2 * hidden]
        self.forwards = list(zip(self.gates_r_u, r, u, new, self.h, self.h[1:], self.k_new))
        self.k_gates, self.k_last = self.k[:, : 2 * hidden], self.k[:, 2 * hidden :]
        all_of_k = self.of_k.reshape(steps, n, 3, hidden)
        self.backwards = list(zip(self.of_k, all_of_k, self.slopes[..., 2 * hidden :], u))[::-1]

    def forward(self, x: Any) -> Any:
        _, _, bias_ih, bias_hh = self.parameters
        hidden = self.h.shape[2]
        bias = bias_ih + bias_hh
        bias[2 * hidden :] = bias_ih[2 * hidden :]
        self.weighted(x, bias)
        k, w_hh, k_gates, k_last, b = self.k, self.w_hh, self.k_gates, self.k_last, bias_hh[2 * hidden :]
        half = np.float32(0.5)
        for r_u, r, u, new, h, h_next, k_new in self.forwards:
            np.dot(h, w_hh, out=k)
            np.add(r_u, k_gates, out=r_u)
            np.tanh(r_u, out=r_u)
            np.multiply(r_u, half, out=r_u)
            np.add(r_u, half, out=r_u)
            np.add(k_last, b, out=k_new)
            np.multiply(r, k_new, out=k_last)
            np.add(new, k_last, out=new)
            np.tanh(new, out=new)
            np.subtract(h, new, out=h_next)
            np.multiply(h_next, u, out=h_next)
            np.add(h_next, new, out=h_next)
        return self.h[1:]

    def backward(self, x: Any, g: Any, dx: Any = None) -> None:
        (r, _, new), weight_hh, dh, product = self.blocks, self.parameters[1], self.dh, self.product
        hidden = dh.shape[1]
        k_r, k_u, k_n = (self.of_k[..., k * hidden : (k + 1) * hidden] for k in range(3))
        z_n, k_gates, gates = self.slopes[..., 2 * hidden :], self.of_k[..., : 2 * hidden], self.gates_r_u
        np.subtract(1, gates, out=k_gates)
        np.multiply(new, new, out=z_n)
        np.subtract(1, z_n, out=z_n)
        np.multiply(z_n, k_u, out=z_n)
        np.multiply(k_gates, gates, out=k_gates)
        np.multiply(k_r, self.k_new, out=k_r)
        np.multiply(k_r, z_n, out=k_r)
        np.subtract(self.h[:-1], new, out=self.direct)
        np.multiply(k_u, self.direct, out=k_u)
        np.multiply(z_n, r, out=k_n)
        dh[...] = 0
        column = dh[:, None]
        for (dk, blocks, dz_n, u_t), g_t in zip(self.backwards, g[::-1]):
            np.add(dh, g_t, out=dh)
            np.multiply(blocks, column, out=blocks)
            np.multiply(dz_n, dh, out=dz_n)
            np.multiply(u_t, dh, out=dh)
            np.dot(dk, weight_hh, out=product)
            np.add(dh, product, out=dh)
        self.slopes[..., : 2 * hidden] = k_gates
        dz, dk = (a.reshape(self.flat.shape) for a in (self.slopes, self.of_k))
        self.weights_back(x, dx, dz, dk)


class LSTM(Layer):
    """Long short-term memory: i, f, g and o."""

    sums = 4

    def prepare(self, steps: int, n: int, hidden: int) -> None:
        self.c = empty(steps + 1, n, hidden)
        self.y, self.leak, self.square = (empty(steps, n, hidden) for _ in range(3))
        self.product, self.dc = empty(n, hidden), empty(n, hidden)
        self.scale = np.repeat(np.float32([0.5, 0.5, 1, 0.5]), hidden)
        self.offset = np.repeat(np.float32([0.5, 0.5, 0, 0.5]), hidden)
        blocks = [slice(k * hidden, (k + 1) * hidden) for k in range(4)]
        i, f, g, o = self.blocks = [self.gates[..., block] for block in blocks]
        self.slope_blocks = [self.slopes[..., block] for block in blocks]
        self.forwards = list(zip(self.gates, i, f, g, o, self.h, self.h[1:], self.c, self.c[1:], self.y))
        i_f_g = self.slopes[..., : 3 * hidden].reshape(steps, n, 3, hidden)
        self.backwards = list(zip(self.slopes, i_f_g, self.slope_blocks[3], self.leak, f))[::-1]

    def forward(self, x: Any) -> Any:
        self.weighted(x, self.parameters[2] + self.parameters[3])
        k, product, w_hh, scale, offset = self.k, self.product, self.w_hh, self.scale, self.offset
        for a, i, f, g, o, h, h_next, c, c_next, y in self.forwards:
            np.dot(h, w_hh, out=k)
            np.add(a, k, out=a)
            np.tanh(a, out=a)
            np.multiply(a, scale, out=a)
            np.add(a, offset, out=a)
            np.multiply(f, c, out=c_next)
            np.multiply(i, g, out=product)
            np.add(c_next, product, out=c_next)
            np.tanh(c_next, out=y)
            np.multiply(o, y, out=h_next)
        return self.h[1:]

    def backward(self, x: Any, g: Any, dx: Any = None) -> None:
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
        weight_hh, dh, dc, product = self.parameters[1], self.dh, self.dc, self.product
        dh[...] = dc[...] = 0
        column = dc[:, None]
        for (da, i_f_g, out, leak, f), g_t in zip(self.backwards, g[::-1]):
            np.add(dh, g_t, out=dh)
            np.multiply(leak, dh, out=product)
            np.add(dc, product, out=dc)
            np.multiply(i_f_g, column, out=i_f_g)
            np.multiply(out, dh, out=out)
            np.multiply(dc, f, out=dc)
            np.dot(da, weight_hh, out=dh)
        da = self.slopes.reshape(self.flat.shape)
        self.weights_back(x, dx, da, da)


KINDS = {kind.__name__: kind for kind in (RNN, GRU, LSTM)}


def step_of(kind: type[Layer], x: Any, g: Any, *parameters: Any) -> Callable[[], Any]:
    """A step of a layer with these parameters, in PyTorch's order, with the gradients of all and of x."""
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    layer, dx = kind(x.shape, dict(zip(names, parameters, strict=True))), np.empty_like(x)

    def step() -> Any:
        h = layer.forward(x)
        layer.backward(x, g, dx)
        return h, dx

    return step
