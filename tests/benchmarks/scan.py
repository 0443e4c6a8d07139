"""Whole epochs: mini-batches in a new order in every epoch, or all rows at once, without Python in between.

Ours by `train.fit`, eagerly and compiled, whose times are those that its history has of the second half of
the epochs, all that `fit` does for an epoch included; JAX's ``lax.scan`` of a compiled step over all steps in
one call; C by hand (``by_c.c``), in one call too; PyTorch's loop.  The orders of the rows are the same, those
of a DataLoader of ours; `fit` makes them while the clock runs, the others have them beforehand.  Times are
the processor's.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

import numpy as np

from . import by_c, by_jax, contestants
from .race import race, short, summary
from .workload import LEARNING_RATE, Problem, Workload

BY_HAND = "C by hand"
YARDSTICKS, SLOWER = (BY_HAND,), ("fit", "torch", "lax.scan")
REPEATS = 10  # of the trainings that take milliseconds
COLUMNS = [f"to {y}" for y in YARDSTICKS] + [f"{y} takes" for y in SLOWER]


@dataclass(frozen=True)
class Training:
    """What is trained, and for how long.

    Attributes
    ----------
    sizes : tuple of int
        Features, hidden units, classes.
    rows, batch, epochs : int
    tanh, total : bool
        Whether the activation is tanh, not relu; whether the loss is a sum, not a mean.
    sgd : pair of float, optional
        Rate, and decay of the weights; Adam otherwise.
    dtype : dtype
    points : str
        A function of `tinygrad_edu.data`, for the rows; noise otherwise.
    """

    sizes: tuple[int, ...]
    rows: int
    batch: int
    epochs: int
    tanh: bool = False
    total: bool = False
    sgd: tuple[float, float] | None = None
    dtype: Any = np.float32
    points: str = ""

    @property
    def steps(self) -> int:
        """How many steps an epoch has."""
        return self.rows // self.batch


TRAININGS = {
    "xor": Training((2, 4, 2), 4000, 4, 12),
    "iris": Training((4, 16, 3), 160, 16, 200),
    "moons": Training((2, 3, 2), 200, 200, 1000, True, True, (0.01, 0.01), np.float64, "moons"),
    "spiral": Training((2, 100, 3), 300, 300, 200, sgd=(1.0, 1e-3), dtype=np.float64, points="spirals"),
}


class Given(Problem):
    """Rows, labels and initial weights of a training, and the orders of the rows."""

    def __init__(self, training: Training) -> None:
        from tinygrad_edu import data

        super().__init__(Workload(training.sizes, training.rows, training.steps))
        self.training = training
        if training.points == "moons":
            self.X, self.Y = data.moons(training.rows, noise=0.2, seed=0)
        if training.points == "spirals":
            self.X, self.Y = data.spirals(training.rows, seed=0)
        self.X, self.Y = np.ascontiguousarray(self.X, training.dtype), self.Y.astype(np.int64)
        self.weights = [w.astype(training.dtype) for w in self.weights]
        self.biases = [b.astype(training.dtype) for b in self.biases]
        numbers = self.loader((np.arange(training.rows),))
        batches = [rows for _ in range(training.epochs) for (rows,) in numbers]
        self.orders = np.array(batches, np.int64)  # (steps of all epochs, batch)

    def loader(self, arrays: tuple[Any, ...]) -> Any:
        """The loader that makes the batches."""
        from tinygrad_edu import data

        shuffle = self.training.steps > 1
        return data.DataLoader(arrays, self.training.batch, shuffle=shuffle, seed=0, dtype=None)


Contestant = Callable[[Given], tuple[float, Any]]  # seconds of an epoch, and the mean losses of all epochs


def fit(how: Any) -> Contestant:
    """Ours; the second half of the epochs counts, when what is compiled has been."""

    def contestant(given: Given) -> tuple[float, Any]:
        from tinygrad_edu import nn, optim, train

        training, layers = given.training, []
        for n, m in contestants.sizes(given):
            layers += [nn.Linear(n, m, dtype=training.dtype), nn.Tanh() if training.tanh else nn.ReLU()]
        model = nn.Sequential(*layers[:-1])
        model.load_state_dict(dict(zip(model.state_dict(), contestants.initial(given))))
        if training.sgd is None:
            optimizer: Any = optim.Adam(model.parameters(), lr=LEARNING_RATE)
        else:
            linear = [layer for layer in model if isinstance(layer, nn.Linear)]
            weights = {"params": [layer.weight for layer in linear], "weight_decay": training.sgd[1]}
            biases = {"params": [layer.bias for layer in linear]}
            optimizer = optim.SGD([weights, biases], lr=training.sgd[0])
        loss = nn.CrossEntropyLoss(reduction="sum" if training.total else "mean")
        rows = given.loader((given.X, given.Y))
        with patch.object(time, "perf_counter", time.process_time):
            history = train.fit(model, loss, optimizer, rows, epochs=training.epochs, compile=how)
        late = history["seconds"][training.epochs // 2 :]
        return float(np.mean(late)), np.array(history["loss"])

    return contestant


def by_hand(given: Given) -> tuple[float, Any]:
    """All epochs in one call of C."""
    training = given.training
    library = by_c.perceptron(
        training.sizes, training.batch, dtype=training.dtype, tanh=training.tanh, total=training.total,
        sgd=training.sgd,
    )  # fmt: skip
    losses = np.empty(len(given.orders), training.dtype)
    arrays = [by_c.pointer(a) for a in (given.X, given.Y, given.orders)]
    seconds = 0.0
    for _ in range(REPEATS):
        by_c.begin(library, given.weights, given.biases)
        start = time.process_time()
        library.epoch(*arrays, by_c.ctypes.c_int64(len(losses)), by_c.pointer(losses))
        seconds += time.process_time() - start
    return seconds / training.epochs / REPEATS, losses.reshape(training.epochs, -1).mean(1)


def torch(given: Given) -> tuple[float, Any]:
    """PyTorch's loop, its batches by indexing."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    training, layers = given.training, []
    for n, m in contestants.sizes(given):
        layers += [nn.Linear(n, m, dtype=torch.float64 if training.dtype is np.float64 else torch.float32)]
        layers += [nn.Tanh() if training.tanh else nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    initial = map(torch.tensor, contestants.initial(given))
    model.load_state_dict(dict(zip(model.state_dict(), initial)))
    weights, biases = list(model.parameters())[::2], list(model.parameters())[1::2]
    if training.sgd is None:
        optimizer: Any = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    else:
        groups = [{"params": weights, "weight_decay": training.sgd[1]}, {"params": biases}]
        optimizer = torch.optim.SGD(groups, lr=training.sgd[0])
    x, y, orders = (torch.from_numpy(a) for a in (given.X, given.Y, given.orders))
    reduction, losses = "sum" if training.total else "mean", []
    start = time.process_time()
    for rows in orders:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[rows]), y[rows], reduction=reduction)
        losses.append(loss.detach())
        loss.backward()
        optimizer.step()
    seconds = time.process_time() - start
    return seconds / training.epochs, torch.stack(losses).numpy().reshape(training.epochs, -1).mean(1)


def available() -> tuple[dict[str, Contestant], list[str]]:
    """The contestants that are here, and those that are not, with the reason."""
    found: dict[str, Contestant] = {"fit": fit(False), "fit, NumPy": fit(True)}
    absent = []
    if "c" in contestants.backends():
        found |= {"fit, C": fit("c"), BY_HAND: by_hand}
    else:
        absent.append("C: there is no compiler")
    for name, module, make in (("torch", "torch", torch), ("lax.scan", "jax", by_jax.scanned)):
        if find_spec(module):
            found[name] = make
        else:
            absent.append(f"{name}: {module} is not installed")
    return found, absent


def measure(name: str, rounds: int, everyone: dict[str, Contestant]) -> dict[str, Any]:
    """All contestants on one training, after a check that their losses agree over the first epochs."""
    given = Given(TRAININGS[name])
    losses = {who: run(given)[1][:20] for who, run in everyone.items()}
    reference = losses["fit"]
    for who, mine in losses.items():
        np.testing.assert_allclose(
            mine, reference, rtol=1e-3, err_msg=f"{who} does not compute what fit does"
        )
    runs = {who: lambda run=run: run(given)[0] for who, run in everyone.items()}
    there = [tuple(y for y in names if y in everyone) for names in (YARDSTICKS, SLOWER)]
    table = summary(race(runs, rounds, name), given.training.steps, *there)
    worst = max(float(np.max(np.abs(mine / reference - 1))) for mine in losses.values())
    return {"contestants": table, "worst loss difference": worst}


def report(rounds: int) -> dict[str, Any]:
    """Measure all trainings and print a table."""
    everyone, absent = available()
    print(
        f"Whole epochs, microseconds of the processor a step; medians of {rounds} interleaved rounds, "
        "ratios with quartiles"
    )
    for line in absent:
        print(f"  not here: {line}")
    print(f"{'':20}{'us a step':>11}  " + "".join(f"{key:>20}" for key in COLUMNS))
    results = {}
    for name in TRAININGS:
        results[name] = measure(name, rounds, everyone)
        for who, row in results[name]["contestants"].items():
            cells = [short(row[key]) if key in row else "–" for key in COLUMNS]
            print(
                f"{name:8}{who:12}{row['us']:11.2f}  " + "".join(f"{cell:>20}" for cell in cells), flush=True
            )
        print(f"{'':8}losses of 20 epochs agree to {results[name]['worst loss difference']:.1e}")
    return results
