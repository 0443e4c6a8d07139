"""What changes a tensor in place, ``x += y`` and ``x[key] = y``: a new result while gradients are recorded, a
write into memory otherwise.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from .aliases import Operand
from .arrays import refuse_imaginary
from .errors import DTypeError, InPlaceError, ShapeError
from .graph import Leaf
from .modes import MODE
from .ops.indexing import as_key, setitem
from .table import op_of
from .versions import SETTINGS, WRITES

if TYPE_CHECKING:
    from .tensor import Tensor

SETITEM = op_of(setitem)
# The ufuncs that NumPy's own ``x ** p`` takes, by the kind of x, the type of p and p.  They are faster, and
# they round otherwise and have other zeros and NaNs: (0 - 1j) ** -1 is 0 + 1j, and -0 + 1j by np.power.
POWERS: dict[tuple[str, type, float], np.ufunc] = {
    **{(kind, int, 2): np.square for kind in "iubfc"},
    **{(kind, int, -1): np.reciprocal for kind in "fc"},
    **{(kind, float, 0.5): np.sqrt for kind in "fc"},
    ("f", float, 2.0): np.square,
    ("f", float, -1.0): np.reciprocal,
}


def raise_to(x: Any, p: Any, *, out: Any) -> None:
    """Write ``x ** p`` to ``out``, as NumPy's own ``x **= p`` does."""
    fast = POWERS.get((x.dtype.kind, type(p), p)) if type(p) in (int, float) else None
    if fast is None:
        np.power(x, p, out=out)
    else:
        fast(x, out=out)


class InPlace:
    """What `Tensor` inherits for ``x += y`` and its kin, and for ``x[key] = value``."""

    __slots__ = ()
    _array: Any
    _node: Any

    # fmt: off
    def __iadd__(self, other: Operand) -> Tensor:      return self._in_place(operator.add, np.add, other)
    def __isub__(self, other: Operand) -> Tensor:      return self._in_place(operator.sub, np.subtract, other)
    def __imul__(self, other: Operand) -> Tensor:      return self._in_place(operator.mul, np.multiply, other)
    def __itruediv__(self, other: Operand) -> Tensor:  return self._in_place(operator.truediv, np.divide, other)
    def __ipow__(self, other: Operand) -> Tensor:      return self._in_place(operator.pow, raise_to, other)
    def __ifloordiv__(self, other: Operand) -> Tensor: return self._in_place(operator.floordiv, np.floor_divide, other)
    def __imod__(self, other: Operand) -> Tensor:      return self._in_place(operator.mod, np.remainder, other)
    def __iand__(self, other: Operand) -> Tensor:      return self._in_place(operator.and_, np.bitwise_and, other)
    def __ior__(self, other: Operand) -> Tensor:       return self._in_place(operator.or_, np.bitwise_or, other)
    def __ixor__(self, other: Operand) -> Tensor:      return self._in_place(operator.xor, np.bitwise_xor, other)
    def __ilshift__(self, other: Operand) -> Tensor:   return self._in_place(operator.lshift, np.left_shift, other)
    def __irshift__(self, other: Operand) -> Tensor:   return self._in_place(operator.rshift, np.right_shift, other)
    def __imatmul__(self, other: Operand) -> Tensor:   return self._in_place(operator.matmul, np.matmul, other)
    # fmt: on

    def _in_place(self: Any, operation: Any, ufunc: Any, other: Operand) -> Tensor:
        """``x += y``: a new result while gradients are recorded, a write into x's memory under no_grad."""
        if ufunc is np.matmul and np.ndim(other) == 1:  # NumPy would write the product into every row
            raise ShapeError(
                f"x @= y of a vector y, of shape {np.shape(other)}: the product has an axis less than x, of "
                f"shape {self.shape}. Write y = x @ y."
            )
        if MODE.get().recording:
            self._refuse_writing_to_leaf()
            return operation(self, other)
        ufunc(self._array, getattr(other, "_array", other), out=self._array)
        WRITES.mark(self._array)
        return self

    def __setitem__(self: Any, key: Any, value: Any) -> None:
        """``x[key] = value``, differentiable: x becomes the result.

        Whoever saved the old values keeps them, and so does a view taken before: unlike NumPy's, it does not
        follow.  Each write copies x, so that a loop of n writes costs O(n²); under no_grad it writes in
        place.
        """
        if hasattr(value, "dtype"):
            refuse_imaginary(value.dtype, self.dtype, "x[…] = v of a complex v")
        if MODE.get().recording:
            self._refuse_writing_to_leaf()
            if self.dtype.kind not in "fc" and isinstance(value, InPlace) and value._node is not None:
                raise DTypeError(
                    f"x[…] = v of a v that needs a gradient, into an x of {self.dtype}, would lose it: make "
                    "x floating first."
                )
            self._become(self._record(SETITEM, (self, as_key(key), value)))
        else:
            self._array[as_key(key)] = value._array if isinstance(value, InPlace) else value
            WRITES.mark(self._array)

    def _become(self: Any, result: Tensor) -> None:
        """Be the result of an assignment from now on; whoever saved the old values keeps them."""
        self._array, self._node, self._leaf = result._array, result._node, None
        SETTINGS.count += 1

    def _refuse_writing_to_leaf(self) -> None:
        if isinstance(self._node, Leaf):
            raise InPlaceError(
                "A leaf that requires a gradient cannot be changed in place while gradients are recorded: "
                "optimizers would lose it.\n"
                "  Write under no_grad() to update it, or compute a new tensor: y = x + …"
            )
