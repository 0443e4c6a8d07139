"""A column of cells as numbers of a dtype: which fit into it, and what stands for those that are missing."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cells import Cell, Numerals


def numbers_of(
    column: Sequence[Cell],
    numerals: Numerals,
    missing: float | None,
    kind: np.dtype[Any],
    refused: Callable[[Cell], Exception],
) -> NDArray[Any]:
    """The numbers in a column; ``refused`` makes the error of a cell that is none of the dtype."""
    low, high = limits(kind)
    parse = numerals.number if kind.kind == "f" else numerals.integer
    numbers: dict[Cell, float] = {}
    if missing is not None and (kind.kind == "f" or not np.isnan(missing)):
        numbers[None] = missing
    for cell in dict.fromkeys(column):  # columns repeat themselves: each text is parsed once
        if cell not in numbers:
            number = None if cell is None else parse(cell)
            if number is None or not low <= number <= high:
                raise refused(cell)
            numbers[cell] = number
    return np.array([numbers[cell] for cell in column], kind)


def limits(kind: np.dtype[Any]) -> tuple[float, float]:
    """The limits of a dtype as Python's numbers: compared with a float32, a number would become one."""
    if kind.kind == "f":
        return float(np.finfo(kind).min), float(np.finfo(kind).max)
    return int(np.iinfo(kind).min), int(np.iinfo(kind).max)


def can_stand(missing: Any, kind: np.dtype[Any]) -> bool:
    """Whether a setting can stand for missing values; None, and NaN among integers, make them errors."""
    if missing is None:
        return True
    if not isinstance(missing, (int, float, np.integer, np.floating)):
        return False
    if kind.kind == "f" or np.isnan(missing):
        return True
    low, high = limits(kind)
    return bool(np.isfinite(missing)) and missing == int(missing) and low <= int(missing) <= high
