"""What happens to operations just now: whether they are recorded, and whether the debug mode looks at them.

The mode belongs to a thread and a context (``contextvars``), so that no_grad in one thread does not reach another.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, NamedTuple, TypeVar, overload

Function = TypeVar("Function", bound=Callable[..., Any])


class Mode(NamedTuple):
    """How operations are recorded just now.

    Attributes
    ----------
    recording : bool
        Whether they are recorded at all.
    debug : debug.Inspector or None
        What looks at them.
    inside : str
        The name of the primitive whose forward runs, in which nothing that needs a gradient may be recorded; mostly empty.
    outer : Mode or None
        The mode to go back to.
    """

    recording: bool = True
    debug: Any = None
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
        MODE.set(MODE.get().outer or Mode())


class Recording:
    """Switch recording on or off: a context manager, and a decorator of functions, generators and coroutines."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def __enter__(self) -> None:
        mode = MODE.get()
        MODE.set(Mode(self.on, mode.debug, "", mode))

    def __exit__(self, *error: object) -> None:
        MODE.set(MODE.get().outer or Mode())  # a generator may be closed in another context than it was opened in

    def __call__(self, function: Function) -> Function:
        on = self.on
        if inspect.isasyncgenfunction(function):
            raise TypeError("no_grad cannot decorate an async generator: use it as a context manager between its yields.")
        if inspect.isgeneratorfunction(function):
            return _generator(function, on)  # type: ignore[return-value]
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def coroutine(*args: Any, **kwargs: Any) -> Any:
                with Recording(on):
                    return await function(*args, **kwargs)

            return coroutine  # type: ignore[return-value]

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with Recording(on):
                return function(*args, **kwargs)

        return call  # type: ignore[return-value]


def _generator(function: Callable[..., Any], on: bool) -> Callable[..., Any]:
    """A generator whose steps run in the mode, and whose caller keeps its own while the generator is suspended."""

    @wraps(function)
    def generator(*args: Any, **kwargs: Any) -> Any:
        inner = function(*args, **kwargs)
        step, sent = inner.send, None
        try:
            while True:
                with Recording(on):
                    item = step(sent)
                try:
                    sent, step = (yield item), inner.send
                except GeneratorExit:
                    with Recording(on):
                        inner.close()
                    raise
                except BaseException as error:
                    sent, step = error, inner.throw
        except StopIteration as stop:
            return stop.value

    return generator


@overload
def no_grad(function: None = None) -> Recording: ...
@overload
def no_grad(function: Function) -> Function: ...
def no_grad(function: Any = None) -> Any:
    """Compute without recording: results need no gradient, and ``x += y`` and ``x[i] = v`` write in place.

    A context manager (``with no_grad():``) and a decorator (``@no_grad`` or ``@no_grad()``) of functions, generator
    functions and coroutines.  A ``with no_grad():`` around a ``yield`` leaks into the caller while the generator is
    suspended, as context variables do: decorate the generator function instead.

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
    """Record again, inside a block or function of `no_grad`."""
    return Recording(True) if function is None else Recording(True)(function)


def is_grad_enabled() -> bool:
    """Whether operations are recorded just now, in this thread and context."""
    return MODE.get().recording
