"""Fusing: elementwise statements one after another, of the same shape, as one loop.

Two may share a loop if whatever one writes and the other touches lies, element for element, in the same
place.  What nothing else looks at is then never stored.
"""

from collections.abc import Collection, Sequence
from math import prod

from .items import same_place
from .kinds import Each, Statement, reads, writes
from .memories import Operand

LIMIT = 24  # statements in a loop
STREAMS = 12  # arrays that a loop goes through


def fused(statements: Sequence[Statement]) -> list[list[Statement]]:
    """The statements in groups, each of which is one loop."""
    groups: list[list[Statement]] = []
    for statement in statements:
        if not (isinstance(statement, Each) and groups and _fits(groups[-1], statement)):
            groups.append([])
        groups[-1].append(statement)
    return groups


def _fits(group: list[Statement], new: Each) -> bool:
    first = group[0]
    if not isinstance(first, Each) or first.out.shape != new.out.shape or len(group) >= LIMIT:
        return False
    written = [o for s in group for o in writes(s)]
    touched = [o for s in group for o in reads(s)] + written
    if not all(_apart(a, b) for a in written for b in (*reads(new), new.out)):
        return False
    if not all(_apart(a, new.out) for a in touched):
        return False
    streams = {(o.memory, o.offset) for o in (*touched, *reads(new), new.out) if any(o.strides)}
    return len(streams) <= STREAMS


def _apart(a: Operand, b: Operand) -> bool:
    return not a.overlaps(b) or (same_place(a, b) and a.dtype == b.dtype)


def only_in(groups: list[list[Statement]]) -> list[set[int]]:
    """For each group the memories that no other one touches."""
    users: dict[int, set[int]] = {}
    for i, group in enumerate(groups):
        for statement in group:
            for operand in (*reads(statement), *writes(statement)):
                users.setdefault(operand.memory, set()).add(i)
    return [{m for m, where in users.items() if where == {i}} for i in range(len(groups))]


def unread(groups: Sequence[list[Statement]], memories: Collection[int]) -> list[set[Operand]]:
    """For each group what it writes to some memories that nothing reads before it is written over.

    The groups are run again and again, and nobody else looks at these memories.
    """
    found: list[set[Operand]] = []
    for i, group in enumerate(groups):
        outs = {o for s in group if isinstance(s, Each) for o in writes(s) if o.memory in memories}
        later = [s for other in (*groups[i + 1 :], *groups[: i + 1]) for s in other] if outs else []
        found.append({out for out in outs if not _is_read(out, later)})
    return found


def _is_read(out: Operand, later: Sequence[Statement]) -> bool:
    """Whether statements read a byte of what was written before they have written over it."""
    left = [out.ends]  # stretches of bytes
    for statement in later:
        for o in reads(statement):
            low, high = o.ends
            if o.memory == out.memory and any(low < end and start < high for start, end in left):
                return True
        for o in writes(statement):
            low, high = o.ends
            if o.memory == out.memory and high - low == prod(o.shape) * o.dtype.itemsize:
                cut = [(start, min(end, low)) for start, end in left]
                cut += [(max(start, high), end) for start, end in left]
                left = [(start, end) for start, end in cut if start < end]
    return False
