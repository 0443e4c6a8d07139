"""Settled: whether all is as it was that tells when it changes: modules, settings of optimizers, hooks."""

import math
from typing import Any

import numpy as np

from ..state.places import Place, own_attributes
from ..state.state import State


class Settled:
    """What modules, optimizers and tensors held when a function was traced.

    It is asked where the count of settings is another one, and holds no more than what it compares.

    Parameters
    ----------
    state : State
    packs : list of (Optimizer, Pack)
    """

    def __init__(self, state: State, packs: list[tuple[Any, Any]]) -> None:
        self.tensors = [(t, t._array, t._node) for t in state.tensors.values()]
        self._packs, self._modes, self._settings = packs, state.modes, state.settings
        known: dict[tuple[Any, ...], tuple[Any, ...]] = {}  # layers of a kind have the same attributes
        names = [(module, tuple(names)) for _, module, names in state.attributes]
        self._attributes = [(module, known.setdefault(each, each)) for module, each in names]
        held: dict[int, tuple[Any, list[Any], list[Any]]] = {}
        for place, value in state.places:
            if place.tells or (place.of_optimizer and isinstance(value, (np.ndarray, list))):
                _, keys, values = held.setdefault(id(place.container), (place.container, [], []))
                keys.append(place.key)
                values.append(value)
        self._held = [(container, tuple(keys), tuple(values)) for container, keys, values in held.values()]

    def holds(self) -> bool:
        """Whether all of it is as it was; if so, steps compute the optimizers' numbers anew."""
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
