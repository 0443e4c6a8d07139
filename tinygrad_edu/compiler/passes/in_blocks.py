"""Blocks: elementwise calls one after another, made of a part of large arrays at a time.

What one of them hands to the next, and nobody else reads, is then as large as a part, and in the cache: what
is not there has not to be gone through.  The numbers are the same.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..program import Call, Program, Ref, is_room, refs_in

LEAST = 1 << 18  # bytes of an array; a smaller one stays in the cache as a whole
BLOCK = 3 << 15  # bytes of a part, or about as many: five of them are what a second-level cache holds
LINE = 16  # elements, of whose multiples parts are: these begin where lines of the cache do
VIEWING = {
    "__getitem__", "reshape", "transpose", "swapaxes", "squeeze", "view", "diagonal", "ravel", np.reshape,
    np.transpose, np.swapaxes, np.moveaxis, np.squeeze, np.expand_dims, np.broadcast_to, np.ravel,
    np.matrix_transpose, np.lib.stride_tricks.sliding_window_view,
}  # fmt: skip


class Blocked(NamedTuple):
    """Calls that are made block by block.

    Attributes
    ----------
    places : list of int
        Of the calls among the steps.
    inner : set of Ref
        What only they read, of which there is one block.
    size, length : int
        Elements of their arrays, and of a block.
    """

    places: list[int]
    inner: set[Ref]
    size: int
    length: int


def blocked_in(
    program: Program, places: Sequence[int], fixed: set[Ref], results: Iterable[Ref]
) -> list[Blocked]:
    """The runs among the steps that are carried out, of arrays that are ``fixed`` in their places."""
    steps, seen = program.steps, program.owners((*results, *program.inputs))
    readers: dict[int, set[int]] = {}  # the places where each memory is used
    for i in places:
        for ref in steps[i].used if not is_room(steps[i]) else ():
            readers.setdefault(program.owner(ref), set()).add(i)
    found: list[Blocked] = []
    known: Any = None
    lie: dict[int, set[int]] = {}  # where the memories lie that the last run uses, by their owners
    written: set[int] = set()
    for i in places:
        step: Any = steps[i]
        nothing = is_room(step) or (isinstance(step, Call) and step.function in VIEWING)
        if nothing and fixed.issuperset(step.outputs):
            continue
        if (form := form_of(program, step, fixed)) is not None:
            own = places_of(program, step)
            joined = {owner: places | lie.get(owner, set()) for owner, places in own.items()}
            if form != known or not agree(joined, written | program.owners(step.writes)):
                found.append(Blocked([], set(), *form[-2:]))
                lie, written, joined = {}, set(), own
            found[-1].places.append(i)
            lie |= joined
            written |= program.owners(step.writes)
        known = form
    for run in found:
        made = {steps[i].outputs[0] for i in run.places}  # type: ignore[union-attr]
        inner = (r for r in made if program.owner(r) not in seen and program.is_whole(r))
        run.inner.update(r for r in inner if readers[program.owner(r)] <= set(run.places))
    return [run for run in found if run.inner]


def form_of(program: Program, step: Any, fixed: set[Ref]) -> Any:
    """What calls of one run share: the state of errors, how arrays lie, elements of those and of a block.

    It is None of a call that is in no run.
    """
    if not isinstance(step, Call) or not isinstance(step.function, np.ufunc) or len(step.outputs) != 1:
        return None
    is_plain = step.function.signature is None and step.kwargs.keys() <= {"out"}
    if not is_plain or len(step.args) < step.function.nin:
        return None
    refs = [*step.outputs, *refs_in(step.args)]
    large = [r for r in refs if getattr(program.values[r.number], "ndim", 0)]
    arrays = [program.values[r.number] for r in large]
    forms = {(a.shape, tuple(s // a.itemsize for s in a.strides)) for a in arrays}
    if len(forms) != 1 or max(a.nbytes for a in arrays) <= LEAST or not fixed.issuperset(large):
        return None
    others = (a for a in step.args if type(a) is not Ref)
    alone = agree(places_of(program, step), program.owners(step.writes))
    if any(getattr(a, "ndim", 0) for a in others) or not alone:
        return None
    size, bytes_ = arrays[0].size, max(a.nbytes for a in arrays)
    parts = LINE * max(1, round(bytes_ / BLOCK))  # of the same length: a short one costs as many calls
    length = LINE * -(-size // parts)
    return (None if step.errors is None else tuple(step.errors.items())), *forms, size, length


def places_of(program: Program, call: Call) -> dict[int, set[int]]:
    """Where what a call uses lies, by the owners of memory."""
    lie: dict[int, set[int]] = {}
    for ref in call.used:
        value = program.values[ref.number]
        if value.ndim:
            lie.setdefault(program.owner(ref), set()).add(value.__array_interface__["data"][0])
    return lie


def agree(lie: dict[int, set[int]], written: set[int]) -> bool:
    """Whether what is written to lies, element for element, where it does for all that use it."""
    return all(len(places) == 1 for owner, places in lie.items() if owner in written)
