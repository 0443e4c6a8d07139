"""Whole trainings, in seconds, for a person who waits: eagerly, compiled, and by PyTorch.

The longest trainings of the 29 systems (examples/systems), and those of examples/digits.py and
examples/mnist.py: networks, batches, optimizers and numbers of steps are theirs; rows are noise of their
shapes, for how long a step takes does not depend on what is in them.  Each takes a part of its steps, in
interleaved rounds; the whole is the median of a step times the number of steps, and what tracing and, with an
empty cache, the compiler of C took before.  It is the processor's time, all of which one has to wait for.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np

from . import contestants, cost
from .mnist import CNN, MLP
from .race import race

RTOL, CHECKED = 1e-3, 10

Layers = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Training:
    """A network, and how it is trained.

    Attributes
    ----------
    layers : list of (name, arguments) or (name, arguments, settings)
        Which are the same for PyTorch.
    shape : tuple of int
        Of a row.
    batch, steps : int
        Rows of a step; steps of the whole training.
    part : int
        Steps of a round.
    outputs : int
        Classes, or columns of targets if the loss is squared.
    squared : bool
        Half the sum of squares, in the place of cross-entropy.
    total : bool
        Cross-entropy as a sum, not a mean.
    rate : float
        Of gradient descent; Adam otherwise.
    dtype : dtype
    """

    layers: Layers = field(repr=False)
    shape: tuple[int, ...]
    batch: int
    steps: int
    part: int
    outputs: int
    squared: bool = False
    total: bool = False
    rate: float = 0.0
    dtype: Any = np.float32


def perceptron(*sizes: int, act: str = "Sigmoid", bias: bool = True, last: bool = False) -> Layers:
    """Linear layers, with an activation between them, and behind the last one if wanted."""
    layers: Layers = []
    for n, m in pairwise(sizes):
        layers += [("Linear", (n, m), {"bias": bias}), (act, ())]
    return layers if last else layers[:-1]


WIDE = perceptron(784, 392, 64, 10, act="ReLU")
DIGITS: Layers = [("Linear", (64, 256)), ("ReLU", ()), ("Dropout", (0.5,)), ("Linear", (256, 10))]
f8 = np.float64
TRAININGS = {
    "1 blobs, 50,000 epochs": Training(
        perceptron(2, 4, 3), (2,), 2100, 50_000, 100, 3, total=True, rate=0.001, dtype=f8
    ),
    "3 MNIST, 784-392-64-10, 20 epochs": Training(WIDE, (784,), 128, 20 * 469, 20, 10),
    "5 short xor, 60,000 epochs": Training(
        perceptron(2, 3, 1, bias=False, last=True), (2,), 4, 60_000, 500, 1, squared=True, rate=1.0, dtype=f8
    ),
    "7 wheat seeds, 5 folds of 500 epochs": Training(
        perceptron(7, 5, 3, last=True), (7,), 1, 5 * 500 * 168, 500, 3, squared=True, rate=0.3, dtype=f8
    ),
    "11 moons, h = 3, 20,000 passes": Training(
        perceptron(2, 3, 2, act="Tanh"), (2,), 200, 20_000, 300, 2, total=True, rate=0.01, dtype=f8
    ),
    "12 spirals, 10,000 iterations": Training(
        perceptron(2, 100, 3, act="ReLU"), (2,), 300, 10_000, 100, 3, rate=1.0, dtype=f8
    ),
    "14 MNIST, 128-128, Adam, 20 epochs": Training(
        perceptron(784, 128, 128, 10, act="ReLU"), (784,), 32, 20 * 1875, 50, 10
    ),
    "17 digits, one by one, 60,000 rows": Training(
        perceptron(784, 100, 10, bias=False), (784,), 1, 60_000, 200, 10, rate=0.1
    ),
    "digits.py, 5 seeds of 40 epochs": Training(DIGITS, (64,), 32, 5 * 40 * 45, 200, 10),
    "mnist.py, MLP, 15 epochs": Training(MLP, (1, 28, 28), 64, 15 * 938, 50, 10),
    "mnist.py, CNN, 8 epochs": Training(CNN, (1, 28, 28), 64, 8 * 938, 5, 10),
}


class Given:
    """The rows of a part, and initial weights, for everyone."""

    def __init__(self, training: Training, dropout: bool = True) -> None:
        import tinygrad_edu as tg

        rng, n = np.random.default_rng(0), training.batch * training.part
        n = training.batch if training.batch > 64 and training.shape == (2,) else n  # all rows in every step
        self.training, self.dropout = training, dropout
        self.x = rng.random((n, *training.shape)).astype(training.dtype)
        self.y = rng.integers(0, training.outputs, n)
        if training.squared:
            self.y = rng.random((n, training.outputs))
        with tg.seed(0):
            self.state = network(tg.nn, self, training.dtype).state_dict()
        starts = [i * training.batch % n for i in range(training.part)]
        self.batches = [np.arange(i, i + training.batch) for i in starts]
        self.X, self.Y = self.x[self.batches[0]], self.y[self.batches[0]]  # one of them


def network(nn: Any, given: Given, dtype: Any) -> Any:
    """The network in either framework."""
    made = []
    for name, arguments, *settings in given.training.layers:
        if name == "Dropout" and not given.dropout:
            continue
        known = {"dtype": dtype} if name in ("Linear", "Conv2d") else {}
        made.append(getattr(nn, name)(*arguments, **known, **(settings[0] if settings else {})))
    return nn.Sequential(*made)


def step_of(given: Given) -> Callable[[Any, Any], Any]:
    """A step of ours, as a function of a batch."""
    import tinygrad_edu as tg

    training, model = given.training, network(tg.nn, given, given.training.dtype)
    model.load_state_dict(given.state)
    rate, parameters = training.rate, model.parameters()
    optimizer: Any = tg.optim.SGD(parameters, lr=rate) if rate else tg.optim.Adam(parameters)
    how = "sum" if training.total else "mean"

    def loss_of(scores: Any, y: Any) -> Any:
        if training.squared:
            return np.sum((scores - y) ** 2) / 2
        return tg.softmax_cross_entropy(scores, y, reduction=how)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def ours(backend: str | None) -> Callable[[Given], tuple[float, list[float]]]:
    """Seconds of a part, of a fresh network, and its losses; the first steps are not timed."""

    def contestant(given: Given) -> tuple[float, list[float]]:
        import tinygrad_edu as tg

        step = step_of(given)
        step = tg.compile(step, backend=backend) if backend else step
        losses = [step(given.x[rows], given.y[rows]) for rows in given.batches[:3]]
        start = time.process_time()
        for rows in given.batches:
            losses.append(step(given.x[rows], given.y[rows]))
        return time.process_time() - start, [loss.item() for loss in losses]

    return contestant


def torch(given: Given) -> tuple[float, list[float]]:
    """PyTorch's loop."""
    import torch

    torch.set_num_threads(1)
    training = given.training
    model = network(torch.nn, given, torch.float64 if training.dtype is f8 else torch.float32)
    model.load_state_dict({k: torch.tensor(np.asarray(v)) for k, v in given.state.items()})
    kind, rate = (torch.optim.SGD, training.rate) if training.rate else (torch.optim.Adam, 1e-3)
    optimizer, how = kind(model.parameters(), lr=rate), "sum" if training.total else "mean"
    x, y, batches = (
        torch.from_numpy(given.x),
        torch.from_numpy(given.y),
        list(map(torch.tensor, given.batches)),
    )

    def loss_of(scores: Any, y: Any) -> Any:
        if training.squared:
            return torch.sum((scores - y) ** 2) / 2
        return torch.nn.functional.cross_entropy(scores, y, reduction=how)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    losses = [step(x[rows], y[rows]) for rows in batches[:3]]
    start = time.process_time()
    for rows in batches:
        losses.append(step(x[rows], y[rows]))
    return time.process_time() - start, [loss.item() for loss in losses]


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Seconds of the whole training, by everyone, after a check that losses agree without dropout."""
    training = TRAININGS[name]
    everyone: dict[str, Any] = {"eager": ours(None)}
    everyone |= {backend: ours(backend) for backend in contestants.backends()}
    everyone |= {"torch": torch} if find_spec("torch") else {}
    plain = Given(training, dropout=False)
    losses = {who: run(plain)[1][:CHECKED] for who, run in everyone.items()}
    for who, mine in losses.items():
        np.testing.assert_allclose(
            mine, losses["eager"], rtol=RTOL, err_msg=f"{name}: {who} computes something else"
        )
    given = Given(training)
    runs = {who: lambda run=run: run(given)[0] for who, run in everyone.items()}
    seconds = race(runs, rounds, name)
    found: dict[str, Any] = {}
    for who, times in seconds.items():
        us = float(np.median(times)) / training.part * 1e6
        ratios = np.divide(times, seconds["torch"]) if "torch" in seconds else [np.nan]
        found[who] = {"us": us, "seconds": us * training.steps / 1e6, "before": 0.0}
        found[who]["to torch"] = [float(q) for q in np.quantile(ratios, [0.25, 0.5, 0.75])]
        if who in contestants.backends():
            price = cost.of(who, step_of, given)
            found[who]["before"] = price["ms"] / 1000
            found[who]["seconds"] += price["ms"] / 1000
    return {"steps": training.steps, "contestants": found}


def report(rounds: int) -> dict[str, Any]:
    """Measure all trainings and print a table."""
    print(
        "Whole trainings, seconds of the processor, and in parentheses how many of them are tracing and, "
        f"with nothing cached,\nthe compiler of C; medians of {rounds} rounds of a part"
    )
    results: dict[str, Any] = {}
    for name in TRAININGS:
        row = results[name] = measure(name, rounds)
        if len(results) == 1:
            print(f"{'':38}{'steps':>9}" + "".join(f"{who:>15}" for who in row["contestants"]))
        cells = []
        for who, one in row["contestants"].items():
            before = f" ({one['before']:.1f})" if who in contestants.backends() else ""
            cells.append(f"{one['seconds']:.1f}{before}")
        print(f"{name:38}{row['steps']:9,}" + "".join(f"{cell:>15}" for cell in cells), flush=True)
    return results
