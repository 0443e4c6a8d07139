"""
Compile a step
==============

The backward pass that everybody once wrote by hand, written for you: `tinygrad_edu.compile` runs a training
step once, writes down which of NumPy's functions it called, and from then on calls just those.
"""

# %%
# A step, as ever
# ---------------
import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn

model = nn.Sequential(nn.Linear(2, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, rng=1))
optimizer = tg.optim.SGD(model.parameters(), lr=0.5)


@tg.compile
def step(x, y):
    optimizer.zero_grad()
    loss = tg.softmax_cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32), np.array([0, 1, 1, 0])
losses = [step(x, y).item() for _ in range(100)]
print(f"{losses[0]:.4f} at first, {losses[-1]:.4f} at last")

# %%
# The lesson
# ----------
#
# ``step.lesson()`` is the page that a teacher would hand out: forward, backward and update, in NumPy alone.
print(step.lesson())

# %%
# Read it from the middle: ``d_h`` is softmax minus one-hot, divided by the number of examples;
# ``d_weight_2`` is that times what the layer saw; ``np.sign(a)`` is relu's slope.  That is backpropagation.
#
# What runs
# ---------
#
# ``step.source`` is the same program with its memory made beforehand, so that no line allocates.  Both give
# the same bits as the step without `tinygrad_edu.compile`.
source = step.source
print(source[source.index("def step") :])

# %%
# ``step.report()`` says what was traced, and why:
print(step.report())

# %%
# How much faster?
# ----------------
#
# ``step.__wrapped__`` is the function as it was.  The least of several times is that which other work slowed
# down least.
from timeit import repeat

asis, compiled = (
    min(repeat(lambda f=f: f(x, y), number=200, repeat=5)) / 200 for f in (step.__wrapped__, step)
)
print(f"{asis * 1e6:.0f} µs a step as it is, {compiled * 1e6:.0f} µs compiled: {asis / compiled:.1f} times")

# %%
# Without the package
# -------------------
#
# ``step.save`` writes code, and beside it the parameters and what the optimizer remembers.  Both need NumPy
# alone; elsewhere it is ``from saved import step``, which returns arrays, and goes on with the training.
import runpy
import tempfile
from pathlib import Path

path = Path(tempfile.mkdtemp(), "saved.py")
step.save(path)
print(sorted(file.name for file in path.parent.iterdir()))

alone = runpy.run_path(str(path))["step"]
print(alone(x, y), step(x, y).item())

# %%
# What it notices
# ---------------
#
# Another shape, dtype, mode or setting traces again; learning rates and random draws stay live.  A branch
# on values is checked, and what cannot be repeated by NumPy's calls alone is refused, by name and line.


@tg.compile
def careless(x):
    loss = np.sum(tg.Tensor(x, requires_grad=True) ** 2)
    return loss * loss.item()  # a number taken out of the tensor: it would stay what it was


try:
    careless(np.ones(3))
except tg.TinygradError as error:
    print(error)

# %%
# Faster still: ``tg.compile(backend="c")`` makes fused loops in C of the same program, where the system has
# a compiler. `tinygrad_edu.train.fit` compiles its steps with ``compile=True``, and ``python -m
# tinygrad_edu compile examples/xor.py:step`` prints the lesson of a program.
