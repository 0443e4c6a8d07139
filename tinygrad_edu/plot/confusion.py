"""Which classes were taken for which."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ShapeError
from .style import SHARES, names_of, new_axes, plain


def confusion_matrix(counts: ArrayLike, *, classes: Sequence[Any] | None = None, ax: Any = None) -> Any:
    """How often each true class (rows) was taken for each class (columns); darker is a larger part of the row.

    Zeros are left blank, so that what was confused stands out.

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
        If the matrix is not square, or the names are not as many as its rows.
    """
    matrix = plain(counts)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ShapeError(f"confusion_matrix: expected a square matrix of counts, got shape {matrix.shape}.")
    count = len(matrix)
    names = names_of("confusion_matrix", classes, count)
    if len(names) != count:
        raise ShapeError(f"confusion_matrix: {len(names)} names for {count} classes.")
    side = float(np.clip(1.6 + 0.42 * count, 3.2, 9))
    ax = new_axes(ax, (side, side))
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)  # a class without examples is a blank row
    ax.imshow(np.sqrt(shares), cmap=SHARES, vmin=0, vmax=1.15)  # the root, so that single mistakes are seen
    digits = len(f"{matrix.max(initial=0):g}")
    size = float(np.clip(220 / max(count, 1) / (0.62 * max(digits, 2)), 4, 11))
    for (row, column), value in np.ndenumerate(matrix):
        if value:
            dark = shares[row, column] > 0.4
            ax.text(column, row, f"{value:g}", ha="center", va="center", fontsize=size, color="white" if dark else "black")
    places = np.arange(count)
    ax.set(xlabel="predicted", ylabel="true")
    long = sum(map(len, names)) > 30
    ax.set_xticks(places, names, rotation=40 if long else 0, ha="right" if long else "center", rotation_mode="anchor")
    ax.set_yticks(places, names)
    ax.set_xticks(places[1:] - 0.5, minor=True)
    ax.set_yticks(places[1:] - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1.2)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
    return ax
