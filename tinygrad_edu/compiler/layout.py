"""Arguments: how those of a call are nested, and what is known of each leaf."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import TraceError
from ..tensor import Tensor
from .log import Log

CONTAINERS = (list, tuple, dict)


class Layout:
    """The arguments of the call that was traced, with traced arrays in the place of its arrays.

    Attributes
    ----------
    args, kwargs
        What the function is called with.
    refs : list of Ref
        The arrays among them.
    others : list
        The leaves that are no arrays: numbers, texts, modules.
    """

    def __init__(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], log: Log, names: Sequence[str] = ()
    ) -> None:
        leaves, build = flattened((args, kwargs))
        self.form, self.refs = build.form, []  # type: ignore[attr-defined]
        self.others: list[Any] = []
        self.kinds: list[
            tuple[Any, ...]
        ] = []  # of each leaf its class and what else must fit; None for others
        self.stands_for: dict[int, int] = {}  # which leaf, by the identity of what stands for it
        self.is_simple = not kwargs and all(type(a) not in CONTAINERS and not is_record(a) for a in args)
        made = []
        for i, leaf in enumerate(leaves):
            array = leaf._array if isinstance(leaf, Tensor) else leaf
            if isinstance(leaf, Tensor) and leaf._node is not None:
                raise TraceError(
                    "An argument of a compiled function needs a gradient, which would be lost: differentiate "
                    "inside of the function, or pass x.detach()."
                )
            if type(array) is np.ndarray and array.dtype.kind in "fiubc":
                traced = log.argument(array, names[i] if self.is_simple and i < len(names) else f"x{i}")
                self.kinds.append((type(leaf), array.shape, array.dtype, array.strides))
                self.refs.append(traced.ref)
                made.append(Tensor._make(traced, None) if isinstance(leaf, Tensor) else traced)
                self.stands_for[id(made[-1])] = i
            else:
                self.kinds.append((None, leaf))
                self.others.append(leaf)
                made.append(log.generator(leaf) if isinstance(leaf, np.random.Generator) else leaf)
        self.args, self.kwargs = build(made)
        self._made = [(m, m._array if isinstance(m, Tensor) else None) for m in made]

    def release(self) -> None:
        """Forget the arrays of the call that was traced."""
        self.args, self.kwargs, self._made = (), {}, []

    def refuse_changes(self) -> None:
        """Raise if the run has put something else into the lists, dicts and tensors that it was given."""
        leaves, build = flattened((self.args, self.kwargs))
        same_leaves = len(leaves) == len(self._made) and all(a is b for a, (b, _) in zip(leaves, self._made))
        same_arrays = all(a is None or (m._array is a and m._node is None) for m, a in self._made)
        if not (same_leaves and same_arrays and build.form == self.form):  # type: ignore[attr-defined]
            raise TraceError(
                "The step changes an argument: it puts something else into a list, a dict or a tensor. "
                "Return it, or write into the array, x[...] = values, under no_grad()."
            )

    def leaves(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any] | None:
        """The leaves of the arguments of another call, if they are nested alike; None if not."""
        leaves, build = flattened((args, kwargs))
        return leaves if build.form == self.form else None  # type: ignore[attr-defined]


def is_record(value: Any) -> bool:
    """Whether it is a named tuple."""
    return isinstance(value, tuple) and hasattr(value, "_fields")


def same(a: Any, b: Any) -> bool:
    """Whether two Python values may stand for each other: the same object, equal numbers, texts, or
    tuples.
    """
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if type(a) is tuple:
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return a == b and math.copysign(1, a) == math.copysign(1, b)
    return isinstance(a, (bool, int, complex, str, bytes)) and a == b


def flattened(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The leaves of nested lists, tuples and dicts, and what builds the same of others.

    Its ``form`` is how they are nested, to be compared.
    """
    leaves: list[Any] = []
    form, build = _taken_apart(tree, leaves)

    def built(made: list[Any]) -> Any:
        return build(iter(made))

    built.form = form  # type: ignore[attr-defined]
    return leaves, built


def _taken_apart(part: Any, leaves: list[Any]) -> tuple[Any, Callable[[Any], Any]]:
    """How a part is nested, and what builds it of an iterator of leaves; its own are added to the list."""
    kind = type(part)
    if kind in (list, tuple) or is_record(part):
        forms, parts = zip(*(_taken_apart(p, leaves) for p in part)) if part else ((), ())
        if kind in (list, tuple):
            return (kind, forms), lambda made: kind(p(made) for p in parts)
        return (kind, forms), lambda made: kind(*(p(made) for p in parts))
    if kind is dict:
        items = [(k, *_taken_apart(v, leaves)) for k, v in part.items()]
        form = dict, tuple((k, f) for k, f, _ in items)
        return form, lambda made: {k: v(made) for k, _, v in items}
    leaves.append(part)
    return None, next
