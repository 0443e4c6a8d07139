"""Undoing: a step that raises an exception is taken back, and the function itself runs in its place.

Then the exception, and all that the function has done until then, are its own.  Up to the first line of a
step that writes what stays, nothing has to be undone but random draws.  Where a later line may raise an
exception by its values, what the step writes is saved before it.
"""

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..optim.clip import clip_norm_of
from .program import Call, Program, Ref, Step, owner_of, refs_in
from .trace.raising import BY_KEY, LINALG

RAISING = {"raise", "call"}  # of `numpy.errstate`


def may_raise(program: Program, step: Step) -> bool:
    """Whether a step may raise an exception for some values of the same shapes."""
    if not isinstance(step, Call):
        return False
    is_power = step.function is operator.pow and not program.numbers.isdisjoint(step.outputs)
    if is_strict(step) or step.function is clip_norm_of or is_power:  # of numbers of Python's
        return True
    if step.function in BY_KEY:
        return any(is_whole(program, key) for key in keys_of(step))
    of_linalg = getattr(step.function, "__module__", None) == "numpy.linalg"
    return of_linalg and getattr(step.function, "__name__", "") in LINALG


def keys_of(call: Call) -> list[Ref]:
    """What says which elements a call takes; nothing, if it takes none."""
    place = BY_KEY.get(call.function)
    return [] if place is None else refs_in(call.args[place : place + 1])


def is_whole(program: Program, ref: Ref) -> bool:
    """Whether an array has whole numbers."""
    return np.result_type(program.values[ref.number]).kind in "iu"


def bounded(program: Program) -> set[Ref]:
    """The whole numbers that are made of constants, and of those whose least and largest one is looked at.

    Layers and losses do so before they take elements, which then raises no exception.
    """
    looked_at: dict[Any, set[int]] = {"min": set(), "max": set()}
    roots: dict[Ref, set[int]] = {}
    for call in (step for step in program.steps if isinstance(step, Call)):
        if call.function in looked_at:
            looked_at[call.function] |= program.owners(call.reads)
        whole = [ref for ref in call.reads if is_whole(program, ref)]
        for out in call.outputs:
            found = [roots.get(ref, {program.owner(ref)}) for ref in whole]
            roots[out] = set().union(*found) if whole else {program.owner(out)}
    constants = program.owners(r for r, source in program.inputs.items() if source.kind == "constant")
    known = looked_at["min"] & looked_at["max"] | constants
    roots |= {ref: {program.owner(ref)} for ref in program.inputs}
    return {ref for ref, found in roots.items() if found <= known}


def is_strict(call: Call) -> bool:
    """Whether errors of floating-point numbers are raised in a call."""
    return not RAISING.isdisjoint((call.errors or np.geterr()).values())


class Safe:
    """How far a step can be undone, found while its lines are written, one step after another.

    Attributes
    ----------
    lines : int or None
        How many lines of the text come before the first one after which something has been written that
        stays; None while there is none.
    raises, raises_late : bool
        Whether a line may raise an exception by its values, and whether one behind these may.
    """

    def __init__(self, program: Program) -> None:
        self.lines: int | None = None
        self.raises = self.raises_late = False
        self._program, self._bounded = program, bounded(program)

    def note(self, step: Step, stays: bool, body: Iterable[str]) -> None:
        """Take note of a step whose lines come next, and of whether it writes what stays."""
        raises = may_raise(self._program, step)
        if isinstance(step, Call) and (keys := keys_of(step)) and not is_strict(step):
            raises &= not self._bounded.issuperset(keys)
        checks_before = isinstance(step, Call) and step.function is clip_norm_of and not is_strict(step)
        self.raises |= raises
        self.raises_late |= raises and (self.lines is not None or (stays and not checks_before))
        if stays and self.lines is None:
            self.lines = sum(line.count("\n") + 1 for line in body) + checks_before

    def release(self) -> None:
        """Forget the program, and what is known of it."""
        del self._program, self._bounded


class Undo:
    """What takes back what a step has done.

    Parameters
    ----------
    run : Run
    source : Source
    generators : list of Generator
        Those whose draws are given back.

    Attributes
    ----------
    saves : bool
        Whether what a step writes is saved before it.
    saved : tuple
        That, while a step is under way.
    """

    def __init__(self, run: Any, source: Any, generators: list[np.random.Generator]) -> None:
        program, self._source, self.generators = run.program, source, generators
        self._is_drawing = bool(run.generators) and not generators
        written, kinds = program.written(), {True: set[int](), False: set[int]()}
        for ref, source_of in program.inputs.items():
            kinds[source_of.kind == "argument"].add(program.owner(ref))
        self.saves = source.safe.raises_late and written.isdisjoint(kinds[True])
        values = [program.values[r.number] for r in program.inputs if program.owner(r) in written]
        self._owners = [*{id(o): o for o in map(owner_of, values)}.values()] if self.saves else []
        self._packs = [pack for _, pack, _ in run.swap.packs] if self.saves else []
        self.saved: Any = ()
        self._states: list[Any] = []

    def save(self) -> None:
        """Remember what is there before a step."""
        self._states = [generator.bit_generator.state for generator in self.generators]
        if self.saves:
            self.saved = [o.copy("K") for o in self._owners], [[*pack.counts] for pack in self._packs]

    def give_back(self) -> None:
        """Give back the draws of a step."""
        for generator, state in zip(self.generators, self._states):
            generator.bit_generator.state = state

    def undone(self, error: BaseException, code: Any) -> bool:
        """Whether a step, the function of this code, that has raised an exception could be undone."""
        if self._is_drawing or (line := line_in(error, code)) is None:
            return False
        safe = self._source.safe.lines
        if not self.saves and safe is not None and line - self._source.indent > safe:
            return False
        self.give_back()
        if self.saves:
            for owner, before in zip(self._owners, self.saved[0]):
                owner[...] = before
            for pack, counts in zip(self._packs, self.saved[1]):
                pack.counts = counts
            self.saved = ()
        else:
            self._source.count_back()
        return True


def line_in(error: BaseException, code: Any) -> int | None:
    """The line of a function, its first being 1, in which an exception was raised; None if nowhere."""
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code is code:
            return traceback.tb_lineno - int(code.co_firstlineno)
        traceback = traceback.tb_next
    return None
