"""The chain rule: gradients travel from the outputs back to the leaves, and this file is all of it.

Read `accumulate` first, which is ``backward()``, then `_traverse`.  Nodes are visited in descending order of
their numbers, so every node is visited once, after everything that used its output, and with the sum of all
that flowed into it.  An operation with several outputs waits with a list, a place for each output, which its
`Part` nodes fill.
"""

from collections.abc import Iterable
from contextlib import nullcontext
from heapq import heappop, heappush
from typing import Any

import numpy as np

from .broadcast import broadcasts_to, unbroadcast
from .errors import GraphError, WrongRule
from .graph import Leaf, Node, Part
from .modes import MODE, enable_grad
from .plan import FromArgument, FromArguments, FromOutput, FromTwin
from .versions import WRITES, check_unchanged

ndarray = np.ndarray


def accumulate(cls: Any, node: Node, cotangent: Any, *, create_graph: bool, retain_graph: bool) -> None:
    """Run backward from one node, and add what arrives at each leaf to its ``grad``: all of it, or none if a rule fails."""
    with enable_grad() if create_graph else nullcontext():
        for leaf, g, ours in _traverse(cls, [(node, cotangent)], frozenset(), create_graph, retain_graph):
            if create_graph:
                leaf.grad = np.copy(g) if leaf.grad is None else leaf.grad + g
            elif leaf.grad is None:
                leaf.grad = cls._make(_owned(g, ours), None)
            elif leaf.grad._node is not None:
                with enable_grad():
                    leaf.grad = leaf.grad + cls._make(g, None)
            else:
                leaf.grad._array += g
                WRITES.mark(leaf.grad._array)


def run_backward(
    cls: Any, roots: Iterable[tuple[Node, Any]], sinks: frozenset[Node], *, create_graph: bool
) -> dict[Node, Any]:
    """Carry cotangents from the roots back to the sinks, and leave everything else as it was: what the transforms do.

    Parameters
    ----------
    cls : type
        The class of tensors.
    roots : iterable of (Node, array)
        Where to start, each with the gradient of its output; tensors instead of arrays if a graph is wanted.
    sinks : frozenset of Node
        Where to stop.
    create_graph : bool
        Run the rules on tensors, so that the gradients can be differentiated again.

    Returns
    -------
    dict of Node to array (or tensor)
        The gradients of those sinks that the roots depend on.  They are writable, contiguous, and share
        memory with nothing.
    """
    if not create_graph:  # rules run on plain arrays, which are never recorded
        return {node: _owned(g, ours) for node, g, ours in _traverse(cls, roots, sinks, False, True)}
    with enable_grad():
        return {node: np.copy(g) for node, g, _ in _traverse(cls, roots, sinks, True, True)}


@np.errstate(all="ignore")  # what is infinite or undefined shows in the gradient
def _traverse(
    cls: Any,
    roots: Iterable[tuple[Node, Any]],
    sinks: frozenset[Node],
    create_graph: bool,
    retain_graph: bool,
) -> list[list[Any]]:
    """Visit the nodes; returns [node, gradient, whether that array is ours to give away] for each sink, or else leaf."""
    pending: dict[
        int, list[Any]
    ] = {}  # by order: a node that waits for its turn, its gradient so far, and whether that is ours
    finished: dict[Node, list[Any]] = {}  # the same for leaves and sinks, where the way ends
    heap: list[int] = []
    floor = min(
        (sink.order for sink in sinks), default=0
    )  # what is older than every sink cannot depend on one
    kind, debug = (cls if create_graph else ndarray), MODE.get().debug.value

    def send(node: Node, gradient: Any, ours: bool) -> None:
        """Add a gradient to what flows into a node, and see to it that the node gets its turn."""
        ends = type(node) is Leaf or (sinks and node in sinks)
        entry = finished.get(node) if ends else pending.get(node.order)
        if entry is None:
            if ends:
                finished[node] = [node, gradient, ours]
                return
            pending[node.order] = [node, gradient, ours]
            heappush(heap, -node.order)
            if type(node) is Part and node.parents[0].order not in pending:
                whole = node.parents[0]
                pending[whole.order] = [whole, [None] * len(whole.shape), False]
                heappush(heap, -whole.order)
        elif entry[2] and not create_graph:
            entry[1] += gradient
        else:
            total = entry[1] + gradient
            entry[1:] = np.asarray(total) if isinstance(total, np.generic) else total, True

    for node, gradient in roots:
        send(node, gradient, False)
    while heap:
        node, g, ours = pending.pop(-heappop(heap))
        if node.notes is not None:
            g, _ = _run_hooks(cls, node, g, ours, create_graph)
        if type(node) is Part:
            parts = pending[node.parents[0].order][
                1
            ]  # another Part of the same output may have been here before
            parts[node.index] = g if parts[node.index] is None else parts[node.index] + g
            continue
        saved, plan = node.saved, node.plan
        if saved is None:
            raise GraphError(
                f"{node.name}: its saved values were released by an earlier backward pass.\n"
                "  Pass retain_graph=True to every pass but the last, or compute the output again."
            )
        if node.version != WRITES.count:
            check_unchanged(node)
        if type(g) is list:  # the gradients of several outputs; those that nothing flowed into are zero
            g = tuple(
                _zeros(cls, s, d, create_graph) if p is None else p
                for p, s, d in zip(g, node.shape, node.dtype)
            )
        if create_graph:
            saved = _on_tensors(cls, node)
        if plan.joint is not None:
            saved = _jointly(node, g, saved, debug)
        for (rule, start, stop), parent in zip(plan.steps, node.parents):
            if parent.order < floor:
                continue
            values = saved[start:stop]
            gradient = rule(g, *values) if debug is None else debug.run(node, rule, g, values)
            if (
                type(gradient) is not kind
                or gradient.dtype is not parent.dtype
                or gradient.shape != parent.shape
            ):
                gradient = _settle(cls, node, parent, gradient, create_graph)
            if type(parent) is not Leaf or parent in finished:
                send(parent, gradient, type(parent) is Leaf)
            else:  # is the array new, or may somebody else hold it: is it g, a saved value, a view, what a foreign rule returned?
                ours = (
                    plan.trusted
                    and gradient is not g
                    and getattr(gradient, "base", None) is None
                    and id(gradient) not in map(id, values)
                )
                if ours and (plan.variadic or type(g) is tuple):
                    ours = not any(
                        gradient is part for value in (g, *values) if type(value) is tuple for part in value
                    )
                finished[parent] = [parent, gradient, ours]
        if not retain_graph:
            node.saved = None
    for entry in finished.values():
        if entry[0].notes is not None:
            entry[1:] = _run_hooks(cls, entry[0], entry[1], entry[2], create_graph)
    return [entry for entry in finished.values() if entry[0] in sinks] if sinks else list(finished.values())


def _jointly(node: Node, g: Any, saved: tuple[Any, ...], debug: Any) -> tuple[Any, ...]:
    """The gradients that a joint rule returns, one for each of its arguments."""
    rule = node.plan.joint
    gradients = rule(g, *saved) if debug is None else debug.run(node, rule, g, saved)
    return node.plan.op.checked_joint(gradients)


def _settle(cls: Any, node: Node, parent: Node, gradient: Any, create_graph: bool) -> Any:
    """Bring what a rule returned to the type, shape and dtype of the argument that it belongs to, or say why it cannot be."""
    op, shape = node.plan.op, parent.shape
    found = (
        _as_gradient(cls, gradient, create_graph)
        if type(gradient) is not ndarray or create_graph
        else gradient
    )
    if found is None or found.dtype.kind not in ("fiubc" if parent.dtype.kind == "c" else "fiub"):
        what = (
            f"{type(gradient).__name__} of dtype {gradient.dtype}"
            if hasattr(gradient, "dtype")
            else repr(gradient)[:60]
        )
        hint = (
            ""
            if gradient is not None
            else "\n  Leave the rule out if there is no derivative; return zeros_like(g) if it is zero."
        )
        expected = f"expected an array of {parent.dtype}, of shape {shape}."
        raise WrongRule(
            f"{node.name}: the rule of {_argument(node, parent)} returned {what}; {expected}{hint}"
        )
    if found.shape != shape and not (op.broadcasts and broadcasts_to(shape, found.shape)):
        raise WrongRule(
            f"{node.name}: the rule of {_argument(node, parent)} returned a gradient of shape {found.shape}; "
            f"its argument has shape {shape}.\n"
            "  A rule returns exactly the shape of its argument"
            + (
                "."
                if op.broadcasts
                else "; file the function with broadcasts=True if its arguments broadcast."
            )
        )
    found = unbroadcast(found, shape)
    return found if found.dtype == parent.dtype else np.astype(found, parent.dtype)


def _argument(node: Node, parent: Node) -> str:
    return node.plan.op.called(node.plan.positions[node.parents.index(parent)])


def _as_gradient(cls: Any, gradient: Any, create_graph: bool) -> Any:
    """What a rule returned as an array, or as a tensor where a graph is wanted; None if it cannot be one."""
    if isinstance(gradient, cls):
        return gradient if create_graph else gradient._array
    if isinstance(gradient, np.ma.MaskedArray):
        return None
    if isinstance(gradient, (ndarray, np.generic, int, float, complex)):
        gradient = np.asarray(gradient)
    elif not hasattr(gradient, "__array_function__"):
        return None
    return cls._make(gradient, None) if create_graph else gradient


def _owned(gradient: Any, ours: bool) -> Any:
    """A gradient as an array that nothing else refers to, writable and contiguous: itself, if it is one."""
    if ours and type(gradient) is ndarray and gradient.flags.c_contiguous:
        return gradient
    return np.array(gradient, order="C") if isinstance(gradient, (ndarray, np.generic)) else gradient.copy()


def _zeros(cls: Any, shape: tuple[int, ...], dtype: Any, create_graph: bool) -> Any:
    return cls._make(np.zeros(shape, dtype), None) if create_graph else np.zeros(shape, dtype)


def _on_tensors(cls: Any, node: Node) -> tuple[Any, ...]:
    """The saved values of a node as tensors in the graph, so that the rules that use them are recorded."""
    saved, values = node.saved or (), []
    for value, source in zip(saved, node.plan.sources):
        match source:
            case FromArgument(k):
                value = cls._make(value, node.parents[k])
            case FromArguments(ks):
                value = tuple(
                    cls._make(v, node.parents[ks[i]]) if i in ks else v for i, v in enumerate(value)
                )
            case FromOutput() if type(value) is tuple:
                value = tuple(cls._make(v, Part(node, i)) for i, v in enumerate(value))
            case FromOutput():
                value = cls._make(value, node)
            case FromTwin(plan, k, needs):
                twin = Node(
                    plan,
                    (node.parents[k],),
                    tuple(value if i is None else saved[i] for i in needs),
                    value.shape,
                    value.dtype,
                )
                twin.version = node.version
                value = cls._make(value, twin)
        values.append(value)
    return tuple(values)


def _run_hooks(cls: Any, node: Node, g: Any, ours: bool, create_graph: bool) -> tuple[Any, bool]:
    """Show a finished gradient to the hooks of its node; a hook may return another one."""
    assert node.notes is not None
    for hook in tuple(node.notes.hooks.values()):
        shown = np.copy(g) if create_graph else cls._make(np.array(g), None)
        if (answer := hook(shown)) is not None:
            if not isinstance(answer, cls):
                raise GraphError(
                    f"A hook returned {type(answer).__name__}; expected None or a Tensor of shape "
                    f"{node.shape}: tinygrad_edu.Tensor(…)."
                )
            if answer.shape != node.shape:
                raise GraphError(
                    f"A hook returned a Tensor of shape {answer.shape}; expected None or a Tensor of shape "
                    f"{node.shape}."
                )
            g, ours = np.astype(answer if create_graph else answer._array, node.dtype), False
    if node.notes.retains:
        node.notes.grad = np.copy(g) if create_graph else cls._make(_owned(g, False), None)
    return g, ours
