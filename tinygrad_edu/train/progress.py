"""Progress: one line on the terminal that says how far a training is."""

import sys
import time
import warnings
from typing import Any

from ..errors import ArgumentError


class Progress:
    """tqdm's bar if it is installed, otherwise a line of text; nothing where nobody looks.

    Parameters
    ----------
    epochs : int
    batches : int or None
        How many batches an epoch has, if that is known.
    show : {"auto", True, False}
        "auto" shows it if stderr is a terminal, and in a notebook; True elsewhere too, as lines of text, one
        a second at most; False never.
    """

    def __init__(self, epochs: int, batches: int | None, show: bool | str) -> None:
        if show not in ("auto", True, False):
            raise ArgumentError(f'progress is "auto", True or False; got {show!r}.')
        self.terminal = sys.stderr is not None and sys.stderr.isatty()
        self.notebook = not self.terminal and in_notebook()
        self.shown = show is True or (show == "auto" and (self.terminal or self.notebook))
        self.epochs, self.batches = epochs, batches
        self.epoch = self.batch = 0
        self.values: dict[str, float] = {}
        self.width, self.next = 0, 0.0
        self.bar: Any = None

    def __enter__(self) -> "Progress":
        if self.shown and (self.terminal or self.notebook):
            self.bar = self._tqdm()
        return self

    def _tqdm(self) -> Any:
        """tqdm's bar, which a notebook has another of; None if it is not installed."""
        look = (
            "{bar} {elapsed}<{remaining} {desc}" if self.notebook else "{bar:20} {elapsed}<{remaining} {desc}"
        )
        try:
            if not self.notebook:
                from tqdm import tqdm  # type: ignore[import-untyped]  # its stubs are a package of their own
            else:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # it would say that without ipywidgets the bar is text
                    from tqdm.auto import tqdm  # type: ignore[import-untyped]
        except ImportError:
            return None
        return tqdm(total=self.epochs, unit="epoch", bar_format=look, ncols=100 if self.notebook else None)

    def begin(self, epoch: int) -> None:
        """Tell that an epoch, counted from 0, begins or goes on."""
        self.epoch, self.batch = epoch, 0

    def step(self, batches: int) -> None:
        """Tell that more batches are done."""
        self.batch += batches
        if self.shown and (self.terminal or self.bar is not None) and time.monotonic() >= self.next:
            of = f"/{self.batches}" if self.batches else ""
            done = self.epoch + self.batch / (self.batches or 1e9)
            self._write(f"epoch {self.epoch + 1}/{self.epochs}, batch {self.batch}{of}", done)

    def end(self, values: dict[str, float]) -> None:
        """Tell that the epoch is done, with its loss and metrics by name."""
        self.values = values
        if self.shown and (self.epoch + 1 == self.epochs or time.monotonic() >= self.next):
            self._write(f"epoch {self.epoch + 1}/{self.epochs}", self.epoch + 1)

    def _write(self, place: str, done: float) -> None:
        """Show the place, and the values of the last complete epoch."""
        self.next = time.monotonic() + (0.1 if self.terminal or self.bar is not None else 1.0)
        text = ", ".join(f"{name} {value:.4g}" for name, value in self.values.items())
        line = f"{place}: {text}" if text else place
        if self.bar is not None:
            self.bar.n = done
            self.bar.set_description_str(line)
        elif self.terminal:
            # It covers the line before, if that was longer too.
            print(f"\r{line:<{self.width}}", end="", file=sys.stderr, flush=True)
            self.width = len(line)
        else:
            print(line, file=sys.stderr, flush=True)

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.close()
        elif self.width:
            print(file=sys.stderr)


def in_notebook() -> bool:
    """Whether this runs in a notebook's kernel, which has imported IPython."""
    ipython: Any = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
