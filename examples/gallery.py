"""Every picture that `tinygrad_edu.plot` draws, each by a few lines of its own.

    python examples/gallery.py --out FOLDER

Data are made here, or come with scikit-learn; networks are small, and trained on the spot.  Pictures of names
that are given are made alone: ``python examples/gallery.py curves weights --out FOLDER``.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

import argparse
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import data, nn, plot, train


@cache
def digits() -> tuple[nn.Module, train.History, Any, Any]:
    """A network that reads digits of 8 × 8 pixels, its history, and the images and labels
    that it has not seen.
    """
    pixels, labels, *_ = data.digits()
    x, x_test, y, y_test = data.train_test_split(
        (pixels / 16).astype(np.float32), labels, stratify=labels, rng=0
    )
    rng = np.random.default_rng(0)
    model = nn.Sequential(
        nn.Linear(64, 48, rng=rng),
        nn.ReLU(),
        nn.Linear(48, 24, rng=rng),
        nn.ReLU(),
        nn.Linear(24, 10, rng=rng),
    )
    history = train.fit(
        model,
        nn.CrossEntropyLoss(),
        tg.optim.Adam(model.parameters(), lr=0.003),
        (x, y),
        epochs=30,
        validation=(x_test, y_test),
        metrics={"accuracy": train.metrics.accuracy},
        progress=False,
    )
    return model, history, x_test, y_test


def of_the_plane(points: Any, labels: Any, hidden: int, *, classes: int = 2, epochs: int = 150) -> nn.Module:
    """A network with one hidden layer, trained on points."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Linear(2, hidden, rng=rng), nn.Tanh(), nn.Linear(hidden, classes, rng=rng))
    optimizer = tg.optim.Adam(model.parameters(), lr=0.03)
    train.fit(model, nn.CrossEntropyLoss(), optimizer, (points, labels), epochs=epochs, progress=False)
    return model


def side_by_side(width: float, height: float) -> Any:
    """Two axes in one figure, for whoever puts a picture together of several."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    return figure.subplots(1, 2)


# ---- the pictures ------------------------------------------------------------------------------------------


def curves() -> Any:
    _, history, _, _ = digits()
    left, right = side_by_side(9, 3.4)
    plot.loss_curve(
        {"training": history["loss"], "held-out": history["val_loss"]}, log=True, ax=left
    ).set_title("Cross-entropy")
    accuracies = {"training": history["accuracy"], "held-out": history["val_accuracy"]}
    plot.curves(accuracies, ylabel="accuracy", target=0.97, ax=right).set_title("Share of digits read right")
    return left.figure


def live_loss() -> Any:
    x, y = data.moons(200, noise=0.1, seed=0)
    model = nn.Sequential(nn.Linear(2, 8, rng=0), nn.Tanh(), nn.Linear(8, 2, rng=1))
    live = plot.LiveLoss(target=0.05)
    stop = lambda history: history["loss"][-1] < 0.05
    optimizer = tg.optim.Adam(model.parameters(), lr=0.02)
    train.fit(
        model, nn.CrossEntropyLoss(), optimizer, (x, y), epochs=200, callbacks=[live, stop], progress=False
    )
    live.close()
    live.ax.set_title("Moons, until the loss is below its target")
    return live.ax.figure


def class_scatter() -> Any:
    points, labels = data.blobs(400, centers=((0, 4), (4, 0), (0, -4), (-4, 0)), spread=1.1, seed=0)
    ax = plot.class_scatter(
        points, labels, classes=["north", "east", "south", "west"], axes=("first feature", "second feature")
    )
    ax.set_title("Four blobs")
    return ax.figure


def decision_regions() -> Any:
    left, right = side_by_side(9, 3.8)
    points, labels = data.spirals(300, seed=0)
    model = of_the_plane(points, labels, 32, classes=3, epochs=400)
    plot.decision_regions(model, points, labels, ax=left).set_title("Three spirals: the winning class")
    points, labels = data.moons(200, noise=0.2, seed=0)
    model = of_the_plane(points, labels, 8)
    ax = plot.decision_regions(
        model, points, labels, probabilities=True, classes=["upper", "lower"], ax=right
    )
    ax.set_title("Two moons: its probability")
    return left.figure


def decision_grid() -> Any:
    points, labels = data.moons(200, noise=0.2, seed=0)
    models = {
        f"{h} hidden unit{'s' * (h > 1)}": of_the_plane(points, labels, h) for h in (1, 2, 3, 5, 20, 50)
    }
    return plot.decision_grid(models, points, labels, columns=3, probabilities=True).figure


def confusion_matrix() -> Any:
    model, _, x, y = digits()
    counts = train.metrics.confusion_matrix(y, train.predict(model, x))
    ax = plot.confusion_matrix(counts)
    ax.set_title("450 held-out digits")
    return ax.figure


def images() -> Any:
    model, _, x, y = digits()
    scores = train.predict(model, x)
    wrong = np.flatnonzero(scores.argmax(axis=1) != y)[:10]
    titles = [f"read {said}, is {digit}" for said, digit in zip(scores[wrong].argmax(axis=1), y[wrong])]
    ax = plot.images(x[wrong].reshape(-1, 8, 8), titles=titles, columns=5)
    ax.figure.suptitle("Digits that were misread")
    return ax.figure


def weights() -> Any:
    model, *_ = digits()
    ax = plot.weights(model[0], columns=12)
    ax.figure.suptitle("The 48 units of the first layer: blue wants ink, red wants none")
    return ax.figure


def activation_curves() -> Any:
    modules = [
        nn.Sigmoid(),
        nn.Tanh(),
        nn.ReLU(),
        nn.LeakyReLU(0.1),
        nn.ELU(),
        nn.GELU(),
        nn.SiLU(),
        nn.Softplus(),
    ]
    return plot.activation_curves(modules, columns=4).figure


def activation_histograms() -> Any:
    model, _, x, _ = digits()
    ax = plot.activation_histograms(model, x)
    ax.set_title("What comes out of the layers of a digit reader")
    return ax.figure


def gradient_histograms() -> Any:
    rng = np.random.default_rng(0)
    layers = [layer for _ in range(5) for layer in (nn.Linear(32, 32, bias=False, rng=rng), nn.Sigmoid())]
    model = nn.Sequential(*layers, nn.Linear(32, 2, bias=False, rng=rng))
    x, labels = rng.standard_normal((64, 32)), rng.integers(0, 2, 64)
    tg.softmax_cross_entropy(model(x), labels).backward()
    ax = plot.gradient_histograms(model)
    ax.set_title("Five sigmoids: the gradient vanishes on its way back, upwards")
    return ax.figure


PICTURES: dict[str, Callable[[], Any]] = {
    function.__name__: function
    for function in (
        curves,
        live_loss,
        class_scatter,
        decision_regions,
        decision_grid,
        confusion_matrix,
        images,
        weights,
        activation_curves,
        activation_histograms,
        gradient_histograms,
    )
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Make every picture that tinygrad_edu.plot draws.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which ones; all by default: {', '.join(PICTURES)}"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        help="save them in this folder, which is made if need be; they are only drawn without",
    )
    parser.add_argument("--dpi", type=int, default=200, metavar="N", help="dots per inch (default: 200)")
    settings = parser.parse_args()
    if unknown := [name for name in settings.names if name not in PICTURES]:
        parser.error(f"there is no picture {unknown[0]!r}; expected {', '.join(PICTURES)}")
    names = settings.names or list(PICTURES)
    with TemporaryDirectory() as unsaved:
        folder = settings.out or Path(unsaved)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            for name in names:
                path = plot.save(PICTURES[name](), folder / f"{name}.png", dpi=settings.dpi)
                print(path if settings.out else f"{name}: drawn, and not saved, as there is no --out")
        except ImportError as error:
            sys.exit(str(error))
        assert all((folder / f"{name}.png").read_bytes().startswith(b"\x89PNG") for name in names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
