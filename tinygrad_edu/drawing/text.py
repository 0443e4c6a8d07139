"""A scene as text: an operation, and below it the arguments that it was computed from.

Each line is an item; after its name stands the factor of its edge to the operation that uses it.  The last
argument, ↳, stands in the column of its operation, so that a long chain does not run out of the page.  What
is used twice is written out at its first use, and only named, with ↑, at the others.
"""

from collections.abc import Iterator

from .scene import Item, Scene
from .svg import cut, text_width

WIDEST, LABEL = (60, 30, 24, 40), 30  # columns of text, beyond which the rest moves to the right
BRIEF = 16  # columns of a constant that is written behind the name


def tree(scene: Scene) -> Iterator[str]:
    """The lines of a scene, the last item first."""
    rows = [[name, factor, *facts] for name, factor, facts in _rows(scene.items)]
    columns = range(len(WIDEST))
    widths = [max((text_width(row[i]) for row in rows if len(row) > i), default=0) for i in columns]
    widths = list(map(min, widths, WIDEST))
    for row in rows:
        cells = [cell + " " * (width - text_width(cell)) for cell, width in zip(row, widths)]
        yield "  ".join([*cells, *row[len(widths) :]]).rstrip()


def _rows(items: list[Item]) -> Iterator[tuple[str, str, list[str]]]:
    """The name of an item with the branches before it, the factor of its edge, and what is known of it."""
    reach, done = _reach(items), set[int]()
    stack = [("", "", "", item) for item in items[-1:]]
    while stack:
        branch, below, label, item = stack.pop()
        again = id(item) in done
        title, facts = _head(item)
        yield f"{branch}{title}" + " ↑" * again, cut(label, LABEL), [] if again else facts
        done.add(id(item))
        if again:
            continue
        sources = sorted(item.sources, key=lambda pair: id(pair[0]) not in done and reach[id(pair[0])])
        for k, (source, text) in reversed(list(enumerate(sources))):
            if k < len(sources) - 1:
                stack.append((below + "├ ", below + "│ ", text, source))
            else:
                stack.append((below + ("↳ " if source.sources else "└ "), below, text, source))


def _head(item: Item) -> tuple[str, list[str]]:
    """The title of an item with its short constants, and the other lines, with the long ones at the end."""
    constants = [cut(text, 40) for kind, text in item.lines[1:] if kind == "constant"]
    brief = [text for text in constants if text_width(text) <= BRIEF]
    facts = [cut(text, 60) for kind, text in item.lines[1:] if kind != "constant"]
    return ", ".join([cut(item.title, 46), *brief]), facts + [text for text in constants if text not in brief]


def _reach(items: list[Item]) -> dict[int, int]:
    """How many operations stand above each item, on the longest way."""
    found: dict[int, int] = {}
    for item in items:
        found[id(item)] = 1 + max((found[id(source)] for source, _ in item.sources), default=0)
    return found
