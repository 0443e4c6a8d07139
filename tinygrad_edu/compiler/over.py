"""Runs: a compiled function over the batches of an epoch, as many in one call of C as a moment allows."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import ArgumentError
from ..tensor import Tensor
from .c.many import DONE
from .c.orders import Orders, Shuffled
from .specialization import FAILED, MISS, Specialization

MOMENT = 0.03  # seconds that a call of C is to take: Ctrl-C and progress wait for so long
GROWTH = 8  # how many times as many steps the next call may make


class Rows(Protocol):
    """What is left of an epoch whose batches are rows of arrays; see `data.rows`."""

    arrays: Sequence[NDArray[Any]]
    period: int

    @property
    def shuffled(self) -> tuple[int, int, int] | None: ...

    def build(self, arrays: Iterable[Any], /) -> tuple[Any, ...]: ...

    def alike(self) -> tuple[int, int]: ...

    def numbers(
        self, rows: int, orders: Callable[[], Orders | None] | None = None
    ) -> tuple[int, NDArray[np.intp] | None]: ...


class Made(NamedTuple):
    """Steps that were made: how many, what the last returned, and what was asked for of each."""

    steps: int
    last: Any = None
    results: Sequence[NDArray[Any]] = ()


class Runs:
    """Calls of a compiled function with one batch after another.

    Parameters
    ----------
    compiled : Compiled
    form : callable
        Makes the arguments of a call, a tuple, of the fields of a batch.
    """

    def __init__(self, compiled: Any, form: Callable[..., tuple[Any, ...]]) -> None:
        self.compiled, self.form = compiled, form
        self.limit = 1  # how many steps are made in the next call
        self._rooms: dict[int, tuple[Any, ...]] = {}  # the arguments of a call, by the number of their rows

    @property
    def useful(self) -> bool:
        """Whether steps may be made in C alone, as far as is known."""
        made = self.compiled.specializations
        return self.compiled.backend.name != "numpy" and (not made or any(one.many for one in made))

    def advance(
        self, rows: Rows, rate: Callable[[int], None] | None = None, wanted: Sequence[int] = (0,)
    ) -> Made:
        """Make the next steps of an epoch, all with batches of the same size, in one call of C.

        None is made if the next one cannot be made in this way: there is no trace for it yet, C cannot make
        it alone, or a check fails.

        Parameters
        ----------
        rows : Rows
            They stay where they are.
        rate : callable, optional
            Sets the rates of the k-th of these steps.
        wanted : sequence of int, default=(0,)
            Which of the arrays that the function returns are wanted of every step.
        """
        count, size = rows.alike()
        count = min(count, self.limit)
        for one in self.fitting(rows, size):
            if (outs := self.outs(one, count, wanted)) is None:
                continue
            start = time.perf_counter()
            steps = _steps(one, rows, count, outs, rate)
            result = one.call_with(steps, self.given(rows, size))
            if result is MISS:
                continue
            if result is FAILED:
                break
            done = int(one.many.words[DONE])
            self.took(time.perf_counter() - start, done)
            shift = len(one.run.learned)
            return Made(done, result, [outs[shift + k][:done] for k in wanted])
        return Made(0)

    def fitting(self, rows: Rows, size: int) -> list[Specialization]:
        """The traces by which C makes steps alone, with batches of so many rows."""
        widths = [a[:1].nbytes for a in rows.arrays]
        made = (one for one in self.compiled.specializations if one.many is not None)
        return [one for one in made if one.many.batch == size and one.many.widths == widths]

    def took(self, seconds: float, steps: int) -> None:
        """Take note of how long a call took, for how many steps the next one may make."""
        self.limit = max(1, min(int(MOMENT * steps / seconds), GROWTH * self.limit))

    def given(self, rows: Rows, size: int) -> tuple[Any, ...]:
        """The arguments of a call: arrays that batches are gathered in."""
        if size not in self._rooms:
            arrays = [np.empty((size, *a.shape[1:]), a.dtype) for a in rows.arrays]
            self._rooms[size] = self.form(*rows.build(arrays))
        return self._rooms[size]

    def outs(self, one: Specialization, count: int, wanted: Sequence[int]) -> list[Any] | None:
        """Arrays for the results that are wanted of every step; None if C does not have them."""
        found: list[Any] = [None] * len(one.many.results)
        for k in wanted:
            place = len(one.run.learned) + k
            known = one.many.results[place] if place < len(found) else None
            if known is None:
                return None
            found[place] = np.empty((count, *known.shape), known.dtype)
        return found


def over(runs: Runs, batches: Any) -> NDArray[Any]:
    """What the function returns for each batch of an epoch, one number; see `Compiled.over`."""
    rows = batches.by_rows() if runs.useful and hasattr(batches, "by_rows") else None
    if rows is None:
        return np.array([number_of(runs.compiled(*batch)) for batch in batches])
    found = []
    while rows.left:
        made = runs.advance(rows) if runs.useful else Made(0)
        if made.steps:
            number_of(made.last)
            found.append(made.results[0])
            rows.advance(made.steps)
        else:
            batch = rows.next()
            rows.advance(1)
            found.append(number_of(runs.compiled(*batch))[None])
    rows.end()
    return np.concatenate(found)


def number_of(result: Any) -> NDArray[Any]:
    """A result that is one number, as an array without axes."""
    array = result._array if isinstance(result, Tensor) else result
    if not isinstance(array, (np.ndarray, np.generic, int, float)) or np.ndim(array):
        got = f"an array of shape {np.shape(array)}" if hasattr(array, "shape") else type(result).__name__
        raise ArgumentError(
            f"over: the function returns one number for a batch, such as its loss; got {got}."
        )
    return np.array(array)


def _steps(one: Specialization, rows: Rows, count: int, outs: list[Any], rate: Any) -> Callable[..., Any]:
    """What takes the place of a step: so many, in C."""

    many = one.many

    def steps(*arrays: Any) -> Any:
        numbers: Any
        shuffled = rows.shuffled
        orders = many.orders() if shuffled else None
        if shuffled and orders:
            first, numbers = 0, Shuffled(orders, *shuffled)
        else:
            first, numbers = rows.numbers(count * many.batch, many.orders)
        many.prepare(count, first, numbers, rows.arrays, outs, rate, rows.period)
        return one.steps(*arrays)  # which may be others since the call began

    return steps
