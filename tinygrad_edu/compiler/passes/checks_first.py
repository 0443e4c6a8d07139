"""Checks first: what the rest takes for granted is settled before anything is written that stays.

When a check fails, the function itself is run in the place of the program; so nothing may have changed
before.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import numpy as np

from ...errors import TraceError
from ...optim.clip import clip_norm_of
from ..program import Call, Check, Live, Program, Ref, Step, drawn_from


def checks_first(program: Program) -> None:
    """Move every check, with what it is computed from, before the first write that stays."""
    steps, stay = program.steps, staying(program)
    for check in [step for step in steps if isinstance(step, Check)]:
        place = next(i for i, step in enumerate(steps) if step is check)
        first = next((i for i, step in enumerate(steps) if stay(step)), len(steps))
        if place > first:
            try:
                _move(program, place, first)
            except TraceError:
                if (place := _by_marks(program, place)) < 0:
                    raise
                _move(program, place, first)


def _by_marks(program: Program, place: int) -> int:
    """Have the shape of what a mask takes checked by the number of its marks, whatever it takes from.

    Returns the place of the check; -1 if it is of something else.
    """
    check: Any = program.steps[place]
    made = (s for s in program.steps[:place] if isinstance(s, Call) and check.ref in s.outputs)
    call: Any = next(made, None)
    mask = call.args[1] if call is not None and call.function == "__getitem__" else None
    if type(check.truth) is not tuple or type(mask) is not Ref or program.values[mask.number].dtype != bool:
        return -1
    number = np.count_nonzero(program.values[mask.number])
    marks, right = program.new(np.asarray(number)[()]), program.new(np.True_)
    count = call._replace(function=np.count_nonzero, args=(mask,), outputs=(marks,))
    equal = call._replace(function=np.equal, args=(marks, number), outputs=(right,))
    program.steps[place : place + 1] = [count, equal, check._replace(ref=right, truth=True)]
    return place + 2


def clips_first(program: Program) -> None:
    """Move the clipping of a norm, which raises where that is not finite, there too, where it can be."""
    stay = staying(program)
    for place in [
        i for i, s in enumerate(program.steps) if isinstance(s, Call) and s.function is clip_norm_of
    ]:
        first = next(i for i, step in enumerate(program.steps) if i == place or stay(step))
        if place > first:
            with suppress(TraceError):
                _move(program, place, first)


def staying(program: Program, but: Iterable[Ref] = ()) -> Callable[[Step], bool]:
    """What says whether a step changes what is there before and after the whole, but for some of it."""
    there = program.owners(program.inputs) - program.owners(but)
    return lambda step: isinstance(step, Live) or not there.isdisjoint(_written(program, step))


def _move(program: Program, place: int, first: int) -> None:
    """Move the check at a place, with all that leads to it, before the step that is the first to stay."""
    steps = program.steps
    check = steps[place]
    assert not isinstance(check, Live)
    needed, owners, stay = {place}, _read(program, check), staying(program)
    for i in reversed(range(first, place)):
        step = steps[i]
        if _changed(program, step) & owners:
            if stay(step):
                raise TraceError(
                    f"A branch on values of the data, in {check.where}, depends on what the step has written "
                    "before: it could not take the other way any more.\n  Write it with np.where, or leave "
                    "it out of the step."
                )
            needed.add(i)
            owners |= _read(program, step) | _changed(program, step)
    for i in range(first, place):
        later = [steps[k] for k in needed if k > i]
        if i not in needed and any(_read(program, steps[i]) & _written(program, step) for step in later):
            raise TraceError(
                f"A branch on values of the data, in {check.where}, comes after a write. Take it to the "
                "front."
            )
    program.reordered = True
    moved = [steps[i] for i in sorted(needed)]
    steps[first : place + 1] = [*moved, *(steps[i] for i in range(first, place) if i not in needed)]


def _written(program: Program, step: Step) -> set[int]:
    return program.owners(step.writes) if isinstance(step, Call) else set()


def _changed(program: Program, step: Step) -> set[int]:
    """What a step makes or writes into; a draw changes its generator."""
    if not isinstance(step, Call):
        return set()
    generator = set() if (drawn := drawn_from(step)) is None else {id(drawn)}
    return program.owners(step.outputs) | _written(program, step) | generator


def _read(program: Program, step: Step) -> set[int]:
    if isinstance(step, Check):
        return {program.owner(step.ref)}
    if not isinstance(step, Call):
        return set()
    return program.owners(step.reads)
