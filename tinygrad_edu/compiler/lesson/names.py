"""Names of a lesson: of parameters, of gradients, of an optimizer's vectors, and of results on the way."""

import re
import types
from typing import Any

import numpy as np

from ...errors import TraceError
from ..passes.dead import needed
from ..program import Call, Ref, owner_of
from ..state.symbols import formulas
from ..trace import plain
from ..trace.whose_code import OURS
from .closing import closed
from .copied import Copied
from .expressions import ATOM, SUM, Expressions, Text, literal, weak

WORDS = {
    "matmul": "h", "linear": "h", "maximum": "a", "relu": "a", "tanh": "a", "sigmoid": "a", "exp": "e",
    "log": "log", "equal": "hit", "subtract": "z", "divide": "p", "reduce": "total", "sqrt": "root",
    "__getitem__": "picked", "softmax_cross_entropy": "loss", "cross_entropy_of_labels": "loss",
    "mse_loss": "loss", "square": "squares", "sum": "total", "mean": "mean", "convolve": "h",
    "maximum_over": "pooled", "reshape": "flat", "greater_equal": "mask",
}  # fmt: skip


class LessonNames:
    """What the arrays of a program are called on a page.

    Parameters
    ----------
    run : Run
    name : str
        What the function is called.
    """

    def __init__(self, run: Any, name: str) -> None:
        self.run, self.program, self.title = run, run.program, name
        self.values = self.program.values
        self.names: dict[Ref, str] = {}
        self.live: list[Any] = []
        self.taken = {"np", "math", "t", "lr", name}
        self.parameters: list[str] = []  # of the function, behind the arguments
        self.settings: list[str] = []  # of the function, with values
        self.given: dict[str, Any] = {}  # what it is to be called with
        self.inline: dict[Ref, Text] = {}
        self.numbers: dict[int, Text] = {}  # the formulas of an optimizer's numbers, by the arrays' identity
        self.roles: dict[int, str] = {}  # the names of an optimizer's vectors
        self.bases: dict[int, str] = {}  # of which vector a view is, where several share memory
        self.makers: dict[Ref, Call] = {}
        self.latest: dict[str, Ref] = {}  # the newest result in each of these that is scratch
        self.sizes: dict[str, int] = {}  # of these vectors
        self.kept: set[Ref] = set()  # results that keep their name
        self.now: dict[Ref, Ref] = {}
        self.scratch: set[int] = set()  # those whose content does not matter after the step
        self.extras: dict[int, str] = {}
        self.copied = Copied(self.free)  # functions of this package, which stand before
        self.counting: list[str] = []  # lines that follow the count of the step
        self.calling: Call | None = None
        self.words = 1  # of a path with numbers that its name has
        self.print = Expressions(self.values, self.of, self.of_array, self.extra)
        self._name_inputs()
        self._name_optimizers()
        self._name_gradients()

    def free(self, wish: str) -> str:
        """A name that is not taken."""
        wish = spelled(wish, self.words)
        name, n = wish, 2
        while name in self.taken:
            name, n = f"{wish}{'_' if wish[-1].isdigit() else ''}{n}", n + 1
        self.taken.add(name)
        return name

    def extra(self, value: Any, wish: str) -> str:
        """The name of an object that the text cannot spell: it becomes a parameter."""
        owner = getattr(value, "__self__", None)
        if isinstance(value, types.FunctionType) and value.__module__.startswith(f"{OURS}."):
            return self.copied.function(value)
        if isinstance(owner, np.random.Generator):
            return f"{self.extra(owner, 'rng')}.{value.__name__}"
        if id(value) not in self.extras:
            self.extras[id(value)] = name = self.free(wish)
            self.parameters.append(name)
            self.given[name] = value
        return self.extras[id(value)]

    def _name_inputs(self) -> None:
        live = needed(self.program, self.run.refs)
        steps = [self.program.steps[i] for i in sorted(live)]
        self.live = closed(self.program, steps, self.run.refs)
        for step in self.live:
            if isinstance(step, Call) and getattr(step.function, "__module__", "") == plain.__name__:
                self.extra(step.function, "")
        read = {r for s in self.live if isinstance(s, Call) for r in s.reads}
        read |= set(self.run.refs)
        tensors = {id(t._array) for t in self.run.state.tensors.values()}
        names = self.run.state.tensors
        self.words += len({*map(spelled, names)}) < len(names)  # else some would have one name
        for ref, source in self.program.inputs.items():
            if source.kind == "argument":
                self.names[ref] = self.free(source.name)
            elif (ref in read and id(self.values[ref.number]) in tensors) or (
                source.kind == "grad" and ref in read
            ):
                self.names[ref] = name = self.free(("d " if source.kind == "grad" else "") + source.name)
                self.parameters.append(name)
                self.given[name] = self.values[ref.number]

        given = [s for s in self.live if isinstance(s, Call) and self.run.layout.takes_out(s)]
        self.names.update((s.outputs[0], self.names[s.args[0]]) for s in given)  # the numbers themselves
        known = set(map(id, given))
        self.live = [s for s in self.live if id(s) not in known]

    def _name_optimizers(self) -> None:
        packs = [pack for _, pack, _ in self.run.swap.packs]
        groups = list({id(pack.group): pack.group for pack in packs}.values())
        rates = {id(g): "lr" if len(groups) == 1 else f"lr_{i}" for i, g in enumerate(groups, 1)}
        self.settings += [f"{rates[id(group)]}={group.lr!r}" for group in groups]
        if packs:
            self.parameters.append("t")
            self.given["t"] = packs[0].counts[0]
        if len({count for pack in packs for count in pack.counts}) > 1:
            raise TraceError("There is no lesson: parameters have made different counts of steps.")
        for k, (optimizer, pack, _) in enumerate(self.run.swap.packs):
            end = "" if len(self.run.swap.packs) == 1 else f"_{k + 1}"
            roles = {
                **dict(zip(pack.slots, pack.state)),
                "g": pack.gradients,
                "update": pack.step,
                "w": pack.values,
            }
            roles |= {"scratch": pack.scratch, "total": pack.total, "negative": pack.negative}
            self.sizes |= {name + end: len(array) for name, array in roles.items() if array is not None}
            for name, array in roles.items():
                if name in pack.slots:
                    self.roles[id(array)] = self.free(name + end)
                    self.parameters.append(self.roles[id(array)])
                    self.given[self.roles[id(array)]] = array
                else:
                    for whole in (array, owner_of(array)):  # packs share some of them
                        self.roles.setdefault(id(whole), name + end)
                        self.scratch.add(id(whole))
            self.bases |= {id(view): self.roles[id(pack.step)] for view in getattr(pack, "step_views", ())}
            self.numbers |= dict(zip(map(id, pack.numbers.scalars), self._numbers_of(optimizer, pack, rates)))
            decay, l1 = repr(pack.group.weight_decay), repr(pack.group.l1)
            decays = (f"1 - {rates[id(pack.group)]} * {decay}", SUM), (decay, ATOM), (l1, ATOM)
            self.numbers |= dict(zip(map(id, pack.decays.scalars), decays))

    def _numbers_of(self, optimizer: Any, pack: Any, rates: dict[int, str]) -> list[Text]:
        """The numbers of an optimizer's step: formulas, or items of a list that a copied function makes."""
        rate = rates[id(pack.group)]
        try:
            return formulas(optimizer, pack.group, rate)
        except TraceError:
            name = self.free("numbers")
            self.taken.add("group")
            self.counting += self.copied.numbers(optimizer, pack.group, pack.counts[0], rate, name)
            return [(f"{name}[{k}]", ATOM) for k in range(len(pack.numbers.scalars))]

    def _name_gradients(self) -> None:
        leaves = self.run.swap.names
        for leaf, ref in zip(self.run.learned, self.run.refs):
            if ref not in self.names:
                self.names[ref] = self.free(f"d {leaves[id(leaf)]}")

    def name(self, ref: Ref, call: Call | None = None) -> str:
        """The name of an array that the step makes."""
        if ref not in self.names:
            program, function = self.program, getattr(call, "function", "")
            if call is not None and adds_an_axis(call):
                function = getattr(self.makers.get(call.args[0]), "function", function)
            made = function if isinstance(function, str) else getattr(function, "__name__", "")
            whole = program.gradient_of.get(ref)
            whole = self.now.get(whole, whole) if whole is not None else None
            if whole is not None and whole in self.names:
                wish = f"d {self.names[whole]}"
            else:
                operation = program.made_by.get(ref, "")
                wish = WORDS.get(operation, operation) or WORDS.get(made, "u")
            self.names[ref] = self.free(wish)
        return self.names[ref]

    def of(self, ref: Ref) -> Text:
        """What an array is called, or how it is computed."""
        if ref in self.inline:
            return self.inline[ref]
        if ref in self.names:
            return self.names[ref], ATOM
        if ref not in self.program.inputs:
            return self.name(ref), ATOM
        value = self.values[ref.number]
        return self.of_array(np.asarray(value))

    def of_array(self, value: Any) -> Text:
        """The same of an array from outside."""
        if id(value) in self.numbers:
            return self.numbers[id(value)]
        if id(value) in self.roles:
            return self.roles[id(value)], ATOM
        owner = owner_of(value)
        if id(owner) in self.roles or any(owner is self.values[r.number] for r in self.names):
            return self._view(value, owner), ATOM
        if value.ndim == 0 and self.calling is not None and weak(self.calling, self.values, value):
            return self.print.value(float(value))
        return literal(value) or (self.extra(value, "constant"), ATOM)

    def _base(self, view: Any) -> str:
        """The name of the vector that an array is a view of."""
        owner = owner_of(view)
        named = (name for ref, name in self.names.items() if self.values[ref.number] is owner)
        return self.bases.get(id(view)) or self.roles.get(id(owner)) or next(named, "")

    def _view(self, value: Any, owner: Any) -> str:
        """A part of a vector, in its shape."""
        base = self._base(value)
        start = (value.ctypes.data - owner.ctypes.data) // owner.itemsize
        if not (owner.ndim == 1 and value.flags.c_contiguous):
            raise TraceError(
                f"There is no lesson: a view of shape {value.shape} of {base} cannot be spelled."
            )
        whole = f"{base}[{start}:{start + value.size}]"
        if value.ndim == 1:
            return whole if value.size < owner.size else base
        return f"{whole}.reshape({', '.join(map(str, value.shape)) or '()'})"


def adds_an_axis(call: Call) -> bool:
    """Whether a call takes an array as it is, with another axis."""
    key = call.args[1] if call.function == "__getitem__" else ()
    return any(k is None for k in (key if type(key) is tuple else (key,)))


def spelled(wish: str, most: int = 1) -> str:
    """A name: of a path such as ``model.0.weight`` weight_0, of a gradient d_weight_0.

    It has so many of the words of a path with numbers: two of them make model_weight_0.
    """
    first, _, path = wish.partition(" ") if wish.startswith("d ") else ("", "", wish)
    parts = [p for p in re.split(r"\W+", path) if p]
    words, digits = [p for p in parts if not p.isdigit()], [p for p in parts if p.isdigit()]
    if len(words) > 1:
        words = words[-most:] if digits else words
    return "_".join([*([first] if first else []), *(words or ["a"]), *digits])
