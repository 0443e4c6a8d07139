"""Images, and weights as images."""

from collections.abc import Sequence
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ArgumentError, ShapeError
from ..nn.module import Module
from ..tensor import Tensor
from .grid import cells, columns_for
from .style import DIVERGING, INK, plain


def images(pictures: ArrayLike | Tensor, *, titles: Sequence[str] | None = None, ax: Any = None, columns: int | None = None, cmap: str = INK) -> Any:
    """A grid of images, each with a title of its own.

    Parameters
    ----------
    pictures : Tensor or array_like of shape (n, height, width), or (n, height, width, 3) or (n, height, width, 4)
        Grey images, all on one scale, or colors as matplotlib takes them.
    titles : sequence of str of length n, optional
    ax : matplotlib Axes, optional
        Becomes an invisible frame, of which the images are inset axes: ``ax.child_axes``.
    columns : int, at least 1, optional
        By default about as many as rows.
    cmap : str, default="gray_r"
        Colors of grey images; ink on paper by default.

    Returns
    -------
    matplotlib Axes
        The frame.

    Raises
    ------
    ShapeError
        If these are not images, or the titles are not as many.
    ArgumentError
        If there is no column.
    """
    array = plain(pictures)
    if array.ndim != 3 and not (array.ndim == 4 and array.shape[-1] in (3, 4)):
        raise ShapeError(f"images: expected (n, height, width), or (n, height, width, 3 or 4); got shape {array.shape}. One image is image[None].")
    if titles is not None and len(titles) != len(array):
        raise ShapeError(f"images: {len(titles)} titles for {len(array)} images.")
    columns = columns_for("images", len(array), columns)
    scale = {"vmin": array.min(), "vmax": array.max(), "cmap": cmap} if array.ndim == 3 and array.size else {}
    return _grid(array, ax, columns, titles, scale)[0]


def weights(
    weight: Any, *, shape: tuple[int, int] | None = None, titles: Sequence[str] | None = None, ax: Any = None, columns: int | None = None
) -> Any:
    """What each unit of a layer looks for: its weights as an image, blue where they are positive, red where they are negative.

    All images are on one scale, with white at 0 and the largest weight in full color; a bar beside them tells it.

    Parameters
    ----------
    weight : Module with a ``weight``, Tensor or array_like
        Of shape (units, inputs), as of `nn.Linear`; (units, height, width); or (units, channels, height, width), as of
        `nn.Conv2d`, of which each channel is an image.
    shape : (int, int), optional
        Height and width of the image that the inputs of a unit are; by default a square.
    titles : sequence of str, optional
    ax : matplotlib Axes, optional
        Becomes an invisible frame, of which the images are inset axes: ``ax.child_axes``.
    columns : int, at least 1, optional
        By default about as many as rows; of several channels, one column for each.

    Returns
    -------
    matplotlib Axes
        The frame.

    Raises
    ------
    ShapeError
        If the weights do not have such a shape, or the titles are not as many as the images.
    ArgumentError
        If there is no column, or a module without weights.
    """
    array = plain(getattr(weight, "weight", None) if isinstance(weight, Module) else weight)
    if array.dtype.kind not in "fiub":
        raise ArgumentError(f"weights: expected numbers, or a layer with a weight; got {type(weight).__name__}.")
    given = array.shape
    if array.ndim == 2:
        height, width = shape or (isqrt(given[1]),) * 2
        if height * width != given[1]:
            raise ShapeError(f"weights: the {given[1]} inputs of a unit are no image of {height} × {width}; give shape=(height, width).")
        array = array.reshape(-1, height, width)
    elif array.ndim == 4:
        columns = columns or (given[1] if given[1] > 1 else None)
        array = array.reshape(-1, *given[2:])
    if array.ndim != 3 or not array.size:
        raise ShapeError(f"weights: expected (units, inputs), (units, height, width) or (units, channels, height, width); got shape {given}.")
    if titles is not None and len(titles) != len(array):
        raise ShapeError(f"weights: {len(titles)} titles for {len(array)} images.")
    columns = columns_for("weights", len(array), columns)
    limit = float(np.abs(array).max()) or 1.0
    frame, shown = _grid(array, ax, columns, titles, {"cmap": DIVERGING, "vmin": -limit, "vmax": limit})
    bar = frame.figure.colorbar(shown, ax=frame, shrink=0.7, aspect=30, pad=0.02, ticks=[-limit, 0, limit], format="%.2g")
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
    return frame


def _grid(array: Any, ax: Any, columns: int, titles: Sequence[str] | None, settings: dict[str, Any]) -> tuple[Any, Any]:
    """The frame, and the last of the images in it."""
    height, width = array.shape[1:3]
    size = 1.3 if titles is not None else 1.0 if len(array) <= 20 else 0.75
    tall = float(np.clip(height / max(width, 1), 0.3, 3))
    frame, inside = cells(ax, len(array), columns, size=(size, size * tall), titles=titles)
    shown = None
    for cell, picture in zip(inside, array):
        shown = cell.imshow(picture, interpolation="nearest", **settings)
        cell.set(xticks=[], yticks=[])
        cell.spines[:].set(color="#cccccc", linewidth=0.6)
    return frame, shown
