"""
Train from a CSV file
=====================

From a file to a model that another program loads, with what goes wrong on the way.
"""

# %%
# The file
# --------
#
# Columns of measurements and one of species.  It is written here, so that this page needs no download; take
# yours.
import tempfile
from pathlib import Path

from sklearn.datasets import load_iris

folder = Path(tempfile.mkdtemp())
flowers = load_iris()
with (folder / "iris.csv").open("w") as file:
    file.write("sepal length,sepal width,petal length,petal width,species\n")
    for row, label in zip(flowers.data, flowers.target):
        file.write(",".join([*map(str, row), flowers.target_names[label]]) + "\n")

# %%
# Read it
# -------
from tinygrad_edu import data

table = data.read_csv(folder / "iris.csv")
print(table.names, len(table))

# %%
# Numbers for the network: measurements as a matrix, species as integers.
encoder = data.LabelEncoder()
x = table.numbers(table.names[:-1])
y = encoder.fit_transform(table.labels("species"))
print(x.shape, x.dtype, encoder.classes, y[:3])

# %%
# Split first, then scale
# -----------------------
#
# The scaler learns means and spreads from the training rows only: the others are to stay unseen.
x_train, x_test, y_train, y_test = data.train_test_split(x, y, stratify=y, rng=0)
scaler = data.StandardScaler().fit(x_train)

# %%
# Train
# -----
from tinygrad_edu import nn, optim, train

model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.ReLU(), nn.Linear(16, 3, rng=1))
optimizer = optim.Adam(model.parameters(), lr=0.01)
history = train.fit(
    model,
    nn.CrossEntropyLoss(),
    optimizer,
    (scaler.transform(x_train), y_train),
    epochs=50,
    validation=(scaler.transform(x_test), y_test),
    metrics={"accuracy": train.metrics.accuracy},
    progress=False,
)

import matplotlib.pyplot as plt

from tinygrad_edu import plot

figure, axes = plt.subplots(figsize=(6, 3.2))
plot.curves({"training": history["loss"], "held out": history["val_loss"]}, ax=axes)

# %%
# What is confused with what? Rows are the truth, columns the prediction.
predicted = train.predict(model, scaler.transform(x_test)).argmax(axis=1)
print(train.metrics.confusion_matrix(y_test, predicted))
assert train.metrics.accuracy(y_test, predicted) > 0.9

# %%
# Save all that a prediction needs
# --------------------------------
#
# Model, scaler and encoder belong together, in one file, which is written whole or not at all.
from tinygrad_edu import io

io.save_checkpoint(folder / "iris.model", {"model": model, "scaler": scaler, "encoder": encoder})

# %%
# And in another program:
saved = io.load_checkpoint(folder / "iris.model")
model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
scaler, encoder = data.StandardScaler(), data.LabelEncoder()
for name, part in {"model": model, "scaler": scaler, "encoder": encoder}.items():
    part.load_state_dict(saved[name])
new = scaler.transform([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]])
print(encoder.inverse_transform(train.predict(model, new).argmax(axis=1)))

# %%
# Text, dates and gaps
# --------------------
#
# Real tables have columns of every kind.  `tinygrad_edu.data.Features` makes one matrix of them, and is
# fitted and saved like the scaler.
flats = {"town": ["Ulm", "Bonn", "Ulm"], "area": [80.0, None, 50.0], "balcony": [True, False, True]}
features = data.Features(missing="median", indicator=True, unknown="ignore").fit(flats)
print(*features.names, sep=", ")
print(features.transform({"town": ["Jena"], "area": [65.0], "balcony": [True]}))

# %%
# It does not learn?  :doc:`debugging_gradients` asks the doctor.
