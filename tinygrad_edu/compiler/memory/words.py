"""Words of memory that C looks at: whether they are as they were; Python would ask for one after another."""

import ctypes
import types
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from .callable import callable_of, of_python, table_of

TEXT = """
/* Whether words of memory are as they were, asked in turn, and arguments are arrays of NumPy's of certain
   forms.  The table: what makes an answer, how many words, how many arguments, the type of arrays; the
   address of each word, and what it was; of each array the number of axes, the dtype, the lengths, the
   strides. */
void *hold(void *self, void **x, word n) {
    const word *p = (word *)DATA(self), *q = p + 4;
    word same = n == p[2];
    for (word i = 0; i < p[1] && same; i++, q += 2) same = !memcmp((void *)q[0], q + 1, sizeof(word));
    for (word i = 0; i < n && same; i++) {
        const char *const a = x[i];
        const word axes = q[0];
        same = *(word *)(a + 8) == p[3] && *(int *)(a + 24) == axes && *(word *)(a + 56) == q[1]
            && !memcmp(*(char **)(a + 32), q + 2, axes * sizeof(word))
            && !memcmp(*(char **)(a + 40), q + 2 + axes, axes * sizeof(word));
        q += 2 + 2 * axes;
    }
    return ANSWER(p[0], same);
}
"""
HEAD = 4  # words of the table before the others
LARGEST = int(np.iinfo(np.uintp).max)


class Words:
    """Conditions on words of memory, of which there are none to begin with that hold.

    Parameters
    ----------
    library : ctypes.PyDLL
        It has the function of ``TEXT``.
    most : int
        How many conditions there may be.
    forms : sequence of (tuple of int, dtype, tuple of int), optional
        The shapes, dtypes and strides that arguments are to have, which are arrays.

    Attributes
    ----------
    hold : callable
        Says, given the arguments, whether all hold.
    """

    def __init__(self, library: Any, most: int, forms: Sequence[tuple[Any, ...]] = ()) -> None:
        self.forms = [
            word for shape, dtype, strides in forms for word in (len(shape), id(dtype), *shape, *strides)
        ]
        self.table = table_of(HEAD + 2 * most + len(self.forms), 1)
        self.hold: Callable[..., int] = callable_of(library["hold"], self.table, 0)
        self.table[:HEAD] = of_python("PyLong_FromLong"), 0, len(forms), id(np.ndarray)
        self._behind = memoryview(self.table)[1:]
        self.set([(self.table.ctypes.data, 0)])

    def set(self, conditions: Sequence[tuple[int, int]]) -> None:
        """Have other conditions: addresses of words that stay where they are, and what they are to be."""
        words = [word for pair in conditions for word in pair] + self.forms
        words = [len(conditions), *self.table[2:HEAD].tolist(), *words]
        new: Any = np.array([word & LARGEST for word in words], np.uintp)  # some are negative, some addresses
        self._behind[: len(new)] = memoryview(new)  # at once: other threads may ask in the meantime


@cache
def offset_of(kind: type, name: str) -> int:
    """Where an object of a class with slots has the address of what one of them holds."""
    made: Any = object.__new__(kind)
    there = object()
    size = kind.__basicsize__ // ctypes.sizeof(ctypes.c_void_p)
    setattr(made, name, there)
    words = (ctypes.c_size_t * size).from_address(id(made))
    return list(words).index(id(there)) * ctypes.sizeof(ctypes.c_void_p)


@cache
def forms_are_as_known() -> bool:
    """Whether C finds the type, the axes, the dtype, the shape and the strides of an array where it looks."""
    for array in (np.empty((2, 3))[:, ::-1], np.empty((), np.int8), np.empty(5, np.float32)):
        at, word = id(array), ctypes.c_ssize_t.from_address
        axes = ctypes.c_int.from_address(at + 24).value
        found = [word(at + 8).value, word(at + 56).value, axes]
        if found != [id(np.ndarray), id(array.dtype), array.ndim]:
            return False
        for offset, known in ((32, array.shape), (40, array.strides)):
            first = word(at + offset).value
            if [word(first + 8 * k).value for k in range(axes)] != list(known):
                return False
    cell = types.CellType(found)
    return ctypes.c_size_t.from_address(id(cell) + 16).value == id(found)
