"""
Conventions
===========

What holds where mathematics leaves a choice.  Each line below was computed when this site was built.
"""

# %%
# Kinks, ties and edges
# ---------------------
#
# Where a function has two slopes, a derivative is a convention.  These are the conventions here; most
# frameworks agree in most of them.
import numpy as np

import tinygrad_edu as tg


def slope(f, *at):
    """The gradient of the sum of f in each of its arguments."""
    grads = tg.grad(lambda *args: np.sum(f(*args)), range(len(at)))(*map(np.array, at))
    return ", ".join(str(g.round(4)) for g in grads)


with np.errstate(all="ignore"):
    for words, f, *at in [
        ("maximum of equal arguments: shared evenly", np.maximum, 2.0, 2.0),
        ("max with a tie: shared evenly", np.max, [1.0, 3.0, 3.0]),
        ("abs at 0: 0", np.abs, 0.0),
        ("relu at 0: 0", tg.relu, 0.0),
        ("clip at a bound: 0", lambda x: np.clip(x, 0, 1), [0.0, 0.5, 1.0]),
        ("norm of zeros: 0", np.linalg.norm, [0.0, 0.0]),
        ("std of equal numbers: 0", np.std, [1.0, 1.0]),
        ("sqrt at 0: infinite", np.sqrt, 0.0),
        ("prod with a zero: the product of the others", np.prod, [2.0, 0.0, 3.0]),
        ("x**0 at 0: 0", lambda x: x**0, 0.0),
        ("0**b in x and b: 0, 0", np.power, 0.0, 2.0),
        ("sign and floor: 0, as steps have", np.floor, 1.5),
        ("sort with ties: the permutation that was used", lambda x: np.sort(x) * [1, 2, 3], [2.0, 1.0, 2.0]),
    ]:
        print(f"{words:50} {slope(f, *at)}")

# %%
# Max pooling takes the first of equal elements, as in other frameworks.  A NaN that goes into a function of
# straight pieces (relu, abs, clip, max) gives NaN, and a gradient of NaN; it is never hidden.
#
# A branch that ``where`` does not choose still computes, and an infinite slope in it times zero is NaN.
# The mend is a second ``where`` in front of it: :doc:`/made/tutorials/debugging_gradients`.
#
# Numbers and dtypes
# ------------------
#
# Promotion is NumPy's.  Gradients have the dtype of the tensor that they belong to: float32 in, float32 out.
x = tg.Tensor(np.ones(3, np.float32), requires_grad=True)
np.sum(x * np.arange(3.0)).backward()  # a float64 constant
print((x * np.arange(3.0)).dtype, x.grad.dtype)

# %%
# Integers and booleans are constants.  Layers are float32 unless ``dtype=`` says otherwise; arrays given to
# a layer are cast to its dtype, and a tensor of another floating dtype is an error that says how to convert
# it.
try:
    tg.Tensor([1, 2], requires_grad=True)
except tg.TinygradError as error:
    print(error)

# %%
# Complex numbers
# ---------------
#
# The gradient of a real loss L in z = x + iy is ∂L/∂x + i ∂L/∂y, as in PyTorch, so that ``z -= lr *
# z.grad`` descends. It is the conjugate of the derivative that textbooks call ∂L/∂z, times 2.
print(tg.grad(lambda z: np.abs(z) ** 2)(3 + 4j))

# %%
# A holomorphic function has a derivative, which `tinygrad_edu.jacobian` gives; of others it refuses and
# says how to split them.
print(tg.jacobian(lambda z: z**3)(1j))
try:
    tg.jacobian(np.conj)(np.array([1j]))
except tg.TinygradError as error:
    print(error)

# %%
# Broadcasting
# ------------
#
# Whatever NumPy broadcasts, differentiates; the gradient has the shape of the argument, and is the sum over
# the places where it was used.
column, row = np.ones((3, 1)), np.ones((1, 2))
print([g.shape for g in tg.grad(lambda a, b: np.sum(a * b), (0, 1))(column, row)])

# %%
# A loss is not broadcast: a prediction of shape (n, 1) against targets of shape (n,) would be n² differences.
try:
    tg.mse_loss(np.ones((3, 1)), np.ones(3))
except tg.TinygradError as error:
    print(error)

# %%
# Changing values in place
# ------------------------
#
# ``x[i] = v`` is recorded like any operation: x becomes the result, and whoever saved the old value keeps
# it.  A view taken before keeps the old value too, unlike one of NumPy's.
x = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
y = x * 1.0
y[0] = 10.0
np.sum(y**2).backward()
print(y, x.grad)

# %%
# A leaf that needs a gradient cannot be written into while gradients are recorded: the optimizer would lose
# it.  Under `tinygrad_edu.no_grad` it is changed in place.
try:
    x += 1.0
except tg.TinygradError as error:
    print(error)
with tg.no_grad():
    x -= 0.1 * x.grad
print(x)

# %%
# What was changed between an operation and its backward pass is noticed, and named:
p = tg.Tensor([1.0, 2.0], requires_grad=True)
loss = np.sum(p**2)
with tg.no_grad():
    p *= 2.0
try:
    loss.backward()
except tg.TinygradError as error:
    print(error)

# %%
# Only a write into the array behind a tensor's back, ``p.data[0] = 9``, cannot be seen;
# `tinygrad_edu.debug` finds that too.
#
# Randomness
# ----------
#
# What is random takes ``rng=``, a generator or an integer; without one it draws fresh entropy.  ``with
# tg.seed(0):`` sets the default for a block.  NumPy's global state is never touched.
#
# Names
# -----
#
# NumPy's names for arrays (``axis``, ``keepdims``), PyTorch's for networks (``nn.Linear(in_features,
# out_features)``, ``state_dict()``), the literature's for mathematics (vjp, cotangent, Xavier).  Classes
# are on the last axis unless ``axis=`` says otherwise, which differs from PyTorch's losses of images.
