"""Backends: what a compiled step runs as."""

import os
from typing import Any

import numpy as np

from ..errors import ArgumentError, TraceError
from .cache import compiler
from .inner import references_are_as_known
from .keeping import kept_in_place
from .labels import with_places
from .memories import NoLoop
from .native import NativeSource
from .numpy_source import Source
from .program import Program, Ref
from .simpler import simpler

BACKENDS = ("numpy", "c", "auto")


class Backend:
    """What makes the source of a program.

    Parameters
    ----------
    name : "numpy", "c" or "auto"
        "auto" is C where there is a compiler, and NumPy elsewhere.
    cache : path, default=None
        Where the libraries of "c" are kept.
    """

    def __init__(self, name: str, cache: str | os.PathLike[str] | None = None) -> None:
        if name not in BACKENDS:
            raise ArgumentError(f"backend must be one of {', '.join(map(repr, BACKENDS))}; got {name!r}.")
        if name == "c" and compiler() is None:
            raise TraceError(
                "backend='c' needs a C compiler, and there is none: install gcc or clang, set CC, or take "
                "backend='auto'."
            )
        self.name, self.cache = name, cache

    def source(
        self, program: Program, results: list[Ref], names: dict[Ref, str], arguments: list[Ref], title: str,
        gradients: dict[Ref, str], vectors: list[Any],
    ) -> Source:  # fmt: skip
        """The source of a program; see `Source`, and `kept_in_place`."""
        given = program, results, names, arguments, title
        if self.name == "numpy":
            return numpy_source(*given, gradients, vectors)
        why = ""
        if compiler() is None:
            why = "there is no C compiler"
        elif "raise" in np.geterr().values():
            why = "errors of floating-point numbers are to be raised"
        else:
            try:
                return native_source(*given, gradients, vectors, self.cache)
            except NoLoop as reason:
                why = str(reason)
            except TraceError as error:  # the compiler failed, or the folder is not safe
                if self.name == "c":
                    raise
                why = str(error)
        source = numpy_source(*given, gradients, vectors)
        source.why = why
        return source


def numpy_source(
    program: Program, results: list[Ref], names: dict[Ref, str], arguments: list[Ref], title: str,
    gradients: dict[Ref, str], vectors: list[Any],
) -> Source:  # fmt: skip
    """The source of a program as lines of NumPy."""
    program = program.copy()
    simpler(program, results)
    attempts = with_places(program)
    places, kept = kept_in_place(program, results, gradients, vectors)
    names = names | {place: program.inputs[place].name for place in program.inputs if place not in names}
    source = Source(program, [r for r in results if r not in places], names, arguments, title, attempts, kept)
    source.places = places
    program.forget(kept)
    return source


def native_source(
    program: Program, results: list[Ref], names: dict[Ref, str], arguments: list[Ref], title: str,
    gradients: dict[Ref, str], vectors: list[Any], cache: str | os.PathLike[str] | None,
) -> Source:  # fmt: skip
    """The source of a program in C; gradients stay in their places where it is all in C."""
    kept = program.copy()
    places, _ = kept_in_place(kept, results, gradients, vectors, by_out=False)
    if places and references_are_as_known():
        try:
            called = names | {place: kept.inputs[place].name for place in kept.inputs if place not in names}
            return NativeSource(kept, results, called, arguments, title, cache, places)
        except NoLoop:
            pass
    return NativeSource(program, results, names, arguments, title, cache)
