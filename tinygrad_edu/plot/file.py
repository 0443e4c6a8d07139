"""Pictures as files, whole or not at all."""

import os
from pathlib import Path
from typing import Any

from ..errors import ArgumentError


def check_path(path: str | os.PathLike[str]) -> Path:
    """The path, if a picture can be saved there; a long computation asks before it begins.

    Parameters
    ----------
    path : str or path-like

    Raises
    ------
    ArgumentError
        If the folder does not exist or cannot be written to, the path is a folder, or its suffix names no
        format of matplotlib.
    """
    from matplotlib.backend_bases import FigureCanvasBase

    if not isinstance(path, (str, os.PathLike)):
        raise ArgumentError(f"a picture is saved under a path, such as 'picture.png'; got {path!r:.60}.")
    target = Path(path)
    if target.is_dir():
        raise ArgumentError(f"{target} is a folder; a picture needs the name of a file.")
    if not target.parent.is_dir():
        raise ArgumentError(f"{target} cannot be written: there is no folder {target.parent}.")
    if not os.access(target.parent, os.W_OK):
        raise ArgumentError(f"{target} cannot be written: no permission to write to {target.parent}.")
    formats = FigureCanvasBase.get_supported_filetypes()
    if target.suffix[1:].lower() not in formats:
        allowed = ", ".join(sorted(formats))
        raise ArgumentError(f"{target}: the suffix of a picture is one of {allowed}; got {target.suffix!r}.")
    return target


def save(figure: Any, path: str | os.PathLike[str], *, dpi: int = 150) -> Path:
    """Write a figure to a file, whole or not at all: a write that fails leaves the old file as it was.

    Parameters
    ----------
    figure : matplotlib Figure or Axes
        What to write; axes stand for all of the figure that they are in.
    path : str or path-like
        The suffix chooses the format: .png, .svg, .pdf …
    dpi : int, default=150
        Dots per inch.

    Returns
    -------
    Path

    Raises
    ------
    ArgumentError
        As `check_path`, or if there is no figure.
    """
    if isinstance(figure, (str, os.PathLike)) and not isinstance(path, (str, os.PathLike)):
        call = f"plot.save(figure, {os.fspath(figure)!r:.80})"
        raise ArgumentError(f"save: the figure comes first, and then the path: {call}.")
    target = check_path(path)
    picture = getattr(figure, "figure", figure)  # of axes; a figure is its own
    if not hasattr(picture, "savefig"):
        expected = "a figure, or axes as the functions of plot return them"
        raise ArgumentError(f"save: expected {expected}; got {type(figure).__name__}.")
    from ..io.atomic import atomic_write

    with atomic_write(target) as file:
        picture.savefig(file, format=target.suffix[1:].lower(), dpi=dpi)
    return target
