"""Random draws of a traced run: they stay draws, of the same generators, in every step."""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...random import DEFAULT, _meant
from .whose_code import is_of_the_user

METHODS = [
    name
    for name in dir(np.random.Generator)
    if not name.startswith("_") and name not in ("bit_generator", "spawn", "shuffle")
]


class TracedGenerator(np.random.Generator):
    """A generator whose draws are noted; it draws from the one that it stands for."""

    def __init__(self, generator: np.random.Generator, log: Any) -> None:
        super().__init__(generator.bit_generator)
        self.generator, self.log = generator, log

    def shuffle(self, x: Any, axis: int = 0) -> None:
        """Shuffle an array of the step in place, in every step."""
        if not isinstance(getattr(x, "_log", None), type(self.log)):
            raise self.log.refusal(
                f"rng.shuffle of a {type(x).__name__}, in {self.log.where()}: its order would be the first "
                "step's for ever. Draw rng.permutation(n), and index an array by that."
            )
        self.log.call(self.generator.shuffle, (x, axis), {})

    def spawn(self, n_children: int) -> Any:
        """Refuse generators that would begin anew in every step."""
        raise self.log.refusal(
            f"rng.spawn, in {self.log.where()}: the numbers of these generators would be the first step's "
            "for ever. Spawn them outside of the step."
        )

    @property
    def bit_generator(self) -> Any:
        """What it draws from, but for the user, who may set its state."""
        if is_of_the_user(sys._getframe(1).f_code.co_filename):
            raise self.log.refusal(
                f"rng.bit_generator, in {self.log.where()}: the compiled step would not look at it again. Do "
                "that outside of the step."
            )
        return self.generator.bit_generator


def _drawing(name: str) -> Callable[..., Any]:
    def draw(self: TracedGenerator, *args: Any, **kwargs: Any) -> Any:
        method = getattr(self.generator, name)
        return self.log.call(method, args, kwargs)

    return draw


for _name in METHODS:
    setattr(TracedGenerator, _name, _drawing(_name))


class TracedDraws:
    """What `random.generator` asks while a run is traced; see `random.DRAWS`."""

    def __init__(self, log: Any) -> None:
        self.log = log

    def give(self, rng: Any) -> np.random.Generator:
        """The generator that is meant, as one whose draws are noted."""
        found = _meant(rng)
        self.log.asked = self.log.asked or rng is None
        if isinstance(found, TracedGenerator):
            return found
        fresh = rng is None and DEFAULT.get().value is None  # which eager steps seed by entropy every time
        if not fresh and id(found) not in self.log.known:
            raise self.log.refusal(
                f"A random generator is made within the step, in {self.log.where()}: its numbers would go on "
                "where they begin anew. Make it outside of the step."
            )
        return self.log.generator(found)
