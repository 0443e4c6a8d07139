"""A loss that is drawn while it falls."""

import os
import sys
import time
from typing import Any

from ..errors import ArgumentError
from .curve import finish
from .file import check_path, save
from .style import Axes, color, new_axes


class LiveLoss:
    """Draws a loss while a model learns, with the line that it is to get below.

    Called with each new loss, it draws again, a few times a second at most: in a notebook below the cell, in
    a window if matplotlib is interactive (``plt.ion()``) or if ``ax`` is in one; elsewhere the picture is
    drawn when it is saved.

    Parameters
    ----------
    target : float, optional
        The loss that is to be reached, drawn as a dashed line.
    ax : matplotlib Axes, optional
    path : str or path-like, optional
        Where the picture is saved at the end of the block, or by `close`, however the training ends.
    every : float, at least 0, default=0.2
        Seconds between two drawings.
    xlabel : str, default="epoch"
    log : bool, default=False
        Whether the losses are on a logarithmic scale.

    Attributes
    ----------
    losses : list of float
    ax : matplotlib Axes

    Raises
    ------
    ArgumentError
        If ``every`` is below 0, or the picture could not be saved: as `check_path`.

    Examples
    --------
    A loop of one's own::

        with plot.LiveLoss(target=0.01, path="loss.png") as live:
            for epoch in range(100):
                live(train_one_epoch())

    and a training by `tinygrad_edu.train.fit`, which calls it with its history::

        with plot.LiveLoss(target=0.01) as live:
            train.fit(model, loss, optimizer, (x, y), epochs=100, callbacks=[live])
    """

    def __init__(
        self,
        *,
        target: float | None = None,
        ax: Axes = None,
        path: str | os.PathLike[str] | None = None,
        every: float = 0.2,
        xlabel: str = "epoch",
        log: bool = False,
    ) -> None:
        if not every >= 0:
            raise ArgumentError(f"LiveLoss: every is at least 0 seconds; got {every}.")
        self.path, self.every = None if path is None else check_path(path), every
        self.losses: list[float] = []
        self._notebook: Any = _notebook() if ax is None else None
        self.ax = _window() if ax is None and self._notebook is None else new_axes(ax)
        (self._line,) = self.ax.plot([], [], color=color(0), linewidth=1.8, label="loss")
        finish(self.ax, xlabel, "loss", log, target)
        if target is not None:
            self.ax.legend(frameon=False)
        self._shown: Any = None
        self._next = 0.0

    def __call__(self, loss: Any) -> None:
        """Add a loss: a number, a tensor with one element, or a History, whose last loss it is."""
        if hasattr(loss, "columns"):
            loss = loss["loss"][-1]
        self.losses.append(float(loss.item() if hasattr(loss, "item") else loss))
        if time.monotonic() >= self._next:
            self.draw()

    def draw(self) -> None:
        """Draw all losses now."""
        self._line.set_data(range(1, len(self.losses) + 1), self.losses)
        self._line.set_marker("o" if len(self.losses) == 1 else "None")
        self.ax.relim()
        self.ax.autoscale_view()
        figure = self.ax.figure
        if self._notebook is not None:
            if self._shown is None:
                self._shown = self._notebook(figure, display_id=True)
            else:
                self._shown.update(figure)
        elif figure.canvas.manager is not None:  # a figure of pyplot's, which may be in a window
            figure.canvas.draw_idle()
            figure.canvas.flush_events()
        self._next = time.monotonic() + self.every

    def close(self) -> None:
        """Draw all losses, and save the picture if there is a path for it."""
        self.draw()
        if self.path is not None:
            save(self.ax.figure, self.path)

    def __enter__(self) -> "LiveLoss":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _notebook() -> Any:
    """IPython's function that shows an object below a cell, if this is a notebook; otherwise None."""
    ipython: Any = sys.modules.get("IPython")  # a notebook has imported it
    shell = ipython.get_ipython() if ipython is not None else None
    return ipython.display.display if hasattr(shell, "kernel") else None


def _window() -> Axes:
    """Axes in a window of their own if matplotlib is interactive, otherwise in none."""
    ax = new_axes(None)
    import matplotlib

    if not matplotlib.is_interactive():
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=ax.figure.get_size_inches(), layout="constrained")[1]
