"""``python -m tinygrad_edu compile FILE:FUNCTION``: the command runs a file, and prints what is compiled."""

import contextlib
import runpy
import sys
from pathlib import Path

from ..errors import ArgumentError
from .compiled import Compiled
from .step import MADE


class PlaceError(ArgumentError):
    """A place at which there is no compiled function, which the command says without a traceback."""


def compiled_in(place: str) -> Compiled:
    """The compiled function of a file, after the file has run as a program.

    Parameters
    ----------
    place : str
        The file and the function, ``examples/xor.py:step``; of several functions of this name the last one.

    Raises
    ------
    PlaceError
        If there is no such file, or it compiles no function of this name, or does not call it.
    """
    file, _, name = place.rpartition(":")
    if not file:
        raise PlaceError(f"expected FILE:FUNCTION, such as examples/xor.py:step; got {place!r}.")
    if not Path(file).is_file():
        raise PlaceError(f"there is no file {file!r}.")
    made: list[Compiled] = []
    token, arguments, folders = MADE.set(made), sys.argv, list(sys.path)
    sys.argv = [file]
    sys.path.insert(0, str(Path(file).resolve().parent))  # as where Python runs it
    try:
        with contextlib.redirect_stdout(sys.stderr):
            runpy.run_path(file, run_name="__main__")
    finally:
        MADE.reset(token)
        sys.argv, sys.path[:] = arguments, folders
    named = [compiled for compiled in reversed(made) if getattr(compiled.function, "__name__", "") == name]
    for compiled in named:
        if compiled.specializations:
            return compiled
    if named:
        raise PlaceError(
            f"{file} compiles {name}, and has no call that was traced. The file runs as a program: "
            "call it there."
        )
    names = ", ".join(sorted({getattr(compiled.function, "__name__", "?") for compiled in made}))
    raise PlaceError(
        f"{file} compiles no function {name!r}; it has {names or 'none'}. Decorate it with "
        "@tinygrad_edu.compile."
    )
