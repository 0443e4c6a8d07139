"""How many neurons, and how strong a penalty: the small nets of the CS231n notes.

Andrej Karpathy (2015), CS231n, Neural Networks part 1: Setting up the architecture, cs231n.github.io.  Two
classes in the plane and 3, 6 or 20 hidden neurons; 20 neurons with penalties of .001, .01 and .1; the nets
3-4-2 and 3-4-4-1, whose parameters the notes count; and, of their chapter on linear classification, the
scores of 10 classes from 3072 pixels, whose first loss is ln 10.  The notes do not give their points: here
they are two spiral arms like those of ConvNetJS, where the notes' pictures were made.
"""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
from report import Row, show, track

import tinygrad_edu as tg
from tinygrad_edu import nn, plot


def net(*sizes: int, seed: int = 0) -> nn.Sequential:
    """Fully connected layers of these sizes with tanh between them."""
    rng = np.random.default_rng(seed)
    layers = [
        part
        for inputs, outputs in pairwise(sizes)
        for part in (nn.Linear(inputs, outputs, rng=rng), nn.Tanh())
    ]
    return nn.Sequential(*layers[:-1])


def train(model: nn.Sequential, x: np.ndarray, y: np.ndarray, steps: int, penalty: float = 0.0) -> float:
    """Adam, all points at once; returns the last loss without the penalty ½ λ Σw²."""
    weights = [layer.weight for layer in model if isinstance(layer, nn.Linear)]
    biases = [layer.bias for layer in model if isinstance(layer, nn.Linear)]
    optimizer = tg.optim.Adam([{"params": weights, "weight_decay": penalty}, {"params": biases}], lr=0.03)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    return loss.item()


def two_arms(n: int = 100, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """One and a quarter turns from the middle outwards, and the same turned by half a circle,
    n points each.
    """
    rng = np.random.default_rng(seed)
    turn = np.tile(np.arange(n) / n, 2)
    radius = turn + 0.02 * rng.uniform(-1, 1, 2 * n)
    angle = 2.5 * np.pi * turn + np.repeat([0, np.pi], n) + 0.1 * rng.uniform(-1, 1, 2 * n)
    return 5 * np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1), np.repeat([0, 1], n)


# ---- measured beside the original --------------------------------------------------------------------------


SEEDS = range(5)


def first_loss(classes: int = 10, pixels: int = 3072) -> float:
    """Of scores W x + b with weights 1e-4 · randn, on 128 images of random pixels in [0, 1]."""
    rng = np.random.default_rng(0)
    scores = nn.Linear(
        pixels, classes, init=lambda shape, **how: nn.init.normal(shape, std=1e-4, **how), rng=rng
    )
    return tg.softmax_cross_entropy(scores(rng.random((128, pixels))), rng.integers(classes, size=128)).item()


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    counts = [sum(p.size for p in net(*sizes).parameters()) for sizes in ((3, 4, 2), (3, 4, 4, 1))]
    loss = first_loss()
    rows = [
        Row(
            "small nets: parameters of 3-4-2 and 3-4-4-1",
            "published 26 and 41",
            " and ".join(map(str, counts)),
            counts == [26, 41],
        ),
        Row(
            "10 × 3072 scores: first loss",
            f"published ln 10 = {math.log(10):.4f}",
            f"{loss:.4f}",
            abs(loss - math.log(10)) < 1e-3,
        ),
    ]

    x, y = two_arms()
    steps = 300 if quick else 2000
    sizes = {
        h: [
            (model := net(2, h, 2, seed=seed), train(model, x, y, steps))
            for seed in track(SEEDS, f"{h} hidden, seed")
        ]
        for h in (3, 6, 20)
    }
    losses = {h: [loss for _, loss in trained] for h, trained in sizes.items()}
    spread = {h: max(values) - min(values) for h, values in losses.items()}
    for h, values in losses.items():
        rows.append(
            Row(
                f"small nets, {h} hidden: last loss of seeds 0 to 4",
                "–",
                " ".join(f"{loss:.3f}" for loss in sorted(values)),
                None,
            )
        )
    rows.append(
        Row(
            "small nets: greatest − least",
            "goal: least with 20",
            " ".join(f"{s:.3f}" for s in spread.values()),
            spread[20] < min(spread[3], spread[6]),
        )
    )

    penalized = {strength: net(2, 20, 2) for strength in (0.001, 0.01, 0.1)}
    ends = [train(model, x, y, steps, strength) for strength, model in penalized.items()]
    rows.append(
        Row(
            "20 hidden, penalty .001, .01, .1: loss",
            "goal: rises",
            " < ".join(f"{loss:.3f}" for loss in ends),
            ends[0] < ends[1] < ends[2],
        )
    )
    if out:
        shown = {f"{h} hidden": trained[0][0] for h, trained in sizes.items()} | {
            f"20 hidden, penalty {s}": model for s, model in penalized.items()
        }
        plot.save(plot.decision_grid(shown, x, y, columns=3).figure, out / "13_small_nets.png")
    return rows


if __name__ == "__main__":
    show(run)
