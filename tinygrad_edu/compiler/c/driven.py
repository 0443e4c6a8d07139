"""The function in Python that calls the loops in C, segment after segment, and lines of NumPy between."""

import math
import os
import re
from typing import Any

import numpy as np

from ..asleep import Text
from ..loops.kinds import Product, writes
from ..loops.memories import NoLoop, address, is_open, read_only, within
from ..loops.plan import Plan, Segment
from ..program import Call, Check, Live, Program, Ref, Step
from ..source.text import Source
from .functions import KNOWN, Functions

OURS = re.compile(r"P|R|r\d+|rooms|renew|undo|fits|many|at\d+|step_\d+|why")  # names in that function
SHORT = 1 << 16  # elements: a step that goes through more lets other threads run


class Driven(Source):
    """The text of a program in C, and that of the function in Python that calls it.

    What derives from it loads the one, and finds memory for both.

    Parameters
    ----------
    cache : path, default=None
        Where libraries are kept; see `cache.library`.
    places : dict of Ref to Ref, optional
        Where results are written that stay in their places, which only C does, and are not returned.

    Attributes
    ----------
    c : str or Text
        The text in C.
    cuts : list of (str, str)
        The lines that are left to NumPy, and why.
    """

    language, functions_of = "C", Functions
    until_it_runs = (
        "program", "buffers", "fixed", "scalars", "tested", "_constants", "_taken", "plan", "segments",
        "makers", "functions", "memories", "emitted", "prelude", "hoisted", "imports", "body", "_names",
        "_views", "attempts", "kept", "places", "results", "arguments", "_places_of", "_copies",
    )  # fmt: skip
    until_it_moves = ("given", "everything", "kinds", "slots", "offsets", "forms_of_gradients")

    def __init__(
        self,
        program: Program,
        results: list[Ref],
        names: dict[Ref, str],
        arguments: list[Ref],
        title: str,
        cache: str | os.PathLike[str] | None = None,
        places: dict[Ref, Ref] | None = None,
    ) -> None:
        self.folder, self._places_of = cache, places or {}
        super().__init__(program, results, names, arguments, title)
        self.places = self._places_of

    def _free(self, wish: str) -> str:
        name = super()._free(f"x_{wish}" if OURS.fullmatch(wish) else wish)
        return super()._free(f"x_{name}") if OURS.fullmatch(name) else name  # "step", the second time

    def _write(self) -> None:
        results = [self._places_of.get(r, r) for r in self.results]
        self.plan = plan = Plan(
            self.program, results, self.arguments, self._places_of.values(), self.language == "C"
        )
        if self._places_of and [s.step for s in plan.segments] != [None]:
            raise NoLoop("lines of NumPy, which know no other places of gradients")
        self.results = [r for r in self.results if r not in self._places_of]
        self.memories, self.segments, self.lives = plan.memories, plan.segments, plan.lives
        self.kinds, self.room, self.whole, self.size = plan.kinds, plan.room, plan.whole, plan.size
        self.everything, self.offsets, self.lent = plan.memories.all, plan.offsets, plan.lent
        self.forms_of_gradients = list(map(self._form_of, self._places_of.values()))
        self.makers = {
            r: s for s in self.program.steps if isinstance(s, Call) for r in s.outputs if r not in s.writes
        }
        self.cuts: list[tuple[str, str]] = []
        self._copies: dict[int, str] = {}  # of memories that several results have, by these: names
        self.fixed = set()  # as far as the text names it
        self.buffers = {}  # of lines of NumPy, which make arrays of their own
        passes = sum(
            int(np.prod(o.shape)) * (64 if isinstance(s, Product) else 1)
            for g in self.segments for s in g.statements for o in writes(s)
        )  # fmt: skip
        self.functions = self.functions_of(plan, self.arguments, passes < SHORT, self.folder)
        self.c: Any = self.functions.text
        self.slots, self.first = self.functions.slots, self.functions.first
        self.many, self.counting = self.functions.many, self.functions.counting
        self.why_one = self.functions.why_one
        statements, loops = sum(len(s.statements) for s in self.segments), sum(map(len, plan.groups))
        self.numbers = [statements, loops, len(plan.groups)]  # which the report tells
        self.are_arrays = all(self.kinds[self.memories.of[r]] == "result" for r in self.results)
        self._drive()
        self._load()

    def _load(self) -> None:
        """Make what runs."""
        raise NotImplementedError

    def _form_of(self, ref: Ref) -> Any:
        """Where a gradient that stays lies."""
        raise NotImplementedError

    def _renew(self, table: Any, arrays: list[Any]) -> None:
        """Find other arrays for the results that somebody has kept."""
        raise NotImplementedError

    # ---- Python --------------------------------------------------------------------------------------------

    def _drive(self) -> None:
        """The function in Python."""
        numbers = iter(range(len(self.segments)))
        given = ", ".join(map(self.name, self.arguments))
        self.called = [f"step_{k}" for k in range(sum(s.step is None for s in self.segments))]
        self.called += ["fits"] if self.first else []
        self.emitted: set[Ref] = set(self.arguments)
        if self.whole:
            self.body += [f"{', '.join([*self.called, 'P', 'R'])} = rooms[0]", "rooms.reverse()"]
        if self.first:
            self.body.append(self._called("fits", given, "return None"))
        rooms, arguments = list(self.body), given
        before, numbers_of, after = self._counted()
        self.is_counted = bool(self.lives and not after)
        self.body, given = self.body + before, ", ".join(filter(None, (given, numbers_of)))
        failed = "undo(); return None" if self.lives and not after else "return None"
        for segment in self.segments:
            self.safe.note(segment.step, self._stays(segment), self.body)
            if segment.step is None:
                number = next(numbers)
                self.body.append(self._called(f"step_{number}", given, failed, not self.first))
            else:
                self._line_of_numpy(segment, failed)
        self.body += after
        returned = [self._result_text(r) for r in self.results]
        if len(self.whole) > 2:  # faster than one after another
            self.body.append(f"{', '.join(f'r{k}' for k in range(len(self.whole)))} = R")
            returned = [
                r.replace("R[", "r", 1).replace("]", "", 1) if r.startswith("R[") else r for r in returned
            ]
        self.body.append(f"return ({''.join(f'{r}, ' for r in returned)})")
        if self.many is not None:
            arguments = ", ".join(filter(None, ("P", arguments)))
            called = self._called("many", arguments, "return None")
            ends = self.body[-2:] if len(self.whole) > 2 else self.body[-1:]
            self.body_of_many = [*rooms, called, *ends]

    def _counted(self) -> tuple[list[str], str, list[str]]:
        """How optimizers count a step: lines before it, what C is given besides, and lines after it.

        C computes their numbers where it can.
        """
        if not self.functions.counts:
            return [f"{self.constant(live.function, 'begin')}()" for live in self.lives], "", []
        before: list[str] = []
        given: list[str] = []
        after: list[str] = []
        for k, live in enumerate(self.lives):
            pack, unknown = live.of[0], [math.nan] * len(live.of[0].numbers.scalars)
            name, numbers = self.constant(pack, "pack"), self.constant(pack.numbers, "numbers")
            before.append(f"at{k} = {name}.counts[0] + 1")
            given.append(f"at{k}, {self.constant(pack.group, 'group')}.lr")
            after.append(f"{name}.counts = [at{k}] * {len(pack.counts)}")
            after.append(f"{numbers}.floats = {self.constant(unknown, 'unknown')}")
        return before, ", ".join(given), after

    def _stays(self, segment: Segment) -> bool:
        """Whether something is written in a segment that stays."""
        step, memories = segment.step, self.memories
        written = {o.memory for s in segment.statements for o in writes(s)}
        written |= {memories.of[r] for r in step.writes} if isinstance(step, Call) else set()
        return isinstance(step, Live) or any(memories.all[m].kind != "own" for m in written - self.plan.kept)

    def _called(self, function: str, given: str, failed: str, begins: bool = True) -> str:
        """A call in C.  It gives 2 where it could not begin, and is called again, with other results; not
        where a check has failed, as it would draw other numbers then.
        """
        if not (self.whole and begins):
            return f"if {function}({given}): {failed}"
        self.constant(self._renew, "renew")
        return (
            f"if (why := {function}({given})):\n        if why != 2: {failed}\n        renew(P, R)\n"
            f"        if {function}({given}): {failed}"
        )

    def _line_of_numpy(self, segment: Segment, failed: str) -> None:
        step: Step = segment.step
        if isinstance(step, Live):
            self.body.append(f"{self.constant(step.function, step.name)}()")
            return
        if isinstance(step, Check):
            self._find(step.ref)
            self.body.append(f"if {self._failing(step)}: {failed}")
            return
        for ref in dict.fromkeys(step.reads):
            self._find(ref)
        made = [r for r in step.outputs if r not in step.writes]
        kept = [r for r in made if self.kinds[self.memories.of[r]] != "python"]
        line = self._line(step)
        self._add([line], step.errors)
        self._add([])
        self.emitted.update(made)
        for ref in kept:
            if ref in self.memories.moving or self.kinds[self.memories.of[ref]] in ("fixed", "argument"):
                continue
            value = self.program.values[ref.number]
            room = self.constant(self._in_room(ref), "room")
            if isinstance(value, np.ndarray):
                self.body.append(f"if {self.name(ref)}.shape != {value.shape}: {failed}")
            self.body.append(f"{room}[...] = {self.name(ref)}")
            if isinstance(value, np.ndarray):  # which C may change
                self.body.append(f"{self.name(ref)} = {room}")
            else:
                self.emitted.discard(ref)
        self.cuts.append((line, f"{segment.why}, in {step.where}"))

    def _in_room(self, ref: Ref) -> Any:
        """The array that C knows as this one."""
        value, memory = self.program.values[ref.number], self.memories.all[self.memories.of[ref]]
        room = self.room[self.memories.of[ref]]
        if not isinstance(value, np.ndarray):
            return np.ndarray((), value.dtype, room)
        offset = address(value) + self.memories.shift.get(ref, 0) - memory.low
        return np.ndarray(value.shape, value.dtype, room, offset, value.strides)

    def _find(self, ref: Ref) -> None:
        """See that a name means what it should when a line of NumPy runs."""
        kind = self.kinds[self.memories.of[ref]]
        if ref in self.emitted or ref in self.fixed:
            return
        value = self.program.values[ref.number]
        if kind == "fixed" and ref not in self.memories.moving:
            self.given[self.name(ref)] = value
            self.fixed.add(ref)
        elif kind == "shared" and ref not in self.memories.moving:
            if isinstance(value, np.ndarray):
                self.given[self.name(ref)] = self._in_room(ref)
                self.fixed.add(ref)
            else:
                taken = ".item()" if ref in self.program.numbers else "[()]"
                self.body.append(f"{self.name(ref)} = {self.constant(self._in_room(ref), 'room')}{taken}")
        else:
            step = self.makers[ref]
            for other in dict.fromkeys(step.reads):
                self._find(other)
            self.body.append(self._line(step))
            self.emitted.add(ref)

    def _result_text(self, ref: Ref) -> str:
        m = self.memories.of[ref]
        if self.kinds[m] == "result":
            is_array = isinstance(self.program.values[ref.number], np.ndarray)
            return f"R[{self.whole.index(m)}]" + ("" if is_array or self.are_arrays else "[()]")
        if self.kinds[m] == "shared":
            if isinstance(self.program.values[ref.number], np.ndarray):
                return self._copy_text(ref, m)
            return f"{self.constant(self._in_room(ref), 'room')}[()]"
        self._find(ref)
        return self.name(ref)

    def _copy_text(self, ref: Ref, m: int) -> str:
        """A result in memory of its own, which it has together with the other results that lie there."""
        inside, opened = self._in_room(ref), is_open(self.program.values[ref.number])
        if is_moving := ref in self.memories.moving:
            self._find(ref)  # where it lies is another place in every step
        if opened and len({r for r in self.results if self.memories.of[r] == m}) < 2:
            return f"{self.name(ref) if is_moving else self.constant(inside, 'room')}.copy('K')"
        room = self.constant(self.room[m], "room")
        offset: Any = within(inside, self.room[m])
        offset = f"{self.constant(within)}({self.name(ref)}, {room})" if is_moving else offset
        if (copy := self._copies.get(m)) is None:
            self._copies[m] = copy = self._free("copy")
            copy = f"({copy} := {room}.copy())"
        makes, dtype = np.ndarray if opened else read_only, self.constant(inside.dtype, "dtype")
        return f"{self.constant(makes)}({inside.shape}, {dtype}, {copy}, {offset}, {inside.strides})"

    @property
    def text(self) -> str:
        """The function of one step and, if there may be many in one call, that of many."""
        text = super().text
        if self.many is None or self._asleep is not None:
            return text
        arguments = ", ".join(map(self.name, self.arguments))
        many = [f"def steps({arguments}):", *(f"    {line}" for line in self.body_of_many)]
        return "\n".join([text, "", *many, ""])

    def release(self) -> None:
        """Forget what the texts were made of."""
        super().release()
        self.c, self.body_of_many = Text(self.c, KNOWN), []

    @property
    def shown(self) -> str:
        """Both texts."""
        return f"{self.text}\n\n# ---- in {self.language} ----\n{self.c}"
