"""A training step of a small convolutional network, by us and by PyTorch.

64 images 1×28×28 in float32: Conv2d(1, 8, 5, padding=2), ReLU, MaxPool2d(2), Conv2d(8, 16, 5, padding=2),
ReLU, MaxPool2d(2), Linear(784, 10), softmax cross-entropy, Adam.  One thread; everyone starts from the same
weights.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from .contestants import Step, stepping
from .race import quartiles, race, summary
from .steps import timed
from .workload import LEARNING_RATE

BATCH, STEPS = 64, 10

State = dict[str, Any]


class Images:
    """What a contestant is given: images, labels and initial weights by the names
    that both frameworks have for them.
    """

    def __init__(self, seed: int = 0) -> None:
        from tinygrad_edu import seed as seeded

        rng = np.random.default_rng(seed)
        self.X = rng.standard_normal((BATCH, 1, 28, 28), np.float32)
        self.Y = rng.integers(0, 10, BATCH)
        with seeded(seed):
            self.state: State = network().state_dict()


def network() -> Any:
    """The network of ours."""
    from tinygrad_edu import nn

    images = [
        nn.Conv2d(1, 8, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]
    return nn.Sequential(*images, nn.Flatten(), nn.Linear(784, 10))


def ours(problem: Images) -> Step:
    """The framework."""
    step, X, Y = training_step(problem), problem.X, problem.Y
    return lambda: step(X, Y)


def training_step(problem: Images) -> Callable[[Any, Any], Any]:
    """A step of a batch and its labels, as a function."""
    step: Callable[[Any, Any], Any] = training_of(problem)[0]
    return step


def training_of(problem: Images) -> tuple[Any, Any, Any]:
    """A step of a batch and its labels, as a function, the model and its optimizer."""
    import tinygrad_edu as tg

    model = network()
    model.load_state_dict(problem.state)
    return stepping(model, tg.optim.Adam(model.parameters(), lr=LEARNING_RATE), tg.softmax_cross_entropy)


def torch(problem: Images) -> Step:
    """PyTorch, eager, on one thread."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    images = [
        nn.Conv2d(1, 8, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]
    model = nn.Sequential(*images, nn.Flatten(), nn.Linear(784, 10))
    model.load_state_dict({name: torch.tensor(value) for name, value in problem.state.items()})
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    X, Y = torch.tensor(problem.X), torch.tensor(problem.Y)

    def step() -> Any:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(X), Y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def report(rounds: int) -> dict[str, Any]:
    """Race the steps, after a check that they compute the same losses, and print a table."""
    problem, makers = Images(), {"ours": ours} | ({"torch": torch} if find_spec("torch") else {})
    losses = {}
    for name, make in makers.items():
        step = make(problem)
        losses[name] = [float(step().item()) for _ in range(STEPS)]
    for mine in losses.values():
        np.testing.assert_allclose(
            mine, losses["ours"], rtol=1e-4, err_msg="PyTorch does not compute what we compute"
        )
    seconds = race({name: timed(make, problem, STEPS) for name, make in makers.items()}, rounds, "cnn")
    table = summary(seconds, STEPS, ("torch",) if "torch" in makers else ("ours",))
    print(
        f"A step of a convolutional network, {BATCH} images 1×28×28, float32; medians of {rounds} "
        "interleaved rounds, ratios with quartiles"
    )
    for name, row in table.items():
        ratio = f"   to torch {quartiles(row['to torch'])}" if "torch" in makers else ""
        print(f"  {name:8}{row['us'] / 1000:8.2f} ms a step{ratio}")
    return table
