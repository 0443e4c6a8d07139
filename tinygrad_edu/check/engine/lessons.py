"""The lessons in which an engine is built, each with the programs that show whether it was understood."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...errors import GradcheckError
from .course import Course, Finding, Outcome
from .drawing import SHAPES, Kind
from .judge import run
from .operations import OPERATIONS
from .program import BACKWARD, Program, Statement, Var

DEEP = 5000

Teach = Callable[[Course, Outcome], None]


@dataclass(frozen=True)
class Lesson:
    """A lesson: its name, what it is about, and how an engine is examined in it."""

    name: str
    about: str
    teach: Teach

    def examine(self, course: Course) -> Outcome:
        """Examine an engine."""
        outcome = Outcome(self.name, self.about)
        self.teach(course, outcome)
        return outcome


def _each(course: Course, outcome: Outcome, names: Sequence[str], base: Kind) -> None:
    """Examine operations one by one; what is wrong with one is not held against later lessons."""
    for name in names:
        kind = replace(
            base, menu=[name], steps=(1, 1), leaves=(2, 2), scaled="mul" in course.menu("operator")
        )
        kind = (
            replace(kind, constants="r")
            if kind.constants == "" and OPERATIONS[name].kind != "array"
            else kind
        )
        single = Outcome("", "")
        if course.search(single, kind, max(10, course.examples // 4)):
            course.wrong.add(name)
        elif kind.passes and "l" not in kind.constants:
            course.known.cleared.add(name)
        outcome.programs += single.programs
        outcome.findings += single.findings


def _forward(course: Course, outcome: Outcome) -> None:
    _each(
        course,
        outcome,
        course.menu("operator", "power", "function"),
        Kind([], constants="", passes=False, distinct=True),
    )


def _backward(course: Course, outcome: Outcome) -> None:
    names = course.menu("operator", "power", "function")
    outcome.skipped = "" if names else "no operation computes what it should"
    _each(course, outcome, names, Kind([], constants="", distinct=True))


def _left(course: Course, outcome: Outcome) -> None:
    right, names = set(course.wrong), course.left()
    outcome.skipped = "" if names else "needs +, *, - or / that are right"
    _each(course, outcome, names, Kind([], constants="l", left=names))
    course.wrong = right | {f"r{name}" for name in course.wrong - right}


def _drawn(kind: Kind, *kinds: str, extra: Sequence[str] = (), share: float = 1.0) -> Teach:
    """A lesson on programs of all operations of some kinds that are right by themselves."""

    def teach(course: Course, outcome: Outcome) -> None:
        menu = course.menu(*kinds)
        if not {"add", "mul"} & set(menu):
            outcome.skipped = "needs + or * that are right"
            return
        extras = [name for name in extra if name in course.offers and name not in course.wrong]
        weighted = [*menu, *extras * max(1, len(menu) // 3), *[n for n in ("add", "mul") if n in menu] * 3]
        course.search(
            outcome,
            replace(kind, menu=weighted, scaled="mul" in menu, left=course.left()),
            round(share * course.examples),
        )

    return teach


def _in_place(course: Course, outcome: Outcome) -> None:
    if "iadd" not in course.offers:
        outcome.skipped = "the engine has no +="
        return
    _drawn(Kind([], (2, 4), (1, 2)), "operator", extra=["iadd"])(course, outcome)


def _over_passes(course: Course, outcome: Outcome) -> None:
    again = _twice(course, 1)
    if isinstance(again, Exception):
        outcome.notes.append(f"a second backward() of the same result raises {type(again).__name__}.")
    twice = not isinstance(again, Exception)
    _drawn(Kind([], (1, 2), (1, 2), expressions=3, twice=twice), *SCALARS, extra=["add"])(course, outcome)
    if outcome.passed and twice and _twice(course, 2) != 2.0:
        outcome.notes.append(
            "a second backward() of the same result adds more than the first, since the results in between "
            "keep their gradients (micrograd's do too); compute the result anew before each pass."
        )


def _twice(course: Course, depth: int) -> Any:
    """By how much the gradient grows when a graph is passed through twice; or what that raises."""
    menu = [name for name in ("mul", "add") if name in course.menu("operator")]
    if not menu:
        return 2.0
    chain = [Statement(menu[0], (Var(k), 3.0), k + 1) for k in range(depth)]
    root = Statement(BACKWARD, (Var(depth),))
    once, both = (Program(((0, 2.0),), (*chain, *[root] * n)) for n in (1, 2))
    if (done := run(course.engine, both)).broken is not None:
        return done.broken[2]
    first = course.engine.gradient(run(course.engine, once).known[0])
    return round(float(course.engine.gradient(done.known[0]) / first), 6) if first else 2.0


def _arrays(kind: Kind, *kinds: str) -> Teach:
    """A lesson for engines of tensors."""

    def teach(course: Course, outcome: Outcome) -> None:
        if not course.engine.takes_arrays or "sum" not in course.offers:
            outcome.skipped = (
                "the engine has numbers only" if not course.engine.takes_arrays else "needs sum()"
            )
            return
        _each(course, outcome, course.menu(*kinds), kind)
        if outcome.passed:
            _drawn(replace(kind, steps=(2, 5)), "operator", "power", "function", "array")(course, outcome)

    return teach


def _deep(course: Course, outcome: Outcome) -> None:
    """A chain of thousands of operations, which a recursive walk does not survive: a note, and no mistake."""
    if "add" not in course.menu("operator"):
        outcome.skipped = "needs a + that is right"
        return
    leaf = result = course.engine.make(1.0)
    try:
        for _ in range(DEEP):
            result = result + 1.0
        course.engine.backward(result)
    except RecursionError:
        why = "Python's recursion ends before; a walk with a list of what is still to visit has no such limit"
        outcome.notes.append(f"a chain of {DEEP} operations raises RecursionError: {why}.")
    except Exception as error:  # whatever it is, it is the engine's answer
        outcome.findings.append(_deep_finding(f"{type(error).__name__}: {error}"))
    else:
        grad = float(np.sum(course.engine.gradient(leaf)))
        if grad != 1:
            outcome.findings.append(_deep_finding(f"a.grad is {grad:g}, and should be 1"))
    outcome.programs = 1


def _deep_finding(told: str) -> Finding:
    program = f"b = a + 1.0\n# … and so on, {DEEP} times\nb.backward()"
    return Finding(f"a chain of {DEEP} operations goes wrong", program, told, 1)


SCALARS = "operator", "power", "function"
# fmt: off
LESSONS = [
    Lesson("forward", "each operation computes what NumPy computes", _forward),
    Lesson("backward", "each operation hands back the derivative of its own", _backward),
    Lesson("constants on the left", "2 + a, 2 * a, 2 - a, 2 / a", _left),
    Lesson("reuse", "what is used twice gets the sum of its gradients",
           _drawn(Kind([], (1, 3), (1, 2), ""), *SCALARS)),
    Lesson("topological order", "a node waits for all its users",
           _drawn(Kind([], (3, 8), (1, 2)), *SCALARS, share=2)),
    Lesson("in-place accumulation", "s += a goes on with a new s", _in_place),
    Lesson("accumulation over passes", "leaves add up what several backward passes bring", _over_passes),
    Lesson("everything together", "long programs of all operations, with results that nobody uses",
           _drawn(Kind([], (2, 10), (1, 3), "lr", expressions=2), *SCALARS, share=2)),
    Lesson("broadcasting", "a gradient has the shape of its value: the sum over what was broadcast",
           _arrays(Kind([], constants="r", shapes=SHAPES), "operator", "power", "function")),
    Lesson("matrices", "@, .T, reshape, and sums and means along axes",
           _arrays(Kind([], constants="", shapes=((2, 3), (3, 2), (2, 2))), "array")),
    Lesson("deep chains", f"{DEEP} operations one after the other", _deep),
]
# fmt: on


def examined(course: Course, stop: bool) -> Iterator[Outcome]:
    """The outcome of every lesson, in their order; if it is to stop, up to the first that finds something."""
    found = False
    for lesson in LESSONS:
        outcome = Outcome(lesson.name, lesson.about, skipped="an earlier one comes first" if found else "")
        if not found:
            lesson.teach(course, outcome)
        found = stop and (found or bool(outcome.findings))
        yield outcome


def complain(outcome: Outcome) -> None:
    """Raise what a lesson has found, as a test does."""
    if outcome.findings:
        raise GradcheckError("\n".join(map(str, outcome.findings)))
