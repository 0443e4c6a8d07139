"""The parts that `fit`, `evaluate` and `predict` are given, checked: model, loss, optimizer, data, metrics.

What is raised and warned here is told by the function that the user called, at the line where it was called.
"""

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ArgumentError, told_by
from ..nn.module import Module
from ..optim.lbfgs import LBFGS
from ..optim.optimizer import Optimizer
from ..optim.ownership import compared, listed, replaced

Loss = Callable[[Any, Any], Any]  # of (outputs, targets)
Metric = Callable[[Any, Any], float]  # of (targets, outputs)
Metrics = Mapping[str, Metric]
HERE = str(Path(__file__).parent)


def warn(message: str) -> None:
    """Give a RuntimeWarning that points to the user's line which called into this folder."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(HERE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, RuntimeWarning, stacklevel=level)


def refuse_class(what: str, given: Any) -> None:
    """Raise for a class that stands where one of its objects should."""
    if isinstance(given, type):
        name = given.__name__
        raise ArgumentError(f"{what} is an instance; got the class {name}. Make one: {name}(…).")


def check_model(model: Any) -> None:
    """Raise unless this is a model, and not the class of one."""
    refuse_class("the model", model)
    if not isinstance(model, Module):
        raise ArgumentError(f"expected a Module as the model; got {type(model).__name__}.")


def check_loss(loss: Any) -> None:
    """Raise unless this is a function of (outputs, targets), and not the class of one."""
    refuse_class("the loss", loss)
    if not callable(loss):
        kind = type(loss).__name__
        raise ArgumentError(f"expected a function of (outputs, targets) as the loss; got {kind}.")


def check_metrics(metrics: Any) -> None:
    """Raise unless these are functions by name."""
    named = metrics.items() if isinstance(metrics, Mapping) else [(None, None)]
    if not all(isinstance(name, str) and callable(metric) for name, metric in named):
        example = '{"accuracy": metrics.accuracy}'
        raise ArgumentError(f"metrics are functions by name, {example}; got {metrics!r:.80}.")


def check_parts(model: Any, loss: Any, optimizer: Any) -> set[str]:
    """Raise unless these can be trained together.

    Returns
    -------
    set of str
        The names of parameters that ask for gradients and are not the optimizer's, which was warned of.
    """
    for what, given in (("the model", model), ("the loss", loss), ("the optimizer", optimizer)):
        refuse_class(what, given)
    if not isinstance(model, Module) or not callable(loss) or not isinstance(optimizer, Optimizer):
        kinds = ", ".join(type(one).__name__ for one in (model, loss, optimizer))
        expected = "a Module, a function of (outputs, targets) and an Optimizer"
        error = ArgumentError(f"expected {expected}; got {kinds}.")
        raise told_by(error, "fit(model, loss, optimizer, data)")
    if isinstance(optimizer, LBFGS):
        loop = "for _ in range(epochs): optimizer.step(closure)"
        raise ArgumentError(f"L-BFGS computes many losses in a step. Write the loop: {loop}.")
    forgotten, foreign = compared(own_parameters(model, loss), optimizer.params)
    if len(foreign) == len(optimizer.params):
        advice = "Was it made for another one? Make it with model.parameters()"
        raise ArgumentError(f"the optimizer has no parameter of this model. {advice}.")
    if forgotten and foreign:
        advice = "with model.parameters(); or freeze() what is not to be trained"
        raise ArgumentError(f"{replaced(forgotten, foreign)} Make the optimizer again, {advice}.")
    if forgotten:
        warn_of_others(forgotten, "not among the optimizer's parameters")
    return set(forgotten)


def check_data(data: Any, validation: Any, epochs: int, batch_size: int | None, seed: int) -> None:
    """Raise if data cannot be gone through so many times, or have settings of their own beside these."""
    for name, given in (("data", data), ("validation", validation)):
        if isinstance(given, Iterator) and epochs != 1:
            advice = "Give a list, or a function that returns a new one"
            raise ArgumentError(f"{name} is an iterator, which has one epoch only. {advice}.")
    if gives_batches(data) and (batch_size, seed) != (32, 0):
        raise ArgumentError("batch_size and seed are settings of the DataLoader, which the data already are.")


def gives_batches(data: Any) -> bool:
    """Whether data are a DataLoader, or what goes on from a saved place as one does."""
    return hasattr(data, "load_state_dict") and hasattr(data, "__iter__")


def own_parameters(model: Module, loss: Any) -> list[tuple[str, Any]]:
    """The parameters of a model and of its loss, with their paths."""
    of_loss = loss.named_parameters() if isinstance(loss, Module) else ()
    return [*model.named_parameters(), *((f"loss.{name}", p) for name, p in of_loss)]


def warn_of_others(names: list[str], why: str) -> None:
    """Warn of parameters that ask for gradients and will stay as they are."""
    advice = "Give it model.parameters(), or freeze() what is not to be trained"
    warn(f"fit: {listed(names)}: {why}, and will not be trained. {advice}.")


def check_gradients(optimizer: Optimizer) -> None:
    """Raise if no parameter has a gradient after the backward pass."""
    if all(p.grad is None for p in optimizer.params):
        told = "the loss reaches no parameter of the optimizer: after its backward pass, none has a gradient"
        doubt = "Is it computed from the model's outputs, and are these computed from its parameters"
        raise ArgumentError(f"fit: {told}.\n  {doubt}, without detach() or .data?")


def not_finite(model: Module, optimizer: Optimizer) -> str:
    """Which parameters that are trained hold NaN or infinity, with their verb; empty if none does."""
    trained = {id(p) for p in optimizer.params}
    named = model.named_parameters()
    names = [name for name, p in named if id(p) in trained and not np.isfinite(p.data).all()]
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}" if names else ""
