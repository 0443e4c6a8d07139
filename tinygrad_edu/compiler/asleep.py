"""Asleep: what a compiled step needs only where somebody asks for it, as bytes until then.

A program of small calls takes several times as much memory in Python's objects as the step computes in.
"""

import io
import pickle
import zlib
from collections.abc import Sequence
from typing import Any

PLAIN = frozenset({type(None), bool, int, float, str, tuple, list, dict, set, slice, type(...)})
# How hard zlib looks for what is alike, and how far back, by its power of two; of much room it would clear
# more than it needs, which takes longer than all the rest.
FAST, WELL, NEAR, FAR, ROOM = 1, 6, 12, 15, 6


class Text(Sequence[str]):
    """A text, and its lines, as `linecache` looks at them.

    Parameters
    ----------
    text : str
    known : str, optional
        What is there anyway, and much of the text may be.
    """

    __slots__ = ("_bytes", "_known")

    def __init__(self, text: str, known: str = "") -> None:
        self._known = known
        window = FAR if known else NEAR
        made = zlib.compressobj(WELL, zlib.DEFLATED, window, ROOM, zdict=known.encode()[-(1 << FAR) :])
        self._bytes = made.compress(text.encode()) + made.flush()

    def __str__(self) -> str:
        made = zlib.decompressobj(zdict=self._known.encode()[-(1 << FAR) :])
        return made.decompress(self._bytes).decode()

    def __len__(self) -> int:
        return len(str(self).splitlines())

    def __getitem__(self, place: Any) -> Any:
        return str(self).splitlines(True)[place]


class Asleep:
    """Containers, numbers and texts as bytes; whatever else is in them stays the object that it is.

    Parameters
    ----------
    value : object
    *kinds : type
        Named tuples and the like that are containers, too.
    same : sequence of object, optional
        What stays what it is though it is a container, a number or a text.
    """

    __slots__ = ("_bytes", "_held")

    def __init__(self, value: Any, *kinds: type, same: Sequence[Any] = ()) -> None:
        stream = io.BytesIO()
        pickler = (_Choosing if same else _Pickler)(stream, PLAIN | {*kinds}, same)
        pickler.dump(value)
        made = zlib.compressobj(FAST, zlib.DEFLATED, NEAR, ROOM)
        self._held, self._bytes = pickler.held, made.compress(stream.getvalue()) + made.flush()

    def awake(self) -> Any:
        """The value, made anew."""
        return _Unpickler(io.BytesIO(zlib.decompress(self._bytes)), self._held).load()


# Methods of subclasses: Python 3.13.0 lets nobody set them as attributes.
class _Pickler(pickle.Pickler):
    """Writes where an object lies among those that are held, in the place of one that is no container."""

    def __init__(self, stream: io.BytesIO, plain: frozenset[type], same: Sequence[Any]) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)
        self.plain, self.held = plain, [*same]
        self.places = {id(part): i for i, part in enumerate(same)}

    def reducer_override(self, part: Any) -> Any:
        """It is asked of all but numbers, texts and containers of Python's."""
        if type(part) in self.plain or part is held:
            return NotImplemented
        self.held.append(part)
        return held, (len(self.held) - 1,)


class _Choosing(_Pickler):
    """Is asked of everything, which takes longer."""

    def persistent_id(self, part: Any) -> int | None:
        """Where it lies among those that are held; None if it does not, yet."""
        return self.places.get(id(part))


class _Unpickler(pickle.Unpickler):
    """Finds the objects that are held."""

    def __init__(self, stream: io.BytesIO, held: list[Any]) -> None:
        super().__init__(stream)
        self._held = held

    def persistent_load(self, place: int) -> Any:
        """An object that is held, by its place."""
        return self._held[place]

    def find_class(self, module: str, name: str) -> Any:
        return self._held.__getitem__ if name == held.__name__ else super().find_class(module, name)


def held(place: int) -> Any:
    """What bytes name in the place of an object that is held."""
    raise LookupError(place)
