"""Gradients: what rules return, brought to the kind, shape and dtype of their argument; and what users get,
which belongs to nobody else.

Of complex numbers a gradient is, outside, ∂L/∂(real part) + i ∂L/∂(imaginary part), so that a step against it
descends.  Inside, where rules run, it is the conjugate of that, for which dL = Re(g · dx): so the rule of a
holomorphic function is the one that it has for real numbers.  Gradients are `turned` where they come in and
where they go out, and nowhere between.
"""

from sys import getrefcount
from typing import Any

import numpy as np

from .aliases import Cotangent, Shape, TensorClass
from .arrays import stands_for_array
from .broadcast import broadcasts_to, unbroadcast
from .errors import WrongRule
from .graph import Node, ndarray


def _references_to_one_gradient() -> int:
    gradients = {None: object()}
    only = gradients.get(None)
    return getrefcount(only)


ALONE = _references_to_one_gradient()  # the count of what a dict and a variable hold, and nobody else


class Gradients:
    """The gradients of one backward pass: arrays, or tensors where a graph of them is wanted.

    Attributes
    ----------
    cls : type
        The class of tensors.
    create_graph : bool
        Whether the rules run on tensors, so that their work is recorded; on arrays otherwise.
    """

    cls: TensorClass
    create_graph: bool

    def settled(self, node: Node, parent: Node, gradient: Any) -> Cotangent:
        """Bring what a rule returned to the kind, shape and dtype of its argument, or say what is wrong."""
        op, shape, found = node.plan.op, parent.shape, self.as_gradient(gradient)
        if found is None or found.dtype.kind not in "fiubc":
            raise _no_gradient(node, parent, gradient)
        if found.dtype.kind == "c" != parent.dtype.kind:
            if not (op.trusted or _is_complex(node)):
                raise _no_gradient(node, parent, gradient)
            found = np.real(found)  # all that counts of Re(g · dx) where dx is real
        if found.shape != shape and not (op.broadcasts and broadcasts_to(shape, found.shape)):
            raise _of_wrong_shape(node, parent, found.shape)
        found = unbroadcast(found, shape)
        if isinstance(found, np.generic):  # which += would not change
            found = self.as_kind(np.asarray(found))
        elif stands_for_array(found):
            found = found.as_array()
        return found if found.dtype == parent.dtype else np.astype(found, parent.dtype)

    def as_gradient(self, gradient: Any) -> Cotangent | None:
        """What a rule returned as an array, or a tensor where a graph is wanted; None if it is neither."""
        if isinstance(gradient, self.cls):
            return gradient if self.create_graph else gradient._array
        if isinstance(gradient, np.ma.MaskedArray):
            return None
        if isinstance(gradient, (ndarray, np.generic, int, float, complex)):
            return self.as_kind(np.asarray(gradient))
        return self.as_kind(gradient) if hasattr(gradient, "__array_function__") else None

    def as_kind(self, array: Any) -> Cotangent:
        """An array as what the rules of this pass are given: a tensor where a graph is wanted."""
        return self.cls._make(array, None) if self.create_graph else array

    def as_tensor(self, gradient: Cotangent) -> Any:
        """A gradient as a tensor."""
        return gradient if self.create_graph else self.cls._make(gradient, None)

    def given_away(self, g: Cotangent) -> Cotangent:
        """The gradient of a node as one that nothing else refers to, writable and contiguous: itself, if
        nobody but the node holds it, or a view of it.
        """
        if type(g) is ndarray and getrefcount(g) == ALONE and g.base is None and g.flags.carray:
            return g
        return self.copied(g)

    def copied(self, g: Cotangent) -> Cotangent:
        """A copy of a gradient, in C's order; of NumPy's scalars arrays, which can be added to in place."""
        if self.create_graph:
            return np.copy(g)
        return np.array(g, order="C") if isinstance(g, (ndarray, np.generic)) else np.copy(g, order="C")


def turned(node: Node, gradient: Cotangent) -> Cotangent:
    """The gradient of a node as it is known outside, from what rules are given; or the other way round."""
    return np.conjugate(gradient) if node.dtype.kind == "c" else gradient


def _is_complex(node: Node) -> bool:
    """Whether an output of the operation is complex."""
    dtypes = node.dtype if type(node.dtype) is tuple else (node.dtype,)
    return any(dtype.kind == "c" for dtype in dtypes)


def _no_gradient(node: Node, parent: Node, returned: Any) -> WrongRule:
    """The error for a rule that returned what is no array of numbers."""
    what, hint = repr(returned)[:60], ""
    if hasattr(returned, "dtype"):
        what = f"{type(returned).__name__} of dtype {returned.dtype}"
    if returned is None:
        hint = "\n  Leave the rule out if there is no derivative; return zeros_like(g) if it is zero."
    expected = f"expected an array of {parent.dtype}, of shape {parent.shape}."
    return WrongRule(f"{_rule_of(node, parent)} returned {what}; {expected}{hint}")


def _of_wrong_shape(node: Node, parent: Node, shape: Shape) -> WrongRule:
    """The error for a rule that returned a gradient of another shape."""
    hint = "; file the function with broadcasts=True if its arguments broadcast."
    if node.plan.op.broadcasts:
        hint = "."
    returned = f"returned a gradient of shape {shape}; its argument has shape {parent.shape}."
    return WrongRule(
        f"{_rule_of(node, parent)} {returned}\n  A rule returns exactly the shape of its argument{hint}"
    )


def _rule_of(node: Node, parent: Node) -> str:
    return f"{node.name}: the rule of {node.plan.op.called(node.plan.positions[node.parents.index(parent)])}"
