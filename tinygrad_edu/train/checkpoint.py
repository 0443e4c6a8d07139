"""Checkpoints: all that a training's next step depends on, saved every so often, so that it can go on as if it had never stopped."""

import math
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ArgumentError, StateError
from ..nn.module import Module
from ..optim.optimizer import Optimizer
from ..random import DEFAULT
from .batches import Totals
from .history import History
from .stopping import Best

VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """Where a training is saved, and when: at its end or interruption, and every so often before.

    Parameters
    ----------
    path : str or path-like
        The file that holds the last state; each replaces the one before, whole or not at all.
    epochs : int, at least 1, default=1
        Save after every so many epochs.
    seconds : float, at least 0, optional
        Save also after the first step, in the middle of an epoch too, since which so many seconds have
        passed.
    keep : int, at least 1, default=1
        How many of the last states to keep: the newest in ``path``, older ones beside it as ``path.1``,
        ``path.2``, …
    best : str or path-like, optional
        A second file, with the weights of the best epoch alone:
        ``model.load_state_dict(load_safetensors(best)[0])``.  Best is what `EarlyStopping` says, or by
        default the lowest validation loss, or training loss without validation data.

    Raises
    ------
    ArgumentError
        If a setting is out of its range, a folder does not exist, or a path is one.

    Examples
    --------
    >>> import tempfile
    >>> from tinygrad_edu import nn, optim, train
    >>> x = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> def run(epochs, path):
    ...     model = nn.Linear(1, 1, rng=0)
    ...     train.fit(model, nn.MSELoss(), optim.Adam(model.parameters()), (x, 2 * x), epochs=epochs, checkpoint=Checkpoint(path), resume=True)
    ...     return model.weight.item()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     broken_off = run(2, folder + "/one.ckpt")
    ...     print(run(5, folder + "/one.ckpt") == run(5, folder + "/other.ckpt"))
    True
    """

    path: str | os.PathLike[str]
    epochs: int = field(default=1, kw_only=True)
    seconds: float | None = field(default=None, kw_only=True)
    keep: int = field(default=1, kw_only=True)
    best: str | os.PathLike[str] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not self.epochs >= 1 or not (self.seconds is None or self.seconds >= 0):
            raise ArgumentError(
                f"Checkpoint: epochs is at least 1 and seconds at least 0; got {self.epochs} and "
                f"{self.seconds}."
            )
        if not self.keep >= 1:
            raise ArgumentError(
                f"Checkpoint: keep is at least 1, the state in the file itself; got {self.keep}."
            )
        for path in (self.path, self.best):
            if path is not None and (Path(path).is_dir() or not Path(path).parent.is_dir()):
                raise ArgumentError(
                    f"Checkpoint: {path} is no file in a folder that exists; training would be lost at the "
                    "first saving."
                )


@dataclass
class Training:
    """The parts of a training that a step or an epoch changes."""

    model: Module
    loss: Any
    optimizer: Optimizer
    loader: Any
    schedule: Any = None
    best: Best | None = None
    columns: list[str] = field(default_factory=list)  # that the history will have
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        self.totals = Totals(self.loss)

    def parts(self) -> dict[str, Any]:
        """By name, everything that has a state: a ``state_dict`` and a ``load_state_dict``."""
        named = {
            "model": self.model,
            "loss": self.loss,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "best": self.best,
        }
        named |= {
            "history": self.history,
            "epoch": self.totals,
            "generators": Generators([self.model, self.loss]),
            "data": self.loader,
        }
        return {name: part for name, part in named.items() if hasattr(part, "state_dict")}

    def state_dict(self) -> dict[str, Any]:
        """The states of all parts by name."""
        return {
            "kind": "training",
            "version": VERSION,
            **{name: part.state_dict() for name, part in self.parts().items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the states of all parts or, if anything does not fit, none.

        Raises
        ------
        StateError
            Saying what does not fit; nothing was changed.
        """
        parts, before, loaded = self.parts(), self.state_dict(), []
        if state.get("kind") != "training":
            raise StateError(
                "This checkpoint is not one of a training by fit: it has other contents. Nothing was loaded."
            )
        if state.get("version") != VERSION:
            raise StateError(
                f"The checkpoint has version {state.get('version')!r} of a training, and this is version "
                f"{VERSION}. Nothing was loaded."
            )
        if state.keys() != before.keys():
            missing, unexpected = sorted(before.keys() - state.keys()), sorted(state.keys() - before.keys())
            raise StateError(
                "The checkpoint is of a training with other settings, and nothing was loaded:"
                + "".join(
                    f"\n  {word}: {', '.join(names)}"
                    for word, names in (("missing", missing), ("unexpected", unexpected))
                    if names
                )
            )
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
            self.history.best_epoch = self.best.epoch or None

    def _check_loaded(self) -> None:
        """Raise a StateError if what is in the states would be found not to fit only later on."""
        if len(self.history) and list(self.history) != self.columns:
            had, will = ", ".join(self.history), ", ".join(self.columns)
            raise StateError(
                f"The checkpoint's history has the columns {had}, this training's will have {will}. Nothing "
                "was loaded."
            )
        if self.best is not None and self.best.weights:
            own = {name: value.shape for name, value in self.model.state_dict().items()}
            if own != {name: np.shape(value) for name, value in self.best.weights.items()}:
                raise StateError("The checkpoint's best weights are not of this model. Nothing was loaded.")


def _load(name: str, part: Any, state: Any) -> None:
    try:
        part.load_state_dict(state)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise StateError(f"The checkpoint's {name} does not fit, and nothing was loaded. {error}") from error


class Generators:
    """The generators of random numbers that modules hold, such as those of dropout layers, and that of `tinygrad_edu.seed`."""

    def __init__(self, roots: list[Any]) -> None:
        self.named: dict[str, np.random.Generator] = {}
        seen: set[int] = set()
        for root in roots:
            for path, module in root.named_modules() if isinstance(root, Module) else ():
                for name, rng in _generators(f"{path}.{type(module).__name__}", vars(module)):
                    if id(rng) not in seen:  # layers often share one
                        seen.add(id(rng))
                        self.named[f"{len(self.named)} {name}"] = rng
        if (default := DEFAULT.get().value) is not None and id(default) not in seen:
            self.named["seed"] = default

    def state_dict(self) -> dict[str, Any]:
        """By name, the state of each generator as NumPy gives it: nested dicts of numbers, strings and arrays."""
        return {name: rng.bit_generator.state for name, rng in self.named.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        StateError
            If there are other generators; nothing was changed.
        """
        kinds = {name: type(rng.bit_generator).__name__ for name, rng in self.named.items()}
        saved = {name: one["bit_generator"] for name, one in state.items()}
        if kinds != saved:
            raise StateError(f"Expected the generators {kinds or 'none'}, got {saved or 'none'}.")
        for name, rng in self.named.items():
            rng.bit_generator.state = state[name]


def _generators(path: str, value: Any) -> Iterator[tuple[str, np.random.Generator]]:
    """The generators in a value, and in lists, tuples and dicts in it, with their paths."""
    if isinstance(value, np.random.Generator):
        yield path, value
    elif isinstance(value, dict):
        for name, child in value.items():
            yield from _generators(f"{path}.{name}", child)
    elif isinstance(value, (list, tuple)):
        for i, child in enumerate(value):
            yield from _generators(f"{path}.{i}", child)


class Saver:
    """Saves a training when its time has come; one without a checkpoint never."""

    def __init__(self, checkpoint: Checkpoint | None, training: Training) -> None:
        self.checkpoint, self.training = checkpoint, training
        self.period = math.inf if checkpoint is None or checkpoint.seconds is None else checkpoint.seconds
        self.next = time.monotonic() + self.period
        self.saved: tuple[int, int] | None = None

    def resume(self, source: bool | str | os.PathLike[str]) -> None:
        """Go on from a file; True is the checkpoint's own, if it exists."""
        if source is False:
            return
        if source is True:
            if self.checkpoint is None:
                raise ArgumentError(
                    "fit: resume=True goes on from the file of checkpoint=, and there is none."
                )
            if not os.path.exists(self.checkpoint.path):
                return
            source = self.checkpoint.path
        from ..io import load_checkpoint

        self.training.load_state_dict(load_checkpoint(source))

    def after_step(self) -> None:
        """Save if the seconds have passed."""
        if self.period < math.inf and time.monotonic() >= self.next:
            self.save()

    def after_epoch(self, improved: bool) -> None:
        """Save the best weights if they are new, and the training if enough epochs have passed."""
        if self.checkpoint is None:
            return
        if improved and self.checkpoint.best is not None:
            from ..io import save_safetensors

            save_safetensors(self.checkpoint.best, self.training.model.state_dict())
        if len(self.training.history) % self.checkpoint.epochs == 0:
            self.save()

    def save(self) -> None:
        """Save now, unless what is in the file is just that."""
        now = self.training.history.steps, len(self.training.history)
        if self.checkpoint is not None and self.saved != now:
            from ..io import keep_previous, save_checkpoint

            keep_previous(self.checkpoint.path, self.checkpoint.keep - 1)
            save_checkpoint(self.checkpoint.path, self.training.state_dict())
            self.next, self.saved = time.monotonic() + self.period, now
