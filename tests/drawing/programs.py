"""Small programs of numbers, drawn by hypothesis, and what is known of them without any graph.

A program is a list of numbers and a list of steps, each a function of values before it; its result is the
value of the last step.
"""

import math
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

import tinygrad_edu as tg

# fmt: off
SLOPES = {  # of each function in its arguments, in closed form
    np.add:      (lambda a, b: 1,     lambda a, b: 1),
    np.subtract: (lambda a, b: 1,     lambda a, b: -1),
    np.multiply: (lambda a, b: b,     lambda a, b: a),
    np.divide:   (lambda a, b: 1 / b, lambda a, b: -a / b**2),
    np.sin:      (lambda a: math.cos(a),),
    np.tanh:     (lambda a: 1 - math.tanh(a) ** 2,),
    np.exp:      (lambda a: math.exp(a),),
    np.square:   (lambda a: 2 * a,),
}
# fmt: on


class Program(NamedTuple):
    """The values that a program begins with, and its steps: (function, numbers of the values)."""

    start: list
    steps: list

    def values(self, start=None, moved=None, by=0.0):
        """All values, computed by NumPy; the one with the number ``moved`` is changed on the way."""
        found = []
        for i in range(len(self.start) + len(self.steps)):
            if i < len(self.start):
                found.append((start or self.start)[i])
            else:
                function, places = self.steps[i - len(self.start)]
                found.append(function(*(found[p] for p in places)))
            if i == moved:
                found[i] = found[i] + by
        return found

    def slope(self, i, h=1e-6):
        """The derivative of the result in the value with this number, by a central difference."""
        return (self.values(moved=i, by=h)[-1] - self.values(moved=i, by=-h)[-1]) / (2 * h)

    def reached(self):
        """The numbers of the values that the result hangs on, and its own."""
        found, stack = set(), [len(self.start) + len(self.steps) - 1]
        while stack:
            i = stack.pop()
            if i not in found:
                found.add(i)
                stack += self.places(i)
        return sorted(found)

    def places(self, i):
        return self.steps[i - len(self.start)][1] if i >= len(self.start) else []

    def edges(self):
        """Pairs of values: from an argument to the result, once for each argument."""
        return [(p, i) for i in self.reached() for p in self.places(i)]

    def record(self):
        """The values as tensors, in a graph."""
        return self.values([tg.Tensor(x, requires_grad=True) for x in self.start])


@st.composite
def programs(draw, most=12):
    start = draw(st.lists(st.floats(0.5, 1.5), min_size=1, max_size=4))
    steps = []
    for i in range(draw(st.integers(1, most))):
        function = draw(st.sampled_from(list(SLOPES)))
        places = st.integers(max(0, len(start) + i - 6), len(start) + i - 1)
        steps.append((function, [draw(places) for _ in SLOPES[function]]))
        values = Program(start, steps).values()
        if not (1e-3 < abs(values[-1]) < 1e3):
            steps[-1] = (np.add, [0, 0])
    return Program(start, steps)
