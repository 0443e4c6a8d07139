"""The graph: what a node remembers of an operation, and `record`, the one door through which operations enter.

A node knows its parents, the plan of the table (`ops.table.Plan`) that says which rules to run, and the values that those
rules named.  It never knows the tensor that it made, so there is no reference cycle: a graph dies with its last tensor.
This file does not import Tensor either; ``cls`` is the class of tensors, handed in by those who stand above.
"""

import weakref
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from .errors import DTypeError, InPlaceError, UnsupportedCall
from .modes import MODE
from .ops.table import TABLE, Composite, Constant, Op, Plan, name_of, refuse

ndarray = np.ndarray
WRITING = {np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal}
_order = count(1).__next__
_new = object.__new__


class Node:
    """One recorded operation.

    Attributes
    ----------
    plan : Plan
        The rules to run, and where in ``saved`` their values lie.
    parents : tuple of Node
        The nodes of the arguments that need a gradient, in the plan's order.
    saved : tuple or None
        What the rules named; None once a backward pass has released it.
    order : int
        Later nodes have larger numbers, so that descending order is a topological order.
    version : int
        How many in-place writes there had been, anywhere, when the node was made.
    shape, dtype
        Of the output: the gradient has the same.
    notes : Notes or None
        Hooks and what the debug mode wrote down; most nodes have none.
    """

    __slots__ = ("__weakref__", "dtype", "notes", "order", "parents", "plan", "saved", "shape", "version")

    def __init__(self, plan: Any, parents: tuple["Node", ...], saved: tuple[Any, ...] | None, shape: Any, dtype: Any) -> None:
        self.plan = plan
        self.parents = parents
        self.saved = saved
        self.order = _order()
        self.version = WRITES.count
        self.shape = shape
        self.dtype = dtype
        self.notes: Notes | None = None

    @property
    def name(self) -> str:
        return self.plan.op.name


class Leaf(Node):
    """A variable: a node that no operation made.  Gradients accumulate in its ``grad``.

    The variables that a transform makes for one evaluation of its function are ``temporary``: nobody else asks for them.
    """

    __slots__ = ("grad", "temporary")
    name = "leaf"

    def __init__(self, shape: tuple[int, ...], dtype: Any, temporary: bool = False) -> None:
        super().__init__(None, (), (), shape, dtype)
        self.grad: Any = None
        self.temporary = temporary


class Part(Node):
    """One output of an operation that has several: its only parent is the operation's node."""

    __slots__ = ("index",)
    name = "output"

    def __init__(self, whole: Node, index: int) -> None:
        super().__init__(None, (whole,), (), whole.shape[index], whole.dtype[index])
        self.index = index


class Notes:
    """What few nodes have: hooks, the gradient that `Tensor.retain_grad` keeps, and the debug mode's line and checksums."""

    __slots__ = ("checksums", "grad", "hooks", "line", "retains")

    def __init__(self) -> None:
        self.hooks: list[Callable[[Any], Any]] = []
        self.retains, self.line = False, ""
        self.grad: Any = None
        self.checksums: tuple[int, ...] = ()


def notes_of(node: Node) -> Notes:
    """The notes of a node, made when first asked for."""
    node.notes = node.notes or Notes()
    return node.notes


class Writes:
    """Who wrote in place, and when: a count of all writes, and for each memory written to the count at its last write.

    A memory is known by its owner, the array at the end of the ``base`` chain, so that views and flat buffers share it.
    """

    def __init__(self) -> None:
        self.count = 0
        self._last: dict[int, tuple[int, Any]] = {}

    def mark(self, array: Any) -> None:
        """Note that the memory of an array changes."""
        self.count += 1
        owner = _owner(array)
        key = id(owner)
        known = self._last.get(key)
        forget = weakref.ref(owner, lambda _: self._last.pop(key, None)) if known is None else known[1]
        self._last[key] = (self.count, forget)

    def since(self, array: Any) -> int:
        """The count at the last write to the memory of an array, 0 if there was none."""
        return self._last.get(id(_owner(array)), (0,))[0]


def _owner(array: Any) -> Any:
    while isinstance(getattr(array, "base", None), ndarray):
        array = array.base
    return array


WRITES = Writes()


def check_unchanged(node: Node) -> None:
    """Raise if a value that this node saved was written to after the node was made."""
    for value in node.saved or ():
        for array in value if isinstance(value, tuple) else (value,):
            if isinstance(array, ndarray) and WRITES.since(array) > node.version:
                raise InPlaceError(
                    f"{node.name}: a value of shape {array.shape} that its derivative needs was changed in place after the operation.\n"
                    "  Run the backward pass before the change, or write to a copy (x.detach().copy())."
                )


def as_array(out: Any) -> Any:
    """The output of a function as an array: 0-d arrays for NumPy's scalars, no subclasses, only dtypes that we carry."""
    if isinstance(out, np.generic):
        out = np.asarray(out)
    elif isinstance(out, np.ma.MaskedArray):
        raise DTypeError("Masked arrays are not supported: their masks would be lost. Use .filled(value), or np.where with the mask.")
    elif isinstance(out, ndarray) or not hasattr(out, "__array_function__"):
        out = np.asarray(out)
    if out.dtype.kind not in "fiub":
        raise DTypeError(f"A Tensor holds floating, integer or boolean values; got dtype {out.dtype}.")
    return out


def record(cls: Any, op: Op, values: tuple[Any, ...]) -> Any:
    """Run an op and, if a gradient may be wanted of it, note in the graph how to differentiate it.

    ``values`` are all the op's arguments by position.  Returns a tensor, or a tuple of them.
    """
    arrays, parents, wanted, bit = [], [], 0, 1
    for value in values:
        if isinstance(value, cls):
            arrays.append(value._array)
            if value._node is not None:
                wanted |= bit
                parents.append(value._node)
        else:
            arrays.append(np.asarray(value) if op.broadcasts and type(value) in (list, tuple) else value)
        bit += bit
    recording, debug, _ = MODE.get()
    plan = (op.plans.get(wanted) or _plan(op, wanted, values)) if wanted and recording else None
    out = op.forward(*arrays)
    kept: tuple[Any, ...] = ()
    if op.keep:
        out, *kept = out
    if type(out) is tuple:
        return _record_parts(cls, plan, parents, arrays, out)
    if type(out) is not ndarray or out.dtype.kind not in "fib":
        out = as_array(out)
    result = _new(cls)
    result._array, result._node = out, None
    if plan is not None and out.dtype.kind == "f":
        result._node = Node(plan, tuple(parents), plan.save(arrays, out, kept), out.shape, out.dtype)
    if debug is not None:
        debug.recorded(op, result._node, out)
    return result


def _plan(op: Op, wanted: int, values: tuple[Any, ...]) -> Plan:
    for position in range(wanted.bit_length()):
        if wanted >> position & 1 and op.argument(position) not in op.rules:
            raise refuse(op.function, op.argument(position), values[position])
    return op.plan(wanted)


def _record_parts(cls: Any, plan: Plan | None, parents: list[Node], arrays: list[Any], out: tuple[Any, ...]) -> tuple[Any, ...]:
    """The outputs of an operation that has several; one node for the operation, and one `Part` for each output."""
    outputs = tuple(map(as_array, out))
    if plan is None:
        return tuple(cls._make(o, None) for o in outputs)
    whole = Node(plan, tuple(parents), plan.save(arrays, outputs), tuple(o.shape for o in outputs), tuple(o.dtype for o in outputs))
    return tuple(cls._make(o, Part(whole, i) if o.dtype.kind == "f" else None) for i, o in enumerate(outputs))


def dispatch(cls: Any, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Where NumPy's protocols, and primitives, hand a call over: find its fate, sort out ``out=``, and record it."""
    entry = TABLE.get(function)
    if entry is None and (function in WRITING or getattr(function, "__name__", "") == "at"):
        raise UnsupportedCall(f"{name_of(function)} writes into its argument, which the graph cannot follow: use x[…] = v, which it can.")
    if isinstance(entry, Op) and not kwargs:
        return record(cls, entry, args if len(args) == entry.arity else entry.bind(args, kwargs))
    wanted = _find(cls, args, kwargs) if MODE.get().recording else None
    if "out" in kwargs:
        kwargs = dict(kwargs)
        target = kwargs.pop("out")
        if any(t is not None for t in (target if isinstance(target, tuple) else (target,))):
            return _write(cls, function, args, kwargs, target, wanted)
    if isinstance(entry, Op):
        if wanted:
            return record(cls, entry, entry.bind(args, kwargs))
    elif wanted and not isinstance(entry, Constant):
        if isinstance(entry, Composite):
            return entry(args, kwargs)
        raise refuse(function, *wanted)
    return _wrap(cls, function(*_unwrap(cls, args), **_unwrap(cls, kwargs)))


def _write(cls: Any, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], target: Any, wanted: Any) -> Any:
    """``function(..., out=target)``: allowed where nothing needs a gradient."""
    targets = target if isinstance(target, tuple) else (target,)
    if wanted or any(isinstance(t, cls) and t._node is not None and MODE.get().recording for t in targets):
        raise UnsupportedCall(
            f"{name_of(function)}(…, out=…) cannot be differentiated: it would overwrite a value that the graph may need.\n"
            "  Leave out= away, or compute under no_grad() or on x.detach()."
        )
    arrays = tuple(_unwrap(cls, targets))
    function(*_unwrap(cls, args), **_unwrap(cls, kwargs), out=arrays if isinstance(target, tuple) else arrays[0])
    for array in arrays:
        if array is not None:
            WRITES.mark(array)
    return targets[0] if len(targets) == 1 else targets


def _find(cls: Any, args: Any, kwargs: Any = None) -> tuple[str, Any] | None:
    """The first tensor that needs a gradient, in arguments and in lists and tuples inside them, with its name or place."""
    for name, value in [*enumerate(args), *(kwargs.items() if kwargs else ())]:
        if isinstance(value, cls):
            if value._node is not None:
                return str(name), value
        elif type(value) in (list, tuple) and (found := _find(cls, value)):
            return str(name), found[1]
    return None


def _unwrap(cls: Any, value: Any) -> Any:
    """Arrays in the place of tensors, in nested lists, tuples and dicts."""
    if isinstance(value, cls):
        return value._array
    if type(value) in (list, tuple):
        return type(value)(_unwrap(cls, v) for v in value)
    return {k: _unwrap(cls, v) for k, v in value.items()} if type(value) is dict else value


def _wrap(cls: Any, out: Any) -> Any:
    """Tensors in the place of arrays, in a result that nobody can differentiate."""
    if isinstance(out, (ndarray, np.generic)):
        return cls._make(as_array(out), None)
    return type(out)(_wrap(cls, o) for o in out) if type(out) in (list, tuple) else out
