"""Values that change in the course of a training, as lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ShapeError
from .given import Array, numbers
from .style import GREY, TALLEST, Axes, color, dash, legend_beside, legend_width, mark, new_axes, tidy

RUNS = 5000  # of neighbouring values: more than a page is pixels wide


def curves(
    values: ArrayLike | Mapping[str, ArrayLike],
    *,
    ax: Axes = None,
    xlabel: str = "epoch",
    ylabel: str = "",
    log: bool = False,
    target: float | None = None,
) -> Axes:
    """One line, or one for each name, of a value that changes in the course of training.

    Parameters
    ----------
    values : array_like of shape (n,), or mapping of str to such
        The values after 1, 2, … epochs; the lines may have different lengths.  The history of a training is
        such a mapping, and so is what you pick of ``history.columns``.  Of more than 20,000 values, the
        lowest and the highest of each run that shares a pixel are drawn.
    ax : matplotlib Axes, optional
    xlabel : str, default="epoch"
    ylabel : str, default=""
    log : bool, default=False
        Whether the values are on a logarithmic scale.
    target : float, optional
        The value that they are to get to, drawn as a dashed line.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ShapeError
        If a line is not one-dimensional.
    """
    columns: Any = getattr(values, "columns", None)  # of a history
    named = columns if isinstance(columns, Mapping) else values
    given: Mapping[str, Any] = named if isinstance(named, Mapping) else {"": named}
    lines = {name: numbers(line, f"curves: {name or 'the values'}") for name, line in given.items()}
    for name, line in lines.items():
        if line.ndim != 1:
            found = f"{name or 'the values'} have shape {line.shape}"
            raise ShapeError(f"curves draws sequences of numbers; {found}.")
    ax = new_axes(ax, (6.0 + legend_width(len(lines)), 4.0))
    for i, (name, line) in enumerate(lines.items()):
        shown = envelope(line)
        look = {"color": color(i), "linestyle": dash(i), "marker": mark(i) if line.size == 1 else None}
        ax.plot(shown + 1, line[shown], label=name, linewidth=1.8, **look)
    finish(ax, xlabel, ylabel, log, target)
    if max((line.size for line in lines.values()), default=0) == 1:
        ax.set_xlim(0.5, 1.5)
    if len(lines) > TALLEST:
        legend_beside(ax, pad=0.5)
    elif (lines and given is named) or target is not None:
        ax.legend(frameon=False)
    return ax


def envelope(line: Array) -> Array:
    """The places of a line that are drawn: all, or the lowest and highest of each run that shares a pixel.

    Places without a finite number stay, one of each run, lest a gap be closed.
    """
    if line.size <= 4 * RUNS:
        return np.arange(line.size)
    length = -(-line.size // RUNS)
    padded = np.pad(line.astype(np.float64), (0, -line.size % length), mode="edge").reshape(-1, length)
    finite = np.isfinite(padded)
    starts, last = length * np.arange(len(padded)), line.size - 1
    lowest = np.where(finite, padded, np.inf).argmin(axis=1)
    highest = np.where(finite, padded, -np.inf).argmax(axis=1)
    places = [starts, starts + lowest, starts + highest, starts + finite.argmin(axis=1), [last]]
    return np.unique(np.minimum(np.concatenate(places), last))


def loss_curve(losses: ArrayLike | Mapping[str, ArrayLike], *, ylabel: str = "loss", **settings: Any) -> Axes:
    """`curves` whose vertical axis is called loss.

    Parameters
    ----------
    losses : array_like of shape (n,), or mapping of str to such
    ylabel : str, default="loss"
    **settings
        The settings ax, xlabel, log and target of `curves`.

    Returns
    -------
    matplotlib Axes
    """
    return curves(losses, ylabel=ylabel, **settings)


def finish(ax: Axes, xlabel: str, ylabel: str, log: bool, target: float | None) -> None:
    """What belongs to such lines besides the lines: names, scale, whole epochs, and the target."""
    from matplotlib.ticker import MaxNLocator

    if target is not None:
        look = {"color": GREY, "linestyle": (0, (5, 3)), "linewidth": 1.4, "zorder": 1}
        ax.axhline(target, label=f"target {target:g}", **look)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    tidy(ax)
