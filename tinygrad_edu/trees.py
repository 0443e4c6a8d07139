"""Nested containers: the tensors inside lists, tuples, dicts and modules, in a fixed order, and the way back.

An object takes part by a method ``__tree__()`` that returns its children and a function that builds it again
from others.
"""

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from itertools import islice
from typing import Any

import numpy as np

from .errors import ArgumentError

LEAVES = {np.ndarray, float, int}  # the most usual ones, which need no further look


def children(tree: Any) -> tuple[list[Any], Callable[[Iterable[Any]], Any]] | None:
    """The children of a container and the function that rebuilds it; None for a leaf."""
    if type(tree) in LEAVES:
        return None
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return list(tree), lambda items: type(tree)(*items)
    if isinstance(tree, (list, tuple)):
        return list(tree), type(tree)
    if isinstance(tree, dict):
        kept = tree.copy() if type(tree) is dict else copy(tree)
        return list(tree.values()), lambda items: _filled(copy(kept), items)
    if tree is None:
        return [], lambda items: None
    return tree.__tree__() if hasattr(tree, "__tree__") else None


def _filled(copied: Any, items: Iterable[Any]) -> Any:
    copied.update(zip(list(copied), items))
    return copied


def keyed(tree: Any) -> list[tuple[Any, str, Any]] | None:
    """The children of a container, each with its key and the way it is written behind the container's name;
    None for a leaf.
    """
    if hasattr(tree, "named_parameters"):
        return [(name, f".{name}", parameter) for name, parameter in tree.named_parameters()]
    if isinstance(tree, dict):
        return [(key, f"[{key!r}]", child) for key, child in tree.items()]
    inside = children(tree)
    return None if inside is None else [(i, f"[{i}]", child) for i, child in enumerate(inside[0])]


def labelled(name: str, tree: Any) -> Iterator[tuple[str, Any]]:
    """The leaves of a tree, in the order of `flatten`, each with the name by which a message can speak of it.

    Examples
    --------
    >>> list(labelled("p", {"w": 1, "b": [2, 3]}))
    [("p['w']", 1), ("p['b'][0]", 2), ("p['b'][1]", 3)]
    """
    inside = keyed(tree)
    if inside is None:
        yield name, tree
    else:
        for _, written, child in inside:
            yield from labelled(name + written, child)


def matched(name: str, like: Any, tree: Any) -> list[Any]:
    """The leaves of a tree in the order of another one's, of which it has the structure; by their keys, not
    by their order.

    Lists and tuples stand for each other; for a module stands a dict by the names of its parameters, or a
    module.

    Raises
    ------
    ArgumentError
        If the structure is another.
    """
    inside = keyed(like)
    if inside is None:
        return [tree]
    given = None if (parts := keyed(tree)) is None else {key: child for key, _, child in parts}
    by_key = isinstance(like, dict) or hasattr(like, "named_parameters")
    alike = given is not None and by_key == (isinstance(tree, dict) or hasattr(tree, "named_parameters"))
    if (
        not alike
        or given is None
        or set(given) != {key for key, _, _ in inside}
        or (like is None) != (tree is None)
    ):
        expected = (
            "None"
            if like is None
            else f"a {type(like).__name__} with {', '.join(str(key) for key, _, _ in inside) or 'nothing'}"
        )
        got = f"a {type(tree).__name__}" + (
            f" with {', '.join(map(str, given)) or 'nothing'}"
            if given is not None and tree is not None
            else ""
        )
        raise ArgumentError(
            f"{name} has another structure than what it belongs to: expected {expected}; got {got}."
        )
    return [leaf for key, written, child in inside for leaf in matched(name + written, child, given[key])]


def _first(leaves: Iterable[Any]) -> Any:
    return next(iter(leaves))


def flatten(tree: Any) -> tuple[list[Any], Callable[[Iterable[Any]], Any]]:
    """The leaves of a tree, and a function that builds the same tree from other leaves.

    Examples
    --------
    >>> leaves, rebuild = flatten({"w": 1, "b": [2, 3]})
    >>> leaves
    [1, 2, 3]
    >>> rebuild([10, 20, 30])
    {'w': 10, 'b': [20, 30]}
    """
    inside = children(tree)
    if inside is None:
        return [tree], _first
    parts = [flatten(child) for child in inside[0]]
    if all(build is _first for _, build in parts):  # mostly: a container of leaves
        return inside[0], lambda leaves: inside[1](islice(leaves, len(parts)))

    def rebuild(leaves: Iterable[Any]) -> Any:
        leaves = iter(leaves)
        return inside[1](build([next(leaves) for _ in part]) for part, build in parts)

    return [leaf for part, _ in parts for leaf in part], rebuild
