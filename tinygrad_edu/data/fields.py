"""Fields: what samples and batches consist of, each an array, or several in a tuple or dict.

A model of several inputs learns from fields such as ``(image, numbers)``, for ``model(image, numbers)``, or
``{"image": image, "numbers": numbers}``, for ``model(image=image, numbers=numbers)``.  They nest.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import plain
from ..errors import ArgumentError, ShapeError
from ..trees import flatten, labelled
from .checks import shapes_of

Field = Any  # an ndarray, or a tuple or dict of fields
Fields = tuple[Field, ...]


def is_several(given: Any) -> bool:
    """Whether something is several arrays: a dict, or a tuple that holds one; a tuple of numbers is one."""
    if isinstance(given, tuple):
        return any(getattr(value, "ndim", 0) > 0 or is_several(value) for value in given)
    return isinstance(given, Mapping)


def converted(what: str, given: Any, convert: Callable[[str, Any], NDArray[Any]]) -> Field:
    """A field, each array made by a function of its name, such as ``x['a']``, and of what was given."""
    if not is_several(given):
        return convert(what, given)
    if isinstance(given, Mapping):
        if not given:
            raise ArgumentError(f"{what} is an empty {type(given).__name__}, expected arrays in it.")
        return {key: converted(f"{what}[{key!r}]", value, convert) for key, value in given.items()}
    items = [converted(f"{what}[{i}]", value, convert) for i, value in enumerate(given)]
    return type(given)(*items) if hasattr(given, "_fields") else tuple(items)


def arrays_in(what: str, given: Any) -> Field:
    """A field, each array as `plain` makes it."""
    return converted(what, given, lambda name, array: plain(array, name))


def each(function: Callable[[Any], Any], field: Field) -> Field:
    """A function of every array of a field, in the places of these."""
    if type(field) is np.ndarray:
        return function(field)
    leaves, rebuild = flatten(field)
    return rebuild(map(function, leaves))


def joined(fields: list[Field]) -> Field:
    """Fields alike, of several batches, as one of all their rows."""
    _, rebuild = flatten(fields[0])
    return rebuild(map(np.concatenate, zip(*(flatten(field)[0] for field in fields))))


def named_arrays(fields: Fields, names: Any) -> list[tuple[str, NDArray[Any]]]:
    """The arrays of fields, each with its name, given those of the fields."""
    return [pair for name, field in zip(names, fields) for pair in labelled(name, field)]


def rows_of(field: Field) -> int:
    """How many rows the arrays of a field have, which have as many each."""
    while isinstance(field, (tuple, dict)):
        field = next(iter(field.values() if isinstance(field, dict) else field))
    return len(field)


def check_rows(fields: Fields, names: Any) -> None:
    """Raise a ShapeError unless all arrays have as many rows."""
    named = named_arrays(fields, names)
    if len({array.shape[:1] for _, array in named}) > 1:
        shapes = f"shapes {shapes_of(array for _, array in named)}"
        if len(named) > len(fields):
            shapes = ", ".join(f"{name} of shape {array.shape}" for name, array in named)
        raise ShapeError(f"every array has one row a sample, but theirs differ in number: {shapes}.")
