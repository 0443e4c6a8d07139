"""Refilling: long vectors of ones or zeros are filled where they are used, and have no memory of theirs."""

from typing import Any

import numpy as np

from ..program import Call, Program, Ref, Step
from .copies import substituted
from .fold import FILLS

LONG = 1 << 12  # bytes, of which filling takes less time than a call of NumPy


def refilled(program: Program) -> None:
    """Have each call that uses such a constant fill it before; what was once made for all would stay."""
    filling = {ref: f for ref, source in program.inputs.items() if (f := _filling(program, ref, source.kind))}
    steps: list[Step] = []
    for step in program.steps:
        by: dict[Ref, Ref] = {}
        for ref in dict.fromkeys(step.used):
            if ref in filling and isinstance(step, Call) and isinstance(step.function, np.ufunc):
                value = program.values[ref.number]
                by[ref] = program.new(np.empty_like(value))
                given = (value.dtype.type(0),)
                fill = Call(filling[ref], given, {}, (by[ref],), False, (), step.errors, step.where)
                steps.append(fill)
        steps.append(substituted(step, by))
    program.steps = steps


def _filling(program: Program, ref: Ref, kind: str) -> Any:
    """What fills a constant; None for any other array."""
    value = program.values[ref.number]
    if kind != "constant" or not isinstance(value, np.ndarray) or value.nbytes < LONG:
        return None
    whole = value.base is None and value.flags.c_contiguous and value.dtype.kind in "fiu"
    return next((f for f in FILLS if whole and f(value).tobytes() == value.tobytes()), None)
