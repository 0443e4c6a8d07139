"""How targets become arrays to learn from, and what a module gives becomes predictions.

Three kinds of targets: `Labels`, `Tags` and `Numbers`.
"""

from typing import Any, Protocol

import numpy as np
from sklearn.metrics import accuracy_score, r2_score

from .. import nn
from ..errors import ArgumentError, ShapeError
from ..ops.activation import log_softmax
from ..ops.gates import log_sigmoid


class Targets(Protocol):
    """How targets become arrays to learn from, and outputs of a module become predictions."""

    @property
    def width(self) -> int:
        """How many outputs a module has that is made for these targets."""

    def check_outputs(self, shape: tuple[int, ...]) -> None:
        """Raise unless outputs of one example may have this shape; what follows goes by it."""

    def arrays(self, y: Any) -> Any:
        """The targets as the loss takes them."""

    def loss(self) -> Any:
        """The loss where none is given."""

    def predicted(self, outputs: Any) -> Any:
        """What `predict` says, given the outputs."""

    def score(self, y: Any, outputs: Any, weights: Any) -> float:
        """What `score` says, given the outputs."""

    def names(self) -> list[str]:
        """What the columns of predictions or probabilities are called."""


class Labels:
    """Targets that are one label for each row.

    Of two classes, a module may give one score, that of the second class.
    """

    def __init__(self, classes: Any) -> None:
        self.classes = classes
        self.one_score = len(classes) == 2

    @property
    def width(self) -> int:
        return 1 if self.one_score else len(self.classes)

    def check_outputs(self, shape: tuple[int, ...]) -> None:
        found, several = shape[1:], len(self.classes)
        self.one_score = several == 2 and found == (1,)
        if found != (several,) and not self.one_score:
            expected = f"(n, {several}), a score for each class{', or (n, 1)' if several == 2 else ''}"
            raise ShapeError(f"The model gives {('n', *found)} for n rows; expected {expected}.")

    def arrays(self, y: Any) -> Any:
        """The places of the labels among the classes; where there is one score, 0 or 1 in a column."""
        if y.ndim != 1:
            raise ShapeError(f"Expected one label for each row, of shape (n,); got {y.shape}.")
        if (unknown := ~np.isin(y, self.classes)).any():
            first = f"{y[unknown].tolist()[0]!r} is not among the classes, {self.classes.tolist()}"
            raise ArgumentError(f"y: {first}. Give all of them to the first partial_fit, classes=.")
        places = np.searchsorted(self.classes, y)
        return places.astype(np.float32)[:, None] if self.one_score else places

    def loss(self) -> Any:
        """The cross-entropy of logits."""
        return nn.BCEWithLogitsLoss() if self.one_score else nn.CrossEntropyLoss()

    def predicted(self, outputs: Any) -> Any:
        """The labels with the highest scores."""
        return self.classes[(outputs[:, 0] > 0).astype(int) if self.one_score else outputs.argmax(axis=1)]

    def log_probabilities(self, outputs: Any) -> Any:
        """log softmax of the scores; of one score, that of (0, score)."""
        return log_softmax(np.hstack([np.zeros_like(outputs), outputs]) if self.one_score else outputs)

    def score(self, y: Any, outputs: Any, weights: Any) -> float:
        """The share of right labels."""
        return float(accuracy_score(y, self.predicted(outputs), sample_weight=weights))

    def names(self) -> list[str]:
        """The classes."""
        return list(map(str, self.classes))


class Tags:
    """Targets that are several tags for each row, 0 or 1."""

    def __init__(self, width: int, names: Any) -> None:
        self.width, self.given_names = width, names

    def check_outputs(self, shape: tuple[int, ...]) -> None:
        if shape[1:] != (self.width,):
            expected = f"(n, {self.width}), a score for each tag"
            raise ShapeError(f"The model gives {('n', *shape[1:])} for n rows; expected {expected}.")

    def arrays(self, y: Any) -> Any:
        """The tags as floating numbers."""
        if y.shape[1:] != (self.width,):
            raise ShapeError(f"Expected tags of shape (n, {self.width}); got {y.shape}.")
        return y.astype(np.float32)

    def loss(self) -> Any:
        """The binary cross-entropy of logits."""
        return nn.BCEWithLogitsLoss()

    def predicted(self, outputs: Any) -> Any:
        """Which tags are more likely to apply than not."""
        return (outputs > 0).astype(int)

    def log_probabilities(self, outputs: Any) -> Any:
        """log sigmoid of the scores."""
        return log_sigmoid(outputs)

    def score(self, y: Any, outputs: Any, weights: Any) -> float:
        """The share of rows all of whose tags are right."""
        return float(accuracy_score(y, self.predicted(outputs), sample_weight=weights))

    def names(self) -> list[str]:
        """The names that the columns of the tags had, or y0, y1 …"""
        return columns(self.given_names, self.width)


class Numbers:
    """Targets that are numbers, one or several for each row."""

    def __init__(self, shape: tuple[int, ...], names: Any) -> None:
        self.shape = self.of_outputs = shape
        self.given_names = names

    @property
    def width(self) -> int:
        return int(np.prod(self.shape))

    def check_outputs(self, shape: tuple[int, ...]) -> None:
        self.of_outputs = shape[1:]
        if self.of_outputs != self.shape and (self.shape, self.of_outputs) != ((), (1,)):
            expected = f"outputs of shape (n, {self.width})"
            raise ShapeError(f"The model gives {('n', *shape[1:])} for n rows; expected {expected}.")

    def arrays(self, y: Any) -> Any:
        """The targets, floating, of the shape that the outputs have."""
        if y.shape[1:] != self.shape:
            raise ShapeError(f"Expected targets of shape {('n', *self.shape)}; got {y.shape}.")
        return y.reshape(len(y), *self.of_outputs).astype(np.result_type(y.dtype, np.float32), copy=False)

    def loss(self) -> Any:
        """The mean squared error."""
        return nn.MSELoss()

    def predicted(self, outputs: Any) -> Any:
        """The outputs, of the shape that the targets had."""
        return outputs.reshape(len(outputs), *self.shape)

    def score(self, y: Any, outputs: Any, weights: Any) -> float:
        """The coefficient of determination, R²."""
        return float(r2_score(y, self.predicted(outputs), sample_weight=weights))

    def names(self) -> list[str]:
        """The names that the columns of the targets had, or y0, y1 …"""
        return columns(self.given_names, self.width)


def columns(names: Any, width: int) -> list[str]:
    """The names of the columns of a DataFrame of targets; y0, y1 … where it was none."""
    return [f"y{i}" for i in range(width)] if names is None else list(map(str, names))
