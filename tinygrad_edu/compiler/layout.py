"""Arguments: how those of a call are nested, and what is known of each leaf."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import TraceError
from ..tensor import Tensor
from .log import Log
from .program import Call, Input, Ref
from .state import State

CONTAINERS = (list, tuple, dict)


class Layout:
    """The arguments of the call that was traced, with traced arrays in the place of its arrays.

    Attributes
    ----------
    others : list
        The leaves that are no arrays: numbers, texts, modules.
    args, kwargs
        What the function is called with, after `take`.
    refs : list of Ref
        The arrays among them.
    free : dict of int to Ref
        The leaves that are numbers, and arrays without axes in the program: others in every call.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], free: Sequence[int] = ()) -> None:
        self._leaves, self._build = flattened((args, kwargs))
        self.free = dict.fromkeys(free, Ref(-1))  # until they are taken
        self.form = self._build.form  # type: ignore[attr-defined]
        self.refs: list[Ref] = []
        self._arrays = [array_of(leaf) for leaf in self._leaves]  # before traced ones are in their places
        self.others = [
            a for i, a in enumerate(self._leaves) if self._arrays[i] is None and i not in self.free
        ]
        self.kinds: list[tuple[Any, ...]] = []  # of each leaf its class and what must fit; None for others
        self.stands_for: dict[int, int] = {}  # which leaf, by the identity of what stands for it
        self.is_simple = not kwargs and all(type(a) not in CONTAINERS and not is_record(a) for a in args)
        self.tensors: list[tuple[Tensor, Any]] = []  # with their arrays
        self.by_identity = False  # whether code may ask which array is which
        self.are_mixed = False  # whether an array is given twice, or is one that the state holds

    def take(self, log: Log, state: State, names: Sequence[str] = ()) -> None:
        """Find what stands for each leaf: for an array a traced one, which a tensor holds itself.

        Code may tell which tensor is which, by ``is`` or as a key, and which array, if it asks: one that is
        given twice, or that the state holds, is that, here and in all calls that the trace holds for.
        """
        self.by_identity = bool(state.identity)
        self.there: dict[int, Any] = {id(v): v for _, v in state.places if type(v) is np.ndarray}
        self.there |= {id(t): t for t in state.tensors.values()}
        self.there |= {id(t._array): t._array for t in state.tensors.values()}
        made: list[Any] = []
        first: dict[int, int] = {}
        for i, leaf in enumerate(self._leaves):
            name = names[i] if self.is_simple and i < len(names) else f"x{i}"
            array, is_tensor = self._arrays[i], isinstance(leaf, Tensor)
            if i in self.free:
                made.append(self._number(log, i, leaf, name))
                continue
            if array is None:
                self.kinds.append((None, leaf))
                made.append(log.generator(leaf) if isinstance(leaf, np.random.Generator) else leaf)
                continue
            self.are_mixed |= id(leaf) in self.there or id(leaf) in first
            if is_tensor and leaf._node is not None:
                raise TraceError(
                    "An argument of a compiled function needs a gradient, which would be lost: differentiate "
                    "inside of the function, or pass x.detach()."
                )
            if (is_tensor or self.by_identity) and id(leaf) in first:
                self.kinds.append((None, Again(first[id(leaf)])))
                made.append(made[first[id(leaf)]])
            elif (is_tensor or self.by_identity) and id(leaf) in self.there:
                self.kinds.append((None, leaf))
                made.append(leaf if is_tensor else log.input(leaf, Input("state", name)))
            else:
                traced = log.argument(array, name)
                self.kinds.append((type(leaf), array.shape, array.dtype, array.strides))
                self.refs.append(traced._ref)
                if is_tensor:
                    leaf._array = traced
                    self.tensors.append((leaf, array))
                made.append(leaf if is_tensor else traced)
                self.stands_for[id(made[-1])] = i
            first.setdefault(id(leaf), i)
        self.args, self.kwargs = self._build(made)
        self.containers: dict[
            int, str
        ] = {}  # expressions for lists and dicts, by the identity of what is given
        self._say([*enumerate(self.args)], "args")
        self._say([*self.kwargs.items()], "kwargs")
        self._made = made

    def _say(self, items: list[tuple[Any, Any]], path: str) -> None:
        """Take note of what leads to the lists and dicts among the arguments of a call."""
        for key, part in items:
            if type(part) in (list, dict) and (type(part) is list or all(type(k) is str for k in part)):
                self.containers[id(part)] = f"{path}[{key!r}]"
                inner = part.items() if type(part) is dict else enumerate(part)
                self._say([*inner], f"{path}[{key!r}]")

    def _number(self, log: Log, i: int, leaf: Any, name: str) -> Any:
        """What stands for a number that is another one in every call: what is in an array without axes."""
        traced = log.argument(np.asarray(leaf), name)
        self.kinds.append((type(leaf), (), traced.dtype, ()))
        self.refs.append(traced._ref)
        self.free[i] = traced._ref
        number = traced[()] if isinstance(leaf, np.generic) else traced.item()
        self.stands_for[id(number)] = i
        return number

    def takes_out(self, call: Call) -> bool:
        """Whether a call takes such a number out of its array, which nothing else is done to."""
        return bool(call.args) and isinstance(call.args[0], Ref) and call.args[0] in self.free.values()

    def release(self) -> None:
        """Forget the arrays of the call that was traced."""
        self.args, self.kwargs, self._made, self._leaves, self._arrays = (), {}, [], [], []
        self.there, self.tensors = {}, []
        del self._build

    def refuse_changes(self) -> None:
        """Raise if the run has put something else into the lists, dicts and tensors that it was given."""
        leaves, build = flattened((self.args, self.kwargs))
        same_leaves = len(leaves) == len(self._made) and all(a is b for a, b in zip(leaves, self._made))
        same_arrays = all(t._array is array and t._node is None for t, array in self.tensors)
        if not (same_leaves and same_arrays and build.form == self.form):  # type: ignore[attr-defined]
            raise TraceError(
                "The step changes an argument: it puts something else into a list, a dict or a tensor. "
                "Return it, or write into the array, x[...] = values, under no_grad()."
            )

    def refuse_identity(self, state: State) -> None:
        """Raise if code that was found in the run alone asks which array is which, and that matters."""
        if state.identity and not self.by_identity and self.are_mixed:
            raise TraceError(
                f"The step asks whether two objects are the same one in {state.identity}, and an argument is "
                "another one, or an array that the step can reach. Pass what tells them apart."
            )
        self.by_identity = bool(state.identity)

    def leaves(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any] | None:
        """The leaves of the arguments of another call, if they are nested alike; None if not."""
        leaves, build = flattened((args, kwargs))
        return leaves if build.form == self.form else None  # type: ignore[attr-defined]


class Again:
    """Stands for a leaf that is an earlier one.

    Attributes
    ----------
    of : int
        The number of that.
    """

    def __init__(self, of: int) -> None:
        self.of = of


def array_of(leaf: Any) -> Any:
    """The array of a leaf, if it is one of numbers or a tensor of such; None of others."""
    array = leaf._array if isinstance(leaf, Tensor) else leaf
    return array if type(array) is np.ndarray and array.dtype.kind in "fiubc" else None


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
