"""The steps of an epoch: one after another, or many in a call of compiled code."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from .compiled import given, met, runs_of
from .inputs import arranged, parted
from .step import make_step
from .training import Training


def make_steps(training: Training) -> Iterator[int]:
    """Make the steps of an epoch, and tell how many batches went into the last one, or into the last call.

    At the end of an epoch a step may take fewer batches than it is to.
    """
    runs = training.runs = training.runs or runs_of(training)
    group = training.settings.step.accumulate
    wanted = runs is not None and (runs.useful or group > 1)  # those of a group are joined in any case
    if wanted and (rows := rows_of(training.loader, group=group)) is not None:
        training.by_rows = True
        yield from _in_calls(training, runs, rows)
        return
    batches = iter(training.loader)
    while made := [arranged(training.model, b) for b in islice(batches, group)]:
        make_step(training, made)
        yield len(made)


def rows_of(loader: Any, epochs: int = 1, group: int = 1) -> Any:
    """The next epochs of a loader whose batches are rows of arrays, in groups; None of others."""
    return loader.by_rows(epochs, group) if hasattr(loader, "by_rows") else None


def places_of(training: Training, rows: Any) -> Any:
    """Which of the arrays of a loader are inputs, targets and weights."""
    return arranged(training.model, rows.build(range(len(rows.arrays))))


def _in_calls(training: Training, runs: Any, rows: Any) -> Iterator[int]:
    """The same by calls of C; what it cannot do, such as the first step, is made as it is."""
    while rows.left:
        parts = rows.parts
        count = _make_many(training, runs, rows, parts) if met(training, tuple(parts)) else 0
        if not count:
            batch = arranged(training.model, rows.next())
            rows.advance(1)
            make_step(training, parted(batch, parts[0]), given(training, batch))
        yield (count or 1) * len(parts)
    rows.end()


def _make_many(training: Training, runs: Any, rows: Any, parts: list[int]) -> int:
    """Make the next steps in one call, each of batches of so many rows, and tell how many they are."""
    totals, places, count = training.totals, places_of(training, rows), len(parts)
    weighted = len(places) > 2
    made = runs.advance(rows, _rates(training), range(count * (1 + weighted + totals.keep)))
    if made.steps:
        losses, weights = of_batches(made, count), parts[0] if count == 1 else np.tile(parts, made.steps)
        weights = of_batches(made, count, 1) if weighted else weights
        outputs = np.concatenate(made.results[-count:], axis=1) if totals.keep else None
        targets = rows.taken(places[1], made.steps * sum(parts)) if totals.keep else None
        totals.add_many(losses, weights, outputs, targets)
        training.history.count_step(made.steps)
        training.many += made.steps
        rows.advance(made.steps)
    return int(made.steps)


def of_batches(made: Any, count: int, which: int = 0) -> Any:
    """The losses of the batches of all steps, of each of which there are so many, or (1) their weights."""
    results = made.results[which * count : (which + 1) * count]
    return results[0] if count == 1 else np.stack(results, axis=1).reshape(-1)


def _rates(training: Training) -> Any:
    """What sets the rate of each of the next steps, if there is a schedule for steps."""
    steps, schedule = training.history.steps, training.settings.step.schedule
    if schedule is None:
        return None

    def rate(k: int) -> None:
        training.optimizer.lr = schedule(steps + k)

    return rate
