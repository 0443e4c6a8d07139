"""The debug mode: slower, and suspicious of everything.

Under `debug` every recorded operation remembers the line of the program that called it, and these raise,
naming both: a NaN or an infinity in a result or a gradient, with the element and the values that caused it
(`nonfinite` tells the story, of the mends in `mends`), a rule that changes what it was given, and a saved
value that was changed behind the graph's back.
"""

import contextlib
import functools
import os
import sys
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .aliases import Rule
from .entry import Op
from .errors import ArgumentError, InPlaceError, WrongRule
from .graph import Node, notes_of
from .modes import MODE, Mode, leave
from .settings import Default, Setting

if TYPE_CHECKING:
    from .nonfinite import Place  # the module is loaded by whoever uses the mode

PACKAGE, NUMPY = (os.path.join(os.path.dirname(file), "") for file in (__file__, np.__file__))
LIBRARY = {functools.__file__, contextlib.__file__}  # wrappers around functions, which are nobody's line


def debug(on: bool = True, *, nonfinite: bool = True) -> "Debug":
    """Check every operation that is recorded, and every backward pass.

    The call switches it on at once, for all threads of this process, until ``debug(False)`` switches it off;
    inside of a block of ``with debug():``, for the rest of that block as well.  As ``with debug():`` it holds
    in the block only, in this thread and context, whatever others switch meanwhile; around and after it,
    everything is as it was before the call.  ``@debug()`` decorates functions, generator functions and
    coroutines.  What is recorded under it keeps the arguments of every operation alive, as long as the graph.

    Parameters
    ----------
    on : bool, default=True
        False looks at nothing: as a statement for the process, as a block inside of others.
    nonfinite : bool, default=True
        Whether NaN and infinities raise.

    Returns
    -------
    Debug
        A context manager and decorator.

    Raises
    ------
    NonFiniteError
        At the first operation whose result, or whose gradient, is not finite.  It says at which line of yours
        and at which element, what went in there, the cause (a NaN that came in with the data, an overflow, an
        infinite slope, a branch that a `where` did not choose), and the mend.
    WrongRule
        If a derivative rule writes into its arguments.
    InPlaceError
        If a value that a derivative needs has changed since it was saved, by whatever means.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> x = tg.Tensor([0.0, 1.0], requires_grad=True)
    >>> with tg.debug(), np.errstate(divide="ignore"):
    ...     y = np.log(x) * 0
    Traceback (most recent call last):
        ...
    tinygrad_edu.errors.NonFiniteError: np.log returned -inf at index (0,) ...
    >>> def root_or_nothing(x):
    ...     return np.where(x > 0, np.sqrt(x), 0)
    >>> with tg.debug():
    ...     try:
    ...         np.sum(root_or_nothing(x)).backward()
    ...     except FloatingPointError as error:
    ...         print(error.operation, error.index, error.cause)
    np.sqrt (0,) x[0] is 0.0; the slope of the root, 1 / (2 √x), is infinite at 0; the gradient that flows in
    is 0 there, as np.where takes the other branch: condition[0] is False (at ...), and 0 · ∞ is nan
    """
    return Debug(on, nonfinite)


class Debug(Setting):
    """What `debug` returns."""

    def __init__(self, on: bool, nonfinite: bool) -> None:
        if not isinstance(on, bool):
            expected = "debug(), debug(False) or, as a decorator, @debug()"
            raise ArgumentError(f"debug: expected {expected}; got debug({on!r:.80}).")
        self.inspector = Suspicious(nonfinite) if on else None
        super().__init__("debug()" if on else "debug(False)", self.inspector, PROCESS, MODE.get().debug)

    def __enter__(self) -> None:
        self._take_back()
        mode = MODE.get()
        MODE.set(mode._replace(debug=Default(self.inspector), outer=mode))

    __exit__ = leave


PROCESS = Mode().debug


class Inspector:
    """What the core calls under a mode that inspects: for each recorded operation, and to run each rule.

    Rules get read-only views of the gradient and of the saved values.  Subclasses look at more.
    """

    guards_forwards = False  # whether the forward of a primitive gets read-only arrays, too

    def given(self, op: Op, arrays: list[Any]) -> tuple[Callable[..., Any], list[Any]]:
        """What runs as the forward of an operation, and the arguments that it gets."""
        return op.forward, arrays

    def recorded(self, op: Op, node: Node | None, arguments: list[Any], out: Any) -> None:
        """A result has just been computed; it has a node if a gradient may be wanted of it."""

    def run(self, node: Node, rule: Rule, g: Any, saved: tuple[Any, ...]) -> Any:
        """The gradient that a rule returns, given that of its node's output and the values it saved."""
        return rule(read_only(g), *map(read_only, saved))


class Suspicious(Inspector):
    """The debug mode's inspector."""

    guards_forwards = True

    def __init__(self, nonfinite: bool) -> None:
        self.nonfinite, self.looked_at = nonfinite, 0

    def recorded(self, op: Op, node: Node | None, arguments: list[Any], out: Any) -> None:
        from .nonfinite import note, of_result

        line = users_line()
        if node is not None:
            notes = notes_of(node)
            notes.line, notes.checksums = line, _checksums(node.saved)
            note(node, notes, arguments)
        for output in out if isinstance(out, tuple) else (out,):
            if (place := self._not_finite(output, f"{op.name} returned", line)) is not None:
                raise of_result(op, node, tuple(arguments), place)

    def run(self, node: Node, rule: Rule, g: Any, saved: tuple[Any, ...]) -> Any:
        notes = node.notes
        line = "a line recorded outside of the debug mode" if notes is None else notes.line
        # The rules of a node run one after the other: its saved values are looked at once, by the first.
        first = node.order != self.looked_at or rule is (node.plan.joint or node.plan.steps[0][0])
        if first and notes is not None and notes.checksums and notes.checksums != _checksums(node.saved):
            raise InPlaceError(
                f"{node.name}: a value that its derivative needs was changed after the operation, at {line}."
            )
        self.looked_at = node.order
        try:
            gradient = super().run(node, rule, g, saved)
        except ValueError as error:
            if not is_write(error):
                raise
            what = f"a derivative rule writes into an array that it was given (called at {line})"
            raise WrongRule(f"{node.name}: {what}; rules change nothing.") from error
        place = self._not_finite(gradient, f"The gradient of {node.name} is", line)
        if place is not None:
            from .nonfinite import of_gradient

            raise of_gradient(node, g, place)
        return gradient

    def _not_finite(self, value: Any, what: str, line: str) -> "Place | None":
        """The first place where a value is not finite, if there is one and it is looked for."""
        array: Any = getattr(value, "_array", value)
        if not self.nonfinite or getattr(getattr(array, "dtype", None), "kind", "") not in ("f", "c"):
            return None
        if np.isfinite(array).all():
            return None
        from .nonfinite import Place

        wrong = np.argwhere(~np.isfinite(array))
        return Place(what, array, tuple(int(i) for i in wrong[0]), len(wrong), line)


def is_write(error: Exception) -> bool:
    """Whether NumPy raised the error because somebody wrote into a read-only array."""
    return isinstance(error, ValueError) and "read-only" in str(error)


def read_only(value: Any) -> Any:
    """A read-only view of an array, a tuple of them for a tuple; anything else as it is."""
    if type(value) is tuple:
        return tuple(map(read_only, value))
    if isinstance(value, np.ndarray):
        value = value.view()
        value.flags.writeable = False
    return value


def users_line() -> str:
    """The innermost line that is neither ours nor NumPy's."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        file = frame.f_code.co_filename
        if not (file.startswith((PACKAGE, NUMPY)) or file in LIBRARY):
            break
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"


def _checksums(saved: tuple[Any, ...] | None) -> tuple[int, ...]:
    flat = [v for value in saved or () for v in (value if isinstance(value, tuple) else (value,))]
    return tuple(zlib.crc32(np.ascontiguousarray(v).tobytes()) for v in flat if isinstance(v, np.ndarray))
