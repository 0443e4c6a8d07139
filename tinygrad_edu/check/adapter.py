"""A function as the checker sees it: from one flat vector, all differentiated inputs end to end, to another.

`FlatFunction.values` is the map, computed without a graph; `FlatFunction.pull` is what a user's
``backward()`` makes of its transposed Jacobian.  The numerical derivatives know the first only, gradcheck
compares the two.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..debug import is_write
from ..errors import GradcheckError
from ..graph import Leaf
from ..modes import mode
from ..tensor import Tensor
from ..trees import children
from .foreign import foreign_leaves, untouched
from .leaves import Arguments, Array, Slot, as_parts, from_parts
from .rules import inspected, run_backward

DOUBLE = 52  # bits of a float64's fraction
SMALLEST = 2.0**-900  # of the steps: parts of it are still numbers


def step_sizes(array: Array, least: float = 0.0) -> Array:
    """For each element a power of two near its magnitude: adding t times it is exact when t is one too.

    Elements that are zero take the median of the others; none is taken smaller than ``least`` times that.
    """
    size = np.abs(np.asarray(array, np.float64))
    usual = size[(size > 0) & np.isfinite(size)]
    typical = float(np.median(usual)) if usual.size else 1.0
    size = np.where(np.isfinite(size) & (size > 0), size, typical)
    return np.exp2(np.floor(np.log2(np.maximum(size, max(least * typical, SMALLEST)))))


class FlatFunction(Arguments):
    """f between flat vectors; f returns a Tensor, or a tuple, list or dict of them.

    The parameters are those of `Arguments`.

    Attributes
    ----------
    outputs : list of (shape, dtype)
        The floating outputs; known after the first call.  Complex ones lie in the flat vector as their real
        and imaginary parts in turn.
    passed_over : list of str
        The names of the other outputs.
    """

    outputs: Sequence[tuple[tuple[int, ...], Any]] = ()
    passed_over: Sequence[str] = ()

    @cached_property
    def point(self) -> Array:
        """The inputs: a vector of shape (n,), float64."""
        return _end_to_end(self.given).copy()

    @property
    def bits(self) -> int:
        """Bits of the fraction of the coarsest floating dtype that goes into f or comes out of it."""
        if not self.outputs:
            self.values(self.point)
        dtypes = [slot.dtype for slot in self.slots] + [dtype for _, dtype in self.outputs]
        return min(DOUBLE, *(np.finfo(dtype).nmant for dtype in dtypes))

    def slot(self, flat: int) -> Slot:
        """The input that an element of the flat vector belongs to."""
        return next(slot for slot in self.slots if flat in slot)

    def arrays(self, z: Array) -> list[Any]:
        """The differentiated leaves at a point, each in its own shape and dtype."""
        return [slot.of(z).astype(slot.dtype, copy=False) for slot in self.slots]

    def sizes(self, z: Array, least: float = 0.0) -> Array:
        """The step sizes of all elements, as `step_sizes` finds them in each leaf."""
        return _end_to_end(step_sizes(z[slot.range], least) for slot in self.slots)

    # ---- without a graph -----------------------------------------------------------------------------------

    def call(self, values: Sequence[Any]) -> list[Any]:
        """Run f, and list its floating outputs."""
        f, *args = self.build(values)
        outputs = _flatten(f(*args))
        floating = [out for out in outputs if out.dtype.kind in "fc"]
        if len(floating) < len(outputs):
            others = [(i, out.dtype) for i, out in enumerate(outputs) if out.dtype.kind not in "fc"]
            self.passed_over = [f"output {i} ({dtype})" for i, dtype in others]
        return floating

    def values(self, z: Array) -> Array:
        """f at a point, computed without a graph: one vector of shape (m,)."""
        outputs = self.call([Tensor._make(array, None) for array in self.arrays(z)])
        self.outputs = [(out.shape, out.dtype) for out in outputs]
        return _end_to_end(out.data for out in outputs)

    def values_around(self, z: Array) -> Array:
        """f at a point beside the given one: NaN where f raises, because it is not defined there."""
        return _or_nan(lambda: self.values(z), sum(self.counts))

    @property
    def counts(self) -> list[int]:
        """How many real numbers each output has."""
        return [prod(shape) * (2 if dtype.kind == "c" else 1) for shape, dtype in self.outputs]

    def gradient_around(self, z: Array, u: Array) -> Array:
        """The gradient at a point beside the given one: NaN where f raises."""
        return _or_nan(lambda: self.gradient(z, u), z.size)

    def complex_values(self, z: Array) -> Array:
        """f at a complex point, on plain arrays; raises whatever f raises where it is not made for that."""
        if any(
            dtype.kind == "c"
            for dtype in (*(slot.dtype for slot in self.slots), *(d for _, d in self.outputs))
        ):
            raise GradcheckError("A step into the imaginary is none where numbers have imaginary parts.")
        outputs = self.call([slot.of(z) for slot in self.slots])
        return np.concatenate([np.ravel(out.data) for out in outputs])

    # ---- with a graph --------------------------------------------------------------------------------------

    def record(self, z: Array) -> tuple[list[Tensor], list[Tensor]]:
        """Run f with a graph; the leaves' memory is read-only."""
        leaves = [Tensor(array, requires_grad=True) for array in self.arrays(z)]
        for leaf in leaves:
            leaf.data.flags.writeable = False
        try:
            return leaves, self.call(leaves)
        except ValueError as error:
            if not is_write(error):
                raise
            advice = "its input belongs to the caller. Write to a copy."
            raise GradcheckError(f"f changes {self._what_changes(z)} in place: {advice}") from error

    def _what_changes(self, z: Array) -> str:
        """Run f on copies that it may write to, and see which of them it changes."""
        trial, leaves = self.again(self._dtype, self._fixed), [array.copy() for array in self.arrays(z)]
        for array in trial.copies.values():
            array.flags.writeable = True
        f, *args = trial.build([Tensor._make(leaf, None) for leaf in leaves])
        with mode(recording=False):
            f(*args)
        after = trial.copies | {slot.name: leaf for slot, leaf in zip(self.slots, leaves)}
        before = self.copies | {slot.name: array for slot, array in zip(self.slots, self.arrays(z))}
        for name, array in before.items():
            if not np.array_equal(array, after[name], equal_nan=array.dtype.kind in "fc"):
                return name
        return "its input"

    def split(self, u: Array) -> list[Any]:
        """A flat cotangent as read-only arrays of the outputs' shapes and dtypes."""
        ends = np.cumsum(self.counts)
        pieces = []
        for piece, (shape, dtype) in zip(np.split(u, ends[:-1]), self.outputs):
            pieces.append(from_parts(piece, shape, dtype).astype(dtype))
            pieces[-1].flags.writeable = False
        return pieces

    def pull(self, z: Array, u: Array) -> "Pulled":
        """Run f and ``backward(u)``, as a user does; a leaf that f closes over keeps its ``grad``."""
        with inspected():
            leaves, outputs = self.record(z)
            cotangents = self.split(u)
            rooted = [(out, ct) for out, ct in zip(outputs, cotangents) if out.requires_grad]
            with untouched([out for out, _ in rooted], leaves):
                for i, (out, ct) in enumerate(rooted):
                    run_backward(out, ct, retain_graph=i + 1 < len(rooted))
        return Pulled(list(zip(self.slots, leaves)), outputs, cotangents)

    def gradient(self, z: Array, u: Array) -> Array:
        """The flat gradient of ⟨u, f⟩ at a point, by ``backward``."""
        return self.pull(z, u).flat()

    def gradients(self, z: Array, us: Array) -> Array:
        """The flat gradients for several cotangents: shape (len(us), n)."""
        return np.stack([self.gradient(z, u) for u in us])

    def second(self, z: Array, u: Array, vs: Array) -> tuple[Any, list[Any], list[Any]]:
        """The gradient with its graph; for each v the gradients of ⟨v, gradient⟩ in inputs and cotangent."""
        with inspected():
            leaves, outputs = self.record(z)
            cotangents = [Tensor(ct, requires_grad=True) for ct in self.split(u)]
            variables = [*leaves, *cotangents]
            with untouched(outputs, variables):
                for out, ct in zip(outputs, cotangents):
                    if out.requires_grad:
                        run_backward(out, ct, create_graph=True)
            gradients = [leaf.grad for leaf in leaves]
            by_input, by_cotangent = [], []
            for v in vs:
                for variable in variables:
                    variable.grad = None
                for gradient, slot in zip(gradients, self.slots):
                    if gradient is not None and gradient.requires_grad:
                        with untouched([gradient], variables):
                            run_backward(gradient, slot.of(v).astype(slot.dtype), retain_graph=True)
                by_input.append(_flat([leaf.grad for leaf in leaves], leaves))
                by_cotangent.append(_flat([ct.grad for ct in cotangents], cotangents))
            for variable in variables:  # a gradient with a graph in a leaf is a reference cycle
                variable.grad = None
        return _flat(gradients, leaves), by_input, by_cotangent


class Pulled(NamedTuple):
    """What one backward pass left behind, in the leaves and elsewhere."""

    by_slot: list[tuple[Slot, Tensor]]
    outputs: list[Tensor]
    cotangents: list[Any]

    @property
    def has_graph(self) -> bool:
        return any(out.requires_grad for out in self.outputs)

    def foreign(self) -> list[Leaf]:
        """The leaves that require a gradient and are none of the inputs."""
        return foreign_leaves(self.outputs, [leaf for _, leaf in self.by_slot])

    def value(self) -> Array:
        """What f returned while it was recorded, flat."""
        return _end_to_end(out.data for out in self.outputs)

    def flat(self) -> Array:
        """The gradients end to end; zeros where there is none."""
        for slot, leaf in self.by_slot:
            if leaf.grad is not None and (leaf.grad.shape != slot.shape or leaf.grad.dtype != slot.dtype):
                has = f"its gradient has shape {leaf.grad.shape}, {leaf.grad.dtype}"
                raise GradcheckError(f"{slot}: {has}; a gradient is like its input.")
        leaves = [leaf for _, leaf in self.by_slot]
        return _flat([leaf.grad for leaf in leaves], leaves)

    def check_ownership(self) -> None:
        """Raise if a gradient is read-only, or shares memory with something else."""
        others = [(slot.name, leaf.data) for slot, leaf in self.by_slot]
        others += [(f"output {i}", out.data) for i, out in enumerate(self.outputs)]
        others += [("the cotangent", ct) for ct in self.cotangents]
        grads: list[tuple[str, Any]] = []
        for slot, leaf in self.by_slot:
            if leaf.grad is None:
                continue
            name, grad = f"the gradient of {slot.name}", leaf.grad.data
            for other, array in [*grads, *others]:
                if np.may_share_memory(grad, array) and np.shares_memory(grad, array):
                    harm = "writing to the one would change the other. The engine must copy."
                    raise GradcheckError(f"{name} shares memory with {other}: {harm}")
            if not grad.flags.writeable:
                need = "gradients are added to in place, so the engine must copy it"
                raise GradcheckError(f"{name} is read-only: {need}.")
            grads.append((name, grad))


def _or_nan(compute: Callable[[], Array], size: int) -> Array:
    """The vector that is computed, or one of as many NaN."""
    try:
        return compute()
    except GradcheckError:
        raise
    except Exception:  # whatever f raises where it is not defined
        return np.full(size, np.nan)


def _flatten(output: Any) -> list[Any]:
    """The tensors and arrays in a nested output, in which None stands for nothing."""
    if isinstance(output, (np.generic, float, int, complex)):
        output = np.asarray(output)
    if isinstance(output, np.ndarray):
        return [Tensor._make(output, None)]
    if isinstance(output, Tensor):
        return [output]
    inside = None if output is None else children(output)
    if inside is None:
        got = type(output).__name__
        raise GradcheckError(f"f returned {got}; expected a Tensor, or a tuple, list or dict of them.")
    return [leaf for item in inside[0] if item is not None for leaf in _flatten(item)]


def _end_to_end(arrays: Iterable[Any]) -> Array:
    """All elements of some arrays in one vector of float64; a view where there is one such array."""
    pieces = [as_parts(array) for array in arrays]
    if len(pieces) == 1:  # each evaluation of f comes by here: this saves a copy
        return pieces[0].astype(np.float64, copy=False)
    return np.concatenate([np.zeros(0), *pieces])


def _flat(gradients: Sequence[Tensor | None], like: Sequence[Tensor]) -> Array:
    """Gradients end to end; zeros where there is none."""
    return _end_to_end(np.zeros(x.shape, x.dtype) if g is None else g.data for g, x in zip(gradients, like))
