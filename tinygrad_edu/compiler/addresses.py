"""Addresses: the words of memory in which it is seen what a name means, for `words.Words` to look at.

A dict has a table of its keys and values, in another place when it has grown; a class has a number, another
one whenever something has been assigned to the class or to one that it derives from.  Where Python has both
is found out by trying, once; where it is not as known, nothing is looked at.
"""

import ctypes
import sys
from functools import cache
from typing import Any

import numpy as np

KEYS, VALUES = 32, 40  # in a dict: the address of its table, and of values that lie elsewhere
FORM = 8  # in a table: three bytes that tell its size and the kind of its keys
NAMES = 5000  # of so many at most
WORD = ctypes.sizeof(ctypes.c_size_t)
Condition = tuple[int, int]  # the address of a word, and what it is to be


def word_at(address: int) -> int:
    """A word of memory."""
    return ctypes.c_size_t.from_address(address).value


def of_cell(cell: Any, value: Any) -> list[Condition]:
    """The condition that a cell of a closure has an object."""
    return [(id(cell) + 2 * WORD, id(value))]


def of_item(container: dict[str, Any], key: str, value: Any) -> list[Condition]:
    """The conditions, to be asked in turn, that a dict has an object by a key; none if it cannot be said.

    They are that its table lies where it did, has the size that it had (a smaller one may lie there by now,
    behind which the freed memory still has what it had), and has the key and the object there.
    """
    return _of_item(container, key, value) if dicts_are_as_known() else []


def _of_item(container: dict[str, Any], key: str, value: Any) -> list[Condition]:
    key, lengths = sys.intern(key), lengths_of_tables()
    keys, values = (ctypes.c_size_t.from_address(id(container) + at) for at in (KEYS, VALUES))
    content: Any = ctypes.POINTER(ctypes.c_char).from_address(id(container) + KEYS)
    try:  # without a call, so that no other thread has a turn
        table = content[: lengths[content[FORM : FORM + 3]]]
        lies, elsewhere = keys.value, values.value
    except KeyError:
        return []
    words = np.frombuffer(table, np.uintp)
    found = np.flatnonzero((words[1:] == id(value)) & (words[:-1] == id(key)))
    if elsewhere or len(found) != 1:
        return []
    at, last = lies + WORD * int(found[0]), FORM + 3 - WORD
    form = int.from_bytes(table[last : last + WORD], sys.byteorder)
    return [(id(container) + KEYS, lies), (lies + last, form), (at, id(key)), (at + WORD, id(value))]


@cache
def lengths_of_tables() -> dict[bytes, int]:
    """How many bytes the tables of dicts have, whose keys are texts, by the bytes that tell their form."""
    found: dict[bytes, int] = {}
    made: dict[str, None] = {}
    for i in range(NAMES):
        made[str(i)] = None
        size = made.__sizeof__() - dict.__basicsize__
        if found.setdefault(ctypes.string_at(word_at(id(made) + KEYS) + FORM, 3), size) != size:
            return {}
    return found if len({*found.values()}) == len(found) else {}


@cache
def dicts_are_as_known() -> bool:
    """Whether what changes in a dict is seen by these conditions."""

    def holds(conditions: list[Condition]) -> bool:
        return bool(conditions) and all(word_at(at) == known for at, known in conditions)

    for size in (1, 5, 90):
        made = {sys.intern(f"name_{i}"): object() for i in range(size)}
        for key in [*made]:
            kept, conditions = made[key], _of_item(made, key, made[key])
            if not holds(conditions):
                return False
            made[key] = None
            if holds(conditions):
                return False
            made[key] = kept
            if not holds(conditions):
                return False
        del made[key]
        if holds(conditions):
            return False
    return not _of_item(vars(_Attributes()), "a", 1)  # whose values may lie elsewhere


class _Attributes:
    def __init__(self) -> None:
        self.a = 1


def of_class(cls: type) -> list[Condition]:
    """The condition that nothing has been assigned to a class; none if that cannot be said."""
    offset = offset_of_version()
    cls.mro  # noqa: B018  # a look gives it a number, if it has none
    known = word_at(id(cls) + offset)
    return [(id(cls) + offset, known)] if offset and known else []


@cache
def offset_of_version() -> int:
    """Where a class has its number; 0 if that is not found."""
    size: Any = type.__basicsize__
    places = range(2 * WORD, size - WORD + 1, WORD)

    def numbers(cls: Any) -> dict[int, int]:
        return {at: word_at(id(cls) + at) for at in places}

    found = set(places)
    for _ in range(3):
        base = type("Base", (), {"a": 0})
        above = type("Above", (base,), {})
        for changed in (above, base, above):
            above.a  # type: ignore[attr-defined]  # noqa: B018
            before = numbers(above)
            changed.a = changed.b = 1  # type: ignore[attr-defined]
            after = numbers(above)
            above.a  # type: ignore[attr-defined]  # noqa: B018
            later = numbers(above)
            found = {at for at in found if before[at] and before[at] != after[at] != later[at]}
            found = {at for at in found if later[at] > before[at]}
    return found.pop() if len(found) == 1 else 0
