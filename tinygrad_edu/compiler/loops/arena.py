"""The arena: where in one stretch of memory the memories lie that loops compute in.

Two lie in one place if the one is needed no more when the other is made.  What a loop reads for the last time
may be written over by what it makes: element for element, each is read before it is written.
"""

from collections.abc import Collection, Mapping, Sequence

from ..passes.buffers import laid_out
from ..passes.lent import Lent
from ..program import Ref
from .items import same_place
from .kinds import Each, Statement, reads, writes


def arena_of(
    groups: Sequence[list[Statement]], sizes: Mapping[int, int], kept: Collection[int], lent: Lent
) -> tuple[int, dict[int, int]]:
    """The bytes of the stretch, and where each memory begins.

    Parameters
    ----------
    groups : sequence of list of Statement
        The loops, in order.
    sizes : dict of int to int
        The bytes of each memory.
    kept : collection of int
        Those among them that hold something after the step.
    lent : Lent
        What else the others may lie in, at places below 0.
    """
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for time, group in enumerate(groups):
        for operand in (o for s in group for o in (*reads(s), *writes(s)) if o.memory in sizes):
            first.setdefault(operand.memory, time)
            last[operand.memory] = len(groups) if operand.memory in kept else time
    place: dict[int, int] = {}  # which span is that of a memory
    spans: list[list[int]] = []  # each with its first and its last loop, and the memory that has it last
    for m, time in first.items():
        free = (k for k, (_, stop, a) in enumerate(spans) if stop == time and sizes[a] == sizes[m])
        found = next((k for k in free if _may_take(groups[time], spans[k][2], m)), None)
        if found is None:
            found = len(spans)
            spans.append([time, last[m], m])
        place[m] = found
        spans[found][1:] = last[m], m
    forms = [(a, b, Ref(k), sizes[m]) for k, (a, b, m) in enumerate(spans)]
    arena = laid_out(forms, lent, len(groups))
    return arena.size, {m: arena.offsets[Ref(k)] for m, k in place.items()}


def _may_take(group: Sequence[Statement], old: int, new: int) -> bool:
    """Whether a loop reads a memory where, element for element, it writes to another."""
    if not all(isinstance(s, Each) for s in group):
        return False
    outs = [o for s in group for o in writes(s) if o.memory == new]
    others = [
        o._replace(memory=new) for s in group for o in (*reads(s), *writes(s)) if o.memory in (old, new)
    ]
    alike = all(same_place(outs[0], o) and outs[0].dtype == o.dtype for o in others)
    return alike and all(s for s, n in zip(outs[0].strides, outs[0].shape) if n > 1)
