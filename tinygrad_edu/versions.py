"""Versions of memory: who wrote in place, and when, so that no derivative is computed from values that changed."""

import weakref
from typing import Any

import numpy as np

from .errors import InPlaceError


class Writes:
    """Who wrote in place, and when: a count of all writes, and for each memory written to the count at its last write.

    A memory is known by its owner, the array at the end of the ``base`` chain, so that views and flat buffers share it.
    """

    def __init__(self) -> None:
        self.count = 0
        self._last: dict[int, tuple[int, Any]] = {}

    def mark(self, array: Any) -> None:
        """Note that the memory of an array changes."""
        self.count += 1
        owner = _owner(array)
        key = id(owner)
        known = self._last.get(key)
        forget = weakref.ref(owner, lambda _: self._last.pop(key, None)) if known is None else known[1]
        self._last[key] = (self.count, forget)

    def since(self, array: Any) -> int:
        """The count at the last write to the memory of an array, 0 if there was none."""
        return self._last.get(id(_owner(array)), (0,))[0]


def _owner(array: Any) -> Any:
    while (base := getattr(array, "base", None)) is not None and hasattr(base, "base"):  # an array, or what as_strided puts between
        array = base
    return array


WRITES = Writes()


def check_unchanged(node: Any) -> None:
    """Raise if a value that this node saved was written to after the node was made."""
    for value in node.saved or ():
        for array in value if isinstance(value, tuple) else (value,):
            if isinstance(array, np.ndarray) and WRITES.since(array) > node.version:
                raise InPlaceError(
                    f"{node.name}: a value of shape {array.shape} that its derivative needs was changed in place after the operation.\n"
                    "  Run the backward pass before the change, or write to a copy (x.detach().copy())."
                )
