"""Images, and weights as images."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import plain
from ..errors import ArgumentError, ShapeError, names_itself
from ..nn.module import Module
from ..tensor import Tensor
from .given import Array, numbers
from .grid import cells, columns_for
from .style import DIVERGING, INK, Axes, new_axes

MOST_AXES = 64  # images that have axes of their own, which take some milliseconds each
FINEST = 1200  # rows and columns of an image: more than its cell has pixels
WIDEST = 16.0  # inches of a mosaic
EDGE: dict[str, Any] = {"color": "#cccccc", "linewidth": 0.6}


@names_itself
def images(
    pictures: ArrayLike | Tensor,
    *,
    titles: Sequence[str] | None = None,
    ax: Axes = None,
    columns: int | None = None,
    cmap: str = INK,
) -> Axes:
    """A grid of images, each with a title of its own.

    Parameters
    ----------
    pictures : Tensor or array_like of shape (n, height, width) or (n, height, width, 3 or 4)
        Grey images, all on one scale; or colors, from 0 to 1, or whole numbers from 0 to 255 of any dtype.
        At most 1200 rows and columns of each are drawn.
    titles : sequence of str of length n, optional
    ax : matplotlib Axes, optional
        They become an invisible frame, of which the images are inset axes, ``ax.child_axes``; more than 64
        are one mosaic in it.
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
        If there is no column, or colors are on another scale.
    DTypeError
        If they are not of numbers.
    """
    array = numbers(pictures, "pictures")
    in_color = array.shape[-1:] in ((3,), (4,))
    one = array.ndim == 3 and in_color and min(array.shape[:2]) > 4  # (height, width, 3)
    if one or (array.ndim != 3 and not (array.ndim == 4 and in_color)):
        found = f"got shape {array.shape}.{_way_on(array.shape)}"
        raise ShapeError(f"expected (n, height, width), or (n, height, width, 3 or 4); {found}")
    titles = _titles(titles, len(array))
    columns = columns_for(len(array), columns)
    if array.ndim == 4:
        return _grid(_colors(array), ax, columns, titles, {})[0]
    finite = array if array.dtype.kind != "f" or np.isfinite(array.sum()) else array[np.isfinite(array)]
    scale = {"vmin": finite.min(), "vmax": finite.max()} if finite.size else {}
    return _grid(array, ax, columns, titles, {"cmap": cmap, **scale})[0]


def _titles(titles: Sequence[str] | None, number: int) -> list[str] | None:
    """The titles of so many images, if there are to be any."""
    if titles is None:
        return None
    listed = list(titles)
    if len(listed) != number:
        raise ShapeError(f"{len(listed)} titles for {number} images.")
    return listed


def _way_on(shape: tuple[int, ...]) -> str:
    """How to make images of an array that holds them in another form."""
    if len(shape) != 4:
        return " One image is image[None]." if len(shape) in (2, 3) else ""
    if 1 in (shape[1], shape[3]):
        return f" Grey images have no axis of channels: x{'[:, 0]' if shape[1] == 1 else '[..., 0]'}."
    return " Channels come last: x.transpose(0, 2, 3, 1)." if shape[1] in (3, 4) else ""


def _colors(array: Array) -> Array:
    """Colors as matplotlib takes them: floats from 0 to 1, or uint8."""
    if array.dtype == np.uint8 or not array.size:
        return array
    low, high = array.min(), array.max()
    whole = array.dtype.kind in "iu" or (high > 1 and bool((array == np.trunc(array)).all()))
    if whole and low >= 0 and high <= 255:
        return array.astype(np.uint8)
    if not whole and low >= -1e-3 and high <= 1 + 1e-3:  # what rounding makes of 0 and 1
        return np.clip(array.astype(np.float32), 0, 1)
    raise ArgumentError(
        f"colors are from 0 to 1, or whole numbers from 0 to 255; got {low:g} to {high:g}.\n"
        "  Those from 0 to 255 are x / 255; those of any other scale, (x - x.min()) / (x.max() - x.min()), "
        "or np.clip(x, 0, 1)."
    )


@names_itself
def weights(
    weight: Any,
    *,
    shape: tuple[int, int] | None = None,
    titles: Sequence[str] | None = None,
    ax: Axes = None,
    columns: int | None = None,
) -> Axes:
    """What each unit of a layer looks for: its weights as an image, blue where positive, red where negative.

    All images are on one scale, with white at 0 and the largest weight in full color; a bar beside them tells
    it.

    Parameters
    ----------
    weight : Module with a ``weight``, Tensor or array_like
        Its shape is (units, inputs), as that of `nn.Linear`; (units, height, width); or (units, channels,
        height, width), as that of `nn.Conv2d`, of which each channel is an image.
    shape : (int, int), optional
        Height and width of the image that the inputs of a unit are; it is a square by default.
    titles : sequence of str, optional
    ax : matplotlib Axes, optional
        They become an invisible frame, as those of `images` do.
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
    values = plain(getattr(weight, "weight", None) if isinstance(weight, Module) else weight, "weight")
    if values.dtype.kind not in "fiub":
        raise ArgumentError(f"expected numbers, or a layer with a weight; got {type(weight).__name__}.")
    if values.ndim == 4 and values.shape[1] > 1:
        columns = columns or values.shape[1]
    array = _as_images(values, shape)
    titles = _titles(titles, len(array))
    columns = columns_for(len(array), columns)
    limit = float(np.abs(array[np.isfinite(array)]).max(initial=0)) or 1.0
    frame, shown = _grid(array, ax, columns, titles, {"cmap": DIVERGING, "vmin": -limit, "vmax": limit})
    look = {"shrink": 0.7, "aspect": 30, "pad": 0.02, "format": "%.2g"}
    bar = frame.figure.colorbar(shown, ax=frame, ticks=[-limit, 0, limit], **look)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
    return frame


def _as_images(weight: Array, shape: tuple[int, int] | None) -> Array:
    """The weights of each unit, or of each channel of it, as an image: (images, height, width)."""
    array = weight
    if weight.ndim == 2:
        inputs = weight.shape[1]
        height, width = shape or (isqrt(inputs),) * 2
        if height * width != inputs:
            no_image = f"the {inputs} inputs of a unit are no image of {height} × {width}"
            raise ShapeError(f"{no_image}; give shape=(height, width).")
        array = weight.reshape(-1, height, width)
    elif weight.ndim == 4:
        array = weight.reshape(-1, *weight.shape[2:])
    if array.ndim != 3 or not array.size:
        expected = "(units, inputs), (units, height, width) or (units, channels, height, width)"
        raise ShapeError(f"expected {expected}; got shape {weight.shape}.")
    return array


def _grid(
    array: Array, ax: Axes, columns: int, titles: list[str] | None, look: dict[str, Any]
) -> tuple[Axes, Any]:
    """The frame, and the last of the images in it."""
    height, width = array.shape[1:3]
    size = 1.3 if titles is not None else 1.0 if len(array) <= 20 else 0.75
    tall = float(np.clip(height / max(width, 1), 0.3, 3))
    if len(array) > MOST_AXES:
        return _mosaic(array, ax, columns, titles, look, size)
    frame, inside = cells(ax, len(array), columns, size=(size, size * tall), titles=titles)
    shown, extent = None, (-0.5, width - 0.5, height - 0.5, -0.5)
    for cell, picture in zip(inside, array):
        shown = cell.imshow(_thinned(picture), extent=extent, interpolation="nearest", **look)
        cell.set(xticks=[], yticks=[])
        cell.spines[:].set(**EDGE)
    return frame, shown


def _thinned(picture: Array) -> Array:
    """The picture with no more rows and columns than are printed, chosen as in drawing it."""
    rows, columns = ((2 * np.arange(m := min(n, FINEST)) + 1) * n // (2 * m) for n in picture.shape[:2])
    return picture[rows[:, None], columns] if max(picture.shape[:2]) > FINEST else picture


def _mosaic(
    array: Array, ax: Axes, columns: int, titles: list[str] | None, look: dict[str, Any], size: float
) -> tuple[Axes, Any]:
    """The frame with all images as a single one, so that many are drawn as fast as few."""
    from matplotlib.collections import PolyCollection

    (number, height, width), rows = array.shape[:3], -(-len(array) // columns)
    gap = 1 + max(height, width) // 12
    above = gap if titles is None else gap + height // 4
    tall, wide = height + above, width + gap  # of a cell, whose image is at its lower left

    def tiled(pictures: Array) -> Array:
        colors = pictures.shape[3:]
        tiles = np.zeros((rows * columns, tall, wide, *colors), pictures.dtype)
        tiles[:number, above:, :width] = pictures
        tiles = tiles.reshape(rows, columns, tall, wide, *colors).swapaxes(1, 2)
        return tiles.reshape(rows * tall, columns * wide, *colors)

    inches = columns * size, rows * size * tall / wide
    frame = new_axes(ax, tuple(np.maximum(np.multiply(inches, min(1.0, WIDEST / max(inches))), 1.0)))
    frame.set_axis_off()
    filled = tiled(np.ones((number, height, width)))
    image = frame.imshow(tiled(array), alpha=filled, interpolation="nearest", **look)
    left, top = np.arange(number) % columns * wide - 0.5, np.arange(number) // columns * tall + above - 0.5
    corners = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    borders = list(np.moveaxis(np.array(corners), -1, 0))
    edges = {"edgecolors": EDGE["color"], "linewidths": EDGE["linewidth"]}
    frame.add_collection(PolyCollection(borders, facecolors="none", **edges))
    for x, y, title in zip(left + width / 2, top - above / 4, titles or ()):
        text = frame.text(x, y, title, fontsize="x-small", ha="center", va="bottom")
        text.set_in_layout(False)
    return frame, image
