"""
Training
========
"""

# %%
# What is the shortest training?
# ------------------------------
import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import data, nn, optim, train

spirals = data.spirals(300, seed=0)
x, x_held, y, y_held = data.train_test_split(spirals.x, spirals.y, stratify=spirals.y, rng=0)


def network():
    return nn.Sequential(nn.Linear(2, 64, rng=0), nn.ReLU(), nn.Linear(64, 3, rng=1))


model = network()
optimizer = optim.Adam(model.parameters(), lr=0.01)
history = train.fit(model, nn.CrossEntropyLoss(), optimizer, (x, y), epochs=20, progress=False)
print(f"{history['loss'][0]:.3f} → {history['loss'][-1]:.3f}")

# %%
# How do I see how it does on data that it has not seen?
# ------------------------------------------------------
watched = {"validation": (x_held, y_held), "metrics": {"accuracy": train.metrics.accuracy}, "progress": False}
history = train.fit(model, nn.CrossEntropyLoss(), optimizer, (x, y), epochs=20, **watched)
print(f"{history['val_accuracy'][-1]:.1%}")

# %%
# How do I change the learning rate on the way?
# ---------------------------------------------
#
# A schedule is a plain function of the epoch.
rate = optim.schedule.warmup(3, then=optim.schedule.cosine(0.02, 17))
history = train.fit(model, nn.CrossEntropyLoss(), optimizer, (x, y), epochs=20, schedule=rate, progress=False)
print([round(lr, 4) for lr in history["lr"][::5]])

# %%
# How do I stop when it gets no better?
# -------------------------------------
#
# The best weights come back at the end.
stopping = train.EarlyStopping(patience=5)
history = train.fit(
    model, nn.CrossEntropyLoss(), optimizer, (x, y), epochs=200, early_stopping=stopping, **watched
)
print(len(history["loss"]), "epochs")

# %%
# How do I go on after an interruption?
# -------------------------------------
#
# ``checkpoint=`` saves after every epoch and at Ctrl-C, ``resume=True`` goes on from there, to the same bits.
import tempfile
from pathlib import Path

file = Path(tempfile.mkdtemp()) / "spirals.checkpoint"
for epochs in (5, 10):  # the second call makes the five epochs that are left
    model = network()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    history = train.fit(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        (x, y),
        epochs=epochs,
        checkpoint=file,
        resume=True,
        progress=False,
    )
    print(len(history["loss"]), "epochs in all")

# %%
# How do I write the loop myself?
# -------------------------------
loader = data.DataLoader((x, y), 32, shuffle=True, seed=0)
for inputs, labels in loader:
    optimizer.zero_grad()
    loss = tg.softmax_cross_entropy(model(inputs), labels)
    loss.backward()
    optim.clip_grad_norm(model.parameters(), 1.0)
    optimizer.step()
print(f"{loss.item():.3f}")

# %%
# How do I predict?
# -----------------
#
# `tinygrad_edu.train.predict` works in batches, in evaluation mode and without recording.
print(train.predict(model, x_held[:5]).argmax(axis=1))

# %%
# How good is it really?
# ----------------------
#
# One seed is luck.  Run some, and report the median and the range.


def run(seed):
    model = nn.Sequential(nn.Linear(2, 32, rng=seed), nn.ReLU(), nn.Linear(32, 3, rng=seed + 100))
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    train.fit(model, nn.CrossEntropyLoss(), optimizer, (x, y), epochs=30, seed=seed, progress=False)
    return train.metrics.accuracy(y_held, train.predict(model, x_held).argmax(axis=1))


print(train.over_seeds(run, range(3)))

# %%
# My classes are of very different sizes; what now?
# -------------------------------------------------
labels = np.array([0] * 90 + [1] * 10)
print(data.class_weights(labels))  # for nn.CrossEntropyLoss(weight=…)

# %%
# It learns nothing; what now?
# ----------------------------
#
# Ask `tinygrad_edu.train.doctor`: :doc:`/made/tutorials/debugging_gradients`.
#
# How do several processes train one model?
# -----------------------------------------
#
# By ``train.fit(…, distributed=True)`` in a script that ``mpiexec -n 4 python -m mpi4py script.py`` starts
# (the extra ``mpi``): the result is that of one process, to rounding.  In a loop of one's own:
# `tinygrad_edu.distributed`.
#
# It is slow; what now?
# ---------------------
#
# Set ``OPENBLAS_NUM_THREADS=1`` for networks of this size, before Python starts: small products are faster
# with one thread.  Then ``train.fit(…, compile=True)``: :doc:`/made/tutorials/compile_a_step`.
