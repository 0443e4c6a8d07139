"""Sharing: what was computed before, of the same arrays, is not computed again."""

from typing import Any

import numpy as np

from ..program import Call, Program, Ref, refs_in
from .copies import substituted

PURE = {"__getitem__", "reshape", "transpose", "swapaxes", "squeeze", "ravel", "astype"}


def shared(program: Program, results: list[Ref]) -> list[Ref]:
    """Leave out calls that repeat an earlier one; returns the results anew.

    One that reads what somebody writes into anywhere in the program is not looked at, nor one whose result
    is: the same words would not mean the same.
    """
    values = program.values
    there = program.owners(program.inputs)
    written = program.written()
    outward = program.owners(results)
    may_alias = bool(written & there)  # an argument may share memory with a parameter
    arguments = {program.owner(r) for r, i in program.inputs.items() if i.kind == "argument"}
    unsafe = written | outward | (arguments if may_alias else set())
    known: dict[Any, tuple[Ref, ...]] = {}
    by: dict[Ref, Ref] = {}
    steps, merged = [], []
    for step in program.steps:
        step = substituted(step, by) if by else step
        if isinstance(step, Call) and _is_pure(step):
            refs = [*refs_in(step.args), *step.outputs]
            key = None
            if not any(program.owner(r) in unsafe for r in refs):
                key = _key((step.function, step.args, step.kwargs, str(step.errors)))
            if key is not None:
                if key in known and _alike(values, known[key], step.outputs):
                    for again, before in zip(step.outputs, known[key]):
                        by[again] = before
                        merged.append((again, before))
                    continue
                known[key] = step.outputs
        steps.append(step)
    program.steps = steps
    for again, before in merged:
        program.merge(again, before)
    return [by.get(r, r) for r in results]


def _is_pure(call: Call) -> bool:
    if call.writes or not call.outputs:
        return False
    return call.function in PURE or isinstance(call.function, np.ufunc) or isinstance(
        getattr(call.function, "__self__", None), np.ufunc
    )  # fmt: skip


def _alike(values: list[Any], a: tuple[Ref, ...], b: tuple[Ref, ...]) -> bool:
    return all(
        type(values[x.number]) is type(values[y.number])
        and getattr(values[x.number], "strides", None) == getattr(values[y.number], "strides", None)
        for x, y in zip(a, b)
    )


def _key(tree: Any) -> Any:
    """Something hashable that says the same; None if that is not known."""
    if type(tree) is Ref or tree is None or tree is Ellipsis:
        return tree
    if type(tree) in (bool, int, float, complex, str):
        return type(tree), repr(tree)
    if type(tree) in (tuple, list):
        parts = [_key(t) for t in tree]
        return (type(tree), *parts) if all(p is not None or t is None for p, t in zip(parts, tree)) else None
    if type(tree) is dict:
        return _key([*tree.items()])
    if type(tree) is slice:
        return slice, _key((tree.start, tree.stop, tree.step))
    if isinstance(tree, (np.ufunc, np.dtype, type)):
        return id(tree)
    owner = getattr(tree, "__self__", None)
    return (id(owner), tree.__name__) if isinstance(owner, np.ufunc) else None
