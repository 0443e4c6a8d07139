"""Numbers among the arguments that are others in every call: a rate, a row, a temperature.

A trace holds for the numbers that it was made for, which may be texts of the program or shapes.  Of a number
that was another one in two traces, the next trace makes an argument, an array without axes, and the function
gets what is in it, which is traced.  Where that cannot be, since the number is a shape, it stays fixed; where
it decides a branch, that is one way of several, see `ways`.
"""

from typing import Any

import numpy as np

from ..errors import TraceError
from .assigned import Changed, Outside
from .nested import flattened, is_free
from .tracing import Run, Untraceable


def run_of(compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Run:
    """The run of a function that is traced, with as many free numbers as there can be."""
    free = varied(compiled, args, kwargs)
    while free:
        try:
            return _run(compiled, args, kwargs, [i for _, i in free])
        except (TraceError, Untraceable):
            compiled.fixed.add(free.pop())
    return _run(compiled, args, kwargs, [])


def _run(compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any], free: list[int]) -> Run:
    """A run, which may add to lists of outside, and assign to places: another one does, which knows that."""
    outside = Outside()
    for one in compiled.specializations:
        outside.lists |= {id(a.held): a.held for a in one.run.appended}
        outside.places |= {a.place.mark: a.place for a in one.run.layout.assigned}
        outside.read |= {a.place.mark for a in one.run.layout.assigned if a.is_read}
    first: Changed | None = None
    while True:
        known = len(outside.read)
        try:
            return Run(compiled.function, args, kwargs, free, outside)
        except Changed as changed:
            if not outside.learn(changed.changes):
                raise
            first = first or changed
        except (TraceError, Untraceable) as error:
            if len(outside.read) > known:  # what was taken for unread
                continue
            if first is None:
                raise
            raise TraceError(f"{first}\n  As it is: {error}") from None


def varied(compiled: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[Any, int]]:
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
