"""Saving: a compiled step as a file of Python and a file of arrays, which run without this package."""

import io
import os
import re
import types
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ..errors import TraceError
from .lesson.copied import Copied
from .memory.random_functions import is_numpys
from .program import Call, Live, owner_of
from .source.text import Source
from .state.nested import alike
from .state.rates import Count
from .state.symbols import formulas
from .trace.whose_code import OURS
from .tracing import names_of_leaves

CONSTANT = {bool, int, float, str, type(None)}  # of arguments: those of which repr tells all

HEADER = '''"""The step {name}(…) of a training, as it was compiled by tinygrad_edu; it needs NumPy alone.

The state is in {file}: ``state`` has its arrays, which a step changes.
"""

{imports}

import numpy as np


{functions}with np.load(Path(__file__).with_name({file!r})) as _saved:
    state = given = dict(_saved)
{made}
'''


class Saved(Source):
    """The text of a program that needs NumPy alone, and its state."""

    def __init__(self, run: Any, name: str, function: Any) -> None:
        self.run, self.own_name = run, name
        self.counters: list[str] = []
        self.copied = Copied(lambda wish: self._free(wish))  # functions of this package
        names = {r: i.name for r, i in run.program.inputs.items()}
        layout, there = run.layout, run.layout.leaves_outside()
        super().__init__(
            run.program, run.refs, names, [r for i, r in layout.ref_of.items() if i < layout.given], name
        )
        for i, ref in layout.ref_of.items():
            if i >= layout.given and self.name(ref) in self.given:
                self.given[self.name(ref)] = self._as_it_is(there and there[i - layout.given], ref)
        self.parameters = self._as_given(function)
        self.arrays: dict[str, Any] = {}
        self.made: list[str] = []  # the lines that make what is no array
        self.streams: dict[int, str] = {}  # of random numbers: where methods draw from one, so do the saved
        for key, value in self.given.items():
            if isinstance(value, (np.ndarray, np.generic)):
                self.arrays[key] = np.asarray(value)
            else:
                self.made.append(f"given[{key!r}] = {self._spelled_out(key, value)}")

    def _as_it_is(self, value: Any, ref: Any) -> Any:
        """What a place holds now that the step assigns to, if it is of the kind that was traced."""
        array, known = np.array(getattr(value, "_array", value)), self.program.values[ref.number]
        if (array.shape, array.dtype) != (known.shape, known.dtype):
            raise TraceError(
                f"The step cannot be saved: {self.name(ref)} is of another kind since the last call."
            )
        return array

    def _spelled_out(self, key: str, value: Any) -> str:
        owner = getattr(value, "__self__", None)
        if isinstance(owner, np.random.Generator):
            bits = owner.bit_generator
            kind, name = type(bits).__name__, self.streams.setdefault(id(bits), f"_{key}")
            if not is_numpys(value) or not hasattr(np.random, kind):
                raise TraceError(
                    f"The step draws from a {type(owner).__name__} of its own kind, not NumPy's."
                )
            if name == f"_{key}":
                state = lists_in(bits.state)
                self.made += [f"{name} = np.random.{kind}()", f"{name}.state = {state!r}"]
            return f"np.random.Generator({name}).{value.__name__}"
        if isinstance(value, np.dtype):
            return f"np.dtype({value.str!r})"
        if isinstance(value, type) and issubclass(value, np.generic):
            return f"np.{value.__name__}"
        if value is float:
            return "float"
        if isinstance(value, types.FunctionType) and value.__module__.startswith(f"{OURS}."):
            return self.copied.function(value)
        raise TraceError(
            f"The step cannot be saved: it needs {key}, {type(value).__name__}, which is not NumPy's."
        )

    def _enter(self, errors: Any) -> None:
        states = {key: errors[key] for key in ("divide", "over", "under", "invalid")}
        self.body.append(f"with np.errstate({', '.join(f'{k}={v!r}' for k, v in states.items())}):")

    def _leave(self) -> None:
        """The block ends by itself."""

    def _small_buffers(self, steps: Any) -> None:
        """They are NumPy's."""

    def _returned(self) -> str:
        found, results = self.results[len(self.run.learned) :], self.run.results
        names = {i: self.name(r) for i, r in self.run.layout.ref_of.items()}

        def text(part: Any) -> str:
            return str(results.plain_of(part, lambda place: self.name(found[place]), names))

        pairs = [(names[i], f"np.array({text(leaf)})") for i, leaf in self._assigned()]
        pairs += [(names[i], f"{names[i]} + {steps}") for i, steps in self._counted() if i in names]
        if pairs:
            new = self._free("new")
            self.body.append(f"{new} = {', '.join(text for _, text in pairs)},")
            self.body += [f"{name}[...] = {new}[{k}]" for k, (name, _) in enumerate(pairs)]
        return text(results.tree)

    def _assigned(self) -> Iterator[tuple[int, Any]]:
        """What is assigned to what the next step reads: the numbers of leaves, and what becomes of them."""
        layout, results = self.run.layout, self.run.results
        values = {place.mark: value for place, value in zip(self.run.assigned, results.assigned)}
        for one in layout.assigned:
            if not one.is_read or one.place.mark not in values:
                continue
            if (leaves := alike(values[one.place.mark], one.form)) is None:
                raise TraceError(
                    f"The step cannot be saved: {one.place.name} is of another kind after each call."
                )
            for i, leaf in enumerate(leaves, one.first):
                if i in layout.ref_of and results.arguments.get(id(leaf)) != i:
                    yield i, leaf

    def _counted(self) -> Iterator[tuple[int, int]]:
        """The counts of optimizers that the step reads: numbers of leaves, and how many steps it makes."""
        lives = [step.of for step in self.program.steps if isinstance(step, Live)]
        for one in self.run.layout.assigned:
            if isinstance(one.place, Count):
                pack, i = one.place.container, one.place.key
                yield one.first, sum(of[0] is pack and of[2] in (None, i) for of in lives)

    def _expression(self, call: Call) -> str:
        if self.run.layout.takes_out(call) and call.args[0] in self.arguments:  # numbers come as they are
            return self.spelled(call.args[0])
        return super()._expression(call)

    def _counting(self, step: Live) -> list[str]:
        """The call of the counting of a step: t, and the numbers that depend on it, as formulas."""
        number = len(self.counters)
        pack, optimizer, i = step.of
        rate, t = self._free("rate"), self._free("steps")
        self.given[rate] = np.array(pack.group.lr)
        self.given[t] = np.array(pack.counts[i or 0])
        lines = [f"def count_{number}():", f"    global {rate}", f"    {t}[()] += 1", f"    t = int({t})"]
        lines.append(f"    lr = float({rate})")
        decays = [f"1 - lr * {pack.group.weight_decay!r}", repr(pack.group.weight_decay), repr(pack.group.l1)]
        try:
            texts = [text for text, _ in formulas(optimizer, pack.group, "lr")]
        except TraceError:
            texts = [f"numbers[{k}]" for k in range(len(pack.numbers.scalars))]
            made = self.copied.numbers(optimizer, pack.group, pack.counts[i or 0], "lr", "numbers")
            lines += [f"    {line}" for line in made]
        for array, text in [*zip(pack.numbers.scalars, texts), *zip(pack.decays.scalars, decays)]:
            lines.append(f"    {self.constant(array, 'number')}[()] = {text}")
        self.counters += ["", "", *(line for line in lines if not line.startswith("    global"))]
        return [f"count_{number}()"]

    def _parameters(self) -> str:
        return ", ".join(self.parameters)

    def _as_given(self, function: Any) -> list[str]:
        """The parameters as the function has them; the body looks at those that the step was traced for."""
        layout, given, has_default = self.run.layout, list[str](), True
        used = {"repr", "ValueError", *map(self.name, layout.ref_of.values())}
        used.update(re.findall(r"\w+", "\n".join(self.body)))
        for i, name in reversed([*enumerate(names_of_leaves(function, layout.form))]):
            value = layout.kinds[i][1]
            if i in layout.ref_of:
                given, has_default = [self.name(layout.ref_of[i]), *given], False
            elif type(value) in CONSTANT:
                name, there = (
                    self._free(name) if name in used or not name.isidentifier() else name,
                    repr(value),
                )
                used.add(name)
                says = f"{self.own_name} was saved for {name} = {there}; got "
                raising = f"raise ValueError({says!r} + repr({name}))"
                self.body[:0] = [f"if repr({name}) != {there!r}:", f"    {raising}"]
                given = [f"{name}={self.spelled(value)}" if has_default else name, *given]
        return given

    @property
    def whole(self) -> str:
        """The text of the file."""
        text = super().text.replace("def step(", f"def {self.own_name}(", 1)
        head, line, body = text.partition(f"def {self.own_name}(")
        counters = "\n".join([*self.counters, "", "", ""]).lstrip("\n") if self.counters else ""
        return head.replace("import numpy as np\n", "", 1) + counters + line + body


def save(run: Any, name: str, function: Any, path: Any) -> tuple[Path, Path]:
    """Write a step into two files, and say which: Python at the path, and its arrays beside it, with the
    ending npz.
    """
    path = Path(os.fspath(path)).with_suffix(".py")
    arrays = path.with_suffix(".npz")
    saved = Saved(run, name, function)
    text = saved.whole
    refuse_overlaps(saved)
    plain = {*saved.copied.imports, *(["import math"] if "math." in text else []), "from pathlib import Path"}
    imports = "\n".join(
        sorted(plain - {"import numpy as np"}, key=lambda line: (line.startswith("from"), line))
    )
    made = "\n".join(saved.made)
    header = HEADER.format(
        name=name, file=arrays.name, imports=imports, functions=saved.copied.text, made=made
    )
    buffer = io.BytesIO()
    np.savez(buffer, **{key: whole(value, saved.arrays) for key, value in saved.arrays.items()})
    arrays.write_bytes(buffer.getvalue())
    path.write_text(header + views(saved.arrays) + text, encoding="utf-8")
    return path, arrays


def lists_in(state: Any) -> Any:
    """The state of random bits with lists for arrays: those ``repr`` spells, and NumPy takes them as well."""
    if isinstance(state, dict):
        return {key: lists_in(value) for key, value in state.items()}
    return state.tolist() if isinstance(state, (np.ndarray, np.generic)) else state


def whole(value: Any, arrays: dict[str, Any]) -> Any:
    """What is saved of an array: of a view of another one nothing but its kind."""
    return np.asarray(value) if part_of(value, arrays) is None else np.zeros(0, value.dtype)


def part_of(value: Any, arrays: dict[str, Any]) -> str | None:
    """The name of the array among the saved ones whose memory an array is a part of: of several the largest,
    of those of one size the first, which may be the array itself, and then there is none.
    """
    found: str | None = None
    for name, other in arrays.items() if value.size else ():
        is_larger = found is None or other.size > arrays[found].size
        if is_larger and other.flags.c_contiguous and owner_of(other) is owner_of(value):
            (low, high), (begin, end) = byte_bounds(value), byte_bounds(other)
            found = name if begin <= low and high <= end else found
    return None if found is None or arrays[found] is value else found


def refuse_overlaps(saved: Saved) -> None:
    """Raise if the step writes into one of two arrays that share a part of their memory."""
    values, calls = saved.program.values, (s for s in saved.program.steps if isinstance(s, Call))
    written = {id(owner_of(values[w.number])) for call in calls for w in call.writes}
    apart = [(name, a) for name, a in saved.arrays.items() if part_of(a, saved.arrays) is None]
    for (name, a), (other, b) in combinations(apart, 2):
        if id(owner_of(a)) in written and owner_of(a) is owner_of(b) and np.may_share_memory(a, b):
            raise TraceError(
                f"The step cannot be saved: it writes into {name} or {other}, which share memory, and none "
                "is all of it."
            )


def views(arrays: dict[str, Any]) -> str:
    """The lines that make views of saved arrays of them again."""
    lines = []
    for name, value in arrays.items():
        base = part_of(value, arrays)
        if base is not None:
            offset = value.ctypes.data - arrays[base].ctypes.data
            form = f"{value.shape}, {value.dtype.str!r}"
            lines.append(f"given[{name!r}] = np.ndarray({form}, given[{base!r}], {offset}, {value.strides})")
    return "".join(f"{line}\n" for line in lines)
