"""The graph that is written: nodes, weights, and names that a reader of the file understands."""

from typing import Any, NamedTuple

import numpy as np

from ..errors import ExportError
from .sizes import Counted, Repeated, Size


class Node(NamedTuple):
    """A call of an operator of ONNX; a dtype among the attributes stands for ONNX's number of it."""

    kind: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]


class Value(NamedTuple):
    """An array of the graph."""

    name: str
    shape: tuple[Any, ...]  # of int, and of Size where it follows the batch
    dtype: Any

    @property
    def ndim(self) -> int:
        return len(self.shape)


class Graph:
    """Nodes and weights, as they are written one after the other.

    Attributes
    ----------
    outputs : tuple of (shape, dtype)
        What the call that is written just now returns.
    where : str
        Where that call was made.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.weights: dict[str, Any] = {}
        self.names: set[str] = set()
        self.layer = self.where = ""
        self.outputs: tuple[tuple[tuple[Any, ...], Any], ...] = ()
        self.batch_of: tuple[Value, int] | None = None  # an input, and its axis
        self._known: dict[Any, str] = {}  # constants by what they are
        self._batch = ""

    # ---- the call that is written just now -----------------------------------------------------------------

    @property
    def shape(self) -> tuple[Any, ...]:
        """The shape of what the call returns first."""
        return self.outputs[0][0]

    @property
    def dtype(self) -> Any:
        """The dtype of that."""
        return self.outputs[0][1]

    def refuse(self, what: str) -> ExportError:
        """The error for what cannot be written, with the place of the call."""
        return ExportError(f"{what}, in {self.where}.")

    def fixed(self, n: Any, what: str = "a length") -> int:
        """A number that must not follow the batch."""
        if isinstance(n, Size):
            raise self.refuse(f"{what} follows the batch, and ONNX needs a number")
        return int(n)

    # ---- names ---------------------------------------------------------------------------------------------

    def unique(self, name: str) -> str:
        """A name that is not taken yet."""
        number, free = 0, name
        while free in self.names:
            number += 1
            free = f"{name}_{number}"
        self.names.add(free)
        return free

    def weight(self, name: str, array: Any) -> str:
        """A stored array under a name."""
        name = self.unique(name)
        self.weights[name] = np.asarray(array, order="C")
        return name

    def constant(self, array: Any, name: str = "constant") -> str:
        """A stored array, the same for equal ones."""
        array = np.asarray(array)
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._known:
            self._known[key] = self.weight(name, array)
        return self._known[key]

    # ---- nodes ---------------------------------------------------------------------------------------------

    def emit(self, kind: str, *inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
        """Write a node; returns the name of its output, or a tuple of names."""
        base = f"{self.layer}/{kind}" if self.layer else kind
        names = [self.unique(base if outputs == 1 else f"{base}.{i}") for i in range(outputs)]
        given = ["" if i is None else self.name(i) for i in inputs]
        self.nodes.append(Node(kind, given, names, attributes))
        return names[0] if outputs == 1 else tuple(names)

    def name(self, value: Any, dtype: Any = None) -> str:
        """The name of an argument: of an array of the graph, or of a constant; cast, if a dtype is given."""
        if isinstance(value, str):
            return value
        if isinstance(value, Value):
            if dtype is not None and value.dtype != np.dtype(dtype):
                return self.cast(value.name, dtype)
            return value.name
        if isinstance(value, Repeated):
            base = value.base if dtype is None else value.base.astype(dtype)
            return self.emit("Expand", self.constant(base), self.dims(value.shape))
        if isinstance(value, Counted):
            size = next(n for n in value.shape if isinstance(n, Size))
            counted = self.emit("Range", np.array(0), self.emit("Squeeze", self.dims([size])), np.array(1))
            shaped = counted if len(value.shape) == 1 else self.reshape(counted, value.shape)
            return self.cast(shaped, value.dtype if dtype is None else dtype)
        if isinstance(value, Size):
            return self.cast(self.emit("Squeeze", self.dims([value])), dtype or np.int64)
        return self.constant(np.asarray(value, dtype))

    def cast(self, name: str, dtype: Any) -> str:
        """An array in another dtype."""
        return self.emit("Cast", name, to=np.dtype(dtype))

    def dims(self, sizes: Any) -> str:
        """A vector of integers, of which some may follow the batch."""
        if any(isinstance(n, Value) for n in sizes):
            raise self.refuse("a size, or an end of a slice, that values decide cannot be written")
        if not any(isinstance(n, Size) for n in sizes):
            return self.constant(np.array(sizes, np.int64), "shape")
        parts = [self._multiple(n.times) if isinstance(n, Size) else np.array([n]) for n in sizes]
        return self.name(parts[0]) if len(parts) == 1 else self.emit("Concat", *parts, axis=0)

    def _multiple(self, times: int) -> str:
        """So many times the batch, a vector of one."""
        if not self._batch:
            assert self.batch_of is not None
            value, axis = self.batch_of
            self._batch = self.emit("Shape", value, start=axis, end=axis + 1)
        return self._batch if times == 1 else self.emit("Mul", self._batch, np.array([times]))

    # ---- what is common to many converters -----------------------------------------------------------------

    def reshape(self, value: Any, shape: Any) -> str:
        """An array in another shape; one size that follows the batch is found by ONNX itself."""
        shape = list(shape)
        following = [i for i, n in enumerate(shape) if isinstance(n, Size)]
        if len(following) == 1 and -1 not in shape and 0 not in shape:
            shape[following[0]] = -1
        settings = {"allowzero": 1} if 0 in shape else {}
        return self.emit("Reshape", value, self.dims(shape), **settings)

    def axes(self, axis: Any, ndim: int) -> list[int]:
        """Axes from 0 on, of one number, several or None, which is all."""
        given = range(ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else [axis]
        return [int(a) % max(ndim, 1) for a in given]

    def reduce(self, kind: str, value: Any, axes: Any, keepdims: bool) -> str:
        """A reduction over some axes; of none, the array itself."""
        axes = np.array(axes, np.int64)
        return self.emit(kind, value, axes, keepdims=int(keepdims), noop_with_empty_axes=1)
