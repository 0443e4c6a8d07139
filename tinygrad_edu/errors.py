"""One class for each kind of mistake, so that a program can tell them apart and a person is told what to do.

Every message says what was asked, what was received, what was expected, and what to do about it.  Each class
is also one of Python's own (ValueError, TypeError, RuntimeError …), so that code which catches those keeps
working.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class TinygradError(Exception):
    """Base of every error that this package raises on purpose."""

    teller = ""  # the function or class that told it: the message begins with that name

    origin: Any = (
        None  # the module in whose forward it arose, and its message there: `nn.Module` adds the path
    )


class MissingRule(TinygradError, TypeError):
    """A function, or an argument of it, has no derivative rule, and a gradient was wanted."""


class UnsupportedCall(TinygradError, TypeError):
    """A function that has a rule was called in a form that the rule does not cover (an unknown keyword,
    ``out=``).
    """


class WrongRule(TinygradError, RuntimeError):
    """A rule, or a primitive, is not what it should be.

    The rule returned something that cannot be the gradient of its argument, or changed what it was given; or
    the forward of the primitive returned a Tensor; or the two do not fit together.
    """


class CoercionError(TinygradError, RuntimeError):
    """A tensor that needs a gradient was about to become a plain array or number, and its gradient to be
    lost.

    No TypeError: NumPy would put an error of its own, about sequences, in the place of one.
    """


class DTypeError(TinygradError, TypeError, ValueError):
    """An array has a dtype that cannot be used here."""


class ShapeError(TinygradError, ValueError):
    """An array has a shape that cannot be used here."""


class ArgumentError(TinygradError, ValueError):
    """An argument is outside the values that it may take."""


class GraphError(TinygradError, RuntimeError):
    """The recorded graph cannot be differentiated: there is none, it is released, or it needs a cotangent."""


class InPlaceError(TinygradError, RuntimeError):
    """A value was changed, or was about to be, that a recorded graph still needs."""


class TraceError(TinygradError, RuntimeError):
    """A step cannot be compiled as it is written; the message names the line, and what to do."""


class ExportError(TraceError):
    """A model cannot be exported as it is written; the message names the operation and the layer."""


class NonFiniteError(TinygradError, FloatingPointError):
    """A NaN or an infinity where none can be: met by the debug mode, by gradient clipping, or by a line
    search.

    The debug mode's says where and why, in attributes too: ``operation``, ``index``, ``line``, ``cause`` and
    ``mend``.
    """

    operation = line = cause = mend = ""
    index: tuple[int, ...] = ()


class ConvergenceError(TinygradError, ArithmeticError):
    """A root was sought and not found, or is none that depends smoothly on anything."""


class StateError(TinygradError, ValueError):
    """A saved state does not fit the object that it is loaded into."""


class FormatError(TinygradError, ValueError):
    """A file is not of the format that it should be, is damaged, or declares more than the limits that it is
    read under.
    """


class RankError(TinygradError, RuntimeError):
    """The processes that train together do different things, or one of them has gone."""


class DownloadError(TinygradError, OSError):
    """Published data could not be fetched, or what came is not what was published; nothing was kept of it."""


class GradcheckError(TinygradError, AssertionError):
    """A derivative disagrees with its numerical oracle, or the check itself could not be made."""


class UndecidedError(GradcheckError):
    """A derivative can be called neither right nor wrong: no numerical derivative is exact enough at that
    point.
    """


def names_itself(function: Function) -> Function:
    """Decorator of what users call: an error about its arguments begins with its name, whoever raises it
    inside.

    So helpers raise bare messages, and need not be told for whom they work.  A method goes by its class and
    its name ("SGD.step: …"), ``__init__`` and ``forward`` by the class alone.  The innermost name stays.

    Examples
    --------
    >>> @names_itself
    ... def halve(n):
    ...     check_even(n)
    ...     return n // 2
    >>> def check_even(n):
    ...     if n % 2:
    ...         raise ArgumentError(f"n is even; got {n}.")
    >>> halve(3)
    Traceback (most recent call last):
        ...
    tinygrad_edu.errors.ArgumentError: halve: n is even; got 3.
    """
    name = function.__name__
    method = "." in function.__qualname__.rpartition("<locals>.")[2]

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (ArgumentError, ShapeError, DTypeError) as error:
            who = type(args[0]).__name__ if method else name
            told_by(error, f"{who}.{name}" if method and name not in ("__init__", "forward") else who)
            raise

    return call  # type: ignore[return-value]  # wraps keeps the signature, which mypy cannot see


@contextmanager
def told_as(who: str) -> Iterator[None]:
    """A block whose errors about arguments begin with the name of what the user called."""
    try:
        yield
    except (ArgumentError, ShapeError, DTypeError) as error:
        told_by(error, who)
        raise


def told_by(error: TinygradError, who: str) -> TinygradError:
    """The error, with the name of who tells it before its message, unless that has a name already."""
    if not error.teller and error.origin is None and not str(error).startswith((f"{who}:", f"{who} ")):
        error.teller, error.args = who, (f"{who}: {error}",)
    return error
