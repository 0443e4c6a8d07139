"""Caches of functions, `functools.lru_cache`, which a traced run fills with what nobody may find there."""

import gc
from collections.abc import Collection
from typing import Any

from ...errors import TraceError
from ...tensor import Tensor
from ..trace.draws import TracedGenerator
from ..trace.traced import Traced
from .nested import flattened


class Filled(Exception):  # it is no error of the user's
    """A run has filled a cache and changed something else; everything is as it was before."""


class Caches:
    """The caches that a step can reach, each with what was in it when it was found."""

    def __init__(self) -> None:
        self.found: list[tuple[str, Any, Any]] = []

    def add(self, name: str, function: Any) -> None:
        self.found.append((name, function, function.cache_info()))

    def filled(self) -> list[tuple[str, Any, Any]]:
        """Those that a run has put something into."""
        return [one for one in self.found if one[1].cache_info().misses != one[2].misses]

    def refuse_filled(self, changes: Collection[Any]) -> None:
        """Raise if a run has filled some, and either changed something, which the function may have done
        that will not be called again, or computed what they hold.
        """
        filled = self.filled()
        if not changes and not any(holds_traced(function) for _, function, _ in filled):
            return
        for name, _, before in filled:
            if before.currsize:
                raise TraceError(
                    f"The step fills the cache of {name!r} (functools.lru_cache), and changes something or "
                    "keeps there what it computes. Call it with these arguments before the step."
                )
        raise Filled

    def restore(self) -> None:
        """Empty those that were empty before the run, or that hold what was traced in it."""
        for _, function, before in self.filled():
            if not before.currsize or holds_traced(function):
                function.cache_clear()


def cached(function: Any) -> dict[int, Any]:
    """What is in the cache of a function, by identity: emptied and filled again, it has others."""
    held = gc.get_referents(function)
    return {id(item): item for one in held for item in (one.values() if type(one) is dict else (one,))}


def holds_traced(function: Any) -> bool:
    """Whether what was traced is in the cache of a function."""
    held = gc.get_referents(function)
    leaves = [leaf for one in held for leaf in flattened(one)[0]]
    arrays = [leaf._array if isinstance(leaf, Tensor) else leaf for leaf in leaves]
    return any(isinstance(array, (Traced, TracedGenerator)) for array in arrays)
