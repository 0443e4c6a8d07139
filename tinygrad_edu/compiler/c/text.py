"""C: groups of statements as the text of a function, one loop for each."""

import math
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from ..loops.kinds import (
    TEMPLATES,
    Draw,
    Each,
    Fold,
    Gather,
    Given,
    Inner,
    Product,
    Scatter,
    Select,
    Statement,
    Test,
    reads,
    writes,
)
from ..loops.memories import C_TYPES, Literal, Operand
from ..loops.nest import Nest, place_of, position
from .exp_log import MOST
from .loops import Loops
from .products import product, turned

ACROSS, TURNED = 16, 1 << 16  # rows, and bytes, of matrices that are turned before a loop


class Printer(Loops):
    """The text of one function in C; see `Loops` for what it is given.

    Attributes
    ----------
    inlined : collection of ufunc
        Of which the text has a function for a few numbers; see `exp_log.inline`.
    """

    templates: Mapping[str, Mapping[str, str]] = MappingProxyType(TEMPLATES)
    inlined: Collection[np.ufunc] = ()
    step = "{0} > 0 ? 1 : {0} <= 0 ? 0 : {0}"  # max(sign(x), 0), the slope of relu, with half the comparisons

    def group(
        self, group: Sequence[Statement], fleeting: Collection[int], unread: Collection[Operand] = ()
    ) -> None:
        """Print statements that share a loop; ``fleeting`` memories need not be written, nor what is
        ``unread``.
        """
        first = group[0]
        if 0 in getattr(getattr(first, "out", None), "shape", ()) and not isinstance(first, Product):
            return
        match first:
            case Each():
                self._each([s for s in group if isinstance(s, Each)], fleeting, unread)
            case Inner():
                self._inner(first)
            case Fold():
                self._fold(first)
            case Product():
                self._product(first)
            case Select():
                self._select(first)
            case Draw():
                self._draw(first)
            case Gather() | Scatter():
                self._index(first)
            case Test():
                self.lines.append(self._fails(f"({self._at(first.of)} != 0) != {int(first.truth)}"))

    # ---- elementwise ---------------------------------------------------------------------------------------

    def _each(self, group: list[Each], fleeting: Collection[int], unread: Collection[Operand]) -> None:
        operands = [o for s in group for o in (s.out, *(a for a in s.args if isinstance(a, Operand)))]
        nest = Nest(group[0].out.shape, operands, group[0].out)
        bodies: list[list[str]] = [[] for _ in range(len(nest.sizes) + 1)]
        lines, places = self._turned(group, nest)
        known: dict[Any, tuple[str, int]] = {}  # what lies in a place, and in how many loops that is known
        stores: dict[Any, str] = {}  # of which the last one to a place counts
        signs: dict[str, str] = {}  # what the sign was taken of, by the name of that
        for statement in group:
            args = [
                self._value(a, self._loop_type(statement, k), nest, known, bodies, places)
                for k, a in enumerate(statement.args)
            ]
            template = self.templates[statement.loop.kind][statement.op]
            if statement.op == "maximum" and args[0] in signs and is_zero(statement.args[1]):
                args, template = [signs[args[0]]], self.step
            out, name = statement.out, self._name()
            bodies[-1].append(self._result(statement, name, template, args))
            known[place_of(out, nest)] = name, len(nest.sizes)
            if statement.op == "sign":
                signs[name] = args[0]
            if out.memory not in fleeting and out not in unread:
                stores[place_of(out, nest)] = f"{self._at(out, nest.index(out))} = {name};"
        bodies[-1].extend(stores.values())
        if lines:
            bodies[len(nest.sizes) - 2] += lines
        with self._scope():
            self._loops(nest.sizes, bodies, free=True)

    def _turned(self, group: list[Each], nest: Nest) -> tuple[list[str], dict[Any, str]]:
        """Lines that turn a matrix which lies the other way than others, and where its numbers are then."""
        written = [o for s in group for o in writes(s)]
        for o in (o for s in group for o in reads(s)):
            across = len(nest.sizes) > 1 and 1 == nest.strides(o)[-2] < nest.strides(o)[-1]
            if not across or o.dtype.kind != "f" or any(o.overlaps(w) for w in written):
                continue
            outer, (n, p), step = len(nest.sizes) - 2, nest.sizes[-2:], nest.strides(o)[-1]
            if min(n, p) < ACROSS or n * p * o.dtype.itemsize > TURNED:
                continue
            kind, index = self.types[o.dtype.str[1:]], nest.index(o)
            begin = index.removesuffix(f"i{outer} + i{outer + 1} * {step}") + "0"
            lines = [f"const {kind} *const b = &{self._at(o, begin)};", *turned(kind, n, p, 1, step)]
            return lines, {place_of(o, nest): f"c[i{outer} * {p} + i{outer + 1}]"}
        return [], {}

    def _result(self, statement: Each, name: str, template: str, args: Sequence[str]) -> str:
        """The line that names what a statement gives."""
        dtypes = statement.out.dtype, statement.gives, statement.loop
        kind, gives, loop = (self.types[d.str[1:]] for d in dtypes)
        value = template.format(*args)
        value = value if kind == gives == loop == "float" else self._cast(gives, value)
        return self._let(f"const {kind}", name, value)

    def _loop_type(self, statement: Each, k: int) -> Any:
        return np.dtype(bool) if statement.op == "where" and k == 0 else statement.loop

    def _value(
        self, given: Given, loop: Any, nest: Nest, known: dict[Any, Any], bodies: Any, places: dict[Any, str]
    ) -> str:
        """The name of an argument's value in a pass, as a number of the loop's type."""
        if isinstance(given, Literal):
            return self._spelled(given.value)
        place = place_of(given, nest)
        if place not in known:
            name, level = known[place] = self._name(), nest.level(given)
            kind = self.types[given.dtype.str[1:]]
            at = places.get(place) or self._at(given, nest.index(given))
            bodies[level].append(self._let(f"const {kind}", name, at))
        name, level = known[place]
        if given.dtype != loop and (name, loop) not in known:
            known[name, loop] = self._name()
            kind = self.types[loop.str[1:]]
            value = self._cast(kind, f"{name} != 0" if loop.kind == "b" else name)
            bodies[level].append(self._let(f"const {kind}", known[name, loop], value))
        return name if given.dtype == loop else known[name, loop]

    def _inner(self, statement: Inner) -> None:
        operands = [*(a for a in statement.args), statement.out]
        nest = Nest(statement.out.shape, operands, statement.out)
        *outer, n = nest.sizes or [1]
        strides = [((nest.strides(o) or [0])[-1]) * o.dtype.itemsize for o in operands]
        places = []
        for o in operands:
            index = nest.index(o._replace()) if nest.sizes else str(o.offset // o.dtype.itemsize)
            index = index.replace(f"i{len(outer)}", "0") if nest.sizes else index
            places.append(self._address(o, index))
        if statement.ufunc in self.inlined and strides == [o.dtype.itemsize for o in operands] and n <= MOST:
            call = [f"{statement.ufunc.__name__}_inline({', '.join(places)}, {n});"]
        else:
            call = self._called(statement.ufunc, statement.types, places, [n], strides)
        with self._scope():
            self._loops(outer, [*([] for _ in outer), call], apart=False)

    def _draw(self, statement: Draw) -> None:
        """Numbers of a generator: all at once, or one by one of two numbers."""
        out, kind = statement.out, self.types[statement.out.dtype.str[1:]]
        function = f"p[{self._slot('random', statement.function)}]"
        state = f"p[{self._slot('generator', statement.generator)}]"
        n = math.prod(out.shape)
        if not statement.numbers:
            self.lines.append(
                f"((void (*)(void *, word, {kind} *))({function}))({state}, {n}, &{self._at(out)});"
            )
            return
        numbers = "".join(f", {x.hex()}" for x in statement.numbers)
        value = f"((double (*)(void *, double, double))({function}))({state}{numbers})"
        at = self._at(out, f"{out.offset // out.dtype.itemsize} + i0")
        self.lines.append(f"for (word i0 = 0; i0 < {n}; i0++) {at} = {value};")

    def _address(self, operand: Operand, index: str) -> str:
        """Where an element lies."""
        return f"(char *)&{self._at(operand, index)}"

    def _called(
        self, ufunc: Any, types: str, places: Sequence[str], lengths: Sequence[int], strides: Sequence[int]
    ) -> list[str]:
        """A call of an inner loop of NumPy's."""
        slot = self._slot(ufunc, types)
        return [
            f"char *a[] = {{{', '.join(places)}}};",
            f"static const word n[] = {{{', '.join(map(str, lengths))}}};",
            f"static const word s[] = {{{', '.join(map(str, strides))}}};",
            f"((loop)p[{slot}])(a, n, s, p[{slot + 1}]);  /* {ufunc.__name__} */",
        ]

    # ---- products and items --------------------------------------------------------------------------------

    def _product(self, statement: Product) -> None:
        batch = statement.out.shape[:-2]
        begins = [position(o._replace(shape=batch, strides=o.strides[:-2]), 0) for o in statement]
        with self._scope():
            lines = self._product_of(statement, begins)
            self._loops(batch, [*([] for _ in batch), lines], apart=False)

    def _product_of(self, statement: Product, begins: Sequence[str]) -> list[str]:
        """One product of matrices, which begin there."""
        return product(statement, [f"&{self._at(o, at)}" for o, at in zip(statement, begins)], self._called)

    def _select(self, statement: Select) -> None:
        out, source, mask = statement
        count, name = out.shape[0], f"n{out.memory}"
        at = [position(o, 0) for o in (source, mask)]
        body = [f"{self._at(out, name)} = {self._at(source, at[0])};", f"{name} += {self._at(mask, at[1])};"]
        guard = [self._fails(f"{name} > {count}")]  # there is room for another row behind
        self.lines.append(self._let(self.word, name, "0"))
        shape = source.shape
        bodies: list[list[str]] = [[] for _ in range(len(shape) + 1)]
        bodies[-1], bodies[-2] = body, guard
        self._loops(shape, bodies, apart=False)
        self.lines.append(self._fails(f"{name} != {count}"))

    def _index(self, statement: Gather | Scatter) -> None:
        """Rows by their numbers, negative ones from the end."""
        indices, many = statement.indices, statement.indices[0].shape
        picked, other = statement.out, statement.source
        if isinstance(statement, Gather):
            picked, other = other, picked
        rest = picked.shape[len(indices) :]
        checks = []
        for k, index in enumerate(indices):
            number = self._cast(self.word, self._at(index, position(index, 0)))
            checks.append(self._let(self.word, f"j{k}", number))
            checks.append(f"j{k} += {picked.shape[k]} * (j{k} < 0);")
            checks.append(self._fails(f"(j{k} < 0) | (j{k} >= {picked.shape[k]})"))
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
        with self._scope():
            self._loops([*many, *rest], bodies, apart=bool(rest))

    def _spelled(self, value: Any) -> str:
        """A number."""
        return spelled(value)


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
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return f"({'-' if value < 0 else ''}({C_TYPES[value.dtype.str[1:]]})INFINITY)"
    return f"{float(value).hex()}{suffix}" if value >= 0 else f"({float(value).hex()}{suffix})"
