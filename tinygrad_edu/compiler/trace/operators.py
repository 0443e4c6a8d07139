"""Operators of traced arrays: NumPy's functions, but where arrays do something else than these."""

import operator
import sys
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .temporaries import replaces


class Operators(NDArrayOperatorsMixin):
    """What has a value and a log, and is added, multiplied and so on as arrays are."""

    __slots__ = ()
    _log: Any
    _value: Any

    def __add__(self, other: Any) -> Any:
        count = sys.getrefcount(other)
        if isinstance(other, Operators) and replaces(self, other, count):
            return self._log.call(np.add, (self, other), {"out": other})
        return NDArrayOperatorsMixin.__add__(self, other)

    def __mul__(self, other: Any) -> Any:
        count = sys.getrefcount(other)
        if isinstance(other, Operators) and replaces(self, other, count):
            return self._log.call(np.multiply, (self, other), {"out": other})
        return NDArrayOperatorsMixin.__mul__(self, other)

    def __pow__(self, exponent: Any) -> Any:
        """As arrays do it, which take another way than np.power where the exponent is 2 or 1/2."""
        if type(exponent) not in (int, float):
            return super().__pow__(exponent)
        return self._log.results(operator.pow, (self, exponent), {}, self._value**exponent)


def _in_place(name: str, operation: Any) -> Any:
    of_arrays = getattr(NDArrayOperatorsMixin, name)

    def operator_of(self: Operators, other: Any) -> Any:
        return of_arrays(self, other) if isinstance(self._value, np.ndarray) else operation(self, other)

    return operator_of


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):  # numbers are not written into
    setattr(Operators, f"__i{_name}__", _in_place(f"__i{_name}__", getattr(operator, _name)))
