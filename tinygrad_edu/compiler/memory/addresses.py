"""Addresses: the words of memory in which it is seen what a name means, for `words.Words` to look at.

A dict has a table of its keys and values, in another place when it has grown; that of the attributes of an
object has its values elsewhere, in the order of the names that its class has a table of.  A class has a
number, another one whenever something has been assigned to the class or to one that it derives from.  Where
Python has all this is found out by trying, once; where it is not as known, nothing is looked at.
"""

import ctypes
import sys
from functools import cache
from typing import Any

import numpy as np

from .words import forms_are_as_known

LENGTH, KEYS, VALUES = 16, 32, 40  # in a dict; the address of its table, and of values that lie elsewhere
FORM, PLACES = 8, 32  # in a table: three bytes that tell its size and the kind of its keys; where these lie
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
    behind which the freed memory still has what it had), and has the key and the object there.  A table of
    names only grows; there the values lie where they did.
    """
    return _of_item(container, key, value, first_value()) if dicts_are_as_known() else []


def of_length(container: Any) -> list[Condition]:
    """The condition that a dict or a list has as many items; none if that cannot be said."""
    known = type(container) in (dict, list) and word_at(id(container) + LENGTH) == len(container)
    return [(id(container) + LENGTH, len(container))] if known else []


def of_form(array: Any) -> list[Condition]:
    """The conditions that an array has its memory, axes, dtype and flags; none if that cannot be said."""
    if not forms_are_as_known():
        return []
    at, axes = id(array), 2 * WORD * array.ndim
    found = [(at + k, word_at(at + k)) for k in (16, 24, 32, 40, 56, 64)]
    places = [found[2][1] + k for k in range(0, axes // 2, WORD)]
    places += [found[3][1] + k for k in range(0, axes // 2, WORD)]
    return found + [(place, word_at(place)) for place in places]


def of_shapes(arrays: list[Any]) -> list[Condition]:
    """The conditions that arrays have their shapes, dtypes and flags; none if that cannot be said.

    As they have as many items as they had, nobody need ask for the last length of each.
    """
    if not forms_are_as_known():
        return []
    found = []
    for array in arrays:
        at = id(array)
        found += [(at + k, word_at(at + k)) for k in (24, 56, 64)]
        if array.ndim > 1:
            places = [at + 32, *(word_at(at + 32) + k * WORD for k in range(array.ndim - 1))]
            found += [(place, word_at(place)) for place in places]
    return found


def of_whole(value: Any, name: str) -> list[Condition]:
    """The condition that an object has its ``__class__``, or its ``__dict__``; none if it cannot be said."""
    if name == "__class__":
        return [(id(value) + WORD, id(type(value)))]
    at = id(value) + offset_of_attributes()
    return [(at, id(vars(value)))] if at != id(value) and word_at(at) == id(vars(value)) else []


def _of_item(container: dict[str, Any], key: str, value: Any, first: int = -1) -> list[Condition]:
    lengths = lengths_of_tables()
    keys, values = (ctypes.c_size_t.from_address(id(container) + at) for at in (KEYS, VALUES))
    content: Any = ctypes.POINTER(ctypes.c_char).from_address(id(container) + KEYS)
    try:  # without a call, so that no other thread has a turn
        table = content[: lengths[content[FORM : FORM + 3]]]
        lies, elsewhere = keys.value, values.value
    except KeyError:
        return []
    words = np.frombuffer(table, np.uintp)
    found = np.flatnonzero((words == id(key)) | (words == id(sys.intern(key))))
    there = (id(container) + KEYS, lies)
    if elsewhere and len(found) == 1 and first >= 0:
        place = WORD * int(found[0]) - PLACES - (1 << table[FORM + 1])  # of pairs of words
        return [there, (id(container) + VALUES, elsewhere), (elsewhere + first + place // 2, id(value))]
    found = found[words[(found + 1) % len(words)] == id(value)]
    if elsewhere or len(found) != 1:
        return []
    at, last = lies + WORD * int(found[0]), FORM + 3 - WORD
    form = int.from_bytes(table[last : last + WORD], sys.byteorder)
    return [there, (lies + last, form), (at, int(words[found[0]])), (at + WORD, id(value))]


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
    of_names = ctypes.string_at(word_at(id(vars(_Attributes())) + KEYS) + FORM, 3)[2:]
    are_apart = len({*found.values()}) == len(found) and of_names not in {form[2:] for form in found}
    return found | {form[:2] + of_names: size for form, size in found.items()} if are_apart else {}


@cache
def dicts_are_as_known() -> bool:
    """Whether what changes in a dict is seen by these conditions."""
    made = ({sys.intern(f"name_{i}"): object() for i in range(size)} for size in (1, 5, 90))
    return all(map(_are_seen, made)) and not _of_item(vars(_Attributes()), "a", 1)  # which lies elsewhere


def _are_seen(made: dict[str, Any], first: int = -1) -> bool:
    """Whether a dict's items are seen to be there, to be others, and to be gone."""
    conditions: list[Condition] = []
    for key in [*made]:
        kept, conditions = made[key], _of_item(made, key, made[key], first)
        if not holds(conditions):
            return False
        made[key] = None
        if holds(conditions):
            return False
        made[key] = kept
        if not holds(conditions):
            return False
    del made[key]
    return not holds(conditions)


def holds(conditions: list[Condition]) -> bool:
    """Whether there are conditions, and all hold, asked in turn."""
    return bool(conditions) and all(word_at(at) == known for at, known in conditions)


class _Attributes:
    def __init__(self) -> None:
        self.a, self.b, self.c = 1, object(), object()


@cache
def first_value() -> int:
    """How far behind the values of an object's attributes begins the first of them; -1 if it is not found."""
    found = [first for first in (0, WORD) if _are_seen(vars(_Attributes()), first)]
    return found[0] if len(found) == 1 else -1


@cache
def offset_of_attributes() -> int:
    """How far from an object lies the address of the dict of its attributes; 0 if that is not found."""
    made = [_Attributes() for _ in range(3)]
    known = [id(vars(one)) for one in made]
    places = range(-4 * WORD, 0, WORD)
    found = [at for at in places if [word_at(id(one) + at) for one in made] == known]
    return found[0] if len(found) == 1 else 0


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
