"""Counting: what an optimizer does in Python in every step, as a function that does no more than that."""

import copy
from collections.abc import Callable
from typing import Any


def begin_of(pack: Any, optimizer: Any, i: int | None) -> Callable[[], None]:
    """`Pack.begin` of all parameters, or of the i-th, in a fraction of the time; it marks no memory.

    The numbers that depend on neither the count nor the rate are as they were: settings are guarded.
    """
    group, numbers, coefficients = pack.group, pack.numbers, optimizer.coefficients
    place, count = i or 0, 1 if i is not None else len(pack.counts)
    moving = changing(coefficients, group, pack.counts[place] + 1)
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


def changing(coefficients: Any, group: Any, t: int) -> list[int]:
    """The places of those numbers that another count or another rate may change."""
    other = copy.copy(group)
    vars(other)["lr"] = group.lr * 0.7071 + 0.1234
    known = coefficients(group, t)
    found = set()
    for rates, count in ((group, t + 1), (group, t + 7), (group, 10_000), (other, t), (other, t + 1)):
        found |= {k for k, (a, b) in enumerate(zip(known, coefficients(rates, count))) if a != b}
    return sorted(found)
