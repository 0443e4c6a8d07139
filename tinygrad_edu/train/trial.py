"""A trial before the first step: what cannot work is to be found at once, and not after an epoch."""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..modes import no_grad
from ..nn.mode import training_mode
from ..nn.module import Module
from ..nn.normalization import BatchNorm1d
from ..nn.parameter import Buffer
from .batches import loss_of, measured
from .generators import Generators
from .inputs import arranged, called
from .parts import Metrics
from .predict import array_of
from .training import Training


def rehearse(training: Training) -> None:
    """Raise now what would be raised later: by data without a batch, a lonely example, a loss or a metric."""
    for what, loader in (("data", training.loader), ("validation data", training.held_out)):
        samples = getattr(loader, "samples", None)
        if samples == 0:
            raise ArgumentError(f"fit: there are no examples in the {what}.")
        if samples and len(loader) == 0:
            short = f"{samples} examples do not fill one of {loader.batch_size}, and drop_last leaves it out"
            raise ArgumentError(f"fit: there is no batch in the {what}: {short}.")
    check_last_batch(training.model, training.loader)
    try_out(training)


@contextmanager
def undisturbed(*roots: Any) -> Iterator[None]:
    """A block after which buffers and generators of random numbers are again as they were."""
    modules = [module for root in roots if isinstance(root, Module) for module in root.modules()]
    buffers = [{name: b for name, b in vars(m).items() if isinstance(b, Buffer)} for m in modules]
    values = [(b, b.data.copy()) for root in roots if isinstance(root, Module) for b in root.buffers()]
    generators = Generators(list(roots))
    numbers = generators.state_dict()
    try:
        yield
    finally:
        for module, held in zip(modules, buffers):
            vars(module).update(held)  # forward may have assigned others
        for buffer, before in values:
            buffer.write(before)
        generators.load_state_dict(numbers)


def check_last_batch(model: Module, loader: Any) -> None:
    """Raise if a batch has only one example, and the model cannot train on that, as with batch normalization.

    The model is asked, with an example; its buffers and generators are put back.
    """
    samples, size, dropped = (getattr(loader, name, None) for name in ("samples", "batch_size", "drop_last"))
    if not samples or size is None or (dropped and size > 1):
        return
    alone = size == 1 or samples % size == 1
    if not alone or not any(isinstance(module, BatchNorm1d) for module in model.modules()):
        return
    from ..data.fields import each

    batch = next(iter(copy.copy(loader)))  # of a copy, so that the loader stays where it is
    inputs = arranged(model, batch)[0]
    example = each(itemgetter(slice(-1, None)), inputs)
    try:
        with undisturbed(model), training_mode(model, True), no_grad():
            called(model, example)
    except ArgumentError as error:
        batches = f"{samples} examples in batches of {size} end with a batch of one example"
        raise ArgumentError(f"fit: {batches}, which this model cannot train on. {error}") from None


def try_out(training: Training) -> None:
    """Compute, as in use, the loss of a batch of validation data, and each metric of the outputs for a batch.

    What can only be iterated over stays as it is, and is not tried.
    """
    model, settings, held_out = training.model, training.settings, training.held_out
    validated = held_out is not None
    metrics, loader = (settings.evaluated, held_out) if validated else (settings.trained, training.loader)
    if not getattr(loader, "samples", None) or not (metrics or validated):
        return
    with undisturbed(model, training.loss), training_mode(model, False), no_grad():
        batch = arranged(model, next(iter(copy.copy(loader))))
        outputs = called(model, batch[0])
        if validated:
            loss_of(training.loss, outputs, batch)
        if metrics:
            _try_metrics(model, loader, metrics, batch[1], array_of(outputs))


def _try_metrics(model: Module, loader: Any, metrics: Metrics, targets: Any, outputs: Any) -> None:
    """Raise what a metric raises for all examples; a batch may lack what it needs, such as a second class."""
    failed = []
    for name, metric in metrics.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                measured(name, metric, targets, outputs)
            except Exception:  # whatever it is: it comes through below, if it is not the batch's fault
                failed.append(name)
    if not failed:
        return
    batches = [arranged(model, batch) for batch in copy.copy(loader)]
    targets = np.concatenate([batch[1] for batch in batches])
    outputs = np.concatenate([array_of(called(model, inputs)) for inputs in _in_large(batches)])
    if not np.all(np.isfinite(outputs)):
        return  # the training has a story of its own about that
    for name in failed:
        try:
            measured(name, metrics[name], targets, outputs)
        except Exception as error:
            where = "on outputs of the model before the first step"
            error.add_note(f"fit: it was raised by the metric {name!r}, {where}.")
            raise


def _in_large(batches: list[Any]) -> list[Any]:
    """The inputs of batches, joined to as many as are predicted at once, but for several arrays."""
    from ..data.fields import each, joined, rows_of

    inputs = [batch[0] for batch in batches]
    if isinstance(inputs[0], (tuple, dict)):  # they may be of other lengths in another batch
        return inputs
    whole = joined(inputs)
    parts = (slice(start, start + 1024) for start in range(0, rows_of(whole), 1024))
    return [each(itemgetter(part), whole) for part in parts]
