"""Which classes were taken for which."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ArgumentError, ShapeError
from .style import SHARES, names_of, new_axes, numbers

MOST_TEXTS = 15  # rows of counts that are written as texts; a text takes a millisecond or more
SMALLEST = 2.0  # points for a count, below which none are written: they would cover each other
HEIGHT = 0.73  # of a digit, as a part of the size of the font


def confusion_matrix(counts: ArrayLike, *, classes: Sequence[Any] | None = None, ax: Any = None) -> Any:
    """How often each true class (rows) was taken for each class (columns); darker is a larger part of the row.

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
    matrix = numbers(counts, "confusion_matrix")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ShapeError(
            "confusion_matrix: expected a square matrix of counts, got shape "
            f"{matrix.shape}.{_way_on(matrix)}"
        )
    if not (matrix >= 0).all() or np.isinf(matrix).any():
        raise ArgumentError(
            "confusion_matrix: counts are numbers of at least 0; a NaN, an infinity or a negative one is "
            "among them."
        )
    count = len(matrix)
    names = names_of("confusion_matrix", classes, count)
    if len(names) != count:
        raise ShapeError(f"confusion_matrix: {len(names)} names for {count} classes.")
    side = float(np.clip(1.6 + 0.42 * count, 3.2, 9))
    ax = new_axes(ax, (side, side))
    shares = matrix / np.maximum(
        matrix.sum(axis=1, keepdims=True), 1
    )  # a class without examples is a blank row
    ax.imshow(np.sqrt(shares), cmap=SHARES, vmin=0, vmax=1.15)  # the root, so that single mistakes are seen
    digits = len(f"{matrix.max(initial=0):g}")
    room = 220 / max(count, 1) / (0.62 * max(digits, 2))
    size = float(np.clip(room, 4, 11))
    inks = np.where(shares > 0.4, "white", "black")
    if count <= MOST_TEXTS:
        for row, column in np.argwhere(matrix):
            text = f"{matrix[row, column]:g}"
            ax.text(column, row, text, ha="center", va="center", fontsize=size, color=inks[row, column])
    elif room > SMALLEST:
        _outlined(ax, matrix, inks, size)
    places = np.arange(count)
    ax.set(xlabel="predicted", ylabel="true")
    long = sum(map(len, names)) > 30
    ax.set_xticks(
        places, names, rotation=40 if long else 0, ha="right" if long else "center", rotation_mode="anchor"
    )
    ax.set_yticks(places, names)
    ax.hlines(places[1:] - 0.5, -0.5, count - 0.5, colors="white", linewidths=1.2)
    ax.vlines(places[1:] - 0.5, -0.5, count - 0.5, colors="white", linewidths=1.2)
    ax.tick_params(length=0, labelsize=float(np.clip(400 / max(count, 1), 4, 10)))
    ax.spines[:].set_visible(False)
    return ax


def _way_on(matrix: Any) -> str:
    return " Of labels, train.metrics.confusion_matrix makes it." if matrix.ndim == 1 else ""


def _outlined(ax: Any, matrix: Any, inks: Any, size: float) -> None:
    """The counts as one collection of outlines: many of them are drawn as fast as few."""
    from matplotlib.collections import PathCollection

    places = np.argwhere(matrix)
    texts = [f"{matrix[row, column]:g}" for row, column in places]
    distinct = sorted(set(texts))
    outline = dict(zip(distinct, _outlines(distinct, size)))
    drawn = PathCollection(
        [outline[text] for text in texts],
        offsets=places[:, ::-1],
        offset_transform=ax.transData,
        facecolors=[inks[row, column] for row, column in places],
        linewidths=0,
        zorder=3,
    )
    drawn.set_transform(ax.figure.dpi_scale_trans)
    drawn.set_in_layout(False)
    ax.add_collection(drawn, autolim=False)


def _outlines(texts: list[str], size: float) -> list[Any]:
    """The outlines of texts around the origin, in inches, put together of those of their characters."""
    from matplotlib.path import Path
    from matplotlib.textpath import TextPath

    character = {c: TextPath((0, 0), c, size=size / 72) for c in sorted(set("".join(texts)))}
    end = TextPath((0, 0), "0", size=size / 72).get_extents().x1
    advance = {c: TextPath((0, 0), f"{c}0", size=size / 72).get_extents().x1 - end for c in character}
    outlines = []
    for text in texts:
        starts = np.cumsum([0.0, *(advance[c] for c in text)])
        middle = np.array([starts[-1], size / 72 * HEIGHT]) / 2
        vertices = [character[c].vertices + np.array([start, 0.0]) - middle for c, start in zip(text, starts)]
        outlines.append(Path(np.concatenate(vertices), np.concatenate([character[c].codes for c in text])))
    return outlines
