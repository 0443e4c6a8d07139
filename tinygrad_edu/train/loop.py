"""The loop of a training: epochs, the steps of each, what is done after an epoch, and how it may end.

A step (`step.make_step`) is forward, backward and update; `fit` says what a training can be asked for.
"""

from __future__ import annotations

import math
from contextlib import nullcontext

import numpy as np

from ..errors import NonFiniteError
from ..nn.mode import training_mode
from ..optim.plateau import ReduceOnPlateau
from .ends import Ends
from .epochs import make_epochs
from .interrupt import Interrupt
from .parts import not_finite, warn
from .predict import evaluated
from .progress import Progress
from .saver import Saver
from .steps import make_steps
from .story import Diverged, story_of_validation
from .training import Training


def run(training: Training, saver: Saver, bar: Progress) -> None:
    """The loop, what may break it off, and what is left to do after it."""
    history, on_nan = training.history, training.settings.step.on_nan
    with Ends("fit"), training_mode(training.model, True), Interrupt() as interrupt, bar:
        try:
            with training.ranks.at_work(interrupt, saver) if training.ranks else nullcontext():
                _train(training, saver, interrupt, bar)
                training.look_for_others()
                saver.save()
        except Diverged as error:
            history.stop("nan", str(error))
            if on_nan == "raise":
                raise NonFiniteError(f"fit: {error}") from None
        except KeyboardInterrupt:
            if interrupt.requested or training.ranks:
                raise
            history.stop("interrupted", f"interrupted in the middle of step {history.steps + 1}")
    if training.best is not None:
        training.best.restore(training.model)
    if history.stopped == "nan":
        warn(f"fit stopped: {history.reason}")
    elif on_nan != "ignore" and (spoilt := not_finite(training.model, training.optimizer)):
        told = f"fit: after the last step, {history.steps}, {spoilt} not finite, though its loss was. "
        told += "Try a lower learning rate, or clip_norm=1."
        if on_nan == "raise":
            raise NonFiniteError(told)
        warn(told)


def _train(training: Training, saver: Saver, interrupt: Interrupt, bar: Progress) -> None:
    """The epochs that are left, until the last one or until something ends the training."""
    history, settings = training.history, training.settings
    while len(history) < settings.epochs and not _ended(training):
        training.totals.start()
        if make_epochs(training, bar):
            if interrupt.requested:
                history.stop("interrupted", f"interrupted after step {history.steps}")
            continue
        bar.begin(len(history))
        training.set_rate_of_epoch()
        for batches in make_steps(training):
            if training.ranks:
                training.ranks.look(training)
            bar.step(batches)
            if batches < settings.step.accumulate:
                continue  # the last one: the loader stands in the next epoch, and this one is completed first
            saver.after_step()
            if _interrupted(training, interrupt):
                break
        else:
            _end_epoch(training, saver, bar)
        if _interrupted(training, interrupt):
            history.stop("interrupted", f"interrupted after step {history.steps}")


def _interrupted(training: Training, interrupt: Interrupt) -> bool:
    """Whether there was a Ctrl-C; on several ranks, on any of them before the last step."""
    return training.ranks.granted["stop"] if training.ranks else interrupt.requested


def _end_epoch(training: Training, saver: Saver, bar: Progress) -> None:
    """Evaluate, report, remember the best, ask the callbacks, and save."""
    history, settings = training.history, training.settings
    if training.ranks:
        training.ranks.look(training, now=True)
    row = training.totals.report(settings.trained, training.ranks)
    if training.held_out is not None:
        training.place_validation()
        found = evaluated(
            training.model, training.loss, training.held_out, settings.evaluated, training.ranks
        )
        row |= {f"val_{name}": value for name, value in found.items()}
    history.append({**row, "lr": training.optimizer.groups[0].lr, "seconds": training.totals.seconds})
    training.totals.clear()
    bar.end(row)
    _look_at_validation(training, row.get("val_loss", 0.0))
    improved = training.best is not None and training.best.update(history, training.model)
    if isinstance(training.schedule, ReduceOnPlateau):
        training.schedule(history[training.watched][-1])
    saver.after_epoch(improved)
    for callback in settings.callbacks:
        answer = callback(history)
        over = isinstance(answer, (bool, np.bool_)) and bool(answer)  # no picture, or whatever it returns
        if over if training.ranks is None else training.ranks.any(over):
            history.stop("callback", f"stopped by a callback after epoch {len(history)}")
    training.look_for_others(every=0.1)


def _look_at_validation(training: Training, loss: float) -> None:
    """Warn of the first validation loss that is not finite; the training itself goes on, if it is to."""
    on_nan = training.settings.step.on_nan
    if math.isfinite(loss) or on_nan == "ignore":
        return
    if on_nan == "raise":
        raise Diverged(story_of_validation(training, loss))
    if training.is_news("the validation loss"):
        warn(f"fit: {story_of_validation(training, loss)}")


def _ended(training: Training) -> bool:
    """Whether the training is over before its last epoch."""
    history, best = training.history, training.best
    if not history.stopped and best is not None and best.exhausted(history):
        history.stop("early", best.reason(history))
    return history.stopped is not None
