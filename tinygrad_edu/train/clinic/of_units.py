"""Maladies of units and parameters: dead, saturated, alike, frozen, and gradients that fade or grow."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from ...modes import no_grad
from ...nn.embedding import Embedding
from ...nn.mode import training_mode
from ...nn.transformer import TransformerEncoder
from .finding import Finding
from .patient import Patient, quiet
from .trace import Seen, values_of

MANY = 16  # examples, below which nothing is said of units
SLOPES = {"sigmoid": (lambda out: 4 * out * (1 - out)), "np.tanh": (lambda out: 1 - out * out)}


def _place(seen: Seen) -> str:
    return (
        f"layer {seen.path}" if seen.path and not seen.path.strip("0123456789.") else seen.path or seen.line
    )


def dead(patient: Patient) -> Iterator[Finding]:
    """dead ReLU"""
    if patient.in_use is None or len(patient.sample[0]) < MANY:
        return
    for seen in patient.in_use[0].operations:
        cut = seen.name == "relu" or (seen.name == "np.maximum" and any(_is_zero(a) for a in seen.arguments))
        if not cut or np.ndim(seen.out) < 2 or np.shape(seen.out)[-1] < 2:
            continue
        axes = (0, 2, 3) if np.ndim(seen.out) == 4 else tuple(range(np.ndim(seen.out) - 1))
        off = np.all(np.asarray(seen.out) == 0, axis=axes)
        share = float(np.mean(off))
        if share > 0.5:
            told = (
                f"{np.sum(off)} of {off.size} units are 0 for all {len(seen.out)} examples, and do not learn."
            )
            cure = (
                "A lower learning rate, He's initialization, scaled inputs, biases of 0; or nn.LeakyReLU()."
            )
            yield Finding("dead ReLU", _place(seen), told, share, cure, "error" if share == 1 else "warning")


def _is_zero(argument: Any) -> bool:
    return (
        np.ndim(argument) == 0
        and isinstance(argument, (int, float, np.generic, np.ndarray))
        and argument == 0
    )


def saturated(patient: Patient) -> Iterator[Finding]:
    """saturated units"""
    if patient.in_use is None or len(patient.sample[0]) < MANY:
        return
    trace, outputs = patient.in_use
    final = getattr(outputs, "_array", outputs)
    for seen in trace.operations:
        if seen.name not in SLOPES or seen.out is final or np.size(seen.out) < MANY:
            continue
        slope = SLOPES[seen.name](np.asarray(seen.out, float))
        share = float(np.mean(slope < 0.01))
        if share > 0.5:
            told = f"{share:.0%} of what comes out is at an end of the {seen.name}, where it is all but flat."
            cure = (
                "Smaller initial weights (nn.init.xavier_uniform), scaled inputs, a lower rate; or nn.ReLU()."
            )
            yield Finding("saturated units", _place(seen), told, share, cure)


# ---- gradients ---------------------------------------------------------------------------------------------


def through_the_layers(patient: Patient) -> Iterator[Finding]:
    """vanishing gradients, exploding gradients, exploding activations"""
    sizes = _gradients(patient)
    if len(sizes) >= 3:
        (first, g_first), (last, g_last) = sizes[0], sizes[-1]
        ratio = g_first / g_last if g_last else np.inf
        cure = "He's or Xavier's initialization, normalization (nn.BatchNorm1d, nn.LayerNorm), residuals"
        if 0 < ratio < 1e-4:
            told = f"The gradient of {first} is {ratio:.2g} times that of {last} (root mean squares)."
            yield Finding(
                "vanishing gradients", first, told, ratio, f"{cure}; nn.ReLU() in place of sigmoids."
            )
    reach = max(float(np.sqrt(np.mean(np.square(_numbers(patient))))), 1.0)
    reach *= len(patient.batches[0][0]) if patient.summed else 1
    weights = {
        name: float(np.sqrt(np.mean(np.square(p.data)))) for name, p in patient.model.named_parameters()
    }
    ratios = {name: size / weights[name] / reach for name, size in sizes if weights[name]}
    name = max(ratios, key=lambda name: ratios[name], default="")
    if name and ratios[name] > 1e3:
        told = (
            f"The gradient of {name} is {ratios[name]:.3g} times the weights themselves (root mean squares)."
        )
        cure = "He's or Xavier's initialization, normalization, optim.clip_grad_norm, scaled targets."
        yield Finding("exploding gradients", name, told, ratios[name], cure)
    yield from _growing(patient)


def _growing(patient: Patient) -> Iterator[Finding]:
    """Of activations that grow from layer to layer."""
    if patient.traced is None:
        return
    x = _numbers(patient)
    begin = max(float(np.sqrt(np.mean(np.square(x)))), 1.0)
    for call in patient.traced[0].leaves():
        out = getattr(call.out, "_array", None)
        if out is None or out.dtype.kind != "f" or not out.size:
            continue
        size = float(np.sqrt(np.mean(np.square(out, dtype=float))))
        if size > 1e3 * begin:
            told = (
                f"What comes out has a root mean square of {size:.3g}, {size / begin:.3g} times the inputs'."
            )
            cure = "He's or Xavier's initialization: weights of about 1 / √inputs; or normalization."
            yield Finding("exploding activations", call.shown, told, size / begin, cure)
            return


def _numbers(patient: Patient) -> Any:
    x = patient.batches[0][0]
    return np.ones(1) if x.dtype.kind not in "fiu" or patient.embeds else x.astype(float)


def _gradients(patient: Patient) -> list[tuple[str, float]]:
    """The root mean squares of the gradients of all weight matrices, in the order of the parameters."""
    model, loss, _ = patient.copies()
    words = {id(p) for m in model.modules() if isinstance(m, Embedding) for p in m.parameters()}
    try:
        with quiet(), training_mode(model, True):
            model.zero_grad()
            patient.loss_and_outputs(model, loss, patient.batches[0])[0].backward()
    except Exception:
        return []
    named = [(name, p) for name, p in model.named_parameters() if p.ndim > 1 and id(p) not in words]
    found = [
        (n, float(np.sqrt(np.mean(np.square(p.grad.data, dtype=float)))))
        for n, p in named
        if p.grad is not None
    ]
    return [(name, size) for name, size in found if np.isfinite(size)]


# ---- parameters --------------------------------------------------------------------------------------------


def alike(patient: Patient) -> Iterator[Finding]:
    """identical units, identical layers"""
    inside = {
        id(p) for m in patient.model.modules() if isinstance(m, TransformerEncoder) for p in m.parameters()
    }
    weights = [(n, p) for n, p in patient.model.named_parameters() if p.ndim > 1 and id(p) not in inside]
    if patient.usual is not None:
        after = dict(patient.usual.model.named_parameters())
        for name, p in weights[:-1]:
            if _rows_alike(p.data) and _rows_alike(after[name].data) and p.requires_grad:
                told = f"All {len(p)} units start alike, and are so after {patient.steps} steps: they are 1."
                cure = "Draw the weights at random: nn.init.he_uniform, or the default of the layer."
                yield Finding("identical units", name, told, len(p), cure, "error")
    for (a, p), (b, q) in combinations([(n, p.data) for n, p in weights], 2):
        n = min(p.size, q.size)
        if n < 4 or np.ptp(p) == 0 or p is q:
            continue
        u, v = p.ravel()[:n].astype(float), q.ravel()[:n].astype(float)
        scale = np.dot(u, v) / max(np.dot(u, u), 1e-30)
        if scale and np.abs(v - scale * u).max() < 1e-5 * np.abs(v).max():
            told = f"The first {n} weights of {b} are {scale:.4g} times those of {a}: drawn from one seed."
            cure = "One generator for all layers: rng = np.random.default_rng(0); nn.Linear(…, rng=rng)."
            yield Finding("identical layers", f"{a}, {b}", told, n, cure)
            return


def _rows_alike(weights: Any) -> bool:
    rows = weights.reshape(len(weights), -1)
    return len(rows) > 1 and float(np.abs(rows - rows[0]).max()) <= 1e-6 * float(np.abs(rows).max())


def parameters(patient: Patient) -> Iterator[Finding]:
    """frozen parameters, parameters without gradient"""
    named = list(patient.model.named_parameters())
    yield from _frozen(patient, named)
    if patient.usual is None or not patient.is_sound:
        return
    largest = patient.usual.gradients
    unused = [name for name, p in named if p.requires_grad and largest[name] < 0]
    zero = [name for name, p in named if p.requires_grad and largest[name] == 0 and p.size]
    if unused:
        told = f"{len(unused)} of {len(named)} have none in {patient.steps} steps."
        cure = (
            "Use them in forward, leave them out, or freeze() them. Is there a detach() or .data on the way?"
        )
        yield Finding("parameters without gradient", _few(unused), told, len(unused), cure, "error")
    if zero:
        told = f"The gradient of {len(zero)} of {len(named)} is exactly 0 in {patient.steps} steps."
        cure = "Look for dead units, weights of 0 behind them, and step functions on the way to the loss."
        yield Finding("parameters without gradient", _few(zero), told, len(zero), cure, "error")


def _frozen(patient: Patient, named: list[tuple[str, Any]]) -> Iterator[Finding]:
    """Of all parameters, or of some that the optimizer has; made without them, it shows that it is meant."""
    frozen = [name for name, p in named if not p.requires_grad]
    every, optimizer = len(frozen) == len(named), patient.optimizer
    known = {id(p) for p in optimizer.params} if optimizer is not None else {id(p) for _, p in named}
    if not frozen or not (every or any(id(p) in known for _, p in named if not p.requires_grad)):
        return
    told = f"{len(frozen)} of {len(named)} parameters ask for no gradient, and stay as they are."
    cure = "unfreeze() what is to be learned."
    if not every:
        cure = f"If that is not meant: {cure}  If it is: an optimizer of the others says so."
    yield Finding("frozen parameters", _few(frozen), told, len(frozen), cure, "error" if every else "note")


def _few(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def constant_output(patient: Patient) -> Iterator[Finding]:
    """constant output"""
    if patient.usual is None or len(patient.sample[0]) < 4:
        return
    model = patient.usual.model
    try:
        with quiet(), no_grad(), training_mode(model, False):
            out = values_of(model(patient.sample[0][:256]))
    except Exception:
        return
    if out is None or out.ndim == 0 or out.shape[0] < 4 or not np.isfinite(out).all():
        return
    spread, size = float(np.ptp(out, axis=0).max()), float(np.abs(out).max())
    if spread <= 1e-6 * max(size, 1e-6) and np.any(patient.sample[1] != patient.sample[1][0]):
        told = f"After {patient.steps} steps the outputs of {len(out)} examples differ by {spread:.1g}."
        cure = "The inputs do not reach the outputs: look for dead units, weights of 0, inputs all alike."
        yield Finding("constant output", "the model, in use", told, spread, cure, "error")
