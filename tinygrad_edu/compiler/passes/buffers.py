"""Buffers: memory that is found once, for results that do not outlive the step.

Two results share it if the one is not used any more when the other is made, views included.
"""

from bisect import insort
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..program import Call, Program, Ref, owner_of, refs_in
from .in_blocks import Blocked
from .lent import ALIGNED, Lent

COPIES = ("copy", np.copy)
FILLS: dict[Any, int | None] = {np.empty_like: None, np.zeros_like: 0, np.ones_like: 1}  # with what
IN_PLACE = {np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.exp, np.sqrt, np.negative}
CHOSEN = 1 << 14  # bytes of what np.where gives, from which on it is written into a place
JOINS = (np.stack, np.concatenate)
RESHAPES = ("reshape", np.reshape, "ravel", np.ravel)
Lifetime = tuple[int, int, Ref, int]  # from when to when an array is there, which one, and its bytes


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
    runs: Sequence[Blocked] = (), lent: Lent | None = None,
) -> Arena:  # fmt: skip
    """A place for each result that can be written into one, of the steps that are carried out.

    Those that are ``kept`` after the step have theirs from the first time on that they are used, and not in
    what is lent; of what a run makes for itself there is one block.
    """
    escaping = program.owners((*results, *program.inputs))
    lifetimes = Lifetimes(program, places, runs)
    for i in places:
        step = program.steps[i]
        if isinstance(step, Call) and has_place(program, step, escaping):
            lifetimes.add(step, i)
    wholes: dict[int, list[Ref]] = {}  # of what is kept, by its owner
    for ref in kept:
        wholes.setdefault(program.owner(ref), []).append(ref)
    for refs in wholes.values():
        lifetimes.keep(refs[0])
    arena = laid_out(lifetimes.all, lent or Lent(), len(program.steps))
    arena.over.update(lifetimes.over)
    for refs in wholes.values():
        whole = owner_of(program.values[refs[0].number])
        begin = arena.offsets[refs[0]]
        arena.offsets.update((r, begin + distance(whole, program.values[r.number])) for r in refs)
    return arena


class Lifetimes:
    """From when to when results are there, in the order of the steps that are carried out.

    Attributes
    ----------
    all : list of Lifetime
    over : dict of Ref to Ref
        Which results are written over others, that nothing reads any more; those have the lifetime.
    """

    def __init__(self, program: Program, places: list[int], runs: Sequence[Blocked]) -> None:
        self.program, self.places = program, places
        self.all: list[Lifetime] = []
        self.over: dict[Ref, Ref] = {}
        self._number_of: dict[Ref, int] = {}  # which lifetime an array has, until another is written over it
        self._run_of = {i: run for run in runs for i in run.places}
        self._block_of = {r: run.length for run in runs for r in run.inner}
        self._last = {program.owner(ref): i for i in places for ref in program.steps[i].used}

    def add(self, call: Call, i: int) -> None:
        """Take the result of a call at a place."""
        (out,) = call.outputs
        start, stop = i, self._last[self.program.owner(out)]
        if out not in self._block_of:
            start, stop = self._begin(start), self._end(stop)
        if (before := self._written_over(call, i)) is None:
            value = self.program.values[out.number]
            self._number_of[out] = len(self.all)
            size = self._block_of[out] * value.itemsize if out in self._block_of else value.nbytes
            self.all.append((start, stop, out, size))
        else:
            k = self._number_of[out] = self._number_of.pop(before)
            begin, _, first, size = self.all[k]
            self.over[out] = first
            self.all[k] = begin, stop, first, size

    def keep(self, ref: Ref) -> None:
        """Take the whole memory of an array that stays after the step, from its first use on."""
        program, owner = self.program, self.program.owner(ref)
        first = next(i for i in self.places if owner in map(program.owner, program.steps[i].used))
        size = owner_of(program.values[ref.number]).nbytes
        self.all.append((self._begin(first), len(program.steps), ref, size))

    def _begin(self, i: int) -> int:
        """When the run begins that a place belongs to: what is more than a block is there then."""
        return self._run_of[i].places[0] if i in self._run_of else i

    def _end(self, i: int) -> int:
        return self._run_of[i].places[-1] if i in self._run_of else i

    def _written_over(self, call: Call, i: int) -> Ref | None:
        """What a call may write its result over: an argument of the same form, which is used last there.

        In a run of blocks it may be what another call of the run has used last.
        """
        program, run = self.program, self._run_of.get(i)
        in_place, before = call.function in IN_PLACE or call.function is np.where, {i}
        candidates = [*(call.args[2:] if call.function is np.where else call.args)] if in_place else []
        if run is not None:
            before |= {k for k in run.places if k < i}
            calls: Any = (program.steps[k] for k in run.places if k < i)
            candidates += [a for other in calls for a in refs_in(other.args)]
        value = program.values[call.outputs[0].number]
        owners = [program.owner(a) for a in call.args if type(a) is Ref]
        for a in candidates:
            if type(a) is not Ref or a not in self._number_of:
                continue
            if run is not None and (a in run.inner) != (call.outputs[0] in run.inner):  # a block, and a whole
                continue
            if self._last[owner := program.owner(a)] in before and owners.count(owner) <= in_place:
                other = program.values[a.number]
                alike = (other.shape, other.strides, other.dtype) == (value.shape, value.strides, value.dtype)
                if alike and program.is_whole(a):
                    return a
        return None


def has_place(program: Program, call: Call, escaping: Collection[int]) -> bool:
    """Whether the result of a call is written into a place of its own."""
    if call.writes or len(call.outputs) != 1:
        return False
    if not (takes_out(call.function) or copies_in_order(program, call) or is_choice(program, call)):
        return False
    kinds = (Ref, np.ndarray, np.generic, bool, int, float, complex)
    is_of_any = call.function in (*FILLS, *JOINS, *RESHAPES)
    if not is_of_any and not all(isinstance(a, kinds) for a in call.args[:2]):
        return False
    value, owner = program.values[call.outputs[0].number], program.owner(call.outputs[0])
    is_whole = isinstance(value, np.ndarray) and (value.base is None or call.function in RESHAPES)
    return is_whole and value.ndim > 0 and owner not in escaping and is_dense(value)


def is_choice(program: Program, call: Call) -> bool:
    """Whether a call chooses between two arrays, of a size that is worth a place."""
    if call.function is not np.where or len(call.args) != 3 or call.kwargs:
        return False
    return bool(program.values[call.outputs[0].number].nbytes >= CHOSEN)


def distance(whole: Any, part: Any) -> int:
    """How many bytes after the beginning of an array a part of it begins."""
    return int(part.__array_interface__["data"][0] - whole.__array_interface__["data"][0])


def laid_out(lifetimes: list[Lifetime], lent: Lent, end: int) -> Arena:
    """Places in one stretch of memory, or in what is lent until the end: those whose times overlap lie apart.

    They are placed one after another, the largest or the longest first, or as they come: as is shortest.
    """
    orders: list[Callable[[Lifetime], Any]] = [
        lambda lifetime: -lifetime[3],
        lambda lifetime: (lifetime[0], -lifetime[3]),
        lambda lifetime: (lifetime[0] - lifetime[1]) * lifetime[3],
        lambda lifetime: (lifetime[0] - lifetime[1], -lifetime[3]),
    ]
    made = (_placed(sorted(lifetimes, key=order), lent, end) for order in orders)
    return min(made, key=lambda arena: arena.size)


def _placed(lifetimes: list[Lifetime], lent: Lent, until: int) -> Arena:
    """Places in this order, each the lowest that there is."""
    placed = [(low, high, 0, until) for low, high in lent.walls]  # from where to where, and when, in order
    offsets, size = {}, 0
    for start, stop, ref, nbytes in lifetimes:
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
    is_method = isinstance(owner, np.ufunc) and function.__name__ in ("reduce", "accumulate")
    return function is np.clip or is_method


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
