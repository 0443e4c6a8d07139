"""A program with its guards: it takes the place of the function while what it depends on is the same."""

from typing import Any

import numpy as np

from ..modes import MODE
from ..tensor import Tensor
from ..versions import SETTINGS, WRITES
from .copies import used
from .layout import same
from .numpy_source import Source
from .program import Call, Check, owner_of
from .tracing import Run


class Specialization:
    """One trace of a function, for certain shapes, dtypes, settings and Python values.

    Attributes
    ----------
    run : Run
        The run that was traced.
    source : Source
    """

    def __init__(self, run: Run) -> None:
        self.run, program = run, run.program
        read = {ref for step in program.steps for ref in used(step)}
        grads = {
            id(program.values[r.number]): r
            for r, i in program.inputs.items()
            if i.kind == "grad" and r in read
        }
        leaves = [(leaf, grad) for _, _, _, leaf, grad in run.swap.tensors if leaf is not None]
        self.absent = [leaf for leaf, grad in leaves if grad is None]
        self.present = [leaf for leaf, grad in leaves if grad is not None and id(grad._array) in grads]
        names = {r: i.name for r, i in program.inputs.items()}
        present = [
            grads[id(grad._array)] for _, grad in leaves if grad is not None and id(grad._array) in grads
        ]
        self.source = Source(program, run.results, names, [*run.layout.refs, *present])
        self.step = self.source.compiled()
        self.settings, self.recording = SETTINGS.count, MODE.get().recording
        self.tensors = [(t, t._array, t._node) for t in run.state.tensors.values()]
        self.places = [
            (place.get, value) for place, value in run.state.places
            if not place.of_optimizer and not isinstance(value, Tensor)
        ]  # fmt: skip
        self.sizes = [(container, size) for _, container, size in run.state.sizes]
        self.phases = [
            (pack, optimizer, optimizer.phase(pack.group, before["counts"][0] + 1), is_even(before["counts"]))
            for optimizer, pack, before in run.swap.packs
        ]
        checked = any(isinstance(step, Check) for step in program.steps)
        self.generators = run.generators if checked else []
        written = {
            WRITES.memory(owner_of(program.values[w.number]))
            for step in program.steps if isinstance(step, Call)
            for w in step.writes if program.is_there(w)
        }  # fmt: skip
        self.memories = sorted(written)
        WRITES.mark_all(self.memories)

    def fits(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any] | None:
        """The arrays that a call gives to the step, if this trace holds for it; None if not."""
        mode = MODE.get()
        if (
            SETTINGS.count != self.settings
            or mode.recording != self.recording
            or mode.debug.value is not None
        ):
            return None
        for tensor, array, node in self.tensors:
            if tensor._array is not array or tensor._node is not node:
                return None
        for get, value in self.places:
            if get() is not value and not same(get(), value):
                return None
        for container, size in self.sizes:
            if len(container) != size:
                return None
        for pack, optimizer, phase, even in self.phases:
            counts = pack.counts
            if is_even(counts) is not even or optimizer.phase(pack.group, counts[0] + 1) != phase:
                return None
        if any(leaf.grad is not None for leaf in self.absent) or any(
            leaf.grad is None for leaf in self.present
        ):
            return None
        arrays = self.run.layout.arrays(args, kwargs)
        return None if arrays is None else [*arrays, *(leaf.grad._array for leaf in self.present)]

    def __call__(self, arrays: list[Any]) -> tuple[bool, Any]:
        """Whether the step could be made, and what the function returns."""
        states = [generator.bit_generator.state for generator in self.generators]
        found = self.step(*arrays)
        if found is None:  # a check failed, before anything was written; the function will draw again
            for generator, state in zip(self.generators, states):
                generator.bit_generator.state = state
            return False, None
        if self.memories:
            WRITES.mark_all(self.memories)
        for leaf, gradient in zip(self.run.learned, found):
            leaf.grad = Tensor._make(np.asarray(gradient), None)
        return True, self.run.built(found[len(self.run.learned) :])


def is_even(counts: list[int]) -> bool:
    """Whether all parameters have made as many steps."""
    return counts.count(counts[0]) == len(counts)
