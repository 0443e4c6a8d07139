"""Pictures: learning curves, a confusion matrix, decision regions, a grid of images.

Every function draws on the axes that it is given (``ax=``), or else on those of a new figure, and returns them, so that the
pictures of a lesson are put together as any others of matplotlib.  matplotlib is imported when it is first needed; the rest of
the package does without.

    figure, (left, right) = plt.subplots(1, 2)
    plot.loss_curve({"training": losses, "held-out": held_out}, ax=left)
    plot.decision_regions(model, points, labels, ax=right)
    plot.save(figure, "lesson.png")
"""

import math
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .errors import ArgumentError, ShapeError
from .modes import no_grad
from .tensor import Tensor


def loss_curve(losses: ArrayLike | Mapping[str, ArrayLike], *, ax: Any = None, xlabel: str = "epoch", ylabel: str = "loss", log: bool = False) -> Any:
    """One line, or one for each name, of a value that changes in the course of training.

    Parameters
    ----------
    losses : array_like of shape (n,), or mapping of str to such
        The values after 1, 2, … epochs; the lines may have different lengths.
    ax : matplotlib Axes, optional
    xlabel : str, default="epoch"
    ylabel : str, default="loss"
    log : bool, default=False
        Whether the values are on a logarithmic scale.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ShapeError
        If a line is not one-dimensional.
    """
    lines = losses if isinstance(losses, Mapping) else {"": losses}
    values = {name: _plain(line) for name, line in lines.items()}
    for name, line in values.items():
        if line.ndim != 1:
            raise ShapeError(f"loss_curve draws sequences of numbers; {name or 'the losses'} have shape {line.shape}.")
    ax = _axes(ax)
    for name, line in values.items():
        ax.plot(np.arange(1, line.size + 1), line, label=name, marker="o" if line.size == 1 else None)
    if isinstance(losses, Mapping):
        ax.legend(frameon=False)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


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
    matrix = _plain(counts)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ShapeError(f"confusion_matrix: expected a square matrix of counts, got shape {matrix.shape}.")
    names = [str(name) for name in (range(len(matrix)) if classes is None else classes)]
    if len(names) != len(matrix):
        raise ShapeError(f"confusion_matrix: {len(names)} names for {len(matrix)} classes.")
    ax = _axes(ax)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)  # a class without examples is a blank row
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            ax.text(column, row, f"{count:g}", ha="center", va="center", color="white" if shares[row, column] > 0.5 else "black")
    places = np.arange(len(names))
    ax.set(xlabel="predicted", ylabel="true")
    ax.set_xticks(places, names)
    ax.set_yticks(places, names)
    ax.tick_params(length=0)
    return ax


def decision_regions(
    predict: Callable[[Any], Any], points: ArrayLike | Tensor, labels: ArrayLike | Tensor, *, ax: Any = None, resolution: int = 300
) -> Any:
    """Which class a model gives to every point of the plane, and the points that it was trained on.

    Parameters
    ----------
    predict : callable
        Maps points of shape (n, 2) to logits or probabilities of shape (n, c), or to logits of shape (n,) or (n, 1) of the second of two classes.  It
        is called without recording gradients; a model with dropout should be in ``eval()``.
    points : Tensor or array_like of shape (n, 2)
    labels : Tensor or array_like of int of shape (n,)
        From 0, as the columns of the logits; class k is drawn in the k-th color of matplotlib's cycle of ten.
    ax : matplotlib Axes, optional
    resolution : int, at least 2, default=300
        How many points are evaluated along each axis.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ShapeError
        If the points are not pairs, or the labels not as many.
    """
    from matplotlib.colors import to_rgba_array

    xy, classes = _plain(points), _plain(labels)
    if xy.ndim != 2 or xy.shape[1] != 2 or classes.shape != xy.shape[:1] or not len(xy):
        raise ShapeError(f"decision_regions: expected points (n, 2) and labels (n,), n ≥ 1; got {xy.shape} and {classes.shape}.")
    if resolution < 2:
        raise ArgumentError(f"decision_regions: resolution is at least 2; got {resolution}.")
    low, high = xy.min(axis=0), xy.max(axis=0)
    margin = np.maximum(high - low, 1e-6) * 0.08
    xs, ys = (np.linspace(a, b, resolution, dtype=xy.dtype if xy.dtype.kind == "f" else None) for a, b in zip(low - margin, high + margin))
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)  # (resolution², 2)
    with no_grad():
        scores = _plain(predict(grid))
    two_classes = scores.size == len(grid)  # one logit for each point
    regions = (scores > 0).astype(int) if two_classes else scores.argmax(axis=1)
    regions = regions.reshape(resolution, resolution)
    ax = _axes(ax)
    colors = to_rgba_array([f"C{k % 10}" for k in range(1 + max(regions.max(), classes.max()))])
    ax.imshow(colors[regions], extent=(xs[0], xs[-1], ys[0], ys[-1]), origin="lower", alpha=0.25, interpolation="nearest")
    for label in np.unique(classes):
        x, y = xy[classes == label].T
        ax.scatter(x, y, s=14, color=colors[label], edgecolors="white", linewidths=0.4, label=str(label))
    return ax


def images(
    pictures: ArrayLike | Tensor, *, titles: Sequence[str] | None = None, ax: Any = None, columns: int | None = None, cmap: str = "gray_r"
) -> Any:
    """A grid of images, each with a title of its own.

    Parameters
    ----------
    pictures : Tensor or array_like of shape (n, height, width), or (n, height, width, 3) or (n, height, width, 4)
        Grey images, all on one scale, or colors as matplotlib takes them.
    titles : sequence of str of length n, optional
    ax : matplotlib Axes, optional
        Becomes an invisible frame, of which the images are inset axes.
    columns : int, at least 1, optional
        By default about as many as rows.
    cmap : str, default="gray_r"
        Colors of grey images; ink on paper by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ShapeError
        If these are not images, or the titles are not as many.
    ArgumentError
        If there is no column.
    """
    array = _plain(pictures)
    if array.ndim != 3 and not (array.ndim == 4 and array.shape[-1] in (3, 4)):
        raise ShapeError(f"images: expected (n, height, width), or (n, height, width, 3 or 4); got shape {array.shape}. One image is image[None].")
    if titles is not None and len(titles) != len(array):
        raise ShapeError(f"images: {len(titles)} titles for {len(array)} images.")
    if columns is not None and columns < 1:
        raise ArgumentError(f"images: columns is at least 1; got {columns}.")
    ax = _axes(ax)
    ax.set_axis_off()
    columns = columns or max(1, math.ceil(math.sqrt(len(array))))
    rows = max(1, math.ceil(len(array) / columns))
    used = (0.92, 0.92 if titles is None else 0.72)  # parts of a cell: the rest keeps neighbors apart and holds the title
    grey = {"cmap": cmap, "vmin": array.min(), "vmax": array.max()} if array.ndim == 3 and array.size else {}
    for i, picture in enumerate(array):
        left, bottom = (i % columns) / columns, 1 - (i // columns + 1) / rows
        cell = ax.inset_axes((left, bottom, used[0] / columns, used[1] / rows))
        cell.imshow(picture, **grey)
        cell.set(xticks=[], yticks=[])
        if titles is not None:
            cell.set_title(titles[i], fontsize="small", pad=3)
    return ax


def check_path(path: str | os.PathLike[str]) -> Path:
    """The path, if a picture can be saved there; meant to be called before long computations, and not only after.

    Parameters
    ----------
    path : str or path-like

    Raises
    ------
    ArgumentError
        If the folder does not exist or cannot be written to, the path is a folder, or its suffix names no format of matplotlib.
    """
    from matplotlib.backend_bases import FigureCanvasBase

    target = Path(path)
    if target.is_dir():
        raise ArgumentError(f"{target} is a folder; a picture needs the name of a file.")
    if not target.parent.is_dir():
        raise ArgumentError(f"{target} cannot be written: there is no folder {target.parent}.")
    if not os.access(target.parent, os.W_OK):
        raise ArgumentError(f"{target} cannot be written: no permission to write to {target.parent}.")
    formats = FigureCanvasBase.get_supported_filetypes()
    if target.suffix[1:].lower() not in formats:
        raise ArgumentError(f"{target}: the suffix of a picture is one of {', '.join(sorted(formats))}; got {target.suffix!r}.")
    return target


def save(figure: Any, path: str | os.PathLike[str], *, dpi: int = 150) -> Path:
    """Write a figure to a file, whole or not at all: an interrupted or failed write leaves the old file as it was.

    Parameters
    ----------
    figure : matplotlib Figure
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
        As `check_path`.
    """
    target = check_path(path)
    temporary = target.with_name(f".{target.stem}-{secrets.token_hex(4)}{target.suffix}")  # in the same folder: a file moves at once only there
    try:
        with open(temporary, "xb") as file:
            figure.savefig(file, format=target.suffix[1:].lower(), dpi=dpi)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return target


def _plain(values: Any) -> Any:
    """An ndarray, of a tensor or of anything that NumPy takes."""
    return values.detach().numpy() if isinstance(values, Tensor) else np.asarray(values)


def _axes(ax: Any) -> Any:
    """The given axes, or those of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]
