"""MNIST by plain matrices, and the same sizes as Keras has them.

Dubey, MNIST from scratch: 784-64-64-10 with sigmoid, no biases, and a softmax whose gradient in the scores is
(p − y) / n, in NumPy; the version of the repository is 784-128-128-10, 1000 iterations of rate 0.5 over all
60,000 images.  Beside it, in Keras, 64-64 and 128-128 with relu, biases and Adam.

Here each of the 1000 iterations takes 1000 images, not all: the same descent, up to the noise of the sample,
at a sixtieth of the cost.  The article gives no initial weights: these are Xavier's.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

import time
from itertools import chain, islice, repeat
from pathlib import Path
from statistics import median

import numpy as np
from report import Missing, Row, save_graph, show, spread, track

import tinygrad_edu as tg
from tinygrad_edu import data, nn, train
from tinygrad_edu.errors import DownloadError


def by_matrices(hidden: int, seed: int) -> nn.Sequential:
    """784-h-h-10, sigmoid, no biases."""
    settings = {"bias": False, "init": nn.init.xavier_normal, "rng": np.random.default_rng(seed)}
    first = nn.Linear(784, hidden, **settings)
    second = nn.Linear(hidden, hidden, **settings)
    third = nn.Linear(hidden, 10, **settings)
    return nn.Sequential(first, nn.Sigmoid(), second, nn.Sigmoid(), third)


def as_in_keras(hidden: int, seed: int) -> nn.Sequential:
    """784-h-h-10, relu."""
    rng = np.random.default_rng(seed)
    return nn.Sequential(
        nn.Linear(784, hidden, rng=rng),
        nn.ReLU(),
        nn.Linear(hidden, hidden, rng=rng),
        nn.ReLU(),
        nn.Linear(hidden, 10, rng=rng),
    )


def descend(
    model: nn.Module, x: np.ndarray, y: np.ndarray, seed: int, iterations: int, rate: float = 0.5
) -> None:
    """Gradient descent, 1000 images an iteration."""
    optimizer = tg.optim.SGD(model.parameters(), lr=rate)
    epochs = repeat(data.DataLoader((x, y), 1000, shuffle=True, seed=seed))
    for images, labels in islice(chain.from_iterable(epochs), iterations):
        optimizer.zero_grad()
        tg.softmax_cross_entropy(model(images), labels).backward()
        optimizer.step()


# ---- measured beside the original --------------------------------------------------------------------------


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    try:
        x, y, x_test, y_test = data.mnist(flat=True)
    except DownloadError as error:
        raise Missing(str(error)) from None

    def tested(model: nn.Module) -> float:
        return train.metrics.accuracy(y_test, train.predict(model, x_test))

    if out:
        small = by_matrices(64, seed=0)
        cost = lambda: tg.softmax_cross_entropy(small(x[:100]), y[:100])
        save_graph(out / "14_mnist_from_scratch.svg", cost, small)
    if quick:
        model = by_matrices(64, seed=0)
        descend(model, x, y, seed=0, iterations=200)
        share = tested(model)
        return [Row("MNIST, 64-64 sigmoid, 200 iterations: test", "goal: 70 %", f"{share:.2%}", share >= 0.7)]

    rows = []
    for hidden, target, figure in ((64, "published 89.67 %", 0.8967), (128, "goal: 89.67 %", 0.8967)):
        shares = []
        for seed in track(range(5), f"MNIST, {hidden}-{hidden} sigmoid, seed"):
            model = by_matrices(hidden, seed)
            descend(model, x, y, seed, iterations=1000)
            shares.append(tested(model))
        rows.append(
            Row(
                f"MNIST, {hidden}-{hidden} sigmoid, no biases: test",
                target,
                spread(shares, ".2%"),
                median(shares) >= figure,
            )
        )

    for hidden, epochs, figure, known in ((64, 5, 0.9617, ", 3 s an epoch"), (128, 20, 0.9769, "")):
        shares, start = [], time.perf_counter()
        for seed in track(range(5), f"MNIST, {hidden}-{hidden} relu, seed"):
            model = as_in_keras(hidden, seed)
            train.fit(
                model,
                nn.CrossEntropyLoss(),
                tg.optim.Adam(model.parameters()),
                (x, y),
                epochs=epochs,
                batch_size=128,
                seed=seed,
                progress=False,
            )
            shares.append(tested(model))
        took = (time.perf_counter() - start) / (5 * epochs)
        ours = f"{spread(shares, '.2%')}, {took:.1f} s an epoch"
        rows.append(
            Row(
                f"MNIST, {hidden}-{hidden} relu, Adam, {epochs} epochs: test",
                f"published {figure:.2%}{known}",
                ours,
                median(shares) >= figure,
            )
        )
    return rows


if __name__ == "__main__":
    show(run)
