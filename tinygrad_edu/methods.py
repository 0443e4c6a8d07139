"""The methods that arrays have and tensors have too: each is NumPy's function of that name, with NumPy's
signature.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .aliases import Operand
from .arrays import refuse_imaginary
from .ops.parts import complex_of

if TYPE_CHECKING:
    from .tensor import Tensor


class ArrayMethods:
    """What `Tensor` inherits: NumPy's function with the tensor as its first argument, which NumPy hands back
    to the table.
    """

    __slots__ = ()
    _array: Any

    # ---- attributes ----------------------------------------------------------------------------------------

    shape = property(lambda self: self._array.shape, doc="The shape, a tuple of int.")
    dtype = property(lambda self: self._array.dtype, doc="The dtype.")
    ndim = property(lambda self: self._array.ndim, doc="The number of axes.")
    size = property(lambda self: self._array.size, doc="The number of elements.")
    nbytes = property(lambda self: self._array.nbytes, doc="The bytes of the values.")
    itemsize = property(lambda self: self._array.itemsize, doc="The bytes of one element.")
    strides = property(
        lambda self: self._array.strides, doc="The bytes from one element to the next, for each axis."
    )
    flags = property(
        lambda self: self._array.flags, doc="How the values lie in memory; see `numpy.ndarray.flags`."
    )
    device = property(lambda self: "cpu", doc="The only device there is.")

    # ---- sequences -----------------------------------------------------------------------------------------

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a tensor without axes")
        return self.shape[0]

    def __iter__(self: Any) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError("iteration over a tensor without axes")
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(self._array == getattr(value, "_array", value)))

    # ---- operators: those of arithmetic, which skip NumPy's dispatcher, are in `tensor` --------------------

    # fmt: off
    def __pos__(self) -> Tensor:                       return np.positive(self)
    def __abs__(self) -> Tensor:                       return np.absolute(self)
    def __floordiv__(self, other: Operand) -> Tensor:  return np.floor_divide(self, other)
    def __rfloordiv__(self, other: Operand) -> Tensor: return np.floor_divide(other, self)
    def __mod__(self, other: Operand) -> Tensor:       return np.remainder(self, other)
    def __lshift__(self, other: Operand) -> Tensor:    return np.left_shift(self, other)
    def __rlshift__(self, other: Operand) -> Tensor:   return np.left_shift(other, self)
    def __rshift__(self, other: Operand) -> Tensor:    return np.right_shift(self, other)
    def __rrshift__(self, other: Operand) -> Tensor:   return np.right_shift(other, self)
    def __rmod__(self, other: Operand) -> Tensor:      return np.remainder(other, self)
    def __divmod__(self, other: Operand) -> Any:       return np.divmod(self, other)
    def __rdivmod__(self, other: Operand) -> Any:      return np.divmod(other, self)
    def __lt__(self, other: Operand) -> Tensor:        return np.less(self, other)
    def __le__(self, other: Operand) -> Tensor:        return np.less_equal(self, other)
    def __gt__(self, other: Operand) -> Tensor:        return np.greater(self, other)
    def __ge__(self, other: Operand) -> Tensor:        return np.greater_equal(self, other)
    def __eq__(self, other: Operand) -> Tensor:        return _compared(np.equal, self, other)
    def __ne__(self, other: Operand) -> Tensor:        return _compared(np.not_equal, self, other)
    def __and__(self, other: Operand) -> Tensor:       return np.bitwise_and(self, other)
    def __rand__(self, other: Operand) -> Tensor:      return np.bitwise_and(other, self)
    def __or__(self, other: Operand) -> Tensor:        return np.bitwise_or(self, other)
    def __ror__(self, other: Operand) -> Tensor:       return np.bitwise_or(other, self)
    def __xor__(self, other: Operand) -> Tensor:       return np.bitwise_xor(self, other)
    def __rxor__(self, other: Operand) -> Tensor:      return np.bitwise_xor(other, self)
    def __invert__(self) -> Tensor:                    return np.invert(self)
    # fmt: on

    # ---- NumPy's functions ---------------------------------------------------------------------------------

    # fmt: off
    def all(self, *args: Any, **kwargs: Any) -> Tensor:       return np.all(self, *args, **kwargs)
    def any(self, *args: Any, **kwargs: Any) -> Tensor:       return np.any(self, *args, **kwargs)
    def argmax(self, *args: Any, **kwargs: Any) -> Tensor:    return np.argmax(self, *args, **kwargs)
    def argmin(self, *args: Any, **kwargs: Any) -> Tensor:    return np.argmin(self, *args, **kwargs)
    def argpartition(self, *args: Any, **kwargs: Any) -> Tensor: return np.argpartition(self, *args, **kwargs)
    def argsort(self, *args: Any, **kwargs: Any) -> Tensor:   return np.argsort(self, *args, **kwargs)
    def choose(self, *args: Any, **kwargs: Any) -> Tensor:    return np.choose(self, *args, **kwargs)
    def clip(self, min: Any = None, max: Any = None, out: Any = None, **kwargs: Any) -> Tensor: return np.clip(self, min, max, out, **kwargs)
    def compress(self, condition: Any, axis: Any = None) -> Tensor: return np.compress(condition, self, axis)
    def conj(self) -> Tensor:                                 return np.conjugate(self)
    def conjugate(self) -> Tensor:                            return np.conjugate(self)
    def copy(self, order: str = "C") -> Tensor:               return np.copy(self, order)
    def cumprod(self, *args: Any, **kwargs: Any) -> Tensor:   return np.cumprod(self, *args, **kwargs)
    def cumsum(self, *args: Any, **kwargs: Any) -> Tensor:    return np.cumsum(self, *args, **kwargs)
    def diagonal(self, *args: Any, **kwargs: Any) -> Tensor:  return np.diagonal(self, *args, **kwargs)
    def dot(self, b: Any) -> Tensor:                          return np.dot(self, b)
    def max(self, *args: Any, **kwargs: Any) -> Tensor:       return np.max(self, *args, **kwargs)
    def mean(self, *args: Any, **kwargs: Any) -> Tensor:      return np.mean(self, *args, **kwargs)
    def min(self, *args: Any, **kwargs: Any) -> Tensor:       return np.min(self, *args, **kwargs)
    def nonzero(self) -> Any:                              return np.nonzero(self)
    def prod(self, *args: Any, **kwargs: Any) -> Tensor:      return np.prod(self, *args, **kwargs)
    def ravel(self, order: str = "C") -> Tensor:              return np.ravel(self, order)
    def flatten(self, order: str = "C") -> Tensor:            return np.ravel(np.copy(self, "K"), order)
    def repeat(self, repeats: Any, axis: Any = None) -> Tensor: return np.repeat(self, repeats, axis)
    def round(self, decimals: int = 0) -> Tensor:             return np.round(self, decimals)
    def __round__(self, ndigits: int = 0) -> Tensor: return np.round(self, ndigits)
    def searchsorted(self, v: Any, *args: Any, **kwargs: Any) -> Tensor: return np.searchsorted(self, v, *args, **kwargs)
    def squeeze(self, axis: Any = None) -> Tensor:            return np.squeeze(self, axis)
    def std(self, *args: Any, **kwargs: Any) -> Tensor:       return np.std(self, *args, **kwargs)
    def swapaxes(self, axis1: int, axis2: int) -> Tensor:     return np.swapaxes(self, axis1, axis2)
    def take(self, *args: Any, **kwargs: Any) -> Tensor:      return np.take(self, *args, **kwargs)
    def trace(self, *args: Any, **kwargs: Any) -> Tensor:     return np.trace(self, *args, **kwargs)
    def var(self, *args: Any, **kwargs: Any) -> Tensor:       return np.var(self, *args, **kwargs)
    # fmt: on

    def astype(
        self: Any,
        dtype: Any,
        order: Any = "K",
        casting: Any = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Tensor:
        """The values in another dtype, a copy unless ``copy`` is False and the dtype is this one; see
        `numpy.ndarray.astype`.
        """
        dtype = np.dtype(dtype)
        refuse_imaginary(self.dtype, dtype, "astype of a tensor")
        np.empty(0, self.dtype).astype(dtype, order, casting)  # NumPy's own error where the rule forbids it
        converted = np.astype(self, dtype, copy=copy)
        return converted if order in ("K", "A") else np.copy(converted, order)

    def fill(self: Any, value: Any) -> None:
        """``x[...] = value``."""
        self[...] = value

    def sort(
        self: Any, axis: int = -1, kind: Any = None, order: None = None, *, stable: bool | None = None
    ) -> None:
        """Sort in place: x becomes the sorted values, as by ``x[...] = v``; ties keep the order of
        `numpy.argsort`.
        """
        self[...] = np.take_along_axis(self, np.argsort(self, axis, kind, order, stable=stable), axis)

    def partition(self: Any, kth: Any, axis: int = -1, kind: Any = "introselect", order: None = None) -> None:
        """Partition in place: x becomes the values in the order of `numpy.argpartition`."""
        self[...] = np.take_along_axis(self, np.argpartition(self, kth, axis, kind, order), axis)

    @property
    def real(self: Any) -> Tensor:
        """The real part: x itself, if it is real."""
        return np.real(self) if self.dtype.kind == "c" else self

    @real.setter
    def real(self: Any, value: Any) -> None:
        self[...] = complex_of(value, self.imag) if self.dtype.kind == "c" else value

    @property
    def imag(self: Any) -> Tensor:
        """The imaginary part: zeros, if x is real."""
        return np.imag(self) if self.dtype.kind == "c" else np.zeros_like(self)

    @imag.setter
    def imag(self: Any, value: Any) -> None:
        if self.dtype.kind != "c":
            raise TypeError("A real tensor has no imaginary part to set.")  # as NumPy
        self[...] = complex_of(self.real, value)

    @property
    def flat(self) -> Flat:
        """The elements in C order, to iterate over, to read and to assign to: ``x.flat[i]``, ``x.flat[i] =
        v``.
        """
        return Flat(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        self.flat[:] = value


class Flat:
    """The elements of a tensor in C order, as `numpy.ndarray.flat`: what is read is recorded, and so is what
    is assigned.
    """

    def __init__(self, tensor: Any) -> None:
        self.base = tensor

    def __len__(self) -> int:
        return self.base.size

    def __iter__(self) -> Iterator[Tensor]:
        return iter(np.reshape(self.base, -1))

    def copy(self) -> Tensor:
        """All elements, in one axis."""
        return self.base.flatten()

    def __getitem__(self, key: Any) -> Tensor:
        return np.copy(np.reshape(self.base, -1)[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        self.base[np.unravel_index(np.arange(self.base.size)[key], self.base.shape)] = value


def _compared(ufunc: np.ufunc, x: Any, other: Operand) -> Any:
    """Where x equals, or differs from, what may be anything: of texts NumPy's operators know, its ufuncs
    raise.
    """
    try:
        return ufunc(x, other)
    except TypeError:
        if type(x._array) is not np.ndarray:
            raise
        same = x._array == other  # of one number a bool of Python's, before NumPy 2.3
        return x._make(np.not_equal(same, ufunc is np.not_equal), None)
