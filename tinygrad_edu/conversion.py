"""A tensor as something else: as an array, a Python number, or a text.  A gradient that would be lost is
refused.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .errors import CoercionError, ShapeError
from .half import Stored
from .modes import MODE
from .sparse import multiplied


class Conversions:
    """What `Tensor` inherits to become plain values."""

    __slots__ = ()
    _array: Any
    _node: Any
    is_leaf: Any
    grad: Any

    def _refuse_coercion(self, what: str) -> None:
        if self._node is not None and MODE.get().recording:
            from .coercion import lost

            raise lost(self, what)

    # ---- arrays ------------------------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if multiplied():
            return np.array(None, object)  # SciPy leaves the product to us when it sees an object
        self._refuse_coercion("a plain array")
        return np.array(self._array, dtype=dtype, copy=copy)

    def __dlpack__(self, **settings: Any) -> Any:
        """The memory of the values for another library, ``torch.from_dlpack(x)``; see `numpy.ndarray`'s."""
        self._refuse_coercion("an array of another library's")
        return self._array.__dlpack__(**settings)

    def __dlpack_device__(self) -> Any:
        """The device that the values lie on, as DLPack numbers them."""
        return self._array.__dlpack_device__()

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """NumPy's namespace, for code that is written for the array API and needs no gradient.

        Such code may compute with the values by other ways than NumPy's functions, and lose the gradient on
        the way: a tensor that needs one is refused.
        """
        if self._node is not None and MODE.get().recording:
            raise CoercionError(
                f"__array_namespace__: code for the array API would lose the gradient of a tensor of shape "
                f"{self._array.shape}. NumPy's functions keep it, np.sum(x); x.detach() is without one."
            )
        return self._array.__array_namespace__(api_version=api_version)

    def numpy(self) -> Any:
        """The values as an ndarray that shares memory, or of stored ones a copy; refuses where a gradient
        would be lost (use ``detach().numpy()``).
        """
        self._refuse_coercion("a plain array")
        return self._array.wide() if type(self._array) is Stored else self._array

    def item(self, *place: Any) -> Any:
        """The only element, or the one at a place, as a Python number, without its gradient; see
        `numpy.ndarray.item`.

        Sum losses for a report with it: ``total += loss`` keeps the graph of every loss alive, ``total +=
        loss.item()`` none.
        """
        return self._array.item(*place)

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers, without their gradients."""
        return self._array.tolist()

    def tobytes(self, order: Any = "C") -> bytes:
        """The values as bytes, without their gradients; see `numpy.ndarray.tobytes`."""
        return self._array.tobytes(order)

    # ---- one element as a Python number --------------------------------------------------------------------

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise ShapeError(
                f"The truth value of a tensor of shape {self._array.shape} is ambiguous. Use x.any() or "
                "x.all()."
            )
        return bool(self._array)

    def __float__(self) -> float:
        self._refuse_coercion("a float")
        return float(self._array)

    def __int__(self) -> int:
        self._refuse_coercion("an int")
        return int(self._array)

    def __complex__(self) -> complex:
        self._refuse_coercion("a complex number")
        return complex(self._array)

    def __index__(self) -> int:
        return operator.index(self._array)

    # ---- text --------------------------------------------------------------------------

    def __repr__(self) -> str:
        text = repr(self._array)
        if isinstance(self._array, np.ndarray):
            text = np.array2string(self._array, separator=", ", prefix="Tensor(")
        if self._array.dtype not in (np.float64, np.int64, np.bool_):
            text += f", dtype={self._array.dtype}"
        if self._node is not None:
            made = self._node.made_by
            text += f", made_by={made}" if made else ", requires_grad=True"
        return f"{type(self).__name__}({text})"

    def _repr_html_(self) -> str:
        """What a notebook shows: shape and dtype, what made it, the values or their statistics, the
        gradient.
        """
        from .markup import array as array_as_html
        from .markup import box, details, heading

        made = "" if self.is_leaf else f"made by {self._node.name}"
        origin = made or ("a constant" if self._node is None else "requires a gradient")
        about = f"shape {self._array.shape}, {self._array.dtype}, {origin}"
        parts = [heading(type(self).__name__, about), array_as_html(self._array)]
        if self.is_leaf and (grad := self.grad) is not None:
            parts.append(details("grad", array_as_html(grad._array)))
        return box(*parts)

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        if self._array.size != 1:
            raise TypeError(
                f"The format {spec!r} is for one number, and this Tensor has shape {self._array.shape}: "
                "format its "
                "elements, x.tolist()."
            )
        return format(self.item(), spec)
