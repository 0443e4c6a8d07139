"""A function as the checker sees it: a map from one flat vector, all differentiated inputs end to end, to another.

`FlatFunction.values` is the map, computed without a graph; `FlatFunction.pull` is what a user's ``backward()`` makes of its
transposed Jacobian.  The numerical derivatives know the first only, gradcheck compares the two.
"""

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import GradcheckError, TinygradError
from ..graph import Leaf, Node
from ..modes import mode
from ..settings import Default
from ..tensor import Tensor


def step_sizes(array: Any) -> Any:
    """For each element a power of two near its magnitude, so that adding t times it is exact when t is a power of two too.

    Elements that are zero, or tiny beside the others, take theirs from the others.
    """
    size = np.abs(np.asarray(array, np.float64))
    usual = size[(size > 0) & np.isfinite(size)]
    typical = float(np.median(usual)) if usual.size else 1.0
    size = np.maximum(np.where(np.isfinite(size) & (size > 0), size, typical), typical * 2.0**-10)
    return np.exp2(np.floor(np.log2(size)))


class Slot:
    """Where one differentiated input lies in the flat vector, and what it looks like."""

    def __init__(self, position: int, array: Any, start: int) -> None:
        self.position, self.shape, self.dtype = position, array.shape, array.dtype
        self.range = slice(start, start + array.size)

    def __str__(self) -> str:
        return f"input {self.position} (shape {self.shape}, {self.dtype})"

    def element(self, flat: int) -> tuple[int, ...]:
        """The index, in this input, of a position of the flat vector."""
        return tuple(int(i) for i in np.unravel_index(flat - self.range.start, self.shape))


class FlatFunction:
    """f between flat vectors.

    Parameters
    ----------
    f : callable
        Takes the inputs by position; returns a Tensor, or a tuple, list or dict of them.
    inputs : sequence
        Tensors and arrays; everything else is handed to f as it is.
    argnums : sequence of int, optional
        The positions to differentiate; by default those of all floating tensors and arrays.
    dtype : dtype, optional
        What all floating inputs are converted to; by default they keep their own.

    Attributes
    ----------
    point : ndarray of shape (n,), float64
        The inputs.
    slots : list of Slot
    outputs : list of (shape, dtype)
        The floating outputs; known after the first call.
    """

    def __init__(self, f: Callable[..., Any], inputs: Sequence[Any], argnums: Sequence[int] | None = None, dtype: Any = None) -> None:
        self.f = f
        self.args = [_protected(a, dtype) for a in inputs]
        if argnums is None:
            argnums = [i for i, a in enumerate(self.args) if isinstance(a, (np.ndarray, Tensor)) and a.dtype.kind == "f"]
        self.slots: list[Slot] = []
        start, pieces = 0, [np.zeros(0)]
        for position in argnums:
            argument = self.args[position]
            array = argument.data if isinstance(argument, Tensor) else np.asarray(argument)
            if array.dtype.kind != "f":
                raise GradcheckError(f"input {position} is {array.dtype}: only floating inputs can be differentiated.")
            self.slots.append(Slot(position, array, start))
            pieces.append(np.ravel(array).astype(np.float64))
            start += array.size
        self.point = np.concatenate(pieces)
        self.outputs: list[tuple[tuple[int, ...], Any]] = []

    def arrays(self, z: Any) -> list[Any]:
        """The differentiated inputs at a point, each in its own shape and dtype."""
        return [z[slot.range].reshape(slot.shape).astype(slot.dtype, copy=False) for slot in self.slots]

    def sizes(self, z: Any) -> Any:
        """The step sizes of all elements; each input has its own scale."""
        return np.concatenate([np.zeros(0), *(step_sizes(z[slot.range]) for slot in self.slots)])

    def call(self, inputs: Sequence[Any]) -> list[Any]:
        """Run f, and list its floating outputs."""
        args = list(self.args)
        for slot, value in zip(self.slots, inputs):
            args[slot.position] = value
        return [out for out in _flatten(self.f(*args)) if out.dtype.kind in "fc"]

    def values(self, z: Any) -> Any:
        """f at a point, computed without a graph: one vector of shape (m,)."""
        outputs = self.call([Tensor._make(array, None) for array in self.arrays(z)])
        self.outputs = [(out.shape, out.dtype) for out in outputs]
        if len(outputs) == 1:
            return np.ravel(outputs[0].data).astype(np.float64, copy=False)
        return np.concatenate([np.zeros(0), *(np.ravel(out.data) for out in outputs)])

    def complex_values(self, z: Any) -> Any:
        """f at a complex point, on plain arrays; raises whatever f raises where it is not made for that."""
        outputs = self.call([z[slot.range].reshape(slot.shape) for slot in self.slots])
        return np.concatenate([np.ravel(getattr(out, "data", out)) for out in outputs])

    def record(self, z: Any) -> tuple[list[Tensor], list[Tensor]]:
        """Run f with a graph; the leaves' memory is read-only."""
        leaves = [Tensor(array, requires_grad=True) for array in self.arrays(z)]
        for leaf in leaves:
            leaf.data.flags.writeable = False
        try:
            return leaves, self.call(leaves)
        except ValueError as error:
            if "read-only" in str(error):
                raise GradcheckError(f"f changes {self._who_changes(z)} in place: its input belongs to the caller. Write to a copy.") from error
            raise

    def _who_changes(self, z: Any) -> str:
        """Run f on writable copies, and see which of them it changes."""
        leaves = [Tensor._make(array.copy(), None) for array in self.arrays(z)]
        args: list[Any] = [np.array(a) if isinstance(a, np.ndarray) else a for a in self.args]
        for slot, leaf in zip(self.slots, leaves):
            args[slot.position] = leaf
        with mode(recording=False):
            self.f(*args)
        before = [*self.args]
        for slot, array in zip(self.slots, self.arrays(z)):
            before[slot.position] = array
        for position, (old, new) in enumerate(zip(before, args)):
            if isinstance(old, np.ndarray) and not np.array_equal(old, getattr(new, "data", new), equal_nan=old.dtype.kind == "f"):
                return f"input {position}"
        return "its input"

    def split(self, u: Any) -> list[Any]:
        """A flat cotangent as read-only arrays of the outputs' shapes and dtypes."""
        pieces, start = [], 0
        for shape, dtype in self.outputs:
            size = int(np.prod(shape))
            piece = u[start : start + size].reshape(shape).astype(dtype)
            piece.flags.writeable = False
            pieces.append(piece)
            start += size
        return pieces

    def pull(self, z: Any, u: Any, *, inspector: Any = None) -> "Pulled":
        """Run f and ``backward(u)``, as a user does.

        A leaf that f closes over keeps its ``grad``.
        """
        with mode(debug=Default(inspector)) if inspector else mode():
            leaves, outputs = self.record(z)
            cotangents = self.split(u)
            rooted = [(out, ct) for out, ct in zip(outputs, cotangents) if out.requires_grad]
            with _untouched([out for out, _ in rooted], leaves):
                for i, (out, ct) in enumerate(rooted):
                    _backward(out, ct, retain_graph=i + 1 < len(rooted))
        return Pulled(self, leaves, outputs, cotangents)

    def gradient(self, z: Any, u: Any) -> Any:
        """The flat gradient of ⟨u, f⟩ at a point, by ``backward``."""
        return self.pull(z, u).flat()

    def second(self, z: Any, u: Any, vs: Any) -> tuple[Any, list[Any], list[Any]]:
        """The gradient with its graph, and for each v the gradients of ⟨v, gradient⟩ in the inputs and in the cotangent."""
        leaves, outputs = self.record(z)
        cotangents = [Tensor(ct, requires_grad=True) for ct in self.split(u)]
        variables = [*leaves, *cotangents]
        with _untouched(outputs, variables):
            for out, ct in zip(outputs, cotangents):
                if out.requires_grad:
                    _backward(out, ct, create_graph=True)
        gradients = [leaf.grad for leaf in leaves]
        by_input, by_cotangent = [], []
        for v in vs:
            for variable in variables:
                variable.grad = None
            for gradient, slot in zip(gradients, self.slots):
                if gradient is not None and gradient.requires_grad:
                    with _untouched([gradient], variables):
                        _backward(gradient, v[slot.range].reshape(slot.shape).astype(slot.dtype), retain_graph=True)
            by_input.append(_concatenated([leaf.grad for leaf in leaves], leaves))
            by_cotangent.append(_concatenated([ct.grad for ct in cotangents], cotangents))
        for variable in variables:  # a gradient with a graph in a leaf is a reference cycle
            variable.grad = None
        return _concatenated(gradients, leaves), by_input, by_cotangent


class Pulled:
    """What one backward pass left behind."""

    def __init__(self, function: FlatFunction, leaves: list[Tensor], outputs: list[Tensor], cotangents: list[Any]) -> None:
        self.function, self.leaves, self.outputs, self.cotangents = function, leaves, outputs, cotangents

    @property
    def has_graph(self) -> bool:
        return any(out.requires_grad for out in self.outputs)

    def value(self) -> Any:
        """What f returned while it was recorded, flat."""
        return np.concatenate([np.zeros(0), *(np.ravel(out.data) for out in self.outputs)])

    def flat(self) -> Any:
        """The gradients end to end; zeros where there is none."""
        for slot, leaf in zip(self.function.slots, self.leaves):
            if leaf.grad is not None and (leaf.grad.shape != slot.shape or leaf.grad.dtype != slot.dtype):
                raise GradcheckError(f"{slot}: its gradient has shape {leaf.grad.shape}, {leaf.grad.dtype}; a gradient is like its input.")
        return _concatenated([leaf.grad for leaf in self.leaves], self.leaves)

    def check_ownership(self) -> None:
        """Raise if a gradient is read-only, or shares memory with something else."""
        pairs = list(zip(self.function.slots, self.leaves))
        grads = [(f"the gradient of input {slot.position}", leaf.grad.data) for slot, leaf in pairs if leaf.grad is not None]
        others = [(f"input {slot.position}", leaf.data) for slot, leaf in pairs]
        others += [(f"output {i}", out.data) for i, out in enumerate(self.outputs)]
        others += [("the cotangent", ct) for ct in self.cotangents]
        for i, (name, grad) in enumerate(grads):
            for other, array in [*grads[:i], *others]:
                if np.may_share_memory(grad, array) and np.shares_memory(grad, array):
                    raise GradcheckError(f"{name} shares memory with {other}: writing to the one would change the other. The engine must copy.")
            if not grad.flags.writeable:
                raise GradcheckError(f"{name} is read-only: gradients are added to in place, so the engine must copy it.")


class ReadOnly:
    """Stands in the debug mode's place: hands rules read-only arrays, and names the rule that writes to one."""

    def recorded(self, op: Any, node: Any, out: Any) -> None:
        """Called for each recorded operation: nothing to do."""

    def run(self, node: Node, rule: Any, g: Any, saved: tuple[Any, ...]) -> Any:
        """Run a rule on read-only views of what it gets."""
        try:
            return rule(_read_only(g), *map(_read_only, saved))
        except ValueError as error:
            if "read-only" not in str(error):
                raise
            k = next(i for i, step in enumerate(node.plan.steps) if step[0] is rule)
            argument = node.plan.op.argument(node.plan.positions[k])
            names = ["g", *node.plan.op.rules[argument][1]]
            given = [_copied(v) for v in (g, *saved)]
            rule(*given)
            changed = [n for n, old, new in zip(names, (g, *saved), given) if not np.array_equal(np.asarray(old), np.asarray(new))]
            raise GradcheckError(
                f"{node.name}: the rule of {argument} changes {' and '.join(changed) or 'its arguments'} in place; others still need those values.\n"
                "  A rule returns a new array."
            ) from error


def _backward(tensor: Tensor, cotangent: Any, **keywords: Any) -> None:
    """A backward pass; what the engine raises there is a failed check."""
    try:
        tensor.backward(cotangent, **keywords)
    except GradcheckError:
        raise
    except TinygradError as error:
        what, advice = "the backward pass", ""
        if keywords.get("create_graph"):
            what = "the gradient of the gradient"
            advice = "\n  Second order needs rules made of differentiable functions; second_order=False checks the first derivative alone."
        raise GradcheckError(f"{what} failed: {type(error).__name__}: {error}{advice}") from error
    except ValueError as error:
        if "read-only" in str(error):
            raise GradcheckError("a rule changes g, or a value that the graph keeps, in place; a rule returns a new array.") from error
        raise


@contextmanager
def _untouched(roots: Sequence[Tensor], own: Sequence[Tensor]) -> Any:
    """Keep the ``grad`` of the leaves that f closes over as they are."""
    known = {leaf._node for leaf in own}
    stack, seen, others = [t._node for t in roots if t._node is not None], set[Node](), list[tuple[Leaf, Any]]()
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        stack.extend(node.parents)
        if isinstance(node, Leaf) and node not in known:
            others.append((node, node.grad))
            node.grad = None
    try:
        yield
    finally:
        for leaf, grad in others:
            leaf.grad = grad


def _protected(argument: Any, dtype: Any) -> Any:
    """An input as f gets it: arrays as read-only copies, converted if they are floating and a dtype is asked for."""
    if not isinstance(argument, (np.ndarray, np.generic, Tensor)):
        return argument
    array = argument.data if isinstance(argument, Tensor) else np.asarray(argument)
    array = np.array(array, dtype=dtype if dtype is not None and array.dtype.kind == "f" else None)
    array.flags.writeable = False
    return Tensor(array) if isinstance(argument, Tensor) else array


def _flatten(output: Any) -> list[Any]:
    """The tensors and arrays in a nested output."""
    if isinstance(output, (Tensor, np.ndarray)):
        return [output if isinstance(output, Tensor) or output.dtype.kind == "c" else Tensor._make(output, None)]
    if isinstance(output, (np.generic, float, int)):
        return _flatten(np.asarray(output))
    if isinstance(output, (tuple, list)):
        return [leaf for item in output for leaf in _flatten(item)]
    if isinstance(output, dict):
        return [leaf for item in output.values() for leaf in _flatten(item)]
    raise GradcheckError(f"f returned {type(output).__name__}; expected a Tensor, or a tuple, list or dict of them.")


def _concatenated(gradients: Sequence[Any], like: Sequence[Tensor]) -> Any:
    pieces = [np.zeros(x.size) if g is None else np.ravel(g.data).astype(np.float64) for g, x in zip(gradients, like)]
    return pieces[0] if len(pieces) == 1 else np.concatenate([np.zeros(0), *pieces])


def _read_only(value: Any) -> Any:
    if type(value) is tuple:
        return tuple(map(_read_only, value))
    if isinstance(value, np.ndarray):
        value = value.view()
        value.flags.writeable = False
    return value


def _copied(value: Any) -> Any:
    return tuple(map(_copied, value)) if type(value) is tuple else np.array(value) if isinstance(value, np.ndarray) else value
