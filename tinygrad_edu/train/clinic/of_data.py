"""Maladies of the data: numbers that are none, scales, labels, inputs that say nothing of their targets."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...nn.layer_norm import GroupNorm, LayerNorm, RMSNorm
from ...nn.normalization import BatchNorm1d
from .finding import Finding
from .patient import Patient

NORMALIZES = (BatchNorm1d, LayerNorm, GroupNorm, RMSNorm)
MOST = 5000  # examples of which scales are measured
FEW = 20  # examples, below which nothing is said of classes and columns


def not_finite(patient: Patient) -> Iterator[Finding]:
    """inputs not finite, targets not finite"""
    for place, what in enumerate(("inputs", "targets")):
        array = patient.all_of(place)
        if array.dtype.kind not in "fc" or (finite := np.isfinite(array)).all():
            continue
        bad, first = np.sum(~finite), tuple(np.argwhere(~finite)[0].tolist())
        share = f"{bad} of {array.size} elements are not finite, the first {array[first]} at {first}"
        rows = int(np.sum(~finite.reshape(len(array), -1).all(axis=1)))
        cure = "Remove such examples, or replace such values: data.Imputer."
        where = f"{what}, example {first[0]}" + f", column {first[1]}" * (len(first) > 1)
        yield Finding(
            f"{what} not finite", where, f"{share}; {rows} examples have some.", int(bad), cure, "error"
        )


# ---- columns -----------------------------------------------------------------------------------------------


def scale(patient: Patient) -> Iterator[Finding]:
    """inputs not scaled, targets not scaled"""
    x, y = _finite(_some(patient.all_of(0))), _finite(_some(patient.all_of(1)))
    if x is not None and not _reads_any_scale(patient):
        columns = x if x.ndim == 2 else x.reshape(-1, 1)
        size = np.sqrt(np.mean(np.square(columns, dtype=float), axis=0))
        spread = columns.std(axis=0)
        largest, varied = int(np.argmax(size)), spread[spread > 0]
        ratio = float(size[largest] / np.median(varied)) if varied.size else 1.0
        where = f"inputs, column {largest}" if columns.shape[1] > 1 else "inputs"
        cure = "Scale them by what the training part tells: data.StandardScaler().fit_transform(x)."
        if size[largest] > 50:
            told = f"The root mean square of {where} is {size[largest]:.4g}; that of scaled ones is about 1."
            yield Finding("inputs not scaled", where, told, float(size[largest]), cure)
        elif 0 < size[largest] < 1e-3:
            told = f"No column has a root mean square above {size[largest]:.2g}; scaled ones have about 1."
            yield Finding("inputs not scaled", where, told, float(size[largest]), cure)
        elif ratio > 30 and size[largest] > 10:
            told = f"The largest column is {ratio:.4g} times as large as the others vary, in the median."
            yield Finding("inputs not scaled", where, told, ratio, cure)
    if y is not None and patient.kind == "numbers" and y.dtype.kind == "f":
        size_of_y = float(np.sqrt(np.mean(np.square(y, dtype=float))))
        if size_of_y > 100:
            told = f"Their root mean square is {size_of_y:.4g}; outputs of a new network are about 1."
            cure = "Learn (y - mean) / std of the training part, and undo it for predictions."
            yield Finding("targets not scaled", "targets", told, size_of_y, cure)


def _reads_any_scale(patient: Patient) -> bool:
    """Whether inputs are words, or the first layer normalizes them."""
    if patient.embeds:
        return True
    if patient.traced is None:
        return False
    first = next((call for call in patient.traced[0].leaves()), None)
    return first is not None and isinstance(first.module, NORMALIZES)


def constant_columns(patient: Patient) -> Iterator[Finding]:
    """constant features"""
    x = _finite(_some(patient.all_of(0)))
    if x is None or x.ndim != 2 or len(x) < 5 * FEW or patient.embeds or x.shape[1] < 2:
        return
    still = np.flatnonzero(np.all(x == x[0], axis=0))
    # The border of images is empty in all of them, which harms nobody.
    empty = np.abs(x[0, still]).max(initial=0.0) < 0.1 * x.std()
    border = x.shape[1] > 32 and empty and 2 * len(still) <= x.shape[1]
    if not len(still) or border:
        return
    told = f"{len(still)} of {x.shape[1]} columns are the same, {x[0, still[0]]:.4g}, in {len(x)} examples."
    where = f"inputs, column{'s' * (len(still) > 1)} {', '.join(map(str, still[:6].tolist()))}"
    cure = "Leave them out: they say nothing of the targets. Is a column read wrongly?"
    yield Finding("constant features", where, told, len(still), cure, "note")


# ---- labels ------------------------------------------------------------------------------------------------


def labels(patient: Patient) -> Iterator[Finding]:
    """labels from 1, class imbalance, numbers as classes, classes as numbers"""
    y = patient.all_of(1)
    if y.size < FEW or y.dtype.kind not in "iub" or y.ndim > 2 or (y.ndim == 2 and y.shape[1] > 1):
        return
    flat = y.astype(int).ravel()
    values, counts = np.unique(flat, return_counts=True)
    if patient.kind in ("classes", "logs", "margins"):
        c = patient.outputs.shape[-1] if patient.outputs is not None and patient.outputs.ndim else 0
        if values[0] == 1 and c and values[-1] == c - 1 and len(values) == c - 1:
            told = (
                f"They go from 1 to {values[-1]}; of the model's {c} outputs, that of class 0 is never right."
            )
            cure = f"Subtract 1, and give the model {c - 1} outputs; or data.LabelEncoder()."
            yield Finding("labels from 1", "targets", told, 1, cure)
        if len(values) > len(flat) / 2:
            told = f"{len(values)} different labels in {len(flat)} examples: most are met once."
            cure = (
                "If these are amounts, learn them as numbers: one output, nn.MSELoss(), y.astype(np.float32)."
            )
            yield Finding("numbers as classes", "targets", told, len(values), cure)
        yield from _imbalance(values, counts)
    elif patient.kind in ("logits", "probabilities") and len(values) == 2:
        yield from _imbalance(values, counts)
    elif patient.kind == "numbers" and _are_classes(values, counts):
        told = f"Targets are the integers 0 to {values[-1]}, {counts.min()} times each or more."
        cure = f"If they are classes, 2 is not twice 1: {len(values)} outputs and nn.CrossEntropyLoss()."
        yield Finding("classes as numbers", "the loss", told, len(values), cure)


def _are_classes(values: Any, counts: Any) -> bool:
    """Whether integers could be the labels of a few classes, from 0 on, all of which occur again."""
    whole = 3 <= len(values) <= 20 and np.array_equal(values, np.arange(len(values)))
    return bool(whole and counts.min() > 1)


def _imbalance(values: Any, counts: Any) -> Iterator[Finding]:
    """Of classes of which one has nearly everything."""
    share = counts.max() / counts.sum()
    if len(values) < 2 or share < 0.9:
        return
    told = f"{share:.1%} of the labels are {values[np.argmax(counts)]}: always saying so has that accuracy."
    cure = "Weigh classes, nn.CrossEntropyLoss(weight=…) or pos_weight=; judge by F1 or ROC, not by accuracy."
    yield Finding("class imbalance", "targets", told, float(share), cure)


def shuffled(patient: Patient) -> Iterator[Finding]:
    """labels do not follow inputs"""
    x, y = _finite(patient.all_of(0)), _finite(patient.all_of(1))
    if x is None or y is None or len(x) != len(y) or len(x) < 100 or y.size != len(y) or patient.embeds:
        return
    some = np.random.default_rng(0).permutation(len(x))[:600]
    x, y = x[some].reshape(len(some), -1).astype(float), y[some].ravel().astype(float)
    x = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12)
    square = np.sum(x * x, axis=1)
    distance = square[:, None] + square - 2 * x @ x.T
    np.fill_diagonal(distance, np.inf)
    near = np.argsort(distance, axis=1)[:, :5]
    found, rng = _agreement(y, near), np.random.default_rng(1)
    chance = [_agreement(rng.permutation(y), near) for _ in range(30)]
    score = float((found - np.mean(chance)) / (np.std(chance) + 1e-12))
    if score < 2 and np.any(y != y[0]):
        told = f"The five nearest neighbours of an example agree with its target {score:.1f} standard "
        told += f"deviations better than with targets in another order, of {len(x)} examples."
        cure = (
            "Was one of x and y shuffled or sorted without the other? Index both alike: x[order], y[order]."
        )
        yield Finding("labels do not follow inputs", "targets", told, score, cure)


def _agreement(y: Any, near: Any) -> float:
    """How well targets agree with their neighbours': the share of equal ones, or minus the distance."""
    if len(np.unique(y)) <= 50:
        return float(np.mean(y[near] == y[:, None]))
    return -float(np.mean(np.abs(y[near] - y[:, None])))


def sorted_data(patient: Patient) -> Iterator[Finding]:
    """sorted data"""
    from ...data import DataLoader

    if not isinstance(patient.data, DataLoader) or patient.data.shuffle or len(patient.batches) < 2:
        return
    y = patient.sample[1]
    if y.ndim != 1 or y.dtype.kind not in "iub" or len(y) < FEW:
        return
    changes, classes = int(np.sum(y[1:] != y[:-1])), len(np.unique(y))
    if classes > 1 and changes == classes - 1:
        told = f"The label changes {changes} times in {len(y)} examples: they come class by class."
        cure = "DataLoader(…, shuffle=True), so that each batch has something of each class."
        yield Finding("sorted data", "the DataLoader", told, changes, cure)


def _some(array: Any) -> Any:
    """At most some thousand rows, from all over an array."""
    return array[:: max(len(array) // MOST, 1)] if array.ndim else array


def _finite(array: Any) -> Any:
    """A real array without NaN, or None."""
    if array.dtype.kind not in "fiub" or not array.size or not array.ndim:
        return None
    return array if array.dtype.kind != "f" or np.isfinite(array).all() else None
