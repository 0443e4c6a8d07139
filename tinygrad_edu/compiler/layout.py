"""Arguments: how those of a call are nested, and what is known of each leaf."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import TraceError
from ..tensor import Tensor
from .traced import Log

CONTAINERS = (list, tuple, dict)


class Layout:
    """The arguments of the call that was traced, with traced arrays in the place of its arrays.

    Attributes
    ----------
    args, kwargs
        What the function is called with.
    refs : list of Ref
        The arrays among them.
    others : list
        The leaves that are no arrays: numbers, texts, modules.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], log: Log) -> None:
        leaves, build = flattened((args, kwargs))
        self.keys, self.refs = tuple(kwargs), []
        self.others: list[Any] = []
        self.kinds: list[
            tuple[Any, ...]
        ] = []  # of each leaf its class and what else must fit; None for others
        made = []
        for i, leaf in enumerate(leaves):
            array = leaf._array if isinstance(leaf, Tensor) else leaf
            if isinstance(leaf, Tensor) and leaf._node is not None:
                raise TraceError(
                    "An argument of a compiled function needs a gradient, which would be lost: differentiate "
                    "inside of the function, or pass x.detach()."
                )
            if isinstance(array, np.ndarray) and array.dtype.kind in "fiubc":
                traced = log.argument(array, f"x{i}")
                self.kinds.append((type(leaf), array.shape, array.dtype, array.strides))
                self.refs.append(traced.ref)
                made.append(Tensor._make(traced, None) if isinstance(leaf, Tensor) else traced)
            else:
                self.kinds.append((None, leaf))
                self.others.append(leaf)
                made.append(leaf)
        self.args, self.kwargs = build(made)

    def arrays(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any] | None:
        """The arrays of another call, if it is of the same kind; None if not."""
        if tuple(kwargs) != self.keys:
            return None
        leaves = [*args, *kwargs.values()]
        if len(leaves) != len(self.kinds) or any(type(leaf) in CONTAINERS for leaf in leaves):
            leaves, _ = flattened((args, kwargs))
            if len(leaves) != len(self.kinds):
                return None
        found = []
        for leaf, (kind, *known) in zip(leaves, self.kinds):
            if kind is None:
                if not same(leaf, known[0]):
                    return None
                continue
            if type(leaf) is not kind:
                return None
            array = leaf
            if isinstance(leaf, Tensor):
                array = leaf._array
                if leaf._node is not None:
                    return None
            if array.shape != known[0] or array.dtype != known[1] or array.strides != known[2]:
                return None
            found.append(array)
        return found


def same(a: Any, b: Any) -> bool:
    """Whether two Python values may stand for each other: the same object, or equal numbers and texts."""
    return a is b or (
        type(a) is type(b) and isinstance(a, (bool, int, float, complex, str, bytes)) and a == b
    )


def flattened(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The leaves of nested lists, tuples and dicts, and what builds the same of others."""
    leaves: list[Any] = []

    def shape(part: Any) -> Callable[[Any], Any]:
        if type(part) in (list, tuple):
            parts = [shape(p) for p in part]
            return lambda made: type(part)(p(made) for p in parts)
        if type(part) is dict:
            items = [(k, shape(v)) for k, v in part.items()]
            return lambda made: {k: v(made) for k, v in items}
        leaves.append(part)
        return next

    build = shape(tree)
    return leaves, lambda made: build(iter(made))
