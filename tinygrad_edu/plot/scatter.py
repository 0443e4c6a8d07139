"""Points of the plane in the colors of their classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import names_itself
from ..tensor import Tensor
from .given import Array, names_of, points_and_labels
from .style import Axes, color, legend_beside, legend_width, mark, new_axes, plane, tidy


@names_itself
def class_scatter(
    points: ArrayLike | Tensor,
    labels: ArrayLike | Tensor,
    *,
    classes: Sequence[Any] | None = None,
    axes: Sequence[str] = ("", ""),
    ax: Axes = None,
) -> Axes:
    """Points of the plane, each in the color of its class.

    Parameters
    ----------
    points : Tensor or array_like of shape (n, 2)
    labels : Tensor or array_like of int of shape (n,)
        The class of each point, from 0.
    classes : sequence, optional
        The names of the classes; by default their numbers.
    axes : (str, str), default=("", "")
        What is on the horizontal and on the vertical axis.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ShapeError
        If the points are not pairs, or the labels or names not as many.
    ArgumentError
        If a label is not a whole number from 0.
    """
    xy, whole = points_and_labels(points, labels)
    names = names_of(classes, 1 + whole.max())
    ax = new_axes(ax, (5.4 + legend_width(len(names)), 4.2))
    scatter(ax, xy, whole, names)
    low, high = bounds(xy)
    plane(ax, low, high)
    ax.set(xlabel=axes[0], ylabel=axes[1])
    tidy(ax, grid="both")
    legend_beside(ax)
    return ax


def scatter(ax: Axes, xy: Array, labels: Array, names: Sequence[str], *, size: float | None = None) -> None:
    """The points, class after class; the more there are, the smaller they are drawn."""
    area = size if size is not None else float(np.clip(9000 / len(xy), 6, 32))
    edge = 0.5 if area > 8 else 0.25
    for label in np.unique(labels):
        x, y = xy[labels == label].T
        look = {"color": color(label), "marker": mark(label), "label": names[label]}
        ax.scatter(x, y, s=area, edgecolors="white", linewidths=edge, **look)


def bounds(xy: Array) -> tuple[Array, Array]:
    """The lower left and the upper right corner of the picture: those of the points, and a margin."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    margin = np.maximum(high - low, 1e-6) * 0.08
    return low - margin, high + margin
