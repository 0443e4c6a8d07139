"""The smallest program that still shows what a larger one has shown."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .program import Program, Statement, Var

SIMPLE = (2.0, 3.0, 5.0, 7.0)
CONSTANT = 3.0


def shrink(program: Program, shows: Callable[[Program], bool]) -> Program:
    """Take out and simplify, as long as ``shows`` holds and the program gets smaller.

    Parameters
    ----------
    program : Program
        One for which ``shows`` holds.
    shows : callable
        Takes a fair program.
    """
    while True:
        size = _size(program)
        smaller = (other for other in _simpler(program) if _size(other) < size)
        found = next((other for other in smaller if other.is_fair and shows(other)), None)
        if found is None:
            return program
        program = found


def _size(program: Program) -> tuple[Any, ...]:
    """What there is less of in a smaller program, the most important first."""
    constants = [arg for s in program.steps for arg in s.args if not isinstance(arg, Var)]
    numbers = [value for _, value in program.leaves]
    elements = sum(np.size(value) for value in [*numbers, *constants])
    odd = sum(not np.array_equal(value, _plain(i, value)) for i, value in enumerate(numbers))
    odd += sum(not np.array_equal(value, _whole(value)) for value in constants)
    return (
        program.operations, len(program.statements), len(numbers), len(constants),
        elements, odd, sum(float(np.sum(np.absolute(value))) for value in [*numbers, *constants]),
    )  # fmt: skip


def _simpler(program: Program) -> Iterator[Program]:
    yield from _without_a_statement(program)
    yield from _with_other_arguments(program)
    yield from _with_plain_numbers(program)


def _without_a_statement(program: Program) -> Iterator[Program]:
    for i, statement in enumerate(program.statements):
        before, after = program.statements[:i], program.statements[i + 1 :]
        if not statement.is_step or statement.operation == "iadd":
            yield program.with_statements([*before, *after])
            continue
        target = statement.target
        if not any(target in other.used for other in after):
            yield program.with_statements([*before, *after])
        instead = [Var(number) for number in statement.used]
        for new in instead:
            renamed = [_renamed(program, other, target, new) for other in after]
            yield program.with_statements([*before, *renamed])


def _renamed(program: Program, statement: Statement, old: int, new: Var) -> Statement:
    renamed = program.renamed(statement, old, new)
    return replace(renamed, target=new.number) if statement.target == old else renamed


def _with_other_arguments(program: Program) -> Iterator[Program]:
    """An argument replaced by a variable that is there already, or by a constant."""
    known = [number for number, _ in program.leaves]
    for i, statement in enumerate(program.statements):
        if statement.is_step:
            for k, arg in enumerate(statement.args):
                if not isinstance(arg, Var) or (statement.operation == "iadd" and k == 0):
                    continue
                others: list[Any] = [Var(n) for n in known if n != arg.number]
                rest = [a for j, a in enumerate(statement.args) if j != k]
                others += [CONSTANT] if any(isinstance(a, Var) for a in rest) and k == 1 else []
                for other in others:
                    args = (*statement.args[:k], other, *statement.args[k + 1 :])
                    yield _exchanged(program, i, replace(statement, args=args))
            if statement.target not in known:
                known.append(statement.target)


def _exchanged(program: Program, i: int, statement: Statement) -> Program:
    return program.with_statements([*program.statements[:i], statement, *program.statements[i + 1 :]])


def _with_plain_numbers(program: Program) -> Iterator[Program]:
    for i, (number, value) in enumerate(program.leaves):
        for plain in (_plain(i, value), -_plain(i, value)):
            leaves = (*program.leaves[:i], (number, plain), *program.leaves[i + 1 :])
            yield Program(leaves, program.statements)
    for i, statement in enumerate(program.statements):
        for k, arg in enumerate(statement.args):
            if not isinstance(arg, Var):
                args = (*statement.args[:k], _whole(arg), *statement.args[k + 1 :])
                yield _exchanged(program, i, replace(statement, args=args))


def _plain(i: int, value: Any) -> Any:
    """A small prime for a number, another one for each leaf; small numbers for an array."""
    if np.ndim(value) == 0:
        return SIMPLE[i % len(SIMPLE)]
    return np.arange(1.0, np.size(value) + 1).reshape(np.shape(value)) + i


def _whole(value: Any) -> Any:
    """What a constant is replaced by."""
    if isinstance(value, int):
        return 3 if value > 0 else -1
    return CONSTANT if np.ndim(value) == 0 else np.arange(1.0, np.size(value) + 1).reshape(np.shape(value))
