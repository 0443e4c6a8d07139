"""Recurrent layers: forward, mean squared output and the gradients of all weights, beside PyTorch.

A layer of an LSTM, of GRU and of Elman's network, of several sizes, in float32, on one thread, from the same
weights, and beside NumPy: ``idiom`` is `recurrent_idiom`, what a careful NumPy programmer writes for inputs
of any shape, and ``by hand`` is `recurrent_by_hand`, tuned for one shape.  The time is the processor's, so
that other programs count little.
"""

import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from .race import quartiles, race, summary
from .recurrent_by_hand import KINDS
from .recurrent_idiom import IDIOMS

ENOUGH = 0.02  # seconds that the repetitions of a round take about


class Size(NamedTuple):
    """A layer: its kind, units, which are as many as the features, steps and sequences."""

    kind: str
    hidden: int
    steps: int
    batch: int

    def __str__(self) -> str:
        return f"{self.kind} {self.hidden}, {self.steps} steps of {self.batch}"


SIZES = [
    *(
        Size("LSTM", *rest)
        for rest in ((16, 10, 1), (16, 50, 32), (64, 20, 32), (64, 200, 32), (128, 50, 32))
    ),
    *(Size("LSTM", *rest) for rest in ((256, 20, 32), (256, 100, 32), (256, 50, 128), (512, 20, 32))),
    *(Size(kind, hidden, 20, 32) for kind in ("GRU", "RNN") for hidden in (64, 256)),
]

HIDDEN, LENGTHS, BATCHES = (16, 32, 64, 128), (10, 50, 200), (1, 8, 32)  # of the grid

Step = Callable[[], float]
Gradients = Callable[[], list[Any]]
State = dict[str, Any]


def ours(size: Size, x: Any, state: State) -> tuple[Step, Gradients]:
    """The framework: a step that returns the loss, and the gradients of its parameters."""
    from tinygrad_edu import nn

    layer = getattr(nn, size.kind)(size.hidden, size.hidden)
    layer.load_state_dict(state)

    def step() -> float:
        layer.zero_grad()
        output, _ = layer(x)
        loss = np.mean(output * output)
        loss.backward()
        return float(loss.item())

    return step, lambda: [p.grad.data for p in layer.parameters()]


def idiom(size: Size, x: Any, state: State) -> tuple[Step, Gradients]:
    """NumPy as a careful programmer writes it: the same."""
    (forward, backward), parameters, gradients = IDIOMS[size.kind], list(state.values()), []

    def step() -> float:
        output, _, kept = forward(x, *parameters)
        loss = np.mean(output * output)
        gradients[:] = backward(output * np.float32(2 / output.size), kept)
        return float(loss)

    return step, lambda: gradients


def by_hand(size: Size, x: Any, state: State) -> tuple[Step, Gradients]:
    """NumPy, tuned: the same."""
    layer, g = KINDS[size.kind](x.shape, state), np.empty((*x.shape[:2], size.hidden), np.float32)

    def step() -> float:
        output = layer.forward(x)
        np.multiply(output, np.float32(2 / output.size), out=g)
        layer.backward(x, g)
        return float(np.mean(output * output))

    return step, lambda: layer.gradients


def torch(size: Size, x: Any, state: State) -> tuple[Step, Gradients]:
    """PyTorch, eager, on one thread: the same."""
    import torch

    torch.set_num_threads(1)
    layer, inputs = getattr(torch.nn, size.kind)(size.hidden, size.hidden), torch.tensor(x)
    layer.load_state_dict({name: torch.tensor(value) for name, value in state.items()})

    def step() -> float:
        layer.zero_grad()
        output, _ = layer(inputs)
        loss = (output * output).mean()
        loss.backward()
        return float(loss.item())

    return step, lambda: [p.grad.numpy() for p in layer.parameters()]


def timed(step: Step, repeats: int) -> Callable[[], float]:
    """A run of several steps."""

    def run() -> float:
        start = time.process_time()
        for _ in range(repeats):
            step()
        return time.process_time() - start

    return run


def raced(size: Size, rounds: int) -> dict[str, Any]:
    """The times of one size, after a check that all compute the same loss and gradients."""
    from tinygrad_edu import nn

    x = np.random.default_rng(0).standard_normal((size.steps, size.batch, size.hidden), np.float32)
    state = getattr(nn, size.kind)(size.hidden, size.hidden, rng=0).state_dict()
    makers = {"ours": ours, "idiom": idiom, "by hand": by_hand} | (
        {"torch": torch} if find_spec("torch") else {}
    )
    made = {name: make(size, x, state) for name, make in makers.items()}
    losses = {name: step() for name, (step, _) in made.items()}
    for name, (_, gradients) in made.items():
        np.testing.assert_allclose(losses[name], losses["ours"], rtol=1e-5)
        for mine, theirs in zip(made["ours"][1](), gradients(), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-5 * np.abs(theirs).max())
    repeats = max(1, int(ENOUGH / max(timed(made["ours"][0], 2)() / 2, 1e-5)))
    runs = {name: timed(step, repeats) for name, (step, _) in made.items()}
    return summary(race(runs, rounds, str(size)), repeats, tuple(name for name in made if name != "ours"))


def report(rounds: int) -> dict[str, Any]:
    """Race the sizes one after the other, and print a table."""
    print(f"A step of a recurrent layer, milliseconds and ratios; medians of {rounds} interleaved rounds")
    tables = {}
    for size in SIZES:
        tables[str(size)] = table = raced(size, rounds)
        times = "".join(f"{name} {row['us'] / 1000:8.2f}   " for name, row in table.items())
        ratios = "".join(
            f"to {name} {quartiles(table['ours'][f'to {name}'])}   " for name in table if name != "ours"
        )
        print(f"  {size!s:26}{times}{ratios}")
    return tables


def grid(rounds: int) -> dict[str, Any]:
    """Race many small sizes of each kind, and print medians of the ratios to both forms in NumPy."""
    torch = ", / of PyTorch" if find_spec("torch") else ""
    print(f"A step of a small recurrent layer: times that of the idiom in NumPy / of NumPy by hand{torch};")
    print(f"medians of {rounds} interleaved rounds")
    tables = {}
    for kind in KINDS:
        print(f"{kind:21}" + "".join(f"hidden {hidden:<{17 if torch else 9}}" for hidden in HIDDEN))
        for batch, steps in product(BATCHES, LENGTHS):
            row = []
            for size in (Size(kind, hidden, steps, batch) for hidden in HIDDEN):
                tables[str(size)] = table = raced(size, rounds)
                to = [table["ours"][f"to {name}"][1] for name in table if name != "ours"]
                row.append(" / ".join(f"{ratio:5.2f}" for ratio in to))
            cells = "".join(f"{ratios:{24 if torch else 16}}" for ratios in row)
            print(f"  {steps:4} steps of {batch:2}   {cells}", flush=True)
    return tables
