"""The elements: text, notes, tables and what opens."""

from collections.abc import Iterable, Sequence
from html import escape as quoted
from typing import Any

LINE = "1px solid rgba(128,128,128,.35)"
FAINT = "opacity:.7"
MONO = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.92em"
# Notebooks have tables of their own look; these are as plain as text.
CELL = f"border:0;border-bottom:{LINE};padding:.15em .6em;background:none;color:inherit"
TABLE = f"border-collapse:collapse;margin:.3em 0;background:none;color:inherit;{MONO}"


class Html(str):
    """Text that is HTML already, and is not escaped again."""

    __slots__ = ()


def escape(value: Any) -> Html:
    """A value as text in a page."""
    return value if isinstance(value, Html) else Html(quoted(str(value)))


def box(*parts: Any) -> str:
    """What a repr returns: all parts in a block."""
    return f'<div style="line-height:1.45;overflow-x:auto">{"".join(map(escape, parts))}</div>'


def note(text: Any) -> Html:
    """A line of less weight."""
    return Html(f'<div style="{FAINT}">{escape(text)}</div>')


def heading(name: Any, about: Any = "") -> Html:
    """A name, and what it is, behind it."""
    bold = f'<span style="{MONO};font-weight:600">{escape(name)}</span>'
    return Html(f'{bold} <span style="{FAINT}">{escape(about)}</span>')


def details(summary: Any, *parts: Any, opened: bool = False) -> Html:
    """A line that opens to show more."""
    head = f'<summary style="cursor:pointer">{escape(summary)}</summary>'
    inner = f'<div style="margin-left:1.2em">{"".join(map(escape, parts))}</div>'
    return Html(f"<details{' open' * opened}>{head}{inner}</details>")


def table(rows: Iterable[Sequence[Any]], head: Sequence[Any] = (), *, left: Sequence[int] = ()) -> Html:
    """A table of cells, flush right but for the columns that are named ``left``."""
    lines = [_row(head, "th", left)] if head else []
    lines += [_row(row, "td", left) for row in rows]
    return Html(f'<table style="{TABLE}">{"".join(lines)}</table>')


def _row(cells: Sequence[Any], tag: str, left: Sequence[int]) -> str:
    weight = "600" if tag == "th" else "400"
    sides = ("left" if i in left else "right" for i in range(len(cells)))
    inner = (
        f'<{tag} style="{CELL};text-align:{side};font-weight:{weight}">{escape(cell)}</{tag}>'
        for cell, side in zip(cells, sides)
    )
    return f'<tr style="background:none">{"".join(inner)}</tr>'
