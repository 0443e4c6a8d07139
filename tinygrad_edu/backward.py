"""The chain rule: gradients travel from the outputs back to the leaves, and this file is all of it.

Read `run_backward` first.  Nodes are visited in descending order of their numbers, so every node is visited once, after
everything that used its output, and with the sum of all that flowed into it.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any

import numpy as np

from .errors import GraphError, WrongRule
from .graph import WRITES, Leaf, Node, Part, check_unchanged
from .modes import MODE, mode

ndarray = np.ndarray


def run_backward(
    cls: Any, roots: Iterable[tuple[Node, Any]], *, sinks: frozenset[Node] = frozenset(), create_graph: bool = False, retain_graph: bool = False
) -> dict[Node, Any]:
    """Carry cotangents from the roots back through the graph.

    Parameters
    ----------
    cls : type
        The class of tensors.
    roots : iterable of (Node, array)
        Where to start, each with the gradient of its output; tensors instead of arrays if a graph is wanted.
    sinks : frozenset of Node, default=frozenset()
        Where to stop; without sinks, at the leaves.
    create_graph : bool, default=False
        Run the rules on tensors, so that the gradients can be differentiated again.
    retain_graph : bool, default=False
        Keep the saved values, for another pass.

    Returns
    -------
    dict of Node to array (or tensor)
        The gradients of the sinks, or of all leaves.  The arrays are writable, contiguous, and share memory with nothing.
    """
    gradients: dict[Node, Any] = {}
    pending: dict[int, list[Any]] = {}  # by order: the node, its gradient so far, and whether that array is ours to change
    heap: list[int] = []
    floor = min((sink.order for sink in sinks), default=0)  # what is older than every sink cannot depend on one
    kind, debug = (cls if create_graph else ndarray), MODE.get().debug

    def send(node: Node, gradient: Any, ours: bool) -> None:
        if type(node) is Part:
            whole = node.parents[0]
            if whole.order not in pending:
                pending[whole.order] = [whole, [None] * len(whole.shape), False]
                heappush(heap, -whole.order)
        entry = pending.get(node.order)
        if entry is None:
            pending[node.order] = [node, gradient, ours]
            heappush(heap, -node.order)
        elif create_graph or not entry[2]:
            total = entry[1] + gradient
            entry[1:] = total if type(total) is kind else np.asarray(total), True
        else:
            entry[1] += gradient

    with mode(recording=create_graph), np.errstate(all="ignore"):
        for node, gradient in roots:
            send(node, gradient, False)
        while heap:
            node, g, ours = pending.pop(-heappop(heap))
            if node.notes is not None:
                g, ours = _run_hooks(cls, node, g, ours, create_graph)
            if node in sinks or type(node) is Leaf:
                if node in sinks or not sinks:
                    gradients[node] = g if create_graph else _owned(g, ours)
                continue
            if type(node) is Part:
                pending[node.parents[0].order][1][node.index] = g
                continue
            if node.saved is None:
                raise GraphError(
                    f"{node.name}: its saved values were released by an earlier backward pass.\n"
                    "  Pass retain_graph=True to every pass but the last, or compute the output again."
                )
            if node.version != WRITES.count:
                check_unchanged(node)
            if type(g) is list:
                g = tuple(_zeros(cls, *like, create_graph) if p is None else p for p, *like in zip(g, node.shape, node.dtype))
            saved = _on_tensors(cls, node) if create_graph else node.saved
            for (rule, start, stop), parent in zip(node.plan.steps, node.parents):
                if parent.order < floor:
                    continue
                if debug is None:
                    gradient = rule(g, *saved[start:stop])
                else:
                    gradient = debug.run(node, rule, g, saved[start:stop])
                if type(gradient) is not kind or gradient.shape != parent.shape or gradient.dtype is not parent.dtype:
                    gradient = _settle(cls, node, parent, gradient, create_graph)
                send(parent, gradient, type(parent) is Leaf and _is_fresh(gradient, g, saved))
            if not retain_graph:
                node.saved = None
    return gradients


def unbroadcast(gradient: Any, shape: tuple[int, ...]) -> Any:
    """Sum a gradient over the axes along which an argument of that shape was broadcast.

    The adjoint of copying a value along an axis is the sum along it.
    """
    extra = len(gradient.shape) - len(shape)
    axes = (*range(extra), *(i + extra for i, n in enumerate(shape) if n == 1 and gradient.shape[i + extra] != 1))
    return np.reshape(np.add.reduce(gradient, axes), shape) if axes else gradient


def accumulate(cls: Any, gradients: dict[Node, Any], create_graph: bool) -> None:
    """Add gradients to the ``grad`` of their leaves."""
    for leaf, gradient in gradients.items():
        assert isinstance(leaf, Leaf)
        if leaf.grad is None:
            leaf.grad = gradient if create_graph else cls._make(gradient, None)
        elif create_graph or leaf.grad._node is not None:
            leaf.grad = leaf.grad + gradient
        else:
            leaf.grad._data += gradient
            WRITES.mark(leaf.grad._data)


def _settle(cls: Any, node: Node, parent: Node, gradient: Any, create_graph: bool) -> Any:
    """Bring what a rule returned to the type, shape and dtype of the argument that it belongs to, or say why it cannot be."""
    argument = node.plan.op.argument(node.plan.positions[node.parents.index(parent)])
    if isinstance(gradient, cls):
        gradient = gradient if create_graph else gradient._data
    elif isinstance(gradient, (ndarray, np.generic, int, float)) or hasattr(gradient, "__array_function__"):
        gradient = np.asarray(gradient) if not hasattr(gradient, "__array_function__") or isinstance(gradient, np.generic) else gradient
        gradient = cls._make(gradient, None) if create_graph else gradient
    else:
        raise WrongRule(f"{node.name}: the rule of {argument} returned {type(gradient).__name__}; expected an array of shape {parent.shape}.")
    if gradient.shape != parent.shape:
        given = gradient.shape
        if node.plan.op.broadcasts and len(given) >= len(parent.shape):
            gradient = unbroadcast(gradient, parent.shape) if _broadcasts_to(parent.shape, given) else gradient
        if gradient.shape != parent.shape:
            raise WrongRule(
                f"{node.name}: the rule of {argument} returned a gradient of shape {given}; its argument has shape {parent.shape}.\n"
                "  A rule returns exactly the shape of its argument"
                + ("." if node.plan.op.broadcasts else "; file the function with broadcasts=True if its arguments broadcast.")
            )
    return gradient if gradient.dtype == parent.dtype else np.astype(gradient, parent.dtype)


def _broadcasts_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    return all(n in (1, m) for n, m in zip(reversed(shape), reversed(target)))


def _is_fresh(gradient: Any, g: Any, saved: tuple[Any, ...]) -> bool:
    """Whether a rule's result is an array of its own: not g, nothing saved, and no view."""
    return gradient is not g and getattr(gradient, "base", None) is None and all(gradient is not value for value in saved)


def _owned(gradient: Any, ours: bool) -> Any:
    """A gradient as an array that nothing else refers to, writable and contiguous."""
    if type(gradient) is not ndarray:
        return gradient.copy() if hasattr(gradient, "copy") and not isinstance(gradient, np.generic) else np.array(gradient)
    return gradient if ours and gradient.flags.c_contiguous else gradient.copy()


def _zeros(cls: Any, shape: tuple[int, ...], dtype: Any, create_graph: bool) -> Any:
    return cls._make(np.zeros(shape, dtype), None) if create_graph else np.zeros(shape, dtype)


def _on_tensors(cls: Any, node: Node) -> tuple[Any, ...]:
    """The saved values of a node as tensors in the graph, so that the rules that use them are recorded."""
    saved, values = node.saved or (), []
    for value, source in zip(saved, node.plan.sources):
        match source:
            case ("parent", k):
                value = cls._make(value, node.parents[k])
            case ("parents", ks):
                value = tuple(cls._make(v, node.parents[ks[i]]) if i in ks else v for i, v in enumerate(value))
            case ("out",) if type(value) is tuple:
                value = tuple(cls._make(v, Part(node, i)) for i, v in enumerate(value))
            case ("out",):
                value = cls._make(value, node)
            case ("kept", plan, k, needs):
                twin = Node(plan, (node.parents[k],), tuple(value if i is None else saved[i] for i in needs), value.shape, value.dtype)
                twin.version = node.version
                value = cls._make(value, twin)
        values.append(value)
    return tuple(values)


def _run_hooks(cls: Any, node: Node, g: Any, ours: bool, create_graph: bool) -> tuple[Any, bool]:
    """Show a finished gradient to the hooks of its node; a hook may return another one."""
    assert node.notes is not None
    for hook in node.notes.hooks:
        shown = g if create_graph else cls._make(np.asarray(g), None)
        if (answer := hook(shown)) is not None:
            if not isinstance(answer, cls) or answer.shape != node.shape:
                raise GraphError(f"A hook returned {getattr(answer, 'shape', answer)!r}; expected None or a Tensor of shape {node.shape}.")
            g, ours = (answer if create_graph else answer._data.astype(node.dtype)), False
    if node.notes.retains:
        node.notes.grad = g if create_graph else cls._make(_owned(g, False), None)
    return g, ours
