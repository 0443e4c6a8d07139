"""Portions: in a lesson, an optimizer that goes through a long vector in portions takes it as a whole.

All that it does is element by element, so the numbers are the same.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from .copies import substituted
from .program import Call, Program, Ref


class Portions(NamedTuple):
    """One run through a vector, so many elements at a time."""

    length: int


def whole(program: Program, steps: list[Any], scratch: Callable[[Any, int], Any]) -> list[Any]:
    """Steps of a program in which such a run is made once, for all elements.

    Parameters
    ----------
    program : Program
    steps : list of Call, Check or Live
    scratch : callable
        Gives an array of so many elements in the place of one that is computed in.
    """
    runs: dict[int, list[Call]] = {}
    for step in steps:
        if isinstance(step, Call) and isinstance(program.parts[step.part], Portions):
            runs.setdefault(step.part, []).append(step)
    by: dict[Ref, Ref] = {}
    left_out: set[int] = set()
    for number, calls in runs.items():
        left_out |= _first(program, calls, program.parts[number].length, by, scratch)
    return [substituted(step, by) for step in steps if id(step) not in left_out]


def _first(
    program: Program, calls: list[Call], length: int, by: dict[Ref, Ref], scratch: Callable[[Any, int], Any]
) -> set[int]:
    """The calls of a run, by identity, that are left out; what the first portion reads is the whole."""
    values = program.values
    starts = [i for i, call in enumerate(calls) if _slice(call) is not None and _slice(call).start == length]
    if not starts:
        return set()
    left_out = {id(call) for call in calls[starts[0] :]}
    if calls[-1].function == "__setitem__":  # of a parameter in another order, whose elements were copied
        array, _, copied = calls[-1].args
        left_out -= set(map(id, calls[-2:])) if program.owner(array) != program.owner(copied) else set()
    size = next(values[c.args[0].number].size for c in calls if _slice(c) == slice(0, length))
    for call in calls[: starts[0]]:
        part = _slice(call)
        if part is None:
            continue
        source, (out,) = call.args[0], call.outputs
        if part.start is None and values[source.number].size < size:
            by[out] = program.new(scratch(values[source.number], size))
        elif values[source.number].size == size:
            by[out] = by.get(source, source)
        else:
            continue
        left_out.add(id(call))
    return left_out


def _slice(call: Call) -> Any:
    """The slice that a call takes of a vector; None for other calls."""
    sliced = call.function == "__getitem__" and type(call.args[1]) is slice
    return call.args[1] if sliced else None
