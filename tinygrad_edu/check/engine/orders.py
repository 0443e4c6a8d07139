"""Orders in which people visit the nodes of a graph, and in which gradients do not come out right."""

from collections import deque
from collections.abc import Callable, Iterator

from .model import Node

Visit = Iterator[Node]


def _parents(node: Node, turned: bool = False) -> list[Node]:
    found = [parent for parent in node.parents if parent is not None]
    return found[::-1] if turned else found


def depth_first(turned: bool) -> Callable[[Node], Visit]:
    """Each node when it is first met, before what else may use it."""

    def walk(root: Node) -> Visit:
        seen, stack = set[Node](), [root]
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                yield node
                stack.extend(_parents(node, not turned))

    return walk


def breadth_first(turned: bool) -> Callable[[Node], Visit]:
    """Level by level, each node once."""

    def walk(root: Node) -> Visit:
        seen, queue = {root}, deque([root])
        while queue:
            node = queue.popleft()
            yield node
            for parent in _parents(node, turned):
                if parent not in seen:
                    seen.add(parent)
                    queue.append(parent)

    return walk


def levels_again(root: Node) -> Visit:
    """Level by level, a node as often as it is used."""
    queue = deque([root])
    while queue:
        node = queue.popleft()
        yield node
        queue.extend(_parents(node))


def every_path(turned: bool, once_a_node: bool) -> Callable[[Node], Visit]:
    """A node again for each use of it, with all the gradient that it has by then."""

    def walk(node: Node) -> Visit:
        yield node
        parents = _parents(node, turned)
        for parent in dict.fromkeys(parents) if once_a_node else parents:
            yield from walk(parent)

    return walk


def unmarked(turned: bool) -> Callable[[Node], Visit]:
    """The reversed topological order of a walk that marks no node as visited: it has a node for each use."""

    def walk(root: Node) -> Visit:
        order: list[Node] = []

        def visit(node: Node) -> None:
            for parent in dict.fromkeys(_parents(node, turned)):
                visit(parent)
            order.append(node)

        visit(root)
        return reversed(order)

    return walk


def last_only(root: Node) -> Visit:
    """The root alone."""
    yield root
