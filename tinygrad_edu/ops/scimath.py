"""numpy.emath: functions of real numbers that turn complex outside of where they are real."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..table import composite, overridable
from .calculus import constant
from .elementwise import as_arrays

emath = np.lib.scimath


@overridable
def some_outside(x: Any, low: float, high: float) -> bool:
    """Whether an element is smaller than the one bound, or larger than the other."""
    return bool(np.any(np.isreal(x) & ((x < low) | (x > high))))


def complex_outside(x: Any, low: float, high: float = np.inf) -> Any:
    """x itself, complex if any of its elements is out of bounds."""
    (x,) = as_arrays(x)
    if not some_outside(constant(x), low, high):
        return x
    return np.astype(x, np.complex64 if x.dtype in (np.float32, np.int8, np.int16) else np.complex128)


def _file(function: Callable[..., Any], ufunc: np.ufunc, low: float, high: float = np.inf) -> None:
    @composite(function)
    def body(x: Any) -> Any:
        return ufunc(complex_outside(x, low, high))


for _name in ("sqrt", "log", "log2", "log10"):
    _file(getattr(emath, _name), getattr(np, _name), 0)
for _name in ("arccos", "arcsin", "arctanh"):
    _file(getattr(emath, _name), getattr(np, _name), -1, 1)


@composite(emath.logn)
def _logn(n: Any, x: Any) -> Any:
    return np.log(complex_outside(x, 0)) / np.log(complex_outside(n, 0))


@composite(emath.power)
def _power(x: Any, p: Any) -> Any:
    x, (p,) = complex_outside(x, 0), as_arrays(p)
    return np.power(x, p * 1.0 if some_outside(constant(p), 0, np.inf) else p)
