"""Interleaved measuring: in every round all contestants run one after the other, in rotated order,
and ratios are taken within a round.

What slows the machine for a second slows everyone in that round; the median over rounds forgets it.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


def race(contestants: dict[str, Callable[[], float]], rounds: int, title: str) -> dict[str, list[float]]:
    """Run all contestants in ``rounds`` rounds after one that is dropped.

    Parameters
    ----------
    contestants : dict of str to callable
        Each runs once and returns its seconds.

    Returns
    -------
    dict of str to list of float
        The seconds of every round.
    """
    names, seconds = list(contestants), {name: [] for name in contestants}
    for round_ in progress(rounds + 1, title):
        first = round_ % len(names)
        for name in names[first:] + names[:first]:
            elapsed = contestants[name]()
            if round_:
                seconds[name].append(elapsed)
    return seconds


def summary(
    seconds: dict[str, list[float]], per: int, yardsticks: tuple[str, ...], slower: tuple[str, ...] = ()
) -> dict[str, dict[str, Any]]:
    """Medians in microseconds of one of ``per`` repetitions, quartiles of the ratios to each yardstick, and
    of how many times as long those take that are ``slower``.
    """
    table: dict[str, dict[str, Any]] = {}
    for name, mine in seconds.items():
        table[name] = {"us": float(np.median(mine)) / per * 1e6}
        for yardstick in yardsticks:
            ratios = np.divide(mine, seconds[yardstick])
            table[name][f"to {yardstick}"] = [float(q) for q in np.quantile(ratios, [0.25, 0.5, 0.75])]
        for other in slower:
            ratios = np.divide(seconds[other], mine)
            table[name][f"{other} takes"] = [float(q) for q in np.quantile(ratios, [0.25, 0.5, 0.75])]
    return table


def progress(n: int, title: str) -> Iterator[int]:
    """Count to n, and show it on stderr if that is a terminal."""
    show = sys.stderr.isatty()
    for i in range(n):
        if show:
            print(f"\r\x1b[K{title} {i}/{n}", end="", file=sys.stderr, flush=True)
        yield i
    if show:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def quartiles(q: list[float]) -> str:
    """A median with its quartiles: ``1.42 (1.40-1.45)``."""
    return f"{q[1]:5.2f} ({q[0]:.2f}-{q[2]:.2f})"


def short(q: list[float]) -> str:
    """A median with its quartiles, of any size, in three digits: ``0.31 (0.3-0.32)``, ``117 (115-121)``."""
    low, median, high = (f"{x:.3g}" if x < 1000 else f"{x:.0f}" for x in q)
    return f"{median} ({low}-{high})"
