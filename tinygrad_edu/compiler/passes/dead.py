"""Dead code: which steps of a program matter for anything that is seen of it.

A draw does, whose numbers nobody wants: its generator goes on.  So does what may
raise an exception by its values.
"""

import numpy as np

from ..program import Call, Check, Program, Ref, drawn_from
from ..undoing import may_raise


def needed(program: Program, results: list[Ref]) -> set[int]:
    """The places of the steps that matter: for a result, a check, or what is there after the step."""
    there, live = program.owners(program.inputs), set()
    wanted, looked_at = set(results), program.owners(results)
    for i in reversed(range(len(program.steps))):
        step = program.steps[i]
        if isinstance(step, Check):
            reads = [step.ref]
        elif isinstance(step, Call):
            writes = program.owners(step.writes)
            if _changes_nothing(program, step):
                continue
            idle = wanted.isdisjoint(step.outputs) and not writes & (there | looked_at)
            if idle and drawn_from(step) is None and not may_raise(program, step):
                continue
            reads, looked_at = step.reads, looked_at | writes
        else:
            reads = []
        live.add(i)
        wanted.update(reads)
        looked_at |= program.owners(reads)
    return live


def _changes_nothing(program: Program, call: Call) -> bool:
    """Whether an array is written into itself, as parameters are that were changed through a view."""
    if call.function != "__setitem__" or call.args[1] is not Ellipsis or type(call.args[2]) is not Ref:
        return False
    target, source = call.args[0], call.args[2]
    a, b = (program.values[r.number] for r in (target, source))
    there = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
    same = there and a.__array_interface__ == b.__array_interface__
    return same and program.owner(target) == program.owner(source)
