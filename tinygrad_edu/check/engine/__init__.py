"""Checking an engine: is the class `Value`, or `Tensor`, that somebody wrote in a course a right one?

`check_engine` has hypothesis draw programs, compares what they compute with NumPy and with complex steps,
shrinks the first program that fails, and names the mistake that explains it: the files are, in this order,
`operations`, `program`, `adapter` (the engine), `drawing`, `judge`, `shrink`, `model` and `faults` (what
mistakes would compute), `diagnosis`, `course`, `lessons` and `report`. It needs hypothesis, the extra
``check``.
"""

from collections.abc import Callable
from typing import Any

from ...errors import ArgumentError
from .adapter import Engine
from .course import Course, Finding, Outcome
from .lessons import LESSONS, Lesson, complain, examined
from .report import EngineReport

__all__ = ["Engine", "EngineReport", "Finding", "Outcome", "check_engine", "engine_tests"]


def check_engine(
    engine: Callable[[Any], Any] | Engine,
    *,
    examples: int = 50,
    stop: bool = False,
    seed: int = 0,
    **spelled: Any,
) -> EngineReport:
    """Check an autograd engine that somebody wrote: a scalar `Value` as micrograd's, or a `Tensor` of arrays.

    Parameters
    ----------
    engine : callable or Engine
        The class: called with a number (or an array) it makes a leaf, with ``.data``, ``.grad``,
        ``.backward()`` and Python's operators.  An `Engine` tells other names.
    examples : int, default=50
        How many programs a lesson draws, about.
    stop : bool, default=False
        Whether the lessons after the first that finds something are skipped.
    seed : int, default=0
        Of the drawing.
    **spelled
        What `Engine` takes: ``data=``, ``grad=``, ``backward=``, ``zero=``, ``functions=``, ``without=``,
        ``tensors=``, ``name=``.

    Returns
    -------
    EngineReport
        True if nothing is wrong.  Printed, it tells for every lesson what was found: the cause, the smallest
        program that shows it, and the number that is wrong.  ``report.gradescope(path)`` writes it for
        Gradescope.

    Raises
    ------
    ArgumentError
        If the engine makes no leaf of the number 0.5, or the number in it cannot be read.

    Notes
    -----
    The lessons are those of a course that builds micrograd: forward and backward of each operation, constants
    on the left, reuse, topological order, ``+=``, accumulation over passes, all of it together; for tensors
    broadcasting, matrices and sums; deep chains, where a RecursionError is a note and no mistake.  An
    operation that is wrong by itself is left out of later lessons.  Functions such as tanh are examined where
    the engine has them.

    Leaves accumulate over passes, as in micrograd and PyTorch.  Programs share no result in between of two
    passes, where the two differ.

    Code that is examined runs in this process, without a limit on time.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> from tinygrad_edu.check import check_engine
    >>> class Value:
    ...     def __init__(self, data, parents=(), pull=lambda g: None):
    ...         self.data, self.grad, self.parents, self.pull = data, 0.0, parents, pull
    ...     def __mul__(self, other):
    ...         other = other if isinstance(other, Value) else Value(other)
    ...         def pull(g):
    ...             self.grad = g * other.data
    ...             other.grad = g * self.data
    ...         return Value(self.data * other.data, (self, other), pull)
    ...     __rmul__ = __mul__
    ...     def backward(self):
    ...         self.grad = 1.0
    ...         self.walk()
    ...     def walk(self):
    ...         self.pull(self.grad)
    ...         for parent in self.parents:
    ...             parent.walk()
    >>> lacks = ("add", "neg", "sub", "div", "pow", "iadd")
    >>> report = check_engine(Value, without=lacks, examples=20)
    >>> print(report.findings[0])
    `=` where `+=` belongs: b = a * a
        a = Value(2.0)
        b = a * a
        b.backward()
      a.grad is 2, and should be 4

    References
    ----------
    W. Squire, G. Trapp (1998). Using Complex Variables to Estimate Derivatives of Real Functions.  K.
    Claessen, J. Hughes (2000). QuickCheck: A Lightweight Tool for Random Testing of Haskell Programs.
    """
    course = Course(_engine(engine, spelled), examples, seed)
    return EngineReport(course.engine.called, tuple(examined(course, stop)))


def engine_tests(
    engine: Callable[[Any], Any] | Engine, *, examples: int = 50, seed: int = 0, **spelled: Any
) -> list["EngineTest"]:
    """The lessons of `check_engine` as functions without arguments, for pytest or whatever runs tests.

    Parameters
    ----------
    engine, examples, seed, **spelled
        As `check_engine` takes them.

    Returns
    -------
    list of callable
        Each examines one lesson when it is called, and raises GradcheckError, an AssertionError, with what it
        found. All lessons run with the first that is called.

    Examples
    --------
    In a file of tests, where each lesson is a test of its own name::

        @pytest.mark.parametrize("lesson", engine_tests(Value), ids=str)
        def test_engine(lesson):
            lesson()
    """
    course = Course(_engine(engine, spelled), examples, seed)
    outcomes: list[Outcome] = []
    return [EngineTest(lesson, course, outcomes, place) for place, lesson in enumerate(LESSONS)]


class EngineTest:
    """One lesson as a test; the lessons before it are taken first, since they tell which operations are
    right.
    """

    def __init__(self, lesson: Lesson, course: Course, outcomes: list[Outcome], place: int) -> None:
        self.lesson, self._course, self._outcomes, self._place = lesson, course, outcomes, place

    def __call__(self) -> None:
        for lesson in LESSONS[len(self._outcomes) : self._place + 1]:
            self._outcomes.append(lesson.examine(self._course))
        complain(self._outcomes[self._place])

    def __str__(self) -> str:
        return self.lesson.name.replace(" ", "-")

    __repr__ = __str__


def _engine(engine: Callable[[Any], Any] | Engine, spelled: dict[str, Any]) -> Engine:
    """The engine, if it makes a leaf whose number can be read: all else is for the lessons to find."""
    found = engine if isinstance(engine, Engine) else Engine(engine, **spelled)
    made = f"{found.called}(0.5)" if callable(found.make) else repr(found.make)
    try:
        leaf = found.make(0.5)
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise ArgumentError(
            f"expected a class, or a function that makes a leaf of a number; {made} raises {told}."
        ) from error
    try:
        found.data(leaf)
    except AttributeError as error:
        there = f"; it has {', '.join(vars(leaf))}" if getattr(leaf, "__dict__", None) else ""
        raise ArgumentError(
            f"the number in {made} cannot be read: {error}{there}. Say how: data=lambda v: v.…, and grad= "
            "and backward= where they are called otherwise."
        ) from error
    return found
