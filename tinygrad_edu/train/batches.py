"""Batches: where they come from, the loss of one, and the loss and metrics of all of them together."""

import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..arrays import plain
from ..errors import ArgumentError, DTypeError, ShapeError
from ..nn.module import Module
from ..tensor import Tensor

PLACES = ("inputs", "targets", "weights")  # what a batch holds, in this order


def loader_of(
    who: str,
    data: Any,
    model: Module,
    *,
    batch_size: int | None,
    shuffle: bool,
    seed: int = 0,
    own_settings: bool = False,
) -> Any:
    """The data as something that gives batches, once more with each iteration.

    Floating arrays get the dtype of the model's parameters.  What already gives batches, a DataLoader, stays
    as it is.
    """
    if hasattr(data, "load_state_dict") and hasattr(data, "__iter__"):
        if own_settings and (batch_size, seed) != (32, 0):
            raise ArgumentError(
                "fit: batch_size and seed are settings of the DataLoader, which the data already are."
            )
        return data
    if isinstance(data, (Mapping, str, bytes)):
        kind = type(data).__name__
        raise ArgumentError(
            f"{who}: data are (x, y), a dataset, or samples; got a {kind}. Of a dict: (d['x'], d['y'])."
        )
    from ..data import DataLoader

    names = [*PLACES, *map(str, range(len(PLACES), len(data)))] if isinstance(data, tuple) else []
    arrays = (
        tuple(plain(one, f"{who}: {name}") for name, one in zip(names, data))
        if isinstance(data, tuple)
        else data
    )
    if batch_size is None:
        if not isinstance(arrays, tuple) and not hasattr(arrays, "__len__"):
            raise ArgumentError(
                "batch_size=None takes all examples at once, and an iterable does not tell how many it has. "
                "Say a batch_size."
            )
        batch_size, shuffle = max(len(arrays[0] if isinstance(arrays, tuple) else arrays), 1), False
    dtype = next((p.dtype for p in model.parameters()), np.dtype(np.float32))
    loader = DataLoader(arrays, batch_size, seed=seed, dtype=dtype)
    loader.shuffle = (
        shuffle and loader.samples is not None
    )  # what is only iterated over has an order of its own
    return loader


def loss_of(loss: Callable[[Any, Any], Any], outputs: Any, batch: Any) -> tuple[Any, float]:
    """The loss of a batch (x, y) or (x, y, weights) as a tensor of one number, and how much it counts beside other batches.

    A loss per example is averaged: Σ wᵢ lᵢ / Σ wᵢ.  It counts Σ wᵢ then, the number of examples if there are
    no weights.
    """
    if not 2 <= len(batch) <= 3:
        raise ArgumentError(
            "fit and evaluate need batches of inputs and targets, (x, y) or (x, y, weights); got "
            f"{len(batch)} arrays."
        )
    if outputs is None:
        raise DTypeError("The model returned None: does its forward end with return?")
    try:
        value = loss(outputs, batch[1])
    except (TypeError, ValueError, AttributeError, RuntimeError) as error:
        if isinstance(outputs, (tuple, list, dict)):
            error.add_note(
                f"The model returned a {type(outputs).__name__}, which is what the loss was given: let the "
                "model, or the loss, pick one of it."
            )
        raise
    if not hasattr(value, "ndim"):  # plain arrays have it: they can be evaluated, if not learned from
        raise no_tensor(value)
    if len(batch) == 2 and value.ndim == 0:
        return value, len(batch[0])
    if value.ndim == 0:
        raise ArgumentError(
            'Weights of examples need the loss of each example: a loss with reduction="none", such as '
            'nn.MSELoss(reduction="none").'
        )
    if value.ndim > 1:
        value = np.mean(value, axis=tuple(range(1, value.ndim)))
    if len(batch) == 2:
        return np.mean(value), len(value)
    weights = np.asarray(batch[2], value.dtype)
    if weights.shape != value.shape:
        raise ShapeError(
            f"There is one weight for each example: expected shape {value.shape}, got {weights.shape}."
        )
    if (weights < 0).any():
        raise ArgumentError(f"Weights of examples are 0 or more; got {weights.min()}.")
    total = float(weights.sum())
    return np.sum(value * weights) / (total or 1.0), total


def no_tensor(value: Any) -> DTypeError:
    """The error of a loss that nothing can be learned from."""
    return DTypeError(
        "The loss is a tensor, computed from the outputs by NumPy's functions or this package's; got "
        f"{type(value).__name__}."
    )


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
                raise DTypeError(
                    f"Metrics need a model of which one tensor comes out; got {type(outputs).__name__}."
                )
            for kept, array, what in (
                (self.outputs, outputs._array, "outputs"),
                (self.targets, targets, "targets"),
            ):
                if kept and kept[0].shape[1:] != array.shape[1:]:
                    found = f"after batches of {kept[0].shape} came one of {array.shape}"
                    raise ShapeError(
                        f"Metrics are of all {what} together, each of one shape; {found}. Pad them."
                    )
                kept.append(array)

    def report(self, metrics: Mapping[str, Callable[[Any, Any], float]]) -> dict[str, float]:
        """The loss, a mean over the examples, or the sum if the loss is one; and the metrics of all examples together."""
        if not self.weight:
            raise ArgumentError("There is no loss of no data: the data are empty, or all weights are 0.")
        report = {"loss": self.loss if self.summed else self.loss / self.weight}
        if metrics:
            targets, outputs = np.concatenate(self.targets), np.concatenate(self.outputs)
            report |= {name: measured(name, metric, targets, outputs) for name, metric in metrics.items()}
        return report

    def state_dict(self) -> dict[str, Any]:
        """All of it, for a checkpoint in the middle of an epoch."""
        sums = np.array([self.loss, self.weight, self.seconds])
        kept = (
            {"outputs": np.concatenate(self.outputs), "targets": np.concatenate(self.targets)}
            if self.outputs
            else {}
        )
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


def measured(name: str, metric: Callable[[Any, Any], float], targets: Any, outputs: Any) -> float:
    """What a metric returns, as a column of the history has it."""
    try:
        value: Any = metric(targets, outputs)
    except StopIteration as error:  # a loop around it would take it for its own end
        raise ArgumentError(
            f"The metric {name!r} raised StopIteration: an iterator in it is at its end."
        ) from error
    try:
        return float(value)
    except (TypeError, ValueError):
        raise DTypeError(
            f"The metric {name!r} returns one number; got {value!r:.80}. Of one for each class or label, "
            "take the mean."
        ) from None
