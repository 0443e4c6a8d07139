"""Which arguments of a function are differentiated, and in which directions."""

from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

import numpy as np

from .errors import ArgumentError


def chosen(
    f: Callable[..., Any], argnums: int | Sequence[int], args: Any, kwargs: Any
) -> tuple[Callable[..., Any], list[Any], list[int]]:
    """f as a function of the arguments at argnums alone, those arguments, and their places."""
    if not is_number(argnums) and not (isinstance(argnums, Sequence) and all(map(is_number, argnums))):
        expected = "the place of a positional argument, a whole number, or a sequence of such"
        raise ArgumentError(f"argnums is {expected}; got {argnums!r}.")
    given = [argnums] if isinstance(argnums, (int, np.integer)) else list(argnums)
    numbers = [n % len(args) for n in given if -len(args) <= n < len(args)]
    if len(set(numbers)) < len(given):
        call = f"a call with {len(args)} positional arguments"
        raise ArgumentError(f"argnums={argnums} of {call}: each must name one of them, and only once.")

    def of_chosen(*values: Any) -> Any:
        places = dict(zip(numbers, values))
        return f(*(places.get(i, arg) for i, arg in enumerate(args)), **kwargs)

    return of_chosen, [args[n] for n in numbers], numbers


def is_number(argnums: Any) -> TypeGuard[int]:
    return isinstance(argnums, (int, np.integer)) and not isinstance(argnums, bool)


def check_directions(transform: str, primals: Any, tangents: Any) -> None:
    """Arguments and their directions come as two sequences of one length."""
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (list, tuple)):
            expected = f"a tuple or list, an entry for each argument of f; got {type(given).__name__}"
            single = f"A single one: ({name[:-1]},) with a comma."
            raise ArgumentError(f"{transform}: {name} is {expected}. {single}")
    if len(primals) != len(tangents):
        counts = f"{len(primals)} primals and {len(tangents)} tangents"
        raise ArgumentError(f"{transform}: every primal has one tangent; got {counts}.")
