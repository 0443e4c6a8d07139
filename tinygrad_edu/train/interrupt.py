"""Ctrl-C between two steps, and not in the middle of one."""

import signal
import threading
from types import FrameType
from typing import Any


class Interrupt:
    """A block in which a first Ctrl-C is only noted, and a second one raises KeyboardInterrupt as always.

    Where a step is always completed, what is saved afterwards is a state that a training can go on from.
    Only Python's own handler of SIGINT is replaced, and only in the main thread; elsewhere the block changes
    nothing.

    Parameters
    ----------
    at_once : bool, default=False
        Whether a first Ctrl-C raises too, and is noted besides, for whoever is not told because it was caught
        on the way.

    Attributes
    ----------
    requested : bool
        Whether there was a Ctrl-C.
    """

    def __init__(self, *, at_once: bool = False) -> None:
        self.requested, self.at_once = False, at_once
        self._outer: Any = None

    def __enter__(self) -> "Interrupt":
        pythons_own = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if pythons_own and threading.current_thread() is threading.main_thread():
            self._outer = signal.signal(signal.SIGINT, self._note)
        return self

    def _note(self, number: int, frame: FrameType | None) -> None:
        again, self.requested = self.requested, True
        if again or self.at_once:
            raise KeyboardInterrupt

    def __exit__(self, *error: object) -> None:
        if self._outer is not None:
            signal.signal(signal.SIGINT, self._outer)
