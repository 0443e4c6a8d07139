"""Closing: the calls of a large operation's run become one call of a function of `plain`, where they can."""

from typing import Any

import numpy as np

from ..program import Call, Program, Ref
from ..trace.closed import Part


def closed(program: Program, steps: list[Any], results: list[Ref]) -> list[Any]:
    """Steps of a program with one call in the place of each run of a large operation that can be closed.

    Parameters
    ----------
    program : Program
    steps : list of Call, Check or Live
        Those that matter.
    results : list of Ref
        What is seen of the program afterwards.
    """
    runs = {k: run for k, run in _runs(program, steps).items() if None not in run.arrays}
    while True:  # what one shares with another can be left out only if both are
        inside = {i for run in runs.values() for i in run.places}
        outside = [*results, *(r for i, step in enumerate(steps) if i not in inside for r in step.used)]
        seen = {*outside, *(r for run in runs.values() for r in run.arrays)}
        left = {k: run for k, run in runs.items() if run.can_be_closed(seen)}
        if len(left) == len(runs):
            break
        runs = left
    last = {run.at: run for run in runs.values()}
    kept: list[Any] = []
    for i, step in enumerate(steps):
        kept += last[i].calls() if i in last else [] if i in inside else [step]
    return kept


def _runs(program: Program, steps: list[Any]) -> dict[int, "Operation"]:
    places: dict[int, list[int]] = {}
    for i, step in enumerate(steps):
        if isinstance(step, Call) and isinstance(program.parts[step.part], Part):
            places.setdefault(step.part, []).append(i)
    made = {r for step in steps if isinstance(step, Call) for r in step.outputs} | program.inputs.keys()
    return {k: Operation(program, steps, at, made) for k, at in places.items()}


class Operation:
    """One run of a large operation.

    Attributes
    ----------
    places : list of int
        Of its calls.
    arrays : list of Ref or None
        What it was given; None for what the program has no more.
    at : int
        Where its call stands.
    """

    def __init__(self, program: Program, steps: list[Any], places: list[int], made: set[Ref]) -> None:
        self.program, self.steps, self.places = program, steps, places
        self.first = steps[places[0]]
        self.part = program.parts[self.first.part]
        own = [steps[i] for i in places]
        self.own = {r for call in own for r in call.outputs}
        read = [r for call in own for r in call.reads if r not in self.own]
        self.arrays = [ref if ref in made else self._in_place_of(ref, read) for ref in self.part.arrays]

    def _in_place_of(self, ref: Ref, read: list[Ref]) -> Ref | None:
        """What is read instead of an array that another one has taken the place of."""
        owner, shape = self.program.owner(ref), np.shape(self.program.values[ref.number])
        alike = (r for r in read if self.program.owner(r) == owner)
        return next((r for r in alike if np.shape(self.program.values[r.number]) == shape), None)

    def can_be_closed(self, seen: set[Ref | None]) -> bool:
        """Whether the program sees nothing of it but its results, and leaves alone what it reads."""
        values, visible = self.program.values, self.own & seen
        self.results: list[Ref | None] = []
        for shape, dtype in self.part.results:
            alike = (r for r in visible if (values[r.number].shape, values[r.number].dtype) == (shape, dtype))
            self.results.append(next(alike, None))
        if visible - set(self.results) or not visible:
            return False
        own = set(self.places)
        others = {i: step for i, step in enumerate(self.steps) if i not in own and isinstance(step, Call)}
        first = min(
            (i for i, step in others.items() if self.own.intersection(step.used)), default=len(self.steps)
        )
        self.at = max(i for i in self.places if i < first)
        known = {r for i, step in others.items() if i > self.at for r in step.outputs if r not in step.writes}
        read = {self.program.owner(r) for r in self.arrays if r is not None}
        between = range(self.places[0], self.places[-1])
        written = (w for i in between if i in others for w in others[i].writes)
        return known.isdisjoint(self.arrays) and not any(self.program.owner(w) in read for w in written)

    def calls(self) -> list[Call]:
        """What takes its place."""
        pen = Pen(self.program, self.first)
        self.part.write(pen, *self.arrays)
        shapes = zip(self.results, self.part.results)
        outputs = [r if r is not None else pen.new(shape, dtype) for r, (shape, dtype) in shapes]
        for place in outputs[1:]:
            self.program.made_by[place] = "place"
        *calls, last = pen.calls
        return [*calls, last._replace(outputs=tuple(outputs), several=len(outputs) > 1)]


class Pen:
    """Writes calls in the place of those of a run, of which ``like`` is one."""

    def __init__(self, program: Program, like: Call) -> None:
        self.program, self.like, self.calls = program, like, list[Call]()

    def __call__(self, function: Any, *args: Any, shape: tuple[int, ...], **kwargs: Any) -> Ref:
        """Add a call; returns its result."""
        ref = next(r for r in args if type(r) is Ref)
        out = self.new(shape, self.program.values[ref.number].dtype)
        self.calls.append(Call(function, args, kwargs, (out,), False, (), self.like.errors, self.like.where))
        return out

    def new(self, shape: tuple[int, ...], dtype: Any) -> Ref:
        """Another array of the program."""
        return self.program.new(np.broadcast_to(np.zeros((), dtype), shape))
