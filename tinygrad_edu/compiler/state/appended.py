"""Appended: lists and deques of outside to which a step adds what it has made, ``losses.append(loss)``.

A list that has grown in a traced run is put out of reach in another one: what the step adds to it is noted,
and given to the list in every call.  The step may ask for the items that it has added, and how long the list
is, which is another number in every call; nothing else, since a program would not see that.
"""

from collections.abc import Callable, Iterable
from typing import Any

from ..trace.traced import Traced, values_of, who_asks
from ..trace.whose_code import PACKAGE
from .places import Place

LENGTH = "the length of a list"


class Length(Place):
    """The length of a list, as a place that holds a number; something may stand for that."""

    __slots__ = ("_stands",)

    def __init__(self, name: str, container: list[Any]) -> None:
        super().__init__(f"len({name})", container, LENGTH)
        self._stands: Any = None

    def text(self, name: Callable[..., str]) -> str:
        """An expression for it."""
        return f"len({name(self.container, 'h')})"

    def get(self) -> Any:
        """It, or what stands for it."""
        return len(self.container) if self._stands is None else self._stands

    def put(self, value: Any) -> None:
        """Have something stand for it, or nothing any more."""
        self._stands = None if type(value) is int else value


class Appended:
    """Stands for a list of outside in a run that is traced: it takes more items, and gives none.

    Attributes
    ----------
    added : list
        What the step has added.
    length : number or None
        How long the list was before, if that is known to matter.
    """

    def __init__(self, log: Any, held: list[Any], name: str, outside: Any) -> None:
        self._log, self.held, self.added, self.name = log, held, list[Any](), name
        self.length, self._outside = outside.lengths.get(id(held)), outside

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
        return Appended if who_asks().startswith(PACKAGE) else type(self.held)

    def long(self) -> Any:
        """How long it is now, which is another number in every call; of a deque, which may be full, none."""
        if type(self.held) is not list:
            self._asked()
        if self.length is None:
            self._outside.ask_for_length(self.held, self.name)
            self._asked()
        return self.length.get() + len(self.added)

    def __bool__(self) -> bool:
        if type(self.held) is not list:
            self._asked()
        return bool(self.added) or bool(self.long() > 0)

    def __getitem__(self, key: Any) -> Any:
        if type(self.held) is not list:
            self._asked()
        if type(key) is int and -len(self.added) <= key < 0:
            return self.added[key]
        if isinstance(key, Traced) or type(key) is int:
            place = key - (self.long() - len(self.added))
            if values_of(place) in range(len(self.added)) and place == values_of(place):
                return self.added[values_of(place)]
        return self._asked()

    def __getattr__(self, name: str) -> Any:
        kind = type(self.held).__name__
        raise self._log.refusal(f"The step looks into a {kind} that it adds to, in {self._log.where()}.")

    def _asked(self, *_: Any) -> Any:
        return self.__getattr__("")

    __len__ = __iter__ = __setitem__ = __delitem__ = __contains__ = _asked
    __add__ = __radd__ = __mul__ = __rmul__ = __imul__ = __reversed__ = __lt__ = __gt__ = __le__ = _asked
    __ge__ = __eq__ = __ne__ = __repr__ = __str__ = __format__ = __reduce_ex__ = __copy__ = _asked
    __deepcopy__ = _asked
    __hash__ = None  # type: ignore[assignment]  # as lists
