"""Spreading: a vector that meets each row of a small matrix is copied into all rows before.

NumPy makes an iterator for arrays of two shapes, and none to copy one into the other, or for arrays of one
shape; to make it takes longer than to go through a small matrix twice.
"""

from typing import Any

import numpy as np

from ..program import Call, Program, Ref, Step
from .copies import substituted

SMALL = 1 << 12  # elements
FUNCTIONS = (np.add, np.subtract, np.multiply, np.divide)  # whose bits no order of elements changes


def spread(program: Program) -> None:
    """Have calls of two arrays, of which one is broadcast, take that in the shape of the other."""
    steps: list[Step] = []
    for step in program.steps:
        pair = _of_two_shapes(program, step)
        if pair is not None and isinstance(step, Call):
            whole, part = pair
            tile, how = program.new(np.empty_like(program.values[whole.number])), (step.errors, step.where)
            room = (program.values[part.number].dtype.type(0),)
            steps.append(Call(np.empty_like, room, {}, (tile,), False, (), *how))
            steps.append(Call("__setitem__", (tile, Ellipsis, part), {}, (), False, (tile,), *how))
            step = substituted(step, {part: tile})
        steps.append(step)
    program.steps = steps


def _of_two_shapes(program: Program, step: Any) -> tuple[Ref, Ref] | None:
    """The operand of a call that has the shape of its result, and the other, which is smaller."""
    if not isinstance(step, Call) or step.function not in FUNCTIONS or step.kwargs.keys() - {"out"}:
        return None
    if len(step.args) != 2 or len(step.outputs) != 1 or any(type(a) is not Ref for a in step.args):
        return None
    out, *operands = (program.values[r.number] for r in (step.outputs[0], *step.args))
    if out.dtype.char not in "fd" or not 1 < out.size <= SMALL or program.numbers.intersection(step.args):
        return None
    for (whole, w), (part, p) in (pairs := list(zip(step.args, operands)), pairs[::-1]):
        if (w.shape, w.strides, w.dtype) != (out.shape, out.strides, out.dtype) or p.dtype != out.dtype:
            continue
        if p.ndim and 1 < p.size < w.size and (w.flags.c_contiguous or w.flags.f_contiguous):
            return whole, part
    return None
