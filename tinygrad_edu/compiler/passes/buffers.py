"""Buffers: memory that is found once, for results that do not outlive the step.

Two results share it if the one is not used any more when the other is made, views included.
"""

from bisect import insort
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..program import Call, Program, Ref, owner_of, refs_in
from .in_blocks import Run
from .lent import ALIGNED, Lent

COPIES = ("copy", np.copy)
FILLS: dict[Any, int | None] = {
    np.empty_like: None,
    np.zeros_like: 0,
    np.ones_like: 1,
}  # what is written into them
IN_PLACE = {np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.exp, np.sqrt, np.negative}
CHOSEN = 1 << 14  # bytes of what np.where gives, from which on it is written into a place
JOINS = (np.stack, np.concatenate)
RESHAPES = ("reshape", np.reshape, "ravel", np.ravel)


class Arena(NamedTuple):
    """One stretch of memory, and which part of it each result gets.

    Attributes
    ----------
    size : int
        Bytes.
    offsets : dict of Ref to int
        Where each begins; below 0 in lent memory.
    over : dict of Ref to Ref
        Which results are written over others, of the same form.
    """

    size: int
    offsets: dict[Ref, int]
    over: dict[Ref, Ref]


def buffers(
    program: Program, places: list[int], results: list[Ref], kept: Collection[Ref] = (),
    runs: Sequence[Run] = (), lent: Lent | None = None,
) -> Arena:  # fmt: skip
    """A place for each result that can be written into one, of the steps that are carried out.

    Those that are ``kept`` after the step have theirs from the first time on that they are used, and not in
    what is lent; of what a run makes for itself there is one block.
    """
    steps = program.steps
    escaping = program.owners((*results, *program.inputs))
    run_of = {i: run for run in runs for i in run.places}
    inner = {r: run for run in runs for r in run.inner}

    def span(ref: Ref, i: int) -> tuple[int, int]:
        """From when to when it is there: at all times of a run, if it is more than a block."""
        stop = last[program.owner(ref)]
        if ref in inner:
            return i, stop
        return run_of[i].places[0] if i in run_of else i, run_of[stop].places[-1] if stop in run_of else stop

    last: dict[int, int] = {}
    for i in places:
        for ref in steps[i].used:
            last[program.owner(ref)] = i
    spans: list[tuple[int, int, Ref, int]] = []
    over: dict[Ref, Ref] = {}  # what is written over an array that nothing reads any more
    places_of: dict[Ref, int] = {}  # which span is that of an array, until another is written over it
    for i in places:
        step = steps[i]
        if not isinstance(step, Call) or not has_place(program, step, escaping):
            continue
        (out,) = step.outputs
        start, stop = span(out, i)
        before = _written_over(program, step, i, last, places_of, run_of.get(i))
        if before is None:
            value = program.values[out.number]
            places_of[out] = len(spans)
            size = inner[out].length * value.itemsize if out in inner else value.nbytes
            spans.append((start, stop, out, size))
        else:
            k = places_of[out] = places_of.pop(before)
            over[out] = spans[k][2]
            spans[k] = (spans[k][0], stop, *spans[k][2:])
    wholes: dict[int, list[Ref]] = {}  # of what is kept, by its owner
    for ref in kept:
        wholes.setdefault(program.owner(ref), []).append(ref)
    for owner, refs in wholes.items():
        first = next(i for i in places if owner in map(program.owner, steps[i].used))
        first = run_of[first].places[0] if first in run_of else first
        spans.append((first, len(steps), refs[0], owner_of(program.values[refs[0].number]).nbytes))
    arena = laid_out(spans, lent or Lent(), len(steps))
    arena.over.update(over)
    for refs in wholes.values():
        whole = owner_of(program.values[refs[0].number])
        begin = arena.offsets[refs[0]]
        arena.offsets.update((r, begin + distance(whole, program.values[r.number])) for r in refs)
    return arena


def has_place(program: Program, call: Call, escaping: Collection[int]) -> bool:
    """Whether the result of a call is written into a place of its own."""
    if call.writes or len(call.outputs) != 1:
        return False
    if not (takes_out(call.function) or copies_in_order(program, call) or is_choice(program, call)):
        return False
    kinds = (Ref, np.ndarray, np.generic, bool, int, float, complex)
    if call.function not in (*FILLS, *JOINS, *RESHAPES) and not all(
        isinstance(a, kinds) for a in call.args[:2]
    ):
        return False
    value, owner = program.values[call.outputs[0].number], program.owner(call.outputs[0])
    is_whole = isinstance(value, np.ndarray) and (value.base is None or call.function in RESHAPES)
    return is_whole and value.ndim > 0 and owner not in escaping and is_dense(value)


def is_choice(program: Program, call: Call) -> bool:
    """Whether a call chooses between two arrays, of a size that is worth a place."""
    if call.function is not np.where or len(call.args) != 3 or call.kwargs:
        return False
    return bool(program.values[call.outputs[0].number].nbytes >= CHOSEN)


def _written_over(
    program: Program, call: Call, i: int, last: dict[int, int], places_of: dict[Ref, int], run: Run | None
) -> Ref | None:
    """What a call may write its result over: an argument of the same form, which is used last there.

    In a run of blocks it may be what another call of the run has used last.
    """
    in_place, before = call.function in IN_PLACE or call.function is np.where, {i}
    candidates = [*(call.args[2:] if call.function is np.where else call.args)] if in_place else []
    if run is not None:
        before |= {k for k in run.places if k < i}
        calls: Any = (program.steps[k] for k in run.places if k < i)
        candidates += [a for other in calls for a in refs_in(other.args)]
    value = program.values[call.outputs[0].number]
    owners = [program.owner(a) for a in call.args if type(a) is Ref]
    for a in candidates:
        if type(a) is not Ref or a not in places_of:
            continue
        if run is not None and (a in run.inner) != (call.outputs[0] in run.inner):  # a block, and a whole
            continue
        if last[owner := program.owner(a)] in before and owners.count(owner) <= in_place:
            other = program.values[a.number]
            alike = (other.shape, other.strides, other.dtype) == (value.shape, value.strides, value.dtype)
            if alike and program.is_whole(a):
                return a
    return None


def distance(whole: Any, part: Any) -> int:
    """How many bytes after the beginning of an array a part of it begins."""
    return int(part.__array_interface__["data"][0] - whole.__array_interface__["data"][0])


def laid_out(spans: list[tuple[int, int, Ref, int]], lent: Lent, end: int) -> Arena:
    """Places in one stretch of memory, or in what is lent until the end: those whose times overlap lie apart.

    They are placed one after another, the largest or the longest first, or as they come: as is shortest.
    """
    orders: list[Callable[[tuple[int, int, Ref, int]], Any]] = [
        lambda span: -span[3],
        lambda span: (span[0], -span[3]),
        lambda span: (span[0] - span[1]) * span[3],
        lambda span: (span[0] - span[1], -span[3]),
    ]
    made = (_placed(sorted(spans, key=order), lent, end) for order in orders)
    return min(made, key=lambda arena: arena.size)


def _placed(spans: list[tuple[int, int, Ref, int]], lent: Lent, until: int) -> Arena:
    """Places in this order, each the lowest that there is."""
    placed = [
        (low, high, 0, until) for low, high in lent.walls
    ]  # start and end in memory and in time, in order
    offsets, size = {}, 0
    for start, stop, ref, nbytes in spans:
        length = -(-max(nbytes, 1) // ALIGNED) * ALIGNED
        offset = lent.first if stop < until else 0
        for low, high, begin, end in placed:
            if begin <= stop and start <= end:
                if low - offset >= length:
                    break
                offset = max(offset, high)
        insort(placed, (offset, offset + length, start, stop))
        offsets[ref] = offset
        size = max(size, offset + length)
    return Arena(size, offsets, {})


def takes_out(function: Any) -> bool:
    """Whether a function can write into an array that it is given, to the same bits."""
    if isinstance(function, np.ufunc):
        return function.nout == 1
    if function in (*COPIES, *FILLS, *JOINS):
        return True
    owner = getattr(function, "__self__", None)
    return function is np.clip or (
        isinstance(owner, np.ufunc) and function.__name__ in ("reduce", "accumulate")
    )


def copies_in_order(program: Program, call: Call) -> bool:
    """Whether a call makes a copy of an array in another shape, since no view of it has that."""
    if call.function not in RESHAPES or call.kwargs or len(call.args) > 2 or type(call.args[0]) is not Ref:
        return False
    source, made = (program.values[r.number] for r in (call.args[0], call.outputs[0]))
    return source.dtype == made.dtype and program.owner(call.args[0]) != program.owner(call.outputs[0])


def is_dense(value: Any) -> bool:
    """Whether an array fills one stretch of memory, in some order of its axes."""
    expected = value.itemsize
    for stride, n in sorted(zip(value.strides, value.shape)):
        if n > 1 and stride != expected:
            return False
        expected *= max(n, 1)
    return True
