"""Buffers: memory that is found once, for results that do not outlive the step.

Two results share it if the one is not used any more when the other is made, views included.
"""

from typing import Any, NamedTuple

import numpy as np

from .copies import used
from .program import Call, Program, Ref

ALIGNED = 64  # bytes
COPIES = ("copy", np.copy)


class Arena(NamedTuple):
    """One stretch of memory, and which part of it each result gets.

    Attributes
    ----------
    size : int
        Bytes.
    offsets : dict of Ref to int
        Where each begins.
    """

    size: int
    offsets: dict[Ref, int]


def buffers(program: Program, places: list[int], results: list[Ref]) -> Arena:
    """A place for each result that can be written into one, of the steps that are carried out."""
    steps = program.steps
    escaping = {program.owner(r) for r in results}
    escaping |= {program.owner(r) for r in program.inputs}
    last: dict[int, int] = {}
    for i in places:
        for ref in used(steps[i]):
            last[program.owner(ref)] = i
    spans = []
    for i in places:
        step = steps[i]
        if (
            not isinstance(step, Call)
            or step.writes
            or len(step.outputs) != 1
            or not takes_out(step.function)
            or not all(
                isinstance(a, (Ref, np.ndarray, np.generic, bool, int, float, complex)) for a in step.args[:2]
            )
        ):
            continue
        value = program.values[step.outputs[0].number]
        if (
            isinstance(value, np.ndarray)
            and value.ndim
            and value.base is None
            and program.owner(step.outputs[0]) not in escaping
            and is_dense(value)
        ):
            spans.append((i, last[program.owner(step.outputs[0])], step.outputs[0], value))
    return laid_out(spans)


def laid_out(spans: list[tuple[int, int, Ref, Any]]) -> Arena:
    """Places in one stretch of memory, first fit: those whose times overlap lie apart."""
    placed: list[tuple[int, int, int, int]] = []  # start and end in time, start and end in memory
    offsets, size = {}, 0
    for start, stop, ref, value in spans:
        length = -(-max(value.nbytes, 1) // ALIGNED) * ALIGNED
        offset = 0
        placed = [p for p in placed if p[1] >= start]
        for _, _, low, high in sorted(placed, key=lambda p: p[2]):
            if low - offset >= length:
                break
            offset = max(offset, high)
        placed.append((start, stop, offset, offset + length))
        offsets[ref] = offset
        size = max(size, offset + length)
    return Arena(size, offsets)


def takes_out(function: Any) -> bool:
    """Whether a function can write into an array that it is given, to the same bits."""
    if isinstance(function, np.ufunc):
        return function.nout == 1
    if function in COPIES:
        return True
    owner = getattr(function, "__self__", None)
    return function is np.clip or (
        isinstance(owner, np.ufunc) and function.__name__ in ("reduce", "accumulate")
    )


def is_dense(value: Any) -> bool:
    """Whether an array fills one stretch of memory, in some order of its axes."""
    expected = value.itemsize
    for stride, n in sorted(zip(value.strides, value.shape)):
        if n > 1 and stride != expected:
            return False
        expected *= max(n, 1)
    return True
