"""Three intertwined spirals: a network with one hidden layer bends its decision boundary around them.

    python examples/spiral.py --out spiral.png

The data are those of Stanford's course CS231n: three arms of 100 points.  All three begin in the origin,
where three equal points have three different labels, so that no classifier gets more than 298 of the 300
right.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

import argparse
from statistics import median

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn, plot

SEEDS = range(5)


def spirals(rng: np.random.Generator, points: int = 100, arms: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Points of shape (arms · points, 2) and their labels."""
    radius = np.linspace(0, 1, points)
    angles = [
        np.linspace(4 * arm, 4 * arm + 4, points) + 0.2 * rng.standard_normal(points) for arm in range(arms)
    ]
    xy = [np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1) for angle in angles]
    return np.concatenate(xy).astype(np.float32), np.repeat(np.arange(arms), points)


def train(x: np.ndarray, labels: np.ndarray, rng: np.random.Generator, steps: int = 1000) -> nn.Sequential:
    """A 2-64-3 network, trained on all points at once."""
    model = nn.Sequential(nn.Linear(2, 64, rng=rng), nn.ReLU(), nn.Linear(64, 3, rng=rng))
    optimizer = tg.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(steps):
        optimizer.zero_grad()
        tg.softmax_cross_entropy(model(x), labels).backward()
        optimizer.step()
    return model


@tg.no_grad
def accuracy(model: nn.Module, x: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(model(x).numpy().argmax(axis=1) == labels))


def save_picture(path: str, model: nn.Module, x: np.ndarray, labels: np.ndarray) -> None:
    from matplotlib.figure import Figure

    with tg.no_grad():
        wrong = model(x).numpy().argmax(axis=1) != labels
    figure = Figure(figsize=(7, 7.2), layout="constrained")
    ax = plot.decision_regions(model, x, labels, ax=figure.add_subplot(), resolution=700)
    ax.scatter(*x[wrong].T, s=150, facecolors="none", edgecolors="black", linewidths=1.5)
    title = f"{np.sum(~wrong)} of {len(x)} points in the region of their arm\n(the others in rings)"
    ax.set(title=title, xticks=[], yticks=[])
    plot.save(figure, path)
    print(f"picture: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a network on three spirals, with five seeds.")
    parser.add_argument("--out", metavar="PATH", help="save a picture of the decision regions of seed 0 here")
    out = parser.parse_args().out
    if out:
        try:
            plot.check_path(out)
        except (tg.TinygradError, ImportError) as error:
            parser.error(str(error))

    accuracies = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        x, labels = spirals(rng)
        model = train(x, labels, rng)
        accuracies.append(accuracy(model, x, labels))
        print(f"seed {seed}: {accuracies[-1]:.4f} of the training points right")
        if out and seed == 0:
            save_picture(out, model, x, labels)
    print(f"median: {median(accuracies):.4f}")
    assert median(accuracies) >= 0.98


if __name__ == "__main__":
    main()
