"""Sequences of several lengths in one array: which steps are real, and each sequence from its own end.

Such an array is as long as the longest of them.  What stands beyond the end of a shorter one is padding,
which nothing may depend on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arrays import fixed
from ..errors import ArgumentError, DTypeError, ShapeError, names_itself
from ..foreign import beside
from ..table import primitive


def whole_lengths(lengths: Any, longest: int | None = None, shape: tuple[int, ...] | None = None) -> Any:
    """The lengths as an array of integers, from 0 to ``longest``, of a shape if one is expected."""
    lengths = fixed(lengths, "lengths")
    if lengths.dtype.kind not in "iu" and lengths.size:
        raise DTypeError(f"lengths are integers, how many steps are real; got {lengths.dtype}.")
    if shape is not None and lengths.shape != shape:
        expected = f"one for each sequence, shape {shape}" if shape else "one integer for one sequence"
        raise ShapeError(f"lengths are {expected}; got shape {lengths.shape}.")
    if lengths.size and (lengths.min() < 0 or (longest is not None and lengths.max() > longest)):
        allowed = "0 or more" if longest is None else f"from 0 to {longest}, the steps that there are"
        raise ArgumentError(f"lengths are {allowed}; got {lengths.min()} to {lengths.max()}.")
    return lengths.astype(np.intp)


@names_itself
def sequence_mask(lengths: ArrayLike, length: int | None = None) -> NDArray[np.bool]:
    """Which steps of padded sequences are real: mask[…, t] = t < lengths[…].

    Parameters
    ----------
    lengths : array_like of int, of any shape
        How many steps of each sequence are real, 0 or more.
    length : int, optional
        How long the padded sequences are; by default as long as the longest.

    Returns
    -------
    ndarray of bool, of shape ``(*lengths.shape, length)``
        True where a step is real.  `masked_softmax` and a mean of losses, ``np.sum(losses * mask) /
        np.sum(mask)``, take it as it is; a ``key_padding_mask`` is its negation, ``~mask``.

    Raises
    ------
    DTypeError
        If lengths are no integers.
    ArgumentError
        If one is below 0, or above ``length``.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> tg.sequence_mask([1, 3])
    array([[ True, False, False],
           [ True,  True,  True]])
    """
    counts = whole_lengths(lengths, length)
    steps = np.arange(counts.max(initial=0) if length is None else length)
    mask: NDArray[np.bool] = steps < np.expand_dims(counts, -1)
    return mask


# fmt: off
@primitive(x=lambda g, lengths: reverse_sequences(g, lengths))  # type: ignore[has-type]  # its own adjoint
def reverse_sequences(x: Any, lengths: Any) -> Any:
    """x of shape (L, N, …) with the first lengths[n] steps of each sequence in the opposite order; others stay."""
    steps = beside(np.expand_dims(np.arange(x.shape[0]), 1), lengths)
    source = np.where(steps < lengths, lengths - 1 - steps, steps)  # (L, N)
    return x[source, np.arange(x.shape[1])]

@primitive(x=lambda g, order: reorder(g, np.argsort(order)))  # type: ignore[has-type]  # and the inverse order's
def reorder(x: Any, order: Any) -> Any:
    """x of shape (L, N, …) with its sequences in another order, which names each of them once."""
    return x[:, order]
# fmt: on
