"""A training's plan: the settings of `fit`, checked before the first step."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..modes import no_grad
from ..nn.module import Module
from ..nn.normalization import BatchNorm1d
from ..optim.ownership import compared
from ..optim.plateau import ReduceOnPlateau
from .checkpoint import Checkpoint, Training
from .parts import Metrics, check_metrics, own_parameters, refuse_class, warn_of_others
from .predict import training_mode
from .stopping import Best, EarlyStopping
from .trial import try_out, undisturbed


@dataclass
class Plan:
    """What a training is to do, beside its parts that change: the settings of `fit`, checked."""

    training: Training
    held_out: Any
    epochs: int
    metrics: Metrics
    step_schedule: Callable[[int], float] | None
    clip_norm: float | None
    accumulate: int
    on_nan: str
    callbacks: Sequence[Callable[[Any], Any]]
    missing: set[str]  # the model's parameters that were said not to be the optimizer's
    checkpoint: Checkpoint | None = None
    told: bool = False  # of a validation loss that is not finite
    began: bool = False  # whether a step was made

    def __post_init__(self) -> None:
        _check_numbers(self.epochs, self.accumulate, self.clip_norm, self.on_nan)
        self.trained, self.evaluated = _split(self.metrics, self.held_out)
        self.training.totals.keep = bool(self.trained)
        self.usual = self.watched = "loss" if self.held_out is None else "val_loss"
        for what, loader in (("data", self.training.loader), ("validation data", self.held_out)):
            if getattr(loader, "samples", None) == 0:
                raise ArgumentError(f"fit: there are no examples in the {what}.")
            if getattr(loader, "samples", None) and len(loader) == 0:
                raise ArgumentError(
                    f"fit: there is no batch in the {what}: {loader.samples} examples do not fill one of "
                    f"{loader.batch_size}, "
                    "and drop_last leaves it out."
                )
        if not isinstance(self.callbacks, Sequence) or not all(map(callable, self.callbacks)):
            raise ArgumentError(
                f"fit: callbacks are a list of functions of the history; got {self.callbacks!r:.80}."
            )
        for callback in self.callbacks:
            refuse_class("fit", "a callback", callback)
        check_last_batch(self.training.model, self.training.loader)
        try_out(self.training, self.held_out, self.trained, self.evaluated)

    @property
    def batches(self) -> int | None:
        """Of an epoch, if that is known."""
        try:
            return len(self.training.loader)
        except TypeError:
            return None

    def use(
        self,
        schedule: Any,
        early_stopping: EarlyStopping | None,
        checkpoint: Checkpoint | str | PathLike[str] | None,
    ) -> None:
        """Take on what looks at the history.

        Raises
        ------
        ArgumentError
            If they are something else, contradict each other, or look at a column that there will not be.
        """
        rates, self.watched = schedule if isinstance(schedule, tuple) else (schedule, self.usual)
        given = [s for s in (rates, self.step_schedule) if s is not None]
        for function in given:
            refuse_class("fit", "a schedule", function)
        if len(given) > 1 or not all(map(callable, given)):
            raise ArgumentError(
                "fit: one schedule at most, a function of the epoch (schedule=) or of the step "
                f"(step_schedule=); got {given}."
            )
        if isinstance(self.step_schedule, ReduceOnPlateau) or (
            isinstance(schedule, tuple) and not isinstance(rates, ReduceOnPlateau)
        ):
            raise ArgumentError(
                "fit: a ReduceOnPlateau looks at epochs, schedule=plateau; and a pair is (ReduceOnPlateau, "
                "name of a column)."
            )
        self.checkpoint = Checkpoint(checkpoint) if isinstance(checkpoint, (str, PathLike)) else checkpoint
        for name, value, kind in (
            ("early_stopping", early_stopping, EarlyStopping),
            ("checkpoint", self.checkpoint, Checkpoint),
        ):
            if value is not None and not isinstance(value, kind):
                raise ArgumentError(f"fit: {name} is a train.{kind.__name__}; got {value!r:.80}.")
        best = None
        if early_stopping is not None:
            best = Best(early_stopping, self.usual)
        elif self.checkpoint is not None and self.checkpoint.best is not None:
            best = Best(EarlyStopping(patience=math.inf, restore=False), self.usual)
        names = [
            "loss",
            *self.trained,
            *(f"val_{name}" for name in ("loss", *self.evaluated) if self.held_out is not None),
        ]
        for who, name in [
            ("schedule", self.watched),
            ("EarlyStopping", best.monitor if best else self.usual),
        ]:
            if name not in names:
                raise ArgumentError(
                    f"fit: {who} looks at {name!r}, and the history will have the columns {', '.join(names)}."
                )
        self.training.schedule, self.training.best, self.training.columns = (
            rates,
            best,
            [*names, "lr", "seconds"],
        )

    def look_for_others(self) -> None:
        """Warn of parameters that are there by now and not the optimizer's, as of a layer that forward makes."""
        training = self.training
        others, _ = compared(own_parameters(training.model, training.loss), training.optimizer.params)
        if new := [name for name in others if name not in self.missing]:
            self.missing.update(new)
            warn_of_others(
                new, "made or unfrozen after the optimizer was made, not among its parameters", stacklevel=6
            )

    def place_validation(self) -> None:
        """Let a loader of validation data begin the epoch of the training, which its random maps depend on: a resumed one has no other."""
        from ..data import DataLoader

        if isinstance(self.held_out, DataLoader) and self.held_out is not self.training.loader:
            self.held_out.epoch = len(self.training.history)

    def set_rate_of_epoch(self) -> None:
        """Give the optimizer the rate of the epoch that begins, if there is a schedule for epochs."""
        schedule, optimizer = self.training.schedule, self.training.optimizer
        if isinstance(schedule, ReduceOnPlateau):
            optimizer.lr = schedule.lr
        elif schedule is not None:
            optimizer.lr = schedule(len(self.training.history))


def _check_numbers(epochs: int, accumulate: int, clip_norm: float | None, on_nan: str) -> None:
    for name, value in (("epochs", epochs), ("accumulate", accumulate)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ArgumentError(f"fit: {name} is a whole number, 1 or more; got {value!r}.")
    if clip_norm is not None and (
        not isinstance(clip_norm, (int, float, np.number)) or isinstance(clip_norm, bool) or not clip_norm > 0
    ):
        raise ArgumentError(f"fit: clip_norm is above 0, a number; got {clip_norm!r}.")
    if on_nan not in ("stop", "raise", "ignore"):
        raise ArgumentError(f'fit: on_nan is "stop", "raise" or "ignore"; got {on_nan!r}.')


def _split(metrics: Metrics, held_out: Any) -> tuple[Metrics, Metrics]:
    """The metrics of the training data, and those of the validation data."""
    check_metrics("fit", metrics)
    trained = {name: f for name, f in metrics.items() if not name.startswith("val_")}
    later = {name.removeprefix("val_"): f for name, f in metrics.items() if name.startswith("val_")}
    if twice := trained.keys() & later.keys():
        raise ArgumentError(
            f"fit: metrics name {twice.pop()!r} twice, with val_ and without; without is of both."
        )
    evaluated = {**trained, **later}
    if taken := {"loss", "lr", "seconds", "epoch"} & evaluated.keys():
        raise ArgumentError(
            f"fit: the history has a column {taken.pop()!r} of its own; call the metric otherwise."
        )
    if held_out is None and len(trained) < len(metrics):
        raise ArgumentError(
            "fit: a metric whose name begins with val_ is of validation data, and there are none."
        )
    return trained, evaluated


def check_last_batch(model: Module, loader: Any) -> None:
    """Raise an ArgumentError if the model cannot train on one example, as with batch normalization, and a batch has only one.

    The model is asked, with an example; its buffers and generators are put back.
    """
    samples, size, dropped = (getattr(loader, name, None) for name in ("samples", "batch_size", "drop_last"))
    if (
        samples is None
        or size is None
        or not any(isinstance(module, BatchNorm1d) for module in model.modules())
    ):
        return
    if (samples % size if size > 1 else samples and 1) != 1 or (dropped and size > 1):
        return
    example = next(iter(copy.copy(loader)))[0][-1:]  # a copy, so that the loader stays where it is
    try:
        with undisturbed(model), training_mode(model, True), no_grad():
            model(example)
    except ArgumentError as error:
        raise ArgumentError(
            f"fit: {samples} examples in batches of {size} end with a batch of one example, which this model "
            f"cannot train on. {error}"
        ) from None
