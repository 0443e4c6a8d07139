"""A function as the checker sees it: a map from one flat vector, all differentiated inputs end to end, to another.

`FlatFunction.values` is the map, computed without a graph; `FlatFunction.pull` is what a user's
``backward()`` makes of its transposed Jacobian.  The numerical derivatives know the first only, gradcheck
compares the two.
"""

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import GradcheckError, TinygradError
from ..graph import Leaf, Node
from ..modes import MODE, mode
from ..settings import Default
from ..tensor import Tensor
from ..trees import children
from .arguments import Arguments
from .rules import Watch

SMALLEST = 2.0**-900  # of the steps: parts of it are still numbers


def step_sizes(array: Any, least: float = 0.0) -> Any:
    """For each element a power of two near its magnitude, so that adding t times it is exact when t is one too.

    Elements that are zero take the median of the others; none is taken smaller than ``least`` times that.
    """
    size = np.abs(np.asarray(array, np.float64))
    usual = size[(size > 0) & np.isfinite(size)]
    typical = float(np.median(usual)) if usual.size else 1.0
    size = np.where(np.isfinite(size) & (size > 0), size, typical)
    return np.exp2(np.floor(np.log2(np.maximum(size, max(least * typical, SMALLEST)))))


class FlatFunction:
    """f between flat vectors.

    Parameters
    ----------
    f : callable
        Takes the inputs by position; returns a Tensor, or a tuple, list or dict of them.
    inputs : sequence
        Trees of tensors, arrays and numbers; what is not differentiated is handed to f as it is.
    argnums, dtype, constant
        As for `Arguments`.

    Attributes
    ----------
    point : ndarray of shape (n,), float64
        The inputs.
    slots : list of Slot
    left_out : dict of str to list of str
        What is not differentiated, by the reason.
    outputs : list of (shape, dtype)
        The floating outputs; known after the first call.
    passed_over : list of str
        The names of the other outputs.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        inputs: Sequence[Any],
        argnums: int | Sequence[int] | None = None,
        dtype: Any = None,
        constant: Sequence[str] = (),
    ) -> None:
        self.arguments = Arguments(f, inputs, argnums, dtype, constant)
        self.slots, self.left_out = self.arguments.slots, self.arguments.left_out
        pieces = [np.ravel(array).astype(np.float64) for array in self.arguments.arrays]
        self.point = np.concatenate([np.zeros(0), *pieces])
        self.outputs: list[tuple[tuple[int, ...], Any]] = []
        self.passed_over: list[str] = []

    def arrays(self, z: Any) -> list[Any]:
        """The differentiated leaves at a point, each in its own shape and dtype."""
        return [z[slot.range].reshape(slot.shape).astype(slot.dtype, copy=False) for slot in self.slots]

    def sizes(self, z: Any, least: float = 0.0) -> Any:
        """The step sizes of all elements, as `step_sizes` finds them in each leaf."""
        return np.concatenate([np.zeros(0), *(step_sizes(z[slot.range], least) for slot in self.slots)])

    def call(self, values: Sequence[Any]) -> list[Any]:
        """Run f, and list its floating outputs."""
        f, *args = self.arguments.build(values)
        outputs = _flatten(f(*args))
        self.passed_over = [
            f"output {i} ({o.dtype})" for i, o in enumerate(outputs) if o.dtype.kind not in "fc"
        ]
        return [out for out in outputs if out.dtype.kind in "fc"]

    def values(self, z: Any) -> Any:
        """f at a point, computed without a graph: one vector of shape (m,)."""
        outputs = self.call([Tensor._make(array, None) for array in self.arrays(z)])
        self.outputs = [(out.shape, out.dtype) for out in outputs]
        if len(outputs) == 1:
            return np.ravel(outputs[0].data).astype(np.float64, copy=False)
        return np.concatenate([np.zeros(0), *(np.ravel(out.data) for out in outputs)])

    def values_around(self, z: Any) -> Any:
        """f at a point beside the given one: NaN where f raises, because it is not defined there."""
        return _or_nan(self.values, z, size=sum(int(np.prod(shape)) for shape, _ in self.outputs))

    def gradient_around(self, z: Any, u: Any) -> Any:
        """The gradient at a point beside the given one: NaN where f raises."""
        return _or_nan(self.gradient, z, u, size=z.size)

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
                raise GradcheckError(
                    f"f changes {self._who_changes(z)} in place: its input belongs to the caller. Write to a "
                    "copy."
                ) from error
            raise

    def _who_changes(self, z: Any) -> str:
        """Run f on writable copies, and see which of them it changes."""
        leaves, copies = (
            [Tensor._make(array.copy(), None) for array in self.arrays(z)],
            dict[str, tuple[Any, Any]](),
        )

        def writable(name: str, leaf: Any) -> Any:
            if not isinstance(leaf, np.ndarray):
                return leaf
            copies[name] = leaf, np.array(leaf)
            return copies[name][1]

        f, *args = self.arguments.build(leaves, writable)
        with mode(recording=False):
            f(*args)
        pairs = copies | {
            slot.name: (old, new.data) for slot, old, new in zip(self.slots, self.arrays(z), leaves)
        }
        for name, (old, new) in pairs.items():
            if not np.array_equal(old, new, equal_nan=old.dtype.kind == "f"):
                return name
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

    def pull(self, z: Any, u: Any) -> "Pulled":
        """Run f and ``backward(u)``, as a user does.

        A leaf that f closes over keeps its ``grad``.
        """
        with _watched():
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

    def gradients(self, z: Any, us: Any) -> Any:
        """The flat gradients for several cotangents: shape (len(us), n)."""
        return np.stack([self.gradient(z, u) for u in us])

    def second(self, z: Any, u: Any, vs: Any) -> tuple[Any, list[Any], list[Any]]:
        """The gradient with its graph, and for each v the gradients of ⟨v, gradient⟩ in the inputs and in the cotangent."""
        with _watched():
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
                            direction = v[slot.range].reshape(slot.shape).astype(slot.dtype)
                            _backward(gradient, direction, retain_graph=True)
                by_input.append(_concatenated([leaf.grad for leaf in leaves], leaves))
                by_cotangent.append(_concatenated([ct.grad for ct in cotangents], cotangents))
            for variable in variables:  # a gradient with a graph in a leaf is a reference cycle
                variable.grad = None
        return _concatenated(gradients, leaves), by_input, by_cotangent


class Pulled:
    """What one backward pass left behind."""

    def __init__(
        self, function: FlatFunction, leaves: list[Tensor], outputs: list[Tensor], cotangents: list[Any]
    ) -> None:
        self.function, self.leaves, self.outputs, self.cotangents = function, leaves, outputs, cotangents

    @property
    def has_graph(self) -> bool:
        return any(out.requires_grad for out in self.outputs)

    def foreign(self) -> list[Leaf]:
        """The leaves that require a gradient and are none of the inputs."""
        return foreign_leaves(self.outputs, self.leaves)

    def value(self) -> Any:
        """What f returned while it was recorded, flat."""
        return np.concatenate([np.zeros(0), *(np.ravel(out.data) for out in self.outputs)])

    def flat(self) -> Any:
        """The gradients end to end; zeros where there is none."""
        for slot, leaf in zip(self.function.slots, self.leaves):
            if leaf.grad is not None and (leaf.grad.shape != slot.shape or leaf.grad.dtype != slot.dtype):
                raise GradcheckError(
                    f"{slot}: its gradient has shape {leaf.grad.shape}, {leaf.grad.dtype}; a gradient is "
                    "like its input."
                )
        return _concatenated([leaf.grad for leaf in self.leaves], self.leaves)

    def check_ownership(self) -> None:
        """Raise if a gradient is read-only, or shares memory with something else."""
        pairs = list(zip(self.function.slots, self.leaves))
        grads = [
            (f"the gradient of {slot.name}", leaf.grad.data) for slot, leaf in pairs if leaf.grad is not None
        ]
        others = [(slot.name, leaf.data) for slot, leaf in pairs]
        others += [(f"output {i}", out.data) for i, out in enumerate(self.outputs)]
        others += [("the cotangent", ct) for ct in self.cotangents]
        for i, (name, grad) in enumerate(grads):
            for other, array in [*grads[:i], *others]:
                if np.may_share_memory(grad, array) and np.shares_memory(grad, array):
                    raise GradcheckError(
                        f"{name} shares memory with {other}: writing to the one would change the other. The "
                        "engine must copy."
                    )
            if not grad.flags.writeable:
                raise GradcheckError(
                    f"{name} is read-only: gradients are added to in place, so the engine must copy it."
                )


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
        where = "".join(f"\n  {note}" for note in getattr(error, "__notes__", ()))
        raise GradcheckError(f"{what} failed: {type(error).__name__}: {error}{where}{advice}") from error
    except ValueError as error:
        if "read-only" in str(error):
            raise GradcheckError(
                "a rule changes g, or a value that the graph keeps, in place; a rule returns a new array."
            ) from error
        raise


def _or_nan(function: Callable[..., Any], *args: Any, size: int) -> Any:
    try:
        return function(*args)
    except GradcheckError:
        raise
    except Exception:  # whatever f raises where it is not defined
        return np.full(size, np.nan)


def _watched() -> Any:
    """The mode in which rules are run, unless it is the debug mode already."""
    return mode() if MODE.get().debug.value is not None else mode(debug=Default(Watch()))


def foreign_leaves(roots: Sequence[Tensor], own: Sequence[Tensor]) -> list[Leaf]:
    """The leaves that the roots depend on, beside one's own."""
    known = {leaf._node for leaf in own}
    stack, seen, others = [t._node for t in roots if t._node is not None], set[Node](), list[Leaf]()
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        stack.extend(node.parents)
        if isinstance(node, Leaf) and node not in known:
            others.append(node)
    return others


@contextmanager
def _untouched(roots: Sequence[Tensor], own: Sequence[Tensor]) -> Any:
    """Keep the ``grad`` of the leaves that f closes over as they are."""
    others = [(leaf, leaf.grad) for leaf in foreign_leaves(roots, own)]
    for leaf, _ in others:
        leaf.grad = None
    try:
        yield
    finally:
        for leaf, grad in others:
            leaf.grad = grad


def _flatten(output: Any) -> list[Any]:
    """The tensors and arrays in a nested output, in which None stands for nothing."""
    if isinstance(output, Tensor):
        return [output]
    if isinstance(output, np.ndarray):
        return [output if output.dtype.kind == "c" else Tensor._make(output, None)]
    if isinstance(output, (np.generic, float, int)):
        return _flatten(np.asarray(output))
    inside = None if output is None else children(output)
    if inside is None:
        raise GradcheckError(
            f"f returned {type(output).__name__}; expected a Tensor, or a tuple, list or dict of them."
        )
    return [leaf for item in inside[0] if item is not None for leaf in _flatten(item)]


def _concatenated(gradients: Sequence[Any], like: Sequence[Tensor]) -> Any:
    pieces = [
        np.zeros(x.size) if g is None else np.ravel(g.data).astype(np.float64)
        for g, x in zip(gradients, like)
    ]
    return pieces[0] if len(pieces) == 1 else np.concatenate([np.zeros(0), *pieces])
