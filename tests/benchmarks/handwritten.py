"""One training step of a perceptron, written by hand in NumPy: the yardstick.

`idiomatic` is what a careful NumPy programmer writes: every buffer is made once, nothing is allocated on the
way but the loss, and all parameters lie in one flat vector, so that Adam is a dozen calls however many layers
there are.  `tuned` is the same arithmetic without what NumPy's wrappers cost: ufuncs' own ``reduce``,
arguments by position, and views, transposes and constants made beforehand.  Both are contestants: they take a
`Problem` and return a function that makes one step.
"""

from collections.abc import Callable

import numpy as np

from .workload import BETA1, BETA2, EPSILON, LEARNING_RATE, Problem

f4 = np.float32
BETA1_4, BETA2_4, REST1, REST2, EPSILON_4 = f4(BETA1), f4(BETA2), f4(1 - BETA1), f4(1 - BETA2), f4(EPSILON)


class Buffers:
    """Everything that a step reads and writes, in float32.

    Attributes
    ----------
    values, slopes, mean, square, work : ndarray of shape (n,)
        All parameters in one vector, their gradients, Adam's two moments, and scratch space.
    W, b, dW, db : list of ndarray
        The layers' parts of ``values`` and ``slopes``, as views.
    H, dH, alive : list of ndarray of shape (batch, n_out)
        The output of each layer, its gradient, and where a relu let it through.
    column : ndarray of shape (batch, 1)
        A value for each example.
    """

    def __init__(self, problem: Problem) -> None:
        pairs = [p for layer in zip(problem.weights, problem.biases) for p in layer]
        self.values = np.concatenate([p.ravel() for p in pairs])
        self.slopes, self.mean, self.square, self.work = (np.zeros_like(self.values) for _ in range(4))
        ends = np.cumsum([p.size for p in pairs])[:-1]
        views, slopes = (
            [part.reshape(p.shape) for part, p in zip(np.split(v, ends), pairs)]
            for v in (self.values, self.slopes)
        )
        self.W, self.b, self.dW, self.db = views[::2], views[1::2], slopes[::2], slopes[1::2]
        batch = len(problem.X)
        self.H = [np.empty((batch, len(b)), f4) for b in problem.biases]
        self.dH = [np.empty_like(h) for h in self.H]
        self.alive = [np.empty(h.shape, bool) for h in self.H[:-1]]
        self.column = np.empty((batch, 1), f4)


def idiomatic(problem: Problem) -> Callable[[], np.float32]:
    """The step of a careful NumPy programmer."""
    own, X, Y = Buffers(problem), problem.X, problem.Y
    W, b, dW, db, H, dH, alive, column = own.W, own.b, own.dW, own.db, own.H, own.dH, own.alive, own.column
    values, slopes, mean, square, work = own.values, own.slopes, own.mean, own.square, own.work
    layers, batch, rows, t = len(W), len(X), np.arange(len(X)), 0
    share = f4(1 / batch)

    def loss_and_its_gradient() -> np.float32:
        x = X
        for i in range(layers):
            x = np.matmul(x, W[i], out=H[i])  # (batch, n_out)
            np.add(x, b[i], out=x)
            if i < layers - 1:
                np.maximum(x, 0, out=x)
        z, p = H[-1], dH[-1]
        np.max(z, axis=1, keepdims=True, out=column)
        np.subtract(z, column, out=z)
        np.exp(z, out=p)
        np.sum(p, axis=1, keepdims=True, out=column)
        np.divide(p, column, out=p)
        loss = (np.log(column[:, 0]) - z[rows, Y]).mean()
        p[rows, Y] -= 1  # softmax - onehot
        np.multiply(p, share, out=p)
        return loss

    def backward() -> None:
        d = dH[-1]
        for i in reversed(range(layers)):
            x = H[i - 1] if i else X
            np.matmul(x.T, d, out=dW[i])  # (n_in, n_out)
            np.sum(d, axis=0, out=db[i])
            if i:
                np.greater(x, 0, out=alive[i - 1])
                d = np.matmul(d, W[i].T, out=dH[i - 1])  # (batch, n_in)
                np.multiply(d, alive[i - 1], out=d)

    def adam(t: int) -> None:
        np.multiply(mean, BETA1_4, out=mean)
        np.multiply(slopes, REST1, out=work)
        np.add(mean, work, out=mean)
        np.multiply(square, BETA2_4, out=square)
        np.multiply(slopes, slopes, out=work)
        np.multiply(work, REST2, out=work)
        np.add(square, work, out=square)
        np.sqrt(square, out=work)
        np.multiply(work, f4((1 - BETA2**t) ** -0.5), out=work)
        np.add(work, EPSILON_4, out=work)
        np.divide(mean, work, out=work)
        np.multiply(work, f4(LEARNING_RATE / (1 - BETA1**t)), out=work)
        np.subtract(values, work, out=values)

    def step() -> np.float32:
        nonlocal t
        t += 1
        loss = loss_and_its_gradient()
        backward()
        adam(t)
        return loss

    return step


def tuned(problem: Problem) -> Callable[[], np.float32]:
    """The same arithmetic with nothing looked up, wrapped or made twice.

    Constants are 0-d arrays, which ufuncs take faster than scalars.
    """
    own, X, Y = Buffers(problem), problem.X, problem.Y
    W, b, dW, db, H, dH, column = own.W, own.b, own.dW, own.db, own.H, own.dH, own.column
    values, slopes, mean, square, work = own.values, own.slopes, own.mean, own.square, own.work
    matmul, add, multiply, subtract, divide, exp, log, sqrt = (
        np.matmul,
        np.add,
        np.multiply,
        np.subtract,
        np.divide,
        np.exp,
        np.log,
        np.sqrt,
    )
    maximum, greater, total, largest = np.maximum, np.greater, np.add.reduce, np.maximum.reduce
    batch, t = len(X), 0
    zero, share, beta1, beta2, rest1, rest2, epsilon = (
        np.array(c, f4) for c in (0, 1 / batch, BETA1, BETA2, 1 - BETA1, 1 - BETA2, EPSILON)
    )
    inputs = [X, *H[:-1]]
    *hidden, (x_last, W_last, b_last, z) = zip(inputs, W, b, H)
    (xT_first, dW_first, db_first, d_first), *upper = zip([x.T for x in inputs], dW, db, dH)
    downward = [(*u, w.T, h, a, d) for u, w, h, a, d in zip(upper, W[1:], H, own.alive, dH)][::-1]
    p, column_flat, z_flat, p_flat = dH[-1], column[:, 0], z.reshape(-1), dH[-1].reshape(-1)
    labelled = np.arange(batch) * z.shape[1] + Y

    def step() -> np.float32:
        nonlocal t
        t += 1
        for x, w, bias, h in hidden:
            matmul(x, w, h)
            add(h, bias, h)
            maximum(h, zero, out=h)
        matmul(x_last, W_last, z)
        add(z, b_last, z)
        largest(z, 1, None, column, True)
        subtract(z, column, z)
        exp(z, p)
        total(p, 1, None, column, True)
        divide(p, column, p)
        loss = total(log(column_flat) - z_flat[labelled]) / batch
        p_flat[labelled] -= 1  # softmax - onehot
        multiply(p, share, p)
        for xT, grad_w, grad_b, d, wT, h, alive, dh in downward:
            matmul(xT, d, grad_w)
            total(d, 0, None, grad_b)
            greater(h, zero, alive)
            matmul(d, wT, dh)
            multiply(dh, alive, dh)
        matmul(xT_first, d_first, dW_first)
        total(d_first, 0, None, db_first)
        multiply(mean, beta1, mean)
        multiply(slopes, rest1, work)
        add(mean, work, mean)
        multiply(square, beta2, square)
        multiply(slopes, slopes, work)
        multiply(work, rest2, work)
        add(square, work, square)
        sqrt(square, work)
        multiply(work, f4((1 - BETA2**t) ** -0.5), work)
        add(work, epsilon, work)
        divide(mean, work, work)
        multiply(work, f4(LEARNING_RATE / (1 - BETA1**t)), work)
        subtract(values, work, values)
        return loss

    return step
