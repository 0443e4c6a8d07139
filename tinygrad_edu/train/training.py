"""Training: what changes in the course of a training, with all the state that its next step depends on."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import StateError
from ..nn.module import Module
from ..optim.optimizer import Optimizer
from ..optim.ownership import compared
from ..optim.plateau import ReduceOnPlateau
from .batches import Totals
from .compiled import Kept
from .generators import Generators
from .history import History
from .parts import check_gradients, own_parameters, warn_of_others
from .settings import Settings
from .stopping import Best

VERSION = 1


@dataclass
class Training:
    """A training, made from its settings: the parts that a step or an epoch changes.

    Parameters
    ----------
    settings : Settings
    model : Module
    loss : callable
    optimizer : Optimizer
    loader : iterable of batches
    held_out : iterable of batches, or None
        The validation data.
    warned_of : set of str
        What the user was warned of: the names of parameters that are not the optimizer's.
    ranks : Ranks, optional
        The processes that train together, if there are several.
    """

    settings: Settings
    model: Module
    loss: Any
    optimizer: Optimizer
    loader: Any
    held_out: Any
    warned_of: set[str]
    ranks: Any = None

    def __post_init__(self) -> None:
        self.schedule, self.watched = self.settings.rate_and_column
        best = self.settings.best
        self.best = None if best is None else Best(best, self.settings.usual)
        self.history, self.totals = History(), Totals(self.loss, keep=bool(self.settings.trained))
        self.began = False  # whether a step was made
        self.looked = 0.0  # when parameters that are not trained were looked for
        self.compiled: Any = None  # the function that makes one, if it is to be compiled
        self.kept: Kept | None = vars(self.optimizer).get("_kept")  # from trainings of the same parts
        self.single = self.many = 0  # how many steps were a call of it, and were made with others in one
        self.eager = 0  # how many calls of it were made as they are before
        self.by_rows = False  # whether batches were rows of arrays
        self.runs: Any = None  # of that function, where many steps are one call of C

    @property
    def batches(self) -> int | None:
        """The number of batches in an epoch, if that is known."""
        try:
            return len(self.loader)
        except TypeError:
            return None

    # ---- on its way ----------------------------------------------------------------------------------------

    def set_rate_of_epoch(self) -> None:
        """Give the optimizer the rate of the epoch that begins, if there is a schedule for epochs."""
        if isinstance(self.schedule, ReduceOnPlateau):
            self.optimizer.lr = self.schedule.lr
        elif self.schedule is not None:
            self.optimizer.lr = self.schedule(len(self.history))

    def update(self) -> None:
        """Let the optimizer make its step; at the first one, see whether it reaches what it should."""
        if not self.began:
            check_gradients(self.optimizer)
        self.optimizer.step()  # type: ignore[attr-defined]  # each kind of optimizer has its own
        self.history.count_step()
        if not self.began:
            self.began = True
            self.look_for_others()

    def look_for_others(self, *, every: float = 0.0) -> None:
        """Warn of parameters that are there by now and not the optimizer's, as of a layer made in forward.

        Going through all modules takes as long as a small step: after short epochs it is done each so many
        seconds.
        """
        if time.monotonic() - self.looked < every:
            return
        self.looked = time.monotonic()
        others, _ = compared(own_parameters(self.model, self.loss), self.optimizer.params)
        if new := [name for name in others if self.is_news(name)]:
            warn_of_others(new, "made or unfrozen after the optimizer was made, not among its parameters")

    def is_news(self, what: str) -> bool:
        """Whether the user was not yet warned of something; from now on it is no news."""
        news = what not in self.warned_of
        self.warned_of.add(what)
        return news

    def place_validation(self) -> None:
        """Let a loader of validation data begin the epoch of the training, as that of a resumed one does.

        Its random maps depend on it.
        """
        from ..data import DataLoader

        if isinstance(self.held_out, DataLoader) and self.held_out is not self.loader:
            self.held_out.epoch = len(self.history)

    # ---- state ---------------------------------------------------------------------------------------------

    def parts(self) -> dict[str, Any]:
        """By name, everything that has a state: a ``state_dict`` and a ``load_state_dict``."""
        names = ("model", "loss", "optimizer", "schedule", "best", "history")
        named = {name: getattr(self, name) for name in names}
        generators = Generators([self.model, self.loss])
        named |= {"epoch": self.totals, "generators": generators, "data": self.loader}
        return {name: part for name, part in named.items() if hasattr(part, "state_dict")}

    def state_dict(self) -> dict[str, Any]:
        """The states of all parts by name."""
        states = {name: part.state_dict() for name, part in self.parts().items()}
        return {"kind": "training", "version": VERSION, **states}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the states of all parts or, if anything does not fit, none.

        Raises
        ------
        StateError
            Saying what does not fit; nothing was changed.
        """
        parts, before = self.parts(), self.state_dict()
        _check_kind(state, before)
        loaded = []
        try:
            for name, part in parts.items():
                _load(name, part, state[name])
                loaded.append(name)
            self._check_loaded()
        except StateError:
            for name in loaded:
                parts[name].load_state_dict(before[name])
            raise
        if self.best is not None:
            self.history.mark_best(self.best.epoch or None)

    def _check_loaded(self) -> None:
        """Raise a StateError if what is in the states would be found not to fit only later on."""
        columns = self.settings.columns
        if len(self.history) and list(self.history) != columns:
            differ = f"{', '.join(self.history)}, this training's will have {', '.join(columns)}"
            raise StateError(f"The checkpoint's history has the columns {differ}. Nothing was loaded.")
        if self.best is not None and self.best.weights:
            own = {name: value.shape for name, value in self.model.state_dict().items()}
            if own != {name: np.shape(value) for name, value in self.best.weights.items()}:
                raise StateError("The checkpoint's best weights are not of this model. Nothing was loaded.")


def _check_kind(state: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raise unless a state is that of a training, of this version, with the same parts."""
    if state.get("kind") != "training":
        told = "This checkpoint is not one of a training by fit: it has other contents"
        raise StateError(f"{told}. Nothing was loaded.")
    if (version := state.get("version")) != VERSION:
        told = f"The checkpoint has version {version!r} of a training, and this is version {VERSION}"
        raise StateError(f"{told}. Nothing was loaded.")
    differences = {"missing": own.keys() - state.keys(), "unexpected": state.keys() - own.keys()}
    lines = [f"\n  {word}: {', '.join(sorted(names))}" for word, names in differences.items() if names]
    if lines:
        told = "The checkpoint is of a training with other settings, and nothing was loaded"
        raise StateError(f"{told}:{''.join(lines)}")


def _load(name: str, part: Any, state: Any) -> None:
    try:
        part.load_state_dict(state)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise StateError(f"The checkpoint's {name} does not fit, and nothing was loaded. {error}") from error
