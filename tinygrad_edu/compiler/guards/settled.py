"""Settled: whether all is as it was that tells when it changes: modules, settings of optimizers, hooks."""

import math
from typing import Any

import numpy as np

from ..asleep import Asleep
from ..state.places import Attribute, Own, Place, Slot, own_attributes
from ..state.state import State


class Settled:
    """What modules, optimizers and tensors held when a function was traced.

    It is asked where the count of settings is another one, and sleeps until that is so for the first time.

    Parameters
    ----------
    state : State
    packs : list of (Optimizer, Pack)
    """

    def __init__(self, state: State, packs: list[tuple[Any, Any]]) -> None:
        tensors = [(t, t._array, t._node) for t in state.tensors.values()]
        known: dict[tuple[Any, ...], tuple[Any, ...]] = {}  # layers of a kind have the same attributes
        names = [(module, tuple(names)) for _, module, names in state.attributes]
        attributes = [(module, known.setdefault(each, each)) for module, each in names]
        held: dict[int, tuple[Any, list[Any], list[Any]]] = {}
        for place, value in state.places:
            if place.tells or (place.of_optimizer and isinstance(value, (np.ndarray, list))):
                _, keys, values = held.setdefault(id(place.container), (place.container, [], []))
                keys.append(place.key)
                values.append(value)
        parts = tensors, packs, state.modes, state.settings, attributes, [*held.values()]
        same = [one for container, _, values in held.values() for one in (container, *values)]
        self._asleep: Asleep | None = Asleep(parts, Attribute, Own, Slot, same=same)

    def _awake(self) -> None:
        """Know what there is to compare; from then on that is at hand."""
        if (asleep := self._asleep) is not None:
            self.tensors, self._packs, self._modes, self._settings, self._attributes, held = asleep.awake()
            self._held = [(container, tuple(keys), tuple(values)) for container, keys, values in held]
            self._asleep = None

    def holds(self) -> bool:
        """Whether all of it is as it was; if so, steps compute the optimizers' numbers anew."""
        self._awake()
        for container, keys, values in self._held:
            if any(now is not value for now, value in zip(_of(container, keys), values)):
                return False
        if any(module.training is not training for module, training in self._modes):
            return False
        if any(tuple(own_attributes(module)) != names for module, names in self._attributes):
            return False
        for group, settings in self._settings:
            if {k: v for k, v in group.settings().items() if k != "lr"} != settings:
                return False
        for tensor, array, node in self.tensors:
            if tensor._array is not array or tensor._node is not node:
                return False
            if node is not None and node.notes is not None and node.notes.hooks:
                return False
        for optimizer, pack in self._packs:  # of whose numbers a step sets those that it changes
            pack.numbers.floats = [math.nan] * len(pack.numbers.floats)
            pack.numbers.set(optimizer.coefficients(pack.group, pack.counts[0] + 1))
        return True


def _of(container: Any, keys: tuple[Any, ...]) -> list[Any]:
    """What is in places of an object now."""
    return [Place("", container, key).get() for key in keys]
