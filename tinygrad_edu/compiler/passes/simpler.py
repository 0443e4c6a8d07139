"""Simpler calls: to the same bits, where NumPy alone runs them."""

from typing import Any

import numpy as np

from ..program import Call, Program, Ref
from ..trace.settings import CLIP
from .copies import substituted


def simpler(program: Program, results: list[Ref]) -> None:
    """Change calls of a program, to such as take less time."""
    program.steps = [_by_ufunc(step, program) if isinstance(step, Call) else step for step in program.steps]
    _without_maxima(program, results)


def _by_ufunc(call: Call, program: Program) -> Call:
    """Call a ufunc where np.clip would come to it through functions in Python, and these do no more: where
    whole numbers have a bound that their type does not hold, they leave that out.
    """
    bounded = call.function is np.clip and len(call.args) == 3 and None not in call.args[1:]
    if bounded and int in map(type, call.args[1:]):
        x = call.args[0]
        bounded = type(x) is Ref and program.values[x.number].dtype.kind == "f"
    return call._replace(function=CLIP) if bounded and set(call.kwargs) <= {"out"} else call


def _without_maxima(program: Program, results: list[Ref]) -> None:
    """Leave out the maximum with 0 of the sign of what is not negative."""
    made = {r: s for s in program.steps if isinstance(s, Call) for r in s.outputs}
    uses: dict[Ref, int] = {}
    for step in program.steps:
        for ref in set(step.used):
            uses[ref] = uses.get(ref, 0) + 1
    written = program.written()
    by: dict[Ref, Ref] = {}
    for step in program.steps:
        if not isinstance(step, Call) or step.function is not np.maximum or not _is_zero(step):
            continue
        (sign, _), (out,) = step.args, step.outputs
        if not (is_plain(made.get(sign), np.sign, 1) and is_plain(step, np.maximum, 2)) or uses[sign] != 2:
            continue
        value = made[sign].args[0]
        owners = program.owners((value, sign, out))
        if owners.isdisjoint(written) and out not in results and is_positive(made.get(value)):
            by[out] = sign
    if by:
        program.steps = [
            substituted(step, by) for step in program.steps
            if not (isinstance(step, Call) and len(step.outputs) == 1 and step.outputs[0] in by)
        ]  # fmt: skip
        for out, sign in by.items():
            program.merge(out, sign)


def is_plain(call: Any, function: Any, count: int) -> bool:
    """Whether a call is one of a function of so many arguments, without settings."""
    plain = isinstance(call, Call) and call.function is function and not call.kwargs and not call.writes
    return plain and len(call.args) == count and type(call.args[0]) is Ref


def _is_zero(call: Call) -> bool:
    """Whether the second argument is the number 0."""
    second: Any = call.args[1]
    return type(second) in (int, float) and bool(second == 0)


def is_positive(call: Any) -> bool:
    """Whether a call gives what is not negative: NaN, or cut at 0 from below."""
    if is_plain(call, np.maximum, 2) and _is_zero(call):
        return True
    low, high = call.args[1:] if is_plain(call, CLIP, 3) or is_plain(call, np.clip, 3) else (None, -1)
    return type(low) in (int, float) and low == 0 and type(high) in (int, float) and bool(high >= 0)
