"""Checks first: what the rest takes for granted is settled before anything is written that stays.

When a check fails, the function itself is run in the place of the program; so nothing may have changed
before.
"""

from ..errors import TraceError
from .program import Call, Check, Live, Program, Ref, Step, refs_in


def checks_first(program: Program) -> None:
    """Move every check, with what it is computed from, before the first write that stays."""
    for place in [i for i, step in enumerate(program.steps) if isinstance(step, Check)]:
        first = next((i for i, step in enumerate(program.steps) if stays(program, step)), len(program.steps))
        if place > first:
            _move(program, place, first)


def stays(program: Program, step: Step) -> bool:
    """Whether a step changes what is there before and after the whole."""
    return isinstance(step, Live) or (
        isinstance(step, Call) and any(program.is_there(w) for w in step.writes)
    )


def _move(program: Program, place: int, first: int) -> None:
    steps = program.steps
    check = steps[place]
    assert isinstance(check, Check)
    needed, owners = {place}, {program.owner(check.ref)}
    for i in reversed(range(first, place)):
        step = steps[i]
        if isinstance(step, Check):
            continue
        made = {program.owner(r) for r in _changed(step)}
        if made & owners:
            if stays(program, step):
                raise TraceError(
                    f"A branch on values of the data, in {check.where}, depends on what the step has written "
                    "before: it could not take the other way any more.\n  Write it with np.where, or leave "
                    "it out of the step."
                )
            needed.add(i)
            owners |= {program.owner(r) for r in _read(step)}
    moved = [steps[i] for i in sorted(needed)]
    written = {program.owner(r) for s in moved if isinstance(s, Call) for r in s.writes}
    left = [steps[i] for i in range(first, place) if i not in needed]
    for step in left:
        if not isinstance(step, Check) and written & {program.owner(r) for r in _read(step)}:
            raise TraceError(
                f"A branch on values of the data, in {check.where}, comes after a write. Take it to the "
                "front."
            )
    steps[first : place + 1] = [*moved, *left]


def _changed(step: Step) -> list[Ref]:
    return [] if not isinstance(step, Call) else [*step.outputs, *step.writes]


def _read(step: Step) -> list[Ref]:
    return [] if not isinstance(step, Call) else [*refs_in(step.args), *refs_in(step.kwargs)]
