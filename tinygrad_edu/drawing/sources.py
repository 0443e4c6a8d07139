"""The source of a derivative rule: its own line of the file that it was filed in."""

import ast
import inspect
import linecache
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ..plan import Indexed

PACKAGE = Path(__file__).parents[2]


class Source(NamedTuple):
    """A rule as text: its formula, the names that it takes, where it stands, and its line there; empty where
    nobody knows.
    """

    formula: str
    names: tuple[str, ...]
    place: str
    line: str = ""
    tree: ast.expr | None = None


def source_of(rule: Callable[..., Any]) -> Source:
    """The source of a rule, which is a lambda or a named function.

    Examples
    --------
    >>> from ..table import op_of
    >>> import numpy as np
    >>> source_of(op_of(np.sin).rules["x"][0]).formula
    'g * np.cos(x)'
    """
    if isinstance(rule, Indexed):
        rule = rule.rule
    rule = inspect.unwrap(rule)
    code = getattr(rule, "__code__", None)
    return Source("", (), "") if code is None else _source(code, rule.__name__)


@lru_cache(maxsize=512)
def _source(code: Any, name: str) -> Source:
    names = code.co_varnames[: code.co_argcount]
    place = f"{_shown(code.co_filename)}:{code.co_firstlineno}"
    line = " ".join(linecache.getline(code.co_filename, code.co_firstlineno).split())
    if name != "<lambda>":
        return Source(f"{name}({', '.join(names)})", names, place, line)
    found = _lambda_in(code)
    if found is None:
        return Source("", names, place, line)
    return Source(ast.unparse(found.body), names, place, line, found.body)


def meaning_of(rule: Callable[..., Any], tree: ast.expr | None) -> str:
    """The first sentence of the docstring of the one function that a rule calls, or of the rule itself."""
    function = rule
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
        function = getattr(rule, "__globals__", {}).get(tree.func.id, rule)
    text = inspect.getdoc(function) if function is not rule or tree is None else ""
    paragraph = " ".join((text or "").split("\n\n")[0].split()).replace("``", "")
    return re.split(r"[.;] ", paragraph)[0].removesuffix(".")


def _lambda_in(code: Any) -> ast.Lambda | None:
    """The lambda of a code object: it stands on its line and around its columns, and takes the same names."""
    text = "".join(linecache.getlines(code.co_filename))
    names = code.co_varnames[: code.co_argcount]
    taken = [node for node in _lambdas(text) if [a.arg for a in node.args.args] == list(names)]
    places = [p for p in code.co_positions() if p[2] is not None and p[0] is not None and p[3] != 0]
    inside = [node for node in taken if all(_covers(node, place) for place in places[1:])]
    inside = [node for node in inside if node.lineno == code.co_firstlineno]
    return inside[0] if inside else None


def _covers(node: ast.Lambda, place: Any) -> bool:
    line, end, column, stop = place
    first, last = (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)
    return first <= (line, column) and (end, stop) <= last


@lru_cache(maxsize=64)
def _lambdas(text: str) -> list[ast.Lambda]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # a notebook's cell with magics
        return []
    return [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]


def _shown(file: str) -> str:
    """A file as a reader would find it: files of this package by their path in it."""
    path = Path(file)
    return path.relative_to(PACKAGE).as_posix() if path.is_relative_to(PACKAGE) else path.name
