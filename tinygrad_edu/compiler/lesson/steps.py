"""Steps of a lesson: those of the program, with new results in the place of writes, and in fewer words."""

from typing import Any

import numpy as np

from ..passes.copies import substituted
from ..program import Call, Check, Ref, is_room, owner_of
from .expressions import OPERATORS
from .names import LessonNames
from .tidy import tidy


class LessonSteps(LessonNames):
    """What a lesson tells, in order.

    Attributes
    ----------
    live : list of Call, Check or Live
    now : dict of Ref to Ref
        What stands for results of the program.
    """

    def __init__(self, run: Any, name: str) -> None:
        super().__init__(run, name)
        steps = tidy(self.program, self.live, self.run.refs)
        self.live = self._without_orders(self._without_fills(self._without_writes(steps)))

    def _without_writes(self, steps: list[Any]) -> list[Any]:
        """The steps with new results in the place of writes into what nobody sees but the step itself."""
        scratch = {r for r in self.program.inputs if id(owner_of(self.values[r.number])) in self.scratch}
        there = {self.program.owner(r) for r in self.program.inputs if r not in scratch}
        now: dict[Ref, Ref] = {}
        found = []
        for i, step in enumerate(steps):
            one = substituted(step, now)
            target = one.writes[0] if isinstance(one, Call) and len(one.writes) == 1 else None
            if target is not None and self._can_be_new(step, there, steps[i + 1 :]):
                new = self.program.again(target)
                if target in self.names and step.writes[0] in self.run.refs:
                    self.names[new] = self.names.pop(target)
                role = self.roles.get(id(self.values[target.number]))
                if role is not None:
                    self.latest[role] = new
                now[step.writes[0]] = new
                for old, was in list(now.items()):
                    if was == target:
                        now[old] = new
                args, kwargs = one.args[: one.function.nin], dict(one.kwargs)
                kwargs.pop("out", None)
                one = one._replace(outputs=(new,), writes=(), args=args, kwargs=kwargs)
            for part in self._from_outside(one):
                base = self._base(part)
                if id(part) not in self.roles and base in self.latest:
                    self.kept.add(self.latest[base])  # a view of it is read by this name
                    self.names[self.latest[base]] = base
            found.append(one)
        self.now = now
        read = {r for s in found if isinstance(s, Call) for r in s.reads}
        return [s for s in found if not (is_room(s) and s.outputs[0] not in read)]

    def _without_fills(self, steps: list[Any]) -> list[Any]:
        """The steps with a number in the place of an array that is filled with it, in sums and products."""
        calls = [step for step in steps if isinstance(step, Call)]
        fills = {c.outputs[0]: c.args[0] for c in calls if c.function is np.broadcast_to}
        kept = {*self.names, *self.kept, *(self.now.get(r, r) for r in self.run.refs)}
        for call in calls:
            read = set(call.reads)
            shapes = [np.shape(self.values[r.number]) for r in read if r not in fills]
            out = np.shape(self.values[call.outputs[0].number]) if call.outputs else None
            if call.function not in OPERATORS or call.kwargs or call.writes or out not in shapes:
                kept |= read
        kept |= {step.ref for step in steps if isinstance(step, Check)}
        numbers = {
            ref: value for ref, value in fills.items()
            if ref not in kept and np.ndim(self.values[value.number] if type(value) is Ref else value) == 0
        }  # fmt: skip
        left = [s for s in steps if not (isinstance(s, Call) and s.outputs[:1] and s.outputs[0] in numbers)]
        return [substituted(s, numbers) if isinstance(s, Call) else s for s in left]

    def _without_orders(self, steps: list[Any]) -> list[Any]:
        """The steps without copies into C's order of what is only copied into a vector."""
        others: set[Ref] = set()
        for step in steps:
            if isinstance(step, Call) and not self._is_gathered(step):
                others.update(step.reads)
        found, by = list[Any](), dict[Ref, Ref]()
        for one in steps:
            step = substituted(one, by)
            if isinstance(step, Call) and step.function is np.copy:
                source, out = step.args[0], step.outputs[0]
                if out not in others and source not in self.names and source not in self.program.inputs:
                    by[out] = source
                    if out in self.names:
                        self.names[source] = self.names.pop(out)
                    continue
            found.append(step)
        self.now |= by
        return found

    def _from_outside(self, step: Any) -> list[Any]:
        """The arrays in a call that are there before the step."""
        if not isinstance(step, Call):
            return []
        refs = [r for r in step.reads if r in self.program.inputs]
        return [*(self.values[r.number] for r in refs), *(a for a in step.args if isinstance(a, np.ndarray))]

    def _can_be_new(self, call: Call, there: set[int], later: list[Any]) -> bool:
        """Whether a call may give a new result where it writes into an array."""
        if not isinstance(call.function, np.ufunc) or call.kwargs.keys() - {"out"}:
            return False
        target = call.writes[0]
        value, owner = self.values[target.number], self.program.owner(target)
        if owner in there or not (self.program.is_whole(target) or id(value) in self.scratch):
            return False
        kinds = [self.values[a.number].dtype if type(a) is Ref else getattr(a, "dtype", type(a))
                 for a in call.args[: call.function.nin]]  # fmt: skip
        try:
            if call.function.resolve_dtypes((*kinds, None))[-1] != value.dtype:
                return False
        except TypeError:
            return False
        if id(value) in self.scratch:
            return True
        first, lies = call.args[0], self.program.strides.get(target.number)
        whole = type(first) is Ref and np.shape(self.values[first.number]) == value.shape
        if whole and self.program.strides.get(first.number, lies) != lies:
            return False  # a new result would lie in memory as the first operand does
        made = {r for s in later if isinstance(s, Call) for r in s.outputs}
        return not any(
            self.program.owner(r) == owner and r != target and r not in made
            for s in later if isinstance(s, Call) for r in s.reads
        )  # fmt: skip

    def _is_gathered(self, call: Call) -> bool:
        """Whether it copies something into its part of an optimizer's vector."""
        if call.function != "__setitem__" or call.args[1] is not Ellipsis:
            return False
        value = self.values[call.args[0].number]
        return call.args[0] in self.program.inputs and id(owner_of(value)) in self.scratch
