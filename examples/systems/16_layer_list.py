"""A network as a list of layers, and a loss that is drawn while it falls.

Stephen Lee (2017), back_propagation_neural_network.py, TheAlgorithms/Python on GitHub.  10-20-30-2, sigmoid
after every layer, weights and biases from N(0, 0.5²), ten rows of ten normal numbers, the two targets of each
row as there; one row at a time, loss Σ(o − t)², rate 0.3; it ends when the mean over the rows of a round is
below 0.01, or after 100 rounds.  The original draws without a seed: here are the data and weights of seeds 0
to 4.
"""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
from report import Row, show, track

import tinygrad_edu as tg
from tinygrad_edu import nn, plot

LAYERS = [10, 20, 30, 2]
ACCURACY, ROUNDS = 0.01, 100


def build(units: list[int], rng: np.random.Generator) -> nn.Sequential:
    """A dense layer with a sigmoid for each number but the first, which is that of the inputs."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(units):
        dense = nn.Linear(
            inputs,
            outputs,
            init=lambda shape, **how: nn.init.normal(shape, std=0.5, **how),
            rng=rng,
            dtype=float,
        )
        dense.bias.data = rng.normal(0, 0.5, outputs)
        layers += [dense, nn.Sigmoid()]
    return nn.Sequential(*layers)


def train(
    model: nn.Sequential, x: np.ndarray, y: np.ndarray, plot_loss: Callable[[float], object] = float
) -> list[float]:
    """The mean loss of each round, until it is below the target; `plot_loss` is called with each."""
    optimizer = tg.optim.SGD(model.parameters(), lr=0.3)
    losses: list[float] = []
    while len(losses) < ROUNDS and (not losses or losses[-1] >= ACCURACY):
        total = 0.0
        for row, target in zip(x, y):
            optimizer.zero_grad()
            loss = tg.mse_loss(model(row), target, reduction="sum")
            loss.backward()
            optimizer.step()
            total += loss.item()
        losses.append(total / len(x))
        plot_loss(losses[-1])
    return losses


# ---- measured beside the original --------------------------------------------------------------------------


Y = np.array(
    [
        [0.8, 0.4],
        [0.4, 0.3],
        [0.34, 0.45],
        [0.67, 0.32],
        [0.88, 0.67],
        [0.78, 0.77],
        [0.55, 0.66],
        [0.55, 0.43],
        [0.54, 0.1],
        [0.1, 0.5],
    ]
)


def run(quick: bool = False, out: Path | None = None) -> list[Row]:
    """The same at any length."""
    curves = []
    for seed in track(range(5), "layer list, seed"):
        rng = np.random.default_rng(seed)
        x, model = rng.standard_normal((10, 10)), build(LAYERS, rng)
        if out and seed == 1:  # in a window it is drawn while the loss falls: plt.ion()
            with plot.LiveLoss(target=ACCURACY, path=out / "16_layer_list.png", xlabel="round") as live:
                curves.append(train(model, x, Y, live))
        else:
            curves.append(train(model, x, Y))
    rounds = [len(curve) for curve in curves]
    stopped = [curve[-1] < ACCURACY for curve in curves]
    return [
        Row(
            "layer list: last loss, median of 5 seeds",
            "goal: < .01",
            f"{median(curve[-1] for curve in curves):.5f}",
            median(stopped) == 1,
        ),
        Row(
            "layer list: rounds until then",
            "goal: fewer than 100",
            f"median {median(rounds)} of {sorted(rounds)}",
            median(rounds) < ROUNDS,
        ),
    ]


if __name__ == "__main__":
    show(run)
