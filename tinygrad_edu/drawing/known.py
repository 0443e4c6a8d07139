"""What is known of the values in a graph, now that the operations are over.

A node knows what its rules asked for, until a backward pass lets go of it.  More is found in what `watch`
wrote down, in the tensors that are still alive, and by computing again what has all its arguments.  What is
not found is `UNKNOWN`, and never guessed: a term that no rule needs is what the output of its sum tells it to
be, for checks alone; and where a default was taken for an argument that nobody kept, the result is believed
only if it leads to the values that are known.
"""

import gc
from collections.abc import Iterable
from itertools import takewhile
from typing import Any

import numpy as np

from ..entry import Op
from ..errors import InPlaceError
from ..graph import Leaf, Node, Part
from ..plan import Argument, Arguments, Output
from ..tensor import Tensor
from ..versions import WRITES, check_unchanged
from .watch import SEEN

# fmt: off
SOLVED: dict[Any, tuple[Any, Any]] = {  # an argument, from the output of a sum and from the other argument
    np.add:      (lambda out, x2: out - x2, lambda out, x1: out - x1),
    np.subtract: (lambda out, x2: out + x2, lambda out, x1: x1 - out),
}
# fmt: on
MANY = 2000  # operations, and a million elements: beyond that nothing is computed again
MUCH = 1_000_000


class Unknown:
    """A value that nobody kept."""

    def __repr__(self) -> str:
        return "…"


UNKNOWN = Unknown()


def nodes_of(root: Node) -> list[Node]:
    """All nodes that a node hangs on, and itself, the newest first."""
    found, stack = {root}, [root]
    while stack:
        new = [parent for parent in stack.pop().parents if parent not in found]
        found.update(new)
        stack += new
    return sorted(found, key=lambda node: -node.order)


def alive(nodes: Iterable[Node]) -> dict[Node, Any]:
    """The tensors of these nodes that anybody still holds."""
    wanted = set(nodes)
    tensors = (thing for thing in gc.get_objects() if issubclass(type(thing), Tensor))
    return {t._node: t for t in tensors if getattr(t, "_node", None) in wanted}


class Known:
    """The values of the nodes of a graph, of their arguments, and of what their rules ask for.

    Parameters
    ----------
    nodes : list of Node
        The newest first.
    tensors : dict of Node to Tensor
        Those that are alive.
    since : int, default=0
        Of operations with smaller numbers nothing is looked for.

    Attributes
    ----------
    values : dict of Node to array
        Of an operation with several outputs, a tuple of them.
    moved : set of Node
        The leaves whose values were changed in place since an operation used them.
    then : dict of Node to array
        Those that were seen when an operation used them.
    """

    def __init__(self, nodes: list[Node], tensors: dict[Node, Any], since: int = 0) -> None:
        alike = {node: t._array for node, t in tensors.items() if isinstance(node, Leaf) or _as_made(node, t)}
        self.nodes, self.values = nodes, alike
        self.moved: set[Node] = set()
        self.then: dict[Node, Any] = {}
        self._restored: dict[Node, Any] = {}
        self._believed: dict[Node, list[Any]] = {}
        for node in takewhile(lambda node: node.order >= since, nodes):
            self._look(node)
        if len(nodes) <= MANY and sum(map(_size, nodes)) <= MUCH:
            self._compute()

    def _look(self, node: Node) -> None:
        """Take what was seen of an operation, and what it has saved."""
        if node.plan is None:
            return
        if seen := SEEN.get(node):
            self.values[node] = seen.out
            for position, parent in zip(node.plan.positions, node.parents):
                known = self.then if isinstance(parent, Leaf) else self.values
                known.setdefault(parent, seen.arguments[position])
        for parent in node.parents:
            array = self.values.get(parent)
            if isinstance(parent, Leaf) and array is not None and WRITES.since(array) > node.version:
                self.moved.add(parent)
        for position, value in self._saved_arguments(node).items():
            k = node.plan.parent_of.get(position)
            if k is not None and node.parents[k] not in self.moved:
                self.values.setdefault(node.parents[k], value)
        if node.saved and "out" in node.plan.names:
            self.values.setdefault(node, node.saved[node.plan.names.index("out")])

    def _saved_arguments(self, node: Node) -> dict[int, Any]:
        """The arguments among the values that an operation has saved, by their positions."""
        found: dict[int, Any] = {}
        for need, value in zip(node.plan.needs, node.saved or ()):
            if isinstance(need, Arguments):
                found |= dict(enumerate(value, need.position))
            elif isinstance(need, Argument):
                found[need.position] = value
        return found

    def value(self, node: Node) -> Any:
        """The value of a node, or UNKNOWN."""
        if isinstance(node, Part):
            whole = self.values.get(node.parents[0], UNKNOWN)
            return self.values.get(node, whole if whole is UNKNOWN else whole[node.index])
        return self.values.get(node, UNKNOWN)

    def arguments(self, node: Node) -> list[Any]:
        """The arguments of an operation by position, UNKNOWN where nobody kept one."""
        if seen := SEEN.get(node):
            return list(seen.arguments)
        saved, plan = self._saved_arguments(node), node.plan
        count = max([plan.op.signature.fixed, *(p + 1 for p in plan.positions), *(p + 1 for p in saved)])
        found = [saved.get(position, UNKNOWN) for position in range(count)]
        for position, parent in zip(plan.positions, node.parents):
            if found[position] is UNKNOWN and parent not in self.moved:
                found[position] = self.value(parent)
        believed = self._believed.get(node, found)
        return [b if a is UNKNOWN else a for a, b in zip(found, believed)]

    def solved(self, node: Node) -> list[Any]:
        """The same, where a term of a sum or a difference that nobody kept is what the output tells it to be.

        Of one that was broadcast it is the result of that.
        """
        found, out = self.arguments(node), self.value(node)
        missing = [i for i, value in enumerate(found) if value is UNKNOWN]
        rules = SOLVED.get(node.plan.op.function)
        if rules and len(missing) == 1 and out is not UNKNOWN:
            i = missing[0]
            with np.errstate(all="ignore"):
                found[i] = np.asarray(rules[i](out, found[1 - i]), out.dtype)
        return found

    def saved(self, node: Node) -> Any:
        """What the rules of an operation ask for, as it was when the operation was recorded, or UNKNOWN."""
        if seen := SEEN.get(node):
            return seen.saved
        if node.saved is not None:
            try:
                check_unchanged(node)
            except InPlaceError:
                return UNKNOWN
            return node.saved
        return self._restored.get(node) or self._gathered(node)

    def _gathered(self, node: Node) -> Any:
        """What the rules of an operation ask for, one by one from what is known, or UNKNOWN."""
        arguments, found = self.arguments(node), []
        for need in node.plan.needs:
            match need:
                case Output():
                    found.append(self.value(node))
                case Argument() if type(need) is Argument:
                    found.append(arguments[need.position])
                case _:
                    return UNKNOWN
        return UNKNOWN if any(value is UNKNOWN for value in found) else tuple(found)

    def repeats(self, node: Node) -> bool:
        """Whether an operation, computed again of its arguments, gives what it gave."""
        known = self.value(node)
        try:
            with np.errstate(all="ignore"):
                out = node.plan.op.forward(*self.solved(node))
        except Exception:
            return False
        out = out[0] if node.plan.op.keep else out
        return same(out, known) if known is not UNKNOWN else node in self._believed

    # ---- computing again -----------------------------------------------------------------------------------

    def _compute(self) -> None:
        """Compute what has all its arguments, from the oldest on; believe it if it meets what is known."""
        found: dict[Node, Any] = {}
        for node in reversed(self.nodes):
            if node.plan is None or node in SEEN or not _is_function(node.plan.op):
                continue
            row = self._run(node, found)
            if row is None:
                continue
            known = self.value(node)
            if known is not UNKNOWN and not same(known, row[0]):
                self._restored, self._believed = {}, {}
                return
            found[node] = row[0]
            self._restored[node] = node.plan.save(row)
            self._believed[node] = row[1 + len(node.plan.op.keep) :]
        for node, value in found.items():
            self.values.setdefault(node, value)

    def _run(self, node: Node, found: dict[Node, Any]) -> list[Any] | None:
        """The row of the call of an operation, computed again; None if an argument is missing."""
        arguments = self.arguments(node)
        for position, parent in zip(node.plan.positions, node.parents):
            if arguments[position] is UNKNOWN and parent not in self.moved:
                arguments[position] = _output(parent, found)
        op: Op = node.plan.op
        arguments = [self._default(op, i) if a is UNKNOWN else a for i, a in enumerate(arguments)]
        if op.variadic or any(argument is UNKNOWN for argument in arguments):
            return None
        try:
            with np.errstate(all="ignore"):
                out = op.forward(*arguments)
        except Exception:  # a default that was not what the call had
            return None
        out, *kept = out if op.keep else (out,)
        shape = tuple(map(np.shape, out)) if isinstance(out, tuple) else np.shape(out)
        return [out, *kept, *arguments] if shape == node.shape else None

    def _default(self, op: Op, position: int) -> Any:
        return op.signature.defaults.get(op.argument(position), UNKNOWN)


def _as_made(node: Node, tensor: Any) -> bool:
    """Whether the values of a result are still those that its operation made."""
    return WRITES.since(tensor._array) <= node.version


def _is_function(op: Op) -> bool:
    """Whether an op's forward is a function of the arguments that the graph knows; those that are made for
    one call have names for them that nobody could write.
    """
    return all(map(str.isidentifier, op.signature.names))


def _output(node: Node, found: dict[Node, Any]) -> Any:
    """The output of a node among those that were computed again."""
    if isinstance(node, Part):
        whole = found.get(node.parents[0], UNKNOWN)
        return whole if whole is UNKNOWN else whole[node.index]
    return found.get(node, UNKNOWN)


def same(a: Any, b: Any) -> bool:
    """Whether two values agree but for rounding."""
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if np.shape(a) != np.shape(b):
        return False
    return bool(np.allclose(a, b, rtol=1e-4, atol=1e-6, equal_nan=True))


def _size(node: Node) -> int:
    shapes = node.shape if node.shape and isinstance(node.shape[0], tuple) else (node.shape,)
    return sum(int(np.prod(shape)) for shape in shapes)
