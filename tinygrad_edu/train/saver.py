"""Saver: it saves a training when its checkpoint says so, and goes on from what was saved."""

import math
import os
import time

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
        if source is False:
            return
        if source is True:
            if self.checkpoint is None:
                told = "resume=True goes on from the file of checkpoint=, and there is none"
                raise ArgumentError(f"fit: {told}.")
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
        """Save now, unless the file holds just this state."""
        now = self.training.history.steps, len(self.training.history)
        if self.checkpoint is None or self.saved == now:
            return
        from ..io import keep_previous, save_checkpoint

        keep_previous(self.checkpoint.path, self.checkpoint.keep - 1)
        save_checkpoint(self.checkpoint.path, self.training.state_dict())
        self.next, self.saved = time.monotonic() + self.period, now
