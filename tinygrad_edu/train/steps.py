"""The steps of an epoch: one after another, or many in a call of compiled code."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from .compiled import met, runs_of
from .inputs import arranged
from .step import make_step
from .training import Training


def make_steps(training: Training) -> Iterator[int]:
    """Make the steps of an epoch, and tell how many batches went into the last one, or into the last call.

    At the end of an epoch a step may take fewer batches than it is to.
    """
    runs = training.runs = training.runs or runs_of(training)
    if runs is not None and runs.useful and (rows := rows_of(training.loader)) is not None:
        training.by_rows = True
        yield from _in_calls(training, runs, rows)
        return
    batches = iter(training.loader)
    while group := [arranged(training.model, b) for b in islice(batches, training.settings.step.accumulate)]:
        make_step(training, group)
        yield len(group)


def rows_of(loader: Any, epochs: int = 1) -> Any:
    """The next epochs of a loader whose batches are rows of arrays; None of others."""
    return loader.by_rows(epochs) if hasattr(loader, "by_rows") else None


def places_of(training: Training, rows: Any) -> Any:
    """Which of the arrays of a loader are inputs, targets and weights."""
    return arranged(training.model, rows.build(range(len(rows.arrays))))


def _in_calls(training: Training, runs: Any, rows: Any) -> Iterator[int]:
    """The same by calls of C; what it cannot do, such as the first step, is made as it is."""
    while rows.left:
        count = _make_many(training, runs, rows) if met(training, rows.alike()[1:]) else 0
        if not count:
            batch = arranged(training.model, rows.next())
            rows.advance(1)
            make_step(training, [batch])
        yield count or 1
    rows.end()


def _make_many(training: Training, runs: Any, rows: Any) -> int:
    """Make the next steps in one call, and tell how many they are."""
    totals, places = training.totals, places_of(training, rows)
    weighted = len(places) > 2
    made = runs.advance(rows, _rates(training), range(1 + weighted + totals.keep))
    if made.steps:
        _, size = rows.alike()
        outputs = made.results[-1] if totals.keep else None
        targets = rows.taken(places[1], made.steps * size) if totals.keep else None
        totals.add_many(made.results[0], made.results[1] if weighted else size, outputs, targets)
        training.history.count_step(made.steps)
        training.many += made.steps
        rows.advance(made.steps)
    return int(made.steps)


def _rates(training: Training) -> Any:
    """What sets the rate of each of the next steps, if there is a schedule for steps."""
    steps, schedule = training.history.steps, training.settings.step.schedule
    if schedule is None:
        return None

    def rate(k: int) -> None:
        training.optimizer.lr = schedule(steps + k)

    return rate
