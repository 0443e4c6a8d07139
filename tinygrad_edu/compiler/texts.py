"""Texts: the functions that a text of ours defines, in little memory."""

import types
from collections.abc import Collection
from itertools import groupby
from typing import Any

from .state.code import names_in

ENTRY, NO_COLUMNS, NO_LINE = 0x80, 13, 15  # of a table of positions, as Python's own notes describe it


def defined(text: str, title: str, meaning: dict[str, Any], asked: Collection[str] = ()) -> dict[str, Any]:
    """What a text defines, given what names mean: its functions, what these name, and what is asked for."""
    exec(slim(compile(text, title, "exec")), meaning)  # noqa: S102  # our own text
    return without_unused(meaning, asked)


def slim(code: types.CodeType) -> types.CodeType:
    """The same code, which knows its lines, but no columns: these take half of its memory."""
    inner = tuple(slim(c) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    table, before = bytearray(), code.co_firstlineno
    for line, parts in groupby(code.co_lines(), lambda part: part[2]):
        for units in range(sum(end - start for start, end, _ in parts) // 2, 0, -8):
            kind = NO_LINE if line is None else NO_COLUMNS
            table.append(ENTRY | kind << 3 | (min(units, 8) - 1))
            if line is not None:
                table += _signed(line - before)
                before = line
    made = code.replace(co_consts=inner, co_linetable=bytes(table))
    return made if _lines_of(made) == _lines_of(code) else code.replace(co_consts=inner)


def _lines_of(code: types.CodeType) -> list[int | None]:
    """The line of each unit of code."""
    return [line for start, end, line in code.co_lines() for _ in range(start, end, 2)]


def _signed(number: int) -> bytes:
    """A number in pieces of six bits, the lowest first; its sign is the lowest bit."""
    left, pieces = (-number << 1 | 1) if number < 0 else number << 1, []
    while left >= 64:
        pieces.append(64 | (left & 63))
        left >>= 6
    return bytes([*pieces, left])


def without_unused(meaning: dict[str, Any], asked: Collection[str]) -> dict[str, Any]:
    """The globals of a text without those that neither its functions name nor somebody asks for."""
    own = (n for n, f in meaning.items() if type(f) is types.FunctionType and f.__globals__ is meaning)
    functions = {name: meaning[name] for name in own}
    named = {name for f in functions.values() for name in names_in(f.__code__)}.union(asked, functions)
    kept = {n: value for n, value in meaning.items() if n in named or n == "__builtins__"}
    meaning.clear()  # which is among its own values
    kept.update((n, types.FunctionType(f.__code__, kept, n)) for n, f in functions.items())
    return kept
