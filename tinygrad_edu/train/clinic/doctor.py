"""doctor: what is wrong with a training, and what to do, before hours are spent on it."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...errors import ArgumentError, told_as
from ...nn.module import Module
from ...optim.optimizer import Optimizer
from ..parts import Loss, check_loss, check_model, refuse_class
from . import of_data, of_descent, of_shape, of_steps, of_units
from .finding import Finding, Report
from .patient import Patient
from .refusals import refusals, refused
from .snapshot import restored

Check = Callable[[Patient], Iterator[Finding]]

OF_DATA: tuple[Check, ...] = (
    of_data.not_finite, of_data.scale, of_data.constant_columns, of_data.labels, of_data.shuffled,
    of_data.sorted_data,
)  # fmt: skip
OF_RUNS: tuple[Check, ...] = (  # each says in its docstring which maladies it finds
    refusals, of_shape.small_batches, of_shape.loss_of_one, of_shape.before_the_loss, of_shape.layers,
    of_shape.pairing, of_shape.mixed, of_descent.first_step, of_descent.mode, of_units.dead,
    of_units.saturated, of_units.through_the_layers, of_units.alike, of_units.parameters,
    of_units.constant_output, of_descent.outside, of_descent.rates, of_descent.decay, of_descent.by_heart,
)  # fmt: skip
OF_STEPS = [
    "no backward", "no optimizer step", "gradients cleared before the step", "no zero_grad",
    "trained in evaluation mode", "not finite", "rate too high", "column against row",
    "softmax before cross-entropy", "sigmoid before a loss of logits", "refused",
]  # fmt: skip


def doctor(
    model: Module | None = None,
    loss: Loss | None = None,
    data: Any = None,
    optimizer: Optimizer | None = None,
    *,
    step: Callable[[], Any] | None = None,
    evaluate: Callable[[], Any] | None = None,
    batch_size: int | None = 32,
    seed: int = 0,
    steps: int = 50,
    clip_norm: float | None = None,
) -> Report:
    """Examine a training: run a few steps, and name what is wrong, with a number and a cure.

    It works on copies.  Model, loss, optimizer, data and generators are afterwards what they were, to the
    bit, whatever is found, and no warning of the steps comes through.

    Parameters
    ----------
    model : Module
        May be left out with ``step``, if that function reaches one model.
    loss : callable
        A function of (outputs, targets), as `fit` takes it.
    data : as `fit` takes it
        Not an iterator, which would be used up.  At most 2000 examples go through the model.
    optimizer : Optimizer, optional
        Without one, what concerns rates, weight decay and parameters outside of it is not looked at, and the
        steps are those of Adam.
    step : callable, optional
        A function without arguments that makes one step of a training of your own: forward, backward, update.
        It is called some thirty times, and the model, the optimizer, and the generators and data loaders that
        it reaches are put back; what it draws from other iterators is used up.  If it returns the loss, that
        is watched, too.
    evaluate : callable, optional
        A function without arguments that evaluates the model; it is called once.
    batch_size : int or None, default=32
        As in `fit`.
    seed : int, default=0
        Seed of the order of the examples.
    steps : int, at least 1, default=50
        How many steps are made with the optimizer, each time that a course of them is wanted.  Its rate is
        the one that it has: with a schedule, set ``optimizer.lr = schedule(0)`` before.
    clip_norm : float, above 0, optional
        As in `fit`.

    Returns
    -------
    Report
        Print it; in notebooks it is a table.  ``report.findings`` are its findings, the gravest first, each
        with ``name``, ``where``, ``evidence``, ``number``, ``cure`` and ``gravity``; ``report.names`` are
        their names.  ``report.left_out`` says what was not looked at, and why.

    Raises
    ------
    ArgumentError
        If there is nothing to examine, or the data are an iterator.  What model, loss, data or step raise is
        a finding.

    Notes
    -----
    What is looked for:

    * in the data: inputs not finite, targets not finite, inputs not scaled, targets not scaled, constant
      features, class imbalance, labels from 1, one-hot labels (where the loss takes none), numbers as
      classes, classes as numbers, labels do not follow inputs (their nearest neighbours agree no better than
      by chance), sorted data;
    * in model and loss: softmax before cross-entropy, sigmoid before a loss of logits, ReLU before the loss,
      targets out of reach, dropout before the output, activation twice, no activation between layers, column
      against row ((n, 1) and (n,) in a loss of your own), examples mixed, batch of one, wrong loss, loss
      without gradient, refused (an error, with its cure);
    * in units and parameters: dead ReLU, saturated units, vanishing gradients, exploding gradients, exploding
      activations, identical units, identical layers, frozen parameters, parameters without gradient,
      constant output;
    * in the way down: not finite (told by `tinygrad_edu.debug`), first loss far off, outside the optimizer,
      rate too high, rate too low, weight decay too strong, batch not learned, trained in evaluation mode;
    * in a step of your own: no backward, no optimizer step, gradients cleared before the step, no zero_grad,
      and of the above column against row, softmax before cross-entropy, sigmoid before a loss of logits, not
      finite, rate too high, trained in evaluation mode, refused;
    * in an evaluation: evaluated in training mode.

    A finding is a doubt with a number, and no proof: a rate is judged by some dozens of steps, and a batch of
    8 examples is to be learned in 300.  What is not found may be there.

    References
    ----------
    A. Karpathy (2019). A recipe for training neural networks. karpathy.github.io/2019/04/25/recipe

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_edu import nn, optim, train
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 3))
    >>> y = (x[:, 0] > 0).astype(int)
    >>> model = nn.Sequential(
    ...     nn.Linear(3, 16, rng=rng), nn.ReLU(), nn.Linear(16, 2, rng=rng), nn.Softmax()
    ... )
    >>> print(train.doctor(model, nn.CrossEntropyLoss(), (x, y), optim.Adam(model.parameters(), lr=0.01)))
    doctor: 1 finding
    <BLANKLINE>
    1. softmax before cross-entropy (error)
       where:    layer 3 (Softmax)
       evidence: Each row of the outputs sums to 1.0000, and no element is negative: a softmax.
       cure:     Take it away: the loss takes logits, and has a softmax of its own, exact for any
                 logits.
    """
    with told_as("doctor"):
        model = _checked(model, loss, data, optimizer, step, evaluate, steps)
    findings: list[Finding] = []
    looked_for: list[str] = []
    left_out: dict[str, str] = {}
    if data is not None:
        with restored(model, loss, optimizer):
            parts = (model, loss, data, optimizer, batch_size, seed, steps, clip_norm)
            _examine(findings, looked_for, left_out, parts)
    if step is not None:
        own = optimizer or next(iter(of_steps.of_closure(step, Optimizer)), None)
        looked_for += OF_STEPS
        findings += of_steps.examined(of_steps.Step(step, model, own, of_steps.others_of(step)))
    if evaluate is not None:
        looked_for.append("evaluated in training mode")
        findings += of_steps.evaluated(model, evaluate)
    if optimizer is None and step is None:
        left_out["rates, weight decay, parameters outside the optimizer"] = "give the optimizer"
    return Report(_once(findings), list(dict.fromkeys(looked_for)), left_out)


def _examine(findings: list[Finding], looked_for: list[str], left_out: dict[str, str], parts: Any) -> None:
    """All checks of the data and of runs, as far as they get."""
    try:
        patient = Patient(*parts)
    except Exception as error:  # data that give no batches, parts that cannot be copied
        findings.append(refused(error))
        left_out["everything else"] = "the data, the model or the optimizer cannot be taken up"
        return
    for check in (*OF_DATA, *OF_RUNS):
        names = " ".join((check.__doc__ or "").split()).split(", ")
        broken = check in OF_RUNS and any(f.name.endswith("s not finite") for f in findings)
        if broken and check is not of_shape.layers:
            left_out["model, loss and optimizer"] = "inputs or targets are not finite"
            continue
        try:
            findings += check(patient)
            looked_for += names
        except Exception as error:  # a check is no reason for a training not to be told of the others
            left_out[", ".join(names)] = f"{type(error).__name__}: {error}"


def _once(findings: list[Finding]) -> list[Finding]:
    """One finding for each malady and place."""
    return list({(finding.name, finding.where): finding for finding in reversed(findings)}.values())[::-1]


def _checked(
    model: Any, loss: Any, data: Any, optimizer: Any, step: Any, evaluate: Any, steps: int
) -> Module:
    """The model, if there is something that can be examined."""
    for what, function in (("step", step), ("evaluate", evaluate)):
        if function is not None and not callable(function):
            raise ArgumentError(f"{what} is a function without arguments; got {type(function).__name__}.")
    if data is None and step is None and evaluate is None:
        raise ArgumentError("give data, as fit takes them, or step=, a function that makes one step.")
    if isinstance(data, Iterator):
        raise ArgumentError("data is an iterator, which would be used up. Give a list, or a function.")
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 1:
        raise ArgumentError(f"steps is at least 1, a whole number; got {steps!r}.")
    if model is None and (function := step or evaluate) is not None:
        found = of_steps.of_closure(function, Module)
        if len(found) != 1:
            none = "no Module; without one, tinygrad_edu.debug() finds where a NaN begins"
            led = f"{len(found)} Modules" if found else none
            raise ArgumentError(f"give the model, too: the names in the function's code lead to {led}.")
        model = found[0]
    check_model(model)
    if data is not None:
        check_loss(loss)
    refuse_class("the optimizer", optimizer)
    if optimizer is not None and not isinstance(optimizer, Optimizer):
        raise ArgumentError(f"expected an Optimizer; got {type(optimizer).__name__}.")
    return model
