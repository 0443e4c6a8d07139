"""Reverse mode in sixty lines of plain Python: numbers that remember how they were made.

    python examples/scalar.py

A `Value` holds a number and, for each operand that it was made of, the derivative with respect to that
operand.  That is all a graph is.  `Value.backward` walks it from the result to the inputs and multiplies and
adds these derivatives: that is all the chain rule is.  The library does the same with arrays in the place of
numbers, and this script ends by comparing the two.
"""

import gc
import math
import weakref
from heapq import heappop, heappush
from itertools import count

import numpy as np

import tinygrad_edu as tg


class Value:
    """A number in a graph.  Each of its ``sources`` is a pair: an operand,
    and the derivative of this number in it.
    """

    numbers = count()

    def __init__(self, data: float, *sources: "tuple[Value, float]") -> None:
        self.data, self.sources, self.grad = data, sources, 0.0
        # Operands are older than results, so that their order sorts the graph.
        self.order = next(Value.numbers)

    def __add__(self, other: "Value | float") -> "Value":
        other = as_value(other)
        return Value(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other: "Value | float") -> "Value":
        other = as_value(other)
        return Value(self.data * other.data, (self, other.data), (other, self.data))

    def __pow__(self, n: float) -> "Value":
        return Value(self.data**n, (self, n * self.data ** (n - 1)))

    def exp(self) -> "Value":
        result = math.exp(self.data)
        return Value(result, (self, result))

    def __sub__(self, other: "Value | float") -> "Value":
        return self + other * -1.0

    def __truediv__(self, other: "Value | float") -> "Value":
        return self * as_value(other) ** -1.0

    def tanh(self) -> "Value":  # written with the others, so it needs no derivative of its own
        return Value(1.0) - Value(2.0) / ((self * 2.0).exp() + 1.0)

    def backward(self) -> None:
        """Add to the ``grad`` of every value the derivative of this one with respect to it."""
        flowing = {self.order: 1.0}  # what has arrived so far at values that wait for their turn
        # The newest first: when its turn comes, all that it was used for is done.
        waiting = [(-self.order, self)]
        while waiting:
            _, value = heappop(waiting)
            gradient = flowing.pop(value.order)
            value.grad += gradient
            for operand, derivative in value.sources:
                if operand.order not in flowing:
                    flowing[operand.order] = 0.0
                    heappush(waiting, (-operand.order, operand))
                flowing[operand.order] += gradient * derivative  # the chain rule


def as_value(x: "Value | float") -> Value:
    return x if isinstance(x, Value) else Value(x)


def main() -> None:
    # A neuron with its loss; b is used twice, so that its gradient is a sum.
    w, x, b = Value(0.7), Value(-1.3), Value(0.4)
    loss = ((w * x + b).tanh() - b / 3.0) ** 2
    loss.backward()

    tw, tx, tb = (tg.Tensor(v, requires_grad=True) for v in (0.7, -1.3, 0.4))
    expected = (np.tanh(tw * tx + tb) - tb / 3.0) ** 2
    expected.backward()
    print(f"loss    {loss.data:+.15f}   tinygrad_edu {expected.item():+.15f}")
    assert math.isclose(loss.data, expected.item(), rel_tol=1e-12)
    for name, value, tensor in (("d/dw", w, tw), ("d/dx", x, tx), ("d/db", b, tb)):
        print(f"{name}    {value.grad:+.15f}   tinygrad_edu {tensor.grad.item():+.15f}")
        assert math.isclose(value.grad, tensor.grad.item(), rel_tol=1e-12)

    # Nothing here calls itself, so the length of a chain has no limit but memory.
    start = last = Value(1.0)
    for _ in range(100_000):
        last = last + 1e-5
    last.backward()
    print(f"a chain of 100000 additions: {last.data:.6f}, derivative {start.grad}")
    assert start.grad == 1.0

    # A value knows its operands, and they do not know it: a graph dies with its last value, without the
    # garbage collector.
    gc.disable()
    result = w * x + b
    alive = weakref.ref(result)
    del result
    print(f"a graph is gone with its last value: {alive() is None}")
    assert alive() is None
    gc.enable()


if __name__ == "__main__":
    main()
