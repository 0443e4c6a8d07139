"""Maladies of the way down: a first loss that is far off, rates, weight decay, and what cannot be learned."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...nn.dropout import Dropout
from ...nn.mode import training_mode
from ...nn.normalization import BatchNorm1d
from ...optim.adam import Adam
from ...optim.lbfgs import LBFGS
from ...optim.ownership import compared, listed
from ..parts import own_parameters
from .finding import Finding
from .patient import Patient, dropout_off, quiet
from .refusals import not_finite

FEWEST = 8  # examples of the batch that is to be learned by heart
TRIES = 300  # steps to do that in
SLOWER, FASTER = (0.1, 0.01, 1e-3), (100.0, 1e4, 1e6)  # times the rate


def first_step(patient: Patient) -> Iterator[Finding]:
    """not finite, first loss far off"""
    if (error := patient.not_finite) is not None:
        yield not_finite(error)
        return
    out = patient.outputs
    if patient.usual is None or out is None or patient.kind not in ("classes", "logits") or patient.summed:
        return
    chance = math.log(out.shape[-1]) if patient.kind == "classes" else math.log(2)
    if patient.usual.before > 3 * chance + 1:
        told = f"The loss before the first step is {patient.usual.before:.4g}; of mere chance, {chance:.4g}."
        cure = "The outputs are too large at first: scale the inputs, or begin with smaller weights."
        yield Finding("first loss far off", "the loss", told, patient.usual.before, cure)


# ---- the optimizer -----------------------------------------------------------------------------------------


def outside(patient: Patient) -> Iterator[Finding]:
    """outside the optimizer"""
    if patient.optimizer is None:
        return
    named = own_parameters(patient.model, patient.loss)
    forgotten, foreign = compared(named, patient.optimizer.params)
    if len(foreign) == len(patient.optimizer.params):
        told = f"None of its {len(foreign)} parameters is one of this model's."
        cure = "Make the optimizer with model.parameters(), after the model and all its layers."
        yield Finding("outside the optimizer", "the optimizer", told, len(forgotten), cure, "error")
    elif forgotten:
        told = f"{len(forgotten)} of {len(named)} parameters are not the optimizer's, and stay as they are."
        cure = "Make it with model.parameters(), when all layers are made; or freeze() what is not to learn."
        yield Finding("outside the optimizer", listed(forgotten), told, len(forgotten), cure, "error")


def rates(patient: Patient) -> Iterator[Finding]:
    """rate too high, rate too low"""
    usual = patient.usual
    if (
        patient.optimizer is None
        or isinstance(patient.optimizer, LBFGS)
        or usual is None
        or not patient.is_sound
    ):
        return
    where = f"{type(patient.optimizer).__name__}, lr={patient.optimizer.groups[0].lr:g}"
    fell = f"after {patient.steps} steps the loss went from {usual.before:.4g} to {usual.after:.4g}"
    if usual.fall < 0.02 and (better := _better(patient, SLOWER)) is not None:
        told = f"At this rate, {fell}; at {better[0]:g} times it, to {better[1]:.4g}."
        cure = "Lower the rate by factors of 3 until the loss falls steadily; scale the inputs; clip_norm=1."
        yield Finding("rate too high", where, told, usual.after, cure, "error")
    elif abs(usual.fall) < 1e-3 and (better := _better(patient, FASTER)) is not None:
        told = f"At this rate, {fell}; at {better[0]:g} times it, to {better[1]:.4g}."
        cure = "Raise the rate by factors of 3 or 10, until the loss rises, and take a third of that."
        yield Finding("rate too low", where, told, usual.fall, cure)


def _better(patient: Patient, factors: tuple[float, ...]) -> tuple[float, float] | None:
    """The first factor of the rate with which a tenth of the loss goes away, and the loss then."""
    for factor in factors:
        course = patient.course(lr=factor)
        if course.fall > 0.1:
            return factor, course.after
    return None


def decay(patient: Patient) -> Iterator[Finding]:
    """weight decay too strong"""
    if patient.optimizer is None or patient.usual is None or not patient.is_sound:
        return
    strongest = max(float(group.settings().get("weight_decay", 0.0)) for group in patient.optimizer.groups)
    if strongest <= 0 or isinstance(patient.optimizer, LBFGS):
        return
    steps = 3 * patient.steps
    with_it, without = patient.course(steps=steps), patient.course(steps=steps, decay=False)
    if without.fall > 0.1 and with_it.fall < 0.5 * without.fall:
        falls = f"{max(with_it.fall, -9.99):.1%} with it, and by {without.fall:.1%} without"
        told = f"In {steps} steps the loss falls by {falls}."
        cure = "Divide it by 10 or 100: 1e-4 to 1e-2 is usual."
        where = f"{type(patient.optimizer).__name__}, weight_decay={strongest:g}"
        yield Finding("weight decay too strong", where, told, strongest, cure)


# ---- a batch by heart --------------------------------------------------------------------------------------


def by_heart(patient: Patient) -> Iterator[Finding]:
    """batch not learned"""
    x, y = (part[:FEWEST] for part in patient.sample)
    kind = patient.kind
    if not patient.is_sound or len(x) < 2 or not kind or _contradict(x, y) or not _is_able(patient, y):
        return
    model, loss, _ = patient.copies()
    learned = [p for p in model.parameters() if p.requires_grad]
    if not learned:
        return
    optimizer, batch = Adam(learned, lr=0.01), (x, y)
    with quiet(), training_mode(model, True), dropout_off(model):
        first, _ = patient.loss_and_outputs(model, loss, batch)
        if not first.requires_grad:
            return
        before = best = first.item()
        for _ in range(TRIES):
            optimizer.zero_grad()
            value, _ = patient.loss_and_outputs(model, loss, batch)
            best = min(best, value.item()) if math.isfinite(value.item()) else best
            if best < 0.2 * before:
                return
            value.backward()
            optimizer.step()
    if best > 0.5 * before and before > _little(kind, y, patient.summed):
        told = f"{len(x)} examples, learned alone in {TRIES} steps of Adam, have a loss of {best:.4g} still; "
        told += f"it was {before:.4g}."
        cure = "The model or the loss is not what it should be: look for detach(), dead layers, wrong axes, "
        cure += "outputs that cannot reach the targets."
        yield Finding("batch not learned", "the model and the loss", told, best / before, cure, "error")


def _contradict(x: Any, y: Any) -> bool:
    """Whether equal inputs have different targets."""
    rows = [(a.tobytes(), b.tobytes()) for a, b in zip(x, y)]
    return len({a for a, _ in rows}) < len(set(rows))


def _is_able(patient: Patient, y: Any) -> bool:
    """Whether the model has hidden layers and, for each target, several parameters."""
    weights = [p for p in patient.model.parameters() if p.ndim > 1]
    return len(weights) > 1 and sum(p.size for p in weights) >= 5 * y.size


def _little(kind: str, y: Any, summed: bool) -> float:
    """A loss so small that there is not much to learn, of a model that was trained before."""
    each = 0.05 * float(np.var(y)) if kind == "numbers" else 0.1
    return each * (y.size if summed else 1)


def mode(patient: Patient) -> Iterator[Finding]:
    """trained in evaluation mode"""
    changing = [
        (path, m) for path, m in patient.given[0].named_modules() if isinstance(m, (Dropout, BatchNorm1d))
    ]
    off = [path or type(m).__name__ for path, m in changing if not m.training]
    if off:
        told = f"{len(off)} of {len(changing)} layers that differ in training are in evaluation mode."
        cure = "model.train() before a loop of your own, after each evaluation; fit does that by itself."
        yield Finding("trained in evaluation mode", listed(off), told, len(off), cure, "note")
