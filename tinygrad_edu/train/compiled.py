"""A step of a training as a compiled function: the same batches, the same bits, in less time."""

from typing import Any

import numpy as np

from ..arrays import stands_for_array
from ..modes import no_grad
from ..optim.clip import clip_grad_norm
from ..tensor import Tensor
from .batches import loss_of, no_tensor, reduction_of
from .inputs import arranged, called, parted
from .settings import StepSettings


def compiled_step(model: Any, loss: Any, optimizer: Any, settings: StepSettings) -> Any:
    """A function of batches that makes a step of them all, compiled; it returns first their losses, then
    their weights, then their outputs.  They may be joined in one, of which so many rows are each of them.

    Where a loss is not finite it stops before anything is changed, unless ``on_nan`` is "ignore".  In a
    distributed training it makes the gradient alone, as many times as the examples of this rank weigh.
    """
    from ..compiler import compile

    norm, looks, summed = settings.clip_norm, settings.on_nan != "ignore", reduction_of(loss) == "sum"

    def step(*given: Any) -> Any:
        optimizer.zero_grad()
        group = parted(*given) if isinstance(given[-1], int) else given
        weighs, total = settings.distributed or len(group) > 1, 0.0
        losses, weights, results = [], [], []  # type: tuple[list[Any], list[Any], list[Any]]
        for batch in group:
            outputs = called(model, batch[0])
            value, weight = loss_of(loss, outputs, batch)
            if not isinstance(value, Tensor):
                raise no_tensor(value)
            losses.append(value)
            weights.append(weight)
            results.append(outputs)
            if looks and not np.isfinite(value):
                return (*losses, *weights, *results)
            if weighs:
                value.backward(times(value, 1 if summed else weight))
            else:
                value.backward()
            total = total + (weight.astype(np.float64) if stands_for_array(weight) else float(weight))
        if settings.distributed:
            return (*losses, *weights, *results)
        if weighs and not summed and total:
            divide_gradients(optimizer, total)
        if norm is not None:
            clip_grad_norm(optimizer.params, norm)
        optimizer.step()
        return (*losses, *weights, *results)

    return compile(step, backend="numpy" if settings.compile is True else str(settings.compile))


def by_batch(made: Any) -> Any:
    """The loss, weight and outputs of each batch, of what a compiled step returns."""
    count = len(made) // 3
    return zip(made[:count], made[count : 2 * count], made[2 * count :])


def times(value: Any, weight: Any) -> Any:
    """A weight as the gradient of a loss, of its dtype."""
    is_array = stands_for_array(weight)  # of a step that is traced
    return weight.astype(value.dtype, copy=False) if is_array else np.array(weight, value.dtype)


@no_grad
def divide_gradients(optimizer: Any, total: Any) -> None:
    """Make means of the sums over examples that gradients are, given the weight of all examples."""
    for p in optimizer.params:
        if p.grad is not None:
            p.grad /= times(p.grad, total)


def runs_of(training: Any) -> Any:
    """Steps of a training as calls of C, which make many; None if they are not to be compiled to C."""
    step = training.settings.step
    if step.compile in (True, False, "numpy") or step.distributed:
        return None
    from ..compiler.over import Runs

    return Runs(step_of(training), lambda *batch: given(training, arranged(training.model, batch)))


def given(training: Any, batch: Any) -> tuple[Any, ...]:
    """What a step in C is given: a batch, or those of a step joined, which are gathered at once."""
    joined = training.settings.step.accumulate > 1
    return (batch, training.loader.batch_size) if joined else (batch,)


class Kept:
    """The compiled step of parts that are trained several times, as estimators do: it is traced once.

    Attributes
    ----------
    step : Compiled or None
    met, known : set of tuple of int
        The numbers of rows that the batches of a step had in this training, and in those before.
    """

    def __init__(self) -> None:
        self.step: Any = None
        self.met: set[tuple[int, ...]] = set()
        self.known: set[tuple[int, ...]] = set()

    def again(self) -> None:
        """Another training begins."""
        self.known |= self.met
        self.met = set()


def is_first(training: Any, group: list[Any]) -> bool:
    """Whether a training with a kept step meets its first batches of so many rows, and not the first of all.

    It is made as it is: in that one it was when it was traced, so that both give the same bits.
    """
    kept = training.kept
    if kept is None:
        return False
    rows = tuple(len(batch[1]) for batch in group)
    first = rows not in kept.met
    kept.met.add(rows)
    return first and rows in kept.known


def met(training: Any, rows: tuple[int, ...]) -> bool:
    """Whether a training has begun, and its step, if it was kept, has met batches of so many rows."""
    return bool(training.began and (training.kept is None or rows in training.kept.met))


def told(training: Any) -> str:
    """How many steps were compiled, and why others were not, in words; nothing if none was to be."""
    settings, compiled = training.settings.step, training.compiled
    if not settings.compile:
        return ""
    single = training.single - (0 if compiled is None else compiled.eager - training.eager)
    rest = training.history.steps - training.many - single
    lines = [f"{training.many} steps in calls of many, {single} in a call each, {rest} as they are."]
    if settings.distributed:
        lines.append("A call is the gradient of one step, which is summed over all ranks.")
    elif settings.compile not in (True, "numpy") and single > 1 and not training.by_rows:
        lines.append(
            "A call is one step, as batches are no rows of contiguous arrays: each is made by itself."
        )
    return "\n".join([*lines, *([] if compiled is None else [compiled.report()])])


def step_of(training: Any) -> Any:
    """The compiled step of a training, made when it is asked for first, or kept from another training."""
    if training.compiled is None:
        kept, settings = training.kept, training.settings.step
        training.compiled = (kept and kept.step) or compiled_step(
            training.model, training.loss, training.optimizer, settings
        )
        training.eager = training.compiled.eager
        if kept is not None:
            kept.step = training.compiled
    return training.compiled
