"""fit: a training, from its settings to its history.

It says what a training can be asked for: settings, of which a training is made; `loop.run` is the loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from os import PathLike
from typing import Any

from ..errors import told_as
from ..nn.module import Module
from ..optim.optimizer import Optimizer
from ..optim.plateau import ReduceOnPlateau
from .batches import loaders_of
from .checkpoint import Checkpoint
from .compiled import told
from .ends import Ends
from .history import History
from .loop import run
from .parts import Loss, Metrics, check_data, check_parts
from .progress import Progress
from .ranks import Ranks
from .saver import Saver
from .settings import Schedule, Settings, StepSettings
from .stopping import EarlyStopping
from .training import Training
from .trial import rehearse


def fit(
    model: Module,
    loss: Loss,
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
    compile: bool | str = False,
    distributed: bool = False,
    progress: bool | str = "auto",
    callbacks: Sequence[Callable[[History], Any]] = (),
) -> History:
    """Train a model: for every epoch, for every batch, a step of the optimizer down the gradient of the loss.

    Parameters
    ----------
    model : Module
        It is trained in place, all of it in training mode; its modules have their modes back afterwards.
    loss : callable
        A function of (outputs of the model, targets): a module such as `nn.CrossEntropyLoss`, a function such
        as `mse_loss`, or your own.  What it returns is one number, or one for each example, whose mean is
        taken.  Weights of classes are a setting of it.
    optimizer : Optimizer
        It has the model's parameters, and was made after the last of them was.
    data : tuple of arrays (x, y) or (x, y, weights), DataLoader, or whatever a DataLoader takes
        There is one weight for each example, and the loss has ``reduction="none"`` then: a batch's loss is
        Σ wᵢ lᵢ / Σ wᵢ.  Where the model has several inputs, x is a tuple of arrays, for ``model(*x)``, or a
        dict, for ``model(**x)``; and (x1, x2, y) is ((x1, x2), y) of a model whose forward needs two.
        The batches ((x, lengths), y) that `data.pad_collate` makes are such.
    epochs : int, at least 1
        The number of epochs in total: a resumed training makes those that are left.
    batch_size : int or None, default=32
        How many examples make a batch; ignored for a DataLoader.  Other data are shuffled in every epoch,
        unless they can only be iterated over.  None takes all of them at once.
    seed : int, default=0
        Seed of the shuffling order; ignored for a DataLoader.
    validation : as data, optional
        Data that the model is evaluated on after every epoch, as `evaluate` does it.
    metrics : mapping of str to callable, optional
        Functions of (targets, outputs), such as those of `train.metrics`, computed once an epoch on ndarrays
        of all examples: for the training from the outputs as they were in each step, and for the validation
        from those after the epoch.  A metric whose name begins with ``val_`` is only computed for the latter.
        Each is tried on a batch, before the first step.
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
        When to stop because nothing gets better; the best weights come back at the end of the training,
        however it ends.
    checkpoint : path or Checkpoint, optional
        Where the training is saved: after every epoch, and when it ends, by Ctrl-C too.
    resume : bool or path, default=False
        True goes on from the checkpoint if its file exists, and begins anew if not.  A path names a
        checkpoint to go on from.  What comes out equals, to the bit, what comes out without the break (but
        for the seconds in the history).
    on_nan : {"stop", "raise", "ignore"}, default="stop"
        What a loss (or, if it is clipped, a gradient) that is not finite does, before the step that it would
        spoil.  "stop" ends the training with a RuntimeWarning, "raise" with a NonFiniteError; "ignore" does
        not look.  Both name inputs or targets that are not finite.  If a validation loss is not finite,
        "stop" only warns, once.
    compile : bool or {"numpy", "c", "numba", "auto"}, default=False
        Whether steps are compiled, by `tinygrad_edu.compile`: the same batches and the same bits in less
        time, for elementwise optimizers, and models that are functions of arrays.  The first step is made as
        it is.  With ``accumulate=k`` all batches of a step are one function, which takes k times as long to
        compile.  True is "numpy"; the others name another backend.  In C, batches that are rows of arrays, of
        several inputs and with weights too, are gathered there, and many steps are one call, of about 30 ms,
        between which Ctrl-C, progress and checkpoints have their turn; of several epochs, if nothing looks at
        each but early stopping by the loss, without ``restore``, and k batches make each step.  A step that
        has lines of NumPy is a call of its own, and so is one of batches that ``map`` or ``collate_fn``
        makes; ``history.compiled`` says what was, and why.
    distributed : bool, default=False
        Whether several processes train together, started by ``mpiexec -n 4 python -m mpi4py script.py``
        (the extra ``mpi``).  All are given the same data and settings, and ``batch_size`` is that of the
        whole: each computes its part of the rows, and a step is that of one process with all of them, to
        rounding.  With ``compile=`` each rank's gradient is compiled, and a call is one step.  See Notes.
    progress : {"auto", True, False}, default="auto"
        Whether a line on stderr tells how far the training is, drawn by tqdm if that is installed; "auto"
        shows it if stderr is a terminal, and in a notebook.
    callbacks : sequence of callable, default=()
        Each is called with the history after every epoch; one that returns True ends the training.

    Returns
    -------
    History
        It has the columns loss (the mean over all examples, however they fall into batches; a sum if the loss
        is one), the metrics, ``val_loss`` and ``val_`` metrics, lr (at the end of the epoch, of the first
        group) and seconds.

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
    TraceError
        With ``compile=True``, naming what cannot be compiled, and its line.
    NonFiniteError
        With ``on_nan="raise"``, naming the step, also if the last one has spoilt parameters; with "ignore",
        if a gradient that is to be clipped is not finite.
    RankError
        On all ranks, with ``distributed=True``, if they have other data, models or parameters.
    StateError, FormatError, OSError
        If the checkpoint does not fit, is damaged or cannot be read; nothing was changed then.

    Warns
    -----
    RuntimeWarning
        With ``on_nan="stop"``, naming the step, or the epoch of a validation loss that is not finite; and
        if parameters of the model that ask for gradients are not the optimizer's: freeze() says that this is
        meant.  Those that are made later are looked for after the first step and after every epoch.

    Notes
    -----
    Ctrl-C ends the training after the step that is being made, and fit returns as it does otherwise:
    ``history.stopped`` is "interrupted" then.  A second Ctrl-C raises KeyboardInterrupt at once.

    A checkpoint holds the states of model, loss, optimizer, schedule, early stopping, data loader and
    history, and of the generators in modules (those of dropout layers) and of `tinygrad_edu.seed`.
    Generators elsewhere are yours to restore.

    With ``distributed=True``, all begin with the state of rank 0, and agree on what the history holds and on
    whether the training ends (early, by a callback, a Ctrl-C or a NaN on any rank).  Metrics are measured on
    rank 0, on the outputs of all.  Rank 0 shows the progress and writes checkpoints, which are those of one
    process: a training goes on with any number of ranks.  Generators, such as those of dropout, draw other
    numbers on each rank.  Batch normalization takes the statistics of a rank's own rows, and the running ones
    are the mean over ranks, of which a warning tells; `distributed.synchronize` lets it take those of all
    rows, as one process does.  Parameters are compared every 100 steps and after each epoch.  An error on one
    rank ends the job, with its traceback.

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

    A model of two inputs:

    >>> class Both(nn.Module):
    ...     def __init__(self):
    ...         self.image, self.size = nn.Linear(4, 1, rng=0), nn.Linear(1, 1, rng=1)
    ...     def forward(self, image, size):
    ...         return self.image(image) + self.size(size)
    >>> both, images = Both(), np.eye(4)[[0, 1, 2, 3] * 25]
    >>> inputs, y = {"image": images, "size": x}, images @ [[1], [2], [3], [4]] - x
    >>> from tinygrad_edu.train import evaluate
    >>> _ = fit(both, nn.MSELoss(), optim.Adam(both.parameters(), lr=0.1), (inputs, y), epochs=40)
    >>> round(evaluate(both, nn.MSELoss(), (inputs, y))["loss"], 3)
    0.0
    """
    saved = Checkpoint(checkpoint) if isinstance(checkpoint, (str, PathLike)) else checkpoint
    ranks = Ranks() if distributed else None
    with ranks.team.together("fit") if ranks else nullcontext():
        with told_as("fit"):
            warned_of = check_parts(model, loss, optimizer)
            check_data(data, validation, epochs, batch_size, seed)
            step = StepSettings(step_schedule, clip_norm, accumulate, on_nan, compile, distributed)
            settings = Settings(
                epochs,
                step,
                metrics or {},
                schedule,
                early_stopping,
                saved,
                callbacks,
                validation is not None,
            )
        loader, held_out = loaders_of(model, data, validation, batch_size=batch_size, seed=seed)
        training = Training(settings, model, loss, optimizer, loader, held_out, warned_of, ranks)
        if ranks is not None:
            ranks.look_at_norms(model, loader)
        with Ends("fit"):
            rehearse(training)
    saver = Saver(saved, training)
    with ranks.parts(loader, held_out) if ranks else nullcontext():
        saver.resume(resume)
        run(
            training,
            saver,
            Progress(epochs, training.batches, progress if not ranks or ranks.is_root else False),
        )
    training.history.compiled = told(training)
    return training.history
