"""The lesson: a step as a person would write it on a page, plain expressions of NumPy's, without buffers.

It is a function of the step's arguments and of all that the step reads and keeps: parameters and what the
optimizer remembers, which are changed in place, the count of steps, the rates.  It imports NumPy (and math),
and gives the same bits.
"""

import itertools
import re
import textwrap
from typing import Any

import numpy as np

from ..program import Call, Check, Live, Ref, owner_of
from .expressions import ATOM, OPERATORS, OPPOSITE, PRODUCT
from .parted import MANY, WIDTH, listed, parted
from .roll import rolled
from .steps import LessonSteps

SHORT = 46  # of an expression that may stand within another
CALLED = 64  # of a call of a function that the lesson defines, likewise


class Lesson(LessonSteps):
    """The text of a lesson."""

    def __init__(self, run: Any, name: str) -> None:
        super().__init__(run, name)
        self.whole = {r for r, name in self.program.made_by.items() if name == "convolve"}
        self.lines: list[str] = []
        self._write()
        if not any(re.search(r"\bt\b", line) for line in self.lines if line != "t += 1"):  # as of plain SGD
            self.lines = [line for line in self.lines if line != "t += 1"]
            self.parameters = [name for name in self.parameters if name != "t"]
            self.given.pop("t", None)
        self.lines = rolled(parted(self.lines, self.sizes, self.free))

    @property
    def text(self) -> str:
        """The whole lesson."""
        arguments = [self.names[r] for r in self.run.layout.refs]
        head = f"def {self.title}({', '.join([*arguments, *self.parameters, *self.settings])}):"
        head = textwrap.fill(head, WIDTH + 10, subsequent_indent=" " * (len(self.title) + 5))
        body = [f"    {line}" if line else "" for line in self.lines]
        imports = {"import numpy as np", *self.copied.imports}
        imports |= {"import math"} if any("math." in line for line in body) else set()
        above = sorted(imports, key=lambda line: (line.startswith("from"), line))
        functions = [*self.copied.text.rstrip("\n").split("\n"), "", ""] if self.copied.text else []
        return "\n".join([*above, "", "", *functions, head, *body]) + "\n"

    # ---- lines ---------------------------------------------------------------------------------------------

    def _write(self) -> None:
        uses: dict[Ref, list[int]] = {}
        for i, step in enumerate(self.live):
            for ref in step.reads if isinstance(step, Call) else ():
                uses.setdefault(ref, []).append(i)
            if isinstance(step, Check):
                uses.setdefault(step.ref, []).append(i)
        self.makers = {r: step for step in self.live if isinstance(step, Call) for r in step.outputs}
        self.uses, self.where = uses, ""
        self.finals = [self.now.get(r, r) for r in self.run.refs]
        wanted, gathered = {*self.finals, *self.kept}, []
        for i, step in enumerate(self.live):
            if isinstance(step, Call) and self._is_gathered(step):
                gathered.append(step)
                continue
            self._gather(gathered)
            gathered = []
            if isinstance(step, Live):
                if "t += 1" not in self.lines:
                    self.lines += ["t += 1", *self.counting]
            elif isinstance(step, Check):
                self._check(step)
            else:
                if step.where != self.where:
                    self.where = step.where
                    self._comment(self.where)
                self._call(i, step, wanted)
        self._gather(gathered)
        found = self.finals[len(self.run.learned) :]
        arguments = {i: self.names[r] for i, r in self.run.layout.ref_of.items()}
        run, of = self.run, lambda place: self.of(found[place])[0]
        self.lines += [f"# {line}" for line in run.results.told(run.appended, run.assigned, of, arguments)]
        self.lines.append(f"return {run.results.plain(of, arguments)}")

    def _comment(self, where: str) -> None:
        text = self.program.lines.get(where, "")
        text = text if len(text) <= WIDTH else f"{text[: WIDTH - 2]} …"
        if text and f"# {text}" not in self.lines[-1:]:
            self.lines.append(f"# {text}")

    def _call(self, i: int, call: Call, wanted: set[Ref]) -> None:
        self.calling = call
        same = self._times_one(call)
        text, binds = self.print.call(call) if same is None else self.inline[same]
        if call.writes:
            self._in_place(call, text)
            return
        out = call.outputs[0]
        if out in wanted and out not in self.names:
            line = self.program.lines.get(call.where, "")
            if (assigned := re.match(r"(\w+)\s*=[^=]", line)) is not None:
                self.names[out] = self.free(assigned[1])
        if len(call.outputs) == 1 and out not in wanted and self._may_stand_within(i, out, text):
            self.inline[out] = text, binds
            return
        names = ", ".join(self.name(r, call) for r in call.outputs)
        shape = np.shape(self.values[out.number])
        self._line(f"{names} = {text}", f"# {shape}" if shape and len(call.outputs) == 1 else "")

    def _times_one(self, call: Call) -> Ref | None:
        """What a call multiplies by one and so leaves as it is, if that is written within."""
        if call.function is not np.multiply or len(call.args) != 2 or call.kwargs or call.writes:
            return None
        out = self.values[call.outputs[0].number]
        for one, other in (call.args, call.args[::-1]):
            if type(other) is Ref and other in self.inline and self._is_one(one):
                value = self.values[other.number]
                if (value.shape, value.dtype) == (out.shape, out.dtype) and out.dtype.kind == "f":
                    return other
        return None

    def _is_one(self, value: Any) -> bool:
        if type(value) is Ref:
            known = value in self.program.inputs and self.program.inputs[value].kind == "constant"
            value = self.values[value.number] if known else None
        return isinstance(value, (int, float, np.generic, np.ndarray)) and np.ndim(value) == 0 and value == 1

    def _may_stand_within(self, i: int, ref: Ref, text: str) -> bool:
        """Whether a result is used once, before anything that it is computed from is written to."""
        uses, called = self.uses.get(ref, []), text.partition("(")[0] in self.copied.definitions
        if len(uses) != 1 or len(text) > (CALLED if called else SHORT) or ref in self.whole:
            return False
        read = self.program.owners(self._origins(ref))
        for step in self.live[i + 1 : uses[0]]:
            if isinstance(step, Live) and self.numbers:
                return False
            if isinstance(step, Call) and any(self.program.owner(w) in read for w in step.writes):
                return False
        user = self.live[uses[0]]
        return not (
            isinstance(user, Call) and self.program.owner(ref) in map(self.program.owner, user.writes)
        )

    def _origins(self, ref: Ref) -> set[Ref]:
        """What a result is computed from, of what has a name or was there before."""
        found, left = {ref}, [ref]
        while left:
            maker = self.makers.get(left.pop())
            for r in maker.reads if maker is not None else ():
                if r not in found:
                    found.add(r)
                    if r in self.inline:
                        left.append(r)
        return found

    def _in_place(self, call: Call, text: str) -> None:
        """A call that writes: as an assignment, of an operator where there is one."""
        if call.function == "__setitem__":
            target, key, value = call.args
            self._line(f"{self.of(target)[0]}[{self.print.key(key)}] = {self.print.value(value)[0]}", "")
            return
        has_out = isinstance(call.function, np.ufunc) or "out" in call.kwargs
        if isinstance(call.function, str) or len(call.writes) != 1 or not has_out:
            self._line(text, "")
            return
        target = call.writes[0]
        name, sign = self.of(target)[0], OPERATORS.get(call.function, ("", 0))[0]
        of_itself = call.args[0] == target and id(self.values[target.number]) not in self.scratch
        if sign in ("+", "-", "*", "/") and of_itself:
            value = (
                self.print.within(call.args[1], PRODUCT) if sign == "+" else self.print.value(call.args[1])[0]
            )
            scaled = f"{name} *= "
            if sign == "+" and self.lines[-1].startswith(scaled) and not re.search(rf"\b{name}\b", value):
                factor = self.lines.pop().removeprefix(scaled)
                factor = f"({factor})" if " " in factor else factor
                self._line(f"{name}[...] = {name} * {factor} + {value}", "")
            else:
                self._line(f"{name} {sign}= {value}", "")
        elif id(self.values[target.number]) in self.scratch:
            self._line(f"{name} = {text}", "")
        else:
            self._line(f"{name}[...] = {text}", "")

    def _gather(self, calls: list[Call]) -> None:
        """Several arrays as one vector."""
        for _, group in itertools.groupby(calls, lambda c: id(owner_of(self.values[c.args[0].number]))):
            self._gather_one(list(group))

    def _gather_one(self, calls: list[Call]) -> None:
        vector = owner_of(self.values[calls[0].args[0].number])
        items = [self.print.within(c.args[2], ATOM) for c in calls]
        parts = ", ".join(f"{item}.ravel()" for item in items)
        name = self.roles[id(vector)]
        if calls[0].where != self.where:
            self.where = calls[0].where
            self._comment(self.where)
        if len(items) >= MANY and all(map(str.isidentifier, items)):
            gradients, d = self.free("gradients"), self.free("d")
            self.lines += listed(gradients, items)
            parts = f"{d}.ravel() for {d} in {gradients}"
        text = f"{name} = np.concatenate([{parts}])" if len(calls) > 1 else f"{name} = {parts}"
        self._line(text, f"# ({vector.size},)")

    def _check(self, check: Check) -> None:
        """What the trace takes for granted."""
        name, _ = self.of(check.ref)
        if type(check.truth) is tuple:
            self._line(f"assert {name}.shape == {check.truth}", "")
            return
        if not check.truth:
            sign = next((s for s in OPPOSITE if f" {s} " in name), None)
            name = name.replace(f" {sign} ", f" {OPPOSITE[sign]} ") if sign else f"not {name}"
        self._line(f"assert {name}", "")

    def _line(self, text: str, comment: str) -> None:
        names, equals, _ = text.partition(" = ")
        if equals and len(text) > WIDTH and text.rfind(", ", 0, WIDTH) < len(names) > WIDTH // 2:
            text = f"({names}){text[len(names) :]}"
        while len(text) > WIDTH and (cut := text.rfind(", ", 8, WIDTH)) > 0:
            self.lines += [text[: cut + 1]]
            text = "    " + text[cut + 2 :]
        whole = f"{text:<44}  {comment}" if comment else text
        self.lines.append(whole if len(whole) <= WIDTH + 6 else text)  # the comment, if there is room for it
