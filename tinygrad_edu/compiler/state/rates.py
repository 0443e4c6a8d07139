"""The rates and the counts of optimizers, where code asks for them: ``loss * optimizer.lr``, `equations`.

What `coefficients` makes of them is computed anew in every step.  Asked for elsewhere, they would be those of
the first step for ever.  So something stands in their place in a run that is traced, which refuses whatever
is done to it; the next run has what is there, as of a place that the step assigns to: see `assigned`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..program import Live
from ..trace.traced import values_of
from .counting import begin_of, is_ours
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


class Counting:
    """What optimizers do in Python while a run is traced: they count their steps, which is noted; and
    something stands for their rates and counts where others ask for them.
    """

    def __init__(self, log: Any, state: Any) -> None:
        self._log, self._outside = log, state.known
        groups = [group for optimizer in state.optimizers for group in optimizer.groups]
        self._packs = [pack for optimizer in state.optimizers for pack in packs_of(optimizer)]
        self._others = [vars(optimizer) for optimizer in state.optimizers if not packs_of(optimizer)]
        self._counts = {id(pack): [*pack.counts] for pack in self._packs}
        self._rates = {id(group): self._rate_of(Rate(group)) for group in groups}
        for pack in self._packs:
            pack.begin = partial(self._begin, pack)
            pack.state_of = partial(self._state_of, pack)
        for attributes in self._others:
            attributes["_state"] = self._refuse

    def end(self) -> None:
        """Have everything be there again, but the rates that the step has set."""
        for place, number, stands in self._rates.values():
            if type(stands) is Unread and place.get() is stands:
                place.put(number)
        for attributes in self._others:
            del attributes["_state"]
        for pack in self._packs:
            del pack.begin, pack.state_of
            pack.rows, pack.joint = [], False  # which name traced arrays

    def _begin(self, pack: Any, optimizer: Any, i: int | None) -> Any:
        """`Pack.begin`, which runs in every step; code of the user's gets what stands for the count."""
        place, number, stands = self._rates[id(pack.group)]
        if is_there := place.get() is stands:  # the step has not set it
            place.put(number)
        try:
            self._log.program.add(Live(begin_of(pack, optimizer, i), "begin", (pack, optimizer, i)))
            t = type(pack).begin(pack, optimizer, i)
        finally:
            if is_there:
                place.put(stands)
        return t if is_ours(optimizer, "update", "equations") else self._count(pack, i or 0)

    def _state_of(self, pack: Any, i: int) -> dict[str, Any]:
        """`Pack.state_of`, with what stands for the count."""
        return type(pack).state_of(pack, i) | {"steps": self._count(pack, i)}

    def _refuse(self) -> Any:
        """`Optimizer._state` of an optimizer whose steps are not traced."""
        where = self._log.where()
        raise self._log.refusal(
            f"The step asks for the state of an optimizer that is not traced, in {where}."
        )

    def _rate_of(self, place: Rate) -> tuple[Rate, Any, Any]:
        """The place of a rate, what it is, and what stands there from now on."""
        number = values_of(stands := place.get())
        if place.mark not in self._outside.read:
            place.put(stands := self._unread(place))
        return place, number, stands

    def _count(self, pack: Any, i: int) -> Any:
        """What stands for how many steps the i-th parameter of a pack has made by now."""
        place = Count(pack, i)
        if place.mark not in self._outside.read:
            return self._unread(place)
        return self._outside.places[place.mark].get() + (pack.counts[i] - self._counts[id(pack)][i])

    def _unread(self, place: Place) -> Unread:
        return Unread(self._log, place, _Noticed(self._outside, place))  # type: ignore[arg-type]
