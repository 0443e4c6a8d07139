"""Where a NaN or an infinity came from, as the debug mode tells it: what went in at that element, and why.

`of_result` tells of a value, `of_gradient` of a gradient.  Both look at the arguments of the operation, which
the debug mode keeps in the notes of a node, at what made them, and, of a gradient, at what became of the
result: a `where` that did not choose it sends back a 0, and 0 · ∞ is NaN.
"""

from dataclasses import dataclass
from typing import Any
from weakref import ref

import numpy as np

from .entry import Op
from .errors import NonFiniteError
from .graph import Node, Notes, notes_of
from .mends import SMALLER, Mend, double_where
from .mends import of_result as mend_of_result
from .mends import of_slope as mend_of_slope

Index = tuple[int, ...]
STEPS = 30  # how many operations are followed from a result towards the loss
ALIGNED = {"relu", "sigmoid", "softplus", "silu", "mish", "gelu_exact", "masked", "np.astype", "lowest_log"}
MOVES = {  # operations that hand elements on as they are
    "getitem", "np.reshape", "np.transpose", "np.swapaxes", "np.moveaxis", "np.squeeze", "np.take",
    "np.take_along_axis", "np.broadcast_to", "np.diagonal", "np.copy",
}  # fmt: skip
PRODUCTS = {"np.matmul", "einsum", "np.dot", "np.vecdot", "np.matvec", "np.vecmat", "np.tensordot"}


@dataclass(frozen=True)
class Place:
    """Where a value is not finite: which array of what, the first index, how many, and the user's line."""

    what: str  # "np.log returned", "The gradient of np.sqrt is"
    array: Any
    index: Index
    count: int
    line: str

    def error(self, operation: str, told: Mend) -> NonFiniteError:
        """The error that tells it: the place in its first line, the cause and the mend below."""
        value = self.array[self.index]
        where = f"at index {self.index} (shape {self.array.shape}, {self.count} such), at {self.line}"
        error = NonFiniteError(f"{self.what} {value} {where}.\n  Cause: {told.why}.\n  Mend:  {told.mend}.")
        error.operation, error.index, error.line = operation, self.index, self.line
        error.cause, error.mend = told
        return error


# ---- of a result -------------------------------------------------------------------------------------------


def of_result(op: Op, node: Node | None, arguments: tuple[Any, ...], place: Place) -> NonFiniteError:
    """The error of an operation whose result is not finite."""
    out, index = place.array, place.index
    makers, parents = [""] * len(arguments), () if node is None else node.parents
    for position, parent in zip(node.plan.positions if node is not None else (), parents):
        makers[position] = parent.name
    elements = elements_at(op, arguments, out.shape, index)
    names = [op.called(i) for i in range(len(arguments))]
    if (came := _came_in(names, arguments, elements, index, makers)) is not None:
        return place.error(op.name, came)
    shown = _shown(names, arguments, elements, index)
    told = mend_of_result(op.name, elements, [_computed(parent) for parent in parents], out.dtype)
    if told is None and np.isnan(out[index]):
        told = Mend("of finite numbers it makes what is no number", SMALLER)
    elif told is None:
        largest = f"{np.finfo(out.dtype).max:.3g}"
        told = Mend(f"it overflows: the largest {out.dtype} is {largest}", SMALLER)
    if op.name in ("np.log", "np.sqrt", "np.reciprocal"):
        told = told._replace(mend=f"{told.mend}; if np.where leaves it out later, {double_where(op.name)}")
    return place.error(op.name, Mend(f"{shown}{told.why}", told.mend))


def _computed(node: Node) -> str:
    """What computed the elements of an argument: operations that only move them are passed over."""
    while node.name in MOVES and node.parents:
        node = node.parents[0]
    return node.name


def _came_in(
    names: list[str], arguments: tuple[Any, ...], elements: Any, index: Index, makers: list[str]
) -> Mend | None:
    """What to say of an argument that was not finite to begin with."""
    for i, (name, argument, maker) in enumerate(zip(names, arguments, makers)):
        array = np.asarray(argument) if _is_numeric(argument) else None
        if array is None or array.dtype.kind not in "fc" or np.isfinite(array).all():
            continue
        if elements is not None and np.isfinite(elements[i]):
            continue  # what is not finite in it has no part in this element
        wrong = ~np.isfinite(array)
        first = tuple(np.argwhere(wrong)[0].tolist())
        at = first if elements is None else _within(array.shape, index)
        count = f"{np.sum(wrong)} of {array.size} elements {'is' if array.size == 1 else 'are'} not finite"
        return _origin(f"{name}{_subscript(at)} is {array[at]} already ({count})", maker)
    return None


def _origin(what: str, maker: str) -> Mend:
    """What to say of where such an argument came from."""
    if maker == "leaf":
        told = "a variable, that is a parameter spoilt by the step before, or data"
        return Mend(f"{what}: {told}", "a lower learning rate, optim.clip_grad_norm, or clean data")
    if not maker:
        told = "a constant, such as inputs or targets, which no operation under debug made"
        return Mend(f"{what}: {told}", "remove such examples, or replace such values (data.Imputer)")
    return Mend(f"{what}: {maker} made it outside of the debug mode", "begin the debug mode earlier")


# ---- of a gradient -----------------------------------------------------------------------------------------


def of_gradient(node: Node, g: Any, place: Place) -> NonFiniteError:
    """The error of a rule whose gradient is not finite."""
    op, arguments = node.plan.op, () if node.notes is None else node.notes.arguments
    given = np.asarray(getattr(g, "_array", g) if type(g) is not tuple else 0.0)
    if not np.isfinite(given).all():
        wrong = tuple(np.argwhere(~np.isfinite(given))[0].tolist())
        flows = f"the gradient that flows in is {given[wrong]} already, at {wrong}"
        told = Mend(f"{flows}: it was given to backward(), or a hook returned it", "a finite gradient")
        return place.error(node.name, told)
    aligned = given.shape == node.shape and _is_aligned(op, arguments, node.shape)
    index = _within(given.shape, place.index) if aligned else place.index
    elements = elements_at(op, arguments, node.shape, index) if aligned else None
    names = [op.called(i) for i in range(len(arguments))]
    shown = _shown(names, arguments, elements, index)
    told = mend_of_slope(node.name, elements) or _too_large(given)
    if aligned and given[index] == 0:
        zero = f"the gradient that flows in is 0 there{dropped_by(node, index)}, and 0 · ∞ is nan"
        return place.error(node.name, Mend(f"{shown}{told.why}; {zero}", double_where(node.name)))
    return place.error(node.name, Mend(f"{shown}{told.why}", told.mend))


def _too_large(g: Any) -> Mend:
    """What to say of a gradient that no known case explains."""
    most = f"{np.max(np.abs(g), initial=0.0):.3g}"
    why = f"the gradient that flows in goes up to {most}, and its product with the slope overflows"
    return Mend(why, SMALLER)


def dropped_by(node: Node, index: Index) -> str:
    """Which later operation leaves this element out of the loss, so that its gradient is 0, in words."""
    for _ in range(STEPS):
        alive = [user() for user in node.notes.users] if node.notes is not None else []
        users = [user for user in alive if user is not None and user.shape == node.shape]
        for user in users:
            if said := _leaves_out(user, node, index):
                return f", as {said} (at {notes_of(user).line})"
        if not users:
            return ""
        node = users[0]
    return ""


def _leaves_out(user: Node, node: Node, index: Index) -> str:
    """How an operation leaves an element of one of its arguments out; empty if it does not."""
    op, arguments = user.plan.op, user.notes.arguments if user.notes else ()
    elements = elements_at(op, arguments, user.shape, index)
    if elements is None or node not in user.parents:
        return ""
    position = user.plan.positions[user.parents.index(node)]
    if op.name == "np.where":
        chosen = 1 if elements[0] else 2
        branch = f"condition{_subscript(index)} is {bool(elements[0])}"
        return f"np.where takes the other branch: {branch}" if chosen != position else ""
    if op.name == "np.multiply" and elements[1 - position] == 0:
        return f"np.multiply multiplies it by 0: {op.called(1 - position)}{_subscript(index)}"
    if op.name in ("np.maximum", "np.minimum"):
        other = elements[1 - position]
        return f"{op.name} takes its other argument, {other}" if elements[position] != other else ""
    if op.name == "clip_between" and not elements[1] <= elements[0] <= elements[2]:
        return "np.clip is flat there"
    if op.name == "relu" and elements[0] <= 0:
        return "relu is flat there"
    return "dropout leaves it out" if op.name == "masked" else ""


# ---- elements ----------------------------------------------------------------------------------------------


def elements_at(op: Op, arguments: tuple[Any, ...], shape: Any, index: Index) -> tuple[Any, ...] | None:
    """The elements of the arguments that an element of the result is made of; None if it is made of more."""
    if not _is_aligned(op, arguments, shape):
        return None
    found = []
    for argument in arguments:
        if not _is_numeric(argument):
            found.append(argument)
            continue
        array = np.asarray(argument)
        try:
            found.append(np.broadcast_to(array, shape)[index])
        except ValueError:
            return None
    return tuple(found)


def _is_aligned(op: Op, arguments: tuple[Any, ...], shape: Any) -> bool:
    """Whether each element of the result is made of one element of each argument."""
    if not arguments or shape is None or op.name in PRODUCTS or op.variadic:
        return False
    return op.broadcasts or op.name in ALIGNED


def _shown(names: list[str], arguments: tuple[Any, ...], elements: Any, index: Index) -> str:
    """What went in: the elements, or of whole arrays how large they are."""
    numeric = [(i, name) for i, name in enumerate(names) if _is_numeric(arguments[i])]
    if elements is not None:
        told = [
            f"{name}{_subscript(_within(np.shape(arguments[i]), index))} is {elements[i]}"
            for i, name in numeric
        ]
    else:
        arrays = [(name, np.asarray(arguments[i])) for i, name in numeric]
        told = [
            f"{name} goes from {np.min(a):.3g} to {np.max(a):.3g}"
            for name, a in arrays
            if a.size and a.dtype.kind == "f"
        ]
    return f"{', '.join(told)}; " if told else ""


def _within(shape: Any, index: Index) -> Index:
    """The index in an array of another shape that was broadcast, or whose result was."""
    if len(shape) > len(index):
        index = (0,) * (len(shape) - len(index)) + index
    tail = index[len(index) - len(shape) :] if shape else ()
    return tuple(0 if n == 1 else min(i, n - 1) for i, n in zip(tail, shape))


def _is_numeric(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic, int, float, complex)) and not isinstance(value, bool)


def _subscript(index: Index) -> str:
    return f"[{', '.join(map(str, index))}]" if index else ""


def note(node: Node, notes: Notes, arguments: list[Any]) -> None:
    """Write down what `of_gradient` asks for: the arguments, and in the notes of what made them the user."""
    notes.arguments = tuple(arguments)
    for parent in node.parents:
        while parent.plan is None and parent.parents:  # one output of several: its operation
            parent = parent.parents[0]
        if parent.notes is not None and parent.plan is not None:
            parent.notes.users.append(ref(node))
