"""What a picture shows: boxes of operations and variables, modules in one box each, and the rest in another.

A *scene* is a few items and the edges between them, whatever the size of the graph.  An item that stands for
many operations holds them, so that it can be opened as a scene of its own.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from ..graph import Leaf, Node
from .known import UNKNOWN
from .modules import Chain
from .numbers import shape_of, short
from .reading import Box, Edge, Graph
from .watch import Place

CROWD = 12  # arguments of an operation: of more, each source is shown once, and the variables together


@dataclass
class Item:
    """One box of a picture, and its lines: pairs of a kind and a text.

    ``kind`` is "operation", "variable", "module", "older" (the rest of a large graph) or "outside" (where an
    opened box is connected to).
    """

    kind: str
    lines: list[tuple[str, str]]
    inside: list[Node] = field(default_factory=list)
    sources: "list[tuple[Item, str]]" = field(default_factory=list)
    line: str = ""

    @property
    def title(self) -> str:
        """What the box is called."""
        return self.lines[0][1]


class Scene:
    """The items of a picture, those that need others after them: the sources first.

    Parameters
    ----------
    graph : Graph
    nodes : list of Node
        The operations to show, the newest first.
    chains : dict of Node to Chain
        The modules around each operation.
    modules : int or None
        How many levels of modules are open; all of them for None.
    most : int
        How many boxes of operations there are at most.
    """

    def __init__(
        self, graph: Graph, nodes: list[Node], chains: dict[Node, Chain], modules: int | None, most: int
    ) -> None:
        self.graph, self.modules, self.most = graph, modules, most
        groups = list(_runs(nodes, chains, modules))
        shown, rest = groups[:most], [node for _, group in groups[most:] for node in group]
        self.item_of: dict[Node, Item] = {}
        made = [self._item(place, group) for place, group in shown]
        if len(groups) == most + 1:
            made += [self._item(*groups[most])]
        elif rest:
            made += [self._summary("older", counted(len(rest), "older operation"), rest)]
        self._adopt(nodes)
        variables: dict[Node, Item] = {}
        if not nodes:  # a variable alone
            variables[graph.root] = Item("variable", lines_of(graph.boxes[graph.root]), [graph.root])
        for item in made:
            self._connect(item, variables)
        order = {id(item): max(node.order for node in item.inside) for item in made}
        single = {id(item): item for item in variables.values()}
        self.items = [*single.values(), *sorted(made, key=lambda item: order[id(item)])]

    def _item(self, place: Place | None, group: list[Node]) -> Item:
        if place is None:
            item = Item("operation", lines_of(self.graph.boxes[group[0]]), group)
            item.line = self.graph.boxes[group[0]].line
        else:
            item = self._summary("module", f"{place.path} {place.module}", group)
        self.item_of |= dict.fromkeys(group, item)
        return item

    def _summary(self, kind: str, title: str, nodes: list[Node]) -> Item:
        """One box for many operations."""
        counts = Counter(node.name for node in nodes).most_common(4)
        what = ", ".join(name if n == 1 else f"{n:,} {name}" for name, n in counts[:3])
        lines = [("title", title)]
        if kind == "module":
            lines.append(("muted", kind_of(self.graph.boxes[nodes[0]])))
        item = Item(kind, [*lines, ("muted", what + (", …" if len(counts) > 3 else ""))], nodes)
        self.item_of |= dict.fromkeys(nodes, item)
        return item

    def _adopt(self, nodes: list[Node]) -> None:
        """Put variables that one module alone uses, in one box or several, inside of it."""
        users: dict[Node, dict[int, Item]] = {}
        for node in nodes:
            item = self.item_of[node]
            for edge in self.graph.boxes[node].edges:
                if isinstance(edge.source, Leaf):
                    users.setdefault(edge.source, {})[id(item)] = item
        self.hidden: set[Node] = set()
        inside: dict[int, tuple[Item, list[Node]]] = {}
        for leaf, items in users.items():
            homes = {(item.kind, item.title) for item in items.values()}
            if len(homes) == 1 and next(iter(homes))[0] in ("module", "older"):
                self.hidden.add(leaf)
                for key, item in items.items():
                    inside.setdefault(key, (item, []))[1].append(leaf)
        for item, leaves in inside.values():
            numbers = sum(int(np.prod(leaf.shape)) for leaf in leaves)
            what = "parameter" if item.kind == "module" else "variable"
            text = f"{counted(len(leaves), what)}, {counted(numbers, 'number')}"
            item.lines.append(("muted", text))

    def _connect(self, item: Item, variables: dict[Node, Item]) -> None:
        """The sources of an item: each edge of an operation, with its label; those of a summary, and of an
        operation with a crowd of arguments, once each.
        """
        edges = [edge for node in item.inside for edge in self.graph.boxes[node].edges]
        crowd = len(edges) > CROWD
        if crowd and item.kind == "operation":
            leaves = dict.fromkeys(edge.source for edge in edges if isinstance(edge.source, Leaf))
            self._gather([leaf for leaf in leaves if leaf not in variables], variables)
        met: set[int] = set()
        for edge in edges:
            source, once = self._source(edge, variables), crowd or item.kind != "operation"
            if source is None or source is item or (once and id(source) in met):
                continue
            met.add(id(source))
            item.sources.append((source, "" if once else label_of(edge)))

    def _gather(self, leaves: list[Node], variables: dict[Node, Item]) -> None:
        """One box for the many variables that an operation takes."""
        numbers = sum(int(np.prod(leaf.shape)) for leaf in leaves)
        lines = [("title", counted(len(leaves), "variable")), ("muted", counted(numbers, "number"))]
        variables |= dict.fromkeys(leaves, Item("variable", lines, leaves))

    def _source(self, edge: Edge, variables: dict[Node, Item]) -> Item | None:
        if edge.source in self.item_of:
            return self.item_of[edge.source]
        if edge.source in self.hidden:
            return None
        if edge.source not in variables:
            box = self.graph.boxes[edge.source]
            kind = "variable" if isinstance(edge.source, Leaf) else "outside"
            lines = lines_of(box)
            if kind == "outside":
                lines = [("title", title_of(box)), ("muted", kind_of(box))]
            variables[edge.source] = Item(kind, lines, [edge.source])
        return variables[edge.source]


def counted(n: int, what: str) -> str:
    """So many of something, in words."""
    return f"{n:,} {what}{'s' * (n != 1)}"


def _runs(
    nodes: list[Node], chains: dict[Node, Chain], modules: int | None
) -> Iterator[tuple[Place | None, list[Node]]]:
    """The operations, one by one, or as many as lie in one module in a row: so no box needs a later one."""

    def place(node: Node) -> Place | None:
        chain = chains.get(node, ())
        if modules is None or not chain:
            return None
        return chain[modules] if len(chain) > modules else chain[-1] if chain[-1].layer else None

    for where, group in groupby(nodes, place):
        run = list(group)
        if where is None:
            yield from ((None, [node]) for node in run)
        else:
            yield where, run


def lines_of(box: Box) -> list[tuple[str, str]]:
    """What a box says: its name and function, constants, shape and dtype, value and gradient where known."""
    lines = [("title", title_of(box))]
    lines += [("constant", f"{name} = {_constant(value)}") for name, value in box.constants[:4]]
    lines.append(("muted", kind_of(box)))
    if box.value is not UNKNOWN:
        lines.append(("value", f"value {short(box.value)}"))
    if box.gradient is not UNKNOWN:
        lines.append(("grad", f"grad {short(box.gradient)}"))
    if box.note:
        lines.append(("note", box.note))
    return lines


def title_of(box: Box) -> str:
    """The name of a box and the function that made it, of which it may have one alone."""
    return " = ".join(filter(None, [box.name, box.operation])) or "variable"


def label_of(edge: Edge) -> str:
    """What stands at an edge: which of several outputs it is, and the factor."""
    return (f"[{edge.output}] " if edge.output > 0 else "") + edge.factor


def _constant(value: Any) -> str:
    text = short(value)
    if value is UNKNOWN:
        return "not kept"
    shape = np.shape(value) if hasattr(value, "shape") else ()
    return f"{text}  {shape_of(shape)}" if shape and int(np.prod(shape)) > 6 else text


def kind_of(box: Box) -> str:
    """The shape and dtype of a result, or of several."""
    dtypes = dict.fromkeys(str(node.dtype) for node in box.outputs)
    return f"{', '.join(shape_of(node.shape) for node in box.outputs)} {', '.join(dtypes)}"
