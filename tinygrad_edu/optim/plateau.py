"""A rate that falls when the training no longer gets anywhere: the one schedule with a memory."""

import math
from collections.abc import Mapping
from typing import Any

from ..errors import ArgumentError, StateError, names_itself
from .setting import at_least_zero, below_one, one_of, unknown


def _whole(name: str, value: Any) -> int:
    if at_least_zero(name, value) != int(value):
        raise ArgumentError(f"{name} is a whole number, 0 or more; got {value}.")
    return int(value)


class ReduceOnPlateau:
    """A rate that becomes max(factor · rate, min_lr) when the metrics get no better.

    That is after more than ``patience`` metrics in a row that are no better than the best.

    Better is below ``best - threshold · |best|`` (mode "min"), or above ``best + threshold · |best|``
    ("max"); with threshold_mode "abs" the threshold itself takes the place of ``threshold · |best|``.  A
    metric that is not a number is never better.

    Parameters
    ----------
    lr : float, at least 0
        The rate to begin with.
    mode : {"min", "max"}, default="min"
        Whether the metric should fall, as a loss does, or rise, as an accuracy.
    factor : float in [0, 1), default=0.1
        What the rate is multiplied by.
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

    @names_itself
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
        self.lr, self.min_lr = at_least_zero("lr", lr), at_least_zero("min_lr", min_lr)
        self.factor, self.threshold = below_one("factor", factor), at_least_zero("threshold", threshold)
        self.mode = one_of("min", "max")("mode", mode)
        self.threshold_mode = one_of("rel", "abs")("threshold_mode", threshold_mode)
        self.patience, self.cooldown = _whole("patience", patience), _whole("cooldown", cooldown)
        if self.min_lr > self.lr:
            raise ArgumentError(f"min_lr is at most lr; got {min_lr} and {lr}.")
        self.best = math.inf if mode == "min" else -math.inf
        self.bad = 0  # how many metrics in a row were not better
        self.resting = 0  # how many need not be counted yet

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
        relative = self.threshold_mode == "rel" and math.isfinite(self.best)
        margin = self.threshold * (abs(self.best) if relative else 1)
        return value < self.best - margin if self.mode == "min" else value > self.best + margin

    def state_dict(self) -> dict[str, Any]:
        """The settings and the memory: a dict of numbers and strings."""
        return dict(vars(self))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned.

        Raises
        ------
        StateError
            It lists the names that are missing and unexpected, and values of another type; nothing was
            loaded.
        """
        if not isinstance(state, Mapping):
            raise StateError(
                "ReduceOnPlateau.load_state_dict: expected what state_dict() returns, a dict; got "
                f"{type(state).__name__}."
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
