"""What all pictures have in common: the palette, axes to draw on, and how these look."""

import io
from functools import cache
from typing import Any

from .given import Array

Axes = Any  # of matplotlib, which is imported when it is first needed; None means those of a new figure

# fmt: off
PALETTE = (
    "#3f90da", "#ffa90e", "#bd1f01", "#832db6", "#94a4a2",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)
"""Ten colors that people with any form of color vision tell apart; class k, or line k, has the k-th.  Then
they begin again, with another mark, dash or stripe for each ten.

M. A. Petroff (2021). Accessible color sequences for data visualization. arXiv:2107.02270.  Here purple comes
before grey.
"""

MARKS = ("o", "s", "^", "D", "v", "P", "X", "p", "<", "*", ">", "h")  # of points: one for ten classes
DASHES = (  # of lines, likewise
    "-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (9, 3)), (0, (3, 1, 1, 1, 1, 1)),
)
# fmt: on

DIVERGING = "RdBu"  # signed values: red below 0, white at 0, blue above
SHARES = "Blues"  # from none to all
INK = "gray_r"  # grey images: dark ink on white paper
TALLEST = 15  # names that a legend has above one another
GREY = "#717581"  # what is not data: targets, zero lines


def color(index: int) -> str:
    """The color of a class or of a line, counted from 0."""
    return PALETTE[index % len(PALETTE)]


def mark(index: int) -> str:
    """The mark of the points of a class: with its color, it is that of no other among 120."""
    return MARKS[index // len(PALETTE) % len(MARKS)]


def dash(index: int) -> Any:
    """The dashes of a line: with its color, they are those of no other among 60."""
    return DASHES[index // len(PALETTE) % len(DASHES)]


def new_axes(ax: Axes, size: tuple[float, float] = (6.0, 4.0)) -> Axes:
    """The given axes, or those of a new figure.

    The figure is none of pyplot's: it is gone when nobody holds it any more, and draws on no window.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        how = "pip install 'tinygrad_edu[plot]', or pip install matplotlib"
        raise ImportError(f"Pictures need matplotlib: {how}.") from error
    figure = _figure_class()(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1))
    axes = figure.add_subplot()
    axes._repr_png_ = figure._repr_png_  # the last line of a cell shows the picture
    return axes


@cache
def _figure_class() -> Any:
    from matplotlib.figure import Figure

    class Picture(Figure):
        """A figure that is none of pyplot's, and that a notebook shows all the same."""

        def _repr_png_(self) -> bytes:
            file = io.BytesIO()
            self.savefig(file, format="png")
            return file.getvalue()

    return Picture


def tidy(ax: Axes, *, grid: str = "y") -> None:
    """Draw no more than is needed: two of the four edges, and faint lines to read values by."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    if grid:
        ax.grid(True, axis=grid, color=GREY, alpha=0.2, linewidth=0.8)


def plane(ax: Axes, low: Array, high: Array) -> None:
    """Limits of both axes; one scale for both, unless one of them would be a strip then."""
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    width, height = high - low
    ax.set_aspect("equal" if 1 / 3 < width / height < 3 else "auto")


def legend_width(count: int) -> float:
    """Inches that the names of so many classes take beyond one column."""
    return 1.1 * ((count - 1) // TALLEST)


def legend_beside(ax: Axes, *, pad: float = 0.2) -> None:
    """The names of the classes, to the right of the axes, where they hide nothing."""
    handles, labels = ax.get_legend_handles_labels()
    place = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5), "ncols": 1 + (len(labels) - 1) // TALLEST}
    spaces = {"handletextpad": pad, "columnspacing": 1.0, "borderaxespad": 0.3}
    ax.legend(handles, labels, **place, **spaces, frameon=False, markerscale=1.5)
