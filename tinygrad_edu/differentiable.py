"""What a tensor has of gradients: whether one is wanted, what backward passes left, and who is shown it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .arrays import refuse_imaginary, stands_for_array
from .errors import DTypeError, GraphError, ShapeError
from .graph import Leaf, as_array, ndarray, notes_of
from .versions import SETTINGS

if TYPE_CHECKING:
    from .tensor import Tensor

NO_GRAD_OF_RESULTS = (
    "The .grad of a result is None: only leaves, tensors that were made with requires_grad=True, keep their "
    "gradient. Call retain_grad() on the result before backward(), or ask a leaf."
)


class Differentiable:
    """What `Tensor` inherits for its gradient."""

    __slots__ = ()
    _array: Any
    _node: Any
    _leaf: Any
    _make: Any

    # ---- whether one is wanted, and the one there is -----------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are wanted with respect to this tensor, or to what it was computed from."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was made by the user and not by a recorded operation."""
        return self._node is None or isinstance(self._node, Leaf)

    @property
    def grad(self) -> Tensor | None:
        """The gradient accumulated here by backward passes, in place; of results only after `retain_grad`."""
        node: Any = self._node or self._leaf
        if node is None or self.is_leaf:
            return None if node is None else node.grad
        if node.notes is not None and node.notes.retains:
            return node.notes.grad
        warnings.warn(NO_GRAD_OF_RESULTS, stacklevel=2)
        return None

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        holder: Any = self._leaf or (self._node and self._node.notes)
        if value is None:
            if holder:
                holder.grad = None
            return
        if self._leaf is None or not self.is_leaf:
            raise GraphError(
                "Only a leaf that requires a gradient has a .grad to assign to; this tensor is not one."
            )
        shape, dtype = self._array.shape, self._array.dtype
        if not (isinstance(value, Differentiable) and value.shape == shape and value.dtype == dtype):
            given = f"shape {getattr(value, 'shape', '?')}, {getattr(value, 'dtype', '?')}"
            given = f"{type(value).__name__} of {given}"
            raise ShapeError(f"A gradient must be a Tensor of shape {shape}, {dtype}; got {given}.")
        self._leaf.grad = self._make(value._array.copy(), value._node)

    def requires_grad_(self: Any, requires_grad: bool = True) -> Tensor:
        """Start or stop asking for gradients with respect to this leaf, in place; returns it."""
        if not self.is_leaf:
            if not requires_grad:
                raise GraphError(
                    "requires_grad can be changed on leaves only. Use x.detach() for a tensor without its "
                    "graph."
                )
            return self
        if requires_grad:
            check_floating(self._array.dtype)
            SETTINGS.count += self._leaf is not None and self._node is None  # it was frozen
            if self._leaf is None:
                self._leaf = Leaf(self._array.shape, self._array.dtype)
                if isinstance(self._array, ndarray) or stands_for_array(self._array):
                    self._array = np.copy(self._array, order="C")  # whoever gave it may go on to change it
            # Other data may have been assigned while it was frozen.
            self._leaf.shape, self._leaf.dtype = self._array.shape, self._array.dtype
        else:
            SETTINGS.count += self._node is not None
        self._node = self._leaf if requires_grad else None
        return self

    def detach(self) -> Tensor:
        """The same values, shared, without the graph."""
        return self._make(self._array, None)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Callable[[], object]:
        """Call ``hook(gradient)`` when the gradient of this tensor is complete; what it returns, if anything,
        replaces it.

        Returns a function that removes the hook.  A hook must not change its argument in place.
        """
        if self._node is None:
            raise GraphError(
                "register_hook on a tensor that no gradient is wanted of: set requires_grad=True first."
            )
        hooks = notes_of(self._node).hooks
        key = object()
        hooks[key] = hook
        SETTINGS.count += 1
        return lambda: hooks.pop(key, None)

    def retain_grad(self) -> None:
        """Keep the gradient of this result in ``grad`` too: that of the last backward pass."""
        if self._node is None:
            raise GraphError("retain_grad on a tensor that no gradient is wanted of.")
        notes_of(self._node).retains = not isinstance(self._node, Leaf)

    def _cotangent(self, gradient: ArrayLike | Tensor | None) -> Tensor:
        shape, dtype = self._array.shape, self._array.dtype
        if gradient is None:
            if self._array.size != 1:
                raise GraphError(
                    f"backward() of a tensor of shape {shape} needs a gradient (its cotangent) of that "
                    "shape; only one element has a default."
                )
            if dtype.kind == "c":
                raise GraphError(
                    "backward() of a complex tensor needs a gradient (its cotangent); without one make a "
                    "real loss of it first, such as np.real(z) or np.abs(z)**2."
                )
            if type(self._array) is not np.ndarray:
                return self._make(np.ones_like(self._array), None)
            return self._make(np.array(1, dtype) if shape == () else np.ones(shape, dtype), None)
        cotangent = gradient if isinstance(gradient, Differentiable) else self._make(as_array(gradient), None)
        if cotangent.shape != shape:
            raise ShapeError(
                f"backward() of a tensor of shape {shape} got a gradient of shape {cotangent.shape}; the two "
                "must be equal."
            )
        if cotangent.dtype == dtype:
            return cotangent
        refuse_imaginary(cotangent.dtype, dtype, "backward(gradient)")
        return cotangent.astype(dtype)


def check_floating(dtype: Any) -> None:
    if dtype.kind not in "fc":
        raise DTypeError(
            f"Only floating and complex tensors can require a gradient; this one is {dtype}. Convert it "
            "first: dtype=np.float32, or x.astype(np.float64)."
        )
