"""
Teaching
========
"""

# %%
# How do I show what a derivative is made of?
# -------------------------------------------
#
# Draw the graph.  In a notebook the last value of a cell is a picture; ``print`` gives a text, and ``save``
# a file.
import tempfile
from pathlib import Path

import numpy as np

import tinygrad_edu as tg

a, b = tg.Tensor(2.0, requires_grad=True), tg.Tensor(3.0, requires_grad=True)
y = (a + b) * b
y.backward(retain_graph=True)
print(tg.draw(y))

# %%
# How do I let them step through it?
# ----------------------------------
#
# `tinygrad_edu.explain` writes a page with a slider: both passes, operation by operation.  It is one file,
# which loads nothing, so that it can be handed out.
folder = Path(tempfile.mkdtemp())
print(tg.explain(y).save(folder / "explained.html").stat().st_size, "bytes")

# %%
# How do I begin without a library?
# ---------------------------------
#
# With :doc:`/made/examples/scalar`: reverse mode in sixty lines of plain Python, on numbers.  It ends by
# comparing itself with this package.
#
# How do I teach XOR in a notebook?
# ---------------------------------
#
# A cell for the data and the network, one for the training, and one that looks at what came out.
from tinygrad_edu import nn, optim, plot, train

corners, labels = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([0, 1, 1, 0])
model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=1))
model

# %%
optimizer = optim.Adam(model.parameters(), lr=0.05)
history = train.fit(model, nn.CrossEntropyLoss(), optimizer, (corners, labels), epochs=150, progress=False)
history

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(5, 3.5))
plot.decision_regions(model, corners, labels, probabilities=True, ax=axes)

# %%
# How do I show the backward pass that they would have written?
# -------------------------------------------------------------
#
# `tinygrad_edu.compile` prints it: :doc:`/made/tutorials/compile_a_step`.
#
# How do I check the engines that they write?
# -------------------------------------------
#
# `tinygrad_edu.check.check_engine` takes a class like micrograd's ``Value``, goes through the lessons, and
# names the mistake.  This engine forgets the chain rule's factor in a product of its own with itself: it
# assigns.
from tinygrad_edu.check import check_engine


class Value:
    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents, self.pull = data, 0.0, parents, lambda: None

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))

        def pull():
            self.grad = other.data * out.grad
            other.grad = self.data * out.grad

        out.pull = pull
        return out

    def backward(self):
        self.grad = 1.0
        order, seen = [], set()

        def visit(v):
            if id(v) not in seen:
                seen.add(id(v))
                for parent in v.parents:
                    visit(parent)
                order.append(v)

        visit(self)
        for v in reversed(order):
            v.pull()


report = check_engine(Value, without=("add", "neg", "sub", "div", "pow", "iadd", "radd", "rmul"))
print(report.findings[0])

# %%
# … and grade them?
# -----------------
#
# ``report.gradescope(path)`` writes the results as Gradescope reads them; `tinygrad_edu.check.engine_tests`
# gives them as tests of pytest.
report.gradescope(folder / "results.json")
print((folder / "results.json").read_text()[:200], "…")

# %%
# Why does their network not learn?
# ---------------------------------
#
# `tinygrad_edu.train.doctor` knows the mistakes that beginners make:
# :doc:`/made/tutorials/debugging_gradients`.
#
# What can they rebuild?
# ----------------------
#
# :doc:`/made/systems/index` has the networks of well-known tutorials, from one step by hand to MNIST, each
# with what its author published.
