"""What is another one in every call: a rate, a row, a temperature; an array that a global or a closure holds.

A trace holds for the numbers that it was made for, which may be texts of the program or shapes.  Of a number
among the arguments that was another one in two traces, the next trace makes an argument, an array without
axes, and the function gets what is in it, which is traced.  So it is with places of outside that held other
numbers or arrays in two traces.  Where that cannot be, since the number is a shape, it stays fixed; where it
decides a branch, that is one way of several, see `ways`.
"""

from typing import Any

import numpy as np

from ..errors import TraceError
from .state.assigned import Changed, Outside
from .state.nested import flattened, identity_of, is_free, may_change
from .state.places import Place
from .tracing import Run, Untraceable


def run_of(compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Run:
    """The run of a function that is traced, with as much that is free as there can be."""
    free = [*varied_places(compiled), *varied_numbers(compiled, args, kwargs)]
    while True:
        try:
            return _run(compiled, args, kwargs, free)
        except (TraceError, Untraceable):
            if not free:
                raise
            one = free.pop()
            compiled.fixed |= {one.mark if isinstance(one, Place) else one}


def _run(compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any], free: list[Any]) -> Run:
    """A run, which may add to lists of outside, and assign to places: another one does, which knows that."""
    outside = Outside(place for place in free if isinstance(place, Place))
    for one in compiled.specializations:
        outside.know(one.run)
    leaves = [place[1] for place in free if not isinstance(place, Place)]
    first: Changed | None = None
    while True:
        known = len(outside.read)
        try:
            return Run(compiled.function, args, kwargs, leaves, outside)
        except Changed as changed:
            if not outside.learn(changed.changes):
                raise
            first = first or changed
        except (TraceError, Untraceable) as error:
            if len(outside.read) > known:  # what was taken for unread
                continue
            if first is None:
                raise
            cause = error.__cause__ if isinstance(error, Untraceable) else None
            why = f"it raised {type(cause).__name__}: {cause}" if cause else error
            raise TraceError(f"{first}\n  As it is: {why}") from cause


def varied_places(compiled: Any) -> list[Place]:
    """The places of outside whose numbers or arrays two traces had otherwise, or one that has them free."""
    known: dict[Any, tuple[Place, list[Any]]] = {}
    found: dict[Any, Place] = {}
    for run in (one.run for one in compiled.specializations):
        assigned = {place.mark for place in run.assigned}
        places = (one.place for one in run.layout.assigned if one.is_read)
        found |= {place.mark: place for place in places if place.mark not in assigned}
        for place, value in run.held:
            known.setdefault(place.mark, (place, []))[1].append(value)
    for mark, (place, values) in known.items():
        if may_change(now := place.get()):
            others = {value for value in values if value[0] is type(now)} - {identity_of(now)}
            found |= {mark: place} if len(others) > 1 else {}
    left = (place for mark, place in found.items() if mark not in compiled.fixed)
    return [place for place in left if may_change(place.get())]


def varied_numbers(compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[Any, int]]:
    """Which leaves of the arguments are numbers that two traces, or one with free numbers, had otherwise.

    Each is told by how the arguments are nested and by its place.  Whole numbers are last: they are shapes
    more often.
    """
    leaves, build = flattened((args, kwargs))
    form = build.form  # type: ignore[attr-defined]
    traces = [t for t in (one.run.layout for one in compiled.specializations) if t.form == form]
    found = []
    for i, leaf in enumerate(leaves):
        if not is_free(leaf) or (form, i) in compiled.fixed:
            continue
        known = [layout.kinds[i] for layout in traces]
        values = {k[1] for k in known if k[0] is None and type(k[1]) is type(leaf)}
        if len(values - {leaf}) > 1 or any(k[0] is type(leaf) for k in known):
            found.append((form, i))
    return sorted(found, key=lambda place: isinstance(leaves[place[1]], (int, np.integer)))
