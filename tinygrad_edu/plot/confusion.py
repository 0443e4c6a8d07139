"""Which classes were taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ArgumentError, ShapeError, names_itself
from .given import Array, names_of, numbers
from .style import SHARES, Axes, new_axes

MOST_TEXTS = 15  # rows of counts that are written as texts; a text takes a millisecond or more
SMALLEST = 2.0  # points for a count, below which none are written: they would cover each other
HEIGHT = 0.73  # of a digit, as a part of the size of the font


@names_itself
def confusion_matrix(counts: ArrayLike, *, classes: Sequence[Any] | None = None, ax: Axes = None) -> Axes:
    """How often each true class (rows) was taken for each class (columns); darker is more of the row.

    Zeros are left blank, so that what was confused stands out.  Of so many classes that numbers could not be
    read, colors alone are drawn.

    Parameters
    ----------
    counts : array_like of int of shape (c, c)
    classes : sequence of length c, optional
        The names of the classes; by default their numbers.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ShapeError
        If the matrix is not square, has no rows, or the names are not as many.
    ArgumentError
        If a count is below 0 or not finite.
    """
    matrix = numbers(counts, "counts")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        advice = " Of labels, train.metrics.confusion_matrix makes it." if matrix.ndim == 1 else ""
        raise ShapeError(f"expected a square matrix of counts, got shape {matrix.shape}.{advice}")
    if not (matrix >= 0).all() or np.isinf(matrix).any():
        found = "a NaN, an infinity or a negative one is among them"
        raise ArgumentError(f"counts are numbers of at least 0; {found}.")
    names = names_of(classes, len(matrix))
    if len(names) != len(matrix):
        raise ShapeError(f"{len(names)} names for {len(matrix)} classes.")
    side = float(np.clip(1.6 + 0.42 * len(matrix), 3.2, 9))
    ax = new_axes(ax, (side, side))
    # A class without examples is a blank row.  The root of the shares is drawn, so that single mistakes show.
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    ax.imshow(np.sqrt(shares), cmap=SHARES, vmin=0, vmax=1.15)
    _write_counts(ax, matrix, np.where(shares > 0.4, "white", "black"))
    _label(ax, names)
    return ax


def _write_counts(ax: Axes, matrix: Array, inks: Array) -> None:
    """The counts as numbers in their cells, as large as there is room."""
    digits = len(f"{matrix.max(initial=0):g}")
    room = 220 / len(matrix) / (0.62 * max(digits, 2))
    size = float(np.clip(room, 4, 11))
    if len(matrix) <= MOST_TEXTS:
        for row, column in np.argwhere(matrix):
            text = f"{matrix[row, column]:g}"
            ax.text(column, row, text, ha="center", va="center", fontsize=size, color=inks[row, column])
    elif room > SMALLEST:
        _outlined(ax, matrix, inks, size)


def _label(ax: Axes, names: list[str]) -> None:
    """The names of the classes on both axes, and white lines between the cells."""
    places, lines = np.arange(len(names)), {"colors": "white", "linewidths": 1.2}
    turned = {"rotation": 40, "ha": "right"} if sum(map(len, names)) > 30 else {}
    ax.set(xlabel="predicted", ylabel="true")
    ax.set_xticks(places, names, rotation_mode="anchor", **turned)
    ax.set_yticks(places, names)
    ax.hlines(places[1:] - 0.5, -0.5, len(names) - 0.5, **lines)
    ax.vlines(places[1:] - 0.5, -0.5, len(names) - 0.5, **lines)
    ax.tick_params(length=0, labelsize=float(np.clip(400 / len(names), 4, 10)))
    ax.spines[:].set_visible(False)


def _outlined(ax: Axes, matrix: Array, inks: Array, size: float) -> None:
    """The counts as one collection of outlines: many of them are drawn as fast as few."""
    from matplotlib.collections import PathCollection

    places = np.argwhere(matrix)
    texts = [f"{matrix[row, column]:g}" for row, column in places]
    distinct = sorted(set(texts))
    outline = dict(zip(distinct, _outlines(distinct, size)))
    where = {"offsets": places[:, ::-1], "offset_transform": ax.transData, "zorder": 3}
    colors = inks[tuple(places.T)]
    drawn = PathCollection([outline[text] for text in texts], facecolors=colors, linewidths=0, **where)
    drawn.set_transform(ax.figure.dpi_scale_trans)
    drawn.set_in_layout(False)
    ax.add_collection(drawn, autolim=False)


def _outlines(texts: list[str], size: float) -> list[Any]:
    """The outlines of texts around the origin, in inches, put together of those of their characters."""
    from matplotlib.path import Path
    from matplotlib.textpath import TextPath

    def drawn(text: str) -> Any:
        return TextPath((0, 0), text, size=size / 72)

    character = {c: drawn(c) for c in sorted(set("".join(texts)))}
    end = drawn("0").get_extents().x1
    advance = {c: drawn(f"{c}0").get_extents().x1 - end for c in character}
    outlines = []
    for text in texts:
        starts = np.cumsum([0.0, *(advance[c] for c in text)])
        middle = np.array([starts[-1], size / 72 * HEIGHT]) / 2
        vertices = [character[c].vertices + np.array([start, 0.0]) - middle for c, start in zip(text, starts)]
        outlines.append(Path(np.concatenate(vertices), np.concatenate([character[c].codes for c in text])))
    return outlines
