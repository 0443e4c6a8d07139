"""Training steps of a recurrent and of a transformer's layer, for the table of compiled steps.

An LSTM that reads 32 sequences of 20 steps, and a transformer's encoder layer of width 64 and 4 heads on 16
sequences of 32 tokens: of mean squared error and Adam, in float32, on one thread, from the same weights.
"""

from typing import Any

import numpy as np

from .contestants import Step, stepping
from .workload import LEARNING_RATE

UNITS, HEADS, FEEDFORWARD = 64, 4, 256
LAYERS: dict[str, tuple[tuple[int, ...], tuple[Any, ...], dict[str, Any]]] = {
    "lstm": ((20, 32, UNITS), (UNITS, UNITS), {}),
    "transformer": ((32, 16, UNITS), (UNITS, HEADS, FEEDFORWARD), {"dropout": 0.0}),
}
CLASSES = {"lstm": "LSTM", "transformer": "TransformerEncoderLayer"}


class Sequences:
    """What a contestant is given: inputs and targets (t, b, units), and initial weights."""

    def __init__(self, name: str) -> None:
        from tinygrad_edu import nn, seed

        rng, (shape, *_) = np.random.default_rng(0), LAYERS[name]
        self.name = name
        self.X, self.Y = (rng.standard_normal(shape, np.float32) for _ in range(2))
        with seed(0):
            self.state = layer_of(name, nn).state_dict()


def layer_of(name: str, nn: Any) -> Any:
    """The layer in either framework."""
    _, arguments, settings = LAYERS[name]
    return getattr(nn, CLASSES[name])(*arguments, **settings)


def ours(problem: Sequences) -> Step:
    """The framework."""
    step, X, Y = training_of(problem)[0], problem.X, problem.Y
    return lambda: step(X, Y)


def training_of(problem: Sequences) -> tuple[Any, Any, Any]:
    """A step of inputs and targets, as a function, the model and its optimizer."""
    from tinygrad_edu import nn, optim

    model = layer_of(problem.name, nn)
    model.load_state_dict(problem.state)
    recurrent = problem.name == "lstm"

    def loss_of(output: Any, target: Any) -> Any:
        return np.mean(((output[0] if recurrent else output) - target) ** 2)

    return stepping(model, optim.Adam(model.parameters(), lr=LEARNING_RATE), loss_of)


def torch(problem: Sequences) -> Step:
    """PyTorch, eager."""
    import torch

    torch.set_num_threads(1)
    model = layer_of(problem.name, torch.nn)
    model.load_state_dict({name: torch.tensor(value) for name, value in problem.state.items()})
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    X, Y = torch.tensor(problem.X), torch.tensor(problem.Y)

    def loss_of(output: Any, target: Any) -> Any:
        output = output[0] if problem.name == "lstm" else output
        return torch.mean((output - target) ** 2)

    step = stepping(model, optimizer, loss_of)[0]
    return lambda: step(X, Y)
