"""Early stopping: the epoch with the best validation is the one that is kept."""

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

from ..errors import ArgumentError, StateError
from ..nn.module import Module
from .history import History


@dataclass(frozen=True)
class EarlyStopping:
    """End a training when a column of its history has not got better for ``patience`` epochs in a row.

    The model then gets the weights (and buffers) of its best epoch back, as it does at the end of the last
    epoch and after Ctrl-C.  These are settings alone: one object serves any number of trainings.

    Parameters
    ----------
    patience : int, at least 1, default=10
    monitor : str, optional
        The name of the column; by default "val_loss", or "loss" without validation data.
    mode : {"min", "max"}, optional
        Whether smaller or larger values are better.  It is "min" by default for names that end with "loss",
        and must be said for any other.
    min_delta : float, at least 0, default=0.0
        Better is below best - min_delta, or above best + min_delta.  A value that is not a number is never
        better.
    restore : bool, default=True
        Whether the best weights come back; else those of the last step stay.

    Raises
    ------
    ArgumentError
        If a setting is out of its range.

    References
    ----------
    L. Prechelt (1998). Early stopping, but when? In Neural Networks: Tricks of the Trade.

    Examples
    --------
    >>> EarlyStopping(patience=5, monitor="val_accuracy", mode="max")
    EarlyStopping(patience=5, monitor='val_accuracy', mode='max', min_delta=0.0, restore=True)
    """

    patience: float = 10
    _: KW_ONLY
    monitor: str | None = None
    mode: str | None = None
    min_delta: float = 0.0
    restore: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.patience, str) or not self.patience >= 1:
            given = f"{self.patience!r}"
            raise ArgumentError(f"EarlyStopping: patience is a number of epochs, 1 or more; got {given}.")
        if self.mode not in ("min", "max", None):
            raise ArgumentError(f'EarlyStopping: mode is "min" or "max"; got {self.mode!r}.')
        if not 0 <= self.min_delta < math.inf:
            raise ArgumentError(f"EarlyStopping: min_delta is at least 0; got {self.min_delta}.")
        if self.mode is None and self.monitor is not None and not self.monitor.endswith("loss"):
            which = f"whether a better {self.monitor!r} is smaller or larger"
            raise ArgumentError(f'EarlyStopping: say {which}: mode="min" or mode="max".')


class Best:
    """The best epoch of a training so far, with its weights as copies if these are to come back."""

    def __init__(self, settings: EarlyStopping, monitor: str) -> None:
        self.settings, self.monitor = settings, settings.monitor or monitor
        self.sign = -1.0 if settings.mode == "max" else 1.0
        self.value, self.epoch = math.inf, 0  # the value times the sign: smaller is better
        self.weights: dict[str, Any] = {}

    def update(self, history: History, model: Module) -> bool:
        """Whether the last epoch is the best one; its weights are kept then, if they are to come back."""
        value = self.sign * history[self.monitor][-1]
        better = value < self.value - self.settings.min_delta
        if better:
            self.value, self.epoch = value, len(history)
            self.weights = model.state_dict() if self.settings.restore else {}
            history.mark_best(self.epoch)
        return better

    def restore(self, model: Module) -> None:
        """Give the model its best weights back, if there are any, and if that is wanted."""
        if self.settings.restore and self.epoch:
            model.load_state_dict(self.weights)

    def left(self, history: History) -> float:
        """How many more epochs without a better one are put up with."""
        return self.settings.patience - (len(history) - self.epoch)

    def exhausted(self, history: History) -> bool:
        """Whether there have been as many epochs without a better one as are put up with."""
        return self.left(history) <= 0

    def reason(self, history: History) -> str:
        """Why there is no use in going on."""
        if not self.epoch:
            value = history[self.monitor][-1]
            never = f"in none of {len(history)} epochs a number that could be the best"
            return f"{self.monitor} was {value}, and {never}"
        since = history[self.monitor][self.epoch :]
        strange = sum(not math.isfinite(value) for value in since)
        text = f"{self.monitor} was not better for {self.settings.patience} epochs after epoch {self.epoch}"
        return f"{text}, and not finite (nan or inf) in {strange} of them" if strange else text

    def state_dict(self) -> dict[str, Any]:
        """The best value, its epoch and the weights."""
        return {"monitor": self.monitor, "value": self.value, "epoch": self.epoch, "weights": self.weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        StateError
            If something else was monitored; nothing was changed.
        """
        if state["monitor"] != self.monitor:
            by = f"by {state['monitor']!r}, this one is by {self.monitor!r}"
            raise StateError(f"The checkpoint's training was monitored {by}.")
        self.value, self.epoch = float(state["value"]), int(state["epoch"])
        self.weights = dict(state["weights"])
