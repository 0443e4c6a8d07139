"""What is said of an engine: as text, for a notebook, and for Gradescope."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import ArgumentError
from ...io import atomic_write
from ...markup import Html, box, details, escape, heading, note
from ...markup.elements import MONO
from .course import Finding, Outcome
from .diagnosis import UNKNOWN

SIGNS = {True: "✓", False: "✗"}


@dataclass(frozen=True)
class EngineReport:
    """The outcomes of all lessons; true if nothing is wrong, so that ``assert check_engine(Value)`` reads
    well.

    Attributes
    ----------
    engine : str
        What its class is called.
    outcomes : tuple of Outcome
        In the order of the lessons.
    """

    engine: str
    outcomes: tuple[Outcome, ...]

    def __bool__(self) -> bool:
        return not self.findings

    @property
    def findings(self) -> list[Finding]:
        """All that is wrong, in the order of the lessons."""
        return [finding for outcome in self.outcomes for finding in outcome.findings]

    @property
    def causes(self) -> list[str]:
        """Every cause once."""
        return list(dict.fromkeys(finding.cause for finding in self.findings))

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        wrong = sum(bool(outcome.findings) for outcome in self.outcomes)
        verdict = f"wrong in {wrong} of {len(self.outcomes)} lessons" if wrong else "nothing is wrong"
        return "\n".join([f"{self.engine}: {verdict}", *self._told()])

    def _told(self) -> list[str]:
        """What is said of each lesson; a mistake that an earlier one has shown is named alone."""
        known: dict[str, str] = {}
        return [_told(outcome, known) for outcome in self.outcomes]

    def _repr_html_(self) -> str:
        shown = [_as_html(outcome, told) for outcome, told in zip(self.outcomes, self._told())]
        return box(heading(self.engine, str(self).partition(": ")[2].partition("\n")[0]), *shown)

    def gradescope(
        self,
        path: str | os.PathLike[str] = "/autograder/results/results.json",
        *,
        points: Mapping[str, float] | None = None,
    ) -> None:
        """Write the results in the form that Gradescope's autograder reads, whole or not at all.

        Parameters
        ----------
        path : str or path-like, default="/autograder/results/results.json"
            Where Gradescope looks for them.
        points : mapping of str to float, optional
            Points for lessons, by name; 1 for each that is not named.  Lessons that were skipped because
            something earlier is wrong count as failed, and those that the engine need not have are left out.

        Raises
        ------
        ArgumentError
            If there is no such lesson, or no such folder.

        References
        ----------
        Gradescope Autograder Documentation, "Output format".
        """
        given, names = dict(points or {}), [outcome.name for outcome in self.outcomes]
        if unknown := given.keys() - set(names):
            raise ArgumentError(
                f"points: no lesson is called {min(unknown)!r}; the lessons are {', '.join(names)}."
            )
        tests = [
            {
                "name": f"{number}. {outcome.name}: {outcome.about}",
                "score": given.get(outcome.name, 1) * outcome.passed,
                "max_score": given.get(outcome.name, 1),
                "status": "passed" if outcome.passed else "failed",
                "output": _told(outcome, {}),
                "output_format": "text",
                "visibility": "visible",
            }
            for number, outcome in enumerate(self.outcomes, 1)
            if not (outcome.skipped.startswith("the engine"))
        ]
        results: dict[str, Any] = {
            "output": str(self).partition("\n")[0],
            "output_format": "text",
            "tests": tests,
        }
        with atomic_write(path) as file:
            file.write(json.dumps(results, indent=2, ensure_ascii=False).encode())


def _as_html(outcome: Outcome, told: str) -> Html:
    """A line for a lesson, which opens to show what was found in it."""
    head, *lines = told.splitlines()
    pre = Html(f'<pre style="background:none;color:inherit;{MONO}">{escape(chr(10).join(lines))}</pre>')
    return details(head, pre, opened=bool(outcome.findings)) if lines else note(head)


def _told(outcome: Outcome, known: dict[str, str]) -> str:
    """A line for a lesson, and what was found in it.

    Parameters
    ----------
    outcome : Outcome
    known : dict of str to str
        The lessons that have shown a mistake or a program, by these; what this one shows first is added.
    """
    if outcome.skipped:
        return f"– {outcome.name}: skipped, {outcome.skipped}"
    programs = f"{outcome.programs} program{'s' * (outcome.programs != 1)}"
    what = f"{SIGNS[outcome.passed]} {outcome.name} ({programs}): {outcome.about}"
    found = [
        f"  {line}" for same in _by_mistake(outcome.findings) for line in _shown(same, outcome.name, known)
    ]
    return "\n".join([what, *found, *(f"  note: {note}" for note in outcome.notes)])


def _by_mistake(findings: list[Finding]) -> list[list[Finding]]:
    """The findings of each mistake, in the order in which these were found first; unknown ones each alone."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        unknown = finding.mistake.startswith(UNKNOWN)
        found.setdefault(finding.cause if unknown else finding.mistake, []).append(finding)
    return list(found.values())


def _shown(findings: list[Finding], lesson: str, known: dict[str, str]) -> list[str]:
    """The lines of the findings of a mistake: one program as it is, and each other one in a line."""
    first, where = findings[0], known.get(findings[0].mistake)
    lines = [f"  {line}" for line in dict.fromkeys(f.briefly for f in findings) if line not in known]
    known.update(dict.fromkeys([first.mistake, *(f.briefly for f in findings)], lesson))
    if where is not None:
        return [f"{first.mistake} (as in {where})", *lines]
    return [*str(first).splitlines(), *(["the same:"] * (len(lines) > 1)), *lines[1:]]
