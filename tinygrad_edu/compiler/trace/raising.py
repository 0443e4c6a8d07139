"""Raising: calls that raise for some values and not for others, while code of the user's would catch that.

Which way such code takes depends on the values, and no check says so: a program of NumPy's calls would go on
as the traced run did.  What raises an exception only later is undone, and the function runs as it is, unless
the step has written into an argument.
"""

import dis
import sys
import types
import weakref
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from .dependent import shape_depends_on_values
from .traced import Traced, leaves_of
from .whose_code import is_of_the_user

LINALG = {
    "cholesky", "inv", "solve", "eig", "eigh", "eigvals", "eigvalsh", "svd", "svdvals", "lstsq", "pinv",
    "tensorinv", "tensorsolve", "matrix_power", "cond", "matrix_rank",
}  # fmt: skip
TAKING = {np.take: 1, np.take_along_axis: 1, np.put_along_axis: 1, "take": 1, "put": 1, np.add.at: 1}
ENDS = ("RERAISE", "CHECK_EXC_MATCH", "POP_EXCEPT")
RUN = str(Path(__file__).parents[1] / "tracing.py")
BY_KEY = {"__getitem__": 1, "__setitem__": 1} | TAKING


class Raising:
    """Takes note of calls on traced arrays whose outcome, an exception or none, is caught.

    Attributes
    ----------
    has_caught : bool
        Whether an exception of that kind was raised, and caught: other values go another way, by no check.
    unless_undone : str
        The first call that may raise, in words, as far as the step cannot be undone.
    """

    def __init__(self, log: Any) -> None:
        self.has_caught, self.unless_undone = False, ""
        self._log = weakref.proxy(log)  # which holds this: it dies with its last run

    def has_raised(self, function: Any, args: Any, kwargs: Any, error: Exception) -> None:
        """Take note of a call that has raised an exception."""
        self.has_caught |= by_values(function, args, kwargs, error)

    def has_not_raised(self, function: Any, args: Any) -> None:
        """Take note of a call that has gone well."""
        errors = self._log.errors.values()
        if self.unless_undone or not ("raise" in errors or may_raise(function, args)):
            return
        if line := catching_line():
            self.unless_undone = (
                f"{name_of(function)} may raise an exception for other values, which the step would catch in "
                f"{line}: the compiled step would raise it, as it writes into an argument, which is not "
                "undone. Do that outside of the step."
            )


def name_of(function: Any) -> str:
    """What a message calls a function, or a method that is named by a text."""
    return function if isinstance(function, str) else getattr(function, "__name__", "a call")


def by_values(function: Any, args: Any, kwargs: Any, error: Exception) -> bool:
    """Whether an exception is one of values, and not of shapes, dtypes and settings."""
    if isinstance(error, (np.linalg.LinAlgError, ArithmeticError)):
        return True
    if function in BY_KEY:
        return _has_places(args[BY_KEY[function] : BY_KEY[function] + 1])
    return not isinstance(error, TypeError) and shape_depends_on_values(function, args, kwargs)


def may_raise(function: Any, args: Any) -> bool:
    """Whether a call that went well may raise an exception for other values of the same shapes."""
    if function in BY_KEY:
        return _has_places(args[BY_KEY[function] : BY_KEY[function] + 1])
    of_linalg = getattr(function, "__module__", None) == "numpy.linalg"
    return of_linalg and getattr(function, "__name__", "") in LINALG


def _has_places(keys: Any) -> bool:
    """Whether whole numbers that are traced say what is taken."""
    return any(
        issubclass(type(leaf), Traced) and np.result_type(leaf._value).kind in "iu"
        for key in keys
        for leaf in leaves_of([*key] if type(key) is tuple else [key])
    )


def catching_line() -> str:
    """Where the step's code would catch an exception that is raised just now; "" if nowhere."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != RUN:
        code = frame.f_code
        if is_of_the_user(code.co_filename) and is_caught(code, frame.f_lasti):
            return f"{Path(code.co_filename).name}, line {frame.f_lineno}"
        frame = frame.f_back
    return ""


@lru_cache(1024)
def is_caught(code: types.CodeType, place: int) -> bool:
    """Whether code catches an exception that an instruction raises.

    What only runs on the way out is no handler: ``finally``, and `with` but for contextlib's ``suppress``.
    """
    read = dis.Bytecode(code)
    every, entries = [*read], read.exception_entries  # type: ignore[attr-defined]
    entry = next((e for e in entries if e.start <= place < e.end), None)
    if entry is None:
        return False
    handler = [i for i in every if i.offset >= entry.target]
    if handler[0].opname == "PUSH_EXC_INFO":
        if any(i.opname == "WITH_EXCEPT_START" for i in handler[:3]):
            if "suppress" in code.co_names:
                return True
        elif next((i.opname for i in handler if i.opname in ENDS), "RERAISE") != "RERAISE":
            return True
    again = next((i.offset for i in handler if i.opname == "RERAISE"), None)
    return again is not None and is_caught(code, again)
