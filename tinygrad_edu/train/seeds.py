"""Several seeds: what a training reaches, and how much of that is luck."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .history import aligned
from .interrupt import Interrupt


class SeedReport:
    """What a run gave for each seed, with the median, the mean and the spread; it prints as a table.

    Attributes
    ----------
    seeds : list of int
        The seeds of the runs that were completed.
    columns : dict of str to ndarray of shape (seeds,)
        The values by name; those of runs that return one number are called "value".

    Examples
    --------
    >>> report = over_seeds(lambda seed: {"accuracy": 0.9 + seed / 100}, seeds=range(3))
    >>> report
      seed  accuracy
         0       0.9
         1      0.91
         2      0.92
    median      0.91
      mean      0.91
         ±      0.01
    >>> round(report.median("accuracy"), 6), round(report.spread("accuracy"), 6)
    (0.91, 0.01)
    """

    def __init__(self, seeds: Iterable[int], rows: Iterable[Mapping[str, float]]) -> None:
        self.seeds, given = list(seeds), list(rows)
        self.columns = {name: np.array([row[name] for row in given], float) for name in given[0]}

    def __getitem__(self, name: str) -> Any:
        return self.columns[self._name(name)]

    def _name(self, name: str | None) -> str:
        """The column that is asked for: it need not be said if there is only one."""
        if name is None and len(self.columns) == 1:
            return next(iter(self.columns))
        if name not in self.columns:
            raise ArgumentError(f"SeedReport: its columns are {', '.join(self.columns)}; got {name!r}.")
        return name

    def median(self, name: str | None = None) -> float:
        """The median of a column; of an even number of values, the mean of the two in the middle."""
        return float(np.median(self.columns[self._name(name)]))

    def mean(self, name: str | None = None) -> float:
        """The mean of a column."""
        return float(np.mean(self.columns[self._name(name)]))

    def spread(self, name: str | None = None) -> float:
        """The standard deviation of a column, √(Σ (x - mean)² / (n - 1)); NaN for a single value."""
        column = self.columns[self._name(name)]
        return float(np.std(column, ddof=1)) if len(column) > 1 else math.nan

    def __repr__(self) -> str:
        rows = [[seed, *values] for seed, *values in zip(self.seeds, *self.columns.values())]
        for word, over in (("median", self.median), ("mean", self.mean), ("±", self.spread)):
            rows.append([word, *map(over, self.columns)])
        cells = [[str(first), *(f"{value:.4g}" for value in values)] for first, *values in rows]
        return "\n".join(aligned([["seed", *self.columns], *cells]))


def over_seeds(
    run: Callable[[int], float | Mapping[str, float]], seeds: Iterable[int] = range(5)
) -> SeedReport:
    """Run a training once for each seed, and report what came out.

    Parameters
    ----------
    run : callable
        A function of the seed, which all its randomness comes from: the split, the initialization, the order
        of the batches, dropout.  It returns a number, or a dict of numbers that has the same names for every
        seed.
    seeds : iterable of int, default=range(5)

    Returns
    -------
    SeedReport

    Raises
    ------
    ArgumentError
        If there are no seeds, one comes twice, or a run returned something else; all seeds are looked at
        before the first run.

    Notes
    -----
    Ctrl-C ends it with the runs that were completed (also where it ends a `fit` in a run, which then
    returns): the one that it interrupted does not count.  If there are none, KeyboardInterrupt is raised.

    Examples
    --------
    >>> over_seeds(lambda seed: seed**2, seeds=[1, 2, 3]).median()
    4.0
    """
    if not isinstance(seeds, Iterable):
        raise ArgumentError(f"over_seeds: seeds are several, such as range(5); got {seeds!r}.")
    chosen = list(seeds)
    if not chosen or len(set(chosen)) < len(chosen):
        raise ArgumentError(f"over_seeds: expected different seeds, at least one; got {chosen}.")
    rows: list[Mapping[str, float]] = []
    try:
        with Interrupt(at_once=True) as interrupt:
            for seed in chosen:
                row = _row(run(seed), seed)
                if interrupt.requested:  # and caught in the run, as `fit` does
                    raise KeyboardInterrupt
                if rows and row.keys() != rows[0].keys():
                    names = f"{', '.join(rows[0])} first and {', '.join(row)} for seed {seed}"
                    raise ArgumentError(f"over_seeds: runs return the same names; got {names}.")
                rows.append(row)
    except KeyboardInterrupt:
        if not rows:
            raise
    return SeedReport(chosen[: len(rows)], rows)


def _row(result: Any, seed: int) -> dict[str, float]:
    named = result if isinstance(result, Mapping) else {"value": result}
    try:
        return {str(name): float(value) for name, value in named.items()}
    except (TypeError, ValueError):
        given = f"{result!r:.80} for seed {seed}"
        told = f"over_seeds: a run returns a number, or a dict of numbers; got {given}."
        raise ArgumentError(told) from None
