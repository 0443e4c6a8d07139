"""One class for each kind of mistake, so that a program can tell them apart and a person is told what to do.

Every message says what was asked, what was received, what was expected, and what to do about it.  Each class is also one
of Python's own (ValueError, TypeError, RuntimeError …), so that code which catches those keeps working.
"""

from typing import Any


class TinygradError(Exception):
    """Base of every error that this package raises on purpose."""

    origin: Any = None  # the module in whose forward it arose, and the message there: `nn.Module` writes the module's path into it


class MissingRule(TinygradError, TypeError):
    """A function, or an argument of it, has no derivative rule, and a gradient was wanted."""


class UnsupportedCall(TinygradError, TypeError):
    """A function that has a rule was called in a form that the rule does not cover (an unknown keyword, ``out=``)."""


class WrongRule(TinygradError, RuntimeError):
    """A rule, or a primitive, is not what it should be.

    The rule returned something that cannot be the gradient of its argument, or changed what it was given; or the forward
    of the primitive returned a Tensor; or the two do not fit together.
    """


class CoercionError(TinygradError, RuntimeError):
    """A tensor that needs a gradient was about to become a plain array or number, and its gradient to be lost.

    No TypeError: NumPy would put an error of its own, about sequences, in the place of one.
    """


class DTypeError(TinygradError, TypeError, ValueError):
    """An array has a dtype that cannot be used here."""


class ShapeError(TinygradError, ValueError):
    """An array has a shape that cannot be used here."""


class ArgumentError(TinygradError, ValueError):
    """An argument is outside the values that it may take."""


class GraphError(TinygradError, RuntimeError):
    """The recorded graph cannot be differentiated: there is none, it was released, or it needs a cotangent."""


class InPlaceError(TinygradError, RuntimeError):
    """A value was changed, or was about to be, that a recorded graph still needs."""


class NonFiniteError(TinygradError, FloatingPointError):
    """A NaN or an infinity where none can be: met by the debug mode, by gradient clipping, or by a line search."""


class StateError(TinygradError, ValueError):
    """A saved state does not fit the object that it is loaded into."""


class FormatError(TinygradError, ValueError):
    """A file is not of the format that it should be, is damaged, or declares more than the limits that it is read under."""


class DownloadError(TinygradError, OSError):
    """Published data could not be fetched, or what arrived is not what was published; nothing was kept of it."""


class GradcheckError(TinygradError, AssertionError):
    """A derivative disagrees with its numerical oracle, or the check itself could not be made."""


class UndecidedError(GradcheckError):
    """A derivative can be called neither right nor wrong: no numerical derivative is exact enough at that point."""
