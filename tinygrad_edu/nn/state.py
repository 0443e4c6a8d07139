"""The state of a module: the values of its parameters and buffers by path, as a dict that can be saved."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import plain
from ..errors import ArgumentError, StateError
from ..tensor import Tensor
from ..versions import WRITES
from .parameter import Buffer, Parameter
from .walk import Nested, walk

KINDS = {"f": "floating", "c": "complex", "i": "integer", "u": "integer", "b": "boolean"}


def named_state(module: Nested) -> list[tuple[str, Tensor]]:
    """The parameters and buffers of a module with their paths, in order, each once."""
    return [(path, value) for path, value in walk("", module) if isinstance(value, (Parameter, Buffer))]


def state_of(module: Nested) -> dict[str, Any]:
    """The values of all parameters and buffers by path, as copies."""
    named = named_state(module)
    state = {name: np.copy(tensor._array, order="C") for name, tensor in named}
    if len(state) < len(named):
        twice = next(a for a, b in pairwise(sorted(name for name, _ in named)) if a == b)
        raise StateError(
            f"{type(module).__name__}.state_dict: two parameters are called {twice!r}. Do keys of a dict "
            "differ in type only?"
        )
    return state


class Loaded(NamedTuple):
    """The paths that a state lacked, and those that it had beside: none of either if all was loaded."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def load(module: Nested, state: Mapping[str, ArrayLike], strict: bool = True) -> Loaded:
    """Take over the values of a state, all of them or, if anything does not fit, none; without ``strict``,
    those that have a place.
    """
    who = f"{type(module).__name__}.load_state_dict"
    if not isinstance(state, Mapping):
        got = f"{state!r:.80}."
        if isinstance(state, tuple):
            got = f"a tuple of {len(state)}. Take the first: arrays, metadata = io.load_safetensors(path)."
        raise ArgumentError(f"{who}: a state is a dict of arrays by path; got {got}")
    own = dict(named_state(module))
    given = {name: plain(value, f"{who}: {name}") for name, value in state.items()}
    report = Loaded([name for name in own if name not in given], [name for name in given if name not in own])
    problems = list(misfits(own, given, strict))
    if not strict and given and len(report.unexpected_keys) == len(given):
        problems.insert(0, f"none of its {len(given)} names is one of the module's {len(own)}")
    if problems:
        listed = "\n  ".join(problems) + prefix_hint(own, given)
        raise StateError(f"{who}: the state does not fit, and nothing was loaded:\n  {listed}")
    # All are copied before any is written: the state may be made of this module's own arrays.
    cast = {name: np.array(given[name], tensor.dtype) for name, tensor in own.items() if name in given}
    for name, array in cast.items():
        own[name]._array[...] = array
        WRITES.mark(own[name]._array)
    return report


def misfits(
    own: Mapping[str, Tensor], given: Mapping[str, NDArray[Any]], strict: bool = True
) -> Iterator[str]:
    """What is wrong with the arrays of a state, beside the parameters and buffers that they are for."""
    if strict:
        yield from (f"missing: {name}" for name in own if name not in given)
        yield from (f"unexpected: {name}" for name in given if name not in own)
    for name in (name for name in own if name in given):
        tensor, array = own[name], given[name]
        if array.shape != tensor.shape:
            yield f"{name}: expected shape {tensor.shape}, got {array.shape}"
        elif not np.can_cast(array.dtype, tensor.dtype, "same_kind"):
            yield f"{name}: expected {KINDS[tensor.dtype.kind]} values, got {array.dtype}"


def prefix_hint(own: Collection[str], given: Collection[str]) -> str:
    """What to say of names that fit but for what stands before them, on one side or the other."""
    if prefix := prefix_between(own, given):
        key = "name.removeprefix(prefix)"
        fix = f"prefix = {prefix!r}; load_state_dict({{{key}: value for name, value in state.items()}})"
        return f"\n  Its names begin with the prefix {prefix!r}, and the module's do not: {fix}."
    if prefix := prefix_between(given, own):
        part = prefix.removesuffix(".")
        fix = f"the state is of the part {part!r} alone, or load {{{prefix!r} + name: value …}}"
        return f"\n  The module's names begin with the prefix {prefix!r}, and its do not: {fix}."
    return ""


def prefix_between(names: Collection[str], longer: Collection[str]) -> str:
    """The path, "module." say, before most of the names in the other collection; empty if there is none."""
    found = Counter[str]()
    by_end: dict[str, list[str]] = {}
    for other in longer:
        by_end.setdefault(other.rpartition(".")[2], []).append(other)
    for name in names:
        ends = f".{name}"
        candidates = by_end.get(name.rpartition(".")[2], [])
        found.update(other.removesuffix(name) for other in candidates if other.endswith(ends))
    prefix, count = max(found.items(), key=itemgetter(1), default=("", 0))
    fitting = sum(name in longer for name in names)
    return prefix if count > fitting and 2 * count >= min(len(names), len(longer)) else ""
