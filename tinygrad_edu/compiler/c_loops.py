"""Loops in C, and what folds an array along its axes: sums and maxima, in NumPy's order."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from .loops import FOLDS, Fold
from .memories import C_TYPES, Operand
from .nest import Nest
from .sums import room_of

FEW = 4  # passes of an innermost loop that are written out, so that the loop around it becomes vectors


class Loops:
    """Lines of C, one after another.

    Parameters
    ----------
    pointer : callable
        Notes that a memory is used with a type, and gives the name of a pointer to it.
    slot : callable
        The place, in the table of addresses, of an inner loop of NumPy's.
    """

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
        few = free and len(sizes) > 1 and sizes[-1] <= FEW < sizes[-2]
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
        kind = C_TYPES[out.dtype.str[1:]]
        nest = Nest(source.shape, [over, source], *[over] * given, source)
        sizes, steps = nest.sizes, nest.strides(over)
        self.lines.append("{")
        self._begin_fold(op, out, source, kept)
        at = self._at(over, nest.index(over))
        element = f"({kind}){self._at(source, nest.index(source))}"
        if op == "add" and out.dtype.kind == "f" and sizes and not steps[-1]:
            self._sum(at, nest, over, source)
        elif not any(steps):  # all of it, to one number
            line = f"t = ({kind})({FOLDS[op].format('t', element)});"
            self.lines.append(f"{kind} t = {at};")
            self._loops(sizes, [*([] for _ in sizes), [line]], apart=False)
            self.lines.append(f"{at} = t;")
        else:
            line = f"{at} = ({kind})({FOLDS[op].format(at, element)});"
            self._loops(sizes, [*([] for _ in sizes), [line]], apart=bool(steps) and bool(steps[-1]))
        self.lines.append("}")

    def _begin_fold(self, op: str, out: Operand, source: Operand, kept: tuple[int, ...]) -> None:
        """What a fold begins with: a number, or the first of what is folded."""
        start = {"add": "-0.0" if out.dtype.kind == "f" else "0", "multiply": "1", "logical_and": "1"}.get(op)
        start = "0" if op == "logical_or" or (op == "add" and 0 in source.shape) else start
        fill, value = Nest(out.shape, [out], out), f"({C_TYPES[out.dtype.str[1:]]}){start}"
        if start is None:
            first = source._replace(shape=out.shape, strides=tuple(source.strides[a] for a in kept))
            fill = Nest(out.shape, [out, first], out)
            value = self._at(first, fill.index(first))
        self._loops(fill.sizes, [*([] for _ in fill.sizes), [f"{self._at(out, fill.index(out))} = {value};"]])

    def _sum(self, at: str, nest: Nest, over: Operand, source: Operand) -> None:
        """Pairwise sums along the innermost loops: of one in place, of several by way of a buffer."""
        sizes, index, kind = nest.sizes, nest.index(source), C_TYPES[source.dtype.str[1:]]
        last = len(sizes) - 1
        outer = max((k + 1 for k, step in enumerate(nest.strides(over)) if step), default=0)
        room = room_of(sizes[outer:])
        bodies: list[list[str]] = [[] for _ in range(last + 2)]
        if room == sizes[last]:
            begin = f"&{self._at(source, re.sub(f'i{last}(?![0-9])', '0', index))}"
            bodies[last] = [f"{at} += sum_{kind}({begin}, {sizes[last]}, {nest.strides(source)[last]});"]
            self._loops(sizes[:last], bodies[:-1], apart=False)
            return
        add = f"{{ {at} += sum_{kind}(c, n, 1); n = 0; }}"
        at_ends = room % sizes[last] == 0  # of rows
        after = {last: f"if (n == {room}) {add}"} if at_ends else {}
        bodies[outer] = [f"word n = 0; {kind} c[{room}] ALIGNED;"]
        bodies[-1] = [f"c[n++] = {self._at(source, index)};"]
        if not at_ends:
            bodies[-1].append(f"if (n == {room}) {add}")
        self._loops(sizes, bodies, apart=False, after=after | {outer: f"if (n) {add}"})
