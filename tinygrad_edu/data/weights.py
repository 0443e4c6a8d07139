"""Weights of classes, by which a loss counts what is rare as much as what is frequent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ArgumentError, names_itself
from .checks import values_of, whole
from .encode import LabelEncoder


@names_itself
def class_weights(
    labels: ArrayLike, weights: str | Mapping[Any, float] = "balanced", *, classes: int | None = None
) -> NDArray[np.float64]:
    """A weight for each class, for the setting ``weight=`` of a loss.

    Parameters
    ----------
    labels : Tensor or array_like of shape (n,)
        The labels of the training part: integers from 0, or names, whose classes are in the order in which
        `LabelEncoder` numbers them.
    weights : "balanced" or mapping, default="balanced"
        "balanced" gives class k of c the weight n / (c · nₖ), where nₖ examples are of it, as scikit-learn
        does: every class counts alike, and the mean weight of the examples is 1.  Of c are those that occur;
        one that does not has weight 0.  A mapping gives weights by label or name, and 1 to those that it
        lacks.
    classes : int, at least 1, optional
        The number c of classes of integer labels; by default the largest label plus one.

    Returns
    -------
    ndarray of float64 of shape (c,)

    Raises
    ------
    ArgumentError
        If a weight is negative or no number, the mapping names a class that is none, a label is outside
        [0, classes), or there are no labels.

    Examples
    --------
    >>> class_weights([0, 0, 0, 1])
    array([0.66666667, 2.        ])
    >>> class_weights(["cat", "dog", "cat"], {"dog": 3.0})
    array([1., 3.])

    In a training: ``nn.CrossEntropyLoss(weight=data.class_weights(y_train))``.
    """
    encoder = LabelEncoder()
    numbers = encoder.fit_transform(labels)
    names: list[Any] = encoder.classes
    if values_of(labels).dtype.kind in "iu":
        count = names[-1] + 1 if classes is None else whole("classes", classes, 1)
        if names[0] < 0 or names[-1] >= count:
            wrong = names[0] if names[0] < 0 else names[-1]
            raise ArgumentError(
                f"label {wrong} is outside [0, {count}). Labels that count otherwise: relabel."
            )
        numbers, names = np.asarray(names)[numbers], list(range(count))
    elif classes is not None:
        raise ArgumentError("classes counts those of integer labels; these have names, or are no integers.")
    if isinstance(weights, Mapping):
        return _by_name(names, weights)
    if weights != "balanced":
        raise ArgumentError(f'weights are "balanced", or a mapping of weights by class; got {weights!r:.80}.')
    counts = np.bincount(numbers, minlength=len(names))
    occur = counts > 0
    return np.divide(len(numbers) / occur.sum(), counts, out=np.zeros(len(names)), where=occur)


def _by_name(names: list[Any], weights: Mapping[Any, float]) -> NDArray[np.float64]:
    """The weights of a mapping in the order of the classes."""
    if unknown := [name for name in weights if name not in names]:
        raise ArgumentError(f"a weight is for the class {unknown[0]!r:.80}, which is none of {names!r:.200}.")
    values = np.array([weights.get(name, 1.0) for name in names], np.float64)
    if not (np.isfinite(values) & (values >= 0)).all():
        raise ArgumentError(f"weights are finite numbers, 0 or more; got {dict(weights)!r:.200}.")
    return values
