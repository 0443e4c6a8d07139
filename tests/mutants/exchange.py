"""Other code in functions that are alive: what holds a reference to one of them runs the other code."""

import ast
import gc
from collections import defaultdict
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

Key = tuple[Any, ...]
Living = dict[Key, list[FunctionType]]


class Stranger(Exception):
    """The other code cannot stand in for a function, as it closes over other names."""


def living(path: Path) -> Living:
    """The functions whose code comes from a file, by their code."""
    found: Living = defaultdict(list)
    frozen = gc.get_freeze_count()
    gc.unfreeze()  # conftest.py has frozen what was there when tests were collected, and so has a hunt
    for value in gc.get_objects():
        if type(value) is FunctionType and value.__code__.co_filename == str(path):
            found[key(value.__code__)].append(value)
    if frozen:
        gc.freeze()
    return found


def key(code: CodeType) -> Key:
    """What tells code apart from all other code of its file."""
    return code.co_qualname, code.co_firstlineno, code.co_linetable, code.co_code, code.co_names


def code_of(tree: ast.Module | str, path: Path) -> CodeType:
    """The code of a file, of its text or tree."""
    return compile(tree, str(path), "exec", dont_inherit=True)


def exchange(old: CodeType, new: CodeType, functions: Living) -> int:
    """Give every living function the code that stands in its place in the new file; how many there were."""
    inner, others = inside(old), inside(new)
    count = sum(exchange(a, b, functions) for a, b in zip(inner, others)) if len(inner) == len(others) else 0
    if key(old) == key(new) and old.co_consts == new.co_consts:
        return count
    for function in functions.get(key(old), ()):
        if old.co_freevars != new.co_freevars:
            raise Stranger(new.co_qualname)
        function.__code__ = new
        count += 1
    return count


def inside(code: CodeType) -> list[CodeType]:
    """The code of the functions that a function makes."""
    return [c for c in code.co_consts if isinstance(c, CodeType)]
