"""``python -m tinygrad_edu compile FILE:FUNCTION``: the command runs a file, and prints what is compiled."""

import contextlib
import runpy
import sys
from pathlib import Path

from ..errors import ArgumentError
from .compiled import Compiled
from .step import MADE


def compiled_in(place: str) -> Compiled:
    """The compiled function of a file, after the file has run as a program.

    Parameters
    ----------
    place : str
        The file and the function, ``examples/xor.py:step``; of several functions of this name the last one.

    Raises
    ------
    ArgumentError
        If the file compiles no function of this name, or does not call it.
    """
    file, _, name = place.rpartition(":")
    if not file:
        raise ArgumentError(f"compile: expected FILE:FUNCTION, such as examples/xor.py:step; got {place!r}.")
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
    for compiled in reversed(made):
        if getattr(compiled.function, "__name__", "") == name and compiled.specializations:
            return compiled
    names = ", ".join(sorted({getattr(c.function, "__name__", "?") for c in made if c.specializations}))
    raise ArgumentError(
        f"compile: {file} compiles and calls no function {name!r}; it has {names or 'none'}. Decorate it "
        "with @tinygrad_edu.compile."
    )
