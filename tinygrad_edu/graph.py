"""The graph: what a node remembers of an operation, and `record`, the one door through which operations
enter.

A node knows its parents, the plan of the table (`plan.Plan`) that says which rules to run, and the values
that those rules named.  It never knows the tensor that it made, so there is no reference cycle: a graph dies
with its last tensor.  This file does not import Tensor either; ``cls`` is the class of tensors, handed in by
those who stand above.
"""

from collections.abc import Callable
from itertools import count
from typing import Any
from weakref import ref

import numpy as np

from .aliases import Array, DType, Operand, Saved, Shape, TensorClass
from .arrays import plain, stands_for_array
from .entry import Op
from .errors import DTypeError, WrongRule
from .foreign import is_foreign, shared, together
from .half import Stored
from .modes import MODE
from .plan import Plan
from .refusals import lost_inside, refuse_argument
from .sparse import is_sparse, operand
from .versions import WRITES

ndarray = np.ndarray
MANY = 64  # arguments; the plan for a longer stack or concatenation is seldom wanted twice
SIMPLE = {ndarray, float, int, bool, type(None), str, slice, np.float64, np.float32, type(np._NoValue)}
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
        Those of the output, and so of its gradient; tuples of them for several outputs.
    notes : Notes or None
        Hooks and what the debug mode wrote down; most nodes have none.
    """

    __slots__ = ("__weakref__", "dtype", "notes", "order", "parents", "plan", "saved", "shape", "version")

    def __init__(
        self, plan: Any, parents: tuple["Node", ...], saved: Saved | None, shape: Any, dtype: Any
    ) -> None:
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
        """The name of the function that was called."""
        return self.plan.op.name

    @property
    def made_by(self) -> str:
        """The function that made the value of this node; empty for a variable."""
        return self.name

    def part(self, index: int) -> "Part":
        """The node of one output, of an operation that has several."""
        return Part(self, index)

    def twin(self, plan: Plan, parent: "Node", saved: Saved, output: Array) -> "Node":
        """The node that another op would have, had it computed one of the values that this node has saved."""
        node = Node(plan, (parent,), saved, output.shape, output.dtype)
        node.version = self.version
        return node


class Leaf(Node):
    """A variable: a node that no operation made.  Gradients accumulate in its ``grad``.

    The variables that a transform makes for one evaluation of its function are ``temporary``: nobody else
    asks for them.
    """

    __slots__ = ("grad", "temporary")
    name = "leaf"

    made_by = ""

    def __init__(self, shape: Shape, dtype: DType, temporary: bool = False) -> None:
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

    @property
    def made_by(self) -> str:
        """The function that made this output among others, and which of them it is."""
        return f"{self.parents[0].name}[{self.index}]"


class Notes:
    """What few nodes have: hooks, the gradient that `Tensor.retain_grad` keeps, and what the debug mode wrote
    down: the line, checksums, the arguments, and weakly the nodes of what the output went into.
    """

    __slots__ = ("arguments", "checksums", "grad", "hooks", "line", "retains", "users")

    def __init__(self) -> None:
        self.hooks: dict[object, Callable[[Any], Any]] = {}  # by what only its remover knows
        self.retains, self.line = False, ""
        self.grad: Any = None
        self.checksums: tuple[int, ...] = ()
        self.arguments: tuple[Any, ...] = ()
        self.users: list[ref[Node]] = []


def notes_of(node: Node) -> Notes:
    """The notes of a node, made when first asked for."""
    node.notes = node.notes or Notes()
    return node.notes


def record(cls: TensorClass, op: Op, values: tuple[Operand, ...]) -> Any:
    """Run an op and, if a gradient may be wanted of it, note in the graph how to differentiate it.

    ``values`` are all the op's arguments by position.  Returns a tensor, or a tuple of them.
    """
    arrays, parents = [], []
    wanted = 0  # a bit for each argument that needs a gradient; plans are filed by it
    bit = 0 if op.variadic and len(values) > MANY else 1  # too many arguments have no bits
    for value in values:
        if isinstance(value, cls):
            arrays.append(value._array)
            node = value._node
            if node is not None:
                wanted |= bit
                parents.append(node)
        elif type(value) in SIMPLE:
            arrays.append(value)
        else:
            arrays.append(_given(op, value))
        bit += bit
    recording, debug, inside, _ = MODE.get()
    inspector, forward = debug.value, op.forward
    if inspector is not None:
        forward, arrays = inspector.given(op, arrays)
    plan = (op.plans.get(wanted) or _plan(cls, op, values, wanted)) if parents and recording else None
    try:
        out = forward(*arrays)
    except TypeError:
        if any(getattr(array, "__array_ufunc__", ...) is None for array in arrays):
            return NotImplemented  # NumPy's way of leaving an operator to the other operand
        if (there := together(arrays)) is None:
            raise
        out, arrays = forward(*there), there
    kept: Saved = ()
    if op.keep:
        out, *kept = out
    if inside and plan is not None:
        raise lost_inside(inside, op.name, parents[0])
    if type(out) is not ndarray or (kind := out.dtype.kind) not in "fiubc":
        if isinstance(out, tuple):
            return _record_parts(cls, op, plan, parents, out, kept, arrays)
        out = as_array(out)
        kind = out.dtype.kind
    node = None
    if plan is not None:
        if kind in "fc":
            node = _new(Node)  # as Node(…) does, without the call
            node.plan, node.parents, node.saved = plan, tuple(parents), plan.save([out, *kept, *arrays])
            node.order, node.version, node.notes = _order(), WRITES.count, None
            node.shape, node.dtype = out.shape, out.dtype
        elif not op.trusted:
            raise _not_floating(op, out.dtype)
    result = _new(cls)  # as `_make` does, without the call
    result._array, result._node, result._leaf = out, node, None
    if inspector is not None:
        inspector.recorded(op, node, arrays, out)
    return result


def _record_parts(
    cls: TensorClass,
    op: Op,
    plan: Plan | None,
    parents: list[Node],
    out: tuple[Any, ...],
    kept: Saved,
    arrays: list[Any],
) -> tuple[Any, ...]:
    """The tensors of an operation that has several outputs: one node for the operation, and a `Part` for
    each.
    """
    node, outputs = None, tuple(map(as_array, out))
    if plan is not None:
        shapes, dtypes = tuple([o.shape for o in outputs]), tuple([o.dtype for o in outputs])
        node = Node(plan, tuple(parents), plan.save([outputs, *kept, *arrays]), shapes, dtypes)
    if (debug := MODE.get().debug.value) is not None:
        debug.recorded(op, node, arrays, outputs)
    parts = [node.part(i) if node and o.dtype.kind in "fc" else None for i, o in enumerate(outputs)]
    tensors = map(cls._make, outputs, parts)
    return tuple(tensors) if type(out) is tuple else type(out)(*tensors)  # a namedtuple stays one


def _not_floating(op: Op, dtype: DType) -> WrongRule:
    """The error for somebody's op that has rules, and whose forward returned integers or booleans."""
    return WrongRule(
        f"{op.name}: its forward returned {dtype}, of which there is no gradient, though it has rules.\n"
        "  Return a floating array, y.astype(float); or pass x.detach() to it where no gradient is wanted."
    )


def as_array(out: Any) -> Array:
    """The output of a function as an array: 0-d arrays for NumPy's scalars, no subclasses, only dtypes that
    we carry.
    """
    if type(out) is ndarray and out.dtype.kind in "fiubc":  # as it is mostly
        return out
    if isinstance(out, np.generic):
        out = np.asarray(out)
    elif stands_for_array(out):
        out = out.as_array()
    elif isinstance(out, ndarray) or not hasattr(out, "__array_function__"):
        out = plain(out, "Tensor")
    if out.dtype.kind not in "fiubc":
        if out.dtype.name == "bfloat16":
            held: Any = Stored(out.view(np.uint16))  # the bits of ml_dtypes' numbers
            return held
        raise DTypeError(f"A Tensor holds numbers and booleans; got dtype {out.dtype}.")
    return out


def _given(op: Op, value: Any) -> Any:
    """An argument that is no tensor, and not simply an array or a number."""
    if isinstance(value, np.ma.MaskedArray):
        return plain(value, op.name)  # which refuses it
    if is_foreign(value):
        return shared(value, op.name)
    if is_sparse(value):
        return operand(op.function, op.name, value)
    return np.asarray(value) if op.broadcasts and type(value) in (list, tuple) else value


def _plan(cls: TensorClass, op: Op, values: tuple[Operand, ...], wanted: int) -> Plan:
    """The plan for those values that need a gradient, or an error that names one that has no rule; filed
    under its bits.
    """
    positions = tuple(
        i for i, value in enumerate(values) if isinstance(value, cls) and value._node is not None
    )
    for position in positions:
        if op.argument(position) not in op.rules:
            raise refuse_argument(op, op.argument(position), values[position])
    plan = op.plan(positions)
    if wanted and op.lasting:
        op.plans[wanted] = plan
    return plan
