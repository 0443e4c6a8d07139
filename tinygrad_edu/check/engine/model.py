"""A micrograd with switches: an engine in which one mistake can be turned on, to see what it would compute.

The verdict never comes from here, but from complex steps.  It is only where a program has gone wrong already
that the wrong numbers are compared with those of this model under each mistake of `faults`, to name the one
that explains them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .operations import OPERATIONS, Operation
from .program import BACKWARD, ZERO, Program, Statement, Var

Rule = Callable[..., Any]  # of the output's gradient g, the arguments, and the output last


def _spread(g: Any, x: Any, out: Any) -> Any:
    return g + np.zeros_like(x)


# fmt: off
RULES: dict[str, tuple[Rule, ...]] = {
    "add":  (lambda g, x, y, out: g,                         lambda g, x, y, out: g),
    "sub":  (lambda g, x, y, out: g,                         lambda g, x, y, out: -g),
    "mul":  (lambda g, x, y, out: g * y,                     lambda g, x, y, out: g * x),
    "div":  (lambda g, x, y, out: g / y,                     lambda g, x, y, out: -g * x / y**2),
    "pow":  (lambda g, x, n, out: g * n * x ** (n - 1.0),    lambda g, x, n, out: 0.0 * g),
    "iadd": (lambda g, x, y, out: g,                         lambda g, x, y, out: g),
    "neg":     (lambda g, x, out: -g,),
    "relu":    (lambda g, x, out: g * (x > 0),),
    "tanh":    (lambda g, x, out: g * (1 - out**2),),
    "exp":     (lambda g, x, out: g * out,),
    "log":     (lambda g, x, out: g / x,),
    "sigmoid": (lambda g, x, out: g * out * (1 - out),),
    "sin":     (lambda g, x, out: g * np.cos(x),),
    "cos":     (lambda g, x, out: -g * np.sin(x),),
    "sqrt":    (lambda g, x, out: g / (2 * out),),
    "sum":       (_spread,),
    "sum_axis":  (_spread,),
    "sum_keep":  (_spread,),
    "mean":      (lambda g, x, out: _spread(g, x, out) / np.size(x),),
    "transpose": (lambda g, x, out: np.transpose(g),),
    "reshape":   (lambda g, x, out: np.reshape(g, np.shape(x)),),
    "matmul":  (lambda g, x, y, out: g @ np.transpose(y),    lambda g, x, y, out: np.transpose(x) @ g),
}
# fmt: on


@dataclass(frozen=True, eq=False)
class Fault:
    """One mistake: what is otherwise than in a right engine.

    Attributes
    ----------
    cause : str
        What is told; ``{line}`` stands for the statement that shows it, ``{op}`` for its operation.
    key : str
        The operation that it is in, if it is in one.
    rules : dict
        Other derivatives, by the position of the argument.
    value : callable, optional
        Another forward of that operation.
    sets : dict
        Where gradients are set and not added: the positions, by operation; "" stands for all.
    walk : callable, optional
        Another order in which the nodes are visited, from the root.
    seed : {"set", "add", "none", "value"}
        What is done to the gradient of the root.
    fit : callable, optional
        What makes a gradient have the shape of its value, instead of the sum over what was broadcast.
    start : float
        The gradient of a new value.
    resets, remembers, replays : bool
        Whether a pass begins by setting all gradients of its graph to zero; does not visit again what an
        earlier one has visited; runs through the operations of earlier passes as well.
    """

    cause: str
    key: str = ""
    rules: dict[int, Rule] = field(default_factory=dict)
    value: Callable[..., Any] | None = None
    sets: dict[str, tuple[int, ...]] = field(default_factory=dict)
    walk: Callable[["Node"], Iterator["Node"]] | None = None
    seed: str = "set"
    fit: Callable[[Any, Any], Any] | None = None
    start: float = 0.0
    resets: bool = False
    remembers: bool = False
    replays: bool = False

    @property
    def family(self) -> str:
        """The cause without what varies by chance: sets of objects are walked through in any order."""
        return self.cause.partition(" (")[0] if self.walk is not None else self.cause


@dataclass(eq=False)
class Node:
    """A value, its gradient, and what it was computed from."""

    value: Any
    grad: Any
    key: str = ""
    parents: tuple["Node | None", ...] = ()
    args: tuple[Any, ...] = ()


RIGHT = Fault("nothing")


class Computed(NamedTuple):
    """What the model computes: the values of the steps, the gradients of the leaves, and whether a gradient
    has got another shape than its value.
    """

    values: list[Any]
    gradients: list[Any]
    misfit: bool


def run(program: Program, fault: Fault = RIGHT) -> Computed:
    """What the model computes under a mistake."""
    known = {number: _node(np.asarray(value, float), fault) for number, value in program.leaves}
    leaves, values, tape, seen = list(known.values()), list[Any](), list[Node](), set[Node]()
    for statement in program.statements:
        if statement.operation == ZERO:
            for leaf in leaves:
                leaf.grad = np.zeros_like(leaf.value)
        elif statement.operation == BACKWARD:
            _backward(known[statement.used[0]], fault, tape, seen)
        else:
            node = _step(statement, known, fault)
            tape.append(node)
            values.append(node.value)
            known[statement.target] = node
    constants = [parent for node in tape for parent in node.parents if parent is not None]
    misfit = any(np.shape(node.grad) != np.shape(node.value) for node in [*leaves, *tape, *constants])
    return Computed(values, [leaf.grad for leaf in leaves], misfit)


def _node(value: Any, fault: Fault, *made: Any) -> Node:
    return Node(value, np.full(np.shape(value), fault.start), *made)


def _step(statement: Statement, known: dict[int, Node], fault: Fault) -> Node:
    operation, key = OPERATIONS[statement.operation], statement.key
    args = [known[a.number].value if isinstance(a, Var) else np.asarray(a) for a in statement.args]
    wrong = fault.value if key == fault.key else None
    value = wrong(*args) if wrong is not None else np.real(operation.value(*args, **operation.settings))
    parents = tuple(
        known[a.number] if isinstance(a, Var) else _constant(a, operation, fault) for a in statement.args
    )
    return _node(value, fault, key, parents, tuple(args))


def _constant(value: Any, operation: Operation, fault: Fault) -> Node | None:
    """A node for a constant, which engines make of it; none for an exponent."""
    return None if operation.kind == "power" else _node(np.asarray(value, float), fault)


def _backward(root: Node, fault: Fault, tape: list[Node], seen: set[Node]) -> None:
    order = list(users_first(root) if fault.walk is None else fault.walk(root))
    if fault.replays:
        order = tape[::-1]
    if fault.resets:
        for node in order:
            node.grad = np.zeros_like(node.value)
    if fault.remembers:
        order = [node for node in order if node not in seen]
        seen.update(order)
    if fault.seed != "none":
        root.grad = np.ones_like(root.value) + (root.grad if fault.seed == "add" else 0)
    if fault.seed == "value":
        root.grad = root.value
    for node in order:
        _pull(node, fault)


def _pull(node: Node, fault: Fault) -> None:
    """Pass the gradient of a node on to its parents."""
    name = (
        node.key.removeprefix("r")
        if node.key.removeprefix("r") in RULES and node.key not in RULES
        else node.key
    )
    for position, parent in enumerate(node.parents):
        if parent is None:
            continue
        other = fault.rules.get(position) if node.key == fault.key else None
        g = (other or RULES[name][position])(node.grad, *node.args, node.value)
        g = (fault.fit or summed)(g, parent.value)
        sets = position in fault.sets.get("", ()) or position in fault.sets.get(node.key, ())
        parent.grad = g if sets else parent.grad + g


def summed(g: Any, value: Any) -> Any:
    """The gradient, summed over the axes along which the value was broadcast."""
    if np.shape(g) == np.shape(value):
        return g
    g = np.sum(g, axis=tuple(range(np.ndim(g) - np.ndim(value))))
    short = tuple(i for i, n in enumerate(np.shape(value)) if n == 1 != np.shape(g)[i])
    return np.sum(g, axis=short, keepdims=True)


def users_first(root: Node) -> Iterator[Node]:
    """Every node once, after all nodes that use it."""
    done, order = set[Node](), list[Node]()

    def visit(node: Node) -> None:
        if node not in done:
            done.add(node)
            for parent in node.parents:
                if parent is not None:
                    visit(parent)
            order.append(node)

    visit(root)
    return reversed(order)
