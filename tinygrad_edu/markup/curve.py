"""Curves as SVG, for the histories of trainings: no library needed, and sharp at any size."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .elements import FAINT, Html, escape

COLORS = ("#3b8eea", "#e8833a", "#2aa876", "#c95fb5", "#b39b1f", "#8a7ce0")  # readable on light and dark
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 520, 220, 62, 10, 12, 30


def curves(columns: Mapping[str, Sequence[float]], *, x: str = "") -> Html:
    """Columns of numbers against 1, 2, 3 …, with a legend; what is not finite is left out.

    Parameters
    ----------
    columns : mapping of str to sequence of float
    x : str, default=""
        What the horizontal axis counts.
    """
    finite = [value for column in columns.values() for value in column if math.isfinite(value)]
    longest = max(map(len, columns.values()), default=0)
    if not finite:
        return Html("")
    low, high = min(finite), max(finite)
    if low == high:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2

    def across(i: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * i / max(longest - 1, 1)

    def up(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    parts = [_axis(low, high, up), _epochs(longest, across, x)]
    for color, column in zip(_colors(), columns.values()):
        parts += [_line([(across(i), up(v)) for i, v in run], color) for run in _runs(column)]
    style = "max-width:100%;height:auto;background:none;color:inherit"
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" style="{style}">'
    svg = f"{head}{''.join(parts)}</svg>"
    legend = " &nbsp; ".join(
        f'<span><span style="color:{color}">●</span> {escape(name)}</span>'
        for color, name in zip(_colors(), columns)
    )
    return Html(f"<div>{svg}<div>{legend}</div></div>")


def _colors() -> Any:
    return (COLORS[i % len(COLORS)] for i in range(10_000))


def _runs(column: Sequence[float]) -> list[list[tuple[int, float]]]:
    """The stretches of a column that are finite, with their places."""
    runs: list[list[tuple[int, float]]] = [[]]
    for i, value in enumerate(column):
        if math.isfinite(value):
            runs[-1].append((i, value))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _line(points: list[tuple[float, float]], color: str) -> str:
    if len(points) == 1:
        return f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3" fill="{color}"/>'
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'


def _axis(low: float, high: float, up: Any) -> str:
    step = _round_step(high / 5 - low / 5)
    marks = [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]
    lines = (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(v):.1f}" y2="{up(v):.1f}" stroke="currentColor" '
        f'stroke-opacity=".15"/>{_text(LEFT - 6, up(v) + 4, f"{v:.6g}", "end")}'
        for v in marks
    )
    return "".join(lines)


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, 50 … that is not less; and of .1, .2, .5 …, likewise."""
    power = 10.0 ** math.floor(math.log10(max(least, 1e-300)))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= least * (1 - 1e-9))


def _epochs(count: int, across: Any, name: str) -> str:
    places = sorted({0, count // 2, count - 1})
    numbers = "".join(_text(across(i), HEIGHT - BOTTOM + 16, str(i + 1), "middle") for i in places)
    return numbers + _text((LEFT + WIDTH) / 2, HEIGHT - 3, name, "middle")


def _text(x: float, y: float, text: str, anchor: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="11" fill="currentColor" style="{FAINT}">{escape(text)}</text>'
