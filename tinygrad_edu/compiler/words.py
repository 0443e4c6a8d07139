"""Words of memory that C looks at: whether they are as they were, where Python would ask for each of them."""

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from .callable import callable_of, of_python, table_of

TEXT = """
/* Whether words of memory are as they were: their addresses, and what they were, behind how many they are. */
void *hold(void *self, void **x, word n) {
    const word *p = (word *)DATA(self), count = p[1];
    word same = 1;
    for (word i = 2; i < 2 + 2 * count; i += 2) same &= *(word *)p[i] == p[i + 1];
    return ANSWER(p[0], same);
}
"""


class Words:
    """Conditions on words of memory, of which there are none to begin with that hold.

    Parameters
    ----------
    library : ctypes.PyDLL
        It has the function of ``TEXT``.
    most : int
        How many conditions there may be.

    Attributes
    ----------
    hold : callable
        Says whether all hold.
    """

    def __init__(self, library: Any, most: int) -> None:
        self.table = table_of(2 + 2 * most, 1)
        self.hold: Callable[[], int] = callable_of(library["hold"], self.table, 0)
        self.table[0] = of_python("PyLong_FromLong")
        self.set([(self.table.ctypes.data, 0)])

    def set(self, conditions: Sequence[tuple[int, int]]) -> None:
        """Have other conditions: addresses of words that stay where they are, and what they are to be."""
        self.table[1] = len(conditions)
        self.table[2 : 2 + 2 * len(conditions)] = [word for pair in conditions for word in pair]


@cache
def offset_of(kind: type, name: str) -> int:
    """Where an object of a class with slots has the address of what one of them holds."""
    made: Any = object.__new__(kind)
    there = object()
    size = kind.__basicsize__ // ctypes.sizeof(ctypes.c_void_p)
    setattr(made, name, there)
    words = (ctypes.c_size_t * size).from_address(id(made))
    return list(words).index(id(there)) * ctypes.sizeof(ctypes.c_void_p)
