"""Checkpoint: where and when a training is saved."""

import os
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

from ..errors import ArgumentError


@dataclass(frozen=True)
class Checkpoint:
    """Where a training is saved, and when: at its end or interruption, and every so often before.

    Parameters
    ----------
    path : str or path-like
        The file that holds the last state; each replaces the one before, whole or not at all.
    epochs : int, at least 1, default=1
        The training is saved after every so many epochs.
    seconds : float, at least 0, optional
        The training is also saved after the first step, in the middle of an epoch too, since which so many
        seconds have passed.
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
    >>> import numpy as np
    >>> from tinygrad_edu import nn, optim, train
    >>> x = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> def run(epochs, path):
    ...     model = nn.Linear(1, 1, rng=0)
    ...     adam = optim.Adam(model.parameters())
    ...     train.fit(model, nn.MSELoss(), adam, (x, 2 * x), epochs=epochs, checkpoint=path, resume=True)
    ...     return model.weight.item()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     broken_off = run(2, folder + "/one.ckpt")
    ...     print(run(5, folder + "/one.ckpt") == run(5, Checkpoint(folder + "/other.ckpt", epochs=2)))
    True
    """

    path: str | os.PathLike[str]
    _: KW_ONLY
    epochs: int = 1
    seconds: float | None = None
    keep: int = 1
    best: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        if not self.epochs >= 1 or not (self.seconds is None or self.seconds >= 0):
            given = f"{self.epochs} and {self.seconds}"
            raise ArgumentError(f"Checkpoint: epochs is at least 1 and seconds at least 0; got {given}.")
        if not self.keep >= 1:
            given = f"the state in the file itself; got {self.keep}"
            raise ArgumentError(f"Checkpoint: keep is at least 1, {given}.")
        for path in (self.path, self.best):
            if path is not None and (Path(path).is_dir() or not Path(path).parent.is_dir()):
                lost = "training would be lost at the first saving"
                raise ArgumentError(f"Checkpoint: {path} is no file in a folder that exists; {lost}.")
