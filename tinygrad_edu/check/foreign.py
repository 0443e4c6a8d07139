"""Leaves that a function reaches without being given them: which they are, and what it calls them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from types import FunctionType, MethodType
from typing import Any

from ..graph import Leaf, Node
from ..tensor import Tensor
from .leaves import named_leaves

_DEEPEST = 4  # functions that close over functions


def foreign_leaves(roots: Sequence[Tensor], own: Sequence[Tensor]) -> list[Leaf]:
    """The leaves that the roots depend on, beside one's own."""
    known = {leaf._node for leaf in own}
    stack, seen, others = [t._node for t in roots if t._node is not None], set[Node](), list[Leaf]()
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        stack.extend(node.parents)
        if isinstance(node, Leaf) and node not in known:
            others.append(node)
    return others


@contextmanager
def untouched(roots: Sequence[Tensor], own: Sequence[Tensor]) -> Iterator[None]:
    """Keep the ``grad`` of the foreign leaves as it is, whatever the block's backward passes do."""
    grads = [(leaf, leaf.grad) for leaf in foreign_leaves(roots, own)]
    for leaf, _ in grads:
        leaf.grad = None
    try:
        yield
    finally:
        for leaf, grad in grads:
            leaf.grad = grad


def listed(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def describe(leaves: Sequence[Leaf], f: Any) -> list[str]:
    """A note on the foreign leaves that f depends on, by name where f's variables tell it."""
    if not leaves:
        return []
    known = {
        leaf._node: path
        for path, leaf in _reached(f, "", 0)
        if isinstance(leaf, Tensor) and leaf._node is not None
    }
    names = [known.get(leaf, f"a tensor of shape {leaf.shape}, {leaf.dtype}") for leaf in leaves]
    way_out = "give it as an input (a module may be an input, or f itself)"
    return [f"not checked: {listed(names)}: f closes over what requires a gradient; {way_out}"]


def _reached(f: Any, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    """The leaves among the variables of a function, and of the functions among these, with their names."""
    for name, value in _variables(f):
        path = f"{prefix}{name}"
        if not isinstance(value, (FunctionType, MethodType, partial)):
            yield from named_leaves(value, path)
        elif depth < _DEEPEST:
            yield from _reached(value, f"{path}: ", depth + 1)


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
