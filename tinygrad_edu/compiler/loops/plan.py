"""A plan: where a program is cut between C and NumPy, and where each of its memories lies."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..memory.inner import arrays_are_as_known, references_are_as_known
from ..passes.dead import needed
from ..passes.lent import lent, own_packs
from ..program import Call, Check, Live, Program, Ref, owner_of, refs_in
from ..undoing import is_strict
from .arena import arena_of
from .fusing import fused, only_in
from .kinds import Each, Statement, reads, writes
from .lowering import Lowering
from .memories import Memories, NoLoop

STACK = 1 << 17  # bytes that a step may take on it


class Segment(NamedTuple):
    """Steps one after another that are one function in C, or a step that is a line of NumPy, and why."""

    statements: list[Statement]
    step: Any = None
    place: int = -1
    why: str = ""


class Plan:
    """How a program runs in C.

    Attributes
    ----------
    segments : list of Segment
    groups : list of list of list of Statement
        The loops of each segment that is in C.
    lives : list of Live
        The counting of optimizers that make one step, which is done first.
    memories : Memories
    kinds : dict of int to str
        How C finds each memory: "fixed" is there before the step, "argument" is given, "result" is another in
        every step, "shared" with lines of NumPy, in the "arena", on the "stack", or "fleeting", in registers
        of one loop; C knows nothing of what is "python".
    room : dict of int to array
        The bytes of what is shared.
    offsets : dict of int to int
        Where in the arena memories begin, those of kept arrays among them; ``size`` are its bytes.  What is
        below 0 lies in memory that is ``lent``.
    whole : list of int
        The memories of kind "result", in the order of the results.
    written : set of int
        The memories that C writes to.
    kept : set of int
        Those of gradients that a step forgets before anything else.
    scratch : set of int
        Those that optimizers compute in, whose values nobody looks at after a step.
    """

    def __init__(
        self,
        program: Program,
        results: list[Ref],
        arguments: list[Ref],
        kept: Iterable[Ref] = (),
        draws: bool = False,
    ) -> None:
        if not arrays_are_as_known():
            raise NoLoop("arrays of this Python are not laid out as expected")
        self.program, self.results = program, results
        self.memories = Memories(program, arguments)
        self.lowering = Lowering(self.memories, draws)
        self.kept = {self.memories.of[r] for r in kept}
        self.lives: list[Live] = []
        places = sorted(needed(program, results))
        self.segments, self.lent = self._cut(places), lent(program, places)
        self.written = {o.memory for g in self.segments for s in g.statements for o in writes(s)}
        self.scratch = self._scratch()
        self._refuse_shared_bytes()
        self.groups = [fused(s.statements) for s in self.segments if s.step is None]
        self._settle()

    # ---- where it is cut -----------------------------------------------------------------------------------

    def _cut(self, places: list[int]) -> list[Segment]:
        segments: list[Segment] = []
        by_numpy: set[Ref] = set()  # what lines of NumPy make
        counts = Counter(id(s.of[0]) for s in self.program.steps if isinstance(s, Live) and s.of is not None)
        for place in places:
            step = self.program.steps[place]
            written = step.writes if isinstance(step, Call) else ()
            if isinstance(step, Live) and is_begin(step) and counts[id(step.of[0])] == 1:
                self.lives.append(step)
                continue
            if place in self.memories.views and isinstance(step, Call):
                if step.args and set(refs_in(step.args)) & by_numpy:
                    by_numpy.update(step.outputs)
                continue
            try:
                if isinstance(step, Live):
                    raise NoLoop("a function of Python's")
                if isinstance(step, Check) and step.ref in by_numpy:
                    raise NoLoop("the value of a line of NumPy")
                if isinstance(step, Call) and is_strict(step):
                    raise NoLoop("errors of floating-point numbers are to be raised")
                statements = self.lowering.statements(step)
            except NoLoop as reason:
                self._note_writes(written)
                segments.append(Segment([], step, place, str(reason)))
                if isinstance(step, Call):
                    by_numpy.update(step.outputs)
                continue
            if not segments or segments[-1].step is not None:
                segments.append(Segment([]))
            segments[-1].statements.extend(statements)
            self._note_writes(written)
        return [s for s in segments if s.step is not None or s.statements]

    def _note_writes(self, refs: tuple[Ref, ...]) -> None:
        """Note that something has changed that stays: from here on a step in C cannot fail any more."""
        memories = self.memories
        if any(memories.all[m := memories.of[r]].kind != "own" and m not in self.kept for r in refs):
            self.lowering.has_written = True

    def _scratch(self) -> set[int]:
        owners = {
            id(owner_of(v)) for pack, *_ in own_packs(self.program)
            for v in (pack.step, pack.scratch, pack.total, pack.negative)
        }  # fmt: skip
        return {i for i, m in enumerate(self.memories.all) if id(m.array) in owners}

    def _refuse_shared_bytes(self) -> None:
        """Raise if what is written to shares bytes with what NumPy takes for another array's.

        Arrays made of one buffer do, which no array owns.
        """
        fixed = [(m.low, m.low + m.size, i) for i, m in enumerate(self.memories.all) if m.kind == "fixed"]
        for (_, end, i), (low, _, j) in pairwise(sorted(fixed)):
            if low < end and {i, j} & self.written:
                raise NoLoop("arrays of the step share memory")

    # ---- where everything lies -----------------------------------------------------------------------------

    def _settle(self) -> None:
        """Decide for each memory how C and Python find it."""
        of, everything = self.memories.of, self.memories.all
        in_c: dict[int, list[int]] = {}
        in_python: set[int] = set()
        for i, segment in enumerate(self.segments):
            for s in segment.statements:
                for operand in (*reads(s), *writes(s)):
                    in_c.setdefault(operand.memory, []).append(i)
            if isinstance(segment.step, Check):
                in_python.add(of[segment.step.ref])
            elif isinstance(segment.step, Call):
                step = segment.step
                in_python.update(of[r] for r in (*step.reads, *step.outputs))
        returned = {of[r] for r in self.results}
        fleeting = {
            m for groups in self.groups for group, alone in zip(groups, only_in(groups))
            for m in alone if isinstance(group[0], Each)
        }  # fmt: skip
        self.kinds: dict[int, str] = {}
        room = STACK
        for m, memory in enumerate(everything):
            if memory.kind != "own":
                kind = memory.kind
            elif m not in in_c:
                kind = "python"
            elif m in returned and m not in in_python and self._is_whole(m):
                kind = "result"
            elif m in in_python or m in returned or len(set(in_c[m])) > 1:
                kind = "shared"
            elif m in fleeting:
                kind = "fleeting"
            else:
                kind = "stack" if memory.size <= room else "arena"
                room -= memory.size if kind == "stack" else 0
            self.kinds[m] = kind
        own = dict.fromkeys(of[r] for r in self.results)
        self.whole = [m for m in own if self.kinds[m] == "result"]
        self._lay_out()

    def _is_whole(self, m: int) -> bool:
        """Whether a memory is that of one result, which may lie elsewhere in every step."""
        refs = [r for r in dict.fromkeys(self.results) if self.memories.of[r] == m]
        value = self.program.values[refs[0].number]
        dense = not isinstance(value, np.ndarray) or value.flags.c_contiguous or value.flags.f_contiguous
        whole = value.nbytes == self.memories.all[m].size
        return references_are_as_known() and len(refs) == 1 and dense and whole

    def _lay_out(self) -> None:
        """Find memory for what is neither there before nor on the stack."""
        self.room: dict[int, Any] = {}
        for m, kind in self.kinds.items():
            if kind == "shared":
                self.room[m] = np.zeros(self.memories.all[m].size + 64, np.uint8)
        sizes = {
            m: self.memories.all[m].size for m, kind in self.kinds.items()
            if kind == "arena" or m in self.kept
        }  # fmt: skip
        groups = [group for groups in self.groups for group in groups]
        self.size, self.offsets = arena_of(groups, sizes, self.kept, self.lent)


def is_begin(live: Live) -> bool:
    """Whether it is the counting of a pack whose parameters have all made as many steps."""
    return live.of is not None and len(set(live.of[0].counts)) == 1
