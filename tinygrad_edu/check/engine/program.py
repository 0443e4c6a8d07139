"""Programs: a few statements on variables, run on an engine, or on complex numbers, and printed as Python.

A statement is an operation whose result gets a name, ``+=`` on a name that is there, or one of two that say
what is done with gradients: ``y.backward()``, and the line that sets the gradients of all leaves back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from .operations import LARGEST, OPERATIONS

STEP = 1e-30  # of a complex step: no rounding, since nothing is subtracted
BACKWARD, ZERO = "backward", "zero"
NOWHERE = -1  # the target of a statement that computes nothing


class Var(NamedTuple):
    """A variable, by a number that stays its own when statements are taken out."""

    number: int


@dataclass(frozen=True, eq=False)
class Statement:
    """``target = operation(*args)``; an argument is a variable, or a constant number or array."""

    operation: str
    args: tuple[Any, ...] = ()
    target: int = NOWHERE

    @property
    def is_step(self) -> bool:
        """Whether it computes something."""
        return self.operation not in (BACKWARD, ZERO)

    @property
    def key(self) -> str:
        """The operation's name, with an r before it if a constant is on the left."""
        left_constant = len(self.args) == 2 and not isinstance(self.args[0], Var)
        return f"r{self.operation}" if left_constant else self.operation

    @property
    def used(self) -> list[int]:
        return [arg.number for arg in self.args if isinstance(arg, Var)]


@dataclass(frozen=True, eq=False)
class Program:
    """Leaves with their values, and statements."""

    leaves: tuple[tuple[int, Any], ...]
    statements: tuple[Statement, ...]

    @property
    def operations(self) -> int:
        """How many operations it has, which is its size."""
        return sum(statement.is_step for statement in self.statements)

    @property
    def steps(self) -> list[Statement]:
        return [statement for statement in self.statements if statement.is_step]

    # ---- meaning -------------------------------------------------------------------------------------------

    def values(self) -> list[Any] | None:
        """The real results of all steps, or None if the program leaves the domain of an operation."""
        known: dict[int, Any] = {number: np.asarray(value, float) for number, value in self.leaves}
        found = []
        for statement in self.steps:
            result = computed(statement, known)
            if result is None:
                return None
            known[statement.target] = result
            found.append(result)
        return found

    @property
    def is_fair(self) -> bool:
        """Whether every right engine must agree on it.

        It stays in the domains of its operations; only results are changed by ``+=``, and passed back from,
        if they are single numbers; and no pass meets a result in between that an earlier pass has met.
        """
        known: dict[int, Any] = {number: np.asarray(value, float) for number, value in self.leaves}
        made: dict[int, set[int]] = {number: set() for number in known}  # the steps each depends on
        passed: set[int] = set()
        for i, statement in enumerate(self.statements):
            if statement.operation == ZERO:
                continue
            if any(number not in known for number in statement.used):
                return False
            behind = set[int]().union(*(made[number] for number in statement.used))
            if statement.operation == BACKWARD:
                if not behind or known[statement.used[0]].ndim or (passed & behind and len(behind) > 1):
                    return False
                passed |= behind
                continue
            result = computed(statement, known)
            if result is None or (statement.operation == "iadd" and not made[statement.target]):
                return False
            known[statement.target], made[statement.target] = np.asarray(result), {*behind, i}
        return True

    def gradients(self) -> list[Any]:
        """What the backward passes leave in each leaf, by complex steps: Im f(x + ih) / h, exact in
        double.
        """
        return [
            np.reshape([self._slope(k, i) for i in range(np.size(value))], np.shape(value))
            for k, (_, value) in enumerate(self.leaves)
        ]

    def _slope(self, leaf: int, element: int) -> float:
        known = {number: np.array(value, complex) for number, value in self.leaves}
        known[self.leaves[leaf][0]].reshape(-1)[element] += 1j * STEP
        slope = 0.0
        for statement in self.statements:
            if statement.operation == ZERO:
                slope = 0.0
            elif statement.operation == BACKWARD:
                slope += float(np.sum(known[statement.used[0]].imag)) / STEP
            else:
                operation = OPERATIONS[statement.operation]
                known[statement.target] = operation.value(*arguments(statement, known), **operation.settings)
        return slope

    # ---- text ----------------------------------------------------------------------------------------------

    def lines(self, kind: str = "Value") -> Iterator[str]:
        """The program in Python, a statement a line."""
        names = self.names()
        if self.leaves:
            made = ", ".join(f"{kind}({_shown(value)})" for _, value in self.leaves)
            yield f"{', '.join(names[number] for number, _ in self.leaves)} = {made}"
        yield from (self.line(statement, names) for statement in self.statements)

    def line(self, statement: Statement, names: dict[int, str] | None = None) -> str:
        """One statement in Python."""
        names = names or self.names()
        if statement.operation == ZERO:
            return " = ".join(f"{names[number]}.grad" for number, _ in self.leaves) + " = 0"
        args = [names[arg.number] if isinstance(arg, Var) else _shown(arg) for arg in statement.args]
        if statement.operation == BACKWARD:
            return f"{args[0]}.backward()"
        operation = OPERATIONS[statement.operation]
        text = operation.text.format(*args, **operation.settings)
        return text if statement.operation == "iadd" else f"{names[statement.target]} = {text}"

    def names(self) -> dict[int, str]:
        """The letters that the variables are called by, in the order in which they come."""
        targets = [s.target for s in self.statements if s.target != NOWHERE]
        numbers = dict.fromkeys([number for number, _ in self.leaves] + targets)
        return {number: chr(ord("a") + i) for i, number in enumerate(numbers)}

    # ---- change --------------------------------------------------------------------------------------------

    def with_statements(self, statements: Sequence[Statement]) -> "Program":
        """The same leaves, as far as they are used, under other statements."""
        used = {number for statement in statements for number in statement.used}
        return Program(tuple(leaf for leaf in self.leaves if leaf[0] in used), tuple(statements))

    def spelled_out(self) -> "Program":
        """The same with differences, quotients and minus written as micrograd writes them, by +, * and **."""
        if not any(s.operation in ("neg", "sub", "div") for s in self.statements):
            return self
        numbers = count(
            max([number for number, _ in self.leaves] + [s.target for s in self.statements], default=0) + 1
        )
        return Program(self.leaves, tuple(part for s in self.statements for part in _spelled(s, numbers)))

    def renamed(self, statement: Statement, old: int, new: Any) -> Statement:
        """The statement with a variable replaced by another one, or by a constant."""
        args = (new if isinstance(arg, Var) and arg.number == old else arg for arg in statement.args)
        return replace(statement, args=tuple(args))


def _spelled(statement: Statement, numbers: Iterator[int]) -> list[Statement]:
    """A statement as several, where micrograd has no operation of its own for it."""
    if statement.operation == "neg":
        return [Statement("mul", (statement.args[0], -1.0), statement.target)]
    if statement.operation not in ("sub", "div"):
        return [statement]
    left, right = statement.args
    join, turn, by = ("add", "mul", -1.0) if statement.operation == "sub" else ("mul", "pow", -1)
    if not isinstance(right, Var):
        return [Statement(join, (left, -right if join == "add" else 1 / right), statement.target)]
    turned = Statement(turn, (right, by), next(numbers))
    return [turned, Statement(join, (left, Var(turned.target)), statement.target)]


def arguments(statement: Statement, known: dict[int, Any]) -> list[Any]:
    """The values of a statement's arguments."""
    return [known[arg.number] if isinstance(arg, Var) else np.asarray(arg) for arg in statement.args]


def computed(statement: Statement, known: dict[int, Any]) -> Any:
    """The real result of a step, or None outside the domain of its operation."""
    operation = OPERATIONS[statement.operation]
    if any(isinstance(arg, Var) and arg.number not in known for arg in statement.args):
        return None
    args = arguments(statement, known)
    try:
        with np.errstate(all="ignore"):
            if not operation.admits(*args):
                return None
            result = np.real(operation.value(*args, **operation.settings))
    except ValueError:  # shapes that do not fit
        return None
    fits = statement.operation != "iadd" or np.shape(result) == np.shape(args[0])
    fine = (np.absolute(result) < LARGEST).all()  # not where it is NaN
    return result if fits and fine else None


def _shown(value: Any) -> str:
    """A number or an array as Python writes it."""
    values: Any = np.asarray(value, float).tolist() if np.ndim(value) else value
    return repr(values if np.ndim(value) or isinstance(values, int) else float(values))
