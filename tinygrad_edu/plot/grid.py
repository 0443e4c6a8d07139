"""A grid of small pictures inside one pair of axes."""

import math
from collections.abc import Sequence

from ..errors import ArgumentError
from .style import Axes, new_axes

TITLE = 0.25  # inches that the title of a cell takes


def columns_for(cells: int, columns: int | None) -> int:
    """How many columns a grid of so many cells has: by default about as many as rows.

    Raises
    ------
    ArgumentError
        If there is to be none.
    """
    if columns is not None and columns < 1:
        raise ArgumentError(f"columns is at least 1; got {columns}.")
    return columns or max(1, math.ceil(math.sqrt(cells)))


def cells(
    ax: Axes,
    number: int,
    columns: int,
    *,
    size: tuple[float, float],
    titles: Sequence[str] | None = None,
    labeled: bool = False,
) -> tuple[Axes, list[Axes]]:
    """Axes that become an invisible frame, and as many inset axes, row by row.

    Parameters
    ----------
    ax : matplotlib Axes or None
        None makes a figure in which a cell has about the given size.
    number, columns : int, at least 1
    size : (float, float)
        Width and height of a cell in inches, if the figure is a new one.
    titles : sequence of str, optional
    labeled : bool, default=False
        Whether there must be room for numbers at the left of each cell and below it.
    """
    rows = max(1, math.ceil(number / columns))
    width, height = columns * size[0], rows * (size[1] + (TITLE if titles is not None else 0))
    frame = new_axes(ax, (width, height))
    frame.set_axis_off()
    # The gap between neighbors, and what of it is left of a cell and below, as parts of a cell.
    gap, before = (0.24, 0.2) if labeled else (0.08, 0.04)
    title = 0 if titles is None else max(0.12, TITLE / (size[1] + TITLE))
    inside = []
    for i in range(number):
        left, bottom = (i % columns) / columns, 1 - (i // columns + 1) / rows
        corner = left + before / columns, bottom + before / rows
        cell = frame.inset_axes((*corner, (1 - gap) / columns, (1 - gap - title) / rows))
        if titles is not None:
            cell.set_title(titles[i], fontsize="small", pad=3)
        cell.set_in_layout(labeled)  # without labels it lies within the frame
        inside.append(cell)
    return frame, inside
