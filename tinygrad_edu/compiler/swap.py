"""Swapping: traced arrays stand in the place of what a state holds while a run is traced."""

import collections
import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensor import Tensor
from .appended import Appended
from .log import Log
from .places import content_of, own_attributes
from .program import Input, Ref
from .state import State
from .traced import Traced


class Swap:
    """Traced arrays in the place of what a state holds, until they are put back.

    Attributes
    ----------
    tensors : list of (str, Tensor, ndarray, Leaf, Tensor)
        Each tensor with its name, and what it held: its array, its variable and the gradient of that, or
        None.
    arguments : sequence of (Tensor, ndarray)
        Those that are given to the function, with their arrays.
    packs : list of (Optimizer, Pack, dict)
        The packs of the optimizers, with their attributes.
    names : dict of int to str
        The names of variables, by their identity, after `release`.
    """

    def __init__(self, state: State, log: Log, arguments: Sequence[tuple[Tensor, Any]] = ()) -> None:
        self.state, self.arguments = state, arguments
        self.log: Any = log
        self.tensors = [
            (name, t, t._array, t._leaf, None if t._leaf is None else t._leaf.grad)
            for name, t in state.tensors.items()
        ]
        self.packs = [
            (o, pack, {**vars(pack), "counts": [*pack.counts]}) for o in state.optimizers for pack in o._packs
        ]  # fmt: skip
        self._nodes = [t._node for t in state.tensors.values()]
        contained = [c for _, c, _ in state.sizes if type(c) in (list, dict)]
        contained += [c for _, c, _ in state.contents if type(c) in (set, collections.deque, bytearray)]
        self._contents = [(c, copy.copy(c)) for c in contained]
        self.appended: dict[int, Appended] = {}  # what stands for lists that are added to
        self._replaced: dict[int, tuple[Any, Any]] = {}  # what places held and hold, by their numbers
        for name, tensor, array, leaf, grad in self.tensors:
            tensor._array = log.input(array, Input("state", name))
            if grad is not None:
                leaf.grad = Tensor._make(log.input(grad._array, Input("grad", name)), None)
        for number, (place, value) in enumerate(state.places):
            traced = self._traced(value, place.name)
            if traced is not value:
                self._replaced[number] = value, traced
                place.put(traced)

    def _traced(self, value: Any, name: str) -> Any:
        """A value with traced arrays and generators in it; itself, if it has neither."""
        if type(value) is np.ndarray and value.dtype.kind in "fiubc":
            return self.log.input(value, Input("state", name))
        if isinstance(value, np.random.Generator):
            return self.log.generator(value)
        if id(value) in self.state.appended:
            return self.appended.setdefault(id(value), Appended(self.log, value))
        if type(value) is tuple:
            parts = tuple(self._traced(v, name) for v in value)
            return parts if any(a is not b for a, b in zip(parts, value)) else value
        return value

    # ---- what the run has done -----------------------------------------------------------------------------

    def rebound(self) -> list[str]:
        """The names of tensors that hold another array than before."""
        held = ((name, t._array, array) for name, t, array, _, _ in self.tensors)
        return [name for name, now, array in held if isinstance(now, Traced) and now._value is not array]

    def changed(self) -> list[str]:
        """The names of places that hold something else, and of containers of another size."""
        state = self.state
        sizes = [*state.sizes, *state.spaces]
        found = [name for name, container, size in sizes if len(container) != size]
        found += [name for known, names in state.missing.values() for name in names & known.keys()]
        found += [name for (name, t, *_), node in zip(self.tensors, self._nodes) if t._node is not node]
        found += [name for name, module, names in state.attributes if own_attributes(module) != names]
        found += [name for name, container, content in state.contents if content_of(container) != content]
        for number, (place, value) in enumerate(state.places):
            _, held = self._replaced.get(number, (value, value))
            if not place.of_optimizer and place.get() is not held:
                found.append(place.name)
        return found

    def grown(self, changed: list[str]) -> list[list[Any]]:
        """The lists that have got more items, if nothing else has changed; the names say what has."""
        lists = {id(c): before for c, before in self._contents if type(c) is list and len(c) > len(before)}
        found = [
            (name, c) for name, c, _ in self.state.sizes
            if id(c) in lists and all(a is b for a, b in zip(c, lists[id(c)]))
        ]  # fmt: skip
        return [c for _, c in found] if {name for name, _ in found} == {*changed} else []

    def put_back(self) -> None:
        """What was there before: the arrays, in which the run has written."""
        for number, (value, _) in self._replaced.items():
            self.state.places[number][0].put(value)
        for tensor, array in (*((t, array) for _, t, array, _, _ in self.tensors), *self.arguments):
            if isinstance(tensor._array, Traced) and tensor._array._value is array:
                tensor._array = array

    def made_gradients(self) -> list[tuple[Any, Ref]]:
        """The variables that have a gradient of the run, and what that is in the program."""
        found = []
        for _, _, _, leaf, _ in self.tensors:
            if leaf is not None and leaf.grad is not None and isinstance(traced := leaf.grad._array, Traced):
                leaf.grad._array = np.asarray(traced._value)
                found.append((leaf, traced._ref))
        return found

    def release(self) -> None:
        """Forget the traced arrays, and what was there before."""
        self.log, self._replaced, self._contents, self._nodes = None, {}, [], []
        self.names = {id(leaf): name for name, _, _, leaf, _ in self.tensors if leaf is not None}
        self.tensors, self.arguments = [], ()
        self.packs = [(optimizer, pack, {}) for optimizer, pack, _ in self.packs]

    @property
    def leaves(self) -> list[Any]:
        """The variables."""
        return [leaf for *_, leaf, _ in self.tensors if leaf is not None]

    def cleared(self, forgotten: list[Any]) -> list[Any]:
        """The variables that have no gradient any more, if one was there, or had been."""
        before = [leaf for *_, leaf, grad in self.tensors if grad is not None]
        return [leaf for leaf in {id(f): f for f in [*before, *forgotten]}.values() if leaf.grad is None]

    def _put_back_python(self) -> None:
        """What lists, dicts, globals and attributes held, before a run that failed."""
        for container, before in self._contents:
            if len(container) != len(before) or any(a is not b for a, b in zip(container, before)):
                container.clear()
                getattr(container, "update" if type(container) in (dict, set) else "extend")(before)
        for place, value in self.state.places:
            if not place.of_optimizer and place.get() is not value:
                place.put(value)
        for known, names in self.state.missing.values():
            for name in names & known.keys():
                del known[name]

    def undo(self) -> None:
        """What was there before a run that failed, beside what was written into arrays."""
        self.put_back()
        self._put_back_python()
        for (_, tensor, array, leaf, grad), node in zip(self.tensors, self._nodes):
            tensor._array, tensor._node = array, node
            if leaf is not None:
                leaf.grad = grad
        for tensor, array in self.arguments:
            tensor._array, tensor._node = array, None
        for _, pack, attributes in self.packs:
            vars(pack).clear()
            vars(pack).update(attributes)
