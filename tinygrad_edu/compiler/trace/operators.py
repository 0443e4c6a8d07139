"""Operators of traced arrays: NumPy's functions, but where arrays do something else than these."""

import operator
import sys
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .temporaries import written_into


class Operators(NDArrayOperatorsMixin):
    """What has a value and a log, and is added, multiplied and so on as arrays are."""

    __slots__ = ()
    _log: Any
    _value: Any
    _powered: Any

    def __pow__(self, exponent: Any) -> Any:
        """As arrays do it, which take another way than np.power where the exponent is 2 or 1/2."""
        if type(exponent) not in (int, float):
            return super().__pow__(exponent)
        return self._log.results(operator.pow, (self, exponent), {}, self._value**exponent)

    def __ipow__(self, exponent: Any) -> Any:
        """That way in place, where np.power has other bits."""
        kind = np.asarray(self._value).dtype.kind
        is_other = kind == "c" or (kind == "f" and exponent == 0.5)
        if type(exponent) not in (int, float) or not (is_other and isinstance(self._value, np.ndarray)):
            return self._powered(exponent)
        self._log.call("__setitem__", (self, ..., self**exponent), {})
        return self


def _of_temporaries(name: str, ufunc: np.ufunc, commutes: bool) -> Any:
    of_arrays = getattr(NDArrayOperatorsMixin, name)

    def operator_of(self: Operators, other: Any) -> Any:
        counts = sys.getrefcount(self), sys.getrefcount(other)
        pairs = ((self, other), (other, self)) if commutes else ((self, other),)
        for (first, second), count in zip(pairs, counts) if isinstance(other, Operators) else ():
            if written_into(first, second, count):
                turned = first is other and first.dtype.kind == "c"  # products have other bits then
                if first._value.strides == np.asarray(second._value).strides and not turned:
                    break  # to the same bits as NumPy's function
                return self._log.call(ufunc, (first, second) if turned else (self, other), {"out": first})
        return of_arrays(self, other)

    return operator_of


for _name, _ufunc, _commutes in (
    ("add", np.add, True), ("sub", np.subtract, False), ("mul", np.multiply, True),
    ("truediv", np.divide, False), ("floordiv", np.floor_divide, False), ("and", np.bitwise_and, True),
    ("or", np.bitwise_or, True), ("xor", np.bitwise_xor, True),
):  # fmt: skip
    setattr(Operators, f"__{_name}__", _of_temporaries(f"__{_name}__", _ufunc, _commutes))


def _in_place(name: str, operation: Any) -> Any:
    of_arrays = getattr(NDArrayOperatorsMixin, name)

    def operator_of(self: Operators, other: Any) -> Any:
        return of_arrays(self, other) if isinstance(self._value, np.ndarray) else operation(self, other)

    return operator_of


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod"):  # numbers are not written into
    setattr(Operators, f"__i{_name}__", _in_place(f"__i{_name}__", getattr(operator, _name)))
Operators._powered = _in_place("__ipow__", operator.pow)
