"""Surroundings: what lines of NumPy run in, `numpy.errstate` and the size of buffers.

Where an array is broadcast, NumPy copies some thousand elements of it at a time into a buffer.  That of a
step of large arrays is smaller: it takes less memory, and the results have the same bits.  Only calls that
may sum what NumPy gathers in it have one of NumPy's size: numbers that are cast, or of an array with gaps,
or, before 2.3, of any that is summed along its rows.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy._core.umath import _extobj_contextvar as ERRORS
from numpy._core.umath import _make_extobj

from ..loops.sums import buffers_matter
from ..program import Call, Program, Ref, refs_in
from .calls import Calls

SURROUNDING = ("enter", "leave", "errors", "buffers", "with_buffers")  # names in the text
LARGE = 1 << 14  # bytes of an array of which a buffer is a part
BUFFER = 1024  # elements, where NumPy takes 8192
ORDERLESS = {np.maximum, np.minimum, np.fmax, np.fmin, np.logical_and, np.logical_or}
SUMLESS = {
    "__getitem__", "__setitem__", "all", "any", "argmax", "argmin", "argsort", "array_split", "asarray",
    "ascontiguousarray", "astype", "broadcast_to", "clip", "concatenate", "copy", "copyto", "diagonal", "dot",
    "empty_like", "expand_dims", "fill", "flatten", "flip", "full_like", "item", "matrix_transpose", "max",
    "min", "moveaxis", "ones_like", "pad", "put_along_axis", "ravel", "repeat", "reshape", "roll", "sort",
    "sliding_window_view", "split", "squeeze", "stack", "swapaxes", "take", "take_along_axis", "tile",
    "transpose", "tril", "triu", "view", "where", "zeros_like",
}  # fmt: skip


class Surrounded(Calls):
    """Lines, and what they run in.

    Attributes
    ----------
    body : list of str
    """

    body: list[str]
    buffer: int | None = None  # the size of buffers, if it is another one
    indent = 0  # lines of the function before those of the step
    _errors: Any = None  # the state of `numpy.errstate` in which the last lines are

    def count_back(self) -> None:
        """Take back what was counted before the first line of a step."""

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

    def _small_buffers(self, steps: Iterable[Any]) -> int | None:
        return small_buffers(self.program, steps)

    def _line(self, call: Call) -> str:
        line = super()._line(call)
        if not self.buffer or not sums_in_buffers(self.program, call):
            return line
        whole = self._free("whole")  # if the call raises, what is left around it puts all back
        return f"{whole} = enter(with_buffers(bufsize={np.getbufsize()}))\n{line}\nleave({whole})"

    def _take_small_buffers(self) -> None:
        """Have all lines run with small buffers."""
        self.given |= {"enter": ERRORS.set, "leave": ERRORS.reset, "with_buffers": _make_extobj}
        inner = [f"    {line}" for line in self.body]
        self.indent = 2
        self.body = [f"buffers = enter(with_buffers(bufsize={self.buffer}))", "try:", *inner]
        self.body += ["finally:", "    leave(buffers)"]


def small_buffers(program: Program, steps: Iterable[Any]) -> int | None:
    """The size of buffers for some steps, if another one than NumPy's is worth it and changes no bits."""
    calls = [step for step in steps if isinstance(step, Call)]
    refs = {r for call in calls for r in (*refs_in((call.args, call.kwargs)), *call.outputs)}
    kinds = {program.values[r.number].dtype for r in refs if _is_array(program, r)}
    if len({d for d in kinds if d.kind in "fc"}) != 1 or np.dtype(np.float16) in kinds:
        return None
    return BUFFER if any(_broadcasts(program, call) for call in calls) else None


def sums_in_buffers(program: Program, call: Call) -> bool:
    """Whether a call may add numbers of a large array in an order that depends on the size of buffers."""
    function, owner = call.function, getattr(call.function, "__self__", None)
    name = getattr(function, "__name__", function)
    if isinstance(function, np.ufunc) or isinstance(owner, np.random.Generator) or name in SUMLESS:
        return False
    arrays = [program.values[r.number] for r in refs_in((call.args, call.kwargs)) if _is_array(program, r)]
    made = {program.values[r.number].dtype.kind for r in call.outputs if _is_array(program, r)}
    if all(a.size <= BUFFER for a in arrays) or made.isdisjoint("fc"):
        return False
    if isinstance(owner, np.ufunc) and (owner in ORDERLESS or name != "reduce"):
        return owner not in ORDERLESS and any(a.ndim and a.dtype.kind in "iub" for a in arrays)
    given = dict(zip(("axis", "dtype", "out", "keepdims"), call.args[1:])) | call.kwargs
    axis = given.pop("axis", 0 if name == "reduce" else None)
    source = program.values[call.args[0].number] if call.args and type(call.args[0]) is Ref else None
    if name not in ("reduce", "sum", "mean") or not isinstance(source, np.ndarray):
        return True
    if given.keys() - {"dtype", "out", "keepdims"} or source.dtype.kind not in made:
        return True
    axes = range(source.ndim) if axis is None else axis if type(axis) is tuple else (axis,)
    return buffers_matter(source, {a % max(source.ndim, 1) for a in axes}, BUFFER)


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
