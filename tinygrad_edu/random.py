"""Randomness: where generators come from.

Nothing here touches NumPy's global state.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ArgumentError
from .settings import Block, Default, Setting

if TYPE_CHECKING:
    Rng = np.random.Generator | int | None
else:  # a text: a look at np.random would load it, which takes time whenever the package is imported
    Rng = "np.random.Generator | int | None"

PROCESS = Default(None)
DEFAULT: ContextVar[Default] = ContextVar("tinygrad_edu generator", default=PROCESS)


def seed(value: Any) -> Seed:
    """Let everything random that is not given an ``rng`` draw from one generator with this seed.

    The call sets it at once, as ``np.random.seed`` does for NumPy: for all threads of this process, and for
    as long as it lives or until another call; inside of a block of ``with seed(…):``, for the rest of that
    block as well.  ``seed(None)`` ends it: from then on every draw has fresh entropy again.

    As ``with seed(0):`` it holds in the block only, in this thread and context, whatever others set
    meanwhile; around and after it, everything is as it was before the call.  As a decorator, ``@seed(0)``,
    every call of the function (or generator function, or coroutine) begins anew with the seed.

    Parameters
    ----------
    value : int, or whatever else `numpy.random.default_rng` takes
        The seed, not negative; None for fresh entropy.

    Returns
    -------
    Seed
        A context manager and decorator; as a context manager, it gives the generator of the block.

    Raises
    ------
    ArgumentError
        If no generator can be made of the value; nothing has changed then.

    Notes
    -----
    A layer that draws later, such as Dropout, keeps the generator that was the default when it was made.
    Threads that draw from the process's generator at once share its numbers in the order in which they come.
    NumPy's own global generator has no part in any of this.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> with tg.seed(0):
    ...     model = tg.nn.Linear(3, 2)

    Or as a statement, at the top of a program or notebook:

    >>> _ = tg.seed(0)
    >>> same = tg.nn.Linear(3, 2)
    >>> (model.weight == same.weight).all()
    Tensor(True)
    >>> _ = tg.seed(None)
    """
    return Seed(value)


def _leave(*block_and_error: object) -> None:
    """Go back to the default around the innermost block, whose ``__exit__`` this is."""
    DEFAULT.set(DEFAULT.get().outer or PROCESS)


class Seed(Setting):
    """What `seed` returns."""

    def __init__(self, value: Any) -> None:
        self.value = value
        rng = None if value is None else _made(value, "seed")
        super().__init__(f"seed({value!r})", rng, PROCESS, DEFAULT.get())

    def __enter__(self) -> np.random.Generator:
        self._take_back()
        return self._of_one_call().__enter__()

    __exit__ = _leave

    def _of_one_call(self) -> _Drawing:
        return _Drawing(_made(self.value, "seed"))


class _Drawing(Block):
    """A block in which a certain generator is the default."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def __enter__(self) -> np.random.Generator:
        DEFAULT.set(Default(self.rng, outer=DEFAULT.get()))
        return self.rng

    __exit__ = _leave


def _made(value: Any, who: str) -> np.random.Generator:
    if not isinstance(value, (bool, np.bool_)):
        try:
            return np.random.default_rng(value)
        except (TypeError, ValueError):
            pass
    expected = "a seed that is an integer, 0 or larger, a numpy.random.Generator, or None for fresh entropy"
    raise ArgumentError(f"{who}: expected {expected}; got {value!r:.80}.")


def generator(rng: Rng) -> np.random.Generator:
    """The generator meant by an ``rng=`` argument.

    Parameters
    ----------
    rng : numpy.random.Generator, int or None
        A generator is used as it is; an int seeds a new one; None is the generator of `seed`, or else fresh
        entropy.
    """
    draws = DRAWS.get()
    if draws is not None and draws.again:
        return draws.next()
    if isinstance(rng, np.random.Generator):
        found = rng
    elif rng is not None:
        found = _made(rng, "rng")
    else:
        found = DEFAULT.get().value or np.random.default_rng()
    if draws is not None:
        draws.note(found)
    return found


# ---- drawing the same again --------------------------------------------------------------------------------


class Draws:
    """The generators that a computation asked for, each in the state in which it got it."""

    def __init__(self) -> None:
        self.noted: list[np.random.Generator] = []
        self.again = False
        self.place = 0

    def note(self, rng: np.random.Generator) -> None:
        """Remember a generator as it is now."""
        self.noted.append(deepcopy(rng))

    def next(self) -> np.random.Generator:
        """The next generator that was asked for, in its state of that time."""
        self.place += 1
        if self.place > len(self.noted):
            return np.random.default_rng()  # more than before: whoever runs it again sees another result
        return deepcopy(self.noted[self.place - 1])


DRAWS: ContextVar[Draws | None] = ContextVar("tinygrad_edu draws", default=None)


@contextmanager
def drawing(again: Draws | None = None) -> Iterator[Draws]:
    """A block whose generators are taken down; or, with those of an earlier block, one that draws the same."""
    draws = Draws()
    if again is not None:
        draws.noted, draws.again = again.noted, True
    token = DRAWS.set(draws)
    try:
        yield draws
    finally:
        DRAWS.reset(token)
        outer = DRAWS.get()
        if again is None and outer is not None and not outer.again:
            outer.noted += draws.noted  # an outer block draws them again too
