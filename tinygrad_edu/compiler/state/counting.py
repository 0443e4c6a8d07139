"""Counting: what an optimizer does in Python in every step, as a function that does no more than that, or as
lines.
"""

import copy
import math
import re
from collections.abc import Callable
from typing import Any

from ...errors import TraceError
from ..program import Live
from ..trace.whose_code import OURS
from .symbols import formulas

NAMES = ("t", "lr", "root")  # that the lines give


def begin_of(pack: Any, optimizer: Any, i: int | None) -> Callable[[], None]:
    """`Pack.begin` of all parameters, or of the i-th, in a fraction of the time; it marks no memory.

    The numbers that depend on neither the count nor the rate are as they were: settings are guarded.
    """
    group, numbers, coefficients = pack.group, pack.numbers, optimizer.coefficients
    place, count = i or 0, 1 if i is not None else len(pack.counts)
    every = range(len(numbers.scalars))  # of code that may do as it likes
    moving = moving_numbers(coefficients, group, pack.counts[place] + 1) if is_ours(optimizer) else every
    parts = [(numbers.scalars[k], k) for k in moving]
    decays = bool(group.weight_decay or group.l1)

    def begin() -> None:
        counts = pack.counts
        t = counts[place] + 1
        if i is None:
            pack.counts = [t] * count
        else:
            counts[i] = t
        floats = coefficients(group, t)
        for scalar, k in parts:
            scalar[()] = floats[k]
        numbers.floats = floats
        if decays:
            pack.decays.set([1 - group.lr * group.weight_decay, group.weight_decay, group.l1])

    def begin_of_two() -> None:  # as Adam has, with the same written out
        counts = pack.counts
        t = counts[place] + 1
        if i is None:
            pack.counts = [t] * count
        else:
            counts[i] = t
        numbers.floats = floats = coefficients(group, t)
        first[()], second[()] = floats[k_first], floats[k_second]

    if len(parts) == 2 and not decays:
        (first, k_first), (second, k_second) = parts
        return begin_of_two
    return begin


def counting_lines(step: Live, name: Callable[[Any, str], str]) -> list[str] | None:
    """What `begin_of` does, as lines; None where its numbers are no formulas of t and the rate."""
    pack, optimizer, i = step.of
    group, numbers, place = pack.group, pack.numbers, i or 0
    if not is_ours(optimizer):
        return None  # it may look at something else, too
    try:
        texts = [text for text, _ in formulas(optimizer, group, "lr")]
    except TraceError:
        return None
    moving = moving_numbers(optimizer.coefficients, group, pack.counts[place] + 1)
    p = name(pack, "pack")
    lines = [f"t = {p}.counts[{place}] + 1"]
    lines.append(f"{p}.counts = [t] * {len(pack.counts)}" if i is None else f"{p}.counts[{i}] = t")
    lines += [f"lr = {name(group, 'group')}.lr"] if moving or group.weight_decay or group.l1 else []
    if moving:
        lines += with_root([f"{name(numbers.scalars[k], 'number')}[()] = {texts[k]}" for k in moving])
        unknown = [math.nan] * len(numbers.scalars)  # which every number differs from
        lines.append(f"{name(numbers, 'numbers')}.floats = {name(unknown, 'unknown')}")
    if group.weight_decay or group.l1:
        decays = f"[1 - lr * {group.weight_decay!r}, {group.weight_decay!r}, {group.l1!r}]"
        lines.append(f"{name(pack.decays, 'decays')}.set({decays})")
    return lines


def is_ours(optimizer: Any, *names: str) -> bool:
    """Whether methods of these names are this package's: by default what computes the steps' numbers."""
    methods = [getattr(type(optimizer), name) for name in names or ["coefficients"]]
    return all(method.__module__.startswith(f"{OURS}.") for method in methods)


def with_root(lines: list[str]) -> list[str]:
    """Lines with the square root that stands in several of them computed once, before."""
    roots = [found for line in lines for found in re.findall(r"math\.sqrt\((?:[^()]|\([^()]*\))*\)", line)]
    if len(roots) < 2 or len(set(roots)) > 1:
        return lines
    return [f"root = {roots[0]}", *(line.replace(roots[0], "root") for line in lines)]


def moving_numbers(coefficients: Any, group: Any, t: int) -> list[int]:
    """The places of those numbers that another count or another rate may change."""
    other = copy.copy(group)
    vars(other)["lr"] = group.lr * 0.7071 + 0.1234
    known = coefficients(group, t)
    found = set()
    counts = [(group, n) for n in (1, 2, t + 1, t + 7, 10_000)]
    for rates, count in (*counts, (other, t), (other, t + 1)):
        found |= {k for k, (a, b) in enumerate(zip(known, coefficients(rates, count))) if a != b}
    return sorted(found)
