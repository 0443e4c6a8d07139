"""Fixed: numbers among the arguments that a trace holds for alone, and so cannot have free; see `free`."""

import operator
from collections.abc import Collection
from typing import Any

import numpy as np

from ...errors import TraceError
from ..program import Call, Check, Program, Ref, drawn_from

EXACT = 1 << 53  # up to here, whole numbers are the same in Python, in C, and as floats
LARGEST = 1 << 31  # of whole numbers of Python's that are free, at most
DIVISIONS = (operator.truediv, operator.floordiv, operator.mod)
SUMS = operator.add, operator.sub
NO_LARGER = operator.neg, operator.floordiv, operator.mod, abs, "item"


def refuse_fixed(program: Program, free: Collection[Ref]) -> None:
    """Raise if a program holds for certain numbers only: what is made of them alone decides a branch.

    Raises
    ------
    TraceError
        Also where Python would compute with them what C does not: large whole numbers, complex powers.
    """
    alone = set(free)  # what is made of free numbers and of nothing else
    sizes = {ref: LARGEST for ref in free if program.values[ref.number].dtype == int}  # at most
    for step in program.steps:
        if isinstance(step, Check) and step.ref in alone and type(step.truth) is tuple:
            raise TraceError(f"A number of the arguments decides a shape, in {step.where}.")
        if not isinstance(step, Call) or alone.isdisjoint(used := step.reads):
            continue
        if decides_a_length(step, alone):
            raise TraceError(f"A number of the arguments decides a length, in {step.where}.")
        if alone.issuperset(used) and drawn_from(step) is None:
            alone.update(step.outputs)
            if not is_the_same_in_c(program, step, sizes):
                raise TraceError(f"A number of the arguments may become too large, in {step.where}.")


def decides_a_length(call: Call, alone: set[Ref]) -> bool:
    """Whether one end of a slice is a free number: where both are, the length is often the same."""
    keys = call.args[1] if call.function in ("__getitem__", "__setitem__") else ()
    parts = [part for part in (keys if type(keys) is tuple else (keys,)) if type(part) is slice]
    return any((part.start in alone) is not (part.stop in alone) or part.step in alone for part in parts)


def is_the_same_in_c(program: Program, call: Call, sizes: dict[Ref, int]) -> bool:
    """Whether a call of free numbers gives in C what it does in Python; how large it may be is noted."""
    result: Any = program.values[call.outputs[0].number] if call.outputs else None
    if isinstance(result, int):  # which NumPy has not
        return False
    if call.function is operator.pow:  # of others, Python makes complex or whole numbers, or raises
        base, exponent = call.args
        known = base > 0 if not isinstance(base, Ref) else type(exponent) is int and exponent >= 0
        return bool(known) and result.dtype.kind == "f"
    given = [sizes.get(a, EXACT) if isinstance(a, Ref) else abs(a) for a in call.args if is_whole(program, a)]
    if call.function is np.asarray and given:  # where Python's number takes on a dtype, or raises
        dtype = np.dtype(call.kwargs.get("dtype", int))
        return dtype.kind not in "iub" or (dtype.kind == "i" and np.iinfo(dtype).max >= given[0])
    if not isinstance(result, np.integer) or not given:
        return True
    size = EXACT + 1
    if call.function in SUMS:
        size = sum(given)
    elif call.function is operator.mul:
        size = given[0] * given[-1]
    elif call.function in NO_LARGER:
        size = max(given)
    sizes[call.outputs[0]] = size
    return size <= EXACT or not python_computes(call)


def is_whole(program: Program, value: Any) -> bool:
    """Whether an argument of a call is a whole number."""
    if isinstance(value, Ref):
        return program.values[value.number].dtype.kind in "iu"
    return type(value) is int


def python_computes(call: Call) -> bool:
    """Whether it is an operation among numbers of Python's, which are of any size."""
    return getattr(call.function, "__module__", None) in ("_operator", "builtins")
