"""
Networks
========
"""

# %%
# How do I build a network?
# -------------------------
#
# Layers in a row are a `tinygrad_edu.nn.Sequential`:
import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn

model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.ReLU(), nn.Linear(16, 3, rng=1))
print(model)

# %%
# Anything else is a module of your own, whose ``forward`` is plain NumPy:


class TwoRoads(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.narrow, self.wide = nn.Linear(n, 4, rng=0), nn.Linear(n, 32, rng=1)
        self.out = nn.Linear(36, 1, rng=2)

    def forward(self, x):
        return self.out(np.concatenate([self.narrow(x), tg.relu(self.wide(x))], axis=1))


print(TwoRoads(5)(np.ones((2, 5), np.float32)).shape)

# %%
# Which sizes fit?
# ----------------
#
# `tinygrad_edu.nn.summary` runs an input through; a wrong size is told with the layer's name.
images = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 4 * 4, 10)
)
print(nn.summary(images, np.zeros((64, 1, 8, 8))))
try:
    images(np.zeros((64, 1, 28, 28)))
except ValueError as error:
    print(error)

# %%
# How do I get the same weights every time?
# -----------------------------------------
#
# Give each layer ``rng=``, an integer or a generator; or seed a block.
with tg.seed(0):
    first = nn.Linear(2, 2)
with tg.seed(0):
    second = nn.Linear(2, 2)
print(np.array_equal(first.weight.data, second.weight.data))

# %%
# How do I start from other weights?
# ----------------------------------
print(nn.Linear(2, 3, init=nn.init.he_normal, rng=0).weight)

# %%
# How do I freeze a part?
# -----------------------
model[0].freeze()
print([name for name, p in model.named_parameters() if p.requires_grad])
model[0].unfreeze()

# %%
# How do I get what a layer in the middle computes?
# -------------------------------------------------
#
# Call the part: a slice of a Sequential is one, of the same layers.
print(model[:2](np.ones((1, 4), np.float32)).shape)

# %%
# How do I share weights?
# -----------------------
#
# Use the same module twice; its parameters count once, and their gradients add up.
tied = nn.Linear(4, 4, rng=0)
print(len(list(nn.Sequential(tied, nn.Tanh(), tied).parameters())))

# %%
# How do I draw it?
# -----------------
loss = tg.softmax_cross_entropy(model(np.ones((2, 4), np.float32)), [0, 2])
tg.draw(loss, names=model)

# %%
# How do I use single or double precision?
# ----------------------------------------
#
# Layers are float32 unless ``dtype=`` says otherwise; ``model.to(float)`` makes all of them float64.
print(nn.Linear(2, 1, rng=0, dtype=float)(np.ones(2)).dtype, model.to(float)[0].weight.dtype)

# %%
# How do I load weights that PyTorch has trained?
# -----------------------------------------------
#
# Names, shapes and conventions of layers are PyTorch's: :doc:`/migration/pytorch`.
