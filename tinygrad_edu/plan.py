"""Plans: read off the names that rules ask for, what a call keeps alive, and how a backward pass uses it.

An op has a plan for each set of its arguments that need a gradient; it is made once, when that set first
occurs.
"""

from collections.abc import Callable
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

Rule = Callable[..., Any]


class FromArgument(NamedTuple):
    """A saved value is the argument whose node is that parent."""

    parent: int


class FromArguments(NamedTuple):
    """A saved value is the tuple of all variadic arguments; some have a parent, by their places."""

    parents: dict[int, int]


class FromOutput(NamedTuple):
    """A saved value is the output."""


class FromTwin(NamedTuple):
    """A saved value equals the output of another op, of that parent; ``needs`` are the places of what its rule saves."""

    plan: "Plan"
    parent: int
    needs: list[int | None]


Source = FromArgument | FromArguments | FromOutput | FromTwin


def _chosen(g: Any, gradient: Any) -> Any:
    """The rule of an argument whose gradient a joint rule has computed."""
    return gradient


class Indexed:
    """The rule of variadic arguments, for the one at an index; ``place`` is that of the index among what the rule is given after g."""

    __slots__ = ("index", "place", "rule")

    def __init__(self, rule: Rule, place: int, index: int) -> None:
        self.rule, self.place, self.index = rule, place, index

    def __call__(self, g: Any, *values: Any) -> Any:
        return self.rule(g, *values[: self.place], self.index, *values[self.place :])


class Plan:
    """What to keep, and which rules to run, when certain arguments of an op need a gradient.

    The values of a call stand in one *row*: the extras that rules ask for (shapes, all the variadic
    arguments), then ``out``, the kept values and the arguments.  ``pick`` takes from it, in one go, what the
    rules need.

    Attributes
    ----------
    steps : list of (rule, start, stop)
        For each wanted argument its rule, and where in the saved values its own lie.
    joint : callable or None
        An op's one rule for several arguments: given g and the saved values it returns their gradients, and
        these take the place of the saved values for the steps.
    sources : list
        For each saved value where it came from, so that a graph of the gradient can be recorded; None for a
        constant.
    """

    def __init__(self, op: Any, positions: tuple[int, ...]) -> None:
        self.op, self.positions, self.trusted, self.variadic = op, positions, op.trusted, op.variadic
        self.steps: list[tuple[Rule, int, int]] = []
        wants: list[str] = []
        self.extras: dict[str, Callable[[list[Any]], Any]] = {}
        self.joint: Rule | None = None
        if op.joint:
            arguments, self.joint = op.joint
            wants += op.rules[arguments[0]][1]
            order = {argument: k for k, argument in enumerate(arguments)}
            self.steps = [
                (_chosen, k, k + 1) for k in (order[op.argument(position)] for position in positions)
            ]
        shared: tuple[int, int] | None = (
            None  # where the values lie that the rule of all variadic arguments needs
        )
        for position in positions if not op.joint else ():
            rule, names = op.rules[op.argument(position)]
            if position < op.fixed or not shared:
                start = len(wants)
                wants += [name for name in names if name != "index"]
                place = (start, len(wants))
            if position >= op.fixed:
                place = shared = shared or place
                rule = Indexed(rule, names.index("index"), position - op.fixed) if "index" in names else rule
            self.steps.append((rule, *place))
        for twin in filter(None, map(op.keep.get, tuple(wants))):
            wants += [
                name for name in twin.rules[twin.names[0]][1] if name != "out"
            ]  # so that the twin's rule has what it needs
        for name in wants:
            self._add_extra(name)
        labels = [*self.extras, "out", *op.keep, *op.names[: op.fixed]]  # of the row
        column = {
            label: i for i, label in reversed([*enumerate(labels)])
        }  # out is the output, also where an argument has that name
        columns = [column[name] for name in wants]
        parents = {position: k for k, position in enumerate(positions)}
        self.sources = [self._source(name, wants, parents) for name in wants]
        # itemgetter returns a tuple for two columns or more
        self.pick: Any = (
            itemgetter(*columns) if len(columns) > 1 else lambda row: tuple(row[i] for i in columns)
        )

    def _add_extra(self, name: str) -> None:
        """See to it that the row holds what stands there only because a rule asked for it."""
        op = self.op
        place = op.places.get(name, op.fixed)
        if name == "out" or name in op.keep or place < op.fixed:
            return
        if name == op.names[-1]:
            self.extras[name] = lambda arrays: tuple(arrays[op.fixed :])
        elif op.variadic and name == f"{op.names[-1]}_shape":
            self.extras[name] = lambda arrays: tuple(map(np.shape, arrays[op.fixed :]))
        else:
            place = op.places[name.removesuffix("_shape")]
            self.extras[name] = lambda arrays: np.shape(arrays[place])

    def _source(self, name: str, wants: list[str], parents: dict[int, int]) -> Source | None:
        op = self.op
        if name == "out":
            return FromOutput()
        if twin := op.keep.get(name):
            needs = [None if n == "out" else wants.index(n) for n in twin.rules[twin.names[0]][1]]
            return FromTwin(twin.plan((0,)), parents[0], needs) if 0 in parents else None
        if op.variadic and name == op.names[-1]:
            return FromArguments({p - op.fixed: k for p, k in parents.items() if p >= op.fixed})
        return FromArgument(parents[op.places[name]]) if op.places.get(name) in parents else None

    def save(self, arrays: list[Any], out: Any, kept: tuple[Any, ...] = ()) -> tuple[Any, ...]:
        """The values that the rules need, from a call's arguments and results."""
        if self.extras:
            return self.pick([*[extra(arrays) for extra in self.extras.values()], out, *kept, *arrays])
        return self.pick([out, *kept, *arrays])
