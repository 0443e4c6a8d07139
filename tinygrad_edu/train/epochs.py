"""Several epochs in one call of compiled code, where nothing is to be done between them."""

import math
import time
from typing import Any

from .progress import Progress
from .settings import Settings
from .steps import of_batches, places_of, rows_of
from .training import Training


def make_epochs(training: Training, bar: Progress) -> bool:
    """Make as many of the epochs that are left as a call may take; whether it was any.

    A step that cannot be made there, because its loss is not finite, ends the call; it is the next one.
    """
    history, settings, runs, batches = training.history, training.settings, training.runs, training.batches
    group = settings.step.accumulate
    if runs is None or not runs.useful or not batches or batches % group or not is_quiet(settings):
        return False
    if training.totals.weight or not len(history):  # in the middle of an epoch, or in the first
        return False
    steps = batches // group
    left = math.inf if training.best is None else training.best.left(history)  # if none of them is better
    count = math.ceil(min(runs.limit // steps, settings.epochs - len(history), left))
    if count < 2:
        return False
    start, rows = time.perf_counter(), rows_of(training.loader, count, group)
    if rows is None or (group > 1 and rows.ends_short):
        return False
    weighted = len(places_of(training, rows)) > 2
    made = advanced(runs, rows, range(group * (1 + weighted)))
    if not made.steps:
        return False
    history.count_step(made.steps)
    training.many += made.steps
    whole, rest = divmod(made.steps, steps)
    losses, weights, alike = of_batches(made, group), rows.size // group, not (weighted or rows.ends_short)
    if not alike:
        weights = of_batches(made, group, 1) if weighted else rows.sizes(made.steps)
    done = whole * batches  # batches of whole epochs
    of_whole = weights if alike else weights[:done].reshape(whole, batches)
    found = training.totals.of_epochs(losses[:done].reshape(whole, batches), of_whole)
    seconds = (time.perf_counter() - start) / made.steps * steps
    lr = training.optimizer.groups[0].lr
    if training.best is None:
        history.extend({"loss": found, "lr": [lr] * whole, "seconds": [seconds] * whole})
    else:
        for loss in found:
            history.append({"loss": loss, "lr": lr, "seconds": seconds})
            training.best.update(history, training.model)
    rows.advance(made.steps)
    if rest:
        training.totals.add_many(losses[done:], weights if alike else weights[done:], None, None)
        training.totals.before = seconds * rest / steps
    if whole:
        bar.begin(len(history) - 1)
        bar.end({"loss": history.last["loss"]})
        training.look_for_others(every=0.1)
    return True


def advanced(runs: Any, rows: Any, wanted: range) -> Any:
    """The next epochs made, in one call of C if all their batches have as many rows."""
    from ..compiler.turns import in_turns

    return in_turns(runs, rows, wanted) if rows.ends_short else runs.advance(rows, wanted=wanted)


def is_quiet(settings: Settings) -> bool:
    """Whether nobody looks at anything between two epochs, but at the losses."""
    looks: tuple[Any, ...] = (
        settings.validated, settings.callbacks, settings.checkpoint, settings.best and settings.best.restore,
        settings.schedule, settings.step.schedule, settings.trained, settings.step.distributed,
    )  # fmt: skip
    return not any(looks)
