"""The backward pass, step by step: for each operation the rule, the numbers put in, and where they go."""

import ast
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..gradients import turned
from ..graph import Leaf, Node, Part
from .flow import Flow
from .known import UNKNOWN
from .numbers import number, short
from .reading import Graph, whole_of
from .sources import Source, meaning_of, source_of
from .trial import Check, check_contribution, check_variable


@dataclass
class Sent:
    """What an operation sends to one of its arguments."""

    argument: str
    target_of: Node
    target: Node
    source: Source
    meaning: str
    numbers: dict[str, Any]
    value: Any
    check: Check

    def calculation(self) -> str:
        """The formula, the formula with numbers put in if they are scalars, and the result."""
        said = [self.source.formula] if self.source.formula else []
        scalars = {n: number(v) for n, v in self.numbers.items() if _is_number(v)}
        if self.source.tree and scalars.keys() >= set(self.source.names):
            said.append(put(self.source.formula, scalars))
        return " = ".join(dict.fromkeys([*said, short(self.value)]))


@dataclass
class Step:
    """One operation, or a variable, when all of its gradient has arrived.

    ``arrived`` are the numbers of the steps that sent to it, by what argument, and how much.
    """

    number: int
    node: Node
    title: str
    value: Any
    gradient: Any
    arrived: list[tuple[int, str, Any]] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    line: str = ""
    check: Check | None = None
    held: str = ""


class Steps:
    """All steps of a backward pass from the root of a graph, in its order, the variables last.

    Attributes
    ----------
    steps : list of Step
    left : int
        How many older operations were left out.
    """

    def __init__(self, graph: Graph, most: int) -> None:
        self.graph = graph
        self.flow: Flow = graph.flow
        operations = [node for node in graph.boxes if not isinstance(node, Leaf)]
        shown, self.left = operations[:most], max(0, len(operations) - most)
        self.shown = len(shown)
        self.number_of = {node: i for i, node in enumerate(shown, 1)}
        variables = [leaf for leaf in graph.leaves if leaf in self.flow.gradients.keys() - self.flow.partial]
        self.number_of |= {leaf: i for i, leaf in enumerate(variables, len(shown) + 1)}
        self.arrived: dict[Node, list[tuple[int, str, Any]]] = {}
        self.steps = [self._operation(node) for node in shown]
        self.steps += [self._variable(leaf) for leaf in variables]

    def called(self, node: Node) -> str:
        """How a text speaks of a value: by its name, or by the number of its step."""
        output = f"[{node.index}]" if isinstance(node, Part) and len(self._parts(node)) > 1 else ""
        whole = whole_of(node)
        name = self.graph.boxes[whole].name if not output else ", ".join(self.graph.called.get(whole, ()))
        return (name or f"#{self.number_of.get(whole, '…')}") + output

    def _parts(self, part: Part) -> list[Node]:
        return self.graph.parts[part.parents[0]]

    def _operation(self, node: Node) -> Step:
        box = self.graph.boxes[node]
        step = Step(self.number_of[node], node, self._call(node), box.value, box.gradient, line=box.line)
        step.arrived = [a for output in box.outputs for a in self.arrived.get(output, [])]
        if node in self.flow.partial or node not in self.flow.gradients:
            return step
        g, saved, plan = self.flow.filled(node), self.graph.known.saved(node), node.plan
        for k, parent in enumerate(node.parents):
            value = self.flow.contributions.get((node, k), UNKNOWN)
            if value is UNKNOWN:
                continue
            rule, start, stop = plan.steps[k]
            start, stop = (start, stop) if plan.joint is None else (0, len(saved))
            source = source_of(plan.joint or rule)
            given = {"g": g, **dict(zip(plan.names[start:stop], saved[start:stop]))}
            argument = plan.op.argument(plan.positions[k])
            check = check_contribution(self.graph.known, node, k, g, value)
            meaning = meaning_of(plan.joint or rule, source.tree)
            step.sent.append(Sent(argument, node, parent, source, meaning, given, value, check))
            self.arrived.setdefault(parent, []).append((step.number, argument, turned(parent, value)))
        return step

    def _call(self, node: Node) -> str:
        """The operation as a call: its arguments by their names or numbers."""
        parents = {
            node.plan.op.argument(i): self.called(parent)
            for i, parent in zip(node.plan.positions, node.parents)
            if not node.plan.variadic
        }
        said = parents | {name: _brief(value) for name, value in self.graph.boxes[node].constants}
        places = node.plan.op.signature.places
        ordered = sorted(said.items(), key=lambda pair: places[pair[0]])
        if node.plan.variadic:
            words = [*map(self.called, node.parents), *(f"{n}={v}" for n, v in ordered)]
        elif len(said) == len(parents) == 1:
            words = list(parents.values())
        else:
            words = [f"{name}={value}" for name, value in ordered]
        name = self.graph.boxes[node].name
        return (f"{name} = " if name else "") + f"{node.name}({', '.join(words)})"

    def _variable(self, leaf: Leaf) -> Step:
        gradient = self.flow.gradient(leaf)
        value = self.graph.known.value(leaf)
        step = Step(self.number_of[leaf], leaf, self.called(leaf), value, gradient)
        step.arrived = self.arrived.get(leaf, [])
        if gradient is UNKNOWN:
            return step
        root = self.graph.nodes[0]
        step.check = check_variable(self.graph.known, root, leaf, self.flow.gradients[root], gradient)
        step.held = _held(leaf, gradient)
        return step


def _held(leaf: Leaf, gradient: Any) -> str:
    """How the ``grad`` of a variable compares with what this pass gives."""
    if leaf.grad is None:
        return ""
    held = leaf.grad._array
    if held.shape == gradient.shape and np.allclose(held, gradient, rtol=1e-3, atol=1e-6, equal_nan=True):
        return "its .grad holds this"
    return f"its .grad holds {short(held)}: gradients of several passes add up until zero_grad()"


def put(formula: str, numbers: dict[str, str]) -> str:
    """A formula with numbers in the place of names.

    Examples
    --------
    >>> put("-g * np.cos(x)", {"g": "-0.5", "x": "-3"})
    '-(-0.5) * np.cos(-3)'
    """

    class Put(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return ast.Name(numbers[node.id]) if node.id in numbers else node

        def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
            self.generic_visit(node)
            node.left, node.right = _enclosed(node.left), _enclosed(node.right)
            return node

        def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
            self.generic_visit(node)
            node.operand = _enclosed(node.operand)
            return node

    return ast.unparse(Put().visit(ast.parse(formula, mode="eval")))


def _enclosed(term: ast.expr) -> ast.expr:
    """A negative number in parentheses, anything else as it is."""
    negative = isinstance(term, ast.Name) and term.id.startswith("-")
    return ast.Name(f"({term.id})") if isinstance(term, ast.Name) and negative else term


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) or getattr(value, "shape", None) == ()


def _brief(value: Any) -> str:
    shape = np.shape(value) if hasattr(value, "shape") else ()
    return short(value) if int(np.prod(shape)) <= 3 else f"an array {shape}"
