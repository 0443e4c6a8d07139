"""Maladies of the network and its loss: activations where they do not belong, losses that pair everything."""

from collections.abc import Iterator

import numpy as np

from ...modes import no_grad
from ...nn.activation import Activation, Hardsigmoid, Hardtanh, ReLU, ReLU6, Sigmoid, Softplus, Tanh
from ...nn.convolution import Conv1d, Conv2d
from ...nn.dropout import Dropout
from ...nn.linear import Linear
from ...nn.mode import training_mode
from ...nn.normalization import BatchNorm1d
from .finding import Finding
from .patient import Patient, quiet
from .trace import Call, Seen, values_of

REACH = [  # activations that end a network, and the numbers that they can make
    ((ReLU, Softplus), 0.0, np.inf), ((ReLU6,), 0.0, 6.0), ((Sigmoid, Hardsigmoid), 0.0, 1.0),
    ((Tanh, Hardtanh), -1.0, 1.0),
]  # fmt: skip


def _last(patient: Patient) -> Call | None:
    """The call whose output is that of the model."""
    if patient.traced is None:
        return None
    trace, outputs, _ = patient.traced
    return next((call for call in reversed(trace.leaves()) if call.out is outputs), None)


def before_the_loss(patient: Patient) -> Iterator[Finding]:
    """softmax before cross-entropy, sigmoid before a loss of logits, ReLU before the loss,
    targets out of reach
    """
    out, last = patient.outputs, _last(patient)
    where = "the outputs" if last is None else last.shown
    if out is None or not out.size or not np.isfinite(out).all():
        return
    kind, inside = patient.kind, bool(np.all((out >= 0) & (out <= 1)))
    if kind == "classes" and out.ndim > 1 and out.shape[-1] > 1 and inside:
        sums = out.sum(axis=-1)
        if np.abs(sums - 1).max() < 1e-3:
            told = (
                f"Each row of the outputs sums to {sums.mean():.4f}, and no element is negative: a softmax."
            )
            cure = "Take it away: the loss takes logits, and has a softmax of its own, exact for any logits."
            yield Finding("softmax before cross-entropy", where, told, float(sums.mean()), cure, "error")
            return
    last_of = last.module if last is not None else None
    by_name = _ends_with(patient, "sigmoid")
    if kind == "logits" and inside and (isinstance(last_of, Sigmoid) or by_name):
        told = (
            f"The outputs lie between {out.min():.3g} and {out.max():.3g}, and the loss takes their sigmoid "
        )
        told += "again, which lies between 0.5 and 0.73."
        cure = "Take the sigmoid away, or nn.BCELoss() in place of nn.BCEWithLogitsLoss()."
        yield Finding("sigmoid before a loss of logits", where, told, float(out.max()), cure, "error")
    if kind in ("classes", "logits") and (isinstance(last_of, (ReLU, ReLU6)) or _ends_with(patient, "relu")):
        zeros = float(np.mean(out == 0))
        told = f"{zeros:.0%} of the logits are cut off at 0, where no gradient passes."
        yield Finding("ReLU before the loss", where, told, zeros, "Take the last ReLU away.")
    yield from _out_of_reach(patient, last)


def _out_of_reach(patient: Patient, last: Call | None) -> Iterator[Finding]:
    """Of targets that the last activation cannot make."""
    y = patient.all_of(1)
    if last is None or patient.kind not in ("numbers", "") or y.dtype.kind not in "fiu" or not y.size:
        return
    for kinds, low, high in REACH:
        if isinstance(last.module, kinds):
            beyond = float(np.mean((y < low - 0.01) | (y > high + 0.01)))
            if beyond > 0:
                told = (
                    f"{beyond:.0%} of the targets are outside of [{low:g}, {high:g}], which is all that it "
                )
                told += f"makes; targets go from {np.nanmin(y):.4g} to {np.nanmax(y):.4g}."
                cure = "End with a layer without an activation, or scale the targets."
                yield Finding("targets out of reach", last.shown, told, beyond, cure, "error")


def _ends_with(patient: Patient, name: str) -> bool:
    """Whether the last operation of the model is this one."""
    if patient.traced is None or not patient.traced[2]:
        return False
    return patient.traced[0].operations[patient.traced[2] - 1].name == name


def layers(patient: Patient) -> Iterator[Finding]:
    """dropout before the output, activation twice, no activation between layers"""
    if patient.traced is None:
        return
    last = _last(patient)
    if last is not None and isinstance(last.module, Dropout) and last.module.p > 0:
        told = f"{last.module.p:.0%} of the outputs are 0 in training, by chance, whatever the network says."
        cure = "Put dropout between hidden layers; the output stays whole."
        yield Finding("dropout before the output", last.shown, told, last.module.p, cure)
    calls = patient.traced[0].leaves()
    made = {id(call.out): call for call in calls}
    for call in calls:
        before = made.get(id(call.given))
        if before is None or before is call:
            continue
        if isinstance(call.module, Activation) and isinstance(before.module, Activation):
            told = f"What comes out of {before.shown} goes into {call.shown}: 2 activations in a row."
            cure = "Take one away. ReLU twice is ReLU; a sigmoid or tanh twice is nearly flat."
            yield Finding("activation twice", call.shown, told, 2, cure)
        affine = (Linear, Conv1d, Conv2d)
        if isinstance(call.module, affine) and isinstance(before.module, affine):
            told = f"What comes out of {before.shown} goes into {call.shown} as it is: 2 linear maps are 1."
            cure = "Put an activation between them, nn.ReLU() say."
            yield Finding("no activation between layers", call.shown, told, 2, cure)


def pairing(patient: Patient) -> Iterator[Finding]:
    """column against row"""
    if patient.traced is None or patient.outputs is None:
        return
    trace, _, begin = patient.traced
    out, y = patient.outputs.shape, np.shape(patient.batches[0][1])
    if out and {out, y} == {(out[0], 1), (out[0],)}:
        yield from paired(trace.operations[begin:])


def paired(operations: list[Seen]) -> Iterator[Finding]:
    """The first operation that broadcasts a column and a row of one length to a square."""
    for seen in operations:
        shape, given = np.shape(seen.out), {np.shape(a) for a in seen.arguments}
        n = shape[0] if shape else 0
        if n > 1 and shape == (n, n) and {(n, 1), (n,)} <= given:
            told = (
                f"Arrays of shape {(n, 1)} and {(n,)} broadcast to {shape}: {n * n} numbers of {n} examples."
            )
            cure = "Bring them to one shape: y[:, None], or model(x)[:, 0]; nn.MSELoss() refuses such a pair."
            yield Finding("column against row", f"{seen.name} at {seen.line}", told, n * n, cure, "error")
            return


def mixed(patient: Patient) -> Iterator[Finding]:
    """examples mixed"""
    x = patient.sample[0][:8]
    if len(x) < 3 or patient.outputs is None or patient.outputs.shape[:1] != patient.batches[0][0].shape[:1]:
        return
    other = next((row for row in patient.sample[0] if not np.array_equal(row, x[0])), None)
    if other is None:
        return
    changed = x.copy()
    changed[0] = other
    model, _, _ = patient.copies()
    try:
        with quiet(), no_grad(), training_mode(model, False):
            first, second = (values_of(model(inputs)) for inputs in (x, changed))
    except Exception:  # of so few examples
        return
    if first is None or first.shape[:1] != x.shape[:1] or not np.isfinite(first).all():
        return
    moved = np.abs(second[1:] - first[1:]).max(initial=0.0) / (np.abs(first).max() + 1e-12)
    if moved > 1e-3:
        told = f"With another first example, the outputs of the others change by up to {moved:.1%}."
        cure = "Look for batch_first=True that lacks, a softmax, mean or norm along axis 0, and a reshape in "
        cure += "the place of a transpose."
        yield Finding("examples mixed", "the model, in use", told, float(moved), cure, "error")


def small_batches(patient: Patient) -> Iterator[Finding]:
    """batch of one"""
    modules = [(path, m) for path, m in patient.model.named_modules() if isinstance(m, BatchNorm1d)]
    size, n = (getattr(patient.loader, name, None) for name in ("batch_size", "samples"))
    if not modules or not size or not n or getattr(patient.loader, "drop_last", False):
        return
    left = n % size or min(size, n)
    if left == 1 or size == 1:
        told = f"{n} examples in batches of {size} leave a batch of 1, which has no variance to divide by."
        cure = "DataLoader(…, drop_last=True), another batch_size, or nn.LayerNorm, which needs no batch."
        yield Finding("batch of one", modules[0][0] or "the model", told, 1, cure, "error")


def loss_of_one(patient: Patient) -> Iterator[Finding]:
    """loss without gradient"""
    if patient.traced is None:
        return
    model, loss, _ = patient.copies()
    with quiet(), training_mode(model, True):
        try:
            value, _ = patient.loss_and_outputs(model, loss, patient.batches[0])
        except Exception:
            return
    learned = [name for name, p in model.named_parameters() if p.requires_grad]
    if learned and not value.requires_grad:
        told = f"The loss, {value.item():.4g}, needs no gradient: it reaches 0 of {len(learned)} parameters."
        cure = (
            "Compute it from the outputs themselves, without detach(), .data, .numpy() or no_grad on the way."
        )
        yield Finding("loss without gradient", "the loss", told, 0, cure, "error")
