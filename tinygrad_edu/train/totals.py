"""Totals: the sums over the batches of an epoch, of which its loss and its metrics are made."""

import inspect
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, ShapeError
from ..tensor import Tensor
from .parts import Loss, Metric, Metrics


class Totals:
    """Sums over the batches of an epoch, from which its loss and metrics are made.

    Parameters
    ----------
    loss : callable
    keep : bool, default=False
        Whether outputs and targets are kept, for metrics.
    """

    def __init__(self, loss: Loss, *, keep: bool = False) -> None:
        self.keep, self.summed = keep, reduction_of(loss) == "sum"
        self.clear()

    def clear(self) -> None:
        """Forget the epoch."""
        self.loss = self.weight = self.before = 0.0  # before: the seconds until the clock was started
        self.kept: dict[str, list[Any]] = {"outputs": [], "targets": []}
        self.start()

    def start(self) -> None:
        """Let the clock run from here."""
        self.started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """How long the epoch has taken."""
        return self.before + time.perf_counter() - self.started

    def add(self, loss: float, weight: float, outputs: Any, targets: Any) -> None:
        """Add another batch."""
        self.loss += loss if self.summed else loss * weight
        self.weight += weight
        if self.keep:
            if not isinstance(outputs, Tensor):
                kind = type(outputs).__name__
                raise DTypeError(f"Metrics need a model of which one tensor comes out; got {kind}.")
            self._keep("outputs", outputs._array)
            self._keep("targets", targets)

    def _keep(self, what: str, array: Any) -> None:
        kept = self.kept[what]
        if kept and kept[0].shape[1:] != array.shape[1:]:
            found = f"after batches of {kept[0].shape} came one of {array.shape}"
            raise ShapeError(f"Metrics are of all {what} together, each of one shape; {found}. Pad them.")
        kept.append(array)

    def report(self, metrics: Metrics) -> dict[str, float]:
        """The loss, a mean over the examples or the sum if the loss is one, and the metrics of all."""
        if not self.weight:
            raise ArgumentError("There is no loss of no data: the data are empty, or all weights are 0.")
        report = {"loss": self.loss if self.summed else self.loss / self.weight}
        if metrics:
            targets, outputs = (np.concatenate(self.kept[what]) for what in ("targets", "outputs"))
            report |= {name: measured(name, metric, targets, outputs) for name, metric in metrics.items()}
        return report

    def state_dict(self) -> dict[str, Any]:
        """All of it, for a checkpoint in the middle of an epoch."""
        kept = {what: np.concatenate(arrays) for what, arrays in self.kept.items() if arrays}
        return {"sums": np.array([self.loss, self.weight, self.seconds]), **kept}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.loss, self.weight, self.before = np.asarray(state["sums"]).tolist()
        kept = self.keep and "outputs" in state
        self.kept = {what: [state[what]] if kept else [] for what in ("outputs", "targets")}


def reduction_of(loss: Any) -> str:
    """How a loss makes one number of many: its setting, or a function's default; "mean" if neither says."""
    if hasattr(loss, "reduction"):
        return str(loss.reduction)
    try:
        default = inspect.signature(loss).parameters["reduction"].default
    except (TypeError, ValueError, KeyError):
        return "mean"
    return default if isinstance(default, str) else "mean"


def measured(name: str, metric: Metric, targets: Any, outputs: Any) -> float:
    """What a metric returns, as a column of the history has it."""
    try:
        value: Any = metric(targets, outputs)
    except StopIteration as error:  # a loop around it would take it for its own end
        told = f"The metric {name!r} raised StopIteration: an iterator in it is at its end."
        raise ArgumentError(told) from error
    try:
        return float(value)
    except (TypeError, ValueError):
        got = f"{value!r:.80}. Of one for each class or label, take the mean"
        raise DTypeError(f"The metric {name!r} returns one number; got {got}.") from None
