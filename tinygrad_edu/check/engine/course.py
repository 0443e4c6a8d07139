"""The course: an engine on its way through the lessons, and what each of them has shown."""

from dataclasses import dataclass, field

from .adapter import Engine
from .diagnosis import Known, diagnose
from .drawing import Kind, drawn
from .judge import Failure, judge
from .operations import OPERATIONS
from .program import Program
from .shrink import shrink

LEFT = ("add", "mul", "sub", "div")
REMEMBERED = 20  # programs that decide between explanations
SMALL = 3  # operations that are seen at a glance
AGAIN = 12  # how often a program is run that does not always fail


@dataclass(frozen=True)
class Finding:
    """A mistake: its cause, the smallest program that shows it, and what that program gives.

    Attributes
    ----------
    cause : str
    program : str
        In Python.
    told : str
        Which number is wrong, and what it should be.
    operations : int
        The operations of the program.
    """

    cause: str
    program: str
    told: str
    operations: int

    @property
    def mistake(self) -> str:
        """The cause, without the line of the program that shows it."""
        lines = (line for line in self.program.splitlines() if self.cause.endswith(f": {line}"))
        return self.cause.removesuffix(f": {next(lines, '')}")

    @property
    def briefly(self) -> str:
        """The program and what it gives, in a line."""
        return f"{'; '.join(self.program.splitlines())}: {self.told}"

    def __str__(self) -> str:
        program = "".join(f"    {line}\n" for line in self.program.splitlines())
        return f"{self.cause}\n{program}  {self.told}"


@dataclass
class Outcome:
    """What a lesson has shown.

    Attributes
    ----------
    name, about : str
        Of the lesson.
    programs : int
        How many were run.
    findings : list of Finding
        Empty if all is right.
    notes : list of str
        What is no mistake, and should be known.
    skipped : str
        Why nothing was run, or "".
    """

    name: str
    about: str
    programs: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    skipped: str = ""

    @property
    def passed(self) -> bool:
        """Whether programs were run, and all of them were right."""
        return not self.findings and not self.skipped


@dataclass
class Course:
    """An engine on its way through the lessons: what it has, and which operations are known to be wrong.

    Parameters
    ----------
    engine : Engine
    examples : int
        Programs of a lesson.
    seed : int
    """

    engine: Engine
    examples: int
    seed: int
    wrong: set[str] = field(default_factory=set)
    known: Known = field(default_factory=Known)
    found: list[Program] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.offers = self.engine.offers()

    def menu(self, *kinds: str) -> list[str]:
        """The operations of some kinds that are right so far."""
        known = [name for name in self.offers if OPERATIONS[name].kind in kinds and name != "iadd"]
        return [name for name in known if name not in self.wrong]

    def left(self) -> list[str]:
        """The operations that take a constant on the left."""
        lacks = {*self.engine.without, *self.wrong}
        return [name for name in LEFT if name in self.offers and not {name, f"r{name}"} & lacks]

    def search(self, outcome: Outcome, kind: Kind, examples: int) -> bool:
        """Look for a program that fails, and add what it shows to an outcome; whether one was found."""
        seen: list[Program] = []
        failed = False
        for program in drawn(kind, examples, self.seed):
            seen.append(program)
            failed = judge(self.engine, program) is not None
            if failed:
                outcome.findings.append(self._finding(program, seen[-REMEMBERED:], kind))
                break
        outcome.programs += len(seen)
        return failed

    def _finding(self, program: Program, others: list[Program], kind: Kind) -> Finding:
        """The smallest program that fails like this one, and why it fails."""
        first = self._judged(program, AGAIN)
        tries = 1 if judge(self.engine, program) else AGAIN  # sets of objects have an order by chance

        def shows(other: Program) -> bool:
            found = self._judged(other, tries)
            return found is not None and first is not None and found.sort == first.sort

        small = shrink(program, shows)
        if small.operations > SMALL:  # a smaller one of an earlier lesson may show the same
            small = min([small, *filter(shows, self.found)], key=lambda other: other.operations)
        self.found.append(small)
        failure = self._judged(small, AGAIN)
        if failure is None:
            told = "it fails at times, and at times it does not"
            return Finding("the result depends on chance", self._text(program), told, program.operations)
        more = [*others, *drawn(kind, REMEMBERED, self.seed + 1)]
        cause = diagnose(self.engine, failure, more, self.known)
        return Finding(cause, self._text(small), failure.told, small.operations)

    def _judged(self, program: Program, tries: int) -> Failure | None:
        return next(filter(None, (judge(self.engine, program) for _ in range(tries))), None)

    def _text(self, program: Program) -> str:
        return "\n".join(program.lines(self.engine.called))
