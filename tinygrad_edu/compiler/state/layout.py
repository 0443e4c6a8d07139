"""Arguments: how those of a call are nested, and what is known of each leaf."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import TraceError
from ...tensor import Tensor
from ..program import Call, Input, Ref
from ..trace.log import Log
from .asking import standing
from .assigned import Assigned
from .nested import CONTAINERS, alike, array_of, flattened, is_free, is_record
from .places import GONE
from .state import State
from .unread import UNREAD, Unread


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
    given : int
        How many leaves are those of a call; behind them are those of the places that the step assigns to.
    assigned : list of Assigned
        These places.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], free: Sequence[int] = ()) -> None:
        self._leaves, self._build = flattened((args, kwargs))
        self.free = dict.fromkeys(free, Ref(-1))  # until they are taken
        self.form = self._build.form  # type: ignore[attr-defined]
        self.refs: list[Ref] = []
        self.ref_of: dict[int, Ref] = {}  # by their numbers among the leaves
        self.given, self.assigned = len(self._leaves), list[Assigned]()
        self._arrays = [array_of(leaf) for leaf in self._leaves]  # before traced ones are in their places
        self.others = [
            a for i, a in enumerate(self._leaves) if self._arrays[i] is None and i not in self.free
        ]
        self.kinds: list[tuple[Any, ...]] = []  # of each leaf its class and what must fit; None for others
        self.is_simple = not kwargs and all(type(a) not in CONTAINERS and not is_record(a) for a in args)
        self.stands_for: dict[int, int] = {}  # which leaf, by the identity of what stands for it
        self.tensors: list[tuple[Tensor, Any]] = []  # with their arrays
        self.by_identity = False  # whether code may ask which array is which
        self.are_mixed = False  # whether an array is given twice, or is one that the state holds

    def take(self, log: Log, state: State, names: Sequence[str] = (), read: set[Any] | None = None) -> None:
        """Find what stands for each leaf: for an array a traced one, which a tensor holds itself.

        Code may tell which tensor is which, by ``is`` or as a key, and which array, if it asks: one that is
        given twice, or that the state holds, is that, here and in all calls that the trace holds for.
        """
        self.by_identity = bool(state.identity)
        self.there: dict[int, Any] = {id(v): v for _, v in state.places if type(v) is np.ndarray}
        self.there |= {id(t): t for t in state.tensors.values()}
        self.there |= {id(t._array): t._array for t in state.tensors.values()}
        read = set() if read is None else read
        built = self._take_outside(state, read)
        self._made: list[Any] = []
        first: dict[int, int] = {}
        for i in range(len(self._leaves)):
            self._made.append(self._stand_in(log, i, self._name(i, names), first))
        self.args, self.kwargs = self._build(self._made[: self.given])
        # Expressions for lists and dicts, by the identity of what is given.
        self.containers: dict[int, str] = {}
        self._say([*enumerate(self.args)], "args")
        self._say([*self.kwargs.items()], "kwargs")
        for k, (one, build) in enumerate(zip(self.assigned, built)):
            if one.form is UNREAD:
                self.assigned[k] = one._replace(stands=Unread(log, one.place, read))
            elif one.before is not GONE:
                stands = build(self._made[one.first : one.last])
                self.assigned[k] = one._replace(stands=stands)
                self.containers |= {id(stands): f"p{k}"} if type(stands) in (list, dict) else {}

    def _name(self, i: int, names: Sequence[str]) -> str:
        """What a reader would call a leaf, given the names of those of the arguments."""
        if i < self.given:
            return names[i]
        return next(a.place.name for a in self.assigned if a.first <= i < a.last)

    def _stand_in(self, log: Log, i: int, name: str, first: dict[int, int]) -> Any:
        """What the function gets for a leaf, given which leaf each array was first; its kind is noted."""
        leaf, array, is_tensor = self._leaves[i], self._arrays[i], isinstance(self._leaves[i], Tensor)
        if i in self.free:
            return self._number(log, i, leaf, name)
        if array is None:
            self.kinds.append((None, leaf))
            return standing(log.drawing(leaf))
        if is_tensor and leaf._node is not None:
            raise TraceError(
                "An argument of a compiled function needs a gradient, which would be lost: differentiate "
                "inside of the function, or pass x.detach()."
            )
        before, is_there = first.setdefault(id(leaf), i), id(leaf) in self.there
        self.are_mixed |= before < i or is_there
        if is_tensor or self.by_identity:
            if before < i:
                self.kinds.append((None, Again(before)))
                return self._made[before]
            if is_there:
                self.kinds.append((None, leaf))
                return leaf if is_tensor else log.input(leaf, Input("state", name))
        traced = self._argument(log, i, array, name)
        if is_tensor:
            leaf._array = traced
            self.tensors.append((leaf, array))
        made = leaf if is_tensor else traced
        self.stands_for[id(made)] = i
        return made

    def _argument(self, log: Log, i: int, array: Any, name: str) -> Any:
        """A traced array, which is an argument of the program."""
        traced = log.argument(array, name)
        self.kinds.append((type(self._leaves[i]), array.shape, array.dtype, array.strides))
        self.refs.append(traced._ref)
        self.ref_of[i] = traced._ref
        return traced

    def _number(self, log: Log, i: int, leaf: Any, name: str) -> Any:
        """What stands for a number that is another one in every call: what is in an array without axes."""
        traced = self._argument(log, i, np.asarray(leaf), name)
        self.free[i] = traced._ref
        number = traced[()] if isinstance(leaf, np.generic) else traced.item()
        self.stands_for[id(number)] = i
        return number

    def _take_outside(self, state: State, read: set[Any]) -> list[Any]:
        """Add the leaves of what the places hold that the step assigns to; returns what builds them again."""
        found: list[Any] = []
        for place, value in state.assigned.values():
            if value is not GONE and place.mark not in read:
                first = len(self._leaves)
                self.assigned.append(Assigned(place, value, GONE, UNREAD, first, first))
                found.append(None)
                continue
            if type(value) in (list, dict) and (id(value) in state.seen or id(value) in state.outside.lists):
                raise TraceError(
                    f"{place.name!r} is a {type(value).__name__} that the step has elsewhere, too."
                )
            leaves, build = ([], None) if value is GONE else flattened(value)
            found.append(build)
            first = len(self._leaves)
            self.free |= {first + i: Ref(-1) for i, leaf in enumerate(leaves) if is_free(leaf)}
            self._leaves += leaves
            self._arrays += map(array_of, leaves)
            form = getattr(build, "form", None)
            self.assigned.append(Assigned(place, value, GONE, form, first, len(self._leaves)))
        return found

    def _say(self, items: list[tuple[Any, Any]], path: str) -> None:
        """Take note of what leads to the lists and dicts among the arguments of a call."""
        for key, part in items:
            if type(part) in (list, dict) and (type(part) is list or all(type(k) is str for k in part)):
                self.containers[id(part)] = f"{path}[{key!r}]"
                inner = part.items() if type(part) is dict else enumerate(part)
                self._say([*inner], f"{path}[{key!r}]")

    def takes_out(self, call: Call) -> bool:
        """Whether a call takes such a number out of its array, which nothing else is done to."""
        return bool(call.args) and isinstance(call.args[0], Ref) and call.args[0] in self.free.values()

    def release(self) -> None:
        """Forget the arrays of the call that was traced."""
        self.args, self.kwargs, self._made, self._leaves, self._arrays = (), {}, [], [], []
        self.assigned = [one.released() for one in self.assigned]
        self.there, self.tensors = {}, []
        del self._build

    def refuse_changes(self) -> None:
        """Raise if the run has put something else into the lists, dicts and tensors that it was given."""
        leaves, build = flattened((self.args, self.kwargs))
        made = self._made[: self.given]
        same_leaves = len(leaves) == len(made) and all(a is b for a, b in zip(leaves, made))
        same_arrays = all(t._array is array and t._node is None for t, array in self.tensors)
        if not (same_leaves and same_arrays and build.form == self.form):  # type: ignore[attr-defined]
            raise TraceError(
                "The step changes an argument: it puts something else into a list, a dict or a tensor. "
                "Return it, or write into the array, x[...] = values, under no_grad()."
            )
        for one in self.assigned:
            leaves = flattened(one.stands)[0] if one.is_read else []
            known = self._made[one.first : one.last]
            if len(leaves) != len(known) or any(a is not b for a, b in zip(leaves, known)):
                raise TraceError(
                    f"The step changes what is in {one.place.name!r}, to which it also assigns. Put it there "
                    "before the first step, and only add to it: losses.append(loss.item())."
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

    def leaves_outside(self) -> list[Any] | None:
        """Those of what the places hold now that the step assigns to; None if they are nested otherwise."""
        found: list[Any] = []
        for one in self.assigned:
            if one.is_read:
                if (leaves := alike(one.place.get(), one.form)) is None:
                    return None
                found += leaves
        return found

    def taking(self, name: Callable[..., str]) -> list[str]:
        """Lines that take these leaves, ``a2``, ``a3`` …, behind those of the arguments."""
        lines = []
        for k, one in enumerate(self.assigned):
            if not one.is_read:
                continue
            names = "".join(f"a{i}, " for i in range(one.first, one.last))
            if one.form is None:
                lines.append(f"a{one.first} = {one.place.text(name)}")
            else:
                lines += [f"p{k} = {one.place.text(name)}", f"[{names}] = alike(p{k}, {name(one.form)})"]
        return lines


class Again:
    """Stands for a leaf that is an earlier one.

    Attributes
    ----------
    of : int
        The number of that.
    """

    def __init__(self, of: int) -> None:
        self.of = of


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
