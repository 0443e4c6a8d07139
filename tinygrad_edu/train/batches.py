"""Batches: where they come from, the loss of one, and the loss and metrics of all of them together."""

import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, ShapeError
from ..nn.module import Module
from ..tensor import Tensor


def loader_of(data: Any, model: Module, *, batch_size: int | None, shuffle: bool, seed: int = 0, own_settings: bool = False) -> Any:
    """The data as something that gives batches, once more with each iteration.

    Floating arrays get the dtype of the model's parameters.  What already gives batches, a DataLoader, stays as it is.
    """
    if hasattr(data, "load_state_dict") and hasattr(data, "__iter__"):
        if own_settings and (batch_size, seed) != (32, 0):
            raise ArgumentError("fit: batch_size and seed are settings of the DataLoader, which the data already are.")
        return data
    from ..data import DataLoader

    arrays = tuple(_array(one) for one in data) if isinstance(data, tuple) else data
    counted = isinstance(arrays, tuple) or hasattr(arrays, "__len__")
    if batch_size is None:
        if not counted:
            raise ArgumentError("batch_size=None takes all examples at once, and an iterable does not tell how many it has. Say a batch_size.")
        batch_size, shuffle = max(len(arrays[0] if isinstance(arrays, tuple) else arrays), 1), False
    dtype = next((p.dtype for p in model.parameters()), np.dtype(np.float32))
    return DataLoader(arrays, batch_size, shuffle=shuffle and counted, seed=seed, dtype=dtype)


def loss_of(loss: Callable[[Any, Any], Any], outputs: Any, batch: Any) -> tuple[Any, float]:
    """The loss of a batch (x, y) or (x, y, weights) as a tensor of one number, and how much it counts beside other batches.

    A loss per example is averaged: Σ wᵢ lᵢ / Σ wᵢ.  It counts Σ wᵢ then, the number of examples if there are no weights.
    """
    if not 2 <= len(batch) <= 3:
        raise ArgumentError(f"fit and evaluate need batches of inputs and targets, (x, y) or (x, y, weights); got {len(batch)} arrays.")
    try:
        value = loss(outputs, batch[1])
    except (TypeError, ValueError, AttributeError) as error:
        if isinstance(outputs, (tuple, list, dict)):
            error.add_note(
                f"The model returned a {type(outputs).__name__}, which is what the loss was given: let the model, or the loss, pick one of it."
            )
        raise
    if not hasattr(value, "ndim"):  # plain arrays have it: they can be evaluated, if not learned from
        raise no_tensor(value)
    if len(batch) == 2 and value.ndim == 0:
        return value, len(batch[0])
    if value.ndim == 0:
        raise ArgumentError('Weights of examples need the loss of each example: a loss with reduction="none", such as nn.MSELoss(reduction="none").')
    if value.ndim > 1:
        value = np.mean(value, axis=tuple(range(1, value.ndim)))
    if len(batch) == 2:
        return np.mean(value), len(value)
    weights = np.asarray(batch[2], value.dtype)
    if weights.shape != value.shape:
        raise ShapeError(f"There is one weight for each example: expected shape {value.shape}, got {weights.shape}.")
    if (weights < 0).any():
        raise ArgumentError(f"Weights of examples are 0 or more; got {weights.min()}.")
    total = float(weights.sum())
    return np.sum(value * weights) / (total or 1.0), total


def no_tensor(value: Any) -> DTypeError:
    """The error of a loss that nothing can be learned from."""
    return DTypeError(f"The loss is a tensor, computed from the outputs by NumPy's functions or this package's; got {type(value).__name__}.")


class Totals:
    """Sums over the batches of an epoch, from which its loss and metrics are made.

    Parameters
    ----------
    loss : callable
    keep : bool, default=False
        Whether outputs and targets are kept, for metrics.
    """

    def __init__(self, loss: Callable[[Any, Any], Any], *, keep: bool = False) -> None:
        self.keep, self.summed = keep, reduction_of(loss) == "sum"
        self.clear()

    def clear(self) -> None:
        """Forget the epoch."""
        self.loss = self.weight = self.before = 0.0  # the seconds before the clock was started
        self.start()
        self.outputs: list[Any] = []
        self.targets: list[Any] = []

    def start(self) -> None:
        """Let the clock run from here."""
        self.started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """How long the epoch has taken."""
        return self.before + time.perf_counter() - self.started

    def add(self, loss: float, weight: float, outputs: Any, targets: Any) -> None:
        """Another batch."""
        self.loss += loss if self.summed else loss * weight
        self.weight += weight
        if self.keep:
            if not isinstance(outputs, Tensor):
                raise DTypeError(f"Metrics need a model of which one tensor comes out; got {type(outputs).__name__}.")
            self.outputs.append(outputs._array)
            self.targets.append(targets)

    def report(self, metrics: Mapping[str, Callable[[Any, Any], float]]) -> dict[str, float]:
        """The loss, a mean over the examples, or the sum if the loss is one; and the metrics of all examples together."""
        if not self.weight:
            raise ArgumentError("There is no loss of no data: the data are empty, or all weights are 0.")
        report = {"loss": self.loss if self.summed else self.loss / self.weight}
        if metrics:
            targets, outputs = np.concatenate(self.targets), np.concatenate(self.outputs)
            report |= {name: _number(name, metric(targets, outputs)) for name, metric in metrics.items()}
        return report

    def state_dict(self) -> dict[str, Any]:
        """All of it, for a checkpoint in the middle of an epoch."""
        sums = np.array([self.loss, self.weight, self.seconds])
        kept = {"outputs": np.concatenate(self.outputs), "targets": np.concatenate(self.targets)} if self.outputs else {}
        return {"sums": sums, **kept}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.loss, self.weight, self.before = np.asarray(state["sums"]).tolist()
        kept = self.keep and "outputs" in state
        self.outputs, self.targets = ([state["outputs"]], [state["targets"]]) if kept else ([], [])


def reduction_of(loss: Any) -> str:
    """How a loss makes one number of many: its setting, or the default of a function; "mean" if it does not say."""
    if hasattr(loss, "reduction"):
        return str(loss.reduction)
    try:
        parameter = inspect.signature(loss).parameters.get("reduction")
    except (TypeError, ValueError):
        return "mean"
    return parameter.default if parameter is not None and isinstance(parameter.default, str) else "mean"


def check_metrics(who: str, metrics: Any) -> None:
    """Raise an ArgumentError unless these are functions by name."""
    if not isinstance(metrics, Mapping) or not all(isinstance(name, str) and callable(f) for name, f in metrics.items()):
        raise ArgumentError(f'{who}: metrics are functions by name, {{"accuracy": metrics.accuracy}}; got {metrics!r:.80}.')


def _number(name: str, value: Any) -> float:
    """What a metric returned, as a column of the history has it."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise DTypeError(f"The metric {name!r} returns one number; got {value!r:.80}. Of one for each class or label, take the mean.") from None


def _array(values: Any) -> Any:
    """What the user gave as data: an ndarray."""
    return values.detach().numpy() if isinstance(values, Tensor) else np.asarray(values)
