"""Copies of a tensor, in memory and in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import GraphError
from .graph import Leaf, as_array

if TYPE_CHECKING:
    from .tensor import Tensor

_new = object.__new__


class Copies:
    """What `Tensor` inherits for `copy` and `pickle`."""

    __slots__ = ()
    _array: Any
    _node: Any
    _leaf: Any
    is_leaf: Any
    requires_grad: Any

    def __copy__(self: Any) -> Tensor:
        """A copy of the values, recorded as one: `numpy.copy`."""
        copy: Any = np.copy(self)
        return copy

    def __deepcopy__(self: Any, memo: dict[int, Any]) -> Tensor:
        """A leaf with a copy of the values and of the gradient; the graph is not copied."""
        if not self.is_leaf:
            raise GraphError(
                "Only leaves can be deep-copied: a result belongs to its graph. Use x.detach().copy()."
            )
        copy = _new(type(self))
        memo[id(self)] = copy
        copy._array, copy._node, copy._leaf = self._array.copy(), None, None
        if self._leaf is not None:
            gradient = self._leaf.grad
            copy._leaf = Leaf(self._array.shape, self._array.dtype)
            copy._leaf.grad = None if gradient is None else gradient.detach().copy()
            copy._node = copy._leaf if self.requires_grad else None
        return copy

    def __reduce__(self) -> Any:
        """A leaf is pickled as its values, and whether a gradient is wanted; gradients and hooks are not."""
        if not self.is_leaf:
            raise TypeError("A Tensor with a graph is not pickled: pickle its values, x.detach().")
        return _unpickled, (type(self), self._array, self.requires_grad), getattr(self, "__dict__", None)


def _unpickled(cls: type[Tensor], array: Any, requires_grad: bool) -> Tensor:
    """A leaf of this class around an array that it may keep."""
    leaf = _new(cls)
    leaf._array, leaf._node, leaf._leaf = as_array(array), None, None
    if requires_grad:
        leaf._node = leaf._leaf = Leaf(array.shape, array.dtype)
    return leaf
