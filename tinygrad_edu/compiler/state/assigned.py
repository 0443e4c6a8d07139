"""Assigned: places of outside to which a step assigns, ``self.loss = loss``, ``count += 1``, ``d["t"] = t``.

What such a place holds before a call is one more argument of the program, and what it holds after the call
one more result, which is put there when the program has run.  So what the step reads of it before it assigns
is another one in every call, and what it reads after it is what the step has made.

What is no number is taken for what the step does not read: something stands there that refuses whatever is
done to it.  Where it is read, the next run has what is there.
"""

import types
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ...errors import TraceError
from ...nn.module import Module
from ...tensor import Tensor
from ..trace.traced import Traced, leaves_of
from ..trace.whose_code import is_of_the_user
from .appended import Length
from .asking import UNASKING
from .code import asks_unnoticed, loads
from .nested import is_free
from .places import CELL, GONE, SCALARS, SEARCHING, Attribute, Place, own_attributes
from .trusted import is_ours
from .unread import UNREAD, Unread, refuse_read


class Changed(TraceError):
    """A step has added to lists, or assigned to places, and changed nothing else.

    Attributes
    ----------
    changes : list of Change
    """

    changes: list["Change"]


class Change(NamedTuple):
    """Something that a step has changed, by its name in a message.

    Attributes
    ----------
    lists : list of list
        Those that it has added to.
    places : list of Place
        Those that it has assigned to.
    """

    name: str
    lists: list[list[Any]]
    places: list[Place]


class Outside:
    """What is known of a step before it is traced: what it changes of what is outside.

    Attributes
    ----------
    lists : dict of int to list
        Those that it adds to, by their identity.
    places : dict of tuple to Place
        Those that it assigns to, by their marks; and those that it only reads, and that change.
    read : set of tuple
        The marks of those that it reads before, as far as is known.
    lengths : dict of int to Length
        Those that it asks for, by the identity of the lists.
    """

    def __init__(self, read: Iterable[Place] = (), lists: dict[int, list[Any]] | None = None) -> None:
        self.lists = lists or {}
        self.places: dict[Any, Place] = {place.mark: place for place in read}
        self.read: set[Any] = {*self.places}
        self.lengths: dict[int, Length] = {}

    def know(self, run: Any) -> None:
        """Take note of what another run has changed."""
        self.lists |= {id(a.held): a.held for a in run.appended}
        self.places |= {place.mark: place for place in run.assigned}
        self.lengths |= {id(a.held): a.length for a in run.appended if a.length is not None}
        marks = {place.mark for place in [*run.assigned, *self.lengths.values()]}
        self.read |= {
            one.place.mark for one in run.layout.assigned if one.is_read and one.place.mark in marks
        }

    def learn(self, changes: list[Change]) -> bool:
        """Take note of changes; whether any of them was not known."""
        lists = {id(held): held for change in changes for held in change.lists}
        places = {place.mark: place for change in changes for place in change.places}
        is_new = not (lists.keys() <= self.lists.keys() and places.keys() <= self.places.keys())
        self.lists |= lists
        self.places |= places
        self.read |= {place.mark for place in places.values() if is_free(place.get())}
        return is_new

    def ask_for_length(self, held: list[Any], name: str) -> None:
        """Take note that a step asks for the length of a list to which it adds."""
        self.lengths[id(held)] = place = Length(name, held)
        self.read.add(place.mark)

    def of_optimizers(self) -> Iterator[Place]:
        """The rates and counts of optimizers that a step reads."""
        return (place for place in self.places.values() if place.of_optimizer)

    def absent(self) -> Iterator[Place]:
        """The places that are not there yet."""
        return (place for place in self.places.values() if place.get() is GONE)


class Assigned(NamedTuple):
    """A place that a step assigns to.

    Attributes
    ----------
    place : Place
    before : object
        What it held; `places.GONE` if it was not there.
    stands : object
        What stands for that in the run that is traced.
    form : object
        How that is nested; `UNREAD` if the step does not read it.
    first, last : int
        Its leaves among those of the arguments.
    """

    place: Place
    before: Any
    stands: Any
    form: Any
    first: int
    last: int

    def released(self) -> "Assigned":
        """Without the objects of the run that was traced."""
        return self._replace(before=GONE if self.before is GONE else None, stands=None)

    @property
    def is_read(self) -> bool:
        """Whether the step may read what was there."""
        return self.before is not GONE and self.form is not UNREAD

    def put_back(self) -> None:
        """Have the place hold what it held."""
        if self.before is not GONE:
            self.place.put(self.before)
        elif self.place.get() is not GONE:
            self.place.remove()


# ---- what a run has changed --------------------------------------------------------------------------------


def of_places(places: list[tuple[Place, Any]]) -> Iterator[Change]:
    """The places among those of a state that hold something else, and what they are."""
    for place, held in places:
        if not place.of_optimizer and (now := place.get()) is not held:
            may_be = not place.tells and now is not GONE and is_plain(place.key)
            yield Change(place.name, [], [place] if may_be else [])


def of_keys(name: str, container: dict[Any, Any], before: dict[Any, Any]) -> Change:
    """What has become of a dict whose length is another one: keys may have been added."""
    added = [*container][len(before) :]
    may_be = [*container][: len(before)] == [*before] and all(map(is_plain, added))
    return Change(name, [], [Place(f"{name}[{k!r}]", container, k) for k in added] if may_be else [])


def of_attributes(name: str, module: Module, before: list[Any]) -> Change:
    """What has become of a module whose attributes are others."""
    now = own_attributes(module)
    added = now[len(before) :]
    may_be = now[: len(before)] == before and all(map(is_plain, added)) and not is_ours(type(module))
    places = [Place(f"{name}.{k}", module, Attribute(k)) for k in added] if may_be else []
    return Change(name, [], places)


def is_plain(key: Any) -> bool:
    """Whether a step may assign to a place of this key: no name that Python itself looks at."""
    if key is CELL or type(key) is int:
        return True
    return isinstance(key, str) and not (key[:2] == "__" == key[-2:])


# ---- what it assigns ---------------------------------------------------------------------------------------


def refuse_new(one: Assigned, value: Any, is_there: Callable[[Any], bool]) -> None:
    """Raise if what a step assigns to a place cannot be made again by a program."""
    name = one.place.name
    if value is GONE:
        raise TraceError(f"The step deletes {name!r}, which it has assigned to. Do that outside of it.")
    if what := _strange(value, is_there):
        raise TraceError(
            f"The step assigns {what} to {name!r}, which would be the first step's for ever.\n"
            "  Assign tensors, arrays, numbers, texts, or lists, tuples and dicts of them."
        )
    old, new = one.before, value
    grows = one.is_read and type(old) is type(new) and type(new) in (list, tuple) and len(old) < len(new)
    if grows and any(a is b for a, b in zip(one.stands, new)):  # as of [*losses, loss]
        raise TraceError(
            f"The step makes {name!r} longer in every call: each length would be a trace of its own.\n"
            "  Add to a list, losses.append(loss.item()), and do not read it there."
        )


def _strange(value: Any, is_there: Callable[[Any], bool]) -> str:
    """What it is that a program cannot make; nothing if it can."""
    if type(value) is Unread:
        refuse_read(value)
    if isinstance(value, (Traced, Tensor, *SCALARS)) or type(value) is np.ndarray or is_there(value):
        return ""
    if type(value) in (list, tuple, dict) or (isinstance(value, tuple) and hasattr(value, "_fields")):
        parts = value.values() if type(value) is dict else value
        return next(filter(None, (_strange(part, is_there) for part in parts)), "")
    return f"a {type(value).__name__}"


def find_read(
    assigned: list[Assigned], codes: Collection[types.CodeType], state: Any, read: set[Any]
) -> None:
    """Raise if code that has run may have looked, as by ``is None``, at what stands in an unread place."""
    has_functions = any(id(function) in state.seen for function in UNASKING)
    if not (has_functions or any(asks_unnoticed(c) for c in codes if is_of_the_user(c.co_filename))):
        return
    loaded = {name for code in codes for name in loads(code)}
    searches = not state.names.isdisjoint(SEARCHING)
    for one in assigned:
        place = one.place
        is_item = type(place.key) is int or place.name.endswith("]")
        if one.form is UNREAD and (
            is_item or searches or (place.name if place.key is CELL else place.key) in loaded
        ):
            read.add(place.mark)
            raise TraceError(f"The step may read {place.name!r}, to which it also assigns.")


def refuse_graphs(assigned: list[tuple[Assigned, Any]]) -> None:
    """Raise if the next step would read what this one has recorded."""
    for one, value in assigned:
        if one.is_read and any(
            isinstance(leaf, Tensor) and leaf._node is not None for leaf in leaves_of(value)
        ):
            raise TraceError(
                f"The step assigns to {one.place.name!r} what needs a gradient, and the next one may read "
                "it: the graphs of steps would hang together. Assign its values: detach()."
            )
