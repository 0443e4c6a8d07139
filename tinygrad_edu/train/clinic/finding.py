"""What the doctor found, and the report of it."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

GRAVITY = ("error", "warning", "note")
WIDTH = 100


@dataclass(frozen=True)
class Finding:
    """A malady that is present.

    Attributes
    ----------
    name : str
        The malady, such as "softmax before cross-entropy".
    where : str
        The path of a module or parameter, columns of the data, or a line of a file.
    evidence : str
        What was measured, in a sentence.
    number : float
        The measured number by itself.
    cure : str
        What to do.
    gravity : {"error", "warning", "note"}
        Whether nothing right is learned, something is lost, or it may be meant.
    """

    name: str
    where: str
    evidence: str
    number: float
    cure: str
    gravity: str = "warning"

    def __str__(self) -> str:
        lines = [f"{self.name} ({self.gravity})"]
        for label, text in (("where", self.where), ("evidence", self.evidence), ("cure", self.cure)):
            head = f"   {label + ':':10}"
            lines.append(textwrap.fill(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head)))
        return "\n".join(lines)


class Report:
    """The findings of `doctor`, the gravest first; printed, they are a page, in notebooks a table.

    Parameters
    ----------
    findings : list of Finding
    looked_for : list of str
        The names of the maladies that were looked for.
    left_out : dict of str to str
        What was not looked at, and why.

    Examples
    --------
    >>> report = Report([Finding("rate too high", "the optimizer", "It rose.", 3.2, "Lower it.")], ["a"], {})
    >>> report.names, len(report), report["rate too high"].number
    (['rate too high'], 1, 3.2)
    >>> print(report)
    doctor: 1 finding
    <BLANKLINE>
    1. rate too high (warning)
       where:    the optimizer
       evidence: It rose.
       cure:     Lower it.
    """

    def __init__(self, findings: list[Finding], looked_for: list[str], left_out: dict[str, str]) -> None:
        self.findings = sorted(findings, key=lambda finding: GRAVITY.index(finding.gravity))
        self.looked_for, self.left_out = looked_for, left_out

    @property
    def names(self) -> list[str]:
        """The names of the maladies that were found, each once."""
        return list(dict.fromkeys(finding.name for finding in self.findings))

    def __getitem__(self, name: str) -> Finding:
        """The first finding of this name."""
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(f"{name!r} was not found; found: {', '.join(self.names) or 'nothing'}.")

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def _head(self) -> str:
        n = len(self.findings)
        if not n:
            return f"doctor: nothing found, of {len(self.looked_for)} maladies looked for"
        return f"doctor: {n} finding{'s' * (n > 1)}"

    def __str__(self) -> str:
        parts = [self._head()]
        parts += [f"\n{i}. {finding}" for i, finding in enumerate(self.findings, 1)]
        parts += ["\nnot looked at:"] * bool(self.left_out)
        parts += [f"   {what}: {why}" for what, why in self.left_out.items()]
        return "\n".join(parts)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """A table for notebooks, with everything escaped and no script."""
        columns = ("name", "gravity", "where", "evidence", "cure")
        head = "".join(f"<th style='text-align:left'>{column}</th>" for column in columns)
        rows = [
            "".join(
                f"<td style='text-align:left;vertical-align:top'>{escape(getattr(finding, column))}</td>"
                for column in columns
            )
            for finding in self.findings
        ]
        table = f"<table><tr>{head}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>" * bool(rows)
        rest = "".join(f"<li>{escape(what)}: {escape(why)}</li>" for what, why in self.left_out.items())
        details = f"<details><summary>not looked at</summary><ul>{rest}</ul></details>" * bool(rest)
        return f"<p>{escape(self._head())}</p>{table}{details}"
