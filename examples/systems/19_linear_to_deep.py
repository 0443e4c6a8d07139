"""From linear regression to two layers to N layers.

Abhisek Jana (2019), Understand and Implement the Backpropagation Algorithm From Scratch In Python,
adeveloperdiary.com.  The fives and eights of MNIST; the article begins with the graph of a linear regression,
turns it into a net of two layers, 784-196-1, and then into one whose layers are a list; sigmoid throughout,
binary cross-entropy, weights randn / √inputs, a plot of the cost.  Here all three learn the same 70 % of the
images, in mini-batches, for 20 epochs, and are tested on the other 30 %.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from report import Missing, Row, show

import tinygrad_edu as tg
from tinygrad_edu import data, nn, plot, train
from tinygrad_edu.errors import DownloadError


def ann(layers_size: list[int], seed: int = 1) -> nn.Sequential:
    """Layers of these sizes with a sigmoid between them; that of the last one is in the loss."""
    rng = np.random.default_rng(seed)
    layers = [
        part
        for sizes in pairwise(layers_size)
        for part in (nn.Linear(*sizes, init=nn.init.lecun_normal, rng=rng), nn.Sigmoid())
    ]
    return nn.Sequential(*layers[:-1])


STEPS = {  # of the article: the network, its loss, the rate, and what tells an eight from a five
    "linear regression": ([784, 1], nn.MSELoss(), 0.01, 0.5),
    "two layers, 784-196-1": ([784, 196, 1], nn.BCEWithLogitsLoss(), 0.1, 0.0),
    "N layers, 784-196-64-16-1": ([784, 196, 64, 16, 1], nn.BCEWithLogitsLoss(), 0.5, 0.0),
}


# ---- measured beside the original --------------------------------------------------------------------------


def fives_and_eights() -> tuple[np.ndarray, np.ndarray]:
    """The images of shape (n, 784), and 0 for a five, 1 for an eight, of shape (n, 1)."""
    try:
        images, digits, *_ = data.mnist(flat=True)
    except DownloadError as error:
        raise Missing(str(error)) from None
    chosen = np.isin(digits, (5, 8))
    return images[chosen], (digits[chosen] == 8).astype(np.float32)[:, None]


def accuracy(threshold: float) -> Callable[..., float]:
    return lambda targets, outputs: float(np.mean((outputs > threshold) == targets))


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    x, y = fives_and_eights()
    x_train, x_test, y_train, y_test = data.train_test_split(x, y, test_size=0.3, rng=1)
    epochs = 20
    if quick:
        x_train, y_train, epochs = x_train[:2000], y_train[:2000], 4
    rows, costs, held_out = [], {}, []
    for name, (layers_size, loss, rate, threshold) in STEPS.items():
        model = ann(layers_size)
        optimizer = tg.optim.SGD(model.parameters(), lr=rate)
        history = train.fit(
            model,
            loss,
            optimizer,
            (x_train, y_train),
            epochs=epochs,
            validation=(x_test, y_test),
            metrics={"accuracy": accuracy(threshold)},
            progress=False,
        )
        costs[name] = history["loss"]
        held_out.append(history["val_accuracy"][-1])
        falls = history["loss"][-1] < history["loss"][0]
        shown = f"{held_out[-1]:.2%}, cost {history['loss'][0]:.4f} → {history['loss'][-1]:.4f}"
        rows.append(Row(f"5 or 8, {name}: held out", "goal: the cost falls", shown, falls))
    if not quick:
        rows.append(
            Row(
                "5 or 8: held out",
                "goal: both nets above the line",
                " ".join(f"{s:.2%}" for s in held_out),
                min(held_out[1:]) > held_out[0],
            )
        )
    if out:
        ax = plot.loss_curve(costs, ylabel="cost", log=True)
        plot.save(ax.figure, out / "19_linear_to_deep.png")
    return rows


if __name__ == "__main__":
    show(run)
