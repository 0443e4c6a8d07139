"""Plans: what a call keeps alive for its derivative, and how a backward pass uses it.

The names that a rule asks for are read once, when it is filed, into the small objects of this file.  Each
*need* knows how to take its value from a call, and, where a graph of the gradient is wanted, which node that
value came from.  An op has a `Plan` for each set of its arguments that need a gradient: their needs side by
side, made when that set first occurs.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from .aliases import Cotangent, Rule, Saved, TensorClass

if TYPE_CHECKING:
    from .entry import Op

Row = list[Any]
"""What a call leaves behind: its output, the values that its forward kept, then all its arguments by
position.
"""


class Need:
    """What a rule asks for by a name; ``column`` is its place in the row of a call."""

    def __init__(self, column: int) -> None:
        self.column = column

    def take(self, row: Row) -> Any:
        """The value, from the row of a call."""
        return row[self.column]

    def linked(self, value: Any, node: Any, cls: TensorClass) -> Any:
        """The value, saved by a node, as a tensor in the graph; itself, if it is a constant there."""
        return value


class Argument(Need):
    """``x``: the argument at a position of the call."""

    def __init__(self, column: int, position: int) -> None:
        self.column, self.position = column, position

    def linked(self, value: Any, node: Any, cls: TensorClass) -> Any:
        k = node.plan.parent_of.get(self.position)
        return value if k is None else cls._make(value, node.parents[k])


class Arguments(Argument):
    """``arguments``: the tuple of all that a ``*arguments`` took; ``position`` is that of the first."""

    def take(self, row: Row) -> Any:
        return tuple(row[self.column :])

    def linked(self, value: Any, node: Any, cls: TensorClass) -> Any:
        parents = ((node.plan.parent_of.get(i), v) for i, v in enumerate(value, self.position))
        return tuple(v if k is None else cls._make(v, node.parents[k]) for k, v in parents)


class Shape(Need):
    """``x_shape``: the shape of an argument, so that the argument itself can be freed."""

    def take(self, row: Row) -> Any:
        return np.shape(row[self.column])


class Shapes(Need):
    """``arguments_shape``: the tuple of the shapes of all that a ``*arguments`` took."""

    def take(self, row: Row) -> Any:
        return tuple(map(np.shape, row[self.column :]))


class Output(Need):
    """``out``: what the function returned."""

    def linked(self, value: Any, node: Any, cls: TensorClass) -> Any:
        if type(value) is tuple:
            return tuple(cls._make(v, node.part(i)) for i, v in enumerate(value))
        return cls._make(value, node)


class Kept(Need):
    """A value that the forward computed anyway, by the name that ``keep=`` gives it.

    If it equals the output of another op, its *twin*, of the first argument, then that op's rule is what a
    graph of the gradient runs: a node of the twin is made, of the values that this node has saved.  So GELU
    keeps Φ(x), and names ``normal_cdf`` its twin, whose rule asks for ``x``: that is what this op's ``x`` is
    saved for, under the same name.
    """

    def __init__(self, column: int, twin: "Op | None") -> None:
        self.column, self.twin = column, twin

    def linked(self, value: Any, node: Any, cls: TensorClass) -> Any:
        k = node.plan.parent_of.get(0)
        if self.twin is None or k is None:
            return value
        plan, saved = self.twin.plan((0,)), dict(zip(node.plan.names, node.saved))
        values = tuple(value if name == "out" else saved[name] for name in plan.names)
        return cls._make(value, node.twin(plan, node.parents[k], values, value))


class Wanted(Need):
    """``wanted``: the names of the arguments that need a gradient, of a joint rule; the plan knows them."""

    def __init__(self, column: int, arguments: tuple[str, ...] = ()) -> None:
        self.column, self.arguments = column, arguments

    def take(self, row: Row) -> tuple[str, ...]:
        return self.arguments


class Index(Need):
    """``index``: which of the ``*arguments`` is being differentiated; no call has it, the plan knows it."""


class Plan:
    """What to save, and which rules to run, when certain arguments of an op need a gradient.

    Attributes
    ----------
    parent_of : dict of int to int
        For the position of an argument that needs a gradient, the place of its node among the parents.
    names, needs : list
        What the rules ask for together, in the order in which it is saved.
    save : callable
        Takes the saved values from the `Row` of a call.
    steps : list of (rule, start, stop)
        For each of those arguments its rule, and where in the saved values its own lie.
    joint : callable or None
        An op's one rule for several arguments: given g and the saved values it returns their gradients, and
        these take the place of the saved values for the steps.
    """

    def __init__(self, op: "Op", positions: tuple[int, ...]) -> None:
        self.op, self.positions = op, positions
        self.trusted, self.variadic = op.trusted, op.signature.variadic
        self.parent_of = {position: k for k, position in enumerate(positions)}
        self.names: list[str] = []
        self.needs: list[Need] = []
        self.joint: Rule | None = None
        self.steps: list[tuple[Rule, int, int]] = []
        arguments = [op.argument(position) for position in positions]
        if op.joint:
            names, self.joint = op.joint
            self._add(op.rules[names[0]][1])
            self.steps = [(_chosen, names.index(a), names.index(a) + 1) for a in arguments]
            self.needs = [Wanted(-1, tuple(arguments)) if type(n) is Wanted else n for n in self.needs]
        else:
            spans = {a: self._add(op.rules[a][1]) for a in dict.fromkeys(arguments)}  # one for all *arguments
            self.steps = [(_rule(op, a, p), *spans[a]) for a, p in zip(arguments, positions)]
        for twin in [need.twin for need in self.needs if isinstance(need, Kept) and need.twin]:
            self._add({name: op.need(name) for name in twin.first_needs if name != "out"})
        self.save = _saving(self.needs)

    def _add(self, needs: dict[str, Need]) -> tuple[int, int]:
        """Save these too; returns where they lie."""
        start = len(self.needs)
        self.names += [name for name in needs if name != "index"]
        self.needs += [need for name, need in needs.items() if name != "index"]
        return start, len(self.needs)


def _saving(needs: list[Need]) -> Callable[[Row], Saved]:
    """The function that takes what is needed from the row of a call."""
    if any(isinstance(need, (Arguments, Shape, Shapes, Wanted)) for need in needs):
        takes = [need.take for need in needs]
        return lambda row: tuple([take(row) for take in takes])
    columns = [need.column for need in needs]
    if len(columns) > 1:
        return itemgetter(*columns)  # one call in C, in the place of one for each need
    if columns:
        (column,) = columns
        return lambda row: (row[column],)
    return lambda row: ()


def _chosen(g: Cotangent, gradient: Any) -> Any:
    """The rule of an argument whose gradient a joint rule has computed."""
    return gradient


def _rule(op: "Op", argument: str, position: int) -> Rule:
    """The rule of the argument at a position, which is told its index if it asks for that."""
    rule, needs = op.rules[argument]
    if "index" not in needs:
        return rule
    return Indexed(rule, list(needs).index("index"), position - op.signature.fixed)


class Indexed:
    """The rule of ``*arguments`` for the one at an index, which it takes as the argument at ``place`` after
    g.
    """

    __slots__ = ("index", "place", "rule")

    def __init__(self, rule: Rule, place: int, index: int) -> None:
        self.rule, self.place, self.index = rule, place, index

    def __call__(self, g: Cotangent, *values: Any) -> Any:
        return self.rule(g, *values[: self.place], self.index, *values[self.place :])
