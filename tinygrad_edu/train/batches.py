"""Batches: where they come from, the loss of one, and the loss and metrics of all of them together."""

import inspect
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arrays import stands_for_array
from ..errors import ArgumentError, DTypeError, ShapeError
from ..nn.module import Module
from ..tensor import Tensor
from .inputs import names_in
from .parts import Loss, Metric, Metrics, gives_batches


def loaders_of(
    model: Module, data: Any, validation: Any, *, batch_size: int | None, seed: int
) -> tuple[Any, Any]:
    """What gives the batches of `fit`: those to train on, shuffled anew each time, and those held out."""
    loader = loader_of("fit", data, model, batch_size=batch_size, shuffle=True, seed=seed)
    if validation is None:
        return loader, None
    return loader, loader_of("fit: validation", validation, model, batch_size=1024)


def loader_of(
    source: str, data: Any, model: Module, *, batch_size: int | None, shuffle: bool = False, seed: int = 0
) -> Any:
    """The data as something that gives batches, once more with each iteration.

    Floating arrays get the dtype of the model's parameters.  What already gives batches, a DataLoader, stays
    as it is.

    Parameters
    ----------
    source : str
        What errors call the data, such as "fit: validation".
    """
    if gives_batches(data):
        return data
    if isinstance(data, (Mapping, str, bytes)):
        kind = type(data).__name__
        advice = "Of a dict: (d['x'], d['y'])"
        raise ArgumentError(f"{source}: data are (x, y), a dataset, or samples; got a {kind}. {advice}.")
    from ..data import DataLoader
    from ..data.fields import arrays_in, check_rows, is_several

    if isinstance(data, tuple):
        names = [f"{source}: {name}" for name in names_in(model, len(data))]
        data = tuple(map(arrays_in, names, data))
        if any(map(is_several, data)):
            check_rows(data, names)
    if batch_size is None:
        batch_size, shuffle = _all_of(data), False
    dtype = next((p.dtype for p in model.parameters()), np.dtype(np.float32))
    loader = DataLoader(data, batch_size, seed=seed, dtype=dtype)
    loader.shuffle = shuffle and loader.samples is not None  # what is only iterated over has its own order
    return loader


def _all_of(data: Any) -> int:
    """How many examples there are, or 1 if there are none."""
    if not hasattr(data, "__len__"):
        problem = "an iterable does not tell how many it has. Say a batch_size"
        raise ArgumentError(f"batch_size=None takes all examples at once, and {problem}.")
    from ..data.fields import rows_of

    return max(rows_of(data[0]) if isinstance(data, tuple) else len(data), 1)


def loss_of(loss: Loss, outputs: Any, batch: Any) -> tuple[Any, Any]:
    """The loss of a batch (x, y) or (x, y, weights), and how much it counts beside other batches.

    It is a tensor of one number.  A loss per example is averaged: Σ wᵢ lᵢ / Σ wᵢ.  It counts Σ wᵢ then, a
    number of the loss's dtype, and the number of examples if there are no weights.
    """
    arrays = len(batch)
    if not 2 <= arrays <= 3:
        needed = "batches of inputs and targets, (x, y) or (x, y, weights)"
        several = "Several inputs are one of them: ((x1, x2), y), or ({'a': x1, 'b': x2}, y)"
        raise ArgumentError(f"fit and evaluate need {needed}; got {arrays} arrays. {several}.")
    if outputs is None:
        raise DTypeError("The model returned None: does its forward end with return?")
    value = _value_of(loss, outputs, batch[1])
    if arrays == 2 and value.ndim == 0:
        return value, _rows(batch[0])
    if value.ndim == 0:
        such = 'a loss with reduction="none", such as nn.MSELoss(reduction="none")'
        raise ArgumentError(f"Weights of examples need the loss of each example: {such}.")
    if value.ndim > 1:
        value = np.mean(value, axis=tuple(range(1, value.ndim)))
    if arrays == 2:
        return np.mean(value), len(value)
    weights = _weights_of(batch[2], value)
    total = weights.sum()
    return np.sum(value * weights) / np.where(total == 0, total.dtype.type(1), total), total


def has_rows(batch: Any) -> bool:
    """Whether there are examples in a batch; a rank's part of one may have none."""
    return _rows(batch[0]) > 0


def _rows(inputs: Any) -> int:
    """How many examples a batch has; DataLoaders give arrays, and other loaders what they like."""
    if not isinstance(inputs, (tuple, dict)):
        return len(inputs)
    from ..data.fields import rows_of

    return rows_of(inputs)


def _value_of(loss: Loss, outputs: Any, targets: Any) -> Any:
    """What the loss returns; an error on outputs that are several arrays says so."""
    try:
        value = loss(outputs, targets)
    except (TypeError, ValueError, AttributeError, RuntimeError) as error:
        if isinstance(outputs, (tuple, list, dict)):
            given = f"The model returned a {type(outputs).__name__}, which is what the loss was given"
            error.add_note(f"{given}: let the model, or the loss, pick one of it.")
        raise
    if not hasattr(value, "ndim"):  # plain arrays have it: they can be evaluated, if not learned from
        raise no_tensor(value)
    return value


def _weights_of(given: Any, losses: Any) -> Any:
    """The weights of examples as an array, one for each loss."""
    is_array = stands_for_array(given)  # of a step that is traced, of which there is no other array
    weights = given.astype(losses.dtype, copy=False) if is_array else np.asarray(given, losses.dtype)
    if weights.shape != losses.shape:
        found = f"expected shape {losses.shape}, got {weights.shape}"
        raise ShapeError(f"There is one weight for each example: {found}.")
    if (weights < 0).any():
        raise ArgumentError(f"Weights of examples are 0 or more; got {weights.min()}.")
    return weights


def no_tensor(value: Any) -> DTypeError:
    """The error of a loss that nothing can be learned from."""
    made = "computed from the outputs by NumPy's functions or this package's"
    return DTypeError(f"The loss is a tensor, {made}; got {type(value).__name__}.")


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

    def add_many(self, losses: Any, weights: Any, outputs: Any, targets: Any) -> None:
        """Add batches: their losses, the weight of each or of every one, their outputs, and all targets."""
        for name, values in (("loss", self._counted(losses, weights)), ("weight", weights)):
            values = np.broadcast_to(values, losses.shape)
            added = np.add.accumulate(np.append(getattr(self, name), values), dtype=np.float64)  # one by one
            setattr(self, name, float(added[-1]))
        if self.keep:
            self._keep("outputs", outputs.reshape(-1, *outputs.shape[2:]))
            self._keep("targets", targets)

    def of_epochs(self, losses: Any, weights: Any) -> list[float]:
        """The losses of whole epochs, given those of their batches in rows, and the weight of each of these,
        or of every one, a whole number.
        """
        sums = in_turn(self._counted(losses, weights))
        total = weights * losses.shape[1] if isinstance(weights, int) else in_turn(weights)
        found: list[float] = (sums if self.summed else sums / total).tolist()
        return found

    def _counted(self, losses: Any, weights: Any) -> Any:
        """What is summed of the losses of batches."""
        return np.multiply(losses, 1 if self.summed else weights, dtype=np.float64)

    def _keep(self, what: str, array: Any) -> None:
        kept = self.kept[what]
        if kept and kept[0].shape[1:] != array.shape[1:]:
            found = f"after batches of {kept[0].shape} came one of {array.shape}"
            raise ShapeError(f"Metrics are of all {what} together, each of one shape; {found}. Pad them.")
        kept.append(array)

    def report(self, metrics: Metrics, ranks: Any = None) -> dict[str, float]:
        """The loss, a mean over the examples or the sum if the loss is one, and the metrics of all.

        ``ranks`` are those of a distributed training, each of which has a part of the examples.
        """
        loss, weight = self.loss, self.weight
        if ranks is not None:
            loss, weight, self.before = ranks.sums(loss, weight, self.seconds)
            self.start()
        if not weight:
            raise ArgumentError("There is no loss of no data: the data are empty, or all weights are 0.")

        def measure(targets: Any, outputs: Any) -> dict[str, float]:
            return {name: measured(name, metric, targets, outputs) for name, metric in metrics.items()}

        found = {}
        if metrics and ranks is not None:
            found = ranks.measured(self.kept, measure)
        elif metrics:
            found = measure(*(np.concatenate(self.kept[what]) for what in ("targets", "outputs")))
        return {"loss": loss if self.summed else loss / weight, **found}

    def state_dict(self) -> dict[str, Any]:
        """All of it, for a checkpoint in the middle of an epoch."""
        kept = {what: np.concatenate(arrays) for what, arrays in self.kept.items() if arrays}
        return {"sums": np.array([self.loss, self.weight, self.seconds]), **kept}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.loss, self.weight, self.before = np.asarray(state["sums"]).tolist()
        kept = self.keep and "outputs" in state
        self.kept = {what: [state[what]] if kept else [] for what in ("outputs", "targets")}


def in_turn(rows: Any) -> Any:
    """The sums of rows, one number after another; along memory NumPy would take pairwise sums."""
    columns = np.ascontiguousarray(rows.T, np.float64)
    return np.add.reduce(columns, axis=0) if len(rows) > 1 else np.add.accumulate(columns, axis=0)[-1]


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
        got = f"{value!r:.80}. Of one for each class or label, take the mean: average='macro'"
        raise DTypeError(f"The metric {name!r} returns one number; got {got}.") from None
