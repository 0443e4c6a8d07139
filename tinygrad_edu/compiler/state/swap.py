"""Swapping: traced arrays stand in the place of what a state holds while a run is traced."""

import collections
from typing import Any

import numpy as np

from ...tensor import Tensor
from ..program import Input, Ref
from ..trace.log import Log
from ..trace.traced import Traced
from .appended import Appended
from .asking import is_pythons, standing
from .assigned import Change, of_attributes, of_keys, of_places
from .layout import Layout
from .places import GONE, MISSING, Place, content_of, own_attributes, packs_of
from .state import State

GROWING = (dict, collections.OrderedDict, *MISSING)  # dicts to which a step may add keys


class Swap:
    """Traced arrays in the place of what a state holds, from `begin` until they are put back.

    Attributes
    ----------
    tensors : list of (str, Tensor, ndarray, Leaf, Tensor)
        Each tensor with its name, and what it held: its array, its variable and the gradient of that, or
        None.
    layout : Layout
        The arguments of the function, and what places hold that it assigns to.
    packs : list of (Optimizer, Pack, dict)
        The packs of the optimizers, with their attributes.
    names : dict of int to str
        The names of variables, by their identity, after `release`.
    """

    def __init__(self, state: State, log: Log, layout: Layout) -> None:
        self.state, self.layout = state, layout
        self.log: Any = log
        self.tensors = [
            (name, t, t._array, t._leaf, None if t._leaf is None else t._leaf.grad)
            for name, t in state.tensors.items()
        ]
        self.packs = [
            (o, pack, {**vars(pack), "counts": [*pack.counts]})
            for o in state.optimizers for pack in packs_of(o)
        ]  # fmt: skip
        self._nodes = [t._node for t in state.tensors.values()]
        contained = [c for _, c, _ in state.sizes if isinstance(c, (list, dict))]
        contained += [c for _, c, _ in state.contents if type(c) in (set, collections.deque, bytearray)]
        self._contents = [(c, kind_of(c)(c)) for c in contained]
        self.appended: dict[int, Appended] = {}  # what stands for lists that are added to
        self._replaced: dict[int, tuple[Any, Any]] = {}  # what places held and hold, by their numbers

    def begin(self) -> None:
        """Put them there."""
        for name, tensor, array, leaf, grad in self.tensors:
            tensor._array = self.log.input(array, Input("state", name))
            if grad is not None:
                leaf.grad = Tensor._make(self.log.input(grad._array, Input("grad", name)), None)
        for number, (place, value) in enumerate(self.state.places):
            traced = value if is_pythons(place) else self._traced(value, place.name)
            if traced is not value:
                self._replaced[number] = value, traced
                place.put(traced)
        for one in self.layout.assigned:
            if one.before is not GONE:
                one.place.put(one.stands)

    def _traced(self, value: Any, name: str) -> Any:
        """A value with traced arrays and generators in it; itself, if it has neither."""
        if type(value) is np.ndarray and value.dtype.kind in "fiubc":
            return self.log.input(value, Input("state", name))
        if id(value) in self.state.outside.lists:
            return self.appended.setdefault(id(value), Appended(self.log, value, name, self.state.known))
        if type(value) is tuple:
            parts = tuple(self._traced(v, name) for v in value)
            return parts if any(a is not b for a, b in zip(parts, value)) else value
        return standing(self.log.drawing(value))

    # ---- what the run has done -----------------------------------------------------------------------------

    def rebound(self) -> list[str]:
        """The names of tensors that hold another array than before."""
        held = ((name, t._array, array) for name, t, array, _, _ in self.tensors)
        return [name for name, now, array in held if isinstance(now, Traced) and now._value is not array]

    def changes(self) -> list[Change]:
        """What places hold otherwise, and containers of another size; but for what the step assigns to."""
        state = self.state
        before = {id(c): held for c, held in self._contents}
        added = [one.place for one in self.layout.assigned if one.before is GONE]
        new = [id(place.container) for place in added if place.get() is not GONE]
        found = []
        for name, container, size in [*state.sizes, *state.spaces]:
            if len(container) != size + new.count(id(container)):
                held = before.get(id(container))
                is_list = type(container) is list and all(map(is_kept, container, held or ()))
                if type(container) in GROWING and held is not None:
                    found.append(of_keys(name, container, held))
                else:
                    found.append(Change(name, [container] if is_list and len(container) > size else [], []))
        for name, container, _ in state.sizes:
            held = before.get(id(container))
            if isinstance(held, dict) and [*container][: len(held)] != [*held]:
                found.append(Change(name, [], []))  # its keys have another order
        for known, names in state.missing.values():
            marks = {place.mark for place in added}
            named = [Place(name, known, name) for name in names & known.keys()]
            found += [Change(place.name, [], [place]) for place in named if place.mark not in marks]
        for (name, t, *_), node in zip(self.tensors, self._nodes):
            found += [Change(name, [], [])] if t._node is not node else []
        for name, module, attributes in state.attributes:
            keys = {place.key for place in added if place.container is module}
            if [k for k in own_attributes(module) if k not in keys] != attributes:
                found.append(of_attributes(name, module, attributes))
        for name, container, content in state.contents:
            grown: list[Any] = [container] if type(container) is collections.deque else []  # it may have
            found += [Change(name, grown, [])] if content_of(container) != content else []
        held = [
            (place, self._replaced.get(i, (0, value))[1]) for i, (place, value) in enumerate(state.places)
        ]
        return [*found, *of_places(held)]

    def assigned(self) -> list[Any]:
        """What the places hold now that the step assigns to."""
        return [one.place.get() for one in self.layout.assigned]

    def put_back(self) -> None:
        """What was there before: the arrays, in which the run has written."""
        for number, (value, _) in self._replaced.items():
            self.state.places[number][0].put(value)
        for one in self.layout.assigned:
            one.put_back()
        for tensor, array in (*((t, array) for _, t, array, _, _ in self.tensors), *self.layout.tensors):
            if isinstance(tensor._array, Traced) and tensor._array._value is array:
                tensor._array = array

    def made_gradients(self) -> list[tuple[Any, Ref]]:
        """The variables that have a gradient of the run, and what that is in the program."""
        found = []
        for _, _, _, leaf, grad in self.tensors:
            if leaf is not None and leaf.grad is not None and isinstance(traced := leaf.grad._array, Traced):
                array = leaf.grad._array = np.asarray(traced._value)
                if grad is not None and grad._array is array and grad._node is None:
                    leaf.grad = grad  # which others may hold
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
                kind: Any = kind_of(container)
                kind.clear(container)
                (kind.update if isinstance(before, (dict, set)) else kind.extend)(container, before)
        for place, value in self.state.places:
            if not place.of_optimizer and place.get() is not value:
                place.put(value)
        for known, names in self.state.missing.values():
            for name in names & known.keys():
                del known[name]
        for _, module, attributes in self.state.attributes:
            for name in own_attributes(module)[1:]:
                if name not in attributes:
                    delattr(module, name)

    def undo(self) -> None:
        """What was there before a run that failed, beside what was written into arrays."""
        self.put_back()
        self._put_back_python()
        for (_, tensor, array, leaf, grad), node in zip(self.tensors, self._nodes):
            tensor._array, tensor._node = array, node
            if leaf is not None:
                leaf.grad, leaf.shape, leaf.dtype = grad, array.shape, array.dtype
        for tensor, array in self.layout.tensors:
            tensor._array, tensor._node = array, None
        for _, pack, attributes in self.packs:
            vars(pack).clear()
            vars(pack).update(attributes)


def kind_of(container: Any) -> Any:
    """Python's own class of a container, which keeps what it is given as it is, unlike a Counter."""
    kinds = (collections.OrderedDict, dict, list, set, collections.deque, bytearray)
    return next(kind for kind in kinds if isinstance(container, kind))


def is_kept(item: Any, before: Any) -> bool:
    """Whether an item is what a list had, or stands for that."""
    return item is before or (isinstance(item, Traced) and item._value is before)
