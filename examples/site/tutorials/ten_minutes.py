"""
Ten minutes
===========

What the package does, from a derivative to a trained and saved network, each in a few lines.  You need
NumPy, and know it; :doc:`/install` has the command.
"""

# %%
# Plain NumPy differentiates
# --------------------------
#
# A :py:class:`~tinygrad_edu.Tensor` goes wherever an array goes.  NumPy's own functions are called; with
# ``requires_grad=True`` what they do is recorded, and ``backward()`` computes the gradient.
import numpy as np

import tinygrad_edu as tg

x = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
y = np.sum(np.sin(x) ** 2)
y.backward(retain_graph=True)
print(x.grad)
print(np.sin(2 * x.data))  # what it should be

# %%
# The graph behind it:
tg.draw(y)

# %%
# Functions that give derivatives
# -------------------------------
#
# `tinygrad_edu.grad` makes a function of a function, as in JAX: plain arrays in, plain arrays out.
# Derivatives have derivatives, of any order.


def f(x):
    return np.sum(x**3)


print(tg.grad(f)(np.array([1.0, 2.0])))
print(tg.hessian(f)(np.array([1.0, 2.0])))

# %%
# Is it right?
# ------------
#
# `tinygrad_edu.gradcheck` compares the gradient with numerical derivatives, and raises an error with a
# diagnosis if they differ.
print(tg.gradcheck(f, np.array([1.0, 2.0])))

# %%
# A network
# ---------
#
# Layers, losses and optimizers have PyTorch's names; arrays are NumPy's.  These are two half-moons, which
# no straight line can tell apart.
from tinygrad_edu import data, nn, optim, train

points = data.moons(400, noise=0.15, seed=0)
x_train, x_test, y_train, y_test = data.train_test_split(points.x, points.y, rng=0)
model = nn.Sequential(nn.Linear(2, 16, rng=0), nn.Tanh(), nn.Linear(16, 2, rng=1))
optimizer = optim.Adam(model.parameters(), lr=0.02)

# %%
# The loop by hand:
for _ in range(60):
    optimizer.zero_grad()
    loss = tg.softmax_cross_entropy(model(x_train), y_train)
    loss.backward()
    optimizer.step()
print(f"loss {loss.item():.3f}")

# %%
# Or by `tinygrad_edu.train.fit`, with mini-batches, validation and metrics:
history = train.fit(
    model,
    nn.CrossEntropyLoss(),
    optimizer,
    (x_train, y_train),
    epochs=20,
    batch_size=32,
    validation=(x_test, y_test),
    metrics={"accuracy": train.metrics.accuracy},
    progress=False,
)
print(history)

# %%
# What the network made of the plane:
import matplotlib.pyplot as plt

from tinygrad_edu import plot

plot.decision_regions(model, x_test, y_test, ax=plt.gca())
plt.gcf().set_size_inches(6, 4)

# %%
# Save it, and use it
# -------------------
import tempfile
from pathlib import Path

from tinygrad_edu import io

file = Path(tempfile.mkdtemp()) / "moons.safetensors"
io.save_checkpoint(file, {"model": model})
again = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
again.load_state_dict(io.load_checkpoint(file)["model"])
print(train.predict(again, [[0.0, 1.0], [1.0, -0.5]]).argmax(axis=1))

# %%
# Where next
# ----------
#
# * :doc:`from_a_scalar_to_a_network`, if derivatives of programs are new to you;
# * :doc:`your_own`, to write an op, a layer or an optimizer;
# * :doc:`debugging_gradients`, when something does not learn;
# * :doc:`/api/index`, for everything else.
