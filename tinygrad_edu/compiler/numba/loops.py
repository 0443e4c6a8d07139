"""Loops for numba: the same as those in C, as a function in Python of addresses."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import numpy as np

from ..c.products import SHORT, SMALL, TALL, by_blas
from ..c.text import Printer
from ..loops.kinds import FOLDS, TEMPLATES, Each, Product
from ..loops.memories import C_TYPES, Operand
from ..loops.nest import Nest

# fmt: off
# What Python writes otherwise than C.
ANY = {
    "maximum": "{0} if ({0} > {1}) | ({0} != {0}) else {1}",
    "minimum": "{0} if ({0} < {1}) | ({0} != {0}) else {1}",
    "logical_and": "({0} != 0) & ({1} != 0)", "logical_or": "({0} != 0) | ({1} != 0)",
    "logical_not": "{0} == 0", "where": "{1} if {0} else {2}",
    "at_least": "{1} if ({0} < {1}) | ({1} != {1}) else {0}",
    "at_most": "{1} if ({0} > {1}) | ({1} != {1}) else {0}",
}
FLOAT = {
    "sqrt": "math.sqrt({0})", "absolute": "abs({0})", "fabs": "abs({0})", "reciprocal": "{one} / {0}",
    "sign": "{one} if {0} > {zero} else -{one} if {0} < {zero} else {zero} if {0} == {zero} else {0}",
    "floor": "np.floor({0})", "ceil": "np.ceil({0})", "trunc": "np.trunc({0})",
}
BOOL = {"logical_not": "{0} == 0", "invert": "{0} == 0", "where": ANY["where"]}
OTHERS = {"f": ANY | FLOAT, "i": ANY, "u": ANY, "b": BOOL}
# fmt: on


class NumbaPrinter(Printer):
    """The text of one function; see `Loops`, and the line that leaves a step that fails."""

    def __init__(
        self, pointer: Callable[[int, Any], str], slot: Callable[[Any, str], int], failed: str
    ) -> None:
        super().__init__(pointer, slot)
        self._failed = failed

    types = MappingProxyType({k: ("uint8" if k == "b1" else np.dtype(k).name) for k in C_TYPES})
    folds = MappingProxyType(FOLDS | {k: ANY[k] for k in ("maximum", "minimum")})
    templates = MappingProxyType({kind: TEMPLATES[kind] | OTHERS[kind] for kind in TEMPLATES})
    step = "{one} if {0} > {zero} else {zero} if {0} <= {zero} else {0}"
    word = "intp"
    long = sys.maxsize

    # ---- pieces --------------------------------------------------------------------------------------------

    @contextmanager
    def _scope(self) -> Iterator[None]:
        yield

    def _let(self, kind: str, name: str, value: str) -> str:
        return f"{name} = {value}"

    def _cast(self, kind: str, value: str) -> str:
        return f"{kind}({value})"

    def _fails(self, condition: str) -> str:
        return f"if {condition}: {self._failed}"

    def _spelled(self, value: Any) -> str:
        kind = value.dtype.kind
        number = repr(float(value)) if kind == "f" else str(int(value))
        return f"{self.types[value.dtype.str[1:]]}({number})"

    def _result(self, statement: Each, name: str, template: str, args: Sequence[str]) -> str:
        kind, gives, loop = (
            self.types[d.str[1:]] for d in (statement.out.dtype, statement.gives, statement.loop)
        )
        value = template.format(*args, one=f"{loop}(1)", zero=f"{loop}(0)")
        if gives != loop or statement.loop.kind != "f":  # numba widens whole numbers
            value = self._cast(gives, value)
        return self._let(kind, name, value if kind == gives else self._cast(kind, value))

    def _loops(
        self,
        sizes: Sequence[int],
        bodies: Sequence[Iterable[str]],
        apart: bool = True,
        free: bool = False,
        after: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        for depth, body in enumerate(bodies):
            self.lines.extend("    " * depth + line for line in body)
            if depth < len(sizes):
                self.lines.append("    " * depth + f"for i{depth} in range({sizes[depth]}):")
        for depth in reversed(range(len(sizes))):
            if depth in after:
                self.lines.append("    " * depth + after[depth])

    # ---- sums, products and NumPy's loops ------------------------------------------------------------------

    def _sum_of(self, at: str, source: Operand, begin: str, n: int, step: int) -> str:
        kind = self.types[source.dtype.str[1:]]
        return f"{at} += sum_{kind}({self._pointer(source.memory, source.dtype)}, {begin}, {n}, {step})"

    def _gathered(self, at: str, kind: str, room: int) -> tuple[list[str], str, str]:
        n, c = self._name(), self._name()
        begins = [f"{n} = 0", f"{c} = room({room}, {kind})"]
        adds = f"if {n} {{}}: {at} += sum_{kind}({c}, 0, {n}, 1); {n} = 0"
        return begins, f"{c}[{n}] = {{}}; {n} += 1", adds

    def _turned(self, group: list[Each], nest: Nest) -> tuple[list[str], dict[Any, str]]:
        return [], {}

    def _address(self, operand: Operand, index: str) -> str:
        return f"address({self._pointer(operand.memory, operand.dtype)}, {index})"

    def _called(
        self, ufunc: Any, types: str, places: Sequence[str], lengths: Sequence[int], strides: Sequence[int]
    ) -> list[str]:
        slot = self._slot(ufunc, types)
        given = ", ".join(f"({', '.join(map(str, x))},)" for x in (places, lengths, strides))
        return [f"call(p[{slot}], {given}, p[{slot + 1}])  # {ufunc.__name__}"]

    def _product_of(self, statement: Product, begins: Sequence[str]) -> list[str]:
        (m, n), p = statement.a.shape[-2:], statement.b.shape[-1]
        if n * p <= 32 and m >= 8 and m * n * p <= TALL:
            return self._tall_product(statement, begins)
        if (m * n * p <= SMALL or n <= SHORT) and n * p <= 4096 and p <= 512:
            return self._small_product(statement, begins)
        places = [self._address(o, at) for o, at in zip(statement, begins)]
        return by_blas(statement, places, self._called)

    def _elements(self, statement: Product, begins: Sequence[str]) -> list[str]:
        """An element of each of the three matrices, by its row and its column."""
        found = []
        for o, at in zip(statement, begins):
            row, column = (s // o.dtype.itemsize for s in o.strides[-2:])
            found.append(self._at(o, f"{at} + {{0}} * {row} + {{1}} * {column}"))
        return found

    def _small_product(self, statement: Product, begins: Sequence[str]) -> list[str]:
        """A product of small matrices: each row as a sum of rows of b."""
        (m, n), p = statement.a.shape[-2:], statement.b.shape[-1]
        kind, (o, a, b) = self.types[statement.out.dtype.str[1:]], self._elements(statement, begins)
        t, x, lines = self._name(), self._name(), []
        lines.append(f"{t} = room({p}, {kind})")
        if statement.b.strides[-1] != statement.b.dtype.itemsize and p > 1 and n > 1:
            c = self._name()  # rows of b one after another, for vectors
            lines += [f"{c} = room({n * p}, {kind})", f"for k in range({n}):", f"    for j in range({p}):"]
            lines += [f"        {c}[k * {p} + j] = {b.format('k', 'j')}"]
            b = f"{c}[{{0}} * {p} + {{1}}]"
        return [
            *lines,
            f"for i in range({m}):",
            f"    for j in range({p}):",
            f"        {t}[j] = 0",
            f"    for k in range({n}):",
            f"        {x} = {a.format('i', 'k')}",
            f"        for j in range({p}):",
            f"            {t}[j] += {x} * {b.format('k', 'j')}",
            f"    for j in range({p}):",
            f"        {o.format('i', 'j')} = {t}[j]",
        ]

    def _tall_product(self, statement: Product, begins: Sequence[str]) -> list[str]:
        """A product with a tiny matrix, whose numbers stay in registers."""
        (m, n), p = statement.a.shape[-2:], statement.b.shape[-1]
        o, a, b = self._elements(statement, begins)
        fixed = [[self._name() for _ in range(p)] for _ in range(n)]
        row = [self._name() for _ in range(n)]
        lines = [f"{fixed[k][j]} = {b.format(k, j)}" for k in range(n) for j in range(p)]
        lines.append(f"for i in range({m}):")
        lines += [f"    {row[k]} = {a.format('i', k)}" for k in range(n)]
        for j in range(p):
            total = " + ".join(f"{row[k]} * {fixed[k][j]}" for k in range(n))
            lines.append(f"    {o.format('i', j)} = {total}")
        return lines
