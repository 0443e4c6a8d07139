"""What code looks up, imports and compares: read off its instructions."""

import dis
import types
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

LOOKING_UP = {"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}
TAKING = ("BINARY_SUBSCR", "BINARY_OP", "CALL", "LOAD_CONST")  # follow the constant of d[c], d.get(c, …)
UNNOTICED = {"callable", "id", "is_", "is_not"}  # functions that ask nothing of what they are given
# The methods of Python's containers that change them.
CHANGING = {
    "add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert", "pop", "popitem",
    "popleft", "remove", "reverse", "rotate", "setdefault", "sort", "update",
}  # fmt: skip
SAYING_NOTHING = {"CACHE", "PRECALL", "NOP", "PUSH_NULL"}  # between what is done


def codes_in(code: types.CodeType) -> Iterator[types.CodeType]:
    """Code, and that of the functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes_in(constant)


def names_in(code: types.CodeType) -> Iterator[str]:
    """The names of globals and attributes in code, and in that of the functions in it."""
    for one in codes_in(code):
        yield from one.co_names


@lru_cache(1024)
def imports_in(code: types.CodeType) -> tuple[str, ...]:
    """The modules that code imports when it runs, and that of the functions in it."""
    found = [i.argval for i in instructions_in(code) if i.opname == "IMPORT_NAME" and i.argval]
    return tuple(dict.fromkeys([*found, *(name for name, _ in modules_in(code) if name)]))


@lru_cache(1024)
def modules_in(code: types.CodeType) -> tuple[tuple[str, int], ...]:
    """What code takes out of ``sys.modules``: names, "" for one that is computed, each with its line."""
    found, line = [], code.co_firstlineno
    every = [i for i in instructions_in(code) if i.opname not in SAYING_NOTHING]
    for k, (before, here) in enumerate(pairwise(every)):
        line = line_of(here) or line
        if here.argval == "modules" and (before.argval == "sys" or here.opname == "LOAD_GLOBAL"):
            after = every[k + 2 : k + 5]
            after = after[1:] if after[0].argval == "get" else after[:2]
            is_constant = after[0].opname == "LOAD_CONST" and after[1].opname.startswith(TAKING)
            if after[0].opname != "CONTAINS_OP":
                found.append((after[0].argval if is_constant else "", line))
    return tuple(found)


def catches(code: types.CodeType) -> bool:
    """Whether code, or a function in it, has handlers of exceptions, as `with` blocks have too."""
    return any(one.co_exceptiontable for one in codes_in(code))


@lru_cache(1024)
def identity_line(code: types.CodeType) -> int:
    """The line in which code may ask whether two objects are the same one; 0 if there is none."""
    line = code.co_firstlineno
    before: Any = None
    for i in instructions_in(code):
        line = line_of(i) or line
        compares = i.opname == "IS_OP" and before.opname != "LOAD_CONST"
        if compares or (i.argval in ("id", "is_", "is_not") and i.opname != "LOAD_CONST"):
            return line
        before = i if i.opname not in SAYING_NOTHING else before
    return 0


@lru_cache(1024)
def loads(code: types.CodeType) -> frozenset[str]:
    """The names of attributes, globals and variables of outside that code itself may read."""
    found = (
        i.argval
        for i in dis.get_instructions(code)
        if i.opname.startswith("LOAD_") and not i.opname.startswith(("LOAD_FAST", "LOAD_CONST"))
    )
    return frozenset(name for name in found if isinstance(name, str))


@lru_cache(1024)
def asks_unnoticed(code: types.CodeType) -> bool:
    """Whether code itself may ask what an object is, by ``is None`` or the like, without its being asked."""
    return any(
        i.opname == "IS_OP" or i.opname.endswith("NONE") or i.argval in UNNOTICED
        for i in dis.get_instructions(code)
    )


def line_of_change(code: types.CodeType, name: str) -> int:
    """The line in which code assigns to an attribute, a global or a variable of a closure of this name, or
    changes the container there; 0 if there is none.
    """
    line, loaded, changed = code.co_firstlineno, 0, 0
    for i in dis.get_instructions(code):
        line = line_of(i) or line
        is_outside = i.argval == name and "FAST" not in i.opname  # no variable of the function itself
        if is_outside and i.opname.startswith(("STORE_", "DELETE_")):
            return line
        if is_outside and i.opname.startswith("LOAD_"):
            loaded = line
        elif loaded == line and (i.opname in ("STORE_SUBSCR", "DELETE_SUBSCR") or i.argval in CHANGING):
            changed = changed or line
    return changed


def instructions_in(code: types.CodeType) -> Iterator[dis.Instruction]:
    """The instructions of code, and of the functions in it."""
    for one in codes_in(code):
        yield from dis.get_instructions(one)


def line_of(instruction: dis.Instruction) -> int:
    """The line of an instruction; 0 if it goes on in that of the one before."""
    found = getattr(instruction, "line_number", None) or instruction.starts_line
    return found if type(found) is int else 0


@lru_cache(1024)
def globals_in(code: types.CodeType) -> tuple[str, ...]:
    """The names that code looks up among its globals, and that of the functions in it."""
    found = (i.argval for i in instructions_in(code) if i.opname in LOOKING_UP)
    return tuple(name for name in dict.fromkeys(found) if name[0] != "@")  # pytest's, in its asserts


@lru_cache(1024)
def handed_on_in(code: types.CodeType) -> frozenset[str]:
    """The names that code looks up among its globals otherwise than to call what they mean."""
    found = (i for i in instructions_in(code) if i.opname in LOOKING_UP)
    return frozenset(i.argval for i in found if not (i.opname == "LOAD_GLOBAL" and (i.arg or 0) & 1))
