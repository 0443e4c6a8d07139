"""Appended: lists of outside to which a step adds what it has made, ``losses.append(loss.item())``.

A list that has grown in a traced run is put out of reach in another one: what the step adds to it is noted,
and given to the list in every call.  The step may ask nothing of it, since a program would not see that.
"""

from collections.abc import Iterable
from typing import Any

from .files import PACKAGE
from .traced import who_asks


class Appended:
    """Stands for a list of outside in a run that is traced: it takes more items, and gives none.

    Attributes
    ----------
    added : list
        What the step has added.
    """

    def __init__(self, log: Any, held: list[Any], name: str) -> None:
        self._log, self.held, self.added, self.name = log, held, list[Any](), name

    def append(self, value: Any) -> None:
        """Add an item."""
        self.added.append(value)

    def extend(self, values: Iterable[Any]) -> None:
        """Add several."""
        self.added.extend(values)

    def __iadd__(self, values: Iterable[Any]) -> "Appended":  # type: ignore[misc]  # + asks for the items
        self.added.extend(values)
        return self

    @property  # type: ignore[misc]  # as of a traced array
    def __class__(self) -> Any:
        return Appended if who_asks().startswith(PACKAGE) else list

    def __getattr__(self, name: str) -> Any:
        raise self._log.refusal(f"The step looks into a list that it adds to, in {self._log.where()}.")

    def _asked(self, *_: Any) -> Any:
        return self.__getattr__("")

    __len__ = __iter__ = __bool__ = __getitem__ = __setitem__ = __delitem__ = __contains__ = _asked
    __add__ = __radd__ = __mul__ = __rmul__ = __imul__ = __reversed__ = __lt__ = __gt__ = __le__ = _asked
    __ge__ = __eq__ = __ne__ = __repr__ = __str__ = __format__ = __reduce_ex__ = __copy__ = _asked
    __deepcopy__ = _asked
    __hash__ = None  # type: ignore[assignment]  # as lists
