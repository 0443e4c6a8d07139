"""Gradients of a call by the package, and slopes of it by differences."""

import numpy as np

import tinygrad_edu as tg


def gradient(f, *values, cotangent=None):
    """The gradients of f's output, weighted by a cotangent of ones unless it is given, in all values."""
    tensors = [tg.Tensor(np.array(v, float), requires_grad=True) for v in values]
    out = f(*tensors)
    out.backward(np.ones(out.shape) if cotangent is None else np.array(cotangent, float))
    found = [None if x.grad is None else x.grad.tolist() for x in tensors]
    return found[0] if len(found) == 1 else found


def numerical(f, *values, h=1e-6):
    """The gradient of a scalar function in its first value, by central differences."""
    x, *rest = (np.array(v, float) for v in values)
    found = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = h
        found[i] = (f(x + step, *rest) - f(x - step, *rest)) / (2 * h)
    return found
