"""Folding: calls of constants alone are made once, and numbers become what NumPy takes fastest."""

import sys
from typing import Any

import numpy as np

from ..memory.inner import OF_A_CALL
from ..program import Call, Check, Input, Program, Ref, Step, refs_in

OPERATORS = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/",
    np.less: "<", np.less_equal: "<=", np.greater: ">", np.greater_equal: ">=", np.equal: "==",
    np.not_equal: "!=",
}  # fmt: skip
NUMBERS = (bool, int, float)
FILLS = (np.ones_like, np.zeros_like)


def folded(program: Program) -> None:
    """Leave out calls of constants that nobody else can change; their results are constants, too."""
    written = program.written()
    known = {r for r, source in program.inputs.items() if source.kind == "constant" and _is_ours(program, r)}
    steps: list[Step] = []
    for step in program.steps:
        if isinstance(step, Call) and (_fills(step) or _is_constant(step, known)):
            refs = [*step.outputs, *([] if _fills(step) else refs_in(step.args))]
            if not any(program.owner(r) in written for r in refs):
                known.update(step.outputs)
                program.inputs |= {ref: Input("constant", "constant") for ref in step.outputs}
                continue
        steps.append(step)
    program.steps = steps


def _fills(step: Call) -> bool:
    """Whether a call makes an array of one number, whatever its argument holds."""
    return step.function in FILLS and not step.writes


def _is_ours(program: Program, ref: Ref) -> bool:
    """Whether the program alone refers to an array: the list of values, what has traced it, and this look."""
    value = program.values[ref.number]
    return value.base is None and sys.getrefcount(value) <= 3 + OF_A_CALL


def _is_constant(step: Call, known: set[Ref]) -> bool:
    if step.writes or step.kwargs or len(step.outputs) != 1:
        return False
    refs = list(refs_in(step.args))
    if not isinstance(step.function, np.ufunc) or not refs or not known.issuperset(refs):
        return False
    return step.errors is not None and set(step.errors.values()) == {"ignore"}  # it would warn in every step


def zero_dimensional(function: Any, args: list[Any], values: Any) -> list[Any]:
    """The arguments of a ufunc, with numbers as 0-d arrays of the dtype in which it computes anyway."""
    if not isinstance(function, np.ufunc) or len(args) < function.nin or function.signature is not None:
        return args
    given = args[: function.nin]
    kinds = [_kind(a, values) for a in given]
    if None in kinds or not any(isinstance(k, np.dtype) for k in kinds):
        return args
    try:
        loop = function.resolve_dtypes((*kinds, *[None] * function.nout))
        made = [np.asarray(a, loop[i]) if isinstance(a, NUMBERS) else a for i, a in enumerate(given)]
        again = [a.dtype if isinstance(a, np.ndarray) else k for a, k in zip(made, kinds)]
        if function.resolve_dtypes((*again, *[None] * function.nout)) != loop:
            return args
    except (TypeError, OverflowError, ValueError):
        return args
    return [*made, *args[function.nin :]]


def _kind(value: Any, values: Any) -> Any:
    """The dtype of an array, the class of a number, None for others."""
    if type(value) is Ref:
        return values[value.number].dtype
    return type(value) if type(value) in (int, float) else None


def as_operator(call: Call, scalars: set[Ref], tested: set[Ref]) -> str | None:
    """The operator that computes the same of scalars, in a fraction of the time; None if there is none."""
    if call.function not in OPERATORS or call.kwargs or len(call.args) != 2 or call.writes:
        return None
    compares = call.function not in (np.add, np.subtract, np.multiply, np.divide)
    for value in call.args:
        if type(value) is Ref:
            if value not in scalars:
                return None
        elif type(value) not in (int, float):
            return None
    return OPERATORS[call.function] if not compares or set(call.outputs) <= tested else None


def scalars_of(program: Program) -> tuple[set[Ref], set[Ref]]:
    """What is a NumPy scalar of a floating kind when the program runs, and what is compared only to branch.

    Counts are among the former where they are compared only, since some functions give Python's numbers.
    """
    read: dict[Ref, int] = {}
    tested = set()
    for step in program.steps:
        if isinstance(step, Check):
            tested.add(step.ref)
        elif isinstance(step, Call):
            for ref in step.reads:
                read[ref] = read.get(ref, 0) + 1
    tested -= read.keys()
    counts = {
        a for s in program.steps if isinstance(s, Call) and set(s.outputs) <= tested and s.outputs
        for a in s.args if type(a) is Ref and read[a] == 1
    }  # fmt: skip
    found = set()
    for step in program.steps:
        if isinstance(step, Call):
            for ref in step.outputs:
                value = program.values[ref.number]
                made = isinstance(getattr(step.function, "__self__", step.function), np.ufunc)
                if (isinstance(value, np.floating) and made) or (
                    ref in counts and isinstance(value, np.generic)
                ):
                    found.add(ref)
    return found, tested
