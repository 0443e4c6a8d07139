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
    count, group = epochs_at_once(training), training.settings.step.accumulate
    if count < 2:
        return False
    start, rows = time.perf_counter(), rows_of(training.loader, count, group)
    if rows is None or (group > 1 and rows.ends_short):
        return False
    weighted = len(places_of(training, rows)) > 2
    made = advanced(training.runs, rows, range(group * (1 + weighted)))
    if not made.steps:
        return False
    training.history.count_step(made.steps)
    training.many += made.steps
    weights = rows.sizes(made.steps) if rows.ends_short else rows.size // group
    weights = of_batches(made, group, 1) if weighted else weights
    rows.advance(made.steps)
    before = len(training.history)
    note_batches(training, of_batches(made, group), weights, start)
    if len(training.history) > before:
        bar.begin(len(training.history) - 1)
        bar.end({"loss": training.history.last["loss"]})
        training.look_for_others(every=0.1)
    return True


def epochs_at_once(training: Training) -> int:
    """How many of the epochs that are left may be made in one call; 0 if none may."""
    history, settings, runs, batches = training.history, training.settings, training.runs, training.batches
    group = settings.step.accumulate
    if runs is None or not runs.useful or not batches or batches % group or not is_quiet(settings):
        return 0
    if training.totals.weight or not len(history):  # in the middle of an epoch, or in the first
        return 0
    left = math.inf if training.best is None else training.best.left(history)  # if none of them is better
    return math.ceil(min(runs.limit // (batches // group), settings.epochs - len(history), left))


def note_batches(training: Training, losses: Any, weights: Any, start: float) -> None:
    """Note the epochs that are whole, and begin the one that is not, given the losses of their batches, the
    weight of each or of every one, and when the first began.
    """
    history, totals, batches = training.history, training.totals, int(training.batches or 0)
    whole, rest = divmod(len(losses), batches)
    done = whole * batches
    of_whole = of_rest = weights
    if not isinstance(weights, int):
        of_whole, of_rest = weights[:done].reshape(whole, batches), weights[done:]
    found = totals.of_epochs(losses[:done].reshape(whole, batches), of_whole)
    seconds = (time.perf_counter() - start) / len(losses) * batches
    lr = training.optimizer.groups[0].lr
    if training.best is None:
        history.extend({"loss": found, "lr": [lr] * whole, "seconds": [seconds] * whole})
    else:
        for loss in found:
            history.append({"loss": loss, "lr": lr, "seconds": seconds})
            training.best.update(history, training.model)
    if rest:
        totals.add_many(losses[done:], of_rest, None, None)
        totals.before = seconds * rest / batches


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
