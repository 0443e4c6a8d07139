"""What arguments may be: checks that the functions of this folder share.

Messages are bare: `names_itself` begins them with the function that was called.
"""

from collections.abc import Collection, Iterable, Mapping
from operator import index
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import plain
from ..errors import ArgumentError, DTypeError, ShapeError, StateError
from ..files import printable

Rng = np.random.Generator | int | None


def values_of(given: Any) -> NDArray[Any]:
    """The ndarray that `plain` makes of an argument."""
    try:
        return plain(given, "")
    except (DTypeError, ShapeError) as error:
        error.args = (str(error).removeprefix(": "),)
        raise


def whole(name: str, value: Any, least: int) -> int:
    """The value, if it is a whole number and large enough; a boolean is none."""
    try:
        number = index(value)
    except TypeError:
        number = least - 1
    if number < least or isinstance(value, (bool, np.bool)):
        raise ArgumentError(f"{name} is a whole number, at least {least}; got {value!r}.")
    return number


def deviation(name: str, value: float) -> float:
    """The value, if it can be a standard deviation."""
    if not 0 <= value < np.inf:
        raise ArgumentError(f"{name} is a finite number, 0 or more; got {value!r}.")
    return value


def shapes_of(arrays: Iterable[NDArray[Any]], separator: str = ", ") -> str:
    """The shapes of arrays as text."""
    return separator.join(str(array.shape) for array in arrays)


# ---- states that are loaded --------------------------------------------------------------------------------


def wrong_names(state: Mapping[str, Any], names: Collection[str]) -> list[str]:
    """What a state lacks, and what it has beside the names that it should have."""
    missing = [f"missing: {name}" for name in names if name not in state]
    return missing + [f"unexpected: {printable(str(name), 80)}" for name in state if name not in names]


def refuse_state(who: str, problems: list[str]) -> None:
    """Raise a StateError that lists the problems, if there are any."""
    if problems:
        listed = "".join(f"\n  {problem}" for problem in problems)
        raise StateError(f"{who}.load_state_dict: the state does not fit, and nothing was loaded:{listed}")
