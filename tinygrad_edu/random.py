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
    return _meant(rng) if draws is None else draws.give(rng)


def _meant(rng: Rng) -> np.random.Generator:
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is not None:
        return _made(rng, "rng")
    return DEFAULT.get().value or np.random.default_rng()


# ---- drawing the same again --------------------------------------------------------------------------------


class Draws:
    """The generators that a computation asks for, each noted in the state in which it gets it.

    Parameters
    ----------
    outer : Draws, optional
        Those of the computation that this one is a part of.
    noted : list of Generator, optional
        What an earlier run has noted: it is given out again.
    """

    def __init__(self, outer: Draws | None = None, noted: list[np.random.Generator] | None = None) -> None:
        self.outer, self.again = outer, noted is not None
        self.noted = noted or []
        self.place = 0

    def give(self, rng: Rng) -> np.random.Generator:
        """The generator that is meant, noted; or the one that was noted at this place, as it was then."""
        if not self.again:
            found = _meant(rng) if self.outer is None else self.outer.give(rng)
            self.noted.append(deepcopy(found))
            return found
        self.place += 1
        if self.place > len(self.noted):
            return np.random.default_rng()  # more than before: whoever runs it again sees another result
        return deepcopy(self.noted[self.place - 1])


DRAWS: ContextVar[Draws | None] = ContextVar("tinygrad_edu draws", default=None)


@contextmanager
def drawing(before: Draws | None = None) -> Iterator[Draws]:
    """A block whose generators are noted; or, with those of an earlier block, one that draws the same."""
    draws = Draws(DRAWS.get()) if before is None else Draws(noted=before.noted)
    token = DRAWS.set(draws)
    try:
        yield draws
    finally:
        DRAWS.reset(token)
        draws.outer = None
