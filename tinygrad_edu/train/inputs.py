"""Inputs of a model: one array, or several in a tuple or dict, and the batches that hold them."""

from collections.abc import Callable
from functools import lru_cache
from inspect import Parameter, ismethod, signature
from typing import Any

from ..errors import ArgumentError
from ..nn.module import Module
from ..trees import flatten, labelled

PLACES = ("inputs", "targets", "weights")  # what a batch holds, in this order


def called(model: Module, inputs: Any) -> Any:
    """What a model says of inputs: ``model(x)``, of a tuple ``model(*x)``, of a dict ``model(**x)``.

    Raises
    ------
    ArgumentError
        If its forward does not take so many inputs, or inputs of these names.
    """
    if not isinstance(inputs, (tuple, dict)):
        return model(inputs)
    try:
        return model(*inputs) if isinstance(inputs, tuple) else model(**inputs)
    except TypeError as error:
        if problem := misfit(model, inputs):
            raise ArgumentError(problem) from error
        raise


def misfit(model: Module, inputs: Any) -> str:
    """What to say of several inputs that a model does not take; nothing, if it does."""
    several = isinstance(inputs, tuple)
    args, kwargs = (inputs, {}) if several else ((), inputs)
    taken = signature(model.forward)
    try:
        taken.bind(*args, **kwargs)
    except TypeError as error:
        given = f"{len(inputs)} in a tuple" if several else f"those called {', '.join(map(str, inputs))}"
        return (
            f"{type(model).__name__} does not take these inputs, {given}: {error}.\n"
            f"  Its forward is forward{taken}. Several inputs are a tuple, for model(*x), or a dict by the "
            "names of its parameters, for model(**x)."
        )
    return ""


def arranged(model: Module, batch: Any) -> Any:
    """A batch as (inputs, targets) or (inputs, targets, weights).

    Of a model that needs k inputs, the first k arrays of more than k are these: (x1, x2, y) is ((x1, x2), y).
    """
    if len(batch) < 3 or isinstance(batch[0], (tuple, dict)):
        return batch
    count = needed(model)
    return (tuple(batch[:count]), *batch[count:]) if 1 < count < len(batch) else batch


def parted(batch: Any, rows: int) -> list[Any]:
    """Batches of so many rows, the last one of fewer, that were joined in one."""
    arrays, rebuild = flatten(batch)
    count = len(arrays[0])
    if count <= rows:
        return [batch]
    return [rebuild(a[first : first + rows] for a in arrays) for first in range(0, count, rows)]


def needed(model: Module) -> int:
    """How many inputs a model has to be given."""
    return _needed(model.forward.__func__) - 1 if ismethod(model.forward) else _needed(model.forward)


@lru_cache
def _needed(function: Callable[..., Any]) -> int:
    """How many arguments a function has to be given by position."""
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in kinds and p.default is p.empty for p in signature(function).parameters.values())


def names_in(model: Module, fields: int) -> list[str]:
    """What the parts of data are called that have so many."""
    count = needed(model)
    several = [f"input {i}" for i in range(count)] if fields > 2 and 1 < count < fields else [PLACES[0]]
    names = [*several, *PLACES[1:]]
    return [*names, *map(str, range(len(names), fields))][:fields]


def named(batch: Any) -> list[tuple[str, Any]]:
    """The arrays of a batch, each with the name by which messages call it."""
    return [pair for name, field in zip(PLACES, batch) for pair in labelled(name, field)]
