"""The verdict on one program: what an engine computes, against NumPy and complex steps."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .adapter import Engine
from .program import BACKWARD, ZERO, Program, Statement, Var


@dataclass(frozen=True, eq=False)
class Failure:
    """What is wrong with an engine on a program.

    Attributes
    ----------
    program : Program
    kind : {"raises", "no value", "value", "changed", "shape", "gradient"}
    told : str
        The wrong and the right number, in a sentence.
    statement : Statement, optional
        The one that raises, or whose value is wrong.
    error : Exception, optional
    seen : list of arrays
        The values of the steps, or the gradients of the leaves, as the engine has them.
    """

    program: Program
    kind: str
    told: str
    statement: Statement | None = None
    error: Exception | None = None
    seen: list[Any] = field(default_factory=list)

    @property
    def sort(self) -> tuple[Any, ...]:
        """What another program must fail by to show the same."""
        in_pass = self.statement is not None and self.statement.operation == BACKWARD
        return self.kind, type(self.error), in_pass


@dataclass(eq=False)
class Run:
    """A run of a program on an engine: the variables, the values as they came, and how it broke off."""

    known: dict[int, Any] = field(default_factory=dict)
    values: list[Any] = field(default_factory=list)
    broken: tuple[str, Statement, Any] | None = None


def run(engine: Engine, program: Program) -> Run:
    """Run a program on an engine, up to the first statement that fails."""
    done = Run({number: engine.make(value) for number, value in program.leaves})
    leaves = list(done.known.values())
    for statement in program.statements:
        try:
            if statement.operation == ZERO:
                for leaf in leaves:
                    engine.set_back(leaf)
            elif statement.operation == BACKWARD:
                engine.backward(done.known[statement.used[0]])
            else:
                args = [done.known[arg.number] if isinstance(arg, Var) else arg for arg in statement.args]
                result = engine.call(statement.operation, args)
        except Exception as error:  # whatever it is, it is the engine's answer
            done.broken = "raises", statement, error
            return done
        if statement.is_step:
            try:
                done.values.append(engine.array(result))
            except Exception:  # it has no data
                done.broken = "no value", statement, result
                return done
            done.known[statement.target] = result
    return done


def judge(engine: Engine, program: Program) -> Failure | None:
    """What is wrong with the engine on this program, if anything is."""
    done, names = run(engine, program), program.names()
    expected = program.values() or []
    for statement, got, want in zip(program.steps, done.values, expected):
        if not _near(got, want, engine.tolerance):
            name = names[statement.target]
            told = f"{name}.data is {_number(got)}, and should be {_number(want)}"
            return Failure(program, "value", told, statement, seen=done.values)
    if done.broken is not None:
        kind, statement, what = done.broken
        told = f"{program.line(statement)} returns {_brief(what)}, and no {engine.called}"
        if kind == "raises":
            told = f"{program.line(statement)} raises {type(what).__name__}: {what}"
        return Failure(program, kind, told, statement, what if kind == "raises" else None)
    return _changed(engine, program, done, expected) or _gradients(engine, program, done)


def _changed(engine: Engine, program: Program, done: Run, expected: list[Any]) -> Failure | None:
    """Values that are others at the end than when they were made."""
    last = {number: np.asarray(value, float) for number, value in program.leaves}
    last |= {statement.target: value for statement, value in zip(program.steps, expected)}
    for number, want in last.items():
        got = engine.array(done.known[number])
        if not _near(got, want, engine.tolerance):
            name = program.names()[number]
            told = f"{name}.data is {_number(got)} at the end, and was {_number(want)}"
            return Failure(program, "changed", told)
    return None


def _gradients(engine: Engine, program: Program, done: Run) -> Failure | None:
    if not any(statement.operation == BACKWARD for statement in program.statements):
        return None
    seen = [engine.gradient(done.known[number]) for number, _ in program.leaves]
    for (number, value), got, want in zip(program.leaves, seen, program.gradients()):
        name = program.names()[number]
        if np.shape(got) != np.shape(want) and not np.size(got) == np.size(want) == 1:
            told = f"{name}.grad has the shape {np.shape(got)}, and {name} has {np.shape(value)}"
            return Failure(program, "shape", told, seen=seen)
        if not _near(got, want, engine.tolerance):
            told = f"{name}.grad is {_number(got)}, and should be {_number(want)}"
            return Failure(program, "gradient", told, seen=seen)
    return None


def _near(got: Any, want: Any, tolerance: float) -> bool:
    return same([got], [want], tolerance)


def same(some: list[Any], others: list[Any], tolerance: float = 1e-6) -> bool:
    """Whether two lists of arrays agree, up to rounding and shapes of one element."""
    if len(some) != len(others):
        return False
    for a, b in zip(some, others):
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape and not a.size == b.size == 1:
            return False
        if a.size == 1:  # most are, and Python's numbers take a third of the time
            a, b = a.item(), b.item()
        if not np.all(abs(a - b) <= tolerance * (1 + abs(b))):
            return False
    return True


def _number(value: Any) -> str:
    """A number or an array, of few digits."""
    return str(np.round(value, 6).tolist()) if np.ndim(value) else f"{float(value):.6g}"


def _brief(value: Any) -> str:
    return "None" if value is None else f"a {type(value).__name__}"
