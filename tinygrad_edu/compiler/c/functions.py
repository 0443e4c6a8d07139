"""Functions in C: the segments of a plan, and what must hold of the arguments."""

import os
from collections.abc import Collection, Iterable
from math import prod
from typing import Any

import numpy as np

from ..loops.fusing import unread
from ..loops.kinds import Draw, Inner, Statement, reads, writes
from ..loops.memories import C_TYPES, NoLoop, Operand, address
from ..loops.plan import Plan
from ..memory import words
from ..program import Ref
from . import powers
from .alike import Alike
from .exp_log import MOST, inline
from .head import CALLED, HEAD, NARROW
from .many import Many
from .numbers import Counting
from .own_loops import own_loop
from .text import Printer

TINY = 128  # bytes
TRUTH = "int32_t"  # of few numbers: as wide as most of them, what is chosen by truths becomes vectors

KNOWN = "".join([inline(8), powers.TEXT, words.TEXT, HEAD])  # what all texts are alike in


class Functions:
    """The text in C of a plan: a function ``step_0``, ``step_1`` … for each segment of loops.

    Each is a function as Python calls it, see `callable.Callable`, given the arguments.  It returns 0, or 1
    where a check failed, and 2 where a result of the step before is still held.

    Parameters
    ----------
    plan : Plan
    arguments : list of Ref
    alone : bool
        Whether other threads wait while it runs.
    folder : path, default=None
        Where libraries are kept; see `cache.library`.

    Attributes
    ----------
    text : str
    slots : list
        What the table of addresses holds.
    first : bool
        Whether the arguments are looked at apart, by a function ``fits``, before anything else is done.
    counts : bool
        Whether ``step_0`` is also given, for each optimizer, the number of the step and its rate.
    many : Many or None
        Of how many steps are made in one call, where they can be; the function in C is ``steps``.
    why_one : str
        Why they cannot.
    """

    def __init__(
        self, plan: Plan, arguments: list[Ref], alone: bool, folder: str | os.PathLike[str] | None = None
    ) -> None:
        self.plan, self.memories, self.arguments, self.alone = plan, plan.memories, arguments, alone
        self.folder = folder
        self.slots: list[Any] = ["ndarray"]
        self.counting, self.alike = Counting(plan.lives), Alike()
        self.first = len(plan.segments) > 1 and bool(arguments or plan.whole)
        self.counts, self.many = False, None  # type: tuple[bool, Many | None]
        self.why_one = ""
        self.types = C_TYPES | ({"b1": TRUTH} if alone else {})  # of values, and of arrays nobody else sees
        self.text = self._text(range(len(plan.groups)))

    def _text(self, numbers: Iterable[int]) -> str:
        """The functions of all segments of loops."""
        self.counts = len(self.plan.segments) == 1 and self.counting.alone
        try:
            self.many = Many.of(self.plan, self.arguments, self.counting, self.folder)
        except NoLoop as reason:
            self.why_one = str(reason)
        functions = self.counting.functions(self.slot)
        self.inlined = self._inlined()
        made = list(map(self._function, numbers))
        fit = f"static int all_fit({self._parameters}) {{\n{self._conditions()}    return 0;\n}}\n"
        functions += [
            self.alike.text,
            ("__attribute__((always_inline)) inline " if self.alone else "CALLED ") + fit,
            *made,
        ]
        if self.first:
            functions.append(self._called("fits", "all_fit", 0))
        if self.many is not None:
            text = self.many.text(self._parameters, self._fit, self.slot)
            functions += [powers.TEXT, text]
        called, narrow = "" if self.alone else CALLED, self._is_narrow()
        inlined = inline(4 if narrow else 8) if self.inlined else ""
        return "\n".join([called + NARROW * narrow + HEAD + words.TEXT + inlined, *functions])

    @property
    def _statements(self) -> list[Statement]:
        return [s for groups in self.plan.groups for group in groups for s in group]

    def _is_narrow(self) -> bool:
        """Of tiny arrays, rows are stored as vectors of 16 bytes; larger ones, loaded where two of these lie,
        would wait for the memory.
        """
        operands = [o for s in self._statements for o in (*reads(s), *writes(s))]
        return all(prod(o.shape) * o.dtype.itemsize <= TINY for o in operands)

    def _inlined(self) -> set[np.ufunc]:
        """What is computed of few numbers, by a loop of ours: its call would take longer."""
        few = [s for s in self._statements if isinstance(s, Inner) and prod(s.out.shape) <= MOST]
        ours = {s.ufunc for s in few if self.alone and s.ufunc in (np.exp, np.log) and s.types == "f->f"}
        return {ufunc for ufunc in ours if own_loop(ufunc, "f->f", self.folder) is not None}

    def slot(self, what: Any) -> int:
        """The place of something in the table of addresses."""
        if what not in self.slots:
            self.slots.append(what)
            if len(what) > 1 and isinstance(what[0], np.ufunc):
                self.slots.append((*what, "data"))
        return self.slots.index(what)

    def _inner_slot(self, ufunc: Any, types: str) -> int:
        return self.slot((ufunc, types))

    def _function(self, number: int) -> str:
        """A segment, as ``body``, which is given where the arguments begin; and ``step``, which calls it."""
        used: dict[tuple[int, Any], str] = {}

        def pointer(memory: int, dtype: Any) -> str:
            return used.setdefault((memory, dtype), f"m{memory}_{dtype.str[1:]}")

        printer = Printer(pointer, self._inner_slot)
        printer.inlined, printer.types = self.inlined, self.types
        fleeting = {m for m, kind in self.plan.kinds.items() if kind == "fleeting"}
        groups = self.plan.groups[number]
        for group, left in zip(groups, self._unread(groups)):
            if self.alone:  # calls would take longer than the loops
                printer.group(group, fleeting, left)
            else:
                line = self.alike.call(group, fleeting, left, pointer, self._inner_slot, self._is_apart)
                printer.lines += line
        lines, apart = self._declared(used)
        body = indented([*lines, *printer.lines, "return 0;"])
        given = range(len(self.arguments))
        places, names, values = (
            "".join(text.format(i) for i in given) for text in (", char *d{0}", ", d{0}", ", DATA(x{0})")
        )
        before, parameters = self._fit * (not self.first), self._parameters
        counts = len(self.plan.lives) if self.counts else 0
        for k in range(counts):
            parameters += f", double t{k}, double lr{k}"
            before += f"    {self.counting.of_one(k, f't{k}', f'lr{k}')}\n"
        call = f"int found = body_{number}(p{values});"
        if not self.alone:
            save, restore = (self.slot(("python", f"PyEval_{name}Thread")) for name in ("Save", "Restore"))
            call = f"void *state = SAVE(p[{save}]); {call} RESTORE(p[{restore}], state);"
        parted = "".join(f", {declared}" for declared in apart)
        begins = "".join(f", {at}" for at in apart.values())
        return (
            f"static inline int loops_{number}(void **p{places}{parted}) {{\n{body}}}\n\n"
            f"static int body_{number}(void **p{places}) {{\n"
            f"    return loops_{number}(p{names}{begins});\n}}\n\n"
            f"static int made_{number}({parameters}) {{\n{before}    {call}\n    return found;\n}}\n\n"
            + self._called(f"step_{number}", f"made_{number}", 2 * counts)
        )

    def _is_apart(self, memory: int, others: Collection[int]) -> bool:
        """Whether a memory shares no byte with others, as two do that lie in the arena at different times."""
        plan, memories = self.plan, self.memories.all
        if memory not in plan.offsets:
            return plan.kinds[memory] in ("fixed", "argument", "result", "stack")
        begin, there = plan.offsets[memory], [m for m in others if m in plan.offsets and m != memory]
        return all(
            begin + memories[memory].size <= plan.offsets[m] or plan.offsets[m] + memories[m].size <= begin
            for m in there
        )

    def _unread(self, groups: list[list[Statement]]) -> list[set[Operand]]:
        """For each group what optimizers only compute in."""
        whole = len(self.plan.segments) == 1
        return unread(groups, self.plan.scratch) if whole else [set() for _ in groups]

    def _called(self, name: str, function: str, numbers: int) -> str:
        """A function as Python calls it, of the arguments and so many numbers, that calls another one."""
        first, convert = len(self.arguments), self.slot(("python", "PyFloat_AsDouble"))
        values = [f"v{k}" for k in range(numbers)]
        lines = ["void **p = (void **)DATA(self);"]
        lines += [f"const double {v} = NUMBER(p[{convert}], x[{first + k}]);" for k, v in enumerate(values)]
        if values:
            error = self.slot(("python", "PyErr_Occurred"))
            lines.append(f"if (({' || '.join(f'{v} == -1' for v in values)}) && ERROR(p[{error}])) return 0;")
        given = "".join(f", {v}" for v in (*(f"x[{i}]" for i in range(first)), *values))
        lines.append(f"return ANSWER(p[{self.slot(('python', 'PyLong_FromLong'))}], {function}(p{given}));")
        return f"void *{name}(void *self, void **x, word n) {{\n{indented(lines)}}}\n"

    @property
    def _parameters(self) -> str:
        return "void **p" + "".join(f", void *x{i}" for i in range(len(self.arguments)))

    @property
    def _fit(self) -> str:
        """The line that looks at the arguments."""
        given = "".join(f", x{i}" for i in range(len(self.arguments)))
        return f"    const int fit = all_fit(p{given});\n    if (fit) return fit;\n"

    def _conditions(self) -> str:
        """That arguments are arrays of NumPy's, and lie apart from what the step writes to."""
        plan, memories = self.plan, self.memories
        written = sorted(w for w in plan.written if plan.kinds[w] == "fixed")
        # A result of the step before that somebody has kept needs another place.
        lines = [
            f"if (*(intptr_t *)p[{self.slot(('result', k))}] != 1) return 2;" for k in range(len(plan.whole))
        ]
        meets = []
        for i, ref in enumerate(self.arguments):
            value, memory = plan.program.values[ref.number], memories.all[memories.of[ref]]
            lines.append(f"if (((void **)x{i})[1] != p[0]) return 1;")
            low = memory.low - address(value)
            meets.append(f"(DATA(x{i}) + {low} < end && at < DATA(x{i}) + {low + memory.size})")
        if self.alone:
            for w in written:
                at, size = f"(char *)p[{self.slot(('memory', w))}]", memories.all[w].size
                held = f"const char *const at = {at}, *const end = at + {size};"
                lines += [f"{{ {held} if ({' || '.join(meets)}) return 1; }}"] * bool(meets)
        elif written and meets:
            them = ", ".join(f"{{{self.slot(('memory', w))}, {memories.all[w].size}}}" for w in written)
            lines += [
                f"static const word written[][2] = {{{them}}};",
                f"for (word k = 0; k < {len(written)}; k++) {{",
                "    const char *const at = p[written[k][0]], *const end = at + written[k][1];",
                f"    if ({' || '.join(meets)}) return 1;",
                "}",
            ]
        return indented(lines)

    def _declared(self, used: dict[tuple[int, Any], str]) -> tuple[list[str], dict[str, str]]:
        """Names for where the memories begin: lines, and parameters, with what they are given, of those that
        are known to lie apart from all others.
        """
        lines, apart, plan, memories = [], dict[str, str](), self.plan, self.memories
        given = [memories.of[r] for r in self.arguments]
        called = (s for s in self._statements if isinstance(s, (Inner, Draw)))  # with steps in bytes
        by_bytes = {o.memory for s in called for o in (*reads(s), *writes(s))}
        for m in sorted({m for m, _ in used}):
            kind, size = plan.kinds[m], memories.all[m].size
            names = [(C_TYPES[d.str[1:]], d.itemsize, name) for (k, d), name in used.items() if k == m]
            if kind == "argument":
                at = f"d{given.index(m)}"
                value = plan.program.values[self.arguments[given.index(m)].number]
                before = address(value) - memories.all[m].low
                at += f" - {before}" * (before != 0)
            elif kind == "stack" and len(names) == 1:
                (dtype,) = (d for k, d in used if k == m)
                declared = (C_TYPES if m in by_bytes else self.types)[dtype.str[1:]]
                lines.append(f"{declared} {names[0][2]}[{-(-max(size, 1) // names[0][1])}] ALIGNED;")
                continue
            elif kind == "stack":
                lines.append(f"char m{m}[{max(size, 1)}] ALIGNED;")
                at = f"m{m}"
            else:
                at = f"p[{self.slot(('memory', m))}]"
            if len(names) == 1 and kind in ("fixed", "argument", "result") and m not in plan.kept:
                apart[f"{names[0][0]} *restrict const {names[0][2]}"] = f"({names[0][0]} *)({at})"
            else:
                lines += [f"{t} *const {name} = ({t} *)({at});" for t, _, name in names]
        return lines, apart


def indented(lines: Iterable[str]) -> str:
    """Lines of a function."""
    return "".join(f"    {line}\n" for line in lines)
