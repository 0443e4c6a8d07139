"""Later: a result that lies idle where a step needs most memory is made after that, where it is used.

Of small arrays only: where large ones are made block by block, calls that lie side by side need less.
"""

from typing import Any

from ..program import Call, Program, Ref
from .buffers import IN_PLACE, has_place
from .in_blocks import LEAST


def later(program: Program, results: list[Ref]) -> None:
    """Make what is idle at the peak right before its first use, while that lowers the peak."""
    kept = program.owners((*results, *program.inputs))
    calls = [s for s in program.steps if isinstance(s, Call) and has_place(program, s, kept)]
    made = {program.owner(call.outputs[0]): call for call in calls}
    sizes = {owner: program.values[call.outputs[0].number].nbytes for owner, call in made.items()}
    ends = program.owners(results) - program.owners(program.inputs)  # of which most are gradients
    sizes |= {program.owner(r): program.values[r.number].nbytes for r in results if program.owner(r) in ends}
    most, peak = peak_of(program, sizes, ends)
    while (move := _idle(program, made, peak)) is not None:
        before = program.steps
        place, use = move
        program.steps = [*before[:place], *before[place + 1 : use], before[place], *before[use:]]
        lower, peak = peak_of(program, sizes, ends)
        if lower >= most:
            program.steps = before
            return
        most = lower


def peak_of(program: Program, sizes: dict[int, int], ends: set[int]) -> tuple[int, int]:
    """The most bytes of these memories that are there at once, some until the end, and at which step."""
    first: dict[int, int] = {}
    last = dict.fromkeys(ends, len(program.steps) - 1)
    for i, step in enumerate(program.steps):
        for owner in program.owners(step.used) & sizes.keys():
            first.setdefault(owner, i)
            last[owner] = max(i, last.get(owner, i))
    changes = [0] * (len(program.steps) + 1)
    for owner, start in first.items():
        step = program.steps[start]
        before = program.owners(step.used) if isinstance(step, Call) and step.function in IN_PLACE else set()
        over = any(last[o] == start and sizes[o] == sizes[owner] for o in before & first.keys() - {owner})
        changes[start + over] += sizes[owner]
        changes[last[owner] + 1] -= sizes[owner]
    there, most, peak = 0, 0, 0
    for i, change in enumerate(changes):
        there += change
        if there > most:
            most, peak = there, i
    return most, peak


def _idle(program: Program, made: dict[int, Call], peak: int) -> tuple[int, int] | None:
    """The place of the largest result that is made before a step and first used after it; and of that use."""
    found: list[tuple[int, int, int]] = []
    for i, call in enumerate(program.steps[:peak]):
        if isinstance(call, Call) and call.outputs and made.get(program.owner(call.outputs[0])) is call:
            use = _first_use(program, i, call)
            used = [program.values[r.number] for r in program.steps[use].used]
            if use > peak and max(getattr(v, "nbytes", 0) for v in used) <= LEAST:
                found.append((program.values[call.outputs[0].number].nbytes, i, use))
    return max(found)[1:] if found else None


def _first_use(program: Program, place: int, call: Any) -> int:
    """Where the result of a call is first used, if the call may be made there as well; else 0."""
    made, read = program.owners(call.outputs), program.owners(call.reads)
    for k, step in enumerate(program.steps[place + 1 :], place + 1):
        if not isinstance(step, Call) or step.errors != call.errors:
            return 0
        if made & program.owners(step.used):
            return k
        if read & program.owners(step.writes):
            return 0
    return 0
