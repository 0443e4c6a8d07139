"""
Data and files
==============
"""

# %%
# How do I read a CSV file?
# -------------------------
import tempfile
from pathlib import Path

import numpy as np

from tinygrad_edu import data, io, nn

folder = Path(tempfile.mkdtemp())
(folder / "plants.csv").write_text("height,leaves,kind\n3.5,4,fern\n,7,moss\n2.0,5,fern\n")
table = data.read_csv(folder / "plants.csv")
print(table.names, len(table))

# %%
# What about the gap?
# -------------------
#
# `tinygrad_edu.data.Features` fills gaps, by the median say, and can tell where they were.
features = data.Features(missing="median", indicator=True)
print(features.fit_transform(table))
print(features.names)

# %%
# How do I make numbers of classes?
# ---------------------------------
encoder = data.LabelEncoder()
kinds = encoder.fit_transform(table.labels("kind"))
print(kinds, encoder.classes, data.one_hot(kinds, 2).tolist())

# %%
# Can I give it a DataFrame?
# --------------------------
#
# Frames of pandas and polars go in wherever tables and arrays do.
import pandas as pd

frame = pd.DataFrame({"area": [80.0, 50.0], "town": ["Ulm", "Bonn"]})
print(data.Features().fit_transform(frame))

# %%
# How do I split?
# ---------------
#
# Once, by `tinygrad_edu.data.train_test_split`; for cross-validation, by `tinygrad_edu.data.k_fold`.
x, y = np.arange(20.0).reshape(10, 2), np.array([0, 1] * 5)
print([part.shape for part in data.train_test_split(x, y, stratify=y, rng=0)])
print([held.tolist() for _, held in data.k_fold(6, 3, rng=0)])

# %%
# How do I make batches?
# ----------------------
for inputs, labels in data.DataLoader((x, y), 4, shuffle=True, seed=0):
    print(inputs.shape, labels)

# %%
# … of sequences of several lengths?
# ----------------------------------
padded, lengths = data.pad_sequences([[1, 2, 3], [4], [5, 6]])
print(padded, lengths)

# %%
# Is there data to play with?
# ---------------------------
#
# Toy sets made by code, sets that come with scikit-learn, and published ones, which are fetched once:
# :doc:`/api/data`.
digits = data.digits()
print(digits.x.shape, len(digits.classes))

# %%
# How do I save a model?
# ----------------------
#
# By `tinygrad_edu.io.save_checkpoint`, with all else that a prediction needs; the file is written whole or
# not at all, and loading it runs nothing.
model = nn.Linear(2, 1, rng=0)
io.save_checkpoint(folder / "model", {"model": model, "classes": encoder.classes})
saved = io.load_checkpoint(folder / "model")
model.load_state_dict(saved["model"])
print(saved["classes"])

# %%
# … for other frameworks?
# -----------------------
io.save_safetensors(folder / "weights.safetensors", {name: p.data for name, p in model.named_parameters()})
arrays, metadata = io.load_safetensors(folder / "weights.safetensors")
print({name: array.shape for name, array in arrays.items()})
