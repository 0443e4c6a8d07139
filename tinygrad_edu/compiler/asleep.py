"""Asleep: what a compiled step needs only where somebody asks for it, as bytes until then.

A program of small calls takes several times as much memory in Python's objects as the step computes in.
"""

import io
import pickle
import zlib
from collections.abc import Sequence
from typing import Any

PLAIN = frozenset({type(None), bool, int, float, str, tuple, list, dict, set, slice, type(...)})


class Text(Sequence[str]):
    """A text, and its lines, as `linecache` looks at them."""

    def __init__(self, text: str) -> None:
        self._bytes = zlib.compress(text.encode())

    def __str__(self) -> str:
        return zlib.decompress(self._bytes).decode()

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
        Named tuples that are containers, too.
    """

    def __init__(self, value: Any, *kinds: type) -> None:
        plain, places, held, stream = PLAIN | {*kinds}, dict[int, int](), list[Any](), io.BytesIO()

        def place(part: Any) -> int | None:
            """Where an object lies that is no container of ours."""
            if type(part) in plain:
                return None
            if id(part) not in places:
                places[id(part)] = len(held)
                held.append(part)
            return places[id(part)]

        pickler = pickle.Pickler(stream, pickle.HIGHEST_PROTOCOL)
        pickler.persistent_id = place  # type: ignore[method-assign]
        pickler.dump(value)
        self._held, self._bytes = held, zlib.compress(stream.getvalue())

    def awake(self) -> Any:
        """The value, made anew."""
        pickler = pickle.Unpickler(io.BytesIO(zlib.decompress(self._bytes)))  # noqa: S301  # our own bytes
        pickler.persistent_load = self._held.__getitem__  # type: ignore[method-assign]
        return pickler.load()
