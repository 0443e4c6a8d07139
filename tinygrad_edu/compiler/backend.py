"""Backends: what a compiled step runs as."""

import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError, TraceError
from .c.cache import compiler
from .c.native import NativeSource
from .loops.memories import NoLoop
from .memory.inner import references_are_as_known
from .numba.head import is_installed
from .numba.text import NumbaSource
from .passes.checks_first import clips_first
from .passes.keeping import kept_in_place
from .passes.labels import with_places
from .passes.later import later
from .passes.refill import refilled
from .passes.simpler import simpler
from .passes.spread import spread
from .program import Program, Ref
from .source.text import Source

BACKENDS = ("numpy", "c", "numba", "auto")
Given = tuple[Program, list[Ref], dict[Ref, str], list[Ref], str]  # what every source is made of


class Backend:
    """What makes the source of a program.

    Parameters
    ----------
    name : "numpy", "c", "numba" or "auto"
        "auto" is C where there is a compiler, else numba where that is installed, and else NumPy.
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
        if name == "numba" and not is_installed():
            raise TraceError(
                "backend='numba' needs numba, which is not installed: pip install 'tinygrad_edu[fast]', or "
                "take backend='auto'."
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
        try:
            source, why = self._of_loops(given, gradients, vectors)
        except NoLoop as reason:
            source, why = None, str(reason)
        source = source or numpy_source(*given, gradients, vectors)
        source.why = why
        return source

    def _of_loops(
        self, given: Given, gradients: dict[Ref, str], vectors: list[Any]
    ) -> tuple[Source | None, str]:
        """The source as loops, or None, and why it is not what was asked for."""
        if "raise" in np.geterr().values():
            return None, "errors of floating-point numbers are to be raised"
        why = []
        if self.name != "numba":
            try:
                if compiler() is not None:
                    made = functools.partial(NativeSource, cache=self.cache)
                    return native_source(*given, gradients, vectors, made), ""
                why.append("there is no C compiler")
            except TraceError as error:  # the compiler failed, or the folder is not safe
                if self.name == "c":
                    raise
                why.append(str(error))
        if self.name != "c":
            try:
                if is_installed():
                    return native_source(*given, gradients, vectors, NumbaSource), "; ".join(why)
                why.append("numba is not installed")
            except TraceError as error:
                if self.name == "numba":
                    raise
                why.append(str(error))
        return None, "; ".join(why)


def numpy_source(
    program: Program, results: list[Ref], names: dict[Ref, str], arguments: list[Ref], title: str,
    gradients: dict[Ref, str], vectors: list[Any],
) -> Source:  # fmt: skip
    """The source of a program as lines of NumPy."""
    program = program.copy()
    clips_first(program)
    simpler(program, results)
    attempts = with_places(program)
    refilled(program)
    spread(program)
    later(program, results)
    places, kept = kept_in_place(program, results, gradients, vectors)
    names = names | {place: program.inputs[place].name for place in program.inputs if place not in names}
    source = Source(program, [r for r in results if r not in places], names, arguments, title, attempts, kept)
    source.places = places
    program.forget(kept)
    return source


def native_source(
    program: Program, results: list[Ref], names: dict[Ref, str], arguments: list[Ref], title: str,
    gradients: dict[Ref, str], vectors: list[Any], made: Callable[..., NativeSource],
) -> Source:  # fmt: skip
    """The source of a program as loops; gradients stay in their places where it is nothing else."""
    program = program.copy()
    clips_first(program)
    kept = program.copy()
    places, _ = kept_in_place(kept, results, gradients, vectors, by_out=False)
    if places and references_are_as_known():
        try:
            called = names | {place: kept.inputs[place].name for place in kept.inputs if place not in names}
            return made(kept, results, called, arguments, title, places=places)
        except NoLoop:
            pass
    return made(program, results, names, arguments, title)
