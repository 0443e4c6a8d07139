"""A program as the text of a Python function: straight-line NumPy, which is also what runs."""

import linecache
import textwrap
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from ..asleep import PLAIN, Asleep, Text
from ..loops.memories import Memory
from ..passes.buffers import buffers
from ..passes.checks_first import staying
from ..passes.dead import needed
from ..passes.fold import scalars_of
from ..passes.in_blocks import Blocked, blocked_in
from ..passes.lent import ALIGNED, lent
from ..program import Call, Check, Live, Program, Ref, Step, refs_in
from ..state.counting import NAMES, counting_lines
from ..texts import defined
from ..undoing import Safe
from .spelling import told
from .surrounding import SURROUNDING, Surrounded

# Names in the text.
OWN = ("step", "np", "math", "given", "memory", "array", "SimpleNamespace", *NAMES, *SURROUNDING)
LARGE = 1 << 9  # bytes of an array that is forgotten when it is used no more


class Source(Surrounded):
    """The text of a program, and what it needs to run.

    Parameters
    ----------
    program : Program
    results : list of Ref
        What the function returns, in a tuple.
    names : dict of Ref to str
        What a reader would call some of the arrays.
    arguments : list of Ref
        The inputs that are given to it in every call.
    title : str
        What a traceback calls the text.
    attempts : collection of Ref
        Results whose making raises an IndexError where a check has failed.
    kept : collection of Ref
        Inputs that are written to before they are read, and stay in their places among the buffers.

    Attributes
    ----------
    text : str
        Imports, memory, and a function ``step``, which takes the arguments and returns the results, or None
        where a check failed.
    given : dict of str to object
        What the text does not make: parameters, what optimizers remember, constants, generators.
    size : int
        The bytes of its buffers.
    places : dict of Ref to Ref
        Where gradients are written that are not among the results.
    safe : Safe
        How far a step can be undone.
    why : str
        Why it is not in C, if that was asked for.
    """

    why = ""
    are_arrays = False  # whether it gives numbers as arrays without axes
    many: Any = None  # of steps in one call of C, see `many.Many`
    until_it_runs: tuple[str, ...] = (
        "program", "buffers", "fixed", "scalars", "tested", "_last", "_users", "_constants", "_taken", "runs",
        "prelude", "hoisted", "imports", "body", "_names", "_views", "attempts", "kept", "places", "results",
        "arguments",
    )  # fmt: skip
    until_it_moves: tuple[str, ...] = ("given",)
    _asleep: Text | None = None  # the text, since it does not change any more

    def __init__(
        self, program: Program, results: list[Ref], names: dict[Ref, str], arguments: list[Ref], title: str,
        attempts: Collection[Ref] = (), kept: Collection[Ref] = (),
    ) -> None:  # fmt: skip
        self.attempts, self.kept = frozenset(attempts), list(kept)
        self.program, self.results, self.arguments, self.title = program, results, arguments, title
        self.places: dict[Ref, Ref] = {}
        super().__init__(names, OWN)
        self.safe = Safe(program)
        self.prelude: list[str] = []
        self.body: list[str] = []
        self.fixed = {r for r in program.inputs if r not in arguments}
        self.scalars, self.tested = scalars_of(program)
        self._write()

    @property
    def text(self) -> str:
        """The whole text."""
        if self._asleep is not None:
            return str(self._asleep)
        plain = sorted(n for n, what in self.imports.items() if n == what)
        wrapped = textwrap.wrap(f"from numpy import {', '.join(plain)}", 100) if plain else []
        if len(wrapped) > 1:
            wrapped = [f"    {line}" for line in textwrap.wrap(", ".join(plain), 100)]
            wrapped = ["from numpy import (", *wrapped, ")"]
        others = [f"{n} = {what}" for n, what in self.imports.items() if n != what]
        made = [f'{name} = given["{name}"]{told(value)}' for name, value in self.given.items()]
        lines = [
            *(["import math", ""] if any("math." in line for line in self.body) else []),
            "import numpy as np", *wrapped, *others, "", *made, *self.prelude, *self.hoisted, "", "",
            f"def step({self._parameters()}):", *(f"    {line}" for line in self.body),
        ]  # fmt: skip
        return "\n".join(lines) + "\n"

    @property
    def shown(self) -> str:
        """What a reader is shown."""
        return self.text

    def conditions(self, name: Any) -> list[str]:
        """What must be as it was, beside what the trace depended on."""
        return []

    def report(self) -> list[str]:
        """What runs."""
        return [f"in NumPy: {self.why}" if self.why else "in NumPy"]

    def compiled(self) -> Any:
        """The function that the text defines."""
        text = self.text
        entry: Any = len(text), None, self._asleep or Text(text), self.title
        linecache.cache[self.title] = entry
        if self._asleep is None:
            self._asked = {*map(self.name, self.places.values())}
        self.defined = defined(text, self.title, {"given": self.given}, self._asked)
        return self.defined["step"]

    def moved(self) -> Any:
        """The function with other memory for what it keeps."""
        vars(self).update(self._parts.awake())
        try:
            return self._moved()
        finally:
            self._sleep()

    def _moved(self) -> Any:
        return self.compiled()

    def _sleep(self) -> None:
        """Have what only another function would need sleep."""
        parts = {name: vars(self).pop(name) for name in self.until_it_moves}
        same = [value for value in parts["given"].values() if type(value) in PLAIN]
        self._parts = Asleep(parts, Memory, same=same)

    def release(self) -> None:
        """Forget what the text was made of: it does not change any more."""
        others = ("if ", "return", "try", "finally")
        self.lines = sum(not line.startswith(others) for line in self.body)  # of which a step consists
        self.safe.release()
        self._asleep = linecache.cache[self.title][2]  # type: ignore[assignment, misc]
        self.__dict__ = {n: value for n, value in vars(self).items() if n not in self.until_it_runs}
        self._sleep()

    def __del__(self) -> None:
        """Have nobody else keep the text."""
        if self._asleep is not None and self._asleep in linecache.cache.get(self.title, ()):
            linecache.cache.pop(self.title, None)

    def words(self, most: int, forms: Sequence[Any] = ()) -> Any:
        """What looks in C at words of memory and at arguments, if there is C; see `words.Words`."""
        return None

    # ---- lines ---------------------------------------------------------------------------------------------

    def _write(self) -> None:
        live = needed(self.program, self.results)
        steps = {i: self.program.steps[i] for i in sorted(live)}
        self._give({r for step in steps.values() for r in step.used} | set(self.results))
        self._make_room(live)
        self._note_last_uses(live)
        self.buffer = self._small_buffers(steps.values())
        stays = staying(self.program, self.kept)
        for i, step in steps.items():
            self.safe.note(step, stays(step), self.body)
            self._write_step(i, step)
        self._add([])
        self._add([f"return {self._returned()}"])
        if self.buffer:
            self._take_small_buffers()

    def _give(self, used: set[Ref]) -> None:
        """What the text does not make, of the arrays that it names."""
        for ref in self.program.inputs:
            if ref in self.fixed and ref in used and ref not in self.kept:
                value = self.program.values[ref.number]
                # In an array without axes NumPy finds a number faster than in a scalar.
                self.given[self.name(ref)] = np.asarray(value) if isinstance(value, np.floating) else value

    def _write_step(self, i: int, step: Step) -> None:
        """The lines of a step; those of a run of blocks stand where the last of its calls was."""
        if isinstance(step, Live):
            self._add(self._counting(step))
            return
        if isinstance(step, Check):
            self._add([f"if {self._failing(step)}: return None"], self._errors)
            return
        if (run := self.runs.get(i)) is None:
            line = self._line(step)
            if self._is_fixed_view(step, self.fixed):
                self._hoist(step.outputs[0], line)
                self.fixed.update(step.outputs)
                return
            lines = line.split("\n") if line else []
            if self.attempts.intersection(step.outputs):
                lines = ["try:", f"    {line}", "except IndexError: return None"]
        elif i == run.places[-1]:
            lines = self._in_blocks(run)
        else:
            return
        lines += [f"del {', '.join(names)}"] if (names := self._done_with(i)) else []
        self._add(lines, step.errors)

    def _in_blocks(self, run: Blocked) -> list[str]:
        """The lines of calls that are made of a part of their arrays at a time."""
        calls: Any = [self.program.steps[i] for i in run.places]
        refs = dict.fromkeys(r for call in calls for r in (*refs_in(call.args), *call.outputs))
        arrays = [r for r in refs if getattr(self.program.values[r.number], "ndim", 0)]
        inner, names = {self.name(r) for r in run.inner}, {r: self.name(r) for r in arrays}
        parts = {name: self._free(f"{name}_part") for name in dict.fromkeys(names.values())}
        slices = [
            f"{n}[:{run.size} - i]" if n in inner else f"{n}.ravel('K')[i:i + {run.length}]" for n in parts
        ]
        blocks = self._free("blocks")
        every = f"for i in range(0, {run.size}, {run.length})"
        self.hoisted += [f"{blocks} = [", f"    ({', '.join(slices)})", f"    {every}", "]"]
        self._names |= {r: parts[name] for r, name in names.items()}
        lines = [f"for {', '.join(parts.values())} in {blocks}:", *(f"    {self._line(c)}" for c in calls)]
        self._names |= names
        return lines

    def _note_last_uses(self, live: set[int]) -> None:
        """Note where large arrays are used last that the step makes outside of its buffers."""
        last: dict[int, int] = {}
        self._users: dict[int, list[Ref]] = {}  # the arrays that share each memory
        for i in sorted(live):
            for ref in self.program.steps[i].used:
                last[owner := self.program.owner(ref)] = i
                self._users.setdefault(owner, []).append(ref)
        self._last: dict[int, list[int]] = {}  # the memories that are used last in each step
        kept = self.program.owners((*self.results, *self.fixed))
        for owner, i in last.items():
            values = (self.program.values[r.number] for r in self._users[owner])
            if owner not in kept and max(getattr(v, "nbytes", 0) for v in values) >= LARGE:
                self._last.setdefault(i, []).append(owner)

    def _done_with(self, place: int) -> list[str]:
        """The names that nothing uses after a step: others may have their memory."""
        refs = (r for owner in self._last.get(place, ()) for r in self._users[owner])
        return [self.name(r) for r in dict.fromkeys(refs) if r not in self.fixed]

    def _counting(self, step: Live) -> list[str]:
        """The lines of what runs in Python in every step."""
        lines = counting_lines(step, self.constant)
        return [f"{self.constant(step.function, step.name)}()"] if lines is None else lines

    def _returned(self) -> str:
        return f"({''.join(self.name(r) + ', ' for r in self.results)})"

    def _make_room(self, live: set[int]) -> None:
        """The memory of results that do not outlive the step."""
        places = sorted(live)
        lends = lent(self.program, places)
        arena = buffers(self.program, places, self.results, self.kept, (), lends)
        fixed = {*self.fixed, *arena.offsets, *arena.over}
        for step in (self.program.steps[i] for i in places):
            if isinstance(step, Call) and self._is_fixed_view(step, fixed):
                fixed.update(step.outputs)
        runs = blocked_in(self.program, places, fixed, self.results)
        arena = buffers(self.program, places, self.results, self.kept, runs, lends) if runs else arena
        self.runs = {i: run for run in runs for i in run.places}
        self.buffers, self.size = arena.offsets | arena.over, arena.size
        if not arena.offsets:
            return
        blocks = {r: run.length for run in runs for r in run.inner}
        self.prelude += [
            f"memory = np.empty({arena.size + ALIGNED}, np.uint8)",
            f"memory = memory[-memory.ctypes.data % {ALIGNED}:]",
        ]
        for ref, offset in arena.offsets.items():
            value = self.program.values[ref.number]
            strides = "" if value.flags.c_contiguous or ref in blocks else f", {value.strides}"
            shape = (blocks[ref],) if ref in blocks else value.shape
            room, begin = lends.found(offset) if offset < 0 else (None, offset)
            whole = f"{'memory' if room is None else self.constant(room, 'lent')}, {begin}{strides}"
            made = f'np.ndarray({shape}, "{value.dtype}", {whole})'
            if ref not in self._names and made in self._views:
                self._names[ref] = self._views[made]
            else:
                self.prelude.append(f"{self.name(ref)} = {made}")
                self._views.setdefault(made, self.name(ref))
            self.fixed.add(ref)
        for ref, first in arena.over.items():
            self._names[ref] = self.name(first)
            self.fixed.add(ref)
