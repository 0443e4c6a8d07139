"""Maladies of a training step of the user's own, a function without arguments that makes one.

The step is called several times, and everything that it changed is put back.  Whether gradients are forgotten
between steps shows in a gradient of random signs that is left there before a step: a step that forgets has
none of it in the end.
"""

import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...debug import debug
from ...errors import NonFiniteError
from ...nn.dropout import Dropout
from ...nn.module import Module
from ...nn.normalization import BatchNorm1d
from ...optim.optimizer import Optimizer
from ...optim.ownership import listed
from ...tensor import Tensor
from ..parts import gives_batches
from .finding import Finding
from .of_shape import paired
from .patient import quiet
from .refusals import not_finite, refused
from .snapshot import restored
from .trace import Trace, watching

CHANGING = (Dropout, BatchNorm1d)  # whose modes matter
LOGITS = {  # the operations of losses that take logits, and what should not come before them
    "cross_entropy_of_labels": "softmax before cross-entropy",
    "cross_entropy_of_logits": "sigmoid before a loss of logits",
}


@dataclass
class Step:
    """A step function, and what it works with."""

    call: Callable[[], Any]
    model: Module
    optimizer: Optimizer | None
    others: tuple[Any, ...]  # generators and loaders that are put back, too

    def undone(self) -> Any:
        """A block after which all of it is as it was."""
        return restored(self.model, self.optimizer, *self.others)

    @property
    def learned(self) -> dict[str, Any]:
        """The parameters that ask for gradients, by name."""
        return {name: p for name, p in self.model.named_parameters() if p.requires_grad}


def of_closure(function: Callable[..., Any], kind: Any) -> list[Any]:
    """What a function reaches by the names in its code: variables of functions around it, and globals."""
    found = inspect.getclosurevars(inspect.unwrap(function)) if inspect.isfunction(function) else None
    values = [] if found is None else [*found.nonlocals.values(), *found.globals.values()]
    unique = {id(value): value for value in values if isinstance(value, kind)}
    return list(unique.values())


def others_of(function: Callable[..., Any]) -> tuple[Any, ...]:
    """The generators and the loaders that a function draws from."""
    return tuple(
        v for v in of_closure(function, object) if isinstance(v, np.random.Generator) or gives_batches(v)
    )


def examined(step: Step) -> Iterator[Finding]:
    """All findings of a step; an error that it raises is one."""
    try:
        with step.undone(), quiet():
            yield from list(_gradients(step))
        with step.undone(), quiet():
            yield from list(_descent(step))
    except Exception as error:
        yield refused(error)


# ---- gradients ---------------------------------------------------------------------------------------------


def _gradients(step: Step) -> Iterator[Finding]:
    """no backward, no optimizer step, gradients cleared before the step, no zero_grad, and the modes"""
    before = {name: p.data.copy() for name, p in step.learned.items()}
    arrived: set[str] = set()
    trace = Trace()
    for p in step.model.parameters():
        p.grad = None
    undo = [p.register_hook(lambda g, name=name: arrived.add(name)) for name, p in step.learned.items()]
    try:
        with watching(step.model, trace):
            step.call()
    finally:
        for one in undo:
            one()
    yield from _modes(trace)
    yield from _before_the_loss(trace)
    yield from paired([seen for seen in trace.operations if not seen.path])
    moved = sum(not np.array_equal(p.data, before[name]) for name, p in step.learned.items())
    kept = {name: p.grad for name, p in step.learned.items() if p.grad is not None}
    where, n = _line(step.call), len(before)
    if moved and not arrived:
        return  # gradients of the transforms, which leave none in the parameters
    if not arrived:
        told = f"In a step, none of {n} parameters got a gradient."
        yield Finding(
            "no backward", where, told, n, "Call loss.backward(), of a loss of the model's outputs.", "error"
        )
    elif step.optimizer is not None and not any(group.lr for group in step.optimizer.groups):
        return  # as at the begin of a warm-up
    elif not moved and kept:
        told = f"{len(kept)} of {n} parameters have a gradient after the step, and none has moved."
        yield Finding(
            "no optimizer step", where, told, n, "Call optimizer.step() after loss.backward().", "error"
        )
    elif not moved:
        told = f"{len(arrived)} of {n} parameters got a gradient, and none has one, or has moved, at the end."
        cure = "Put zero_grad() before backward(), not between backward() and optimizer.step()."
        yield Finding("gradients cleared before the step", where, told, n, cure, "error")
    elif kept:
        yield from _left_over(step, kept)


def _before_the_loss(trace: Trace) -> Iterator[Finding]:
    """softmax before cross-entropy, sigmoid before a loss of logits, by the operations of a step"""
    made = {id(seen.out): seen for seen in trace.operations}
    for seen in trace.operations:
        logits = np.asarray(seen.arguments[0]) if seen.name in LOGITS else None
        if logits is None or not logits.size:
            continue
        before, name = made.get(id(seen.arguments[0])), LOGITS[seen.name]
        inside = bool(np.all((logits >= 0) & (logits <= 1)))
        soft = inside and logits.ndim > 1 and logits.shape[-1] > 1
        if name.startswith("softmax") and soft and np.abs(logits.sum(axis=-1) - 1).max() < 1e-3:
            told = f"The rows of its logits sum to {logits.sum(axis=-1).mean():.4f}: they come of a softmax."
        elif name.startswith("sigmoid") and inside and before is not None and before.name == "sigmoid":
            told = f"Its logits come of a sigmoid, and lie between {logits.min():.3g} and {logits.max():.3g}."
        else:
            continue
        cure = "Take it away before the loss, which takes logits."
        yield Finding(name, seen.line, told, float(logits.max()), cure, "error")
        return


def _left_over(step: Step, kept: dict[str, Any]) -> Iterator[Finding]:
    """Whether a gradient that lies there before a step is still in what lies there after it."""
    rng, marks = np.random.default_rng(0), {}
    for name, gradient in kept.items():
        p = step.learned[name]
        size = 10 * float(np.abs(gradient.data).max(initial=0.0)) + 1e-6
        marks[name] = np.where(rng.random(p.shape) < 0.5, -size, size).astype(p.dtype)
        p.grad = Tensor(marks[name].copy())
    step.call()
    after = [(m, step.learned[name].grad) for name, m in marks.items()]
    pairs = [(m.ravel(), g.data.ravel()) for m, g in after if g is not None]
    if not pairs:
        return
    mark, left = (np.concatenate([pair[i] for pair in pairs]).astype(float) for i in (0, 1))
    cosine = float(mark @ left / max(np.linalg.norm(mark) * np.linalg.norm(left), 1e-300))
    if cosine > 0.9:
        told = f"The gradient from before a step is still in the one after it: their cosine is {cosine:.4f}."
        cure = "Call optimizer.zero_grad() at the begin of each step: backward() adds to what is there."
        yield Finding("no zero_grad", _line(step.call), told, cosine, cure, "error")


def _modes(trace: Trace) -> Iterator[Finding]:
    """trained in evaluation mode"""
    off = {call.shown for call in trace.calls if isinstance(call.module, CHANGING) and not call.training}
    if off:
        told = f"{len(off)} layers that differ in training ran in evaluation mode in the step."
        cure = "model.train() before the loop, and after each evaluation."
        yield Finding("trained in evaluation mode", listed(sorted(off)), told, len(off), cure, "error")


# ---- the way down ------------------------------------------------------------------------------------------


def _descent(step: Step) -> Iterator[Finding]:
    """not finite, rate too high, of a step that returns its loss"""
    losses, error = [], _error(step)
    for _ in range(30):
        value = step.call()
        number = getattr(value, "data", value)
        if np.ndim(number) or not isinstance(number, (int, float, np.ndarray, np.generic)):
            return
        losses.append(float(number))
        if not math.isfinite(losses[-1]):
            break
    if error is not None and not math.isfinite(losses[0]):
        yield not_finite(error)
        return
    first, last = float(np.mean(losses[:3])), float(np.mean(losses[-3:]))
    if not math.isfinite(last) or last > 3 * first > 0:
        in_steps = f"in {len(losses)} step{'s' * (len(losses) > 1)}"
        told = f"The loss goes from {losses[0]:.4g} to {losses[-1]:.4g} {in_steps}."
        cure = "Lower the rate by factors of 3 until the loss falls steadily; optim.clip_grad_norm."
        yield Finding("rate too high", _line(step.call), told, losses[-1], cure, "error")


def _error(step: Step) -> NonFiniteError | None:
    """The first number of a step that is not finite, if there is one."""
    try:
        with step.undone(), debug():
            step.call()
    except NonFiniteError as error:
        return error
    return None


# ---- an evaluation -----------------------------------------------------------------------------------------


def evaluated(model: Module, evaluate: Callable[[], Any]) -> Iterator[Finding]:
    """evaluated in training mode"""
    trace = Trace()
    try:
        with restored(model, *others_of(evaluate)), quiet(), watching(model, trace, operations=False):
            evaluate()
    except Exception as error:
        yield refused(error)
        return
    on = {call.shown for call in trace.calls if isinstance(call.module, CHANGING) and call.training}
    if on:
        told = (
            f"{len(on)} layers that differ in training ran in training mode: figures are of another network."
        )
        cure = "model.eval() before, model.train() after; train.evaluate and train.predict do so themselves."
        yield Finding("evaluated in training mode", listed(sorted(on)), told, len(on), cure, "error")


def _line(function: Callable[..., Any]) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return (
        type(function).__name__
        if code is None
        else f"{code.co_filename}:{code.co_firstlineno} in {code.co_name}"
    )
