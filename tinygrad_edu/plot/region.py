"""What a classifier makes of the plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import plain
from ..errors import ArgumentError, ShapeError, names_itself
from ..modes import no_grad
from ..nn.mode import training_mode
from ..nn.module import Module
from ..tensor import Tensor
from .given import Array, names_of, points_and_labels
from .grid import cells, columns_for
from .scatter import bounds, scatter
from .style import PALETTE, Axes, legend_beside, legend_width, new_axes, plane

Classifier = Callable[[Any], Any]
CHUNK = 16384  # points that the classifier is asked about at once


@names_itself
def decision_regions(
    predict: Classifier,
    points: ArrayLike | Tensor,
    labels: ArrayLike | Tensor,
    *,
    ax: Axes = None,
    resolution: int = 300,
    probabilities: bool = False,
    classes: Sequence[Any] | None = None,
) -> Axes:
    """Which class a classifier gives to every point of the plane, and the points that it was trained on.

    Parameters
    ----------
    predict : callable
        A model, or any function of points of shape (n, 2).  What it returns is taken for

        * scores of each class, of shape (n, c): the highest wins.  They are probabilities if none is negative
          and the sum of every row is 1, otherwise logits.
        * one number for each point, of shape (n,) or (n, 1): a label if they are integers; the probability of
          the second of two classes if all are from 0 to 1; otherwise its logit.

        It is called with some thousand points at a time, without recording gradients, a `Module` in
        ``eval()``.
    points : Tensor or array_like of shape (n, 2)
    labels : Tensor or array_like of int of shape (n,)
        The class of each point, from 0, as the columns of the scores are.
    ax : matplotlib Axes, optional
    resolution : int, at least 2, default=300
        How many points are evaluated along each axis.
    probabilities : bool, default=False
        Whether a color fades with the probability of its class, to white where all are equally probable.
    classes : sequence, optional
        The names of the classes, for a legend.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ShapeError
        If the points are not pairs, the labels or names not as many, or the function returns something else.
    ArgumentError
        If the resolution is below 2, a point is not finite, a label not a whole number from 0, or a score
        NaN.
    """
    xy, whole = points_and_labels(points, labels)
    winners, certainty, (low, high) = _ask(predict, xy, resolution)
    names = names_of(classes, 1 + max(winners.max(), whole.max()))
    ax = new_axes(ax, (5.0 + (legend_width(len(names)) if classes is not None else 0), 4.2))
    _draw(ax, winners, certainty if probabilities else None, low, high)
    scatter(ax, xy, whole, names)
    if classes is not None:
        legend_beside(ax)
    return ax


@names_itself
def decision_grid(
    models: Sequence[Classifier] | Mapping[str, Classifier],
    points: ArrayLike | Tensor,
    labels: ArrayLike | Tensor,
    *,
    ax: Axes = None,
    columns: int | None = None,
    resolution: int = 150,
    probabilities: bool = False,
) -> Axes:
    """The decision regions of several models on the same points, side by side.

    Parameters
    ----------
    models : mapping of str to callable, or sequence of callable
        The classifiers, as `decision_regions` takes them; the names become titles.
    points : Tensor or array_like of shape (n, 2)
    labels : Tensor or array_like of int of shape (n,)
    ax : matplotlib Axes, optional
        They become an invisible frame, of which the pictures are inset axes: ``ax.child_axes``.
    columns : int, at least 1, optional
        By default about as many as rows.
    resolution : int, at least 2, default=150
    probabilities : bool, default=False

    Returns
    -------
    matplotlib Axes
        The frame.

    Raises
    ------
    ArgumentError
        If there is no model, or no column; and as `decision_regions`.
    ShapeError
        As `decision_regions` raises it.
    """
    xy, whole = points_and_labels(points, labels)
    if not models:
        raise ArgumentError("expected one model or more; got none.")
    columns = columns_for(len(models), columns)
    predictors = list(models.values()) if isinstance(models, Mapping) else list(models)
    answers = [_ask(predict, xy, resolution) for predict in predictors]
    titles = list(models) if isinstance(models, Mapping) else None
    low, high = bounds(xy)
    height = 2.2 * float(np.clip((high - low)[1] / (high - low)[0], 0.5, 1.5))
    frame, inside = cells(ax, len(predictors), columns, size=(2.2, height), titles=titles)
    names, size = names_of(None, 1 + whole.max()), float(np.clip(2000 / len(xy), 3, 12))
    for cell, (winners, certainty, corners) in zip(inside, answers):
        _draw(cell, winners, certainty if probabilities else None, *corners)
        scatter(cell, xy, whole, names, size=size)
        cell.set(xticks=[], yticks=[])
    return frame


def _ask(predict: Classifier, xy: Array, resolution: int) -> tuple[Array, Array, tuple[Array, Array]]:
    """Winning classes and their certainty on a grid, each (resolution, resolution), and its corners."""
    if resolution < 2:
        raise ArgumentError(f"resolution is at least 2; got {resolution}.")
    _check_callable(predict)
    low, high = bounds(xy)
    dtype = xy.dtype if xy.dtype.kind == "f" else None
    xs, ys = (np.linspace(a, b, resolution, dtype=dtype) for a, b in zip(low, high))
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)  # (resolution², 2)
    in_use = training_mode(predict, False) if isinstance(predict, Module) else nullcontext()
    with no_grad(), in_use:
        parts = [_scores(predict, grid[start : start + CHUNK]) for start in range(0, len(grid), CHUNK)]
    winners, certainty = (x.reshape(resolution, resolution) for x in _winners(np.concatenate(parts)))
    return winners, certainty, (low, high)


def _check_callable(predict: Any) -> None:
    """Raise unless this can be asked; of another framework's model, name the methods that can be."""
    if callable(predict):
        return
    names = ("predict", "predict_proba", "decision_function")
    ways = [f"model.{name}" for name in names if callable(getattr(predict, name, None))]
    fix = f"its method: {' or '.join(ways)}" if ways else "a model, or a function of points of shape (n, 2)"
    kind = type(predict).__name__
    raise ArgumentError(f"a classifier is called with points; got {kind}, which cannot be. Give {fix}.")


def _scores(predict: Classifier, x: Array) -> Array:
    scores = plain(predict(x), "the classifier")
    numeric = scores.dtype.kind in "fiub" and scores.size
    if not numeric or scores.ndim not in (1, 2) or len(scores) != len(x):
        expected = f"a classifier returns numbers of shape ({len(x)},) or ({len(x)}, classes)"
        found = f"{scores.dtype} of shape {scores.shape}"
        raise ShapeError(f"for points of shape {x.shape} {expected}; got {found}.")
    if np.isnan(scores).any():
        advice = "Were its weights trained to NaN?"
        raise ArgumentError(f"the classifier returns NaN: no class wins there. {advice}")
    if scores.dtype.kind == "i" and scores.size == len(scores) and scores.min() < 0:
        raise ArgumentError(f"labels are whole numbers from 0; the classifier returns {scores.min()}.")
    return scores


def _winners(scores: Array) -> tuple[Array, Array]:
    """The winning class of each row, and how certain it is.

    The certainty is 0 if all classes are equally probable, and 1 if no other is possible.
    """
    if scores.size == len(scores):  # one number for each point
        one = scores.reshape(-1)
        if one.dtype.kind in "iub":
            return one.astype(np.int64), np.ones(len(one))
        if one.min() >= 0 and one.max() <= 1:
            return (one > 0.5).astype(np.int64), np.abs(2 * one - 1)
        return (one > 0).astype(np.int64), np.tanh(np.abs(one) / 2)  # 2 sigmoid(|z|) − 1
    best, count = scores.max(axis=1), scores.shape[1]
    if scores.min() < 0 or not np.allclose(scores.sum(axis=1), 1, atol=1e-3):
        best = 1 / np.exp(scores - best[:, None]).sum(axis=1)  # softmax of the winner
    return scores.argmax(axis=1), np.clip((best - 1 / count) / (1 - 1 / count), 0, 1)


def _stripes(tens: Array) -> Array:
    """Where the stripes are that tell the classes of one color apart.

    There are none for the first ten classes, and for each ten they have another direction.
    """
    row, column = np.indices(tens.shape)
    along = np.choose(tens % 5, [np.zeros_like(row), row + column, row - column, row, column])
    return (along // 4 % 3 == 1) & (tens % 5 > 0)


def _draw(ax: Axes, winners: Array, certainty: Array | None, low: Array, high: Array) -> None:
    from matplotlib.colors import to_rgba_array

    picture = to_rgba_array(PALETTE)[winners % len(PALETTE)]  # (resolution, resolution, 4)
    picture[..., 3] = 0.28 if certainty is None else 0.06 + 0.5 * certainty
    picture[..., :3] *= 1 - 0.45 * _stripes(winners // len(PALETTE))[..., None]
    # A sample stands in the middle of its cell, so that the outer cells reach over the edge by a half.
    half = (high - low) / (np.array(winners.shape[::-1]) - 1) / 2
    (left, bottom), (right, top) = low - half, high + half
    ax.imshow(picture, extent=(left, right, bottom, top), origin="lower", interpolation="bilinear")
    if certainty is not None and len(np.unique(winners)) == 2:
        # The line on which the two classes are equally probable.
        side = np.where(winners == winners.max(), certainty, -certainty)
        xs, ys = (np.linspace(a, b, n) for a, b, n in zip(low, high, winners.shape[::-1]))
        ax.contour(xs, ys, side, levels=[0], colors="#333333", linewidths=1.0)
    plane(ax, low, high)
