"""Tensors that a function reaches without being given them: what they are called where it finds them."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from ..graph import Leaf
from ..tensor import Tensor
from .arguments import named_leaves

_DEEPEST = 4  # functions that close over functions


def describe(leaves: Sequence[Leaf], f: Any) -> list[str]:
    """A note on the leaves that f depends on and that are none of its inputs, by name where f's variables tell it."""
    if not leaves:
        return []
    known = {
        leaf._node: path
        for path, leaf in _reached(f, "", 0)
        if isinstance(leaf, Tensor) and leaf._node is not None
    }
    names = [known.get(leaf, f"a tensor of shape {leaf.shape}, {leaf.dtype}") for leaf in leaves]
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return [
        f"not checked: {', '.join(names[:6])}{more}: f closes over what requires a gradient; give it as an "
        "input "
        "(a module may be an input, or f itself)"
    ]


def _reached(f: Any, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    """The leaves among the variables of a function, with their names; also those of the functions among them."""
    for name, value in _variables(f):
        path = f"{prefix}{name}"
        if isinstance(value, (FunctionType, MethodType, partial)):
            if depth < _DEEPEST:
                yield from _reached(value, f"{path}: ", depth + 1)
        else:
            yield from named_leaves(value, path)


def _variables(f: Any) -> Iterator[tuple[str, Any]]:
    """The variables that a callable brings along: closed over, global, bound, its defaults and attributes."""
    if isinstance(f, partial):
        yield "func", f.func
        yield from ((f"args[{i}]", value) for i, value in enumerate(f.args))
        yield from f.keywords.items()
    elif isinstance(f, MethodType):
        yield "self", f.__self__
        yield from _variables(f.__func__)
    elif isinstance(f, FunctionType):
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
            with suppress(ValueError):  # the cell is empty
                yield name, cell.cell_contents
        yield from ((name, f.__globals__[name]) for name in f.__code__.co_names if name in f.__globals__)
        yield from ((f"default {i}", value) for i, value in enumerate(f.__defaults__ or ()))
        yield from (f.__kwdefaults__ or {}).items()
    elif hasattr(f, "__dict__") and not isinstance(f, type):
        yield from vars(f).items()
