"""MNIST, two rungs: a network with two hidden layers, and the same with batch normalization and dropout.

Paila (2018), the author of system 2, in Keras.  784-392-64-10 with relu, Adam at 5e-4, batches of 128, 20
epochs; then with batch normalization and dropout .4 after each hidden layer, Adam at 1e-3, 32 epochs.
Weights as Keras draws them (Xavier uniform, biases 0); the accuracy on the test images after the last epoch.

The rate falls to 0 along a cosine.  At a constant rate, as in the original, the accuracy of the first network
moves by up to half a percent from one epoch to the next, and what the last one has is luck.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

from pathlib import Path
from statistics import median

import numpy as np
from report import Row, show, spread

from tinygrad_edu import data, nn, optim, plot, train


def linears(rng: np.random.Generator) -> list[nn.Linear]:
    return [
        nn.Linear(n, m, init=nn.init.xavier_uniform, rng=rng) for n, m in ((784, 392), (392, 64), (64, 10))
    ]


def dense(rng: np.random.Generator) -> nn.Sequential:
    first, second, last = linears(rng)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)


def normalized(rng: np.random.Generator) -> nn.Sequential:
    first, second, last = linears(rng)
    block = lambda linear: [linear, nn.ReLU(), nn.BatchNorm1d(linear.out_features), nn.Dropout(0.4, rng=rng)]
    return nn.Sequential(*block(first), *block(second), last)


RUNGS = {  # network, rate, epochs, published test accuracy
    "784-392-64-10": (dense, 5e-4, 20, 0.9811),
    "the same, batch norm and dropout": (normalized, 1e-3, 32, 0.9843),
}


def climb(
    digits: data.TrainTest, rung: str, seed: int, epochs: int | None = None
) -> tuple[nn.Module, train.History]:
    network, lr, published_epochs, _ = RUNGS[rung]
    epochs = epochs or published_epochs
    model = network(np.random.default_rng(seed))
    history = train.fit(
        model,
        nn.CrossEntropyLoss(),
        optim.Adam(model.parameters(), lr=lr),
        (digits.x_train, digits.y_train),
        epochs=epochs,
        schedule=optim.schedule.cosine(lr, epochs),
        batch_size=128,
        seed=seed,
        validation=(digits.x_test, digits.y_test),
        metrics={"val_accuracy": train.metrics.accuracy},
    )
    return model, history


# ---- measured beside the original --------------------------------------------------------------------------


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    digits = data.mnist(flat=True)
    if quick:
        few = data.TrainTest(
            digits.x_train[:6000], digits.y_train[:6000], digits.x_test[:2000], digits.y_test[:2000]
        )
        ours = [climb(few, rung, seed=0, epochs=1)[1].last["val_accuracy"] for rung in RUNGS]
        return [
            Row(
                f"MNIST, {rung}: one epoch of 6000, right of 2000",
                "goal: ≥ 80 %",
                spread([right], ".2%"),
                right >= 0.8,
            )
            for rung, right in zip(RUNGS, ours)
        ]
    rows, curves = [], {}
    for rung, (*_, figure) in RUNGS.items():
        runs = [climb(digits, rung, seed) for seed in range(5)]
        right = [history.last["val_accuracy"] for _, history in runs]
        pace = median(seconds for _, history in runs for seconds in history["seconds"])
        rows.append(
            Row(
                f"MNIST, {rung}: test accuracy",
                f"published {100 * figure:.2f} %",
                spread(right, ".2%"),
                median(right) >= figure,
            )
        )
        rows.append(Row(f"MNIST, {rung}: seconds an epoch", "published 4", f"{pace:.1f}", None))
        curves[rung] = runs[0][1]["val_accuracy"]
    if out:
        save_picture(out, curves, runs[0][0], digits)
    return rows


def save_picture(out: Path, curves: dict[str, list[float]], model: nn.Module, digits: data.TrainTest) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot.loss_curve(curves, ax=left, ylabel="test accuracy").set_title("Seed 0")
    counts = train.metrics.confusion_matrix(digits.y_test, train.predict(model, digits.x_test).argmax(axis=1))
    plot.confusion_matrix(counts, ax=right).set_title("With batch normalization and dropout")
    plot.save(figure, out / "03_mnist_ladder.png")


if __name__ == "__main__":
    show(run)
