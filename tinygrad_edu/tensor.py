"""Class Tensor: an array that takes part in a computation graph.

The story of one call, ``y = np.exp(x)`` with ``x`` a Tensor that requires a gradient:

1. NumPy sees that ``x`` has ``__array_ufunc__`` and hands the whole call to it.  That method is one line: it
   calls `dispatch.dispatch`.
2. ``dispatch`` looks ``np.exp`` up in the table (``ops/``) and finds its entry, with the rule
   ``lambda g, out: g * out``.
3. ``record`` computes ``np.exp`` of the plain array.  The rule names ``out``, so the node keeps the result,
   and not ``x``.
4. The result comes back as a Tensor that holds the node, and the node holds the node of ``x``: that is the
   graph.
5. ``y.backward()`` visits the nodes, newest first, calls ``rule(g, out)`` on plain arrays, and adds what
   arrives at ``x`` to ``x.grad``.

Arithmetic, items, ``sum``, ``reshape``, ``transpose`` and functions of our own enter at step 3, since they
know their entry already; all other methods call NumPy's function, and enter at step 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .aliases import Operand
from .arrays import refuse_imaginary
from .backward import accumulate
from .conversion import Conversions
from .copying import Copies, _unpickled  # noqa: F401  # by which name files of pickles call it
from .differentiable import Differentiable, check_floating
from .dispatch import dispatch
from .entry import Op
from .errors import GraphError, InPlaceError
from .graph import Node, as_array, ndarray, record
from .hints import Absent, absent_names
from .in_place import POWERS, InPlace
from .methods import ArrayMethods
from .ops.indexing import as_key, getitem
from .ops.reduction import NONE
from .table import op_of
from .versions import SETTINGS, WRITES

ADD, SUBTRACT, MULTIPLY, DIVIDE = op_of(np.add), op_of(np.subtract), op_of(np.multiply), op_of(np.divide)
POWER, FAST_POWERS = op_of(np.power), {which: op_of(ufunc) for which, ufunc in POWERS.items()}
NEGATIVE, MATMUL, SUM = op_of(np.negative), op_of(np.matmul), op_of(np.add.reduce)
RESHAPE, TRANSPOSE, GETITEM = op_of(np.reshape), op_of(np.transpose), op_of(getitem)
ONES = {np.dtype(kind): np.ones((), kind) for kind in np.typecodes["Float"]}  # the gradients of real losses
for _one in ONES.values():
    _one.flags.writeable = False


class Tensor(Differentiable, ArrayMethods, InPlace, Conversions, Copies):
    """An array whose operations are recorded, so that gradients can be computed.

    Parameters
    ----------
    data : array_like
        The values: floating, complex, integer or boolean; the dtype follows `numpy.asarray`.
    requires_grad : bool, default=False
        Whether gradients are wanted with respect to this tensor.  It then owns a copy of ``data``; otherwise
        it is another view of the array that it was given.
    dtype : dtype, optional
        Another dtype than the one of ``data``.

    Attributes
    ----------
    grad : Tensor or None
        The gradient that backward passes have accumulated here; of complex values ∂L/∂re + i ∂L/∂im.

    Raises
    ------
    DTypeError
        For object and text data, for masked arrays, for complex data that ``dtype`` would make real, and for
        integers that should require a gradient.
    ShapeError
        For nested lists of several lengths.

    Notes
    -----
    Writing into the array of a leaf (``x.data[0] = 9``), or into any array or index that an operation was
    given, between the operation and its backward pass cannot be seen, and gives the gradient at the new
    values; `debug` catches it.  ``x[0] = 9`` and ``x.data = …`` are seen.  ``backward(create_graph=True)``
    leaves a cycle from a leaf to its gradient and back, which lives until the garbage collector runs or
    ``grad`` is set to None.

    Examples
    --------
    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = np.sum(np.sin(x) ** 2)
    >>> y.backward()
    >>> np.allclose(x.grad.data, np.sin(2 * x.data))
    True
    """

    __slots__ = ("__weakref__", "_array", "_leaf", "_node")
    _array: Any
    # None for a constant, the leaf of a variable, the operation's node for a result.
    _node: Node | None
    # A Leaf since a gradient was first asked for (a frozen variable keeps it, and its grad), or None.
    _leaf: Any

    def __init__(
        self, data: ArrayLike | Tensor, requires_grad: bool = False, *, dtype: DTypeLike | None = None
    ) -> None:
        if isinstance(data, Tensor):
            if data._node is not None:
                raise GraphError(
                    "Tensor(x) of a tensor that needs a gradient would cut the graph silently: use x, or "
                    "x.detach()."
                )
            data = data._array
        array = as_array(data)
        if dtype is not None:
            refuse_imaginary(array.dtype, dtype, "Tensor(data, dtype=…)")
            array = as_array(np.astype(array, np.dtype(dtype), copy=False))
        self._array, self._node, self._leaf = array, None, None
        if requires_grad:
            self.requires_grad_()

    @classmethod
    def _make(cls, array: Any, node: Node | None) -> Tensor:
        """A result: no checks, no copies."""
        self = _new(Tensor)
        self._array, self._node, self._leaf = array, node, None
        return self

    # ---- the protocols: NumPy calls us ---------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return dispatch(Tensor, ufunc if method == "__call__" else getattr(ufunc, method), inputs, kwargs)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        return dispatch(Tensor, function, args, kwargs)

    def _record(self, op: Op, values: tuple[Any, ...]) -> Any:
        return record(Tensor, op, values)

    _recorded: Any = _record  # what `dispatch` would do with a call of an op of our own

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__array_function__ is not Tensor.__array_function__:  # which is asked about our own ops, too
            cls._recorded = None  # there is no shorter way

    # ---- the array -----------------------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The values, an ndarray; those of a recorded result are read-only.

        Assigning moves the version of the memory.  Values of another shape or dtype forget the gradient of
        the old ones.
        """
        if self.is_leaf:
            return self._array
        view = self._array.view()
        view.flags.writeable = False
        return view

    @data.setter
    def data(self, value: ArrayLike) -> None:
        if not self.is_leaf:
            raise InPlaceError(
                "The values of a recorded result cannot be replaced. Use x.detach(), or compute a new tensor."
            )
        array = as_array(value._array if isinstance(value, Tensor) else value)
        if self._node is not None:
            check_floating(array.dtype)
            self._node.shape, self._node.dtype = array.shape, array.dtype
        if (array.shape, array.dtype) != (self.shape, self.dtype):
            self.grad = None
        WRITES.mark(self._array)
        if array is not self._array:
            WRITES.mark(array)
            SETTINGS.count += 1
        self._array = array

    # ---- the gradient: what else there is of it is in `differentiable` ------------------------------------

    def backward(
        self,
        gradient: ArrayLike | Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
    ) -> None:
        """Compute the gradients of this tensor with respect to every leaf that it depends on, and add them to
        their ``grad``.

        Parameters
        ----------
        gradient : array_like or Tensor, optional
            The cotangent, of the shape of this tensor.  A tensor of one element needs none: it is 1.
        retain_graph : bool, optional
            Keep what the derivatives need, so that another backward pass can be made; by default as
            ``create_graph``.
        create_graph : bool, default=False
            Record the computation of the gradients, so that they can be differentiated in turn.

        Raises
        ------
        GraphError
            If there is no graph, it was released, or the tensor has several elements and ``gradient`` is
            missing.
        ShapeError
            If ``gradient`` has another shape.
        InPlaceError
            If a value that a derivative needs was changed in place.
        """
        node = self._node
        if node is None:
            raise GraphError(
                "backward() on a tensor that no gradient is wanted of: nothing it was computed from has "
                "requires_grad=True, or it was computed under no_grad."
            )
        retain = create_graph if retain_graph is None else retain_graph
        array = self._array
        one = None if create_graph or gradient is not None else ONES.get(array.dtype)
        if one is not None and type(array) is ndarray and array.shape == ():  # a loss, as it is mostly
            accumulate(Tensor, node, one, False, retain)
            return
        root = self._cotangent(gradient)
        accumulate(Tensor, node, root if create_graph else root._array, create_graph, retain)

    # ---- operators -----------------------------------------------------------------------------------------

    # fmt: off
    def __add__(self, other: Operand) -> Tensor:      return record(Tensor, ADD, (self, other))
    def __radd__(self, other: Operand) -> Tensor:     return record(Tensor, ADD, (other, self))
    def __sub__(self, other: Operand) -> Tensor:      return record(Tensor, SUBTRACT, (self, other))
    def __rsub__(self, other: Operand) -> Tensor:     return record(Tensor, SUBTRACT, (other, self))
    def __mul__(self, other: Operand) -> Tensor:      return record(Tensor, MULTIPLY, (self, other))
    def __rmul__(self, other: Operand) -> Tensor:     return record(Tensor, MULTIPLY, (other, self))
    def __truediv__(self, other: Operand) -> Tensor:  return record(Tensor, DIVIDE, (self, other))
    def __rtruediv__(self, other: Operand) -> Tensor: return record(Tensor, DIVIDE, (other, self))
    def __matmul__(self, other: Operand) -> Tensor:   return record(Tensor, MATMUL, (self, other))
    def __rmatmul__(self, other: Operand) -> Tensor:  return record(Tensor, MATMUL, (other, self))
    def __rpow__(self, other: Operand) -> Tensor:     return record(Tensor, POWER, (other, self))
    def __neg__(self) -> Tensor:                      return record(Tensor, NEGATIVE, (self,))
    # fmt: on

    __hash__ = object.__hash__

    def __pow__(self, other: Operand) -> Tensor:
        if type(other) in (int, float) and (self._array.dtype.kind, type(other), other) in FAST_POWERS:
            return record(Tensor, FAST_POWERS[self._array.dtype.kind, type(other), other], (self,))
        return record(Tensor, POWER, (self, other))

    def __getitem__(self, key: Any) -> Tensor:
        return record(Tensor, GETITEM, (self, as_key(key)))

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not isinstance(getattr(type(self), name, None), Absent)]

    # ---- methods of arrays: NumPy's signatures -------------------------------------------------------------

    @property
    def T(self) -> Tensor:
        """The transpose: all axes reversed."""
        return record(Tensor, TRANSPOSE, (self, None))

    @property
    def mT(self) -> Tensor:
        """The matrix transpose: the last two axes swapped."""
        return self.swapaxes(-1, -2)

    def sum(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, **settings: Any
    ) -> Tensor:
        """The sum over one axis, several, or all; see `numpy.sum`."""
        if out is not None or settings:
            return np.sum(self, axis, dtype, out, keepdims, **settings)
        return record(Tensor, SUM, (self, axis, dtype, None, keepdims, NONE, True))

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> Tensor:
        """The same values in another shape; see `numpy.ndarray.reshape`."""
        return record(Tensor, RESHAPE, (self, shape[0] if len(shape) == 1 else shape, order, copy))

    def transpose(self, *axes: Any) -> Tensor:
        """The axes permuted, by default reversed; see `numpy.transpose`."""
        return record(Tensor, TRANSPOSE, (self, axes[0] if len(axes) == 1 else axes or None))


for _name in absent_names(
    Tensor
):  # __getattr__ would know them too, and slow down every access to what there is
    setattr(Tensor, _name, Absent(_name))

_new = object.__new__
