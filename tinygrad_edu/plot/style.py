"""What all pictures have in common: the palette, axes to draw on, and how these look."""

import io
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import plain
from ..errors import ArgumentError, DTypeError, ShapeError
from ..tensor import Tensor

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


def new_axes(ax: Any, size: tuple[float, float] = (6.0, 4.0)) -> Any:
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
    return _figure_class()(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)).add_subplot()


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


def tidy(ax: Any, *, grid: str = "y") -> None:
    """Draw no more than is needed: two of the four edges, and faint lines to read values by."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    if grid:
        ax.grid(True, axis=grid, color=GREY, alpha=0.2, linewidth=0.8)


def plane(ax: Any, low: Any, high: Any) -> None:
    """Limits of both axes; one scale for both, unless one of them would be a strip then."""
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    width, height = high - low
    ax.set_aspect("equal" if 1 / 3 < width / height < 3 else "auto")


def legend_width(count: int) -> float:
    """Inches that the names of so many classes take beyond one column."""
    return 1.1 * ((count - 1) // TALLEST)


def legend_beside(ax: Any, *, pad: float = 0.2) -> None:
    """The names of the classes, to the right of the axes, where they hide nothing."""
    handles, labels = ax.get_legend_handles_labels()
    place = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5), "ncols": 1 + (len(labels) - 1) // TALLEST}
    spaces = {"handletextpad": pad, "columnspacing": 1.0, "borderaxespad": 0.3}
    ax.legend(handles, labels, **place, **spaces, frameon=False, markerscale=1.5)


def numbers(values: Any, what: str) -> Any:
    """An ndarray of real numbers or booleans.

    Raises
    ------
    DTypeError
        If it holds something else.
    """
    if isinstance(values, (list, tuple)) and any(isinstance(value, Tensor) for value in values):
        values = [value.detach().numpy() if isinstance(value, Tensor) else value for value in values]
    array = plain(values, what)
    if array.dtype.kind not in "fiub":
        raise DTypeError(f"{what}: expected real numbers; got {array.dtype}.")
    return array.astype(np.float64) if array.dtype.itemsize > 8 else array  # matplotlib has no larger floats


def points_and_labels(points: ArrayLike | Tensor, labels: ArrayLike | Tensor) -> tuple[Any, Any]:
    """Points of the plane and the class of each, as arrays.

    Raises
    ------
    ShapeError
        If the points are not pairs, there is none, or the labels are not as many.
    ArgumentError
        If a point is not finite, or the labels are not whole numbers from 0.
    """
    xy, classes = numbers(points, "points"), plain(labels, "labels")
    if xy.ndim != 2 or xy.shape[1] != 2 or classes.shape != xy.shape[:1] or not len(xy):
        found = f"{xy.shape} and {classes.shape}."
        if classes.ndim == 2:
            found += " One-hot rows become labels by labels.argmax(axis=1), a column by labels.reshape(-1)."
        raise ShapeError(f"expected points (n, 2) and labels (n,), n ≥ 1; got {found}")
    if not np.isfinite(xy).all():
        row = int(np.argmin(np.isfinite(xy).all(axis=1)))
        advice = "Leave it out, or fill it in by data.Imputer()"
        raise ArgumentError(f"points are finite; got {xy[row]} in row {row}. {advice}.")
    if classes.dtype.kind not in "fiub":
        raise _no_labels(classes, "data.LabelEncoder() makes them of names")
    if not np.isfinite(classes).all() or (classes != np.trunc(classes)).any() or classes.min() < 0:
        raise _no_labels(np.unique(classes), "data.relabel makes them of other numbers")
    return xy, classes.astype(np.int64)


def _no_labels(found: Any, advice: str) -> ArgumentError:
    return ArgumentError(f"labels are whole numbers from 0; got {found[:3]}. {advice}.")


def names_of(classes: Any, number: int) -> list[str]:
    """The names of so many classes; their numbers, where they have none.

    Raises
    ------
    ShapeError
        If there are fewer names than classes.
    """
    if classes is None:
        return [str(k) for k in range(number)]
    if len(classes) < number:
        raise ShapeError(f"{len(classes)} names for {number} classes.")
    return [str(name) for name in classes]
