"""A compiled function: it is traced once for arguments and settings of a kind, and runs as what that gave."""

import functools
import sys
import threading
import time
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..errors import TraceError
from ..modes import MODE
from .backend import Backend
from .free import run_of
from .lesson.text import Lesson
from .over import Runs, over
from .report import report_of
from .saved import save
from .specialization import Specialization
from .state.caches import Filled
from .tracing import Untraceable
from .ways import Ways

LIMIT = 8  # specializations of a function
TRACES = 32  # of one call each, after which it runs as it is unless a trace fits


class Compiled:
    """A function that was given to `compile`: it is called as that is.

    Attributes
    ----------
    function : callable
        What was compiled.
    specializations : list of Specialization
        What it was traced for, the latest first.
    """

    __slots__ = {  # a function in its place is found as fast as a method of the class
        "__call__": "As the function is called; from the first trace on, `Specialization.call` is here."
    } | dict.fromkeys(("__dict__", "__weakref__"))

    def __init__(
        self, function: Callable[..., Any], backend: str = "numpy", cache: str | PathLike[str] | None = None
    ) -> None:
        functools.update_wrapper(self, function)
        self.__call__: Callable[..., Any] = self.first_call
        self.function, self.backend = function, Backend(backend, cache)
        self.specializations: list[Specialization] = []
        self.latest: Specialization | None = None  # which was called last
        self.traces = self.eager = 0
        self.useless = 0  # how many of the latest traces were for one call each
        self.fixed = frozenset[Any]()  # the numbers among the arguments that no trace can be without
        self.failures: list[str] = []  # why it could not be traced
        self.idle: list[None] = [None]  # empty while a call is under way: the memory of a step is its own
        self.runs: Runs | None = None  # over the batches of epochs
        self._lock = threading.Lock()

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __copy__(self) -> "Compiled":
        return self

    def __deepcopy__(self, memo: Any) -> "Compiled":  # as functions do
        return self

    def __reduce__(self) -> str:  # as functions do: by name
        return str(getattr(self, "__qualname__", "step"))

    # ---- calls ---------------------------------------------------------------------------------------------

    def first_call(self, *args: Any, **kwargs: Any) -> Any:
        """A call before the first trace."""
        return self._traced(args, kwargs)

    def missed(self, one: Specialization, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call that a trace does not hold for: it is for the next one, or for another."""
        found = self.specializations
        later = found.index(one) + 1 if one in found else len(found)
        return found[later].call(*args, **kwargs) if later < len(found) else self._traced(args, kwargs)

    def as_it_is(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call of the function itself."""
        self.eager += 1
        return self.function(*args, **kwargs)

    def failed(self, one: Specialization, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call whose values a trace does not hold for: another one has gone that way, or is made."""
        if (other := one.ways.after(one)) is not None:
            return other.call(*args, **kwargs)
        return self._traced(args, kwargs, one.ways) if one.ways.are_open() else self.as_it_is(args, kwargs)

    def found(self, one: Specialization) -> None:
        """Ask a trace before the others, from now on."""
        self.latest, self.useless = one, 0
        one.ways.first(one)
        others = (other for other in self.specializations if other is not one)
        self.specializations = [one, *others][:LIMIT]
        self.__call__ = one.call

    def busy(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call while another one is under way: it waits, unless it is a part of that."""
        if self._is_in(sys._getframe()):
            return self.as_it_is(args, kwargs)
        while not self.idle:
            with self._lock:
                if not self.idle and not any(map(self._is_in, sys._current_frames().values())):
                    self.idle.append(None)  # an interrupt has come where it could not be caught
            time.sleep(1e-4)
        return self(*args, **kwargs)

    def _is_in(self, frame: Any) -> bool:
        """Whether a call is under way, and does not wait, in a frame or in one of those that called it."""
        called = None
        while frame is not None:
            is_ours = frame.f_code is TRACED and frame.f_locals.get("self") is self
            is_ours |= frame.f_code.co_name == "call" and frame.f_globals.get("append") == self.idle.append
            if is_ours and called is not BUSY:
                return True
            called, frame = frame.f_code, frame.f_back
        return False

    def _traced(self, args: tuple[Any, ...], kwargs: dict[str, Any], ways: Ways | None = None) -> Any:
        """The first call for arguments and settings of their kind, or that goes another way than others."""
        try:
            self.idle.pop()
        except IndexError:
            return self.busy(args, kwargs)
        try:
            return self._trace(args, kwargs, ways)
        finally:
            self.idle.append(None)

    def _trace(self, args: tuple[Any, ...], kwargs: dict[str, Any], ways: Ways | None) -> Any:
        is_debugged = MODE.get().debug.value is not None  # by debug(), or it is a part of another trace
        if is_debugged or len(self.failures) > 2 or self.useless >= TRACES:
            return self.as_it_is(args, kwargs)
        why = self.specializations[0].why(args, kwargs) if self.specializations else "the first call"
        why = "values that go another way" if ways else why
        self.traces, self.useless, start = self.traces + 1, self.useless + (not ways), time.perf_counter()
        run, failures = None, list[str]()
        try:
            run = run_of(self, args, kwargs)
        except (Filled, Untraceable, TraceError) as error:
            if ways:  # which is not compiled
                ways.close()
            elif isinstance(error, Filled):  # as the function itself will, and the next trace finds it there
                pass
            elif isinstance(error, TraceError):
                raise
            else:  # the function's own exception, or
                failures.append(f"{type(error.__cause__).__name__}: {error.__cause__}")
        if run is None:  # not while an exception is handled, which would become a part of the function's own
            result = self.as_it_is(args, kwargs)
            self.failures += failures
            return result
        title, traced = f"<compiled {self._name} {self.traces}>", time.perf_counter()
        one = Specialization(run, title, why, self.backend.source, self)
        one.ways = ways or Ways()
        one.ways.add(one)
        one.took = traced - start, time.perf_counter() - traced
        self.latest, self.specializations = None, [one, *self.specializations][:LIMIT]
        self.__call__ = one.call
        return run.returned(args, kwargs)

    def over(self, batches: Iterable[Any]) -> NDArray[Any]:
        """Call the function with every batch of an epoch, many of them in one call of C where that can be.

        Parameters
        ----------
        batches : DataLoader, or iterable of tuples of arrays
            Each batch is the arguments of a call.  Those of a `data.DataLoader` over arrays are gathered in
            C, in the loader's order; the loader then stands at its next epoch.

        Returns
        -------
        ndarray, shape (number of batches,)
            What the function returns for each: one number, such as the loss.

        Raises
        ------
        ArgumentError
            If it returns something else.

        Notes
        -----
        A call of C takes about 30 ms; Ctrl-C raises after it.  One batch a call is made where C cannot make a
        step alone, and where batches are made by a map or a ``collate_fn``.

        Examples
        --------
        >>> import numpy as np, tinygrad_edu as tg
        >>> model = tg.nn.Linear(3, 2, rng=0)
        >>> optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
        >>> @tg.compile(backend="auto")
        ... def step(x, y):
        ...     optimizer.zero_grad()
        ...     loss = tg.softmax_cross_entropy(model(x), y)
        ...     loss.backward()
        ...     optimizer.step()
        ...     return loss
        >>> loader = tg.data.DataLoader((np.eye(3).repeat(20, 0), np.arange(60) // 40), 10, shuffle=True)
        >>> losses = [step.over(loader).mean() for epoch in range(5)]
        >>> assert losses[-1] < losses[0]
        """
        self.runs = self.runs or Runs(self, lambda *arrays: arrays)
        return over(self.runs, batches)

    @property
    def source(self) -> str:
        """The text of the function that runs, as it was traced last.

        Raises
        ------
        TraceError
            Before the first call, which makes it.
        """
        return self._latest().source.shown

    def lesson(self) -> str:
        """What runs, as a page to read: plain expressions of NumPy's, with the lines that they come from.

        Returns
        -------
        str
            A function of the arguments, of the parameters and of what the optimizer remembers, which it
            changes in place, of t, the count of steps made before, and of the rate.  It needs NumPy alone,
            and gives the same bits.

        Raises
        ------
        TraceError
            Before the first call, and for the first steps of RAdam, which are others than the later ones.

        Examples
        --------
        >>> import numpy as np, tinygrad_edu as tg
        >>> @tg.compile
        ... def energy(x):
        ...     return (np.sin(x) ** 2).sum()
        >>> _ = energy(np.ones(3))
        >>> print(energy.lesson())
        import numpy as np
        <BLANKLINE>
        <BLANKLINE>
        def energy(x):
            # return (np.sin(x) ** 2).sum()
            total = (np.sin(x)**2).sum()
            return total
        <BLANKLINE>
        """
        return Lesson(self._latest().run, self._name).text

    def save(self, path: str | PathLike[str]) -> tuple[Path, Path]:
        """Write the step, as it was traced last, and its state as they are now, to run without this package.

        Parameters
        ----------
        path : path
            Of a file of Python, with a function of the name of this one, which returns arrays; beside it is a
            file of arrays, with the ending npz: parameters, what the optimizer remembers, counts, rates, and
            what the step reads of what it assigns to.  It adds to no list, and assigns nothing else.  It
            takes the arguments of the traced call, of those nested each array by itself; numbers, truths and
            texts that the trace was made for are looked at, and others raise a ValueError.

        Returns
        -------
        (Path, Path)
            Where the two files are: that of Python and that of arrays.

        Raises
        ------
        TraceError
            Before the first call; if the step needs what is not NumPy's (sparse matrices), and for the first
            steps of RAdam, which are others than the later ones.
        """
        return save(self._latest().run, self._name, self.function, path)

    @property
    def _name(self) -> str:
        name = getattr(self.function, "__name__", "step")
        return name if name.isidentifier() else "step"

    def report(self) -> str:
        """Say in words which traces there are: why each was made, how long it took, how many lines and checks
        it has, the bytes of its buffers, and what runs.
        """
        return report_of(self, TRACES if self.useless >= TRACES else 0)

    def _latest(self) -> Specialization:
        if not self.specializations:
            raise TraceError("There is no source yet: the first call makes it.")
        return self.specializations[0]


TRACED, BUSY = Compiled._traced.__code__, Compiled.busy.__code__
