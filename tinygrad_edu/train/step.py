"""One step of a training: forward, backward, update."""

import math
from typing import Any

import numpy as np

from ..errors import NonFiniteError
from ..modes import no_grad
from ..optim.clip import clip_grad_norm
from ..optim.optimizer import Optimizer
from ..tensor import Tensor
from .batches import has_rows, loss_of, no_tensor
from .compiled import is_first, step_of
from .inputs import called
from .story import Diverged, story
from .training import Training


def make_step(training: Training, group: list[Any]) -> None:
    """Make one step: the gradient of the mean loss over all examples of some batches, and the update."""
    optimizer, step = training.optimizer, training.settings.step
    if step.schedule is not None:
        optimizer.lr = step.schedule(training.history.steps)
    compiled = training.began and step.compile and len(group) == 1 and not is_first(training, group[0])
    if compiled and training.ranks is None:
        _make_compiled(training, group)
        return
    optimizer.zero_grad()
    _add_gradients(training, group, bool(compiled))
    if step.clip_norm is not None:
        _clip_gradients(training, step.clip_norm, group)
    training.update()


def _make_compiled(training: Training, group: list[Any]) -> None:
    """The same by a compiled function; the first step is made as it is, since it is looked at closely."""
    batch, step = group[0], training.settings.step
    try:
        loss, weight, outputs = step_of(training)(batch)
    except NonFiniteError as error:
        if step.on_nan == "ignore":
            raise
        raise Diverged(story(training, str(error), group)) from None
    number = loss.item()
    if not math.isfinite(number) and step.on_nan != "ignore":
        raise Diverged(story(training, f"the loss is {number}", group))
    training.totals.add(number, float(weight), outputs, batch[1])
    training.single += 1
    training.history.count_step()


def _add_gradients(training: Training, group: list[Any], compiled: bool) -> None:
    """Forward and backward, batch by batch; each batch's gradient counts as much as its examples do.

    On several ranks, a compiled function may have made both already.
    """
    totals, total, alone, trouble = training.totals, 0.0, len(group) == 1 and training.ranks is None, ""
    for batch in group:
        if training.ranks is not None and not has_rows(batch):
            continue
        if compiled:
            loss, weight, outputs = step_of(training)(batch)
            training.single += 1
        else:
            outputs = called(training.model, batch[0])
            loss, weight = loss_of(training.loss, outputs, batch)
        if not isinstance(loss, Tensor):
            raise no_tensor(loss)
        weight = float(weight)
        number = loss.item()
        if not math.isfinite(number) and training.settings.step.on_nan != "ignore":
            trouble = story(training, f"the loss is {number}", group)
            break
        if alone:
            loss.backward()
        elif not compiled:
            loss.backward(np.array(1 if totals.summed else weight, loss.dtype))
        totals.add(number, weight, outputs, batch[1])
        total += weight
    if training.ranks is not None:
        total, trouble = training.ranks.sum_gradients(training, total, trouble)
    if trouble:
        raise Diverged(trouble)
    if not alone and total and not totals.summed:
        _divide_gradients(training.optimizer, total)


@no_grad
def _divide_gradients(optimizer: Optimizer, total: float) -> None:
    for p in optimizer.params:
        if p.grad is not None:
            p.grad /= total


def _clip_gradients(training: Training, norm: float, group: list[Any]) -> None:
    try:
        clip_grad_norm(training.optimizer.params, norm)
    except NonFiniteError as error:
        if training.settings.step.on_nan == "ignore":
            raise
        raise Diverged(story(training, str(error), group)) from None
