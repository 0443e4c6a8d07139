"""
From a scalar to a network
==========================

How does a computer know which way to turn a million knobs?  By the chain rule, applied backwards.  This
page starts with one number and ends with a network that has learned XOR; each step is small enough to check
by hand.
"""

# %%
# One number
# ----------
#
# A :py:class:`~tinygrad_edu.Tensor` holds an array and, if asked to, remembers what is done to it.
import numpy as np

import tinygrad_edu as tg

x = tg.Tensor(3.0, requires_grad=True)
y = x * x + 2 * x
print(y)

# %%
# ``y`` knows that an addition made it.  `backward` walks from there to ``x`` and leaves the derivative of y
# in ``x.grad``.  By hand it is 2x + 2, which is 8 at 3.
y.backward(retain_graph=True)
print(x.grad, 2 * 3.0 + 2)

# %%
# This is the graph it walked.  Each box is an operation with its value and its gradient; on each arrow
# stands what the chain rule multiplies by on the way back.
tg.draw(y)

# %%
# Two arrows end at the multiplication's ``x``: what a variable is used for twice, it gets a gradient for
# twice, and the two are added.

# %%
# A neuron
# --------
#
# A neuron multiplies its inputs by weights, adds a bias, and bends the sum.  All of that is NumPy; there is
# no other set of functions to learn.
inputs = np.array([2.0, 0.5])
w = tg.Tensor([-3.0, 1.0], requires_grad=True)
b = tg.Tensor(6.5, requires_grad=True)
out = np.tanh(np.sum(w * inputs) + b)
out.backward(retain_graph=True)
print(out, w.grad, b.grad)
tg.draw(out)

# %%
# Which way is down?
# ------------------
#
# The gradient points to where the output grows fastest.  A step against it makes the output smaller, and if
# the output measures how wrong we are, that is learning.
target = 0.0
for step in range(6):
    loss = (np.tanh(np.sum(w * inputs) + b) - target) ** 2
    w.grad = b.grad = None
    loss.backward()
    with tg.no_grad():  # what is done to w and b in here is not to be differentiated
        w -= 0.2 * w.grad
        b -= 0.2 * b.grad
    print(f"step {step}: loss {loss.item():.4f}")

# %%
# A network
# ---------
#
# One neuron draws one line through the plane, and XOR cannot be cut by one line.  A layer is many neurons
# at once: a matrix product.  Two layers with a bend between them are enough.
rng = np.random.default_rng(0)
corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
xor = np.array([[0.0], [1.0], [1.0], [0.0]])
w1 = tg.Tensor(rng.normal(size=(2, 4)), requires_grad=True)
b1 = tg.Tensor(np.zeros(4), requires_grad=True)
w2 = tg.Tensor(rng.normal(size=(4, 1)), requires_grad=True)
b2 = tg.Tensor(np.zeros(1), requires_grad=True)
parameters = [w1, b1, w2, b2]

losses = []
for _ in range(300):
    hidden = np.tanh(corners @ w1 + b1)  # (4, 4): four corners, four neurons
    scores = hidden @ w2 + b2  # (4, 1)
    loss = np.mean((scores - xor) ** 2)
    for p in parameters:
        p.grad = None
    loss.backward()
    with tg.no_grad():
        for p in parameters:
            p -= 0.3 * p.grad
    losses.append(loss.item())
print(f"loss {losses[0]:.3f} at first, {losses[-1]:.6f} at last")
print(scores.data.round(2).ravel())

# %%
# The same with layers
# --------------------
#
# The package has what everybody writes next: layers that hold their parameters, losses, optimizers.
model = tg.nn.Sequential(tg.nn.Linear(2, 8, rng=0), tg.nn.Tanh(), tg.nn.Linear(8, 2, rng=1))
optimizer = tg.optim.Adam(model.parameters(), lr=0.05)
labels = np.array([0, 1, 1, 0])
for _ in range(100):
    optimizer.zero_grad()
    loss = tg.softmax_cross_entropy(model(corners.astype(np.float32)), labels)
    loss.backward()
    optimizer.step()
print(np.argmax(model(corners.astype(np.float32)), axis=1))
assert (np.argmax(model(corners.astype(np.float32)), axis=1).data == labels).all()

# %%
# What one training step did, as a graph; the modules are boxes that open.
tg.draw(tg.softmax_cross_entropy(model(corners.astype(np.float32)), labels), names=model)

# %%
# Where next: `grad`, or how the engine itself works in sixty lines of plain Python,
# ``examples/scalar.py``.
