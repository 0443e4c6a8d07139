"""The rates and the counts of optimizers, where code asks for them: ``loss * optimizer.lr``, `equations`.

What `coefficients` makes of them is computed anew in every step.  Asked for elsewhere, they would be those of
the first step for ever.  So something stands in their place in a run that is traced, which refuses whatever
is done to it; the next run has what is there, as of a place that the step assigns to: see `assigned`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..trace.traced import values_of
from .places import Place, packs_of
from .unread import Unread


class Rate(Place):
    """The rate of a group."""

    __slots__ = ()

    def __init__(self, group: Any) -> None:
        super().__init__("lr", vars(group), "lr", True)


class Count(Place):
    """How many steps a parameter has made, as a place that holds a number; something may stand for that."""

    __slots__ = ("_stands",)

    def __init__(self, pack: Any, i: int) -> None:
        super().__init__("t", pack, i, True)
        self._stands: Any = None

    def text(self, name: Callable[..., str]) -> str:
        """An expression for it."""
        return f"{name(self.container, 'pack')}.counts[{self.key}]"

    def get(self) -> Any:
        """It, or what stands for it."""
        return self.container.counts[self.key] if self._stands is None else self._stands

    def put(self, value: Any) -> None:
        """Have something stand for it, or nothing any more."""
        self._stands = None if type(value) is int else value


class _Noticed:
    """Gets the mark of a place that is read: the next run has what is there."""

    def __init__(self, outside: Any, place: Place) -> None:
        self._outside, self._place = outside, place

    def add(self, mark: Any) -> None:
        self._outside.places[mark] = self._place
        self._outside.read.add(mark)


class Rates:
    """What stands for the rates and the counts of optimizers while a run is traced."""

    def __init__(self, log: Any, state: Any) -> None:
        self._log, self._outside = log, state.known
        groups = [group for optimizer in state.optimizers for group in optimizer.groups]
        packs = [pack for optimizer in state.optimizers for pack in packs_of(optimizer)]
        self._counts = {id(pack): [*pack.counts] for pack in packs}
        self._rates = {id(group): self._rate_of(Rate(group)) for group in groups}

    def _rate_of(self, place: Rate) -> tuple[Rate, Any, Any]:
        """The place of a rate, what it is, and what stands there from now on."""
        number = values_of(stands := place.get())
        if place.mark not in self._outside.read:
            place.put(stands := self._unread(place))
        return place, number, stands

    def _unread(self, place: Place) -> Unread:
        return Unread(self._log, place, _Noticed(self._outside, place))  # type: ignore[arg-type]

    @contextmanager
    def are_there(self, group: Any) -> Iterator[None]:
        """A block in which the rate of a group is there, unless the step has set it."""
        place, number, stands = self._rates[id(group)]
        is_ours = place.get() is stands
        if is_ours:
            place.put(number)
        try:
            yield
        finally:
            if is_ours:
                place.put(stands)

    def count(self, pack: Any, i: int) -> Any:
        """What stands for how many steps the i-th parameter of a pack has made by now."""
        place = Count(pack, i)
        if place.mark not in self._outside.read:
            return self._unread(place)
        return self._outside.places[place.mark].get() + (pack.counts[i] - self._counts[id(pack)][i])

    def end(self) -> None:
        """Have the rates be there again, but for those that the step has set."""
        for place, number, stands in self._rates.values():
            if type(stands) is Unread and place.get() is stands:
                place.put(number)
