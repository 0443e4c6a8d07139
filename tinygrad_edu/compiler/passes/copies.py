"""Copies of what nobody looks at any more: the array itself takes their place."""

from typing import Any

import numpy as np

from ..program import Call, Check, Program, Ref


def without_copies(program: Program, results: list[Ref]) -> list[Ref]:
    """Leave out copies of what the program makes and does not use afterwards; returns the results anew."""
    replaced: dict[Ref, Ref] = {}
    inputs = program.owners(program.inputs)
    last: dict[int, int] = {}
    for i, step in enumerate(program.steps):
        for ref in step.used:
            last[program.owner(ref)] = i
    wanted = program.owners(results)
    steps, merged = [], []
    for i, step in enumerate(program.steps):
        if isinstance(step, Call) and step.function is np.copy and len(step.outputs) == 1:
            source, made = step.args[0], step.outputs[0]
            value, copy = program.values[source.number], program.values[made.number]
            owner, is_own = program.owner(source), isinstance(value, np.ndarray) and value.base is None
            unseen = owner not in inputs and owner not in wanted and last[owner] == i
            if is_own and unseen and value.strides == copy.strides:
                replaced[made] = replaced.get(source, source)
                merged.append((made, source))
                continue
        steps.append(step)
    for made, source in merged:
        program.merge(made, source)
    if replaced:
        program.steps = [substituted(step, replaced) for step in steps]
    return [replaced.get(r, r) for r in results]


def without_axes(program: Program, results: list[Ref]) -> list[Ref]:
    """Leave numbers as NumPy's scalars where all that is done with their arrays is arithmetic; that is
    faster.

    Tensors hold arrays, which somebody might write into, or view.
    """
    made = {
        step.outputs[0]: step.args[0] for step in program.steps
        if isinstance(step, Call) and step.function is np.asarray and not step.kwargs and len(step.args) == 1
    }  # fmt: skip
    for step in program.steps:
        arithmetic = isinstance(step, Call) and isinstance(step.function, np.ufunc) and not step.writes
        if isinstance(step, Call) and not arithmetic and step.function is not np.asarray:
            for ref in step.used:
                made.pop(ref, None)
    program.steps = [
        substituted(step, made) for step in program.steps
        if not (isinstance(step, Call) and step.outputs and step.outputs[0] in made)
    ]  # fmt: skip
    return [made.get(r, r) for r in results]


def substituted(step: Any, by: dict[Ref, Ref]) -> Any:
    """A step with other references."""
    if by.keys().isdisjoint(step.used):
        return step
    if isinstance(step, Check):
        return step._replace(ref=by.get(step.ref, step.ref))
    return step._replace(
        args=_in(step.args, by), kwargs=_in(step.kwargs, by),
        outputs=tuple(by.get(r, r) for r in step.outputs), writes=tuple(by.get(r, r) for r in step.writes),
    )  # fmt: skip


def _in(tree: Any, by: dict[Ref, Ref]) -> Any:
    if type(tree) is Ref:
        return by.get(tree, tree)
    if type(tree) in (list, tuple):
        return type(tree)(_in(t, by) for t in tree)
    if type(tree) is dict:
        return {k: _in(v, by) for k, v in tree.items()}
    if type(tree) is slice:
        return slice(*(_in(t, by) for t in (tree.start, tree.stop, tree.step)))
    return tree
