"""What the framework refuses by an error, as findings with a name: the doctor reports, and does not raise."""

import math
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...debug import NUMPY, PACKAGE
from ...errors import NonFiniteError, TinygradError
from ...nn.mode import training_mode
from ...ops.losses.checks import only_ones_differ
from ..batches import loss_of
from .finding import Finding
from .patient import Patient, quiet
from .trace import Trace, values_of, watching


def refusals(patient: Patient) -> Iterator[Finding]:
    """column against row, labels from 1, one-hot labels, wrong loss, batch of one, refused"""
    model, loss, _ = patient.copies()
    trace, outputs = Trace(), None
    try:
        with quiet(), training_mode(model, True):
            with watching(model, trace, operations=False):
                outputs = model(patient.batches[0][0])
            value, _ = loss_of(loss, outputs, patient.batches[0])
            if getattr(value, "requires_grad", False):
                value.backward()
    except Exception as error:  # whatever it is: it is told
        yield refused(error, patient.kind, values_of(outputs), patient.batches[0][1])


def refused(error: Exception, kind: str = "", outputs: Any = None, y: Any = None) -> Finding:
    """The finding of an error, by the name of the malady that it comes of, if that is a known one."""
    first, *rest = str(error).splitlines() or [""]
    told = f"{type(error).__name__}: {first}"
    cure = " ".join(line.strip() for line in rest if line.strip()) or "Do as the message says."
    where = line_of(error)
    if "more than 1 value per channel" in first:
        return Finding("batch of one", where, told, 1, "More examples in a batch, or nn.LayerNorm.", "error")
    if outputs is None or y is None or not isinstance(error, TinygradError):
        return Finding("refused", where, told, 1, cure, "error")
    named = _of_targets(kind, outputs, y)
    if named is None:
        return Finding("refused", where, told, 1, cure, "error")
    name, number, advice = named
    return Finding(name, "the targets" if "label" in name else where, told, number, advice, "error")


def not_finite(error: NonFiniteError) -> Finding:
    """The finding of the operation that gave the first number that is not finite."""
    first = str(error).splitlines()[0]
    layer, named, _ = first.partition(f": {error.operation} returned")
    where = f"{layer}, at {error.line}" if named else error.line
    cure = f"{error.mend[:1].upper()}{error.mend[1:]}."
    return Finding("not finite", where, f"{first}  {error.cause}.", math.nan, cure, "error")


def _of_targets(kind: str, outputs: Any, y: Any) -> tuple[str, float, str] | None:
    """The malady of targets that do not fit the outputs: its name, its number, and its cure."""
    c = outputs.shape[-1] if outputs.ndim else 1
    whole = y.dtype.kind in "iu"
    if kind not in ("classes", "logs", "margins"):
        if outputs.shape != y.shape and only_ones_differ(outputs.shape, y.shape):
            return "column against row", y.size, f"y.reshape{outputs.shape}, or model(x).reshape{y.shape}."
        if kind in ("logits", "probabilities") and y.size and y.max() > 1:
            advice = (
                f"Of {int(y.max()) + 1} classes: as many outputs, nn.CrossEntropyLoss() and integer labels."
            )
            return "wrong loss", float(y.max()), advice
        if kind and whole and y.ndim == outputs.ndim - 1 and c > 1:
            return "wrong loss", c, "Labels of classes are for nn.CrossEntropyLoss()."
        return None
    if c == 1:
        return "wrong loss", 1, "One output says yes or no: nn.BCEWithLogitsLoss(), y of the outputs' shape."
    if whole and y.size and y.ndim == outputs.ndim - 1 and y.min() >= 1 and y.max() == c:
        return "labels from 1", int(y.min()), "Subtract 1: labels go from 0; or data.LabelEncoder()."
    if (
        y.ndim == outputs.ndim
        and y.shape == outputs.shape
        and np.array_equal(y.sum(axis=-1), np.ones(len(y)))
    ):
        return "one-hot labels", c, "y.argmax(axis=1): the labels themselves, as integers."
    if whole and y.ndim == outputs.ndim and y.shape[-1:] == (1,):
        return "column against row", y.size, "y[:, 0]: labels of shape (n,)."
    if y.dtype.kind == "f" and y.ndim == outputs.ndim - 1:
        advice = "Labels are integers, y.astype(int); numbers are learned with nn.MSELoss() and one output."
        return "wrong loss", float(np.mean(y != np.round(y))), advice
    return None


def line_of(error: BaseException) -> str:
    """The innermost line that is the user's, or where else the error arose."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [f for f in frames if not f.filename.startswith((PACKAGE, NUMPY))]
    if not theirs:
        return "the model and the loss"
    return f"{theirs[-1].filename}:{theirs[-1].lineno} in {theirs[-1].name}"
