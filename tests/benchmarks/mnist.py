"""An epoch of MNIST's size by us and by PyTorch: the two networks of examples/mnist.py, loader, dropout
and Adam included.

60,000 images 1×28×28 in float32, in batches of 64, in a new order in every epoch; one thread.  The images are
noise, for how long an epoch takes does not depend on what is in them; the accuracies are what
examples/mnist.py prints.  An epoch is 938 steps; to interleave fairly, each round times a tenth of it, 94
steps, of everyone.

PyTorch runs eagerly, and gathers its batches by indexing a tensor with a permutation, which is several times
faster than its DataLoader.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from .contestants import Step
from .race import quartiles, race, summary
from .steps import timed
from .workload import LEARNING_RATE

SAMPLES, BATCH, STEPS = 60_000, 64, 94
EPOCH = -(-SAMPLES // BATCH)  # steps of an epoch
CHECKED = 10

State = dict[str, Any]
Layers = list[tuple[str, tuple[Any, ...]]]

MLP: Layers = [("Flatten", ()), ("Linear", (784, 128)), ("ReLU", ()), ("Dropout", (0.2,))]
MLP += [("Linear", (128, 64)), ("ReLU", ()), ("Dropout", (0.2,)), ("Linear", (64, 10))]
CNN: Layers = [
    ("Conv2d", (1, 8, 5, 1, 2)),
    ("ReLU", ()),
    ("MaxPool2d", (2,)),
    ("Conv2d", (8, 16, 5, 1, 2)),
    ("ReLU", ()),
    ("MaxPool2d", (2,)),
]
CNN += [("Flatten", ()), ("Linear", (784, 128)), ("ReLU", ()), ("Dropout", (0.5,)), ("Linear", (128, 10))]
NETWORKS = {"mlp": MLP, "cnn": CNN}


def network(nn: Any, layers: Layers, dropout: bool) -> Any:
    """The same network in either framework: the names and arguments of its layers are equal."""
    made = [getattr(nn, name)(*arguments) for name, arguments in layers if dropout or name != "Dropout"]
    return nn.Sequential(*made)


class Problem:
    """What a contestant is given: images, labels, layers, and initial weights in order."""

    def __init__(self, layers: Layers, *, dropout: bool = True, samples: int = SAMPLES) -> None:
        from tinygrad_edu import nn
        from tinygrad_edu import seed as seeded

        rng = np.random.default_rng(0)
        self.layers, self.dropout = layers, dropout
        self.X, self.Y = rng.random((samples, 1, 28, 28), np.float32), rng.integers(0, 10, samples)
        with seeded(0):
            self.weights = list(network(nn, layers, dropout).state_dict().values())


def ours(problem: Problem) -> Step:
    """The framework, with its DataLoader."""
    import tinygrad_edu as tg
    from tinygrad_edu import data, nn

    model = network(nn, problem.layers, problem.dropout)
    model.load_state_dict(dict(zip(model.state_dict(), problem.weights)))
    optimizer = tg.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    batches = endless(data.DataLoader((problem.X, problem.Y), BATCH, shuffle=problem.dropout, seed=0))

    def step() -> Any:
        x, y = next(batches)
        optimizer.zero_grad()
        loss = tg.softmax_cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def torch(problem: Problem) -> Step:
    """PyTorch, eager, on one thread."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    model = network(nn, problem.layers, problem.dropout)
    model.load_state_dict(
        {name: torch.tensor(value) for name, value in zip(model.state_dict(), problem.weights)}
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    X, Y = torch.from_numpy(problem.X), torch.from_numpy(problem.Y)

    class Batches:
        def __iter__(self) -> Any:
            order = torch.randperm(len(X)) if problem.dropout else torch.arange(len(X))
            return ((X[part], Y[part]) for part in order.split(BATCH))

    batches = endless(Batches())

    def step() -> Any:
        x, y = next(batches)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def endless(batches: Any) -> Any:
    """The batches of one epoch after another."""
    while True:
        yield from batches


def agree(makers: dict[str, Callable[[Problem], Step]], layers: Layers) -> None:
    """Check that all compute the same losses, without what is random: the order, and dropout."""
    problem, losses = Problem(layers, dropout=False, samples=CHECKED * BATCH), {}
    for name, make in makers.items():
        step = make(problem)
        losses[name] = [float(step().item()) for _ in range(CHECKED)]
    for mine in losses.values():
        np.testing.assert_allclose(
            mine, losses["ours"], rtol=1e-4, err_msg="PyTorch does not compute what we compute"
        )


def report(rounds: int) -> dict[str, Any]:
    """Race tenths of epochs of both networks, and print what a whole one takes."""
    makers = {"ours": ours} | ({"torch": torch} if find_spec("torch") else {})
    print(
        f"An epoch of {SAMPLES:,} images 1×28×28 in batches of {BATCH}, float32; medians of {rounds} "
        "interleaved rounds, ratios with quartiles"
    )
    figures: dict[str, Any] = {}
    for title, layers in NETWORKS.items():
        agree(makers, layers)
        problem = Problem(layers)
        seconds = race(
            {name: timed(make, problem, STEPS) for name, make in makers.items()}, rounds, f"mnist {title}"
        )
        figures[title] = summary(seconds, STEPS, ("torch",) if "torch" in makers else ("ours",))
        for name, row in figures[title].items():
            row["epoch"] = row["us"] * EPOCH / 1e6
            ratio = f"   to torch {quartiles(row['to torch'])}" if "torch" in makers else ""
            print(
                f"  {title} {name:8}{row['epoch']:7.2f} s an epoch, {row['us'] / 1000:6.2f} ms a step{ratio}"
            )
    return figures
