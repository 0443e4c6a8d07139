"""fit: the training loop.

`fit` says what a training can be asked for.  `_train` is the loop: epochs, the steps of each, what is done
after an epoch, and how it may end.  `_step` is one step: forward, backward, update.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from os import PathLike
from typing import Any

import numpy as np

from ..errors import ArgumentError, NonFiniteError
from ..modes import no_grad
from ..nn.module import Module
from ..optim.clip import clip_grad_norm
from ..optim.optimizer import Optimizer
from ..optim.plateau import ReduceOnPlateau
from ..tensor import Tensor
from .batches import loader_of, loss_of, no_tensor
from .checkpoint import Checkpoint, Saver, Training
from .ends import Ends
from .history import History
from .interrupt import Interrupt
from .parts import Metrics, check_gradients, check_parts, not_finite
from .plan import Plan
from .predict import evaluate, training_mode
from .progress import Progress
from .stopping import EarlyStopping
from .story import story, story_of_validation

Schedule = Callable[[int], float]


def fit(
    model: Module,
    loss: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    data: Any,
    *,
    epochs: int,
    batch_size: int | None = 32,
    seed: int = 0,
    validation: Any = None,
    metrics: Metrics | None = None,
    schedule: Schedule | ReduceOnPlateau | tuple[ReduceOnPlateau, str] | None = None,
    step_schedule: Schedule | None = None,
    clip_norm: float | None = None,
    accumulate: int = 1,
    early_stopping: EarlyStopping | None = None,
    checkpoint: Checkpoint | str | PathLike[str] | None = None,
    resume: bool | str | PathLike[str] = False,
    on_nan: str = "stop",
    progress: bool | str = "auto",
    callbacks: Sequence[Callable[[History], Any]] = (),
) -> History:
    """Train a model: for every epoch, for every batch, a step of the optimizer down the gradient of the loss.

    Parameters
    ----------
    model : Module
        Trained in place, all of it in training mode; its modules have their modes back afterwards.
    loss : callable
        Of (outputs of the model, targets): a module such as `nn.CrossEntropyLoss`, a function such as
        `mse_loss`, or your own. What it returns is one number, or one for each example, whose mean is taken.
        Weights of classes are a setting of it.
    optimizer : Optimizer
        Of the model's parameters, made after the last of them was.
    data : tuple of arrays (x, y) or (x, y, weights), DataLoader, or whatever a DataLoader takes
        Weights are one for each example, and the loss has ``reduction="none"`` then: a batch's loss is Σ wᵢ
        lᵢ / Σ wᵢ.
    epochs : int, at least 1
        In total: a resumed training makes those that are left.
    batch_size : int or None, default=32
        Of data that is no DataLoader, which is shuffled in every epoch, unless it can only be iterated over.
        None takes all of it at once.
    seed : int, default=0
        Of the order of such data.
    validation : as data, optional
        Evaluated after every epoch, as `evaluate` does.
    metrics : mapping of str to callable, optional
        Functions of (targets, outputs), such as those of `train.metrics`, computed once an epoch on ndarrays
        of all examples: for the training from the outputs as they were in each step, and for the validation
        from those after the epoch. Of a name that begins with "val_" it is only the latter.  Each is tried on
        a batch, before the first step.
    schedule : callable, ReduceOnPlateau or pair (ReduceOnPlateau, str), optional
        The learning rate as a function of the epoch, counted from 0.  A ReduceOnPlateau is given the
        validation loss (the training loss without validation data), or the column of the history that is
        named.
    step_schedule : callable, optional
        The learning rate as a function of the step, counted from 0.  Both kinds set the rate of all groups.
    clip_norm : float, above 0, optional
        The largest norm that the gradient may have; see `optim.clip_grad_norm`.
    accumulate : int, at least 1, default=1
        How many batches make a step: as one batch of all their examples would, but for batch normalization.
        The batches that are left at the end of an epoch make a step, too.
    early_stopping : EarlyStopping, optional
        Stop when nothing gets better; the best weights come back at the end of the training, however it ends.
    checkpoint : path or Checkpoint, optional
        Where the training is saved: after every epoch, and when it ends, by Ctrl-C too.
    resume : bool or path, default=False
        True goes on from the checkpoint if its file exists, and begins anew if not.  A path is that of a
        checkpoint to go on from.  What comes out equals, to the bit, what comes out without the break (but
        for the seconds in the history).
    on_nan : {"stop", "raise", "ignore"}, default="stop"
        What a loss (or, if it is clipped, a gradient) that is not finite does, before the step that it would
        spoil.  "stop" ends the training with a RuntimeWarning, "raise" with a NonFiniteError; "ignore" does
        not look.  Both name inputs or targets that are not finite.  Of a validation loss that is not finite
        "stop" only warns, once.
    progress : {"auto", True, False}, default="auto"
        A line on stderr, by tqdm if that is installed: if stderr is a terminal, always, or never.
    callbacks : sequence of callable, default=()
        Called with the history after every epoch; one that returns True ends the training.

    Returns
    -------
    History
        With the columns loss (the mean over all examples, however they fall into batches; a sum if the loss
        is one), the metrics, val_loss and val_ metrics, lr (at the end of the epoch, of the first group) and
        seconds.

    Raises
    ------
    ArgumentError
        Before the first step: if a setting is out of its range; if parameters were replaced after the
        optimizer was made; or if the last batch of an epoch has one example and the model has batch
        normalization, to which that has no variance (``DataLoader(…, drop_last=True)`` leaves it out); or if
        the loss reaches none of the optimizer's parameters.  What the loss raises for validation data, or a
        metric for any, comes then too.
    RuntimeError
        If an iterator is at its end in the model, the loss, the data, a schedule or a callback, naming the
        place.
    NonFiniteError
        With ``on_nan="raise"``, naming the step, also if the last one has spoilt parameters; with "ignore",
        if a gradient that is to be clipped is not finite.
    StateError, FormatError, OSError
        If the checkpoint does not fit, is damaged or cannot be read; nothing was changed then.

    Warns
    -----
    RuntimeWarning
        With ``on_nan="stop"``, naming the step, or the epoch of a validation loss that is not finite.  Also
        if parameters of the model that ask for gradients are not the optimizer's: freeze() says that this is
        meant.  Those that are made later are looked for after the first step and after every epoch.

    Notes
    -----
    Ctrl-C ends the training after the step that is being made, and fit returns as it does otherwise:
    ``history.stopped`` is "interrupted" then.  A second Ctrl-C raises KeyboardInterrupt at once.

    A checkpoint holds the states of model, loss, optimizer, schedule, early stopping, data loader and
    history, and of the generators in modules (those of dropout layers) and of `tinygrad_edu.seed`.
    Generators elsewhere are yours to restore.

    L-BFGS computes many losses in a step, and has no place in this loop: ``optimizer.step(closure)``.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn, optim
    >>> x = np.linspace(-1, 1, 100).reshape(-1, 1)
    >>> model = nn.Linear(1, 1, rng=0)
    >>> history = fit(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), (x, 3 * x - 1), epochs=40)
    >>> round(model.weight.item(), 3), round(model.bias.item(), 3), history["loss"][-1] < 1e-6
    (3.0, -1.0, True)
    """
    missing = check_parts(model, loss, optimizer)
    for name, given in (("data", data), ("validation", validation)):
        if isinstance(given, Iterator) and epochs != 1:
            raise ArgumentError(
                f"fit: {name} is an iterator, which has one epoch only. Give a list, or a function that "
                "returns a new one."
            )
    loader = loader_of("fit", data, model, batch_size=batch_size, shuffle=True, seed=seed, own_settings=True)
    held_out = (
        None
        if validation is None
        else loader_of("fit: validation", validation, model, batch_size=1024, shuffle=False)
    )
    training = Training(model, loss, optimizer, loader)
    with Ends("fit"):
        plan = Plan(
            training,
            held_out,
            epochs,
            metrics or {},
            step_schedule,
            clip_norm,
            accumulate,
            on_nan,
            callbacks,
            missing,
        )
    plan.use(schedule, early_stopping, checkpoint)
    history = training.history
    saver = Saver(plan.checkpoint, training)
    saver.resume(resume)
    with (
        Ends("fit"),
        training_mode(model, True),
        Interrupt() as interrupt,
        Progress(epochs, plan.batches, progress) as bar,
    ):
        try:
            _train(plan, saver, interrupt, bar)
            saver.save()
        except _Diverged as error:
            history.stop("nan", str(error))
            if on_nan == "raise":
                raise NonFiniteError(f"fit: {error}") from None
        except KeyboardInterrupt:
            if interrupt.requested:
                raise
            history.stop("interrupted", f"interrupted in the middle of step {history.steps + 1}")
    if training.best is not None:
        training.best.restore(model)
    if history.stopped == "nan":
        warnings.warn(f"fit stopped: {history.reason}", RuntimeWarning, stacklevel=2)
    elif on_nan != "ignore" and (spoilt := not_finite(model, optimizer)):
        told = f"fit: after the last step, {history.steps}, {spoilt} not finite, though its loss was. Try a lower learning rate, or clip_norm=1."
        if on_nan == "raise":
            raise NonFiniteError(told)
        warnings.warn(told, RuntimeWarning, stacklevel=2)
    return history


def _train(plan: Plan, saver: Saver, interrupt: Interrupt, bar: Progress) -> None:
    """The epochs that are left, until the last one or until something ends the training."""
    training = plan.training
    history, totals = training.history, training.totals
    while len(history) < plan.epochs and not _ended(plan):
        totals.start()
        bar.begin(len(history))
        plan.set_rate_of_epoch()
        for group in _groups(training.loader, plan.accumulate):
            _step(plan, group)
            bar.step(len(group))
            if len(group) < plan.accumulate:
                continue  # it is the last, and the loader stands in the next epoch: this one is to be completed first
            saver.after_step()
            if interrupt.requested:
                break
        else:
            _end_epoch(plan, saver, bar)
        if interrupt.requested:
            history.stop("interrupted", f"interrupted after step {history.steps}")


def _groups(loader: Any, size: int) -> Iterator[list[Any]]:
    """The batches of an epoch, as many together as make one step; at the end there may be fewer."""
    batches = iter(loader)
    while group := list(islice(batches, size)):
        yield group


def _step(plan: Plan, group: list[Any]) -> None:
    """One step of the optimizer: the gradient of the mean loss over all examples of some batches, and the update."""
    training = plan.training
    model, history = training.model, training.history
    optimizer: Any = training.optimizer
    if plan.step_schedule is not None:
        optimizer.lr = plan.step_schedule(history.steps)
    optimizer.zero_grad()
    total = 0.0
    for batch in group:
        outputs = model(batch[0])
        loss, weight = loss_of(training.loss, outputs, batch)
        if not isinstance(loss, Tensor):
            raise no_tensor(loss)
        number = loss.item()
        if not math.isfinite(number) and plan.on_nan != "ignore":
            raise _Diverged(story(training, f"the loss is {number}", group))
        loss.backward() if len(group) == 1 else loss.backward(
            np.array(1 if training.totals.summed else weight, loss.dtype)
        )
        training.totals.add(number, weight, outputs, batch[1])
        total += weight
    if len(group) > 1 and total and not training.totals.summed:
        _divide_gradients(optimizer, total)
    if plan.clip_norm is not None:
        _clip_gradients(plan, plan.clip_norm, group)
    if not plan.began:
        check_gradients(optimizer)
    optimizer.step()
    history.steps += 1
    if not plan.began:
        plan.began = True
        plan.look_for_others()


@no_grad
def _divide_gradients(optimizer: Optimizer, total: float) -> None:
    for p in optimizer.params:
        if p.grad is not None:
            p.grad /= total


def _clip_gradients(plan: Plan, norm: float, group: list[Any]) -> None:
    try:
        clip_grad_norm(plan.training.optimizer.params, norm)
    except NonFiniteError as error:
        if plan.on_nan == "ignore":
            raise
        raise _Diverged(story(plan.training, str(error), group)) from None


def _end_epoch(plan: Plan, saver: Saver, bar: Progress) -> None:
    """Evaluate, report, remember the best, ask the callbacks, and save."""
    training, history = plan.training, plan.training.history
    row = training.totals.report(plan.trained)
    if plan.held_out is not None:
        plan.place_validation()
        found = evaluate(training.model, training.loss, plan.held_out, metrics=plan.evaluated)
        row |= {f"val_{name}": value for name, value in found.items()}
    history.append({**row, "lr": training.optimizer.groups[0].lr, "seconds": training.totals.seconds})
    training.totals.clear()
    bar.end(row)
    if not math.isfinite(row.get("val_loss", 0.0)) and plan.on_nan != "ignore":
        _tell_of_validation(plan, row["val_loss"])
    improved = training.best is not None and training.best.update(history, training.model)
    if isinstance(training.schedule, ReduceOnPlateau):
        training.schedule(history[plan.watched][-1])
    saver.after_epoch(improved)
    for callback in plan.callbacks:
        answer = callback(history)
        if isinstance(answer, (bool, np.bool_)) and answer:  # and not a picture, or whatever else it returns
            history.stop("callback", f"stopped by a callback after epoch {len(history)}")
    plan.look_for_others()


def _tell_of_validation(plan: Plan, value: float) -> None:
    """Warn of the first validation loss that is not finite; the training itself goes on, if it is to."""
    if plan.on_nan == "raise":
        raise _Diverged(story_of_validation(plan.training, plan.held_out, value))
    if not plan.told:
        plan.told = True
        warnings.warn(
            f"fit: {story_of_validation(plan.training, plan.held_out, value)}", RuntimeWarning, stacklevel=5
        )


def _ended(plan: Plan) -> bool:
    """Whether the training is over before its last epoch."""
    history, best = plan.training.history, plan.training.best
    if not history.stopped and best is not None and best.exhausted(history):
        history.stop("early", best.reason(history))
    return history.stopped is not None


class _Diverged(Exception):
    """A loss or a gradient is not finite."""
