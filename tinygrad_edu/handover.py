"""Whether a function hands its calls over to its arguments, so that rules filed for it are found."""

import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np

from .entry import name_of
from .errors import WrongRule
from .table import entry_of


class _HandedOver(Exception):
    """Ends the call of a function that has handed it over."""


class _StandIn:
    """An argument that notes which function hands its call over, and refuses everything else."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        self.asked.append(ufunc if method == "__call__" else getattr(ufunc, method))
        raise _HandedOver

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        self.asked.append(function)
        raise _HandedOver


def reached(function: Any) -> Any:
    """What a function hands its calls over as: itself, or its ``ufunc`` if Numba's ``guvectorize`` made it.

    Raises
    ------
    WrongRule
        If it does not hand them over, so that its rules would never be found.
    """
    if not callable(function):
        raise WrongRule(f"Rules are filed for functions; got a {type(function).__name__}, {function!r:.60}.")
    owner = getattr(function, "__self__", None)
    if isinstance(function, (np.ufunc, type(np.sum))) or isinstance(owner, np.ufunc):
        return function
    if entry_of(function) is not None:
        return function  # which filing looks at
    stand_in = _StandIn()
    with suppress(Exception):
        function(*[stand_in] * required(function))
    for own in (function, getattr(function, "ufunc", None)):
        if own is not None and own in stand_in.asked:
            return own
    name = shown(function)
    inner = f": what it hands over is {name_of(stand_in.asked[0])}" if stand_in.asked else ""
    raise WrongRule(
        f"{name} does not hand its calls over to its arguments, so that a rule for it would never be found"
        f"{inner}.\n"
        "  If it is yours, write @tinygrad_edu.primitive(x=lambda g, x: …) in the line before its def;\n"
        "  otherwise call one of your own in its place: my_f = "
        f"tinygrad_edu.primitive(x=lambda g, x: …)({name})."
    )


def required(function: Callable[..., Any]) -> int:
    """How many arguments a function must be given by position; 1 if that cannot be told."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return 1
    kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    return sum(p.kind in kinds and p.default is p.empty for p in parameters) or 1


def shown(function: Any) -> str:
    """The name of a function, or what else was given."""
    return name_of(function) if hasattr(function, "__name__") else repr(function)
