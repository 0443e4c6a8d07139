"""C: groups of statements as the text of a function, one loop for each."""

import math
from typing import Any

import numpy as np

from .c_loops import Loops
from .c_products import product
from .loops import TEMPLATES, Each, Fold, Gather, Given, Inner, Product, Scatter, Select, Statement, Test
from .memories import C_TYPES, Literal, Operand
from .nest import Nest, place_of, position

STEP = "{0} > 0 ? 1 : {0} <= 0 ? 0 : {0}"  # max(sign(x), 0), the slope of relu, with half the comparisons


class Printer(Loops):
    """The text of one function in C; see `Loops` for what it is given."""

    def group(self, group: list[Statement], fleeting: set[int]) -> None:
        """Print statements that share a loop; ``fleeting`` memories need not be written."""
        first = group[0]
        if 0 in getattr(getattr(first, "out", None), "shape", ()) and not isinstance(first, Product):
            return
        match first:
            case Each():
                self._each([s for s in group if isinstance(s, Each)], fleeting)
            case Inner():
                self._inner(first)
            case Fold():
                self._fold(first)
            case Product():
                self._product(first)
            case Select():
                self._select(first)
            case Gather() | Scatter():
                self._index(first)
            case Test():
                self.lines.append(f"if (({self._at(first.of)} != 0) != {int(first.truth)}) return 1;")

    # ---- elementwise ---------------------------------------------------------------------------------------

    def _each(self, group: list[Each], fleeting: set[int]) -> None:
        operands = [o for s in group for o in (s.out, *(a for a in s.args if isinstance(a, Operand)))]
        nest = Nest(group[0].out.shape, operands, group[0].out)
        bodies: list[list[str]] = [[] for _ in range(len(nest.sizes) + 1)]
        known: dict[Any, tuple[str, int]] = {}  # what lies in a place, and in how many loops that is known
        stores: dict[Any, str] = {}  # of which the last one to a place counts
        signs: dict[str, str] = {}  # what the sign was taken of, by the name of that
        for statement in group:
            args = [
                self._value(a, self._loop_type(statement, k), nest, known, bodies)
                for k, a in enumerate(statement.args)
            ]
            template = TEMPLATES[statement.loop.kind][statement.op]
            if statement.op == "maximum" and args[0] in signs and is_zero(statement.args[1]):
                args, template = [signs[args[0]]], STEP
            expression = template.format(*args)
            out, gives = statement.out, C_TYPES[statement.gives.str[1:]]
            name, kind = self._name(), C_TYPES[out.dtype.str[1:]]
            cast = "" if kind == gives == C_TYPES[statement.loop.str[1:]] == "float" else f"({gives})"
            value = f"{cast}({expression})" if cast else expression
            bodies[-1].append(f"const {kind} {name} = {value};")
            known[place_of(out, nest)] = name, len(nest.sizes)
            if statement.op == "sign":
                signs[name] = args[0]
            if out.memory not in fleeting:
                stores[place_of(out, nest)] = f"{self._at(out, nest.index(out))} = {name};"
        bodies[-1].extend(stores.values())
        self.lines.append("{")
        self._loops(nest.sizes, bodies, free=True)
        self.lines.append("}")

    def _loop_type(self, statement: Each, k: int) -> Any:
        return np.dtype(bool) if statement.op == "where" and k == 0 else statement.loop

    def _value(self, given: Given, loop: Any, nest: Nest, known: dict[Any, Any], bodies: Any) -> str:
        """The name of an argument's value in a pass, as a number of the loop's type."""
        if isinstance(given, Literal):
            return spelled(given.value)
        place = place_of(given, nest)
        if place not in known:
            name, level = known[place] = self._name(), nest.level(given)
            kind = C_TYPES[given.dtype.str[1:]]
            bodies[level].append(f"const {kind} {name} = {self._at(given, nest.index(given))};")
        name, level = known[place]
        if given.dtype != loop and (name, loop) not in known:
            known[name, loop] = self._name()
            kind = C_TYPES[loop.str[1:]]
            value = f"{name} != 0" if loop.kind == "b" else f"({kind}){name}"
            bodies[level].append(f"const {kind} {known[name, loop]} = {value};")
        return name if given.dtype == loop else known[name, loop]

    def _inner(self, statement: Inner) -> None:
        operands = [*(a for a in statement.args), statement.out]
        nest = Nest(statement.out.shape, operands, statement.out)
        *outer, n = nest.sizes or [1]
        strides = [((nest.strides(o) or [0])[-1]) * o.dtype.itemsize for o in operands]
        places = []
        for o in operands:
            index = nest.index(o._replace()) if nest.sizes else str(o.offset // o.dtype.itemsize)
            places.append(
                f"(char *)&{self._at(o, index.replace(f'i{len(outer)}', '0') if nest.sizes else index)}"
            )
        slot = self._slot(statement.ufunc, statement.types)
        call = [
            f"char *a[] = {{{', '.join(places)}}};",
            f"const word n[] = {{{n}}}, s[] = {{{', '.join(map(str, strides))}}};",
            f"((loop)p[{slot}])(a, n, s, p[{slot + 1}]);  /* {statement.ufunc.__name__} */",
        ]
        self.lines.append("{")
        self._loops(outer, [*([] for _ in outer), call], apart=False)
        self.lines.append("}")

    # ---- products and items --------------------------------------------------------------------------------

    def _product(self, statement: Product) -> None:
        def begin(operand: Operand) -> str:
            outer = operand._replace(shape=operand.shape[:-2], strides=operand.strides[:-2])
            return f"&{self._at(operand, position(outer, 0))}"

        batch = statement.out.shape[:-2]
        self.lines.append("{")
        lines = product(statement, begin, self._slot)
        self._loops(batch, [*([] for _ in batch), lines], apart=False)
        self.lines.append("}")

    def _select(self, statement: Select) -> None:
        out, source, mask = statement
        count, name = out.shape[0], f"n{out.memory}"
        at = [position(o, 0) for o in (source, mask)]
        body = [f"{self._at(out, name)} = {self._at(source, at[0])};", f"{name} += {self._at(mask, at[1])};"]
        guard = [f"if ({name} > {count}) return 1;"]  # there is room for another row behind
        self.lines.append(f"word {name} = 0;")
        shape = source.shape
        bodies: list[list[str]] = [[] for _ in range(len(shape) + 1)]
        bodies[-1], bodies[-2] = body, guard
        self._loops(shape, bodies, apart=False)
        self.lines.append(f"if ({name} != {count}) return 1;")

    def _index(self, statement: Gather | Scatter) -> None:
        """Rows by their numbers, negative ones from the end."""
        indices, many = statement.indices, statement.indices[0].shape
        picked, other = statement.out, statement.source
        if isinstance(statement, Gather):
            picked, other = other, picked
        rest = picked.shape[len(indices) :]
        checks = []
        for k, index in enumerate(indices):
            checks.append(f"word j{k} = {self._at(index, position(index, 0))};")
            checks.append(f"if (j{k} < 0) j{k} += {picked.shape[k]};")
            checks.append(f"if (j{k} < 0 || j{k} >= {picked.shape[k]}) return 1;")
        size = picked.dtype.itemsize
        rows = [f"j{k} * {picked.strides[k] // size}" for k in range(len(indices))]
        inner = picked._replace(shape=rest, strides=picked.strides[len(indices) :])
        there = self._at(picked, " + ".join([*rows, position(inner, len(many))]))
        here = self._at(other, position(other, 0))
        adds = isinstance(statement, Scatter) and statement.adds
        line = f"{there} {'+' * adds}= {here};" if isinstance(statement, Scatter) else f"{here} = {there};"
        bodies: list[list[str]] = [[] for _ in range(len(many) + len(rest) + 1)]
        bodies[len(many)] += checks
        bodies[-1].append(line)
        self.lines.append("{")
        self._loops([*many, *rest], bodies, apart=bool(rest))
        self.lines.append("}")


def is_zero(given: Given) -> bool:
    """Whether it is the number 0, not -0."""
    return isinstance(given, Literal) and given.value == 0 and not np.signbit(given.value)


def spelled(value: Any) -> str:
    """A number as C has it."""
    if value.dtype.kind == "b":
        return str(int(value))
    if value.dtype.kind in "iu":
        low = value.dtype == np.int64 and value == np.iinfo(np.int64).min
        return "INT64_MIN" if low else f"({C_TYPES[value.dtype.str[1:]]}){int(value)}"
    suffix = "f" if value.dtype == np.float32 else ""
    if not math.isfinite(value):
        return (
            "NAN"
            if math.isnan(value)
            else f"({'-' if value < 0 else ''}({C_TYPES[value.dtype.str[1:]]})INFINITY)"
        )
    return f"{float(value).hex()}{suffix}" if value >= 0 else f"({float(value).hex()}{suffix})"
