"""
The chain rule, and one table
=============================

The package is one idea: a derivative rule is one line of plain NumPy, filed under the NumPy function that it
differentiates.  This page follows one call through it.
"""

# %%
# A call is recorded
# ------------------
#
# ``np.exp(x)`` is NumPy's own function.  Before it computes, NumPy asks its argument whether it would
# rather do this itself: that is the protocol ``__array_ufunc__``, which a `tinygrad_edu.Tensor` has.  The
# tensor's array goes into NumPy's function, and, if a gradient is wanted, a node remembers the function,
# the parents and what the rules need.
import numpy as np

import tinygrad_edu as tg

x = tg.Tensor([0.0, 1.0], requires_grad=True)
y = np.exp(x)
print(y)

# %%
# The rules
# ---------
#
# This is the rule of ``np.exp``, as it stands in the package's table:
#
# .. code-block:: python
#
#     elementwise(np.exp, x=lambda g, out: g * out)
#
# It names what it needs: ``g``, the gradient of the output, and ``out``, the output itself.  The names are
# read once, when the rule is filed.  What no rule names is not kept alive: to differentiate exp the output
# is enough, and ``x`` may be freed.  That is the whole memory policy.  A multiplication keeps each factor
# for the other's sake:
#
# .. code-block:: python
#
#     elementwise(np.multiply, x1=lambda g, x2: g * x2,
#                              x2=lambda g, x1: g * x1)
#
# The way back
# ------------
#
# ``backward()`` visits the nodes from the result to the leaves, each after all its users, calls the rules,
# and adds up. In this program ``a`` is used twice.  It is visited when both have answered, and its gradient
# is the sum.
a = tg.Tensor(2.0, requires_grad=True)
b = a * a
loss = np.sin(b) + b
loss.backward(retain_graph=True)
tg.draw(loss)

# %%
# `tinygrad_edu.explain` tells the same in words and numbers.
print(tg.explain(loss))

# %%
# Broadcasting
# ------------
#
# A bias of shape (3,) added to a matrix of shape (4, 3) is used in four rows, so that its gradient is a sum
# over them. Rules do not care: the engine sums once, for everything that broadcasts.
bias = tg.Tensor(np.zeros(3), requires_grad=True)
loss = np.sum((np.ones((4, 3)) + bias) ** 2)
loss.backward(retain_graph=True)
print(bias.grad)
tg.draw(loss)

# %%
# Derivatives of derivatives
# --------------------------
#
# A rule is NumPy.  Given arrays, it computes a gradient and is fast; given tensors, what it does is
# recorded like anything else, and can be differentiated again.  Here is the graph of a gradient: sin's rule
# has brought in a cosine.
x = tg.Tensor(0.5, requires_grad=True)
np.sin(x**2).backward(create_graph=True)
slope = x.grad
print(slope, 2 * 0.5 * np.cos(0.25))
tg.draw(slope, names={"x": x, "slope": slope})

# %%
# Compiling
# ---------
#
# A rule also runs on arrays that only write down what was called.  So a whole training step, forward and
# backward, becomes a list of NumPy's calls, and `tinygrad_edu.compile` prints it as a program:
# :doc:`/made/tutorials/compile_a_step`.
#
# Four fates
# ----------
#
# Each function of NumPy differentiates, is composite (written with others that do), is constant (its result
# is integer or boolean), or refuses by name.  A test goes through all of them, and
# :doc:`/how_it_works/coverage` has the list.
#
# Reading the code
# ----------------
#
# Begin with ``examples/scalar.py``, the idea on Python floats; then ``tinygrad_edu/backward.py``, the chain
# rule; ``table.py`` and ``plan.py``, how a rule is filed and what its names keep; ``graph.py``, the one
# door into the graph; ``tensor.py``; and ``ops/elementwise.py``, the rules.  It takes about an hour.
