"""
Debugging gradients
===================

The loss is NaN.  The loss does not move.  A gradient looks wrong.  Here is what to do, in that order.
"""

# %%
# Where did the NaN come from?
# ----------------------------
#
# A root that is only taken of positive numbers, or so it seems.  At 0 its slope is infinite, and an
# infinity times the zero of the branch that was not chosen is NaN.  The value is fine, and the gradient is
# not.
import numpy as np

import tinygrad_edu as tg


def loss(x):
    return np.sum(np.where(x > 0, np.sqrt(x), 0.0))


print(loss(np.array([4.0, 0.0])), tg.grad(loss)(np.array([4.0, 0.0])))

# %%
# `tinygrad_edu.debug` watches every operation, forward and backward, and stops at the first that goes
# wrong.  It names the operation, your line, the element, the cause and the mend.
try:
    with tg.debug():
        tg.grad(loss)(np.array([4.0, 0.0]))
except tg.TinygradError as error:
    print(error)

# %%
# The mend that it proposes, a second ``where`` in front of the root:


def mended(x):
    positive = x > 0
    return np.sum(np.where(positive, np.sqrt(np.where(positive, x, 1.0)), 0.0))


print(tg.grad(mended)(np.array([4.0, 0.0])))

# %%
# Why does it not learn?
# ----------------------
#
# `tinygrad_edu.train.doctor` runs a few steps on copies of everything, and names what is wrong, with a
# number, the place and a cure.
from tinygrad_edu import nn, optim, train

rng = np.random.default_rng(0)
x = rng.normal(size=(200, 3))
y = (x[:, 0] > 0).astype(int)
model = nn.Sequential(nn.Linear(3, 16, rng=rng), nn.ReLU(), nn.Linear(16, 2, rng=rng), nn.Softmax())
print(train.doctor(model, nn.CrossEntropyLoss(), (x, y), optim.Adam(model.parameters(), lr=0.01)))

# %%
# Look at a gradient
# ------------------
#
# `tinygrad_edu.explain` walks the backward pass in order, one operation a paragraph: the source line of its
# rule, the numbers put in, what goes to each argument and how it adds up, each checked by a finite
# difference.
w, b = tg.Tensor([-3.0, 1.0], requires_grad=True), tg.Tensor(6.88, requires_grad=True)
out = np.tanh(np.sum(w * [2.0, 0.5]) + b)
out.backward(retain_graph=True)
print(tg.explain(out))

# %%
# ``tg.explain(out).save("explained.html")`` is a page with a slider that replays both passes.
#
# Are the gradients of a sensible size?
# -------------------------------------
#
# Where layers shrink what passes back through them, the first ones hardly learn.  Twelve layers of
# sigmoids, each with a slope of a quarter at most:
deep = nn.Sequential(*[part for i in range(12) for part in (nn.Linear(16, 16, rng=i), nn.Sigmoid())])
np.mean(deep(rng.normal(size=(64, 16)).astype(np.float32)) ** 2).backward()
for name, p in deep.named_parameters():
    if name.endswith("weight"):
        print(f"{name:10} {np.sqrt(np.mean(p.grad.data**2)):.1e}")

# %%
# `tinygrad_edu.plot.gradient_histograms` draws them.
#
# Is it the derivative at all?
# ----------------------------
#
# If a rule is yours, put it to `tinygrad_edu.gradcheck`: :doc:`check_a_derivative`.
