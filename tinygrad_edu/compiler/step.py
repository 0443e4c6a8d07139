"""`tg.compile`: a function of tensors that is traced once, and from then on runs as straight-line NumPy."""

import functools
import threading
from collections.abc import Callable
from typing import Any

from ..errors import TraceError
from .specialization import FAILED, MISS, Specialization
from .tracing import Run

LIMIT = 8  # specializations of a function


class Compiled:
    """A function that was given to `compile`: it is called as that is.

    Attributes
    ----------
    function : callable
        What was compiled.
    specializations : list of Specialization
        What it was traced for, the latest first.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.specializations: list[Specialization] = []
        self.traces = 0
        self._lock = threading.RLock()  # the memory of a step is its own

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            for one in self.specializations:
                result = one.call(args, kwargs)
                if result is FAILED:
                    return self.function(*args, **kwargs)
                if result is not MISS:
                    return result
            return self._traced(args, kwargs)

    def _traced(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The first call for arguments and settings of their kind."""
        self.traces += 1
        run = Run(self.function, args, kwargs)
        title = f"<compiled {getattr(self.function, '__name__', 'step')} {self.traces}>"
        self.specializations = [Specialization(run, title), *self.specializations][:LIMIT]
        return run.returned(args, kwargs)

    @property
    def source(self) -> str:
        """The text of the function that runs, as it was traced last.

        Raises
        ------
        TraceError
            Before the first call, which makes it.
        """
        if not self.specializations:
            raise TraceError("There is no source yet: the first call makes it.")
        return self.specializations[0].source.text


def compile(function: Callable[..., Any]) -> Compiled:
    """A function of tensors as straight-line NumPy, traced by its first call.

    Parameters
    ----------
    function : callable
        A training step, an inference function, a gradient: what it computes is NumPy's calls on its
        arguments, on the parameters of modules, and on what optimizers remember.

    Returns
    -------
    Compiled
        It is called as the function is, and gives the same numbers, to the bit; what it returns has no graph.
        ``source`` is the text of what runs.

    Raises
    ------
    TraceError
        When called, if the function cannot be compiled as it is written: it makes a Python number of a value,
        changes what is not an array, draws from a global generator, or its optimizer is not an elementwise
        one. The message names the line, and what to do; nothing was changed.

    Notes
    -----
    The first call is a step like any other.  Later ones look whether anything that the trace depended on has
    changed: shapes, dtypes and layouts of the arguments, Python values that the function can reach, the
    modes of modules, what is frozen, settings of optimizers but the rates, which are read anew in every
    step.  If so, the function is traced again, and both are kept.  A branch on values becomes a check, which
    is made before anything is written: where it comes out otherwise, the function runs as it is.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> model = tg.nn.Linear(3, 2, rng=0)
    >>> optimizer = tg.optim.Adam(model.parameters())
    >>> @tg.compile
    ... def step(x, y):
    ...     optimizer.zero_grad()
    ...     loss = tg.softmax_cross_entropy(model(x), y)
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> x, y = np.ones((4, 3), np.float32), np.array([0, 1, 0, 1])
    >>> losses = [step(x, y).item() for _ in range(3)]
    >>> losses == sorted(losses, reverse=True)
    True
    """
    return Compiled(function)
