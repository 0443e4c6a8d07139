"""Keeping: gradients are written where those of the step before were, while nobody else holds these.

An optimizer looks at the gradients of several small parameters as at one vector; these then lie in such a
vector from the beginning, and need not be copied into it.
"""

from collections.abc import Callable, Iterable
from sys import getrefcount
from typing import Any

import numpy as np

from ...graph import Leaf
from ...tensor import Tensor
from ..memory.words import offset_of
from ..program import Call, Input, Program, Ref, owner_of
from .buffers import distance, takes_out
from .copies import substituted


class Kept:
    """Gradients that stay in their places, and the tensors by which variables have them.

    Parameters
    ----------
    leaves : list of Leaf
    arrays : list of ndarray
        Where the gradient of each one is written.
    move : callable
        Has the step write to other arrays, and returns these.

    Attributes
    ----------
    held : list
        What the variables have, and what of it may be referred to elsewhere.
    counts : list of int
        How often each of it is referred to, if nobody else does; it stays the same list.
    """

    def __init__(self, leaves: list[Any], arrays: list[Any], move: Callable[[], list[Any]]) -> None:
        self.leaves, self.arrays, self._move = leaves, arrays, move
        self._tensors = [Tensor._make(array, None) for array in arrays]
        owners = {id(o): o for o in map(owner_of, arrays)}
        apart = [o for o in owners.values() if all(o is not a for a in arrays)]
        self.held: list[Any] = [*self._tensors, *arrays, *apart]
        self.counts = [0] * len(self.held)
        self._alone: list[int] = []  # how often each is referred to while no variable has it
        self.words: Any = None  # what says the same in C, see `words.Words`
        self._before: list[tuple[Any, Any]] = []  # what variables had when they got these gradients
        self.are_lent = False  # whether variables get copies, since somebody has kept what they had

    def condition(self, name: Callable[..., str], words: Any) -> str:
        """That the variables have these gradients, and nobody else has anything of them, as text.

        Parameters
        ----------
        name : callable
        words : Words or None
            What says it in C.
        """
        if not self.leaves:
            return ""
        if words is not None:
            self.words = words
            return f"{name(words.hold)}()"
        each = [
            f"{name(leaf)}.grad is {name(t)} and {name(t)}._node is None and {name(t)}._array is {name(a)}"
            for (leaf, t), a in zip(self._pairs(), self.arrays)
        ]
        each += [f"references({name(o)}) == counts[{i}]" for i, o in enumerate(self.held)]
        return " and ".join(each)

    def _pairs(self) -> Iterable[tuple[Any, Any]]:
        return zip(self.leaves, self._tensors)

    def renew(self) -> None:
        """See that the variables have these gradients, unless somebody else holds one of them."""
        if self.are_lent:
            return
        counts = list(map(getrefcount, self.held))
        self._alone = self._alone or counts
        here = [leaf.grad is tensor for leaf, tensor in self._pairs()]
        extra = [*here, *[False] * (len(counts) - len(here))]
        plain = all(t._node is None and t._array is a for t, a in zip(self._tensors, self.arrays))
        if plain and counts == [alone + more for alone, more in zip(self._alone, extra)]:
            self._before = [(leaf, leaf.grad) for leaf, t in self._pairs() if leaf.grad is not t]
            for leaf, tensor in self._pairs():
                leaf.grad = tensor
            self.counts[:] = [a + (i < len(here)) for i, a in enumerate(self._alone)]
            if self.words is not None:
                self.words.set(self._conditions_on_words())
            return
        self.are_lent = True
        self.arrays = self._move()
        if self.words is not None:
            self.words.set([])
        self.held.clear()
        self._tensors.clear()
        self.counts.clear()

    def _conditions_on_words(self) -> list[tuple[int, int]]:
        """The addresses of words in memory, and what is there as long as nobody else holds anything."""
        found = [(id(o), n - 1) for o, n in zip(self.held, self.counts)]  # one by who has asked
        for (leaf, tensor), array in zip(self._pairs(), self.arrays):
            found.append((id(leaf) + offset_of(Leaf, "grad"), id(tensor)))
            found.append((id(tensor) + offset_of(Tensor, "_node"), id(None)))
            found.append((id(tensor) + offset_of(Tensor, "_array"), id(array)))
        return found

    def settle(self, failed: bool) -> None:
        """End a call that has begun with `renew`: where a check has failed, variables have what they had."""
        for leaf, grad in self._before if failed else ():
            leaf.grad = grad
        self._before = []

    def forget(self) -> None:
        """Take the gradients from the variables: a step that was broken off has left them half written."""
        for leaf in self.leaves:
            leaf.grad = None

    def lend(self) -> None:
        """Give the variables copies."""
        for leaf, array in zip(self.leaves, self.arrays):
            leaf.grad = Tensor._make(array.copy(), None)


# ---- the program -------------------------------------------------------------------------------------------


def kept_in_place(
    program: Program,
    results: list[Ref],
    gradients: dict[Ref, str],
    vectors: Iterable[Any],
    by_out: bool = True,
) -> tuple[dict[Ref, Ref], list[Ref]]:
    """Have a program write gradients to places of their own; returns these, and all views of them.

    Parameters
    ----------
    program : Program
        It is changed.
    results : list of Ref
        All that the step gives, gradients among them.
    gradients : dict of Ref to str
        Those that may be kept, as nothing asks for what they were before, and what to call their places.
    vectors : iterable of ndarray
        In which optimizers collect gradients.
    by_out : bool, default=True
        Whether the places are given to NumPy's functions as ``out``.
    """
    owners = [program.owner(r) for r in results]
    makers = {
        s.outputs[0]: i for i, s in enumerate(program.steps)
        if isinstance(s, Call) and len(s.outputs) == 1 and not s.writes and takes_out(s.function)
    }  # fmt: skip
    fitting = [
        g for g in gradients
        if g in makers and owners.count(program.owner(g)) == 1 and _is_whole(program, g)
    ]  # fmt: skip
    by: dict[Ref, Ref] = {}
    dropped: set[int] = set()
    for vector in vectors:
        copies = _copies_into(program, vector, {*fitting} - by.keys())  # each may lie in one
        if copies:
            by |= _moved(program, vector, gradients, {step.args[0]: step.args[2] for step in copies.values()})
            by |= {step.args[2]: by[step.args[0]] for step in copies.values()}
            dropped |= copies.keys()
    for g in fitting:
        if g not in by:
            by[g] = program.new(np.empty_like(program.values[g.number]))
            program.inputs[by[g]] = Input("state", gradients[g])
    written = {makers[g] for g in fitting}
    steps: list[Any] = []
    for i, step in enumerate(program.steps):
        if i not in dropped:
            step = substituted(step, by)
            steps.append(step._replace(writes=step.outputs) if by_out and i in written else step)
    program.steps = steps
    for before, place in by.items():
        program.merge(before, place)
    return {g: by[g] for g in fitting}, list(dict.fromkeys(by.values()))


def _is_whole(program: Program, ref: Ref) -> bool:
    value = program.values[ref.number]
    return (
        isinstance(value, np.ndarray) and value.ndim > 0 and value.size > 0 and program.is_whole(ref)
        and value.flags.c_contiguous
    )  # fmt: skip


def _copies_into(program: Program, vector: Any, fitting: set[Ref]) -> dict[int, Call]:
    """The steps that copy gradients into a vector, if its parts may be the gradients themselves."""
    inputs = [r for r in program.inputs if owner_of(program.values[r.number]) is owner_of(vector)]
    if not inputs or not vector.size:
        return {}
    owner, found = program.owner(inputs[0]), {}
    for i, step in enumerate(program.steps):
        owners = program.owners(step.used)
        if owner not in owners:
            continue
        if isinstance(step, Call) and owner in program.owners(step.writes):
            if step.function != "__setitem__" or step.args[1] is not Ellipsis or step.args[2] not in fitting:
                return {}
            place, g = (program.values[step.args[k].number] for k in (0, 2))
            if step.args[0] not in inputs or (place.shape, place.strides) != (g.shape, g.strides):
                return {}
            if place.dtype != g.dtype or not place.flags.c_contiguous:
                return {}
            found[i] = step
    sources, last = {program.owner(step.args[2]): i for i, step in found.items()}, max(found, default=0)
    if len(sources) < len(found) or len({step.args[0] for step in found.values()}) < len(found):
        return {}
    for i, step in enumerate(program.steps):
        if isinstance(step, Call) and i not in found:
            if any(program.owner(w) in sources and i > sources[program.owner(w)] for w in step.writes):
                return {}
            reads = program.owners(step.reads)
            if owner in reads and i < last:
                return {}
    return found


def _moved(program: Program, vector: Any, names: dict[Ref, str], copied: dict[Ref, Ref]) -> dict[Ref, Ref]:
    """Views of another vector, by those of a vector; each is called as the gradient that it is."""
    made: dict[int, Any] = {}
    by = {}
    for ref, source in list(program.inputs.items()):
        value = program.values[ref.number]
        if owner_of(value) is owner_of(vector):
            by[ref] = program.new(twin(value, made))
            name = names[copied[ref]] if ref in copied else source.name
            program.inputs[by[ref]] = Input("state", name)
    return by


def twin(array: Any, made: dict[int, Any]) -> Any:
    """An array at the same place of another memory; the same for the same one."""
    if id(array) not in made:
        owner = owner_of(array)
        base = (
            made.setdefault(id(owner), np.empty_like(owner)) if owner is not array else np.empty_like(array)
        )
        if owner is not array:
            base = np.ndarray(array.shape, array.dtype, base, distance(owner, array), array.strides)
        made[id(array)] = base
    return made[id(array)]
