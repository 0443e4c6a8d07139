"""A chess board: 4 × 4 squares of two colours on [0, 1)².

What readers of bpnn.py (system 4) went on to, and could not do with it.  10,000 points to train on, 2-256-2
with relu, and 10,000 fresh points to count on.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))  # small matrices

from pathlib import Path
from statistics import median

import numpy as np
from report import Row, show, spread

import tinygrad_edu as tg
from tinygrad_edu import data, nn, plot, train


def network(rng: np.random.Generator) -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 256, rng=rng), nn.ReLU(), nn.Linear(256, 2, rng=rng))


def play(seed: int, epochs: int = 100) -> tuple[nn.Module, data.Points, float]:
    """The network, fresh points, and the part of them that it gets right."""
    rng = np.random.default_rng(seed)
    board = data.checkerboard(10_000, squares=4, rng=rng)
    fresh = data.checkerboard(10_000, squares=4, rng=rng)
    model = network(rng)
    optimizer = tg.optim.Adam(model.parameters())
    schedule = tg.optim.schedule.cosine(0.01, epochs)
    train.fit(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        board,
        epochs=epochs,
        batch_size=64,
        seed=seed,
        schedule=schedule,
    )
    return model, fresh, train.metrics.accuracy(fresh.y, train.predict(model, fresh.x).argmax(axis=1))


# ---- measured beside the original --------------------------------------------------------------------------


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    plays = [play(0, epochs=40)] if quick else [play(seed) for seed in range(5)]
    right = [accuracy for *_, accuracy in plays]
    if out:
        save_picture(out, *plays[0])
    goal, figure = ("goal: ≥ 95 % after 40 epochs", 0.95) if quick else ("goal: ≥ 98 %", 0.98)
    return [
        Row(
            "checkerboard, 2-256-2 relu: right of 10,000 fresh points",
            goal,
            spread(right, ".2%"),
            median(right) >= figure,
        )
    ]


def save_picture(out: Path, model: nn.Module, fresh: data.Points, accuracy: float) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5, 5.5), layout="constrained")
    ax = plot.decision_regions(model, fresh.x[:1500], fresh.y[:1500], ax=figure.add_subplot())
    ax.set(
        title=f"2-256-2 relu: {accuracy:.2%} of 10,000 fresh points (1500 are drawn)", xticks=[], yticks=[]
    )
    plot.save(figure, out / "06_checkerboard.png")


if __name__ == "__main__":
    show(run)
