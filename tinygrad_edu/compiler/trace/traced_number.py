"""A number of Python's that a traced run has drawn or counted: it takes on the dtype of what it meets."""

import operator
from typing import Any

import numpy as np

from .fixed import DIVISIONS
from .traced import Traced, TracedScalar, values_of, who_asks
from .whose_code import is_near

OF_PYTHON = {"real", "imag", "conjugate"}  # which numbers have, and give what is traced, too


class TracedNumber(TracedScalar):
    """A number of Python's that is traced, and what is computed of it and of others."""

    __slots__ = ()
    shape, ndim, size, strides = (), 0, 1, ()

    def __getattribute__(self, name: str) -> Any:
        """What the number has; this package and NumPy find what arrays have, too."""
        if name[0] != "_" and name not in OF_PYTHON and not is_near(who_asks()):
            if hasattr(type(self._value), name):
                raise self._log.refusal(
                    f"The step asks a number for .{name}, in {self._log.where()}, which would be the first "
                    "step's for ever. Ask outside of the step, and pass what it says."
                )
            raise AttributeError(name)
        return super().__getattribute__(name)

    def __getattr__(self, name: str) -> Any:
        if is_near(who_asks()):
            return super().__getattr__(name)
        raise AttributeError(f"{type(self._value).__name__!r} object has no attribute {name!r}")

    @property
    def dtype(self) -> Any:
        """None: what asks whether there is one takes it for the number that it is."""
        raise AttributeError("dtype")

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise self._log.refusal(
            f"An array is made of a number that is traced, in {self._log.where()}, which would be the first "
            "step's for ever.\n  Compute with the number itself: np.stack([n, 1.0]) for np.array([n, 1.0]), "
            "n * np.ones(3) for np.full(3, n)."
        )

    def as_array(self) -> Any:
        """What NumPy makes an array of it, whose dtype gives way no more."""
        return self._log.call(np.asarray, (self,), {"dtype": np.asarray(self._value).dtype})

    def __neg__(self) -> Any:
        return self._log.number(operator.neg, (self,), {}, -self._value)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self._log.number(abs, (self,), {}, abs(self._value))

    def __invert__(self) -> Any:
        return self._log.number(np.invert, (self,), {}, ~self._value)

    def shifted(self, _: Any) -> Any:
        """Refuse, as what Python gives may have more bits than C knows."""
        raise self._log.refusal(
            f"The bits of a number are shifted, in {self._log.where()}. Write n * 2**k, n // 2**k."
        )

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self


def _of_numbers(name: str, operation: Any, swapped: bool) -> Any:
    among_arrays = getattr(Traced, name)

    def operator_of(self: TracedNumber, other: Any) -> Any:
        if type(values_of(other)) not in (bool, int, float, complex):
            return among_arrays(self, other)
        args = (other, self) if swapped else (self, other)
        result = operation(*values_of(args))
        if operation is operator.pow:
            ask_for_class(*args)
        if operation in DIVISIONS and isinstance(args[1], TracedNumber):  # by 0, Python raises
            self._log.check(args[1], truth=True)
        return self._log.number(operation, args, {}, result)

    return operator_of


def _of_bits(name: str, operation: Any, ufunc: Any) -> Any:
    """An operation on the bits of whole numbers, whose order is of no matter; what it gives is no larger."""
    among_arrays = getattr(Traced, name)

    def operator_of(self: TracedNumber, other: Any) -> Any:
        if not {type(self._value), type(values_of(other))} <= {bool, int}:
            return among_arrays(self, other)
        return self._log.number(ufunc, (self, other), {}, operation(self._value, values_of(other)))

    return operator_of


def ask_for_class(base: Any, exponent: Any) -> None:
    """Branch on what the class of base ** exponent depends on, which is checked then: of whole numbers it is
    float where the exponent is negative, and complex where a negative number gets one that is not whole.
    """
    kinds = {type(values_of(base)), type(values_of(exponent))}
    if kinds <= {bool, int}:
        bool(exponent < 0)
    elif complex not in kinds and (isinstance(exponent, Traced) or exponent % 1):
        bool(base < 0 and exponent % 1 == 0)


for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(
        TracedNumber, f"__{_name}__", _of_numbers(f"__{_name}__", getattr(operator, _name), swapped=False)
    )
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    _operation = getattr(operator, _name)
    for _prefix in ("", "i"):  # numbers are not written into
        setattr(TracedNumber, f"__{_prefix}{_name}__", _of_numbers(f"__{_name}__", _operation, swapped=False))
    setattr(TracedNumber, f"__r{_name}__", _of_numbers(f"__r{_name}__", _operation, swapped=True))
for _name, _operation, _ufunc in (
    ("and", operator.and_, np.bitwise_and), ("or", operator.or_, np.bitwise_or),
    ("xor", operator.xor, np.bitwise_xor),
):  # fmt: skip
    for _prefix in ("", "r", "i"):
        setattr(TracedNumber, f"__{_prefix}{_name}__", _of_bits(f"__{_prefix}{_name}__", _operation, _ufunc))
for _name in ("lshift", "rshift"):
    for _prefix in ("", "r", "i"):
        setattr(TracedNumber, f"__{_prefix}{_name}__", TracedNumber.shifted)


def kind_of(value: Any) -> Any:
    """What NumPy looks at to find the loop of a ufunc: a dtype, the class of a number, None of others."""
    if type(value) in (int, float, complex):
        return type(value)
    return getattr(value, "dtype", None)
