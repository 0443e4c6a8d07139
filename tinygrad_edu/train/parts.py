"""The parts that `fit` and its kin are given, checked: a model, a loss, an optimizer of the model, metrics."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..nn.module import Module
from ..optim.lbfgs import LBFGS
from ..optim.optimizer import Optimizer
from ..optim.ownership import compared, listed, replaced

Metrics = Mapping[str, Callable[[Any, Any], float]]


def check_model(who: str, model: Any) -> None:
    """Raise an ArgumentError unless this is a model, and not the class of one."""
    refuse_class(who, "the model", model)
    if not isinstance(model, Module):
        raise ArgumentError(f"{who}: expected a Module as the model; got {type(model).__name__}.")


def check_loss(who: str, loss: Any) -> None:
    """Raise an ArgumentError unless this is a function of (outputs, targets), and not the class of one."""
    refuse_class(who, "the loss", loss)
    if not callable(loss):
        raise ArgumentError(
            f"{who}: expected a function of (outputs, targets) as the loss; got {type(loss).__name__}."
        )


def refuse_class(who: str, what: str, given: Any) -> None:
    """Raise an ArgumentError for a class that stands where one of its objects should."""
    if isinstance(given, type):
        name = given.__name__
        raise ArgumentError(f"{who}: {what} is an instance; got the class {name}. Make one: {name}(…).")


def check_metrics(who: str, metrics: Any) -> None:
    """Raise an ArgumentError unless these are functions by name."""
    if not isinstance(metrics, Mapping) or not all(
        isinstance(name, str) and callable(f) for name, f in metrics.items()
    ):
        raise ArgumentError(
            f'{who}: metrics are functions by name, {{"accuracy": metrics.accuracy}}; got {metrics!r:.80}.'
        )


def check_parts(model: Any, loss: Any, optimizer: Any) -> set[str]:
    """Raise an ArgumentError unless these can be trained together; the names of parameters that were warned of.

    Warns
    -----
    RuntimeWarning
        If parameters that ask for gradients are not the optimizer's: they would stay as they are.
    """
    for what, given in (("the model", model), ("the loss", loss), ("the optimizer", optimizer)):
        refuse_class("fit", what, given)
    if not isinstance(model, Module) or not callable(loss) or not isinstance(optimizer, Optimizer):
        kinds = ", ".join(type(one).__name__ for one in (model, loss, optimizer))
        expected = "a Module, a function of (outputs, targets) and an Optimizer"
        raise ArgumentError(f"fit(model, loss, optimizer, data): expected {expected}; got {kinds}.")
    if isinstance(optimizer, LBFGS):
        raise ArgumentError(
            "fit: L-BFGS computes many losses in a step. Write the loop: for _ in range(epochs): "
            "optimizer.step(closure)."
        )
    own = own_parameters(model, loss)
    forgotten, foreign = compared(own, optimizer.params)
    if len(foreign) == len(optimizer.params):
        raise ArgumentError(
            "fit: the optimizer has no parameter of this model. Was it made for another one? Make it with "
            "model.parameters()."
        )
    if forgotten and foreign:
        raise ArgumentError(
            f"fit: {replaced(forgotten, foreign)} Make the optimizer again, with model.parameters(); or "
            "freeze() what is not to be trained."
        )
    if forgotten:
        warn_of_others(forgotten, "not among the optimizer's parameters", stacklevel=4)
    return set(forgotten)


def own_parameters(model: Module, loss: Any) -> list[tuple[str, Any]]:
    """The parameters of a model and of its loss, with their paths."""
    own: list[tuple[str, Any]] = list(model.named_parameters())
    return (
        own + [(f"loss.{name}", p) for name, p in loss.named_parameters()]
        if isinstance(loss, Module)
        else own
    )


def warn_of_others(names: list[str], why: str, *, stacklevel: int) -> None:
    """Warn of parameters that ask for gradients and will stay as they are."""
    warnings.warn(
        f"fit: {listed(names)}: {why}, and will not be trained. Give it model.parameters(), or freeze() what "
        "is not to be trained.",
        RuntimeWarning,
        stacklevel=stacklevel,
    )


def check_gradients(optimizer: Optimizer) -> None:
    """Raise an ArgumentError if no parameter has a gradient after the backward pass."""
    if all(p.grad is None for p in optimizer.params):
        raise ArgumentError(
            "fit: the loss reaches no parameter of the optimizer: after its backward pass, none has a "
            "gradient.\n"
            "  Is it computed from the model's outputs, and are these computed from its parameters, without "
            "detach() or .data?"
        )


def not_finite(model: Module, optimizer: Optimizer) -> str:
    """Which parameters that are trained hold NaN or infinity, with their verb; empty if none does."""
    trained = {id(p) for p in optimizer.params}
    names = [
        name for name, p in model.named_parameters() if id(p) in trained and not np.isfinite(p.data).all()
    ]
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'}" if names else ""
