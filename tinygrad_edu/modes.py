"""What happens to operations just now: whether they are recorded, and whether the debug mode looks at them.

The mode belongs to a thread and a context (``contextvars``), so that no_grad in one thread does not reach
another.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, overload

from .settings import Block, Default, Function


class Mode(NamedTuple):
    """How operations are recorded just now.

    Attributes
    ----------
    recording : bool
        Whether they are recorded at all.
    debug : Default
        Its value is the `debug.Inspector` that looks at them, or None; blocks that change nothing about it
        share the process's.
    inside : str
        The name of the primitive whose forward runs, in which nothing that needs a gradient may be recorded;
        mostly empty.
    outer : Mode or None
        The mode to go back to.
    """

    recording: bool = True
    debug: Default = Default(None)
    inside: str = ""
    outer: Any = None


MODE: ContextVar[Mode] = ContextVar("tinygrad_edu mode", default=Mode())  # noqa: B039  # a Mode is immutable


@contextmanager
def mode(**changes: Any) -> Iterator[None]:
    """Change the mode for a block, and put it back whatever happens."""
    outer = MODE.get()
    MODE.set(outer._replace(outer=outer, **changes))
    try:
        yield
    finally:
        leave()


def leave(*block_and_error: object) -> None:
    """Go back to the mode around the innermost block, whose ``__exit__`` this is."""
    MODE.set(MODE.get().outer or Mode())


class Recording(Block):
    """Switch recording on or off: a context manager, and a decorator, of generators and coroutines too.

    ``apart`` is for differentiating within the forward of a primitive, where nothing that needs a gradient
    may be recorded otherwise: by a graph that is made there, and ends there.
    """

    def __init__(self, on: bool, *, apart: bool = False) -> None:
        self.on, self.apart = on, apart

    def __enter__(self) -> None:
        outer = MODE.get()
        MODE.set(Mode(self.on, outer.debug, "" if self.apart else outer.inside, outer))

    __exit__ = leave

    @property
    def name(self) -> str:  # type: ignore[override]  # made only when asked for
        return "enable_grad" if self.on else "no_grad"

    def __repr__(self) -> str:
        name = self.name
        where = f"in a block, `with {name}():`, or in a function, `@{name}`"
        return f"{name}(): holds {where}; the call alone changes nothing"


@overload
def no_grad(function: None = None) -> Recording: ...
@overload
def no_grad(function: Function) -> Function: ...
def no_grad(function: Any = None) -> Any:
    """Compute without recording: results need no gradient, and ``x += y`` and ``x[i] = v`` write in place.

    A context manager (``with no_grad():``) and a decorator (``@no_grad`` or ``@no_grad()``) of functions,
    generator functions and coroutines; the call alone, as a statement, changes nothing, as in PyTorch.  A
    ``with no_grad():`` around a ``yield`` leaks into the caller while the generator is suspended, as context
    variables do: decorate the generator function instead.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> with tg.no_grad():
    ...     (2 * x).requires_grad
    False
    """
    return Recording(False) if function is None else Recording(False)(function)


@overload
def enable_grad(function: None = None) -> Recording: ...
@overload
def enable_grad(function: Function) -> Function: ...
def enable_grad(function: Any = None) -> Any:
    """Record again, inside of `no_grad`; a context manager and a decorator, as that is."""
    return Recording(True) if function is None else Recording(True)(function)


def recording_apart() -> Recording:
    """Record a graph that ends where it begins, also within the forward of a primitive."""
    return Recording(True, apart=True)


def is_grad_enabled() -> bool:
    """Whether operations are recorded just now, in this thread and context."""
    return MODE.get().recording
