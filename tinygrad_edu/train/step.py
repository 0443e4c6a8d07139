"""One step of a training: forward, backward, update."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import NonFiniteError
from ..optim.clip import clip_grad_norm
from ..tensor import Tensor
from .batches import has_rows, loss_of, no_tensor
from .compiled import by_batch, divide_gradients, is_first, step_of
from .inputs import called
from .story import Diverged, story
from .training import Training


def make_step(training: Training, group: list[Any], given: tuple[Any, ...] | None = None) -> None:
    """Make one step: the gradient of the mean loss over all examples of some batches, and the update.

    ``given`` is what a compiled step takes in the place of the group.
    """
    optimizer, step = training.optimizer, training.settings.step
    if step.schedule is not None:
        optimizer.lr = step.schedule(training.history.steps)
    compiled = training.began and step.compile and not is_first(training, group)
    if compiled and training.ranks is None:
        _make_compiled(training, group, given or group)
        return
    optimizer.zero_grad()
    _add_gradients(training, group, bool(compiled))
    if step.clip_norm is not None:
        _clip_gradients(training, step.clip_norm, group)
    training.update()


def _make_compiled(training: Training, group: list[Any], given: Sequence[Any]) -> None:
    """The same by a compiled function; the first step is made as it is, since it is looked at closely."""
    on_nan = training.settings.step.on_nan
    try:
        made = step_of(training)(*given)
    except NonFiniteError as error:
        if on_nan == "ignore":
            raise
        raise Diverged(story(training, str(error), group)) from None
    for (loss, weight, outputs), batch in zip(by_batch(made), group):
        number = loss.item()
        if not math.isfinite(number) and on_nan != "ignore":
            raise Diverged(story(training, f"the loss is {number}", group))
        training.totals.add(number, float(weight), outputs, batch[1])
    training.single += 1
    training.history.count_step()


def _add_gradients(training: Training, group: list[Any], compiled: bool) -> None:
    """Forward and backward, batch by batch; each batch's gradient counts as much as its examples do.

    On several ranks, a compiled function may have made both already.
    """
    totals, total, alone, trouble = training.totals, 0.0, len(group) == 1 and training.ranks is None, ""
    own = [batch for batch in group if training.ranks is None or has_rows(batch)]
    for (loss, weight, outputs), batch in _losses(training, own, compiled):
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
        divide_gradients(training.optimizer, total)


def _losses(training: Training, group: list[Any], compiled: bool) -> Iterator[Any]:
    """The loss, weight and outputs of each batch, and the batch; a compiled function makes all at once."""
    if compiled and group:
        training.single += 1
        yield from zip(by_batch(step_of(training)(*group)), group)
    elif not compiled:
        for batch in group:
            outputs = called(training.model, batch[0])
            yield (*loss_of(training.loss, outputs, batch), outputs), batch


def _clip_gradients(training: Training, norm: float, group: list[Any]) -> None:
    try:
        clip_grad_norm(training.optimizer.params, norm)
    except NonFiniteError as error:
        if training.settings.step.on_nan == "ignore":
            raise
        raise Diverged(story(training, str(error), group)) from None
