"""A line on the terminal for what takes longer than people wait without one."""

import sys
import time
from types import TracebackType

AFTER = 2.0  # seconds
EVERY = 0.2


class Patience:
    """Counts steps, and after two seconds tells how far they are, on stderr if that is a terminal.

    Parameters
    ----------
    what : str
        What is counted: "jacobian: row".
    total : int
    """

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done, self.width = what, total, 0, 0
        self.next = time.monotonic() + AFTER
        self.began = time.monotonic()

    def __enter__(self) -> "Patience":
        return self

    def step(self) -> None:
        """Tell that one more is done."""
        self.done += 1
        now = time.monotonic()
        if now < self.next:
            return
        self.next = now + EVERY
        if sys.stderr is None or not sys.stderr.isatty():
            return
        left = (now - self.began) / self.done * (self.total - self.done)
        line = f"{self.what} {self.done}/{self.total}, {left:.0f} s left"
        print(f"\r{line:<{self.width}}", end="", file=sys.stderr, flush=True)
        self.width = len(line)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the line away, so that what comes next stands alone."""
        if self.width:
            print(f"\r{'':{self.width}}\r", end="", file=sys.stderr, flush=True)
