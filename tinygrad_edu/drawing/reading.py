"""A recorded graph, read: boxes for operations and variables, with all that is known of them, and edges."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import GraphError
from ..graph import Leaf, Node, Part
from ..nn.module import Module
from ..tensor import Tensor
from .flow import Flow
from .known import UNKNOWN, Known, alive, nodes_of
from .names import named
from .numbers import number, short
from .sources import source_of
from .watch import SEEN


@dataclass(frozen=True)
class Edge:
    """An argument of an operation: what it is called there, where it comes from, and what the chain rule
    multiplies by on the way back.

    ``output`` is which of several outputs of ``source`` it is, -1 if that has one; ``factor`` a text.
    """

    argument: str
    source: Node
    output: int = -1
    factor: str = ""


@dataclass
class Box:
    """An operation or a variable, its outputs, as far as they are used, and what is known of these.

    What nobody knows is UNKNOWN.
    """

    node: Node
    name: str
    outputs: tuple[Node, ...]
    value: Any = UNKNOWN
    gradient: Any = UNKNOWN
    edges: list[Edge] = field(default_factory=list)
    constants: list[tuple[str, Any]] = field(default_factory=list)
    line: str = ""
    note: str = ""

    @property
    def operation(self) -> str:
        """The function that was called; empty for a variable."""
        return "" if isinstance(self.node, Leaf) else self.node.name


class Graph:
    """All that a picture shows, of a loss and what it hangs on.

    Attributes
    ----------
    boxes : dict of Node to Box
        The newest first.
    after : bool
        Whether a backward pass has left a gradient in any variable.
    shown : int
        Operations older than this number have no values, gradients or factors here: there are too many.
    """

    def __init__(
        self, loss: Tensor, names: Mapping[str, Any] | Module, most: int, *, cotangent: Any = None
    ) -> None:
        self.nodes = nodes_of(root_of(loss))
        self.root = whole_of(self.nodes[0])
        self.shown = self.nodes[most].order if len(self.nodes) > most else 0
        tensors = alive(self.nodes) | {self.nodes[0]: loss}
        self.called: dict[Node, list[str]] = {}
        for node, name in named(names).items():
            self.called.setdefault(whole_of(node), []).append(name)
        self.known = Known(self.nodes, tensors, self.shown)
        self.leaves = [node for node in self.nodes if isinstance(node, Leaf)]
        self.after = any(leaf.grad is not None for leaf in self.leaves)
        self.passing = cotangent is not None
        self.flow = self._flow(loss, cotangent)
        self.parts: dict[Node, list[Node]] = {}
        for node in self.nodes:
            if isinstance(node, Part):
                self.parts.setdefault(whole_of(node), []).insert(0, node)
        whole = [node for node in self.nodes if not isinstance(node, Part)]
        self.boxes = {node: self._box(node) for node in whole}

    @property
    def operations(self) -> int:
        """How many operations there are."""
        return len(self.boxes) - len(self.leaves)

    def _flow(self, loss: Tensor, cotangent: Any) -> Flow:
        """The backward pass from a gradient of the loss; without one, from 1 if a pass was made, of a loss of
        one real number.
        """
        if cotangent is None and self.after and loss.size == 1 and loss.dtype.kind == "f":
            cotangent = np.ones(loss.shape, loss.dtype)
        if cotangent is None:
            return Flow(self.known, self.nodes[0], np.zeros(loss.shape), self.nodes[0].order + 1, False)
        return Flow(self.known, self.nodes[0], cotangent, self.shown)

    def _box(self, node: Node) -> Box:
        box = Box(node, ", ".join(self.called.get(node, ())), tuple(self.parts.get(node, [node])))
        if isinstance(node, Leaf):
            box.value = self.known.value(node)
            if self.passing:
                box.gradient = self.flow.gradient(node)
            elif node.grad is not None:
                box.gradient, box.note = node.grad._array, self._doubt(node)
            return box
        detailed = node.order >= self.shown
        factors = self._factors(node) if detailed else [""] * len(node.parents)
        for position, parent, factor in zip(node.plan.positions, node.parents, factors):
            output = parent.index if isinstance(parent, Part) else -1
            argument = node.plan.op.argument(position)
            box.edges.append(Edge(argument, whole_of(parent), output, factor))
        if detailed:
            box.value = _one([self.known.value(output) for output in box.outputs])
            box.gradient = _one([self.flow.gradient(output) for output in box.outputs])
            box.constants = list(constants_of(node, self.known))
            box.line = Path(SEEN[node].line if node in SEEN else getattr(node.notes, "line", "")).name
        return box

    def _factors(self, node: Node) -> list[str]:
        """What the chain rule multiplies by, on the way to each parent: a number, the numbers of a small
        array, or the formula of the rule.
        """
        return [factor_of(factor, node, k) for k, factor in enumerate(self.flow.factors(node))]

    def _doubt(self, leaf: Leaf) -> str:
        """What makes the gradient of a variable another one than this pass gives."""
        if leaf.grad is None or self.shown:
            return ""
        one, held = self.flow.gradient(leaf), leaf.grad._array
        if one is UNKNOWN or leaf in self.known.moved or one.shape != held.shape:
            return ""
        if np.allclose(one, held, rtol=1e-3, atol=1e-6, equal_nan=True):
            return ""
        return f"one backward pass from here gives {short(one)}"


def root_of(loss: Any) -> Node:
    """The node of a tensor, or an error if it has none."""
    if not isinstance(loss, Tensor):
        hint = " Call it: tg.draw(model(x))." if isinstance(loss, Module) else ""
        given = type(loss).__name__
        raise GraphError(f"draw and explain take a Tensor that was computed; got a {given}.{hint}")
    if loss._node is None:
        raise GraphError(
            "There is no graph: nothing that this tensor was computed from has requires_grad=True, or it was "
            "computed under no_grad."
        )
    return loss._node


def constants_of(node: Node, known: Known) -> Iterator[tuple[str, Any]]:
    """The arguments of an operation that need no gradient, by name, UNKNOWN where nobody kept one; without
    settings that have their defaults, or may have.
    """
    op = node.plan.op
    for position, value in enumerate(known.arguments(node)):
        if position in node.plan.parent_of:
            continue
        name = op.argument(position)
        if name in op.signature.defaults and (value is UNKNOWN or _equal(value, op.signature.defaults[name])):
            continue
        yield name, value


def factor_of(factor: Any, node: Node, k: int) -> str:
    """The local factor on an edge as a text.

    Of a number for a number it is the derivative; where elements depend on their like alone, the derivative
    of each; otherwise the formula of the rule, in which g stands for the gradient that comes in.
    """
    parent = node.parents[k]
    if factor is not UNKNOWN and factor.size and (factor.shape == node.shape or 1 in factor.shape):
        summed = ", summed" if factor.shape != node.shape and len(factor) > 1 else ""
        if np.all(factor == factor.flat[0]):
            return f"× {number(factor.flat[0])}{summed}"
        return f"× {short(np.ravel(factor) if 1 in factor.shape else factor, 3)}{summed}"
    formula = source_of(node.plan.joint or node.plan.steps[k][0]).formula
    if formula in ("g", "-g"):
        return f"× {formula.replace('g', '1')}" + ", summed" * (parent.shape != node.shape)
    return f"g → {formula}"


def _one(values: list[Any]) -> Any:
    """The value of a result, or a tuple of those of several; UNKNOWN if one of them is."""
    if any(value is UNKNOWN for value in values):
        return UNKNOWN
    return values[0] if len(values) == 1 else tuple(values)


def _equal(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and not hasattr(a, "shape") and bool(a == b))


def whole_of(node: Node) -> Node:
    """The operation that a node belongs to, which is another one if it is one of several outputs."""
    return node.parents[0] if isinstance(node, Part) else node
