"""What was there before a run is traced: to go back to it if the run is refused, and to see what changed."""

import pickle
import sys
from typing import Any

import numpy as np

from ...random import DEFAULT
from ...versions import SETTINGS
from ..program import Program, owner_of
from .state import State


class Before:
    """Copies of what a run may write into, and the counts and states that tell what it has done.

    Attributes
    ----------
    rates, count : int
        How often rates of optimizers, and settings, had been set.
    """

    def __init__(self, program: Program, state: State) -> None:
        self.rates, self.count = SETTINGS.rates, SETTINGS.count
        self._shared = shared_draws()
        generators = [
            g for g in (*state.seen.values(), DEFAULT.get().value) if isinstance(g, np.random.Generator)
        ]
        self._states = [(g.bit_generator, g.bit_generator.state) for g in generators]
        self._settings = [(group, group.settings()) for group, _ in state.settings]
        self._modes = [(vars(module), vars(module).get("training")) for module, _ in state.modes]
        self._errors = np.geterr()
        self._copies: dict[int, tuple[Any, Any]] = {}
        for ref in program.inputs:
            owner = owner_of(program.values[ref.number])
            if isinstance(owner, np.ndarray) and owner.flags.writeable:
                self._copies.setdefault(id(owner), (owner, owner.copy()))

    def has_drawn(self) -> bool:
        """Whether the run has drawn from a generator that everyone shares."""
        return bool(shared_draws() != self._shared)

    def restore(self) -> None:
        """Have the values from before the run."""
        for array, copy in self._copies.values():
            if not array.flags.writeable:
                array.flags.writeable = True
            array[...] = copy
        for generator, before in self._states:
            generator.state = before
        if self.has_drawn():
            draw_again(self._shared)
        for group, settings in self._settings:
            vars(group).update(settings)
        for attributes, was in self._modes:
            if was is None:  # its class says so
                attributes.pop("training", None)
            else:
                attributes["training"] = was
        np.seterr(**self._errors)


def shared_draws() -> tuple[bytes, Any]:
    """The states of the generators that everyone shares, NumPy's and Python's."""
    numpys, pythons = sys.modules.get("numpy.random"), sys.modules.get("random")
    state = pickle.dumps(numpys.get_state(legacy=False)) if numpys else b""
    return state, pythons.getstate() if pythons else None


def draw_again(states: tuple[bytes, Any]) -> None:
    """Have these generators go on from there."""
    state, of_python = states
    if state:
        sys.modules["numpy.random"].set_state(pickle.loads(state))  # noqa: S301  # our own
    if of_python:
        sys.modules["random"].setstate(of_python)
