"""Whole trainings, in seconds, for a person who waits: eagerly, compiled, by `fit` in C, and by PyTorch.

The longest trainings of the 29 systems (examples/systems), and those of examples/digits.py and
examples/mnist.py: networks, batches, optimizers and numbers of steps are theirs; rows are noise of their
shapes, for how long a step takes does not depend on what is in them.  Each takes a part of its steps, in
interleaved rounds; the whole is the median of a step times the number of steps, and what tracing and, with an
empty cache, the compiler of C took before.  It is the processor's time, all of which one has to wait for.
"""

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

import numpy as np

from . import contestants, cost
from .longest import TRAININGS, Training, f8
from .race import race

RTOL, CHECKED = 1e-3, 10
FIT = "fit c"


class Given:
    """The rows of a part, and initial weights, for everyone."""

    def __init__(self, training: Training, dropout: bool = True) -> None:
        import tinygrad_edu as tg

        rng, n = np.random.default_rng(0), training.batch * training.part
        n = training.batch if training.whole else n
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


def parts_of(given: Given) -> tuple[Any, Callable[[Any, Any], Any], Any]:
    """Model, loss and optimizer of ours."""
    import tinygrad_edu as tg

    training, model = given.training, network(tg.nn, given, given.training.dtype)
    model.load_state_dict(given.state)
    rate, parameters = training.rate, model.parameters()
    optimizer: Any = tg.optim.SGD(parameters, lr=rate) if rate else tg.optim.Adam(parameters)
    how = "sum" if training.total else "mean"

    def loss(scores: Any, y: Any) -> Any:
        if training.squared:
            return np.sum((scores - y) ** 2) / 2
        return tg.softmax_cross_entropy(scores, y, reduction=how)

    return model, loss, optimizer


def step_of(given: Given) -> Callable[[Any, Any], Any]:
    """A step of ours, as a function of a batch."""
    model, loss_of, optimizer = parts_of(given)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def ours(backend: str | None) -> Callable[[Given], tuple[float, list[float]]]:
    """Seconds of a part, and its losses; the first steps are not timed."""
    made: dict[Given, Any] = {}  # what is compiled once, and trains on

    def contestant(given: Given) -> tuple[float, list[float]]:
        import tinygrad_edu as tg

        step = made.get(given) or step_of(given)
        if backend and given not in made:
            step = made[given] = tg.compile(step, backend=backend)
        losses = [step(given.x[rows], given.y[rows]) for rows in given.batches[:3]]
        start = time.process_time()
        for rows in given.batches:
            losses.append(step(given.x[rows], given.y[rows]))
        return time.process_time() - start, [loss.item() for loss in losses]

    return contestant


def fitted(backend: str) -> Callable[[Given], tuple[float, list[float]]]:
    """The same by `train.fit`: the later epochs count, and the loss of each is returned."""

    def contestant(given: Given) -> tuple[float, list[float]]:
        from tinygrad_edu import data, train

        training, steps = given.training, len(given.x) // given.training.batch
        model, loss, optimizer = parts_of(given)
        rows = data.DataLoader((given.x, given.y), training.batch, dtype=None)
        epochs = max(6, 2 * training.part // steps)
        history = train.fit(model, loss, optimizer, rows, epochs=epochs, compile=backend)
        late = history["seconds"][epochs // 2 :]
        return float(np.mean(late)) / steps * training.part, history["loss"]

    with_clock: Callable[[Given], tuple[float, list[float]]] = patch.object(
        time, "perf_counter", time.process_time
    )(contestant)
    return with_clock


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


def check(name: str, everyone: dict[str, Any]) -> None:
    """Whether all have the same losses, without dropout, and `fit` those of an epoch."""
    plain = Given(TRAININGS[name], dropout=False)
    losses = {who: run(plain)[1][:CHECKED] for who, run in everyone.items() if who != FIT}
    for who, mine in losses.items():
        np.testing.assert_allclose(
            mine, losses["eager"], RTOL, err_msg=f"{name}: {who} computes something else"
        )
    if FIT in everyone:
        step, steps = step_of(plain), len(plain.x) // plain.training.batch
        epoch = [step(plain.x[rows], plain.y[rows]).item() for rows in plain.batches[:steps]]
        first = everyone[FIT](plain)[1][0]
        np.testing.assert_allclose(
            first, np.mean(epoch), RTOL, err_msg=f"{name}: fit computes something else"
        )


def measure(name: str, rounds: int) -> dict[str, Any]:
    """Seconds of the whole training, by everyone, after a check that losses agree."""
    training, backends = TRAININGS[name], [b for b in contestants.backends() if b != "numba"]
    everyone: dict[str, Any] = {"eager": ours(None), **{b: ours(b) for b in backends}}
    everyone |= {FIT: fitted("c")} if "c" in backends else {}
    everyone |= {"torch": torch} if find_spec("torch") else {}
    check(name, everyone)
    given = Given(training)
    seconds = race({who: lambda run=run: run(given)[0] for who, run in everyone.items()}, rounds, name)
    prices = {b: cost.of(b, step_of, given)["ms"] / 1000 for b in backends}
    found = {}
    for who, times in seconds.items():
        us, before = float(np.median(times)) / training.part * 1e6, prices.get(who.removeprefix("fit "), 0.0)
        found[who] = {"us": us, "seconds": us * training.steps / 1e6 + before, "before": before}
        if "torch" in seconds:
            ratios = np.divide(times, seconds["torch"])
            found[who]["to torch"] = [float(q) for q in np.quantile(ratios, [0.25, 0.5, 0.75])]
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
        for one in row["contestants"].values():
            before = f" ({one['before']:.1f})" if one["before"] else ""
            cells.append(f"{one['seconds']:.1f}{before}")
        print(f"{name:38}{row['steps']:9,}" + "".join(f"{cell:>15}" for cell in cells), flush=True)
    return results
