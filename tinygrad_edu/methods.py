"""The methods that arrays have and tensors have too: each is NumPy's function of that name, with NumPy's signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .tensor import Tensor


class ArrayMethods:
    """What `Tensor` inherits: NumPy's function with the tensor as its first argument, which NumPy hands back to the table."""

    __slots__ = ()

    # fmt: off
    def all(self, *args: Any, **kwargs: Any) -> Tensor:       return np.all(self, *args, **kwargs)
    def any(self, *args: Any, **kwargs: Any) -> Tensor:       return np.any(self, *args, **kwargs)
    def argmax(self, *args: Any, **kwargs: Any) -> Tensor:    return np.argmax(self, *args, **kwargs)
    def argmin(self, *args: Any, **kwargs: Any) -> Tensor:    return np.argmin(self, *args, **kwargs)
    def argsort(self, *args: Any, **kwargs: Any) -> Tensor:   return np.argsort(self, *args, **kwargs)
    def astype(self, dtype: Any, copy: bool = True) -> Tensor: return np.astype(self, np.dtype(dtype), copy=copy)
    def clip(self, *args: Any, **kwargs: Any) -> Tensor:      return np.clip(self, *args, **kwargs)
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
    def flatten(self, order: str = "C") -> Tensor:            return np.ravel(self, order)
    def repeat(self, repeats: Any, axis: Any = None) -> Tensor: return np.repeat(self, repeats, axis)
    def round(self, decimals: int = 0) -> Tensor:             return np.round(self, decimals)
    def squeeze(self, axis: Any = None) -> Tensor:            return np.squeeze(self, axis)
    def std(self, *args: Any, **kwargs: Any) -> Tensor:       return np.std(self, *args, **kwargs)
    def swapaxes(self, axis1: int, axis2: int) -> Tensor:     return np.swapaxes(self, axis1, axis2)
    def take(self, *args: Any, **kwargs: Any) -> Tensor:      return np.take(self, *args, **kwargs)
    def trace(self, *args: Any, **kwargs: Any) -> Tensor:     return np.trace(self, *args, **kwargs)
    def var(self, *args: Any, **kwargs: Any) -> Tensor:       return np.var(self, *args, **kwargs)
    # fmt: on
