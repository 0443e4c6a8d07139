"""A program as loops that numba compiles, where there is no C compiler: a variant of `native`."""

from collections.abc import Iterable
from typing import Any

from ...errors import TraceError
from ..c.functions import Functions, indented
from ..c.native import NativeSource
from ..loops.memories import address
from .head import head, hold
from .loops import NumbaPrinter


class NumbaFunctions(Functions):
    """The text of a plan, of functions in Python that numba can compile; they are given what those in C are.

    Optimizers count their steps in Python, and a call is one step.
    """

    def _text(self, numbers: Iterable[int]) -> str:
        made = list(map(self._function, numbers))
        if self.first:
            made.append(self._defined("fits", [*self._looks(), self._leaves(0)]))
        return "\n\n".join(made)

    def _defined(self, name: str, lines: list[str]) -> str:
        begin = ["p, x = pointer(pointer(this, intp)[2], intp), pointer(x, intp)"]
        return f"def {name}(this, x, n):\n{indented(line.rstrip(';') for line in [*begin, *lines])}"

    def _leaves(self, code: int) -> str:
        """The answer that Python is given."""
        return f"return invoke(p[{self.slot(('python', 'PyLong_FromLong'))}], {code})"

    def _function(self, number: int) -> str:
        used: dict[tuple[int, Any], str] = {}

        def memory(m: int, dtype: Any) -> str:
            return used.setdefault((m, dtype), f"m{m}_{dtype.str[1:]}")

        begin, end = [] if self.first else self._looks(), ""
        if not self.alone:
            save, restore = (self.slot(("python", f"PyEval_{name}Thread")) for name in ("Save", "Restore"))
            begin.append(f"state = invoke(p[{save}], 0)  # other threads run")
            end = f"invoke(p[{restore}], state); "
        printer = NumbaPrinter(memory, lambda ufunc, types: self.slot((ufunc, types)), end + self._leaves(1))
        fleeting = {m for m, kind in self.plan.kinds.items() if kind == "fleeting"}
        groups = self.plan.groups[number]
        for group, left in zip(groups, self._unread(groups)):
            printer.group(group, fleeting, left)
        lines = [*begin, *self._pointers(used), *printer.lines, end + self._leaves(0)]
        return self._defined(f"step_{number}", lines)

    def _looks(self) -> list[str]:
        """That arguments are arrays of NumPy's, and lie apart from what the step writes to."""
        plan, memories = self.plan, self.memories
        lines = [
            f"if pointer(p[{self.slot(('result', k))}], intp)[0] != 1: {self._leaves(2)}"
            for k in range(len(plan.whole))
        ]
        for i, ref in enumerate(self.arguments):
            value, memory = plan.program.values[ref.number], memories.all[memories.of[ref]]
            lines.append(f"if pointer(x[{i}], intp)[1] != p[0]: {self._leaves(1)}")
            lines.append(f"a{i} = pointer(x[{i}], intp)[2]")
            low = memory.low - address(value)
            for w in sorted(w for w in plan.written if plan.kinds[w] == "fixed"):
                at, here = f"p[{self.slot(('memory', w))}]", f"a{i} + {low}"
                ends = f"({here} < {at} + {memories.all[w].size}) & ({at} < {here} + {memory.size})"
                lines.append(f"if {ends}: {self._leaves(1)}")
        return lines

    def _pointers(self, used: dict[tuple[int, Any], str]) -> list[str]:
        lines, plan, memories = [], self.plan, self.memories
        given = [memories.of[r] for r in self.arguments]
        for m in sorted({m for m, _ in used}):
            kind, size = plan.kinds[m], max(memories.all[m].size, 1)
            names = [
                (NumbaPrinter.types[d.str[1:]], d.itemsize, name) for (k, d), name in used.items() if k == m
            ]
            if kind == "argument":
                i = given.index(m)
                value = plan.program.values[self.arguments[i].number]
                at = f"pointer(x[{i}], intp)[2] - {address(value) - memories.all[m].low}"
            elif kind == "stack" and len(names) == 1:
                lines += [f"{name} = room({-(-size // itemsize)}, {t})" for t, itemsize, name in names]
                continue
            elif kind == "stack":
                at = f"m{m}"
                lines.append(f"{at} = address(room({size}, uint8), 0)")
            else:
                at = f"p[{self.slot(('memory', m))}]"
            lines += [f"{name} = pointer({at}, {t})" for t, _, name in names]
        return lines


class NumbaSource(NativeSource):
    """The text of a program for numba, and of the function in Python that calls it; see `NativeSource`."""

    language, functions_of = "numba", NumbaFunctions

    def _compiled(self) -> Any:
        try:
            import numba

            namespace = dict(head())
        except ImportError as error:
            raise TraceError(f"numba cannot be imported: {error}") from None
        exec(self.c, namespace)  # noqa: S102  # our own text
        compiled = numba.cfunc(numba.intp(numba.intp, numba.intp, numba.intp), error_model="numpy")
        try:
            self.loops = {name: compiled(namespace[name]) for name in self.called} | {"hold": hold()}
        except numba.core.errors.NumbaError as error:
            raise TraceError(f"numba failed:\n{error}") from None
        return {name: loop.address for name, loop in self.loops.items()}
