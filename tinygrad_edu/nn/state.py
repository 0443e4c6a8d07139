"""The state of a module: the values of its parameters and buffers by path, as a dict that can be saved."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

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
    state = {name: tensor._array.copy() for name, tensor in named}
    if len(state) < len(named):
        twice = next(a for a, b in pairwise(sorted(name for name, _ in named)) if a == b)
        raise StateError(
            f"{type(module).__name__}.state_dict: two parameters are called {twice!r}. Do keys of a dict "
            "differ in type only?"
        )
    return state


def load(module: Nested, state: Mapping[str, ArrayLike]) -> None:
    """Take over the values of a state, all of them or, if anything does not fit, none."""
    who = f"{type(module).__name__}.load_state_dict"
    if not isinstance(state, Mapping):
        got = f"{state!r:.80}."
        if isinstance(state, tuple):
            got = f"a tuple of {len(state)}. Take the first: arrays, metadata = io.load_safetensors(path)."
        raise ArgumentError(f"{who}: a state is a dict of arrays by path; got {got}")
    own = dict(named_state(module))
    given = {name: plain(value, f"{who}: {name}") for name, value in state.items()}
    if problems := list(misfits(own, given)):
        raise StateError(
            f"{who}: the state does not fit, and nothing was loaded:\n  " + "\n  ".join(problems)
        )
    # All are copied before any is written: the state may be made of this module's own arrays.
    cast = {name: np.array(given[name], tensor.dtype) for name, tensor in own.items()}
    for name, tensor in own.items():
        tensor._array[...] = cast[name]
        WRITES.mark(tensor._array)


def misfits(own: Mapping[str, Tensor], given: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    """What is wrong with the arrays of a state, beside the parameters and buffers that they are for."""
    yield from (f"missing: {name}" for name in own if name not in given)
    yield from (f"unexpected: {name}" for name in given if name not in own)
    for name in (name for name in own if name in given):
        tensor, array = own[name], given[name]
        if array.shape != tensor.shape:
            yield f"{name}: expected shape {tensor.shape}, got {array.shape}"
        elif not np.can_cast(array.dtype, tensor.dtype, "same_kind"):
            yield f"{name}: expected {KINDS[tensor.dtype.kind]} values, got {array.dtype}"
