"""Alike loops: those that differ only in where their arrays lie are one function in C, called for each.

A network has the same loops in every layer of a kind and at every step in time; a compiler, which takes
longer for a long function than for its parts, then sees each of them once.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from ..loops.kinds import Statement, reads, writes
from ..loops.memories import C_TYPES, Operand
from .text import Printer

Places = dict[int, tuple[int, int]]  # of each memory its number among those of a loop, and where it begins


class Alike:
    """The functions of loops in C.

    Attributes
    ----------
    names : dict of str to str
        The name of each function, by all else of its text.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._printed: dict[Any, tuple[list[str], dict[tuple[int, Any], str]]] = {}  # lines, and pointers

    @property
    def text(self) -> str:
        """All functions."""
        return "".join(
            f"__attribute__((noinline)) static {text.replace('NAME', name, 1)}"
            for text, name in self.names.items()
        )

    def call(
        self, group: Sequence[Statement], fleeting: Collection[int], unread: Collection[Operand],
        pointer: Callable[[int, Any], str], slot: Callable[[Any, str], int],
        apart: Callable[[int, Collection[int]], bool],
    ) -> list[str]:  # fmt: skip
        """The line that calls the function of a group of statements; see `Printer.group`.

        Parameters
        ----------
        pointer, slot : callable
            Those of `Loops`.
        apart : callable
            Whether a memory shares no byte with others.
        """
        places = places_of(group)
        memories, left = list(places), frozenset(moved(o, places) for o in unread)
        key = (
            tuple(moved(s, places) for s in group),
            frozenset(places[m][0] for m in memories if m in fleeting),
            left,
        )
        known = key in self._printed
        if not known:
            pointers: dict[tuple[int, Any], str] = {}
            printer = Printer(lambda *p: pointers.setdefault(p, f"m{p[0]}_{p[1].str[1:]}"), slot)
            printer.group(*key)
            self._printed[key] = printer.lines, pointers
        printed, used = self._printed[key]
        if not (known or any("for (" in line for line in printed)):
            here = Printer(pointer, slot)  # a call of NumPy's, or a few numbers: seldom are there others
            here.group(group, fleeting, unread)
            return here.lines
        looks, fails = ("p[" in "".join(printed)), any("return 1;" in line for line in printed)
        declared, given = ["void **p"] * looks, ["p"] * looks
        for (number, dtype), name in used.items():
            memory = memories[number]
            alone = [m for m, _ in used].count(number) == 1 and apart(memory, memories)
            declared.append(f"{C_TYPES[dtype.str[1:]]} *{'restrict ' * alone}const {name}")
            given.append(f"{pointer(memory, dtype)} + {places[memory][1] // dtype.itemsize}")
        lines = "".join(f"    {line}\n" for line in [*printed, *["return 0;"] * fails])
        rest = f"({', '.join(declared)}) {{\n{lines}}}\n\n"
        name = self.names.setdefault(f"{'int' if fails else 'void'} NAME{rest}", f"alike_{len(self.names)}")
        call = f"{name}({', '.join(given)})"
        return [f"if ({call}) return 1;" if fails else f"{call};"]


def places_of(group: Sequence[Statement]) -> Places:
    """The memories of a group in the order in which they come, and where the first of their operands begins.

    One that holds numbers of several types begins where it does.
    """
    operands: dict[int, list[Operand]] = {}
    for operand in (o for s in group for o in (*writes(s), *reads(s))):
        operands.setdefault(operand.memory, []).append(operand)
    begins = [min(o.offset for o in them) * (len({o.dtype for o in them}) == 1) for them in operands.values()]
    return dict(zip(operands, enumerate(begins)))


def moved(part: Any, places: Places) -> Any:
    """A statement, or a part of one, whose memories are known by their numbers, and begin where they do."""
    if isinstance(part, Operand):
        number, begin = places[part.memory]
        return part._replace(memory=number, offset=part.offset - begin)
    if hasattr(part, "_fields"):
        return type(part)(*(moved(p, places) for p in part))
    return tuple(moved(p, places) for p in part) if type(part) is tuple else part
