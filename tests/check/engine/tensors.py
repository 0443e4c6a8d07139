"""An engine of arrays as courses build it after micrograd: broadcasting, sums, matrices, a walk without
recursion.
"""

import numpy as np


def fit(g, shape):
    """The gradient, summed over what was broadcast."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1 != g.shape[i]), keepdims=True)


class Tensor:
    """An array that remembers what it was computed from."""

    def __init__(self, data, parents=()):
        self.data = np.asarray(data, float)
        self.grad = np.zeros_like(self.data)
        self.parents = parents  # pairs of a tensor and the function that hands it its gradient

    def add_grad(self, g):
        self.grad = self.grad + fit(g, self.data.shape)

    @staticmethod
    def wrap(x):
        return x if isinstance(x, Tensor) else Tensor(x)

    def __add__(self, other):
        other = Tensor.wrap(other)
        return Tensor(self.data + other.data, ((self, lambda g: g), (other, lambda g: g)))

    def __mul__(self, other):
        other = Tensor.wrap(other)
        pull = (self, lambda g: g * other.data), (other, lambda g: g * self.data)
        return Tensor(self.data * other.data, pull)

    def __pow__(self, n):
        return Tensor(self.data**n, ((self, lambda g: g * n * self.data ** (n - 1)),))

    def __matmul__(self, other):
        pull = (self, lambda g: g @ other.data.T), (other, lambda g: self.data.T @ g)
        return Tensor(self.data @ other.data, pull)

    def relu(self):
        return Tensor(np.maximum(self.data, 0), ((self, lambda g: g * (self.data > 0)),))

    def log(self):
        return Tensor(np.log(self.data), ((self, lambda g: g / self.data),))

    def sum(self, axis=None, keepdims=False):
        def pull(g):
            g = g if axis is None or keepdims else np.expand_dims(g, axis)
            return g * np.ones_like(self.data)

        return Tensor(self.data.sum(axis=axis, keepdims=keepdims), ((self, pull),))

    def mean(self):
        return Tensor(self.data.mean(), ((self, lambda g: g * np.ones_like(self.data) / self.data.size),))

    def reshape(self, shape):
        return Tensor(self.data.reshape(shape), ((self, lambda g: g.reshape(self.data.shape)),))

    @property
    def T(self):
        return Tensor(self.data.T, ((self, lambda g: g.T),))

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + (-Tensor.wrap(other))

    def __truediv__(self, other):
        return self * Tensor.wrap(other) ** -1.0

    def __rsub__(self, other):
        return Tensor.wrap(other) - self

    def __rtruediv__(self, other):
        return Tensor.wrap(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def order(self):
        seen, order, stack = set(), [], [(self, False)]
        while stack:
            t, done = stack.pop()
            if done:
                order.append(t)
            elif t not in seen:
                seen.add(t)
                stack.append((t, True))
                stack += [(parent, False) for parent, _ in t.parents]
        return order[::-1]

    def backward(self):
        order = self.order()
        for t in order:
            if t.parents:
                t.grad = np.zeros_like(t.data)
        self.grad = np.ones_like(self.data)
        for t in order:
            for parent, pull in t.parents:
                parent.add_grad(pull(t.grad))
