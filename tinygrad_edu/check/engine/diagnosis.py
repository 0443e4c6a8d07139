"""The cause of a failure: the mistake under which the model computes the same wrong numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import model
from .adapter import Engine
from .faults import BACKWARDS, FORWARDS
from .judge import Failure, run, same
from .model import Fault
from .operations import method_of
from .program import BACKWARD, Program, Statement, Var

CALLED_TOO_EARLY = (
    "`out._backward = _backward()` calls the function and keeps its None: the brackets do not belong there"
)
UNKNOWN = "none of the mistakes that are known computes these numbers; the program shows where to look"


@dataclass(eq=False)
class Known:
    """What earlier failures have shown: the mistakes that explained them, and the operations that are
    right.
    """

    suspects: list[Fault] = field(default_factory=list)
    cleared: set[str] = field(default_factory=set)


def diagnose(engine: Engine, failure: Failure, others: Sequence[Program], known: Known) -> str:
    """What is wrong with an engine that fails on a small program; other programs decide between
    explanations.
    """
    if failure.kind == "no value":
        return _no_value(engine, failure)
    if failure.kind == "changed":
        return f"values are changed in place: {failure.program.line(failure.program.steps[-1])}"
    if failure.kind == "raises" and (told := _raised(engine, failure)):
        return told
    if (fault := Case(engine, failure, others, known).likeliest()) is not None:
        known.suspects.append(fault)
        return _told(fault, failure)
    if failure.kind == "raises":
        last = failure.program.line(failure.program.steps[-1])
        return f"backward() raises {type(failure.error).__name__} after {last}"
    return _ratio(failure) if failure.kind == "gradient" else UNKNOWN


class Case:
    """A failure, the engine's other answers, and the mistakes that would explain all of them.

    An engine may have an operation of its own for ``-``, or write it as micrograd does: both are tried.
    """

    def __init__(self, engine: Engine, failure: Failure, others: Sequence[Program], known: Known) -> None:
        self.engine, self.failure, self.others, self.known = engine, failure, others, known
        self.values = failure.kind == "value"
        self._spelled: dict[Program, Program] = {}
        self._agreed: dict[tuple[Fault, Program], bool] = {}

    def likeliest(self) -> Fault | None:
        """The mistake that explains the failure and most of the other answers."""
        cleared = self.known.cleared
        faults = FORWARDS if self.values else [f for f in BACKWARDS if not (f.rules and f.key in cleared)]
        faults = [fault for fault in faults if not (fault.start and cleared)]
        answer = None if self.failure.kind == "raises" else self.failure.seen
        spelled = (False,) if self.values else (False, True)
        program = self.failure.program
        found = [
            (fault, out) for fault in faults for out in spelled if self._agrees(fault, out, program, answer)
        ]
        if len(found) < 2:
            return found[0][0] if found else None
        answers = [(program, self._answer(program)) for program in self.others]
        families = {
            fault.family: [each for each in faults if each.family == fault.family] for fault, _ in found
        }

        def one_agrees(family: list[Fault], program: Program, answer: list[Any] | None) -> bool:
            return any(self._agrees(fault, out, program, answer) for fault in family for out in spelled)

        def weight(explanation: tuple[Fault, bool]) -> tuple[int, int, bool]:
            fault, out = explanation
            family = sum(one_agrees(families[fault.family], *answer) for answer in answers)
            alone = sum(self._agrees(fault, out, *answer) for answer in answers)
            return family, alone, fault in self.known.suspects

        return max(found, key=weight)[0]

    def _answer(self, program: Program) -> list[Any] | None:
        """What the engine computes; None where it raises."""
        done = run(self.engine, program)
        if done.broken is not None:
            return None
        if self.values:
            return done.values
        return [self.engine.gradient(done.known[number]) for number, _ in program.leaves]

    def _agrees(self, fault: Fault, out: bool, program: Program, answer: list[Any] | None) -> bool:
        """Whether the model computes this answer under a mistake; asked often, and computed once."""
        if out:
            if program not in self._spelled:
                self._spelled[program] = program.spelled_out()
            program = self._spelled[program]
        if (fault, program) not in self._agreed:
            self._agreed[fault, program] = self._computes(fault, program, answer)
        return self._agreed[fault, program]

    def _computes(self, fault: Fault, program: Program, answer: list[Any] | None) -> bool:
        """The same, computed; where shapes do not fit, an engine may raise."""
        try:
            with np.errstate(all="ignore"):
                computed = model.run(program, fault)
        except (ValueError, IndexError):
            return answer is None
        if answer is None:
            return computed.misfit
        return same(answer, computed.values[: len(answer)] if self.values else computed.gradients)


def _told(fault: Fault, failure: Failure) -> str:
    """The cause, with the statement that shows it."""
    program = failure.program
    steps = [s for s in program.steps if s.key == fault.key or s.key in fault.sets] or program.steps
    shown = failure.statement if failure.statement in program.steps else _shows(steps)
    return fault.cause.format(line=program.line(shown or program.steps[-1]))


def _shows(steps: list[Statement]) -> Statement:
    """The statement that uses a variable twice, if there is one, or the last one."""
    return next((s for s in steps if len(s.used) > len(set(s.used))), steps[-1])


# ---- what raises, and what is no value ---------------------------------------------------------------------


def _no_value(engine: Engine, failure: Failure) -> str:
    assert failure.statement is not None
    line, method = failure.program.line(failure.statement), method_of(failure.statement.key)
    if failure.told.partition(" returns ")[2].startswith("None"):
        return f"{method} returns None; `return out` is missing: {line}"
    return f"{method} returns no {engine.called}, which cuts the graph: {line}"


def _raised(engine: Engine, failure: Failure) -> str:
    """What an exception says by itself; "" if it says nothing."""
    statement, error = failure.statement, failure.error
    assert statement is not None
    if statement.operation == BACKWARD:
        if isinstance(error, TypeError) and "'NoneType' object is not callable" in str(error):
            return CALLED_TOO_EARLY
        if isinstance(error, RecursionError):
            return "the walk does not end: a node that was visited must not be visited again"
        return "" if isinstance(error, ValueError) else f"backward() raises {type(error).__name__}: {error}"
    line, method = failure.program.line(statement), method_of(statement.key)
    if not hasattr(engine.make(0.5), method) and isinstance(error, (TypeError, AttributeError)):
        return f"{method} missing: {line}"
    if any(not isinstance(arg, Var) for arg in statement.args) and not isinstance(error, ValueError):
        return f"{method} takes no constant; one is to be made a value first: {line}"
    return f"{method} raises {type(error).__name__}: {line}"


def _ratio(failure: Failure) -> str:
    """The wrong gradient as a multiple of the right one."""
    got, want = (
        np.concatenate([np.ravel(g) for g in all_]) for all_ in (failure.seen, failure.program.gradients())
    )
    line = failure.program.line(failure.program.steps[-1])
    with np.errstate(all="ignore"):
        ratios = (got / want)[want != 0]
    if ratios.size and np.allclose(ratios, ratios[0]):
        return f"the gradient is {ratios[0]:.4g} times what it should be: {line}"
    return f"{UNKNOWN}: {line}"
