"""
Check a derivative
==================

A derivative that is wrong by a factor still trains, only worse; nothing crashes.  So derivatives are
checked against numbers.
"""

# %%
# A right one
# -----------
#
# `tinygrad_edu.gradcheck` takes a function and the inputs at which to look.  It returns a report, or raises.
import numpy as np

import tinygrad_edu as tg

print(tg.gradcheck(lambda x, w: np.tanh(x @ w), np.ones((2, 3)), np.full((3, 2), 0.3)))

# %%
# A wrong one
# -----------
#
# The error function's derivative is 2/√π exp(-x²).  Here somebody forgot the 2.


@tg.primitive(x=lambda g, x: g * np.exp(-(x**2)) / np.sqrt(np.pi))
def error_function(x):
    import math

    return np.vectorize(math.erf, otypes=[float])(x)


try:
    tg.gradcheck(error_function, np.array([0.5, -1.0, 2.0]))
except tg.TinygradError as error:
    print(error)

# %%
# The message gives the worst element, both values, and a guess at the mistake.  Corrected:


@tg.primitive(x=lambda g, x: g * 2 * np.exp(-(x**2)) / np.sqrt(np.pi))
def error_function(x):
    import math

    return np.vectorize(math.erf, otypes=[float])(x)


print(tg.gradcheck(error_function, np.array([0.5, -1.0, 2.0])))

# %%
# Not at a kink
# -------------
#
# Where a function has two slopes there is no derivative to compare with, and the check says so instead of
# passing.
try:
    tg.gradcheck(np.abs, np.array([1.0, 0.0]))
except tg.TinygradError as error:
    print(error)

# %%
# A model
# -------
#
# Whatever `tinygrad_edu.grad` takes can be checked: dicts, lists, whole modules.  Single precision has
# about seven digits, too few for numerical derivatives, so models are checked in double precision.
from tinygrad_edu import nn

model = nn.Sequential(nn.Linear(3, 4, rng=0, dtype=float), nn.Tanh(), nn.Linear(4, 2, rng=1, dtype=float))
x, labels = np.random.default_rng(0).normal(size=(5, 3)), np.array([0, 1, 1, 0, 1])
print(tg.gradcheck(lambda model: tg.softmax_cross_entropy(model(x), labels), model))

# %%
# All inputs, not some
# --------------------
#
# Examples that people think of are friendly ones.  With hypothesis (the extra ``check``), inputs are drawn:
# shapes of every kind, memory that is reversed or read-only; a failure is shrunk to its smallest case.
from hypothesis import given, settings

from tinygrad_edu.check import strategies


@settings(max_examples=25, derandomize=True, database=None, deadline=None)
@given(strategies.arrays(away_from=(0,)))
def test_derivative_of_the_absolute(x):
    if x.size:
        tg.gradcheck(np.abs, x)


test_derivative_of_the_absolute()
print("25 inputs checked")

# %%
# An engine of your own
# ---------------------
#
# Have you written an engine, as micrograd's ``Value``?  `tinygrad_edu.check.check_engine` draws programs
# for it, lesson by lesson, and names the mistake.  This one assigns gradients where it should add them up:
from tinygrad_edu.check import check_engine


class Value:
    def __init__(self, data, parents=(), pull=lambda g: None):
        self.data, self.grad, self.parents, self.pull = data, 0.0, parents, pull

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)

        def pull(g):
            self.grad = g
            other.grad = g

        return Value(self.data + other.data, (self, other), pull)

    def backward(self, g=1.0):
        self.grad = g
        self.pull(g)


lacks = ("mul", "neg", "sub", "div", "pow", "iadd", "radd")
print(check_engine(Value, without=lacks).findings[0])

# %%
# Which wrong rules pass in other frameworks' checkers, and which here, is measured in
# :doc:`/how_it_works/proof`.
