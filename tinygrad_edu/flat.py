"""The arrays in a container as one vector, and containers from vectors: what optimizers of vectors are given.

`Flat` computes, at a vector, what they ask for: values, gradients, products with the Hessian, Jacobians.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .arrays import plain
from .errors import ArgumentError, DTypeError, GraphError
from .evaluation import Evaluation
from .graph import Leaf
from .jacobians import hvp, jacobian
from .modes import MODE
from .tensor import Tensor
from .transforms import jvp
from .trees import flatten, labelled

Objective = Callable[[Any], Any]


class Flat:
    """The free leaves of a tree as one vector of float64, and trees of the same structure from such vectors.

    Attributes
    ----------
    start : ndarray of shape (n,)
        The vector of the tree itself; a complex number is two real ones.
    """

    def __init__(self, params: Any) -> None:
        self.params = params
        self.leaves, self.build = flatten(params)
        self.free = [not _frozen(leaf) for leaf in self.leaves]
        names = (name for name, _ in labelled("params", params))
        self.arrays = [_start(leaf, name) for leaf, name in zip(self.leaves, names)]
        if not any(a.size for a, free in zip(self.arrays, self.free) if free):
            raise ArgumentError("params have no element that may move: are they empty, or all frozen?")
        self.start = self.vector(self.arrays)

    def vector(self, arrays: Sequence[Any]) -> Any:
        """Arrays, one for each leaf, as a vector."""
        parts = [np.ravel(a) for a, free in zip(arrays, self.free) if free]
        real = [a.view(a.real.dtype) if a.dtype.kind == "c" else a for a in parts]
        return np.concatenate(real, dtype=float)

    def tree(self, v: Any, kinds: bool = False) -> Any:
        """The tree that a vector stands for, of plain arrays; or of what kind the leaves of params are."""
        leaves, at = list[Any](), 0
        for leaf, array, free in zip(self.leaves, self.arrays, self.free):
            if free:
                size = array.size * (2 if array.dtype.kind == "c" else 1)
                part = np.ascontiguousarray(v[at : at + size], array.real.dtype).view(array.dtype)
                at, array = at + size, part.reshape(array.shape).copy()
            leaves.append(_as(leaf, array, free) if kinds else array)
        return self.build(leaves)

    def built(self, v: Any) -> Any:
        return self.tree(v, kinds=True)

    def refuse_complex(self) -> None:
        if any(a.dtype.kind == "c" for a, free in zip(self.arrays, self.free) if free):
            raise DTypeError("complex params are for methods that take gradients alone: give their parts.")

    # ---- what SciPy asks for, each at a vector -------------------------------------------------------------

    def value_and_gradient(self, f: Objective, v: Any, first: bool = False) -> tuple[float, Any]:
        run = Evaluation(f, [self.tree(v)])
        if len(run.outputs) != 1 or run.outputs[0].size != 1 or run.outputs[0].dtype.kind != "f":
            returned = [f"{o.dtype} of shape {o.shape}" for o in run.outputs]
            raise GraphError(f"f must return one tensor with one real element; it returned {returned}.")
        out = run.outputs[0]
        gradients = run.gradients([np.ones(out.shape, out.dtype)], create_graph=False)
        if first:
            self.check_connected(run, gradients)
        found = [np.zeros_like(a) if g is None else g.data for g, a in zip(gradients, self.arrays)]
        return float(out.data.item()), self.vector(found)

    def product(self, f: Objective, v: Any, direction: Any) -> Any:
        """The Hessian times a direction."""
        self.refuse_complex()
        (found,) = hvp(f, (self.tree(v),), (self.direction(direction),))
        return self.vector([array_of(leaf) for leaf in flatten(found)[0]])

    def hessian(self, f: Objective, v: Any) -> Any:
        """The matrix of second derivatives, a product for each element."""
        return np.stack([self.product(f, v, unit) for unit in np.eye(v.size)])

    def outputs(self, f: Objective, v: Any, first: bool = False) -> Any:
        run = Evaluation(f, [self.tree(v)])
        if first:
            ones = [np.ones(o.shape, o.dtype) for o in run.outputs]
            self.check_connected(run, run.gradients(ones, create_graph=False))
        return np.concatenate([np.ravel(o.data) for o in run.outputs], dtype=float)

    def jacobian(self, f: Objective, v: Any) -> Any:
        """The matrix of first derivatives: by rows where these are few, by columns otherwise."""
        tree = self.tree(v)
        m = sum(o.size for o in flatten(f(tree))[0])
        if m > 3 * v.size:
            columns = (jvp(f, (tree,), (self.direction(unit),))[1] for unit in np.eye(v.size))
            return np.stack([_joined(column) for column in columns], axis=1)
        matrices = jacobian(lambda p: [np.reshape(o, (o.size,)) for o in flatten(f(p))[0]])(tree)
        return np.concatenate([self.rows(matrix) for matrix in matrices])

    def rows(self, matrix: Any) -> Any:
        """The Jacobian of one output, by the containers of params, as a matrix."""
        parts = [array_of(part) for part in flatten(matrix)[0]]
        flat = [p.reshape(len(p), -1) for p, free in zip(parts, self.free) if free]
        return np.concatenate(flat, axis=1, dtype=float)

    def direction(self, v: Any) -> Any:
        """A vector as a direction in the space of all leaves, in which frozen ones have zeros."""
        parts = flatten(self.tree(v))[0]
        all_of = zip(parts, self.arrays, self.free)
        return self.build([array_of(part) if free else np.zeros_like(a) for part, a, free in all_of])

    def check_connected(self, run: Evaluation, gradients: Sequence[Tensor | None]) -> None:
        """Raise if the graph was lost on the way to the outputs, or would be lost behind them."""
        if all(g is None for g, free in zip(gradients, self.free) if free):
            lost = "by .data, .detach(), np.array or a copy that f made before"
            raise GraphError(f"f does not depend on its argument: is the graph lost on the way, {lost}?")
        ours = {v._node for v in run.variables}
        stack = [o._node for o in run.outputs]
        seen = set(stack)
        while stack:
            node = stack.pop()
            if node is None or node in ours:
                continue
            if isinstance(node, Leaf) and node.temporary:
                raise _inside()
            new = [p for p in node.parents if p not in seen]
            seen.update(new)
            stack += new


def _frozen(leaf: Any) -> bool:
    """Whether a leaf is a parameter of which no gradient is wanted any more."""
    return isinstance(leaf, Tensor) and leaf._leaf is not None and not leaf.requires_grad


def _as(leaf: Any, array: Any, free: bool) -> Any:
    """An array as the kind of value that a leaf is."""
    if isinstance(leaf, Tensor):
        return Tensor(array, requires_grad=leaf.requires_grad) if free else leaf
    return array if array.shape or isinstance(leaf, np.ndarray) else array[()]


def _start(leaf: Any, name: str) -> Any:
    """The array of a leaf, floating or complex."""
    if isinstance(leaf, Tensor) and MODE.get().recording:
        node = leaf._node
        if node is not None and (not isinstance(node, Leaf) or node.temporary):
            raise _inside()
    array = plain(float(leaf) if type(leaf) is int else leaf, name)
    if array.dtype.kind not in "fc":
        raise DTypeError(f"{name} is {array.dtype}; what is to move must be floating: x.astype(float).")
    return array


def _inside() -> GraphError:
    how = "implicit_root(grad(f)), of a function of what the minimum depends on, can be differentiated"
    return GraphError(f"a gradient is wanted of what the minimum depends on, and would be lost here: {how}.")


def array_of(leaf: Any) -> Any:
    return leaf.data if isinstance(leaf, Tensor) else np.asarray(leaf)


def _joined(tree: Any) -> Any:
    """All arrays of a tree as one vector."""
    return np.concatenate([np.ravel(array_of(leaf)) for leaf in flatten(tree)[0]], dtype=float)
