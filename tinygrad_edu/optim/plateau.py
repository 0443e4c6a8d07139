"""A rate that falls when the training no longer gets anywhere: the one schedule with a memory."""

import math
from collections.abc import Mapping
from typing import Any

from ..errors import ArgumentError, StateError
from .group import at_least_zero, below_one, one_of, unknown


class ReduceOnPlateau:
    """The rate becomes max(factor · rate, min_lr) after more than ``patience`` metrics in a row that are no better than the best.

    Better is below best - threshold · |best| (mode "min"), or above best + threshold · |best| ("max"); with
    threshold_mode "abs" the threshold itself takes the place of threshold · |best|.  A metric that is not a
    number is never better.

    Parameters
    ----------
    lr : float, at least 0
        The rate at first.
    mode : {"min", "max"}, default="min"
        Whether the metric should fall, as a loss does, or rise, as an accuracy.
    factor : float in [0, 1), default=0.1
    patience : int, at least 0, default=10
        How many metrics that are not better are put up with.
    threshold : float, at least 0, default=1e-4
    threshold_mode : {"rel", "abs"}, default="rel"
    cooldown : int, at least 0, default=0
        How many metrics are not counted after the rate has fallen.
    min_lr : float, at least 0, default=0.0

    Attributes
    ----------
    lr : float
        The rate now.

    Notes
    -----
    Differences from PyTorch: it is called with the metric and returns the rate, as the other schedules are
    called with the step; and a relative threshold is right for negative metrics, where PyTorch takes best ·
    (1 - threshold), which is above a negative best, for the bound.

    Examples
    --------
    >>> plateau = ReduceOnPlateau(1.0, patience=1)
    >>> [plateau(loss) for loss in (3.0, 2.0, 2.0, 2.0, 1.0)]
    [1.0, 1.0, 1.0, 0.1, 0.1]
    """

    def __init__(
        self,
        lr: float,
        *,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        who = type(self).__name__
        self.lr, self.min_lr = at_least_zero(who, "lr", lr), at_least_zero(who, "min_lr", min_lr)
        self.factor, self.threshold = (
            below_one(who, "factor", factor),
            at_least_zero(who, "threshold", threshold),
        )
        self.mode, self.threshold_mode = (
            one_of("min", "max")(who, "mode", mode),
            one_of("rel", "abs")(who, "threshold_mode", threshold_mode),
        )
        self.patience, self.cooldown = _whole(who, "patience", patience), _whole(who, "cooldown", cooldown)
        if self.min_lr > self.lr:
            raise ArgumentError(f"{who}: min_lr is at most lr; got {min_lr} and {lr}.")
        self.best = math.inf if mode == "min" else -math.inf
        self.bad, self.resting = (
            0,
            0,
        )  # metrics in a row that were not better; those that need not be counted yet

    def __setattr__(self, name: str, value: Any) -> None:
        if "resting" in vars(self) and name not in vars(self):
            raise ArgumentError(unknown(type(self).__name__, name, vars(self)))
        object.__setattr__(self, name, value)

    def __call__(self, metric: float) -> float:
        """The rate after another metric, that of an epoch for example."""
        value = float(metric)
        if self._better(value):
            self.best, self.bad = value, 0
        else:
            self.bad += 1
        if self.resting:
            self.resting, self.bad = self.resting - 1, 0
        if self.bad > self.patience:
            self.lr = max(self.lr * self.factor, self.min_lr)
            self.bad, self.resting = 0, self.cooldown
        return self.lr

    def _better(self, value: float) -> bool:
        margin = self.threshold * (
            abs(self.best) if self.threshold_mode == "rel" and math.isfinite(self.best) else 1
        )
        return value < self.best - margin if self.mode == "min" else value > self.best + margin

    def state_dict(self) -> dict[str, Any]:
        """The settings and the memory: a dict of numbers and strings."""
        return dict(vars(self))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        StateError
            Listing the names that are missing and unexpected, and values of another type; nothing was loaded.
        """
        if not isinstance(state, Mapping):
            kind = type(state).__name__
            raise StateError(
                f"ReduceOnPlateau.load_state_dict: expected what state_dict() returns, a dict; got {kind}."
            )
        own = vars(self)
        problems = [f"missing: {name}" for name in own if name not in state]
        problems += [f"unexpected: {name}" for name in state if name not in own]
        for name, value in own.items():
            if name in state and isinstance(state[name], str) != isinstance(value, str):
                problems.append(f"{name}: expected a value such as {value!r}, got {state[name]!r:.40}")
        if problems:
            raise StateError(
                "ReduceOnPlateau.load_state_dict: the state does not fit, and nothing was loaded:\n  "
                + "\n  ".join(problems)
            )
        own.update(state)


def _whole(who: str, name: str, value: Any) -> int:
    if at_least_zero(who, name, value) != int(value):
        raise ArgumentError(f"{who}: {name} is a whole number, 0 or more; got {value}.")
    return int(value)
