"""Modules as trees: as text, and as a notebook shows them, where they open."""

from collections.abc import Callable, Iterable
from typing import Any

from ..markup import Html, box, details, heading, note

OPEN = 2  # levels that are open at first
Row = tuple[str, str, str, str]
Children = Callable[[Any], Iterable[tuple[str, Any]]]


def as_text(module: Any, children_of: Children, usual: Any) -> str:
    """A module and those inside it; what comes again is cut short, and what has another repr shows that."""
    seen: set[int] = set()

    def branch(module: Any) -> str:
        head = type(module).__name__
        if type(module).__repr__ is not usual and seen:
            return repr(module)
        children = list(children_of(module))
        if not children:
            return f"{head}({module.extra_repr()})"
        if id(module) in seen:
            return f"{head}(…)"
        seen.add(id(module))
        lines = [f"({path}): {branch(child)}".replace("\n", "\n  ") for path, child in children]
        return f"{head}(\n  " + "\n  ".join(lines) + "\n)"

    return branch(module)


def tree_as_html(module: Any, children_of: Children) -> str:
    """A module and those inside it, with their settings and numbers of parameters; what comes again is cut
    short.
    """
    seen: set[int] = set()

    def branch(module: Any, path: str, depth: int) -> Html:
        children = [] if id(module) in seen else list(children_of(module))
        seen.add(id(module))
        count = sum(p.size for p in module.parameters())
        told = [] if children else [module.extra_repr()]
        told += [f"{count:,} parameters"] if count else []
        kind = type(module).__name__
        head = heading(f"{path}: {kind}" if path else kind, ", ".join(filter(None, told)))
        inner = [branch(child, place, depth + 1) for place, child in children]
        return details(head, *inner, opened=depth < OPEN) if inner else Html(f"<div>{head}</div>")

    return box(branch(module, "", 0))


def rows_as_html(rows: list[Row], total: str) -> str:
    """The rows of a summary (path, kind, output, parameters) as a tree by their paths, below the total."""

    def branch(at: int, depth: int) -> tuple[Html, int]:
        path, kind, shape, count = rows[at]
        told = [f"→ {shape}" if shape else "", f"{count} parameters" if count else ""]
        head = heading(f"{path}: {kind}" if path else kind, ", ".join(filter(None, told)))
        inner, at = list[Html](), at + 1
        while at < len(rows) and (not path or rows[at][0].startswith(f"{path}.")):
            child, at = branch(at, depth + 1)
            inner.append(child)
        shown = details(head, *inner, opened=depth < OPEN) if inner else Html(f"<div>{head}</div>")
        return shown, at

    return box(branch(0, 0)[0], note(total))
