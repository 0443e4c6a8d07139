"""Which modules of a model an operation lies in, from the outermost to the innermost."""

from collections.abc import Mapping
from contextlib import suppress
from functools import reduce
from itertools import takewhile
from typing import Any

from ..errors import ArgumentError
from ..graph import Leaf, Node
from ..nn.module import Module
from .names import models
from .watch import SEEN, Call, Place

Chain = tuple[Place, ...]


def chains(nodes: list[Node], names: Mapping[str, Any] | Module) -> dict[Node, Chain]:
    """The modules around each operation.

    Where `watch` noted the calls of a model, they tell.  Otherwise an operation lies in the module whose
    parameters it uses, and one that uses none in what encloses both its neighbours that do.

    Parameters
    ----------
    nodes : list of Node
        The operations, the newest first.
    names : mapping or Module
        Where the models are.
    """
    operations = [node for node in reversed(nodes) if node.plan is not None]
    of_leaf = _of_parameters(names)
    found: dict[Node, Chain] = {}
    last: Chain = ()
    used: set[Node] = set()  # parameters, since the layer before was called
    waiting: list[Node] = []
    for node in operations:
        if node in SEEN and SEEN[node].calls:
            found[node] = _around(node, SEEN[node].calls)
            continue
        own = {parent: of_leaf[parent] for parent in node.parents if parent in of_leaf}
        if not own:
            waiting.append(node)
            continue
        chain = reduce(_common, own.values())
        between = _common(last, chain)
        if again := not used.isdisjoint(own):  # another call
            between = between[:-1]
        found |= dict.fromkeys(waiting, between)
        used = {*own} if again or chain != last else used | {*own}
        found[node] = last = chain
        waiting = []
    return found


def _of_parameters(names: Mapping[str, Any] | Module) -> dict[Node, Chain]:
    """The modules around each parameter."""
    found: dict[Node, Chain] = {}
    for name, model in models(names).items():
        with suppress(ArgumentError):  # of a module that is refused for what it hides
            modules = dict(model.named_modules())
            for path, parameter in model.named_parameters():
                if isinstance(parameter._node, Leaf):
                    around = sorted((p for p in modules if not p or path.startswith(p + ".")), key=len)
                    found[parameter._node] = tuple(Place.of(_joined(name, p), modules[p]) for p in around)
    return found


def _around(node: Node, calls: list[Call]) -> Chain:
    """The modules that were being called when a node was made."""
    inside = [call for call in calls if call.start < node.order < call.stop]
    return tuple(call.place for call in sorted(inside, key=lambda call: call.start))


def _joined(name: str, path: str) -> str:
    return ".".join(filter(None, [name, path])) or "model"


def _common(a: Chain, b: Chain) -> Chain:
    return tuple(x for x, _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b)))
