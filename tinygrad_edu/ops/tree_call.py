"""Trees as arguments of a primitive: a call with tensors in lists, dicts or modules is recorded as a call of those tensors.

The op of the table takes, say, ``f(x, ws)`` with ``ws`` a list.  For one call of it, `tree_call` makes an op of the leaves,
``f(x, ws[0], ws[1])``: its forward puts the arrays that it is given back into the tree, and its one joint rule runs the rules
of ``x`` and ``ws`` and takes the gradients of the leaves out of the trees that these return.  The graph and the backward pass
know nothing of trees.
"""

from typing import Any

import numpy as np

from ..errors import UnsupportedCall, WrongRule
from ..trees import children, flatten, keyed, labelled
from .floating import is_tensor
from .table import Op, first_output, refuse_argument


def tree_call(op: Op, arguments: tuple[Any, ...]) -> Any:
    """Call an op whose arguments, in canonical form, hold tensors in trees."""
    if any(op.keep.values()):
        raise UnsupportedCall(f"{op.name}: keep= with another primitive is for arguments that are arrays; one of this call's is a tree of tensors.")
    leaves = [(op.argument(i), label, leaf) for i, a in enumerate(arguments) for label, leaf in labelled(_name(op, i), a)]
    tensors = [leaf for _, _, leaf in leaves if is_tensor(leaf)]
    for argument, label, leaf in leaves:
        if argument not in op.rules and getattr(leaf, "requires_grad", False):
            raise refuse_argument(op, label, leaf)
    one = OnLeaves(op, arguments, leaves)

    def call(*arrays: Any) -> Any:
        return (first_output(one.forward) if op.keep else one.forward)(*arrays)

    call.entry = one  # type: ignore[attr-defined]  # functions take attributes
    return tensors[0].__array_function__(call, (type(tensors[0]),), tuple(tensors), {})


class OnLeaves(Op):
    """An op as a function of the tensors in one call's arguments; everything else in them is fixed.

    Parameters
    ----------
    op : Op
    arguments : tuple
        Of the call.
    leaves : list of (str, str, object)
        Of all arguments, in order: the argument's name, the leaf's own ("ws[0]"), and the leaf.
    """

    def __init__(self, op: Op, arguments: tuple[Any, ...], leaves: list[tuple[str, str, Any]]) -> None:
        super().__init__(op.function, self._run, [], {}, broadcasts=op.broadcasts, keep=op.keep)
        self.op, self.trusted = op, op.trusted
        self.fixed_leaves = [None if is_tensor(leaf) else leaf for _, _, leaf in leaves]
        self.slots = [k for k, (_, _, leaf) in enumerate(leaves) if is_tensor(leaf)]
        self.labels = [label for _, label, _ in leaves]
        self.wanted = [getattr(leaf, "requires_grad", False) for _, _, leaf in leaves]
        self.shapes = [np.shape(a) if is_tensor(a) or not children(a) else () for a in arguments]
        holes = [np.empty(0) if is_tensor(leaf) else leaf for _, _, leaf in leaves]
        self.trees = flatten(list(arguments))[1](holes)  # a copy, which nobody else can change
        self.rebuild = flatten(self.trees)[1]
        self.names = [self.labels[k] for k in self.slots]
        self.places = {name: i for i, name in enumerate(self.names)}
        self.arity = self.fixed = len(self.names)
        named = {name for _, needs in op.rules.values() for name in needs}
        self.needs = [label for argument, label, leaf in leaves if is_tensor(leaf) and argument in named]
        self.needs += [name for name in ("out", *op.keep) if name in named]
        self.joint = (tuple(self.names), self._gradients)
        self.rules = dict.fromkeys(self.names, (self._gradients, self.needs))

    def _arguments(self, values: dict[str, Any]) -> list[Any]:
        """The arguments of the call, with other values in the places of the tensors."""
        filled = list(self.fixed_leaves)
        for k in self.slots:
            filled[k] = values.get(self.labels[k])
        return self.rebuild(filled)

    def _run(self, *arrays: Any) -> Any:
        return self.op.forward(*self._arguments(dict(zip(self.names, arrays))))

    def _gradients(self, g: Any, *values: Any) -> tuple[Any, ...]:
        """The gradients of all leaves, from the op's own rules; None for those that need none."""
        op, known = self.op, dict(zip(self.needs, values))
        arguments = self._arguments(known)
        known |= dict(zip(op.names[: op.fixed], arguments))
        known |= {f"{name}_shape": shape for name, shape in zip(op.names[: op.fixed], self.shapes)}
        if op.variadic:
            name = op.names[-1]
            known |= {name: tuple(arguments[op.fixed :]), f"{name}_shape": tuple(self.shapes[op.fixed :])}
        found: dict[str, Any] = {}
        jointly: dict[str, Any] = {}
        if op.joint:
            names, rule = op.joint
            jointly = dict(zip(names, op.checked_joint(rule(g, *(known[n] for n in op.rules[names[0]][1])))))
        for position, tree in enumerate(self.trees):
            if op.argument(position) in op.rules:
                rule, needs = op.rules[op.argument(position)]
                known["index"] = position - op.fixed
                gradient = jointly[op.argument(position)] if op.joint else rule(g, *(known[n] for n in needs))
                found |= _taken_apart(op, _name(op, position), tree, gradient)
        gradients = [found.get(label) if self.wanted[k] else None for k, label in enumerate(self.labels)]
        for k in self.slots:
            if self.wanted[k] and gradients[k] is None:
                raise WrongRule(f"{self.name}: {self.labels[k]} needs a gradient, and the rule returned None for it.")
        return tuple(gradients[k] for k in self.slots)


def _name(op: Op, position: int) -> str:
    return op.names[position] if position < op.fixed else f"{op.names[-1]}[{position - op.fixed}]"


def _taken_apart(op: Op, label: str, tree: Any, gradient: Any) -> dict[str, Any]:
    """The gradients that a rule returned for the leaves of a tree, by their names."""
    inside = keyed(tree)
    if inside is None:
        return {label: gradient}
    if gradient is None:
        return {}
    keys = [key for key, _, _ in inside]
    by_name = isinstance(tree, dict) or hasattr(tree, "named_parameters")
    given = gradient if isinstance(gradient, dict) else dict(enumerate(gradient)) if isinstance(gradient, (list, tuple)) else None
    if given is None or isinstance(gradient, dict) != by_name or set(given) - set(keys) or (not by_name and len(given) != len(keys)):
        expected = f"a dict with the keys {', '.join(map(str, keys))}" if by_name else f"a list or tuple of {len(keys)}"
        returned = f"a dict with the keys {', '.join(map(str, given))}" if isinstance(gradient, dict) else _described(gradient)
        raise WrongRule(f"{op.name}: the rule of {label} returned {returned}; its argument is a {type(tree).__name__}, so expected {expected}.")
    return {name: g for key, written, child in inside for name, g in _taken_apart(op, label + written, child, given.get(key)).items()}


def _described(value: Any) -> str:
    return f"a {type(value).__name__} of {len(value)}" if isinstance(value, (list, tuple)) else f"a {type(value).__name__}"
