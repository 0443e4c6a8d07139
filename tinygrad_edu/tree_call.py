"""Trees as arguments of a primitive: a call with tensors in lists, dicts or modules is recorded as a call of
those tensors.

The op of the table takes, say, ``f(x, ws)`` with ``ws`` a list.  For one call of it, `tree_call` makes an op
of the leaves, ``f(x, ws[0], ws[1])``: its forward puts the arrays that it is given back into the tree, and
its one joint rule runs the rules of ``x`` and ``ws`` and takes the gradients of the leaves out of the trees
that these return.  The graph and the backward pass know nothing of trees.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .arrays import is_tensor
from .entry import Op
from .errors import UnsupportedCall, WrongRule
from .refusals import refuse_argument
from .signature import Signature
from .table import first_output
from .trees import children, flatten, keyed, labelled


def tree_call(op: Op, arguments: tuple[Any, ...]) -> Any:
    """Call an op whose arguments, in canonical form, hold tensors in trees."""
    if any(op.keep.values()):
        raise UnsupportedCall(
            f"{op.name}: keep= with another primitive is for arguments that are arrays; one of this call's "
            "is a tree of tensors."
        )
    leaves = [
        Leaf(op.argument(i), label, leaf)
        for i, a in enumerate(arguments)
        for label, leaf in labelled(_name(op, i), a)
    ]
    for leaf in leaves:
        if leaf.argument not in op.rules and leaf.wanted:
            raise refuse_argument(op, leaf.label, leaf.value)
    buffers = [
        (op.argument(i), buffer)
        for i, a in enumerate(arguments)
        if hasattr(a, "buffers")
        for buffer in a.buffers()
    ]
    one = OnLeaves(op, arguments, leaves, buffers)

    def call(*arrays: Any) -> Any:
        return (first_output(one.forward) if op.keep else one.forward)(*arrays)

    call.entry = one  # type: ignore[attr-defined]  # functions take attributes
    values = [*(leaf.value for leaf in leaves if leaf.moves), *(buffer for _, buffer in buffers)]
    tensor = next(value for value in values if is_tensor(value))
    return tensor.__array_function__(call, (type(tensor),), tuple(values), {})


class Leaf:
    """A leaf of a call's arguments: the argument that it is in, its name ("ws[0]") and value, and whether its
    gradient is wanted.

    Arrays and tensors ``move``: they are arguments of the op of leaves.  All else is fixed.
    """

    def __init__(self, argument: str, label: str, value: Any) -> None:
        self.argument, self.label, self.value = argument, label, value
        self.moves = isinstance(value, np.ndarray) or is_tensor(value)
        self.wanted = bool(getattr(value, "requires_grad", False))


class OnLeaves(Op):
    """An op as a function of the arrays and tensors in one call's arguments; everything else in them is
    fixed.

    The buffers of modules come last: nothing is computed with them here, but what changes them is noticed.
    """

    lasting = False

    def __init__(
        self, op: Op, arguments: tuple[Any, ...], leaves: list[Leaf], buffers: list[tuple[str, Any]]
    ) -> None:
        named = {name for _, needs in op.rules.values() for name in needs}
        moving = [leaf for leaf in leaves if leaf.moves]
        self.labels = [
            *(leaf.label for leaf in moving),
            *(f"a buffer of {argument}" for argument, _ in buffers),
        ]
        names = [f"leaf {i}" for i in range(len(self.labels))]
        owners = [*(leaf.argument for leaf in moving), *(argument for argument, _ in buffers)]
        saved = [i for i, owner in enumerate(owners) if owner in named]
        others = [name for name in ("out", *op.keep) if name in named]
        rules = _Rules(op, arguments, leaves, saved, others)
        super().__init__(
            op.function, rules.run, Signature(names, {}), {}, broadcasts=op.broadcasts, keep=op.keep
        )
        self.trusted, self.joint = op.trusted, (tuple(names), rules.gradients)
        needs = {name: self.need(name) for name in [*(names[i] for i in saved), *others]}
        self.rules = dict.fromkeys(names, (rules.gradients, needs))

    def called(self, position: int) -> str:
        return self.labels[position]


class _Rules:
    """The forward and the joint rule of an op of leaves.  It does not know that op: they would hold each
    other alive.

    ``saved`` are the places, among the moving leaves, of those that the op's rules need; ``others`` is what
    they need beside.
    """

    def __init__(
        self, op: Op, arguments: tuple[Any, ...], leaves: list[Leaf], saved: list[int], others: list[str]
    ) -> None:
        self.op, self.saved, self.others = op, saved, others
        self.labels, self.wanted = [leaf.label for leaf in leaves], [leaf.wanted for leaf in leaves]
        self.learned = {leaf.argument for leaf in leaves if leaf.wanted}
        self.fixed = [None if leaf.moves else leaf.value for leaf in leaves]
        self.slots = [k for k, leaf in enumerate(leaves) if leaf.moves]
        self.buffers = 0
        self.shapes = [np.shape(a) if is_tensor(a) or not children(a) else None for a in arguments]
        holes = [np.empty(0) if leaf.moves else leaf.value for leaf in leaves]
        self.trees = flatten(list(arguments))[1](holes)  # a copy, which nobody else can change
        self.rebuild = flatten(self.trees)[1]

    def run(self, *arrays: Any) -> Any:
        self.buffers = len(arrays) - len(self.slots)
        return self.op.forward(*self._arguments(dict(enumerate(arrays))))

    def _arguments(self, values: dict[int, Any]) -> list[Any]:
        """The arguments of the call, with the values in their places; None where no rule needs one."""
        filled = list(self.fixed)
        for i, k in enumerate(self.slots):
            filled[k] = values.get(i)
        return self.rebuild(filled)

    def gradients(self, g: Any, *values: Any) -> tuple[Any, ...]:
        """The gradients of all leaves, from the op's own rules; None for those that need none."""
        op, arguments = self.op, self._arguments(dict(zip(self.saved, values)))
        names, fixed = op.signature.names, op.signature.fixed
        known = dict(zip(names[:fixed], arguments)) | dict(zip(self.others, values[len(self.saved) :]))
        if op.variadic:
            known[names[-1]] = tuple(arguments[fixed:])
        jointly: dict[str, Any] = {}
        if op.joint:
            asked, rule = op.joint
            known.setdefault("wanted", tuple(argument for argument in asked if argument in self.learned))
            needed = [self._needed(known, name) for name in op.rules[asked[0]][1]]
            jointly = dict(zip(asked, op.checked_joint(rule(g, *needed))))
        found: list[Any] = []
        for position, tree in enumerate(self.trees):
            gradient = None
            if (argument := op.argument(position)) in op.rules:
                rule, needs = op.rules[argument]
                known["index"] = position - fixed
                needed = [] if op.joint else [self._needed(known, name) for name in needs]
                gradient = jointly[argument] if op.joint else rule(g, *needed)
            found += _taken_apart(op, _name(op, position), tree, gradient)
        for label, wanted, gradient in zip(self.labels, self.wanted, found):
            if wanted and gradient is None:
                raise WrongRule(f"{op.name}: {label} needs a gradient, and the rule returned None for it.")
        return (*(found[k] if self.wanted[k] else None for k in self.slots), *[None] * self.buffers)

    def _needed(self, known: dict[str, Any], name: str) -> Any:
        """What a rule asked for."""
        if name in known:
            return known[name]
        op, argument = self.op, name.removesuffix("_shape")
        place = op.signature.places[argument]
        if op.variadic and place == op.signature.fixed:
            return tuple(self.shapes[place:])
        if self.shapes[place] is None:
            raise WrongRule(
                f"{op.name}: a rule asks for {name}, and {argument} is a tree in this call, which has no "
                "shape."
            )
        return self.shapes[place]


def _name(op: Op, position: int) -> str:
    index = position - op.signature.fixed
    return op.argument(position) + (f"[{index}]" if index >= 0 else "")


def _taken_apart(op: Op, label: str, tree: Any, gradient: Any) -> Iterator[Any]:
    """The gradients that a rule returned for the leaves of a tree, in their order."""
    inside = keyed(tree)
    if inside is None:
        yield gradient
        return
    keys = [key for key, _, _ in inside]
    by_name = isinstance(tree, dict) or hasattr(tree, "named_parameters")
    given: dict[Any, Any] = {}
    if isinstance(gradient, dict) and by_name:
        given = gradient
    elif isinstance(gradient, (list, tuple)) and not by_name and len(gradient) == len(keys):
        given = dict(enumerate(gradient))
    elif gradient is not None:
        raise _unlike(op, label, tree, gradient, keys, by_name)
    if set(given) - set(keys):
        raise _unlike(op, label, tree, gradient, keys, by_name)
    for key, written, child in inside:
        yield from _taken_apart(op, label + written, child, given.get(key))


def _unlike(op: Op, label: str, tree: Any, gradient: Any, keys: list[Any], by_name: bool) -> WrongRule:
    """The error for a gradient that has another structure than its argument."""
    returned, kind = _described(gradient), type(tree).__name__
    if isinstance(gradient, dict):
        returned = f"a dict with the keys {', '.join(map(str, gradient))}"
    expected = f"a list or tuple of {len(keys)}"
    if by_name:
        expected = f"a dict with the keys {', '.join(map(str, keys))}"
    return WrongRule(
        f"{op.name}: the rule of {label} returned {returned}; its argument is a {kind}, so expected "
        f"{expected}."
    )


def _described(value: Any) -> str:
    size = f" of {len(value)}" if isinstance(value, (list, tuple)) else ""
    return f"a {type(value).__name__}{size}"
