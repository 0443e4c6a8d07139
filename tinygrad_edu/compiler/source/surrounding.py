"""Surroundings: what lines of NumPy run in, `numpy.errstate` and the size of buffers.

Where an array is broadcast, NumPy copies some thousand elements of it at a time into a buffer.  That of a
step of large arrays is smaller: it takes less memory, and the results have the same bits, as long as no sum
is made of numbers that are cast to another precision in it.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy._core.umath import _extobj_contextvar as ERRORS
from numpy._core.umath import _make_extobj

from ..program import Call, Program, Ref, refs_in
from .calls import Calls

LARGE = 1 << 14  # bytes of an array of which a buffer is a part
BUFFER = 1024  # elements, where NumPy takes 8192


class Surrounded(Calls):
    """Lines, and what they run in.

    Attributes
    ----------
    body : list of str
    """

    body: list[str]
    buffer: int | None = None  # the size of buffers, if it is another one
    _errors: Any = None  # the state of `numpy.errstate` in which the last lines are

    def _add(self, lines: Iterable[str], errors: Any = None) -> None:
        """Add lines, in the block of a state of `numpy.errstate` that they need."""
        if errors != self._errors:
            if self._errors is not None:
                self._leave()
            if errors is not None:
                self._enter(errors)
            self._errors = errors
        self.body += lines if errors is None else [f"    {line}" for line in lines]

    def _enter(self, errors: Any) -> None:
        """Begin a block; NumPy's own context manager takes six times as long."""
        states: dict[str, Any] = {key: errors[key] for key in ("divide", "over", "under", "invalid")}
        name = "all_" + "_".join(dict.fromkeys(states.values()))
        states |= {"bufsize": self.buffer} if self.buffer else {}
        self.given.setdefault("enter", ERRORS.set)
        self.given.setdefault("leave", ERRORS.reset)
        if name not in self._taken:
            self._taken.add(name)
            self.given[name] = _make_extobj(**states)
        self.body += [f"errors = enter({name})", "try:"]

    def _leave(self) -> None:
        """End it."""
        self.body += ["finally:", "    leave(errors)"]

    def _take_small_buffers(self) -> None:
        """Have all lines run with small buffers."""
        self.given |= {"enter": ERRORS.set, "leave": ERRORS.reset, "with_buffers": _make_extobj}
        inner = [f"    {line}" for line in self.body]
        self.body = [f"buffers = enter(with_buffers(bufsize={self.buffer}))", "try:", *inner]
        self.body += ["finally:", "    leave(buffers)"]


def small_buffers(program: Program, steps: Iterable[Any]) -> int | None:
    """The size of buffers for some steps, if another one than NumPy's is worth it and changes no bits."""
    calls = [step for step in steps if isinstance(step, Call)]
    refs = {r for call in calls for r in (*refs_in((call.args, call.kwargs)), *call.outputs)}
    kinds = {program.values[r.number].dtype for r in refs if hasattr(program.values[r.number], "dtype")}
    if len({d for d in kinds if d.kind in "fc"}) != 1 or np.dtype(np.float16) in kinds:
        return None
    if any(_casts(program, call) for call in calls):
        return None
    return BUFFER if any(_broadcasts(program, call) for call in calls) else None


def _casts(program: Program, call: Call) -> bool:
    """Whether whole numbers may be summed as floating ones."""
    if isinstance(call.function, np.ufunc) and call.function.signature is None:
        return False
    values = (program.values[r.number] for r in refs_in((call.args, call.kwargs)))
    whole = any(getattr(v, "ndim", 0) and v.dtype.kind in "iub" for v in values)
    made = any(program.values[r.number].dtype.kind in "fc" for r in call.outputs if _is_array(program, r))
    return whole and made and getattr(call.function, "__name__", call.function) in SUMS


SUMS = {"sum", "mean", "reduce", "accumulate", "cumsum", "trace", "var", "std", "average"}


def _is_array(program: Program, ref: Ref) -> bool:
    return hasattr(program.values[ref.number], "dtype")


def _broadcasts(program: Program, call: Call) -> bool:
    """Whether a call computes a large array of one that is broadcast to it."""
    if not isinstance(call.function, np.ufunc) or call.function.signature is not None or not call.outputs:
        return False
    made = program.values[call.outputs[0].number]
    if getattr(made, "nbytes", 0) < LARGE:
        return False
    shapes = {program.values[r.number].shape for r in refs_in(call.args) if _is_array(program, r)}
    return bool(shapes - {made.shape, ()})
