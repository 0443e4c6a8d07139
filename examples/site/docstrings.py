"""What docstrings leave to the reader's eye, said to Sphinx: formulas keep their lines, references are lists.

A docstring sets a formula off by four columns, and gives each reference a line; both read well in
``help``, and would run together on a page.
"""

import re
from typing import Any

from sphinx.application import Sphinx

AUTHOR = re.compile(r"[A-Z]\.[ -]")  # a reference begins with its first author's initials


def formulas(lines: list[str]) -> list[str]:
    """The lines before the first section, with each block that is set off made a literal one."""
    found: list[str] = []
    for line in lines:
        above = next((other for other in reversed(found) if other.strip()), "")
        begins = line.startswith("    ") and (not found or not found[-1].strip())
        if begins and not above.startswith((" ", "..", "*", "|")) and not above.endswith("::"):
            found += ["::", ""]
        found.append(line)
    return found


def references(lines: list[str]) -> list[str]:
    """The lines of the section of references as a list."""
    return [f"* {line}" if AUTHOR.match(line) else f"  {line}" if line.strip() else line for line in lines]


def sections(lines: list[str]) -> list[tuple[int, int, str]]:
    """Where each section begins and ends, and its title; the first has none."""
    starts = [0, *(i for i in range(len(lines) - 1) if re.fullmatch(r"-{3,}", lines[i + 1].strip()))]
    ends = [*starts[1:], len(lines)]
    return [(a, b, lines[a].strip() if i else "") for i, (a, b) in enumerate(zip(starts, ends))]


def set_off(app: Sphinx, what: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    found: list[str] = []
    for start, end, title in sections(lines):
        part = lines[start:end]
        if title == "References" and any(AUTHOR.match(line) for line in part[2:]):
            part = [*part[:2], *references(part[2:])]
        found += part if title else formulas(part)
    lines[:] = found


def refers(app: Sphinx, what: str, name: str, value: Any, skip: bool, options: Any) -> bool | None:
    """Skip the methods that say no more than where they are described."""
    told = (getattr(value, "__doc__", None) or "").strip()
    return True if what == "class" and re.fullmatch(r"[^\n]*see `(?!numpy)[\w.]+`\.", told) else None


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", set_off, priority=400)  # before numpydoc
    app.connect("autodoc-skip-member", refers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
