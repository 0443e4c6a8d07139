"""A trial before the first step: what cannot work is to be found at once, and not after an epoch."""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..modes import no_grad
from ..nn.module import Module
from ..nn.parameter import Buffer
from .batches import loss_of, measured
from .checkpoint import Generators, Training
from .parts import Metrics
from .predict import array_of, training_mode


@contextmanager
def undisturbed(*modules: Any) -> Iterator[None]:
    """A block after which buffers and generators of random numbers are again as they were."""
    inner = [part for module in modules if isinstance(module, Module) for part in module.modules()]
    attributes = [
        {name: value for name, value in vars(part).items() if isinstance(value, Buffer)} for part in inner
    ]
    buffers = [
        (buffer, buffer.data.copy())
        for module in modules
        if isinstance(module, Module)
        for buffer in module.buffers()
    ]
    generators = Generators(list(modules))
    numbers = generators.state_dict()
    try:
        yield
    finally:
        for part, held in zip(inner, attributes):
            vars(part).update(held)  # forward may have assigned others
        for buffer, before in buffers:
            buffer.write(before)
        generators.load_state_dict(numbers)


def try_out(training: Training, held_out: Any, trained: Metrics, evaluated: Metrics) -> None:
    """Compute, as in use, the loss of a batch of validation data, and each metric of the outputs for a batch.

    What can only be iterated over stays as it is, and is not tried.
    """
    model = training.model
    metrics, loader = (trained, training.loader) if held_out is None else (evaluated, held_out)
    if not getattr(loader, "samples", None) or not (metrics or loader is held_out):
        return
    with undisturbed(model, training.loss), training_mode(model, False), no_grad():
        batch = next(iter(copy.copy(loader)))  # of a copy, so that the loader stays where it is
        outputs = model(batch[0])
        if loader is held_out:
            loss_of(training.loss, outputs, batch)
        if metrics:
            _try_metrics(model, loader, metrics, batch[1], array_of(outputs))


def _try_metrics(model: Module, loader: Any, metrics: Metrics, targets: Any, outputs: Any) -> None:
    """Raise what a metric raises for all examples; a batch alone may lack what it needs, such as a second class."""
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
    x, targets = (np.concatenate(column) for column in zip(*[batch[:2] for batch in copy.copy(loader)]))
    outputs = np.concatenate([array_of(model(x[start : start + 1024])) for start in range(0, len(x), 1024)])
    if not np.all(np.isfinite(outputs)):
        return  # the training has a story of its own about that
    for name in failed:
        try:
            measured(name, metrics[name], targets, outputs)
        except Exception as error:
            error.add_note(
                f"fit: it was raised by the metric {name!r}, on outputs of the model before the first step."
            )
            raise
