"""Turns: whole epochs whose last batch is short, by the traces of full batches and of short ones in turns."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .c.many import DONE, steps_alike
from .over import Made, Runs
from .specialization import MISS, Specialization


@dataclass
class Turn:
    """The steps of an epoch whose batches have so many rows.

    Attributes
    ----------
    outs : list of ndarray or None
        Where the results of all of them are put, in all epochs.
    arrays : list of ndarray
        What batches are gathered in.
    found : tuple or None
        What the last step returned, while nobody has made another one.
    """

    one: Specialization
    count: int
    size: int
    given: tuple[Any, ...]
    outs: list[Any]
    arrays: list[Any] = field(default_factory=list)
    found: Any = None

    def take(self, *arrays: Any) -> None:
        """A step that makes nothing, to see whether the trace holds."""
        self.arrays = list(arrays)

    def make(self, epoch: int, numbers: Any, data: Sequence[Any]) -> int:
        """Make the steps of an epoch, with the rows of these numbers; how many it were."""
        many, place = self.one.many, slice(epoch * self.count, (epoch + 1) * self.count)
        many.prepare(self.count, 0, numbers, data, [o if o is None else o[place] for o in self.outs])
        self.found = self.one.steps(*self.arrays)  # which may be others since the call began
        return int(many.words[DONE])


def in_turns(runs: Runs, rows: Any, wanted: Sequence[int]) -> Made:
    """Make the epochs that are left of `data.Rows`; fewer steps if one cannot be made in this way.

    What comes of it is as from `Runs.advance`; all traces are asked once, before the first step.
    """
    whole, rest = divmod(rows.samples, rows.size)
    epochs, turns = rows.last - rows.epoch, []
    for count, size in ((whole, rows.size), (1, rest)):
        for one in runs.fitting(rows, size)[:1]:
            if (outs := runs.outs(one, epochs * count, wanted)) is not None:
                turns.append(Turn(one, count, size, runs.given(rows, size), outs))
    if len(turns) < 2 or not all(_alike(turn.one, epochs * (whole + 1)) for turn in turns):
        return Made(0)
    full, short = turns
    if full.one.call_with(full.take, full.given) is MISS:
        return Made(0)
    _, numbers = rows.numbers(epochs * rows.samples, full.one.many.orders)
    start, done, last = time.perf_counter(), 0, None

    def steps(*arrays: Any) -> Any:
        nonlocal done, last
        short.arrays = list(arrays)
        for epoch, order in enumerate(numbers.reshape(epochs, rows.samples)):
            for turn, own in zip(turns, np.split(order, [whole * rows.size])):
                turn.found = None  # or its arrays would be taken for kept ones
                made = turn.make(epoch, own, rows.arrays)
                done, last = done + made, turn if made else last
                if made < turn.count:
                    return short.found
        return short.found

    result = short.one.call_with(steps, short.given)
    if last is full:  # whose gradients are those of the last step
        result = full.one.call_with(lambda *arrays: full.found, full.given)
    if not done:
        return Made(0)
    runs.took(time.perf_counter() - start, done)
    return Made(done, result, [_in_order(turns, epochs, k)[:done] for k in wanted])


def _alike(one: Specialization, steps: int) -> bool:
    """Whether the optimizers make so many steps in the way of the first."""
    return all(steps_alike(live, steps) == steps for live in one.many.lives)


def _in_order(turns: list[Turn], epochs: int, k: int) -> Any:
    """A result of all steps, one after another."""
    parts = [turn.outs[len(turn.one.run.learned) + k] for turn in turns]
    joined = np.concatenate([p.reshape(epochs, -1, *p.shape[1:]) for p in parts], axis=1)
    return joined.reshape(-1, *joined.shape[2:])
