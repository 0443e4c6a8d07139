"""What is written down of a traced run: the calls it makes, what it takes for granted, and why it cannot be
compiled.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy._core.umath import _extobj_contextvar as ERRORS

from ...errors import TraceError
from ..program import Call, Check, Program, Ref
from .closed import CLOSED, large
from .constants import Constants
from .lines import users_text
from .settings import plain
from .traced import Traced, referring
from .unwatched import unwatched


class Notes:
    """The program that a run becomes, as it grows.

    Attributes
    ----------
    program : Program
    where : callable
        Tells the line of the user's code that runs just now.
    errors, ambient : dict
        What is done about errors of floating-point numbers, just now and around the run.
    """

    raising: Any

    def __init__(self, where: Callable[[], str]) -> None:
        self.program, self.where = Program(), where
        self.errors, self._state = np.geterr(), ERRORS.get()
        self.ambient, self.constants = self.errors, Constants()
        self.running: Any = None  # the frame of a large operation
        self._held: dict[Any, Any] = {}  # what the calls say, once
        self.refused: TraceError | None = None  # the first that was raised
        self.told = ""  # where a text was made of a traced value

    def find_errors(self) -> None:
        """Note what is done about errors of floating-point numbers just now, as `numpy.geterr` says."""
        if (state := ERRORS.get()) is not self._state:
            self.errors, self._state = self._same(np.geterr()), state

    @unwatched
    def note(
        self,
        function: Any,
        args: Any,
        kwargs: Any,
        outputs: list[Ref],
        *,
        several: bool = False,
        writes: Any = (),
    ) -> None:
        """Add a call to the program."""
        self.find_errors()
        where, part = self._same(self.where()), self._part()
        args, kwargs = plain(function, args, kwargs)
        self.constants.note((args, kwargs), where)
        if where not in self.program.lines:
            self.program.lines[where] = users_text()
        self.program.add(
            Call(
                function, referring(args), referring(kwargs), tuple(outputs), several,
                tuple(w._ref for w in writes if isinstance(w, Traced)),
                None if self.errors == self.ambient else self.errors, where, part,
            )
        )  # fmt: skip

    def _same(self, value: Any) -> Any:
        """One object for all that are equal, since every call of a program holds some."""
        key = tuple(value.items()) if type(value) is dict else value
        return self._held.setdefault(key, value)

    def _part(self) -> int:
        """The run of a large operation that a call belongs to, by its number."""
        frame = large(sys._getframe(2))
        if frame is None:
            return 0
        if frame is not self.running:  # a frame that is held is no other one's
            self.running = frame
            self.program.parts.append(CLOSED[id(frame.f_code)](dict(frame.f_locals)))
        return len(self.program.parts) - 1

    def refusal(self, text: str) -> TraceError:
        """The error of what cannot be traced; it ends the run, whoever catches it."""
        error = TraceError(text)
        self.refused = self.refused or error
        return error

    def tell(self) -> None:
        """Note that a text is made of a traced value, which is refused unless the run raises an exception."""
        self.told = self.told or self.where()

    def refuse_texts(self) -> None:
        """Raise if a text was made of a traced value, or if somebody has caught what was refused."""
        if self.refused is not None:
            raise self.refused
        given = self.program.owners(r for r, i in self.program.inputs.items() if i.kind == "argument")
        if self.raising.unless_undone and given & self.program.written():
            raise TraceError(self.raising.unless_undone)
        if self.told:
            raise TraceError(
                f"A text is made of a traced value, in {self.told}: it would be the first step's for ever.\n"
                "  Return the tensor, and print it outside of the step."
            )

    def check(self, traced: "Traced", truth: bool | tuple[int, ...]) -> None:
        """Note that the rest of the run holds only where a value is true or false, or has a shape."""
        self.program.add(Check(traced._ref, truth, self.where()))
