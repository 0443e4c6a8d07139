"""A model in use: predictions and an evaluation, in batches, without gradients and in evaluation mode."""

from operator import itemgetter
from typing import Any

import numpy as np

from ..arrays import plain
from ..errors import ArgumentError, DTypeError, ShapeError, told_as
from ..modes import no_grad
from ..nn.mode import training_mode
from ..nn.module import Module
from ..tensor import Tensor
from .batches import Totals, has_rows, loader_of, loss_of
from .inputs import arranged, called, misfit
from .parts import Loss, Metrics, check_loss, check_metrics, check_model


def predict(model: Module, x: Any, *, batch_size: int = 1024) -> Any:
    """What a model says of each example, computed in batches, without gradients.

    The model is in use meanwhile: nothing is dropped out, and normalization goes by its running statistics.

    Parameters
    ----------
    model : Module
        One tensor comes out of it.  Its modules have their modes back afterwards, whatever happens.
    x : array_like of shape (n, …), a frame or table of numbers, or tuple or dict of them
        A tuple of arrays is for ``model(*x)``, a dict for ``model(**x)``.
    batch_size : int, at least 1, default=1024
        How many examples are computed at once; smaller needs less memory.

    Returns
    -------
    ndarray of shape (n, …)
        Scores as the model gives them: ``.argmax(axis=1)`` of logits are labels.

    Raises
    ------
    ArgumentError
        If batch_size is below 1.
    ShapeError
        If x is a single number, or several arrays of which the model takes one, or that differ in rows.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> predict(nn.Linear(3, 2, rng=0), np.ones((5, 3))).shape
    (5, 2)

    Several inputs:

    >>> predict(nn.Bilinear(3, 2, 4, rng=0), (np.ones((5, 3)), np.ones((5, 2)))).shape
    (5, 4)
    """
    with told_as("predict"):
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ArgumentError(f"batch_size is at least 1, a whole number; got {batch_size!r}.")
        check_model(model)
        x = _inputs(model, x)
    from ..data.fields import each, rows_of

    parts = [slice(start, start + batch_size) for start in range(0, max(rows_of(x), 1), batch_size)]
    with training_mode(model, False), no_grad():
        outputs = [called(model, each(itemgetter(part), x)) for part in parts]
    return np.concatenate([array_of(output) for output in outputs])


def _inputs(model: Module, x: Any) -> Any:
    """An array of examples, or several, as the model takes them."""
    from ..data.fields import check_rows, converted, is_several

    if not is_several(x):
        return _examples("x", x)
    several = converted("x", x, _examples)
    if problem := misfit(model, several):
        said = "x is one array of examples, (n, …), or what the model takes, without their targets"
        raise ShapeError(f"{said}; got a {type(x).__name__}.\n  {problem}")
    check_rows((several,), ["x"])
    return several


def _examples(name: str, x: Any) -> Any:
    """An array of examples."""
    given = type(x).__name__
    try:
        array = plain(x, name)
    except ShapeError as error:
        said = f"{name} is one array of examples, (n, …), without their targets"
        raise ShapeError(f"{said}; got a {given}.\n  predict: {error}") from None
    if array.ndim == 0:
        what = "number" if array.dtype.kind in "biufc" else given
        raise ShapeError(f"{name} has examples on its first axis, (n, …); got a single {what}.")
    return array


def evaluate(
    model: Module, loss: Loss, data: Any, *, metrics: Metrics | None = None, batch_size: int = 1024
) -> dict[str, float]:
    """The loss and metrics of a model on data, computed in batches without gradients, as in use.

    Parameters
    ----------
    model : Module
        Its modules have their modes back afterwards, whatever happens.
    loss : callable
        A function of (outputs, targets), as in `fit`.
    data : tuple of arrays (x, y) or (x, y, weights), or DataLoader, or whatever a DataLoader takes
        Several inputs are a tuple or dict in the place of x, as in `fit`.
    metrics : mapping of str to callable, optional
        Functions of (targets, outputs), ndarrays of all the data: each is computed once, and is no mean over
        batches. Weights of examples count in the loss alone.
    batch_size : int, at least 1, default=1024
        How many examples are computed at once; ignored for a DataLoader.

    Returns
    -------
    dict of str to float
        ``loss``, the mean over all examples, however they fall into batches; and the metrics.

    Raises
    ------
    ArgumentError
        If there is no example.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> x = np.array([[1.0], [2.0], [6.0]], np.float32)
    >>> evaluate(nn.Identity(), nn.L1Loss(), (x, np.zeros((3, 1), np.float32)), batch_size=2)
    {'loss': 3.0}
    """
    functions = metrics or {}
    with told_as("evaluate"):
        check_model(model)
        check_loss(loss)
        check_metrics(functions)
    return evaluated(model, loss, loader_of("evaluate", data, model, batch_size=batch_size), functions)


def evaluated(
    model: Module, loss: Loss, loader: Any, metrics: Metrics, ranks: Any = None
) -> dict[str, float]:
    """What `evaluate` returns, of batches; of a distributed training each rank has a part of them."""
    totals = Totals(loss, keep=bool(metrics))
    with training_mode(model, False), no_grad():
        for batch in loader:
            batch = arranged(model, batch)
            if ranks is not None and not has_rows(batch):
                continue
            outputs = called(model, batch[0])
            value, weight = loss_of(loss, outputs, batch)
            totals.add(value.item(), weight, outputs, batch[1])
    return totals.report(metrics, ranks)


def array_of(output: Any) -> Any:
    """The ndarray that a model's output is."""
    if isinstance(output, Tensor):
        return output.detach().numpy()
    if isinstance(output, np.ndarray):
        return output
    found = type(output).__name__ + (f" of {len(output)}" if isinstance(output, (tuple, list)) else "")
    raise DTypeError(
        f"predict and metrics need a model of which one tensor comes out; got {found}.\n"
        "  A Module of yours returns the one that is meant: out, h = rnn(x), and return out."
    )
