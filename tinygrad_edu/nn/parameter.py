"""Parameters, which a module learns, buffers, which it only remembers, and what a layer takes as input."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray
from numpy.typing import ArrayLike, DTypeLike

from ..arrays import given, plain, stands_for_array
from ..errors import ArgumentError, DTypeError
from ..tensor import Tensor
from ..versions import WRITES


class Parameter(Tensor):
    """A tensor that a module learns: a leaf that owns its values, and requires a gradient unless frozen.

    Parameters
    ----------
    data : array_like
        Floating or complex values; they are copied.
    dtype : dtype, optional
        By default the one of ``data``.  The layers of this package make float32 parameters.
    requires_grad : bool, default=True
        False makes it frozen, as `Module.freeze` does.
    """

    __slots__ = ()

    def __init__(
        self, data: ArrayLike | Tensor, *, dtype: DTypeLike | None = None, requires_grad: bool = True
    ) -> None:
        super().__init__(data, requires_grad=True, dtype=dtype)
        if not requires_grad:
            self.requires_grad_(False)


class Buffer(Tensor):
    """A tensor that belongs to the state of a module and is not learned, such as a running mean.

    Parameters
    ----------
    data : array_like
        Floating, integer or boolean values; they are copied.
    dtype : dtype, optional
        By default the one of ``data``.
    """

    __slots__ = ()

    def __init__(self, data: ArrayLike | Tensor, *, dtype: DTypeLike | None = None) -> None:
        super().__init__(np.array(plain(data, "Buffer"), dtype=dtype))

    def write(self, value: ArrayLike | Tensor) -> None:
        """Take on other values, in place and outside of any graph."""
        self._array[...] = plain(value, "Buffer.write")
        WRITES.mark(self._array)


def successor(where: str, held: Tensor, value: Any) -> Any:
    """What an attribute holds after an assignment to it, in the place of a parameter or a buffer.

    Raises
    ------
    ArgumentError
        For what would no longer be found: anything but another Parameter, or None, in the place of a
        parameter; in that of a buffer what needs a gradient, or is no array of its shape and of a dtype that
        can be cast to its own.
    """
    if value is None or isinstance(value, (Parameter, Buffer) if isinstance(held, Buffer) else Parameter):
        return value
    if isinstance(held, Parameter):
        name = where.rpartition(".")[2]
        raise ArgumentError(
            f"{where} is a Parameter, and a {type(value).__name__} in its place would not be learned.\n"
            f"  For other values in it: layer.{name}.data = values, or layer.{name} *= 0.5 under no_grad().\n"
            "  For another parameter: nn.Parameter(values), before the optimizer is made."
        )
    if isinstance(value, Tensor) and value.requires_grad:
        raise ArgumentError(
            f"{where} is a Buffer, and what is assigned to it needs a gradient. Take its values: detach()."
        )
    array = plain(value, where)
    if array.shape != held.shape or not np.can_cast(array.dtype, held.dtype, "same_kind"):
        raise ArgumentError(
            f"{where} is a Buffer of shape {held.shape}, {held.dtype}; got {array.shape}, {array.dtype}. "
            "Assign nn.Buffer(values)."
        )
    return Buffer(array, dtype=held.dtype)


def as_input(x: Any, like: Tensor, who: str) -> Any:
    """What a layer computes with: x in its dtype; a tensor of another that needs a gradient is refused."""
    array = x._array if type(x) is Tensor else x
    if type(array) is ndarray and (dtype := array.dtype) is like._array.dtype and dtype.kind == "f":
        return x  # as it is mostly; NumPy has one object for each native dtype
    if not isinstance(x, Tensor):
        x = given(x, who)
        x = x if stands_for_array(x) else np.asarray(x)
        if x.dtype.kind not in "fiub" or like._array.dtype.kind == "c":
            raise _not_real(x, like, who)
        return x.astype(like._array.dtype, copy=False)
    if x._array.dtype.kind != "f":
        if "c" in (x._array.dtype.kind, like._array.dtype.kind):
            raise _not_real(x, like, who)
        return x.astype(like._array.dtype)
    if x._array.dtype is not like._array.dtype and x._array.dtype != like._array.dtype:
        if like._array.dtype.kind == "c":
            raise _not_real(x, like, who)
        if x._node is None:
            return x.astype(like._array.dtype)
        raise DTypeError(
            f"{who} has {like.dtype} parameters and got a Tensor of {x.dtype} that needs a gradient."
            f" Convert one: x.astype(np.{like.dtype}), or dtype= of the layer.{_turn(x, like.dtype)}"
        )
    return x


def _turn(x: Tensor, dtype: np.dtype[Any]) -> str:
    """A sentence on the operation that made x of its dtype from a tensor of the other one, if one did."""
    nodes, seen = [x._node], set[Any]()
    while nodes:
        node = nodes.pop()
        if node is None or node in seen or node.dtype != x.dtype or node.name == "np.astype":
            continue
        seen.add(node)
        if node.parents and all(parent.dtype == dtype for parent in node.parents):
            return (
                f"\n  {node.name} made {x.dtype} of {dtype}, which met an array of another dtype, or a "
                "number of NumPy's, such as np.sqrt(2). Numbers of Python's, 2**0.5 or float(…), leave "
                f"{dtype} as it is."
            )
        nodes += node.parents
    return ""


def _not_real(x: Any, like: Tensor, who: str) -> DTypeError:
    """The error for a layer that is given complex numbers or others, or has complex parameters."""
    if like.dtype.kind == "c":
        own = "A Module of your own computes with those: x @ self.weight.T + self.bias"
        return DTypeError(f"{who} expects real parameters; got {like.dtype}. {own}.")
    return DTypeError(
        f"{who} expects real numbers, floating, integer or boolean; got {x.dtype} of shape {x.shape}."
    )


def floating(who: str, dtype: DTypeLike) -> np.dtype[Any]:
    """A dtype that parameters can have, or an error that says who wanted another."""
    try:
        dtype = np.dtype(dtype)
    except TypeError:
        raise DTypeError(
            f"{who}: a dtype is expected, such as np.float64; got {dtype!r}.\n"
            "  Devices there are none: this is a framework for the CPU, and there is nothing to move."
        ) from None
    if dtype.kind != "f":
        raise DTypeError(f"{who}: parameters are floating; got {dtype}.")
    return dtype


def convert(tensor: Tensor, dtype: np.dtype[Any]) -> None:
    """Another dtype for a parameter or buffer and its gradient."""
    gradient, learned = tensor.grad, tensor.requires_grad
    if learned:
        tensor.requires_grad_(False)
    tensor.data = tensor._array.astype(dtype)
    if learned:
        tensor.requires_grad_()
        tensor.grad = None if gradient is None else gradient.astype(dtype)


def as_parameter(value: Any) -> Any:
    """A tensor in the place of a parameter, still attached to its graph; an array as a constant."""
    if not isinstance(value, (Tensor, np.ndarray)):
        return value
    parameter = object.__new__(Parameter)
    array, node = (value._array, value._node) if isinstance(value, Tensor) else (value, None)
    parameter._array, parameter._node, parameter._leaf = array, node, None
    return parameter
