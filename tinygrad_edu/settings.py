"""Settings: what a call sets for the whole process, a ``with`` for its block, and a decorator for a function.

A call cannot know whether it is the whole statement or the head of a ``with``.  So it sets the process's
default at once, and a block that is entered takes that back and sets its own context instead.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import Any, TypeVar
from weakref import ref

Function = TypeVar("Function", bound=Callable[..., Any])

_LOCK = RLock()


class Default:
    """What holds until a call sets something else: one for the process, and one for each block.

    Attributes
    ----------
    value : object
        What the last call set that was not taken back.
    outer : object
        For the default of a block: what to go back to at its end.
    """

    __slots__ = ("_calls", "outer", "value")

    def __init__(self, value: Any, outer: Any = None) -> None:
        self.value, self.outer = value, outer
        self._calls: list[tuple[Callable[[], Any], Any]] = [(lambda: None, value)]  # oldest first

    def set(self, call: Any, value: Any) -> None:
        """Take a value over; ``call`` is the object by which `take_back` knows it."""
        with _LOCK:
            for i in reversed(range(len(self._calls))):
                if self._calls[i][0]() is None:
                    # It can no longer be taken back, so what is older will not be seen again.
                    del self._calls[:i]
                    break
            self._calls.append((ref(call), value))
            self.value = value

    def take_back(self, call: Any) -> None:
        """Forget what a call has set, as if it had never been: other calls may have come since."""
        with _LOCK:
            self._calls = [c for c in self._calls if c[0]() is not call]
            self.value = self._calls[-1][1]


class Block:
    """A context manager that is a decorator too, of functions, generator functions and coroutines.

    ``__exit__`` knows from the context alone what to go back to, so that one object serves several threads,
    and blocks within blocks; and a generator may be closed in another context than it was opened in.
    """

    name: str

    def __enter__(self) -> Any:
        raise NotImplementedError

    def __exit__(self, *error: object) -> None:
        raise NotImplementedError

    def _of_one_call(self) -> "Block":
        """What one call of a decorated function runs in; a generator enters it again for every step."""
        return self

    def __call__(self, function: Function) -> Function:
        if inspect.isasyncgenfunction(function):
            what = "cannot decorate an async generator: use it as a context manager between its yields."
            raise TypeError(f"{self.name} {what}")
        if inspect.isgeneratorfunction(function):
            return self._generator(function)  # type: ignore[return-value]
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def coroutine(*args: Any, **kwargs: Any) -> Any:
                with self._of_one_call():
                    return await function(*args, **kwargs)

            return coroutine  # type: ignore[return-value]

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with self._of_one_call():
                return function(*args, **kwargs)

        return call  # type: ignore[return-value]

    def _generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A generator whose steps run in the block; its caller keeps its own while the generator is
        suspended.
        """

        @wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Any:
            inner, block = function(*args, **kwargs), self._of_one_call()
            step, sent = inner.send, None
            try:
                while True:
                    with block:
                        item = step(sent)
                    try:
                        sent, step = (yield item), inner.send
                    except GeneratorExit:
                        with block:
                            inner.close()
                        raise
                    except BaseException as error:
                        sent, step = error, inner.throw
            except StopIteration as stop:
                return stop.value

        return generator


class Setting(Block):
    """What a call of `seed` or `debug` returns: it has set the defaults, and its block takes that back."""

    def __init__(self, name: str, value: Any, *defaults: Default) -> None:
        self.name, self._defaults = name, defaults
        for default in dict.fromkeys(defaults):
            default.set(self, value)

    def __repr__(self) -> str:
        return self.name

    def _take_back(self) -> None:
        for default in self._defaults:
            default.take_back(self)

    def __call__(self, function: Function) -> Function:
        self._take_back()
        return super().__call__(function)
