"""
Derivatives
===========
"""

# %%
# How do I get the gradient in several arguments?
# -----------------------------------------------
import numpy as np

import tinygrad_edu as tg


def f(x, y):
    return np.sum(x**2 * y)


x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
print(tg.grad(f, (0, 1))(x, y))

# %%
# … in a dict, a list, or a whole model?
# --------------------------------------
#
# The gradient comes in the container that the argument is.
print(tg.grad(lambda p: np.sum(p["w"] * x + p["b"]))({"w": y, "b": 1.0}))
model = tg.nn.Linear(2, 1, rng=0)
print(tg.grad(lambda model: np.sum(model(x.astype(np.float32)) ** 2))(model).weight)

# %%
# … and the value with it?
# ------------------------
print(tg.value_and_grad(f)(x, y))

# %%
# … and something else that the function computed?
# ------------------------------------------------
#
# Return a pair, and say ``has_aux=True``.
print(tg.grad(lambda x: (np.sum(x**2), x.shape), has_aux=True)(x))

# %%
# How do I keep something constant?
# ---------------------------------
#
# ``detach()`` gives the value without its history; under `tinygrad_edu.no_grad` nothing is recorded.
print(tg.grad(lambda x: np.sum(x * x.detach()))(x))

# %%
# How do I get second derivatives?
# --------------------------------
print(tg.hessian(lambda x: np.sum(x**3))(x))
print(tg.grad(lambda x: np.sum(tg.grad(lambda x: np.sum(x**4))(x) ** 2))(x))

# %%
# … in one direction only, of many parameters?
# --------------------------------------------
#
# The product of the Hessian with a vector costs a few evaluations, whatever the number of parameters.
print(tg.hvp(lambda x: np.sum(x**3), (x,), (np.array([1.0, 0.0]),)))

# %%
# How do I get a Jacobian?
# ------------------------
print(tg.jacobian(lambda x: np.outer(x, x))(x).shape)

# %%
# … or its product with a vector, from either side?
# -------------------------------------------------
value, pullback = tg.vjp(np.sin, x)
print(pullback(np.array([1.0, 0.0])))  # uᵀ J
print(tg.jvp(np.sin, (x,), (np.array([1.0, 0.0]),)))  # the value, and J v

# %%
# How do I get the gradient of each example's loss?
# -------------------------------------------------
inputs, labels = np.ones((5, 3), np.float32), np.array([0, 1, 1, 0, 1])
model = tg.nn.Linear(3, 2, rng=0)
losses = lambda model: tg.softmax_cross_entropy(model(inputs), labels, reduction="none")
print(tg.jacobian(losses)(model).weight.shape)

# %%
# How do I differentiate through a solver?
# ----------------------------------------
#
# Not through its steps: through the equation that it solves.
root = tg.implicit_root(lambda x, a: x**3 + x - a)
print(root(0.0, 2.0), tg.grad(root, 1)(0.0, 2.0))

# %%
# How do I use less memory?
# -------------------------
#
# What a function under `tinygrad_edu.remat` computes on the way is let go, and computed again for the
# gradient.


@tg.remat
def deep(x):
    for _ in range(1000):
        x = np.sin(x)
    return x


print(tg.grad(deep)(0.5))

# %%
# … and by half?
# --------------
#
# `tinygrad_edu.stored` keeps the values of a tensor in two bytes each, bfloat16 or float16, for as long as
# the graph needs them; what computes with it computes in float32.
w = tg.Tensor(np.ones(3, np.float32), requires_grad=True)
half = tg.stored(np.tanh(w))
print(half.detach().data.held.nbytes, np.sum(half**2).item())

# %%
# How do I look at a gradient in the middle?
# ------------------------------------------
#
# By a hook, which is called with the gradient when it arrives.
t = tg.Tensor([1.0, 2.0], requires_grad=True)
middle = t * 3.0
middle.register_hook(lambda g: print("the gradient of the middle:", g))
np.sum(middle**2).backward()

# %%
# How do I minimize a function?
# -----------------------------
#
# By SciPy's solvers, over arrays, containers and modules, with exact derivatives.
found = tg.minimize(lambda p: (p["x"] - 1) ** 2 + (p["y"] - p["x"] ** 2) ** 2, {"x": 0.0, "y": 0.0})
print(found.x, found.nit)

# %%
# Which of NumPy's functions differentiate?
# -----------------------------------------
#
# :doc:`/how_it_works/coverage` lists them, and ``python -m tinygrad_edu coverage`` does for the NumPy that
# you have.
