"""What makes a schedule of a function that gives the rate at one step."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from ..errors import ArgumentError, names_itself
from .setting import Check

Schedule = Callable[[Any], Any]
Maker = TypeVar("Maker", bound=Callable[..., Schedule])


def makes_schedule(**checks: Check) -> Callable[[Maker], Maker]:
    """Decorator of functions that return the rate as a function of one step: it becomes a schedule.

    Parameters
    ----------
    **checks : callable
        The checks of the arguments, by their names; errors begin with the name of the decorated function.

    Examples
    --------
    >>> from tinygrad_edu.optim.setting import at_least_zero
    >>> @makes_schedule(lr=at_least_zero)
    ... def half(lr):
    ...     return lambda t: lr / 2**t
    >>> half(1.0)([0, 1, 2])
    array([1.  , 0.5 , 0.25])
    >>> half(-1.0)
    Traceback (most recent call last):
        ...
    tinygrad_edu.errors.ArgumentError: half: lr is at least 0 and finite; got -1.0.
    """

    def decorated(make: Maker) -> Maker:
        @wraps(make)
        def made(*args: Any, **kwargs: Any) -> Schedule:
            given = {**dict(zip(inspect.signature(make).parameters, args)), **kwargs}
            for name, check in checks.items():
                if name in given:
                    check(name, given[name])
            return _of_arrays(make(*args, **kwargs))

        return names_itself(made)  # type: ignore[return-value]  # it has the signature of make

    return decorated


def _of_arrays(rate: Schedule) -> Schedule:
    """A function of one step as a function of a step or an array of them."""

    @wraps(rate)
    def at(step: Any) -> Any:
        if np.ndim(step):
            return np.array([at(t) for t in np.ravel(step).tolist()], float).reshape(np.shape(step))
        if not step >= 0:
            raise ArgumentError(f"A schedule begins at step 0; got {step}.")
        return rate(step)

    return at
