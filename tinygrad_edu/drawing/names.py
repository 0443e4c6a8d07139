"""What the values of a graph are called: by the variables of the program, or by a model's parameter paths."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from ..errors import ArgumentError
from ..graph import Node
from ..nn.module import Module
from ..tensor import Tensor
from ..trees import keyed

HISTORY = re.compile(r"_+|_i*\d*|In|Out|exit|quit")  # what IPython keeps under names of its own
DEEP, LONG = 4, 1000  # levels, and things in a list: beyond that no names are looked for


def named(names: Mapping[str, Any] | Module) -> dict[Node, str]:
    """The names of nodes.

    Parameters
    ----------
    names : mapping or Module
        Things by their names, such as ``locals()``: tensors, modules, and lists, tuples and dicts of them; or
        a module, whose parameters are called by their paths.

    Returns
    -------
    dict of Node to str
        The shortest name of each tensor that needs a gradient, the first of equally short ones.

    Raises
    ------
    ArgumentError
        If ``names`` is neither.
    """
    if isinstance(names, Module):
        return {p._node: path for path, p in names.named_parameters() if p._node is not None}
    if not isinstance(names, Mapping):
        expected = "a dict of names, such as locals(), or a model"
        raise ArgumentError(f"names: expected {expected}; got a {type(names).__name__}.")
    found: dict[Node, str] = {}
    for name, thing in names.items():
        if HISTORY.fullmatch(str(name)) or str(name).startswith("__"):
            continue
        for path, tensor in _tensors(str(name), thing, DEEP):
            if tensor._node is not None and len(path) < len(found.get(tensor._node, path + " ")):
                found[tensor._node] = path
    return found


def models(names: Any) -> dict[str, Module]:
    """The modules among the names, by theirs; a module alone has the empty name."""
    if isinstance(names, Module):
        return {"": names}
    return {str(name): thing for name, thing in names.items() if issubclass(type(thing), Module)}


def _tensors(name: str, thing: Any, depth: int) -> Iterator[tuple[str, Tensor]]:
    """The tensors in a thing, with the ways they are written."""
    kind = type(thing)
    if issubclass(kind, Tensor):
        yield name, thing
    elif issubclass(kind, Module):
        with suppress(ArgumentError):  # of a module that is refused for what it hides
            for path, parameter in thing.named_parameters():
                yield f"{name}.{path}", parameter
    elif issubclass(kind, (dict, list, tuple)) and depth and len(thing) <= LONG:
        for _, written, child in keyed(thing) or ():
            yield from _tensors(name + written, child, depth - 1)
