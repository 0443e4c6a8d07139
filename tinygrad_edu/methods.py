"""The methods that arrays have and tensors have too: each is NumPy's function of that name, with NumPy's signature."""

from typing import Any

import numpy as np


class ArrayMethods:
    """What `Tensor` inherits: NumPy's function with the tensor as its first argument, which NumPy hands back to the table."""

    __slots__ = ()

    # fmt: off
    def all(self, *args: Any, **kwargs: Any) -> Any:          return np.all(self, *args, **kwargs)
    def any(self, *args: Any, **kwargs: Any) -> Any:          return np.any(self, *args, **kwargs)
    def argmax(self, *args: Any, **kwargs: Any) -> Any:       return np.argmax(self, *args, **kwargs)
    def argmin(self, *args: Any, **kwargs: Any) -> Any:       return np.argmin(self, *args, **kwargs)
    def argsort(self, *args: Any, **kwargs: Any) -> Any:      return np.argsort(self, *args, **kwargs)
    def astype(self, dtype: Any, copy: bool = True) -> Any:   return np.astype(self, np.dtype(dtype), copy=copy)
    def clip(self, *args: Any, **kwargs: Any) -> Any:         return np.clip(self, *args, **kwargs)
    def copy(self, order: str = "C") -> Any:                  return np.copy(self, order)
    def cumprod(self, *args: Any, **kwargs: Any) -> Any:      return np.cumprod(self, *args, **kwargs)
    def cumsum(self, *args: Any, **kwargs: Any) -> Any:       return np.cumsum(self, *args, **kwargs)
    def diagonal(self, *args: Any, **kwargs: Any) -> Any:     return np.diagonal(self, *args, **kwargs)
    def dot(self, b: Any) -> Any:                             return np.dot(self, b)
    def max(self, *args: Any, **kwargs: Any) -> Any:          return np.max(self, *args, **kwargs)
    def mean(self, *args: Any, **kwargs: Any) -> Any:         return np.mean(self, *args, **kwargs)
    def min(self, *args: Any, **kwargs: Any) -> Any:          return np.min(self, *args, **kwargs)
    def nonzero(self) -> Any:                                 return np.nonzero(self)
    def prod(self, *args: Any, **kwargs: Any) -> Any:         return np.prod(self, *args, **kwargs)
    def ravel(self, order: str = "C") -> Any:                 return np.ravel(self, order)
    def flatten(self, order: str = "C") -> Any:               return np.ravel(self, order)
    def repeat(self, repeats: Any, axis: Any = None) -> Any:  return np.repeat(self, repeats, axis)
    def round(self, decimals: int = 0) -> Any:                return np.round(self, decimals)
    def squeeze(self, axis: Any = None) -> Any:               return np.squeeze(self, axis)
    def std(self, *args: Any, **kwargs: Any) -> Any:          return np.std(self, *args, **kwargs)
    def swapaxes(self, axis1: int, axis2: int) -> Any:        return np.swapaxes(self, axis1, axis2)
    def take(self, *args: Any, **kwargs: Any) -> Any:         return np.take(self, *args, **kwargs)
    def trace(self, *args: Any, **kwargs: Any) -> Any:        return np.trace(self, *args, **kwargs)
    def var(self, *args: Any, **kwargs: Any) -> Any:          return np.var(self, *args, **kwargs)
    # fmt: on
