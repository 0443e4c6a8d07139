"""Settings: what a training is asked for, checked and frozen before a training is made from them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..optim.plateau import ReduceOnPlateau
from .checkpoint import Checkpoint
from .history import History
from .parts import Metrics, check_metrics, refuse_class
from .stopping import EarlyStopping

OWN_COLUMNS = {"loss", "lr", "seconds", "epoch"}  # of the history: no metric can have such a name
Schedule = Callable[[int], float]  # the learning rate of an epoch, or of a step


@dataclass(frozen=True)
class StepSettings:
    """How a step is made: its learning rate, how much goes into it, and what it does about NaN.

    The fields are what `fit` calls step_schedule, clip_norm, accumulate, on_nan, compile and
    distributed.
    """

    schedule: Schedule | None
    clip_norm: float | None
    accumulate: int
    on_nan: str
    compile: bool | str = False
    distributed: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.compile, bool):
            from ..compiler.backend import BACKENDS

            if self.compile not in BACKENDS:
                named = ", ".join(map(repr, BACKENDS))
                raise ArgumentError(f"compile is True or False, or one of {named}; got {self.compile!r:.80}.")
        if not isinstance(self.distributed, bool):
            raise ArgumentError(f"distributed is True or False; got {self.distributed!r:.80}.")
        check_at_least_one("accumulate", self.accumulate)
        norm = self.clip_norm
        is_number = isinstance(norm, (int, float, np.number)) and not isinstance(norm, bool)
        if norm is not None and not (is_number and norm > 0):
            raise ArgumentError(f"clip_norm is above 0, a number; got {norm!r}.")
        if self.on_nan not in ("stop", "raise", "ignore"):
            raise ArgumentError(f'on_nan is "stop", "raise" or "ignore"; got {self.on_nan!r}.')


@dataclass(frozen=True)
class Settings:
    """How a training goes on from epoch to epoch; the fields are what `fit` calls so.

    ``validated`` says whether there are validation data.
    """

    epochs: int
    step: StepSettings
    metrics: Metrics
    schedule: Any
    early_stopping: EarlyStopping | None
    checkpoint: Checkpoint | None
    callbacks: Sequence[Callable[[History], Any]]
    validated: bool

    def __post_init__(self) -> None:
        check_at_least_one("epochs", self.epochs)
        check_metrics(self.metrics)
        self._check_names()
        if not isinstance(self.callbacks, Sequence) or not all(map(callable, self.callbacks)):
            given = f"{self.callbacks!r:.80}"
            raise ArgumentError(f"callbacks are a list of functions of the history; got {given}.")
        for callback in self.callbacks:
            refuse_class("a callback", callback)
        self._check_schedules()
        kinds = {"early_stopping": EarlyStopping, "checkpoint": Checkpoint}
        for name, kind in kinds.items():
            value = getattr(self, name)
            if value is not None and not isinstance(value, kind):
                raise ArgumentError(f"{name} is a train.{kind.__name__}; got {value!r:.80}.")
        self._check_columns()

    # ---- what follows from the fields ----------------------------------------------------------------------

    @property
    def trained(self) -> Metrics:
        """The metrics of the training data, which are of the validation data too."""
        return {name: metric for name, metric in self.metrics.items() if not name.startswith("val_")}

    @property
    def evaluated(self) -> Metrics:
        """The metrics of the validation data, by names without ``val_``."""
        later = {name: metric for name, metric in self.metrics.items() if name.startswith("val_")}
        return {**self.trained, **{name.removeprefix("val_"): metric for name, metric in later.items()}}

    @property
    def columns(self) -> list[str]:
        """The columns that the history will have."""
        validation = [f"val_{name}" for name in ("loss", *self.evaluated)] if self.validated else []
        return ["loss", *self.trained, *validation, "lr", "seconds"]

    @property
    def usual(self) -> str:
        """The column that is looked at unless another one is named."""
        return "val_loss" if self.validated else "loss"

    @property
    def rate_and_column(self) -> tuple[Any, str]:
        """The schedule of epochs, if there is one, and the column that a ReduceOnPlateau looks at."""
        return self.schedule if isinstance(self.schedule, tuple) else (self.schedule, self.usual)

    @property
    def best(self) -> EarlyStopping | None:
        """What the best epoch is, for early stopping or for a checkpoint of the best weights; else None."""
        if self.early_stopping is None and self.checkpoint is not None and self.checkpoint.best is not None:
            return EarlyStopping(patience=math.inf, restore=False)
        return self.early_stopping

    # ---- checks --------------------------------------------------------------------------------------------

    def _check_names(self) -> None:
        """Raise if names of metrics collide, or ask for validation data that there are not."""
        later = {name.removeprefix("val_") for name in self.metrics if name.startswith("val_")}
        if twice := later & self.trained.keys():
            name = twice.pop()
            raise ArgumentError(f"metrics name {name!r} twice, with val_ and without; without is of both.")
        if taken := OWN_COLUMNS & self.evaluated.keys():
            name = taken.pop()
            raise ArgumentError(f"the history has a column {name!r} of its own; call the metric otherwise.")
        if later and not self.validated:
            none = "is of validation data, and there are none"
            raise ArgumentError(f"a metric whose name begins with val_ {none}.")

    def _check_schedules(self) -> None:
        """Raise unless there is one schedule at most, of the kind that belongs in its place."""
        rate, of_step = self.rate_and_column[0], self.step.schedule
        given = [schedule for schedule in (rate, of_step) if schedule is not None]
        for schedule in given:
            refuse_class("a schedule", schedule)
        if len(given) > 1 or not all(map(callable, given)):
            kinds = "a function of the epoch (schedule=) or of the step (step_schedule=)"
            raise ArgumentError(f"one schedule at most, {kinds}; got {given}.")
        pair_of_another = isinstance(self.schedule, tuple) and not isinstance(rate, ReduceOnPlateau)
        if pair_of_another or isinstance(of_step, ReduceOnPlateau):
            pair = "(ReduceOnPlateau, name of a column)"
            raise ArgumentError(f"a ReduceOnPlateau looks at epochs, schedule=plateau; and a pair is {pair}.")

    def _check_columns(self) -> None:
        """Raise if somebody looks at a column that the history will not have."""
        names = self.columns[:-2]  # the rate and the seconds are nothing to go by
        watching = {"schedule": self.rate_and_column[1]}
        watching["EarlyStopping"] = (self.best.monitor if self.best else None) or self.usual
        for who, name in watching.items():
            if name not in names:
                found = f"the history will have the columns {', '.join(names)}"
                raise ArgumentError(f"{who} looks at {name!r}, and {found}.")


def check_at_least_one(name: str, value: Any) -> None:
    """Raise unless a value is a whole number, 1 or more."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ArgumentError(f"{name} is a whole number, 1 or more; got {value!r}.")
