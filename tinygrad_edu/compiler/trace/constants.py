"""Constants: plain arrays, which a run has made of no traced one; a step is to find them as they were used.

What writes into one is refused where the log sees it, and so is one that NumPy alone has written into: by the
end of the run it holds something else than what was computed of.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ...errors import TraceError

TARGETS = ("a", "arr", "dst")  # what functions call the array that they write into
INSTEAD = (
    "Make it of an array of the step, by np.zeros_like(x, shape=…), or write y = y + x in place of y += x."
)


def target_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a function that returns nothing writes into: its first argument."""
    return args[0] if args else next((kwargs[name] for name in TARGETS if name in kwargs), None)


def why_not(function: str, array: Any, where: str) -> str:
    """Why a function may not write into a plain array."""
    return (
        f"{function} writes into a plain array of shape {array.shape}, which the compiled step would not "
        f"see, in {where}.\n  {INSTEAD}"
    )


class Constants:
    """The plain arrays that calls were given, and what they held."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, int, str]] = {}

    def note(self, given: Any, where: str) -> None:
        """Take note of those among the arguments of a call, in a line of the user's."""
        for array in _arrays_in(given):
            if id(array) not in self._known and not array.dtype.hasobject:
                self._known[id(array)] = array, hash(array.tobytes()), where

    def refuse_changed(self, packs: Iterable[Any]) -> None:
        """Raise if one holds something else by now; the numbers of optimizers are set in every step."""
        live = {id(one) for pack in packs for one in (*pack.numbers.scalars, *pack.decays.scalars)}
        for array, content, where in self._known.values():
            if id(array) not in live and hash(array.tobytes()) != content:
                raise TraceError(
                    f"A plain array of shape {array.shape}, from which the step computes in {where}, is "
                    "written into afterwards: every step would compute from what the first has left in it.\n"
                    f"  {INSTEAD}"
                )


def _arrays_in(tree: Any) -> Iterator[Any]:
    if type(tree) is np.ndarray:
        yield tree
    elif type(tree) in (list, tuple, dict):
        for part in tree.values() if type(tree) is dict else tree:
            yield from _arrays_in(part)
