"""Loops in C, and what folds an array along its axes: sums and maxima, in NumPy's order."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np

from ..loops.kinds import FOLDS, Fold
from ..loops.memories import C_TYPES, Operand
from ..loops.nest import Nest
from ..loops.sums import beginning, room_of

FEW = 4  # passes of an innermost loop that are written out, so that the loop around it becomes vectors
PAIRWISE = 8  # numbers that NumPy sums pairwise; it adds fewer one after another


class Loops:
    """Lines of C, one after another.

    Parameters
    ----------
    pointer : callable
        Notes that a memory is used with a type, and gives the name of a pointer to it.
    slot : callable
        The place, in the table of addresses, of an inner loop of NumPy's.
    """

    types: Mapping[str, str] = MappingProxyType(C_TYPES)
    folds: Mapping[str, str] = MappingProxyType(FOLDS)
    word = "word"  # a whole number that an address fits in
    long = 32  # so many numbers have a function that finds the largest of them

    def __init__(self, pointer: Callable[[int, Any], str], slot: Callable[[Any, str], int]) -> None:
        self._pointer, self._slot = pointer, slot
        self.lines: list[str] = []
        self._names = 0

    # ---- pieces --------------------------------------------------------------------------------------------

    def _name(self) -> str:
        self._names += 1
        return f"v{self._names}"

    def _at(self, operand: Operand, index: str | None = None) -> str:
        """An element."""
        if index is None:
            index = str(operand.offset // operand.dtype.itemsize)
        return f"{self._pointer(operand.memory, operand.dtype)}[{index}]"

    @contextmanager
    def _scope(self) -> Iterator[None]:
        """Lines whose names nothing else sees."""
        self.lines.append("{")
        yield
        self.lines.append("}")

    def _let(self, kind: str, name: str, value: str) -> str:
        """A name for a value."""
        return f"{kind} {name} = {value};"

    def _cast(self, kind: str, value: str) -> str:
        """A value as another type."""
        return f"({kind})({value})"

    def _fails(self, condition: str) -> str:
        """The step cannot be made."""
        return f"if ({condition}) return 1;"

    def _loops(
        self,
        sizes: Sequence[int],
        bodies: Sequence[Iterable[str]],
        apart: bool = True,
        free: bool = False,
        after: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        """Loops, with lines at each depth, from that outside of all; and one ``after`` some of the loops.

        Passes of the innermost loop do not interfere if they are ``apart``, and those of none if they are
        ``free``.
        """
        few = free and len(sizes) > 1 and sizes[-1] <= FEW <= sizes[-2]
        last = len(sizes) - 1 - few  # the loop that becomes vectors
        for depth, body in enumerate(bodies):
            indent = "    " * depth
            if depth == len(sizes) and few:
                for k in range(sizes[-1]):
                    self.lines += [
                        f"{indent}{{ enum {{ i{depth - 1} = {k} }};",
                        *(indent + x for x in body),
                        indent + "}",
                    ]
                break
            self.lines.extend(indent + line for line in body)
            if depth <= last:
                self.lines += [f"{indent}IVDEP"] * (apart and depth == last)
                self.lines.append(
                    f"{indent}for (word i{depth} = 0; i{depth} < {sizes[depth]}; i{depth}++) {{"
                )
        for depth in reversed(range(last + 1)):
            self.lines.append("    " * depth + "}")
            if depth in after:
                self.lines.append("    " * depth + after[depth])

    # ---- folds ---------------------------------------------------------------------------------------------

    def _fold(self, statement: Fold) -> None:
        """As NumPy's iterator does it: along memory, and pairwise where a sum is along its innermost axes."""
        op, out, source, kept, given = statement
        strides = [0] * len(source.shape)
        for axis, stride in zip(kept, out.strides):
            strides[axis] = stride
        over = out._replace(shape=source.shape, strides=tuple(strides))
        nest = Nest(source.shape, [over, source], *[over] * given, source)
        with self._scope():
            if self._is_of_short_rows(nest, over):
                self._fold_rows(op, nest, over, source)
                return
            self._begin_fold(op, out, source, kept)
            if op == "add" and out.dtype.kind == "f" and nest.sizes and not nest.strides(over)[-1]:
                self._sum(self._at(over, nest.index(over)), nest, over, source)
            else:
                self._fold_in_order(op, nest, over, source)

    @staticmethod
    def _is_of_short_rows(nest: Nest, over: Operand) -> bool:
        """Whether each element of ``over`` is one row folded, of so few elements that NumPy takes one after
        another.
        """
        *outer, inner = nest.strides(over) or [1]
        return not inner and bool(outer) and all(outer) and 0 < nest.sizes[-1] < PAIRWISE

    def _fold_rows(self, op: str, nest: Nest, over: Operand, source: Operand) -> None:
        """Short rows are written out, so that the loop around them becomes vectors."""
        *outer, n = nest.sizes
        kind, at = self.types[over.dtype.str[1:]], nest.index(source)
        names, lines = [self._name() for _ in range(n)], []
        for k, name in enumerate(names):
            value = self._at(source, re.sub(f"i{len(outer)}(?![0-9])", str(k), at))
            value = value if source.dtype == over.dtype else self._cast(kind, value)
            lines.append(self._let(f"const {kind}", name, value))
        total = names[0]
        if op == "add" and over.dtype.kind == "f" and beginning() != "-0.0":
            names.insert(1, self._cast(kind, beginning()))
        for name in names[1:]:
            total, before = self._name(), total
            lines.append(self._let(f"const {kind}", total, self.folds[op].format(before, name)))
        lines.append(f"{self._at(over, nest.index(over))} = {total};")
        self._loops(outer, [*([] for _ in outer), lines])

    def _fold_in_order(self, op: str, nest: Nest, over: Operand, source: Operand) -> None:
        """One element after another."""
        sizes, steps = nest.sizes, nest.strides(over)
        at, element = (self._at(o, nest.index(o)) for o in (over, source))
        total, dtype = at if any(steps) else self._name(), over.dtype
        if op == "add" and source.dtype.kind == "b" and not any(steps):
            wide = self.types is not type(self).types  # truths are, and with them what is counted
            dtype = np.dtype(np.int32) if wide else np.min_scalar_type(prod(sizes))  # more fit in a vector
        kind = self.types[dtype.str[1:]]
        element = element if source.dtype == dtype else self._cast(kind, element)
        if self._is_long(op, nest, over, source):
            *sizes, n = sizes
            begin = re.sub(f"i{len(sizes)}(?![0-9])", "0", nest.index(source))
            element = f"{op}_{kind}(&{self._at(source, begin)}, {n})"
        bodies: list[list[str]] = [
            *([] for _ in sizes), [f"{total} = {self.folds[op].format(total, element)};"]
        ]  # fmt: skip
        if any(steps):
            self._loops(sizes, bodies, apart=bool(steps[-1]))
            return
        self.lines.append(self._let(kind, total, at))  # all of it, to one number
        self._loops(sizes, bodies, apart=False)
        self.lines.append(f"{at} = {total};")

    def _is_long(self, op: str, nest: Nest, over: Operand, source: Operand) -> bool:
        """Whether the innermost loop finds the largest or smallest of many numbers, one after another."""
        extreme = op in ("maximum", "minimum") and source.dtype.kind == "f" and bool(nest.sizes)
        inner = [nest.strides(o)[-1] for o in (over, source)] if extreme else []
        return inner == [0, 1] and nest.sizes[-1] >= self.long

    def _begin_fold(self, op: str, out: Operand, source: Operand, kept: tuple[int, ...]) -> None:
        """What a fold begins with: a number, or the first of what is folded."""
        start = {
            "add": beginning() if out.dtype.kind == "f" else "0",
            "multiply": "1",
            "logical_and": "1",
        }.get(op)
        start = "0" if op == "logical_or" or (op == "add" and 0 in source.shape) else start
        fill, value = Nest(out.shape, [out], out), self._cast(self.types[out.dtype.str[1:]], str(start))
        if start is None:
            first = source._replace(shape=out.shape, strides=tuple(source.strides[a] for a in kept))
            fill = Nest(out.shape, [out, first], out)
            value = self._at(first, fill.index(first))
        self._loops(fill.sizes, [*([] for _ in fill.sizes), [f"{self._at(out, fill.index(out))} = {value};"]])

    def _sum(self, at: str, nest: Nest, over: Operand, source: Operand) -> None:
        """Pairwise sums along the innermost loops: of one in place, of several by way of a buffer."""
        sizes, index, kind = nest.sizes, nest.index(source), self.types[source.dtype.str[1:]]
        last = len(sizes) - 1
        outer = max((k + 1 for k, step in enumerate(nest.strides(over)) if step), default=0)
        room = room_of(sizes[outer:])
        bodies: list[list[str]] = [[] for _ in range(last + 2)]
        if room == sizes[last]:
            begin = re.sub(f"i{last}(?![0-9])", "0", index)
            bodies[last] = [self._sum_of(at, source, begin, sizes[last], nest.strides(source)[last])]
            self._loops(sizes[:last], bodies[:-1], apart=False)
            return
        begins, gathers, adds = self._gathered(at, kind, room)
        full = adds.format(f"== {room}")
        at_ends = room % sizes[last] == 0  # of rows
        bodies[outer] = begins
        bodies[-1] = [gathers.format(self._at(source, index)), *([] if at_ends else [full])]
        after = {last: full} if at_ends else {}
        self._loops(sizes, bodies, apart=False, after=after | {outer: adds.format("> 0")})

    def _sum_of(self, at: str, source: Operand, begin: str, n: int, step: int) -> str:
        """Add to a number the pairwise sum of n others."""
        kind = self.types[source.dtype.str[1:]]
        name = f"sum_{kind}" + "_apart" * (step != 1)
        return f"{at} += {name}(&{self._at(source, begin)}, {n}, {step});"

    def _gathered(self, at: str, kind: str, room: int) -> tuple[list[str], str, str]:
        """Lines that begin a buffer, put a number into it, and add the sum of so many of them to another."""
        begins = [f"word n = 0; {kind} c[{room}] ALIGNED;"]
        return begins, "c[n++] = {};", f"if (n {{}}) {{{{ {at} += sum_{kind}(c, n, 1); n = 0; }}}}"
