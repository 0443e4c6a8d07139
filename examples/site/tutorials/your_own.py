"""
Your own op, layer and optimizer
================================

Everything in the package is made in the ways shown here, and yours is no second class.
"""

# %%
# An op
# -----
#
# A derivative rule is one line of NumPy.  It is given ``g``, the gradient of the output, and may ask by
# name for the output, ``out``, and for the function's own arguments; it returns the gradient of its
# argument.
import numpy as np

import tinygrad_edu as tg


@tg.primitive(x=lambda g, x, out: g * out * (1 + np.log(x)))
def x_to_the_x(x):
    """xˣ, of positive numbers."""
    return x**x


print(tg.grad(x_to_the_x)(2.0), 4 * (1 + np.log(2)))
print(tg.gradcheck(x_to_the_x, np.array([0.5, 1.0, 2.0])))

# %%
# What no rule names is not kept in memory.  The same rule gives second derivatives, since it is NumPy and
# differentiates itself:
print(tg.grad(tg.grad(x_to_the_x))(2.0))

# %%
# Compose first
# -------------
#
# Most ops need no rule: a function that is written with NumPy has its derivative already.


def swish(x, beta=1.0):
    return x * tg.sigmoid(beta * x)


print(tg.grad(swish)(0.5))

# %%
# A rule pays where the composition is slow or loses digits, as log(1 + exp(x)) does for large x.
#
# A rule for somebody else's function
# -----------------------------------
#
# If the function is a ufunc, file a rule for it: wherever it meets a tensor from then on, it differentiates.
saturated = np.frompyfunc(lambda x, top: min(x, top), 2, 1)
tg.elementwise(
    saturated,
    "x",
    "top",
    x=lambda g, x, top: np.where(x < top, g, 0),
    top=lambda g, x, top: np.where(x < top, 0, g),
)
print(tg.grad(lambda x: np.sum(saturated(x, 2.0)))(np.array([1.0, 3.0])))

# %%
# A layer
# -------
#
# A `tinygrad_edu.nn.Module` is a function with parameters.  What is assigned as a
# `tinygrad_edu.nn.Parameter`, or as a module, is found by itself.
from tinygrad_edu import nn


class Quadratic(nn.Module):
    """y_k = xᵀ A_k x + (W x)_k: a linear layer that sees products of its inputs, too."""

    def __init__(self, n_in, n_out, *, rng=None):
        super().__init__()
        rng = np.random.default_rng(rng)
        self.linear = nn.Linear(n_in, n_out, rng=rng)
        self.a = nn.Parameter(0.1 * rng.normal(size=(n_out, n_in, n_in)).astype(np.float32))

    def forward(self, x):
        return np.einsum("ni,kij,nj->nk", x, self.a, x) + self.linear(x)


model = nn.Sequential(Quadratic(2, 2, rng=0))
print(nn.summary(model, np.zeros((4, 2), np.float32)))

# %%
# It is checked like everything else, in double precision:
layer = Quadratic(2, 3, rng=1)
x = np.random.default_rng(2).normal(size=(4, 2))
print(tg.gradcheck(lambda a: np.einsum("ni,kij,nj->nk", x, a, x), layer.a.data.astype(float)))

# %%
# Points inside a circle against points outside: one linear layer cannot, one quadratic layer can.
rng = np.random.default_rng(0)
points = rng.uniform(-1, 1, size=(300, 2)).astype(np.float32)
inside = (np.sum(points**2, axis=1) < 0.5).astype(int)
optimizer = tg.optim.Adam(model.parameters(), lr=0.05)
for _ in range(150):
    optimizer.zero_grad()
    loss = tg.softmax_cross_entropy(model(points), inside)
    loss.backward()
    optimizer.step()
accuracy = np.mean(np.argmax(model(points).data, axis=1) == inside)
print(f"{accuracy:.1%} right")
assert accuracy > 0.97

# %%
# An optimizer
# ------------
#
# An optimizer changes parameters in place, given their gradients.  By hand it is a loop under
# `tinygrad_edu.no_grad`:


class SignDescent:
    """Steps of one size, in the direction of the sign of the gradient."""

    def __init__(self, parameters, lr):
        self.parameters, self.lr = list(parameters), lr

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    @tg.no_grad()
    def step(self):
        for p in self.parameters:
            p -= self.lr * np.sign(p.grad)


model = nn.Sequential(Quadratic(2, 2, rng=0))
optimizer = SignDescent(model.parameters(), lr=0.02)
for _ in range(300):
    optimizer.zero_grad()
    loss = tg.softmax_cross_entropy(model(points), inside)
    loss.backward()
    optimizer.step()
print(f"loss {loss.item():.3f}")
assert loss.item() < 0.2

# %%
# A subclass of `tinygrad_edu.optim.Elementwise` also gets groups, weight decay, a ``state_dict`` and
# `tinygrad_edu.compile`: :doc:`/api/optim`.
