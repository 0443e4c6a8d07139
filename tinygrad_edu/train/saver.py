"""Saver: it saves a training when its checkpoint says so, and goes on from what was saved."""

import math
import os
import time
from typing import Any

from ..errors import ArgumentError
from .checkpoint import Checkpoint
from .training import Training


class Saver:
    """Saves a training when its time has come; without a checkpoint, never.

    Parameters
    ----------
    checkpoint : Checkpoint or None
    training : Training
    """

    def __init__(self, checkpoint: Checkpoint | None, training: Training) -> None:
        self.checkpoint, self.training = checkpoint, training
        self.period = math.inf if checkpoint is None or checkpoint.seconds is None else checkpoint.seconds
        self.next = time.monotonic() + self.period
        self.saved: tuple[int, int] | None = None  # steps and epochs of the state in the file

    def resume(self, source: bool | str | os.PathLike[str]) -> None:
        """Go on from a file; True stands for the checkpoint's own, if that exists."""
        if self.training.ranks is not None:
            self.training.ranks.load(self.training, lambda: self._read(source))
        elif (state := self._read(source)) is not None:
            self.training.load_state_dict(state)

    def _read(self, source: bool | str | os.PathLike[str]) -> Any:
        """The state in a file, if there is one to go on from."""
        if source is False:
            return None
        if source is True:
            if self.checkpoint is None:
                told = "resume=True goes on from the file of checkpoint=, and there is none"
                raise ArgumentError(f"fit: {told}.")
            if not os.path.exists(self.checkpoint.path):
                return None
            source = self.checkpoint.path
        from ..io import load_checkpoint

        return load_checkpoint(source)

    def is_due(self) -> bool:
        """Whether the seconds have passed after which the training is saved in the middle of an epoch."""
        return self.period < math.inf and time.monotonic() >= self.next

    def after_step(self) -> None:
        """Save if the seconds have passed; of several ranks, if they have on rank 0."""
        ranks = self.training.ranks
        if self.is_due() if ranks is None else ranks.granted["save"]:
            self.save()

    def after_epoch(self, improved: bool) -> None:
        """Save the best weights if they are new, and the training if enough epochs have passed."""
        if self.checkpoint is None:
            return
        if improved and self.checkpoint.best is not None and self._writes:
            from ..io import save_safetensors

            save_safetensors(self.checkpoint.best, self.training.model.state_dict())
        if len(self.training.history) % self.checkpoint.epochs == 0:
            self.save()

    def save(self) -> None:
        """Save now, unless the file holds just this state."""
        now = self.training.history.steps, len(self.training.history)
        if self.checkpoint is None or self.saved == now:
            return
        from ..io import keep_previous, save_checkpoint

        ranks = self.training.ranks
        state = self.training.state_dict() if ranks is None else ranks.state_of(self.training)
        if self._writes:
            keep_previous(self.checkpoint.path, self.checkpoint.keep - 1)
            save_checkpoint(self.checkpoint.path, state)
        self.next, self.saved = time.monotonic() + self.period, now

    @property
    def _writes(self) -> bool:
        """Whether this process writes files: of several ranks, rank 0 does."""
        return self.training.ranks is None or bool(self.training.ranks.is_root)
