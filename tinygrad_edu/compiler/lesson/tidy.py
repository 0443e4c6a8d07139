"""Tidying: steps that say the same in fewer words, for those who read them."""

from typing import Any

import numpy as np

from ..passes.copies import substituted
from ..passes.labels import LESS
from ..passes.simpler import is_plain, is_positive
from ..program import Call, Check, Program, Ref


def tidy(program: Program, steps: list[Any], results: list[Ref]) -> list[Any]:
    """The steps of a program, of which these are the results, in fewer words."""
    return without_maxima(one_check(program, steps), results)


def without_maxima(steps: list[Any], results: list[Ref]) -> list[Any]:
    """Steps in which the sign of what is not negative is taken as it is, and not cut at 0."""
    calls = [step for step in steps if isinstance(step, Call)]
    made = {r: call for call in calls for r in call.outputs}
    fixed = {*results, *(w for call in calls for w in call.writes)}
    by: dict[Ref, Ref] = {}
    for call in calls:
        cut = is_plain(call, np.maximum, 2) and type(call.args[1]) is int and call.args[1] == 0
        sign: Any = made.get(call.args[0]) if cut else None
        positive = is_plain(sign, np.sign, 1) and is_positive(made.get(sign.args[0]))
        if positive and fixed.isdisjoint((call.args[0], *call.outputs)):
            by[call.outputs[0]] = call.args[0]
    return [substituted(s, by) for s in steps if not (isinstance(s, Call) and by.keys() & set(s.outputs))]


def one_check(program: Program, steps: list[Any]) -> list[Any]:
    """Steps in which a mask is checked once, to mark exactly so many, before anything is taken by it."""
    made = {r: step for step in steps if isinstance(step, Call) for r in step.outputs}
    counted: dict[Ref, tuple[Call, Check]] = {}
    for step in steps:
        if isinstance(step, Check) and step.truth is False and (found := _counts(made, step)):
            counted[found[0]] = found[1], step
    for check in [s for s in steps if isinstance(s, Check)]:
        taken: Any = made.get(check.ref)
        mask = taken.args[1] if taken is not None and taken.function == "__getitem__" else None
        if type(mask) is not Ref or mask not in counted or not _is_mask_of(program, mask, taken.args[0]):
            continue
        less, before = counted[mask]
        uses = [s for s in steps if less.outputs[0] in s.used]
        if check.truth == (less.args[1],) and len(uses) == 2:
            by = {id(less): less._replace(function=np.equal), id(before): before._replace(truth=True)}
            steps = [by.get(id(s), s) for s in steps if s is not check]
    return steps


def _counts(made: dict[Ref, Call], check: Check) -> tuple[Ref, Call] | None:
    """The mask whose marks a check counts, and the call that compares their number."""
    less: Any = made.get(check.ref)
    if less is None or less.function not in LESS or type(less.args[0]) is not Ref:
        return None
    count: Any = made.get(less.args[0])
    counts = count is not None and count.function is np.count_nonzero and not count.kwargs
    return (count.args[0], less) if counts and type(count.args[0]) is Ref else None


def _is_mask_of(program: Program, mask: Ref, source: Ref) -> bool:
    a, b = (program.values[r.number] for r in (mask, source))
    return bool(a.dtype == bool and a.shape == b.shape)
