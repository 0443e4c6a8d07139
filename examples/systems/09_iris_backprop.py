"""Iris by back-propagation, one flower at a time.

James McCaffrey, neural networks from scratch in Python with the iris data, Visual Studio Magazine.  4-5-3,
tanh and softmax, small uniform weights, rate 0.05, 50 epochs in an order drawn anew each time, and his split
of 120 flowers to train on and 30 to test with.  He compares outputs with one-hot rows by squared error, and
takes (1 − y) · y for the derivative of the softmax, which is its diagonal alone; here the derivative is all
of it.
"""

from functools import partial
from pathlib import Path

import numpy as np
from report import Row, show, spread, track

import tinygrad_edu as tg
from tinygrad_edu import data, nn, plot, train

MAX_EPOCHS, LEARN_RATE = 50, 0.05


def learn(flowers: data.TrainTest, seed: int) -> tuple[nn.Sequential, list[float]]:
    """The network, and the error of each epoch: ½ Σ (output − target)² / 120."""
    rng = np.random.default_rng(seed)
    small = partial(nn.init.uniform, low=-0.01, high=0.01)
    model = nn.Sequential(
        nn.Linear(4, 5, init=small, rng=rng), nn.Tanh(), nn.Linear(5, 3, init=small, rng=rng), nn.Softmax()
    )
    optimizer = tg.optim.SGD(model.parameters(), lr=LEARN_RATE)
    x, targets = flowers.x_train.astype(np.float32), data.one_hot(flowers.y_train, 3)
    errors = []
    for _ in track(range(MAX_EPOCHS), f"iris by back-propagation, seed {seed}"):
        error = 0.0
        for i in rng.permutation(len(x)):
            optimizer.zero_grad()
            loss = tg.half_squared_error(model(x[i]), targets[i])
            loss.backward()
            optimizer.step()
            error += loss.item()
        errors.append(error / len(x))
    return model, errors


# ---- measured beside the original --------------------------------------------------------------------------


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    """The same at any length: a seed takes half a second."""
    flowers = data.iris_train_test()
    runs = [learn(flowers, seed) for seed in range(3 if quick else 5)]
    accuracies = np.array(
        [
            [
                train.metrics.accuracy(y, train.predict(model, x).argmax(axis=1))
                for x, y in (flowers[:2], flowers[2:])
            ]
            for model, _ in runs
        ]
    )
    if out:
        save_picture(out, runs[0], flowers)
    rows = []
    for name, ours, figure in zip(("train", "test"), accuracies.T, (0.9333, 0.9667)):
        rows.append(
            Row(
                f"iris by back-propagation, 4-5-3: {name} accuracy",
                f"published {figure}",
                spread(ours),
                bool(np.median(ours) >= figure - 5e-5),
            )
        )
    return rows


def save_picture(out: Path, run: tuple[nn.Sequential, list[float]], flowers: data.TrainTest) -> None:
    from matplotlib.figure import Figure

    model, errors = run
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot.loss_curve(errors, ax=left, ylabel="½ Σ (output − target)² / 120").set_title(
        "Error on the training part (seed 0)"
    )
    counts = train.metrics.confusion_matrix(
        flowers.y_test, train.predict(model, flowers.x_test).argmax(axis=1)
    )
    plot.confusion_matrix(counts, classes=("setosa", "versicolor", "virginica"), ax=right).set_title(
        "Test part"
    )
    plot.save(figure, out / "09_iris_backprop.png")


if __name__ == "__main__":
    show(run)
