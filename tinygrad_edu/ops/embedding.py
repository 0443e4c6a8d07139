"""Embedding: rows of a matrix by their numbers, and the adjoint, which adds rows up where they came from."""

from typing import Any

import numpy as np

from ..arrays import given, plain
from ..errors import ArgumentError, DTypeError, ShapeError
from ..foreign import beside
from ..table import primitive

PAIRS = {"f": "F", "d": "D"}  # complex numbers, whose parts are added as real ones are


# fmt: off
@primitive(weight=lambda g, weight_shape, indices: add_rows(g, indices, weight_shape[0]))  # type: ignore[has-type]  # each the other's adjoint
def rows(weight: Any, indices: Any) -> Any:
    if type(weight) is type(indices) is np.ndarray:
        return weight.take(indices, 0)  # faster than weight[indices]
    return weight[indices]

@primitive(values=lambda g, indices: rows(g, indices))
def add_rows(values: Any, indices: Any, n: int) -> Any:
    """(..., d) to (n, d): each row of values added to the row of zeros that its index names."""
    total = into = np.zeros_like(values, order="C", shape=(n, values.shape[-1]))
    if is_of_pairs(values):
        values, into = (a.view(PAIRS[a.dtype.char]) for a in (values, total))
    d = values.shape[-1]
    places = np.reshape(indices, (-1, 1)) * d + beside(np.arange(d), indices)
    places = beside(np.reshape(places, -1), values)
    np.add.at(np.reshape(into, -1), places, np.reshape(values, -1))  # one axis: faster than adding rows
    return total
# fmt: on


def is_of_pairs(values: Any) -> bool:
    """Whether the numbers of rows can be added two at a time, as the parts of complex numbers."""
    if type(values) is not np.ndarray or values.dtype.char not in PAIRS:
        return False
    return values.shape[-1] % 2 == 0 and values.flags.c_contiguous


def embedding(indices: Any, weight: Any, *, padding_idx: int | None = None) -> Any:
    """Rows of a matrix, by their numbers: y[...] = weight[indices[...]].

    A row that is read several times gets the sum of the gradients.

    Parameters
    ----------
    indices : array_like of int of shape (...)
        In [0, n).
    weight : Tensor or ndarray of shape (n, d)
    padding_idx : int, optional
        A row that gets no gradient; negative ones count from the end.

    Returns
    -------
    Tensor or ndarray of shape (..., d)

    Raises
    ------
    DTypeError
        For indices that are not integers.
    ArgumentError
        For an index outside [0, n), named in the message.
    ShapeError
        If the weight is no matrix.

    Examples
    --------
    >>> import numpy as np, tinygrad_edu as tg
    >>> tg.embedding([2, 0], np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    array([[5., 6.],
           [1., 2.]])
    """
    return looked_up(indices, given(weight, "embedding: weight"), padding_idx, "embedding")


def looked_up(indices: Any, weight: Any, padding_idx: int | None, who: str) -> Any:
    """The rows, after a check of the indices; errors begin with the name of who was called."""
    indices = checked_indices(indices, weight, who)
    y = rows(weight, indices)
    if padding_idx is None or not hasattr(weight, "detach"):
        return y
    padding = np.expand_dims(indices == padding_idx % weight.shape[0], -1)
    return np.where(padding, rows(weight.detach(), indices), y)


def checked_indices(indices: Any, weight: Any, who: str) -> Any:
    """Indices as an array, each of which names a row of the weight."""
    if weight.ndim != 2:
        expected = "a weight of shape (n, d), a row for each index"
        raise ShapeError(f"{who} expects {expected}; got shape {weight.shape}.")
    indices = plain(given(indices, who), who)
    if indices.dtype.kind not in "iu" and indices.size:
        hint = "Convert them knowingly: indices.astype(int)."
        raise DTypeError(f"{who} expects integer indices, got {indices.dtype}. {hint}")
    indices = indices.astype(np.intp, copy=False)  # places among n · d elements are no longer of a small type
    n = weight.shape[0]
    if indices.size and (indices.min() < 0 or indices.max() >= n):
        wrong = indices[(indices < 0) | (indices >= n)].flat[0]
        raise ArgumentError(f"{who} expects indices in [0, {n}), of the {n} rows of its weight; got {wrong}.")
    return indices
