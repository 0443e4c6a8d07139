"""Programs, drawn by hypothesis: variables used again and not at all, constants on both sides, several
passes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count, repeat
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .operations import OPERATIONS
from .program import BACKWARD, ZERO, Program, Statement, Var, computed

NUMBERS = (1.5, -0.75, 2.0, -1.25, 0.5, 3.0, -2.0, 1.75, -0.5, 2.5)
EXPONENTS = (2, 3, -1, 0.5, -2, 1.5)
ONE_NODE = ("add", "mul", "pow")  # in every engine: a pass leaves no gradient in between
CHOICES = st.binary(min_size=80, max_size=80)  # of a program
SHAPES = ((2, 3), (3,), (1, 3), (2, 1), (3, 2), ())


@dataclass(frozen=True)
class Kind:
    """What programs are to be drawn.

    Attributes
    ----------
    menu : sequence of str
        The operations, by name.
    steps : pair of int
        How many of them, at least and at most, in each expression.
    leaves : pair of int
    constants : str
        On which sides constants stand: "", "l", "r" or "lr".
    shapes : sequence of tuples
        Of the leaves; () stands for numbers.
    expressions : int
        How many expressions there are at most, of the same leaves, each with a pass of its own.
    passes : bool
        Whether there are backward passes at all.
    twice : bool
        Whether an expression of one operation may be passed through twice.
    scaled : bool
        Whether results are multiplied by a constant, so that the gradient of an operation's output is not 1.
    distinct : bool
        Whether the operands of an operation are two variables.
    left : sequence of str
        The operations that may have a constant on their left.
    """

    menu: Sequence[str]
    steps: tuple[int, int] = (1, 4)
    leaves: tuple[int, int] = (1, 3)
    constants: str = "r"
    shapes: Sequence[tuple[int, ...]] = ((),)
    expressions: int = 1
    passes: bool = True
    twice: bool = False
    scaled: bool = False
    distinct: bool = False
    left: Sequence[str] = ()


class Choices:
    """Choices that are made by drawn bytes, one for each: a single draw for a program, since draws take
    time.
    """

    def __init__(self, drawn: bytes) -> None:
        self._bytes = chain(drawn, repeat(0))

    def of(self, options: Sequence[Any]) -> Any:
        """One of some options."""
        return options[next(self._bytes) % len(options)]

    def between(self, least: int, most: int) -> int:
        """A number, both ends included."""
        return least + next(self._bytes) % (most - least + 1)


def programs(kind: Kind) -> SearchStrategy[Program]:
    """Programs of a kind, within the domains of their operations."""
    return CHOICES.map(lambda made: chosen(kind, Choices(made)))


def drawn(kind: Kind, examples: int, start: int) -> Iterator[Program]:
    """So many programs of a kind, made one by one; the same for the same start."""
    return (chosen(kind, Choices(made)) for made in _choices(examples, start))


@lru_cache(maxsize=32)
def _choices(examples: int, start: int) -> list[bytes]:
    """What hypothesis draws, once for programs of all kinds, since that takes longer than to run them."""
    found: list[bytes] = []

    @seed(start)
    @settings(
        max_examples=examples, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(CHOICES)
    def each(made: bytes) -> None:
        found.append(made)

    each()
    return found


def chosen(kind: Kind, choose: Choices) -> Program:
    """The program that choices make."""
    leaves = tuple((k, _array(kind.shapes, choose)) for k in range(choose.between(*kind.leaves)))
    numbers, statements = count(len(leaves)), list[Statement]()
    for left in reversed(range(choose.between(1, kind.expressions))):
        known: dict[int, Any] = {number: np.asarray(value, float) for number, value in leaves}
        made = _steps(kind, known, numbers, choose)
        if not kind.passes:
            statements += made
        elif made:
            made += _pass(kind, made[-1].target, known, numbers, choose)
            statements += made
            if kind.twice and made[0].operation in ONE_NODE and len(made) == 2 and choose.of((False, True)):
                statements.append(statements[-1])
            if left and choose.of((False, False, True)):
                statements.append(Statement(ZERO))
    return Program(leaves, ()).with_statements(statements)


def _steps(kind: Kind, known: dict[int, Any], numbers: Iterator[int], choose: Choices) -> list[Statement]:
    """Some steps; what leaves the domain of an operation is left out."""
    made: list[Statement] = []
    for _ in range(choose.between(*kind.steps)):
        name = choose.of(kind.menu)
        if name != "iadd":
            statement = Statement(name, _arguments(name, list(known), kind, choose), next(numbers))
        elif made:
            target = choose.of([s.target for s in made])
            statement = Statement(name, (Var(target), _operand(list(known), kind, choose, "r")), target)
        else:
            continue
        result = computed(statement, known)
        if result is not None:
            made.append(statement)
            known[statement.target] = result
    return made


def _arguments(name: str, known: list[int], kind: Kind, choose: Choices) -> tuple[Any, ...]:
    operation, first = OPERATIONS[name], _operand(known, kind, choose)
    if operation.arity == 1:
        return (first,)
    if operation.kind == "power":
        return first, choose.of(EXPONENTS)
    if name in kind.left and (kind.constants == "l" or ("l" in kind.constants and not choose.between(0, 3))):
        return choose.of(NUMBERS), first
    others = [number for number in known if number != first.number] if kind.distinct else known
    return first, _operand(others or known, kind, choose, "" if operation.kind == "array" else "r")


def _operand(known: list[int], kind: Kind, choose: Choices, side: str = "") -> Any:
    variables = [Var(number) for number in (*known, known[-1])]  # the newest one twice as often
    return choose.of([*variables, *(NUMBERS[:2] if side and side in kind.constants else ())])


def _pass(
    kind: Kind, target: int, known: dict[int, Any], numbers: Iterator[int], choose: Choices
) -> list[Statement]:
    """A backward pass of a result, which is weighted, or not, and summed if it has several elements."""
    made: list[Statement] = []
    shape = np.shape(known[target])
    if kind.scaled and choose.of((False, True)):
        weights = _filled(shape, choose.between(0, len(NUMBERS)))
        made.append(Statement("mul", (Var(target), weights), next(numbers)))
        target = made[-1].target
    if shape:
        made.append(Statement("sum", (Var(target),), next(numbers)))
        target = made[-1].target
    return [*made, Statement(BACKWARD, (Var(target),))]


def _array(shapes: Sequence[tuple[int, ...]], choose: Choices) -> Any:
    """A number, or an array of small generic numbers."""
    return _filled(choose.of(shapes), choose.between(0, len(NUMBERS)))


def _filled(shape: tuple[int, ...], start: int) -> Any:
    if not shape:
        return NUMBERS[start % len(NUMBERS)]
    return np.resize(np.roll(NUMBERS, -start), shape)
