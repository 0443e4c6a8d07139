"""An LSTM: forward, mean squared output and the gradients of all weights, beside PyTorch.

Two layers of 64 units read 32 sequences of 20 steps with 64 features, in float32, on one thread, from the
same weights.
"""

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from .race import quartiles, race, summary

SIZE, LAYERS, STEPS, BATCH = 64, 2, 20, 32
REPEATS = 10

Step = Callable[[], float]
State = dict[str, Any]


def ours(x: Any, state: State) -> tuple[Any, Step]:
    """The framework: the layer, and a step that returns the loss."""
    from tinygrad_edu import nn

    layer = nn.LSTM(SIZE, SIZE, LAYERS)
    layer.load_state_dict(state)

    def step() -> float:
        layer.zero_grad()
        output, _ = layer(x)
        loss = np.mean(output * output)
        loss.backward()
        return float(loss.item())

    return layer, step


def torch(x: Any, state: State) -> tuple[Any, Step]:
    """PyTorch, eager, on one thread: the same."""
    import torch

    torch.set_num_threads(1)
    layer, inputs = torch.nn.LSTM(SIZE, SIZE, LAYERS), torch.tensor(x)
    layer.load_state_dict({name: torch.tensor(value) for name, value in state.items()})

    def step() -> float:
        layer.zero_grad()
        output, _ = layer(inputs)
        loss = (output * output).mean()
        loss.backward()
        return float(loss.item())

    return layer, step


def timed(step: Step) -> Callable[[], float]:
    """A run of several steps."""

    def run() -> float:
        start = time.perf_counter()
        for _ in range(REPEATS):
            step()
        return time.perf_counter() - start

    return run


def report(rounds: int) -> dict[str, Any]:
    """Race the steps, after a check that they compute the same loss and gradients, and print a table."""
    from tinygrad_edu import nn

    x = np.random.default_rng(0).standard_normal((STEPS, BATCH, SIZE), np.float32)
    state = nn.LSTM(SIZE, SIZE, LAYERS, rng=0).state_dict()
    makers = {"ours": ours} | ({"torch": torch} if find_spec("torch") else {})
    made = {name: make(x, state) for name, make in makers.items()}
    losses = {name: step() for name, (_, step) in made.items()}
    for name, (layer, _) in made.items():
        np.testing.assert_allclose(losses[name], losses["ours"], rtol=1e-5)
        for mine, theirs in zip(made["ours"][0].parameters(), layer.parameters(), strict=True):
            np.testing.assert_allclose(
                np.asarray(mine.grad.numpy()), np.asarray(theirs.grad.numpy()), rtol=1e-3, atol=1e-6
            )
    seconds = race({name: timed(step) for name, (_, step) in made.items()}, rounds, "lstm")
    table = summary(seconds, REPEATS, ("torch",) if "torch" in made else ("ours",))
    print(
        f"A step of an LSTM, {LAYERS} layers of {SIZE} units, {BATCH} sequences of {STEPS} steps; medians of "
        f"{rounds} interleaved rounds"
    )
    for name, row in table.items():
        ratio = f"   to torch {quartiles(row['to torch'])}" if "torch" in made else ""
        print(f"  {name:8}{row['us'] / 1000:8.2f} ms a step{ratio}")
    return table
