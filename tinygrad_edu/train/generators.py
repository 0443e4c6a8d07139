"""The generators of random numbers that a training draws from, whose states a checkpoint holds."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import StateError
from ..nn.module import Module
from ..random import DEFAULT


class Generators:
    """The generators that modules hold, such as those of dropout layers, and that of `tinygrad_edu.seed`.

    Parameters
    ----------
    roots : list
        The modules; what else is in the list is ignored.
    """

    def __init__(self, roots: list[Any]) -> None:
        self.named: dict[str, np.random.Generator] = {}
        for root in roots:
            for path, module in root.named_modules() if isinstance(root, Module) else ():
                for name, rng in _found(f"{path}.{type(module).__name__}", vars(module)):
                    self._add(f"{len(self.named)} {name}", rng)
        if (default := DEFAULT.get().value) is not None:
            self._add("seed", default)

    def _add(self, name: str, rng: "np.random.Generator") -> None:
        if not any(rng is known for known in self.named.values()):  # layers often share one
            self.named[name] = rng

    def state_dict(self) -> dict[str, Any]:
        """By name, the state of each generator as NumPy gives it: nested dicts of numbers and arrays."""
        return {name: rng.bit_generator.state for name, rng in self.named.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        StateError
            If there are other generators; nothing was changed.
        """
        state = {name: one for name, one in state.items() if name != "ranks"}  # of a distributed training
        kinds = {name: type(rng.bit_generator).__name__ for name, rng in self.named.items()}
        saved = {name: one["bit_generator"] for name, one in state.items()}
        if kinds != saved:
            raise StateError(f"Expected the generators {kinds or 'none'}, got {saved or 'none'}.")
        for name, rng in self.named.items():
            rng.bit_generator.state = state[name]

    def part_ways(self, rank: int) -> None:
        """Let generators that are the same on all ranks draw other numbers on this one."""
        for rng in self.named.values():
            drawn = rng.integers(2**32, size=4).tolist()
            rng.bit_generator.state = type(rng.bit_generator)(np.random.SeedSequence([*drawn, rank])).state


def _found(path: str, value: Any) -> Iterator[tuple[str, np.random.Generator]]:
    """The generators in a value, and in lists, tuples and dicts in it, with their paths."""
    if isinstance(value, np.random.Generator):
        yield path, value
    elif isinstance(value, (dict, list, tuple)):
        for name, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _found(f"{path}.{name}", child)
