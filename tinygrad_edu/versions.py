"""Versions of memory: who wrote in place, and when, so that no derivative is computed from values that
changed.
"""

import weakref
from collections.abc import Iterable
from typing import Any

import numpy as np

from .errors import InPlaceError


class Writes:
    """Who wrote in place, and when: a count of all writes, and for each memory written to the count at its
    last write.

    A memory is known by its owner, the array at the end of the ``base`` chain, so that views and flat buffers
    share it.
    """

    def __init__(self) -> None:
        self.count = 0
        self._last: dict[int, int] = {}
        self._forget: dict[int, Any] = {}

    def memory(self, array: Any) -> int:
        """What the memory of an array is known by, as long as it lives."""
        owner = _owner(array)
        key = id(owner)
        if key not in self._last:
            self._forget[key] = weakref.ref(
                owner, lambda _: (self._last.pop(key, None), self._forget.pop(key, None))
            )
            self._last[key] = 0
        return key

    def mark(self, array: Any) -> None:
        """Note that the memory of an array changes."""
        key = self.memory(array)
        self.count += 1
        self._last[key] = self.count

    def mark_all(self, memories: Iterable[int]) -> None:
        """Note that several memories change, given by what `memory` said of each."""
        self.count = count = self.count + 1
        last = self._last
        for key in memories:
            last[key] = count

    def since(self, array: Any) -> int:
        """The count at the last write to the memory of an array, 0 if there was none."""
        return self._last.get(id(_owner(array)), 0)


def _owner(array: Any) -> Any:
    if type(array) is not np.ndarray:
        array = getattr(array, "_value", array)  # of what the compiler traces with
    while (base := getattr(array, "base", None)) is not None and hasattr(
        base, "base"
    ):  # an array, or what as_strided puts between
        array = base
    return array


class Settings:
    """Counts of changes of modes, settings and hooks, and of rates, for whoever has computed ahead."""

    def __init__(self) -> None:
        self.count = self.rates = 0


WRITES = Writes()
SETTINGS = Settings()


def check_unchanged(node: Any) -> None:
    """Raise if a value that this node saved was written to after the node was made."""
    for value in node.saved or ():
        for array in value if isinstance(value, tuple) else (value,):
            is_array = isinstance(array, np.ndarray) or hasattr(type(array), "__array_function__")
            if is_array and WRITES.since(array) > node.version:
                raise InPlaceError(
                    f"{node.name}: a value of shape {array.shape} that its derivative needs was changed in "
                    "place after the operation.\n"
                    "  Run the backward pass before the change, or write to a copy (x.detach().copy())."
                )
