"""Splits: which rows a model learns from, and which it is judged by.

x_train, x_test, y_train, y_test = train_test_split(x, y, stratify=y, rng=0)
for train, test in stratified_k_fold(y, 5, rng=0):
    fit(x[train], y[train]); judge(x[test], y[test])
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from operator import index, itemgetter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ArgumentError, DTypeError, ShapeError, names_itself
from ..frames import is_frame, rows_of_frame
from ..random import Rng, generator
from .checks import shapes_of, values_of
from .deal import dealt
from .fields import arrays_in, check_rows, each, named_arrays
from .files.table import Table

Indices = NDArray[np.int64]


@names_itself
def train_test_split(
    *arrays: Any, test_size: float = 0.25, stratify: ArrayLike | None = None, rng: Rng = None
) -> tuple[Any, ...]:
    """Divide the rows of arrays at random into a part to train on and a part to test with.

    Parameters
    ----------
    *arrays : Tensor or array_like of shapes (n, …), Table or frame, or tuples or dicts of them
        Several arrays in a tuple or dict, as a model of several inputs has them, are divided together.  A
        `Table`, and a frame of pandas's or polars's, comes back as one, with its columns.
    test_size : float in (0, 1), or int from 1 to n - 1, default=0.25
        The part of the rows to test with, rounded up to whole rows; or the number of them.
    stratify : array_like of shape (n,) or (n, k), optional
        The class of each row: every class has its share in both parts, to within one row.  Or k labels, 0 or
        1, of each row: every label has about its share in both parts, see `stratified_k_fold`.
    rng : numpy.random.Generator or int, optional
        Fresh entropy, or the generator of `seed`, by default.

    Returns
    -------
    tuple of ndarray, or of tables, frames, tuples or dicts
        As scikit-learn orders them: the first array's training part and test part, the second's, …

    Raises
    ------
    ShapeError
        If the arrays have different numbers of rows.
    ArgumentError
        If a part would be empty, or a class to stratify by has a single row.

    Notes
    -----
    Without ``stratify`` the test part is the first rows of ``rng.permutation(n)``, the training part the
    others, in that order.

    Examples
    --------
    >>> x, y = np.arange(8).reshape(4, 2), np.array([0, 0, 1, 1])
    >>> x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.5, stratify=y, rng=0)
    >>> sorted(y_test.tolist())
    [0, 1]
    """
    names = [f"array {i}" for i in range(len(arrays))]
    fields = tuple(given if is_rows(given) else arrays_in(name, given) for name, given in zip(names, arrays))
    values = [_counted(array) for _, array in named_arrays(fields, names)]
    if len(values) > len(fields) and all(value.ndim for value in values):
        check_rows(tuple(map(_counted, fields)), names)
    n = _rows(values)
    test = _test_rows(test_size, n)
    rng = generator(rng)
    if stratify is None:
        order = rng.permutation(n)
        parts = order[test:], order[:test]
    else:
        parts = _parts(values_of(stratify), n, test, rng)
    return tuple(_chosen(field, part) for field in fields for part in parts)


def is_rows(given: Any) -> bool:
    """Whether something is a table or a frame, whose rows are chosen with all their columns."""
    return isinstance(given, Table) or is_frame(given)


def _counted(given: Any) -> Any:
    """What has as many rows as a table or a frame, and is an array; anything else as it is."""
    return np.empty((len(given), 0)) if is_rows(given) else given


def _chosen(field: Any, rows: Indices) -> Any:
    """The rows of a field with these numbers."""
    if isinstance(field, Table):
        return field[rows]
    return rows_of_frame(field, rows) if is_frame(field) else each(itemgetter(rows), field)


def _parts(labels: NDArray[Any], n: int, test: int, rng: np.random.Generator) -> tuple[Indices, Indices]:
    """Rows to train on and to test with, by one label of each row or by several."""
    if labels.ndim != 2 or labels.shape[1] == 1:
        return _stratified(_classes(labels.reshape(-1) if labels.ndim == 2 else labels, n), test, rng)
    fold = dealt(_tags(labels, n), np.array([n - test, test]), rng)
    return tuple(rng.permutation(np.flatnonzero(fold == i)) for i in range(2))  # type: ignore[return-value]


@names_itself
def k_fold(n: int, k: int, *, shuffle: bool = True, rng: Rng = None) -> Iterator[tuple[Indices, Indices]]:
    """Divide n rows into k parts, and let each be the test part once.

    Parameters
    ----------
    n : int, at least 2
    k : int, from 2 to n
    shuffle : bool, default=True
        Otherwise the parts are neighbouring rows: wrong for rows that are sorted, as data sets often are by
        class.
    rng : numpy.random.Generator or int, optional
        Fresh entropy, or the generator of `seed`, by default.

    Yields
    ------
    train, test : ndarray of int64
        Rows in increasing order.  Sizes of the k test parts differ by one at most, the larger come first.

    Raises
    ------
    ArgumentError
        If n or k is out of range.

    Examples
    --------
    >>> for train, test in k_fold(5, 2, shuffle=False):
    ...     print(train, test)
    [3 4] [0 1 2]
    [0 1 2] [3 4]
    """
    n, k = _fold_count(n, k)
    fold = np.empty(n, np.int64)
    fold[generator(rng).permutation(n) if shuffle else np.arange(n)] = runs(n, k)
    return _folds(fold, k)


@names_itself
def stratified_k_fold(
    labels: ArrayLike, k: int, *, shuffle: bool = True, rng: Rng = None
) -> Iterator[tuple[Indices, Indices]]:
    """Divide rows into k parts with equal shares of every class, and let each be the test part once.

    The rows are sorted by class and dealt like cards, so that neither the parts nor the shares of a class
    differ by more than one.  Rows of several labels are dealt one by one, the rarest label first, each to the
    part that lacks most of it (Sechidis et al.): the sizes of the parts differ by one at most, and the shares
    of a label by little.

    Parameters
    ----------
    labels : array_like of shape (n,) or (n, k)
        The class of each row: numbers or strings.  Or several labels, 0 or 1, of each row.
    k : int, from 2 to n
    shuffle : bool, default=True
        Whether chance decides which rows of a class go where.
    rng : numpy.random.Generator or int, optional
        Fresh entropy, or the generator of `seed`, by default.

    Yields
    ------
    train, test : ndarray of int64
        Rows in increasing order.

    Raises
    ------
    ArgumentError
        If k is out of range, or a class has a single row: it would be missing where that row is tested; or
        one of several labels is neither 0 nor 1.

    Examples
    --------
    >>> labels = np.array(["a", "a", "a", "a", "b", "b"])
    >>> for train, test in stratified_k_fold(labels, 2, rng=0):
    ...     print(*labels[test])
    a a b
    a a b

    References
    ----------
    K. Sechidis, G. Tsoumakas, I. Vlahavas (2011). On the stratification of multi-label data. ECML PKDD 2011.
    """
    values = values_of(labels)
    n, k = _fold_count(_rows([values]), k)
    if values.ndim == 2 and values.shape[1] > 1:
        sizes = np.bincount(runs(n, k))
        return _folds(dealt(_tags(values, n), sizes, generator(rng) if shuffle else None), k)
    values = values.reshape(-1) if values.ndim == 2 else values
    classes = _classes(values, n)
    mixed = generator(rng).permutation(n) if shuffle else np.arange(n)
    fold = np.empty(n, np.int64)
    fold[mixed[np.argsort(classes[mixed], kind="stable")]] = np.arange(n) % k
    return _folds(fold, k)


def _folds(fold: Indices, k: int) -> Iterator[tuple[Indices, Indices]]:
    """The rows outside and inside of each part, given the part of each row."""
    return ((np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k))


def runs(n: int, k: int) -> Indices:
    """0 … 0 1 … 1 …: k runs of n numbers in all, the longer ones first."""
    return np.repeat(np.arange(k), [n // k + (i < n % k) for i in range(k)])


def _stratified(classes: Indices, test: int, rng: np.random.Generator) -> tuple[Indices, Indices]:
    """Rows to train on and to test with; each class has its share of the latter, in whole rows.

    The share of a class of m rows is ``test · m / n``.  All shares are rounded down, and the largest
    remainders get what is left, one each.
    """
    n, counts = len(classes), np.bincount(classes)
    shares, remainders = np.divmod(counts * test, n)
    shares[np.argsort(-remainders, kind="stable")[: test - shares.sum()]] += 1
    order = rng.permutation(n)
    by_class = order[np.argsort(classes[order], kind="stable")]
    place = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)  # of a row within its class
    chosen = place < np.repeat(shares, counts)
    return rng.permutation(by_class[~chosen]), rng.permutation(by_class[chosen])


def _tags(labels: NDArray[Any], n: int) -> NDArray[np.bool]:
    """Several labels of n rows as booleans (n, k)."""
    if len(labels) != n:
        expected = f"expected ({n},) or ({n}, k), one row for each"
        raise ShapeError(f"the labels to stratify by have shape {labels.shape}, {expected}.")
    if labels.ndim != 2 or labels.dtype.kind not in "biuf" or not np.isin(labels, (0, 1)).all():
        advice = "one_hot makes them of lists of tags; of one class for each row, give shape (n,)"
        raise ArgumentError(f"several labels to stratify by are 0 or 1 each; {advice}.")
    return labels.astype(bool)


def _rows(values: list[NDArray[Any]]) -> int:
    if not values or any(value.ndim == 0 for value in values) or len({len(value) for value in values}) > 1:
        got = shapes_of(values) or "no arrays"
        raise ShapeError(f"expected arrays with the same number of rows; got {got}.")
    return len(values[0])


def _test_rows(size: Any, n: int) -> int:
    try:
        rows = index(size)
    except TypeError:
        rows = math.ceil(size * n) if isinstance(size, (float, np.floating)) and 0 < size < 1 else 0
    if isinstance(size, bool) or not 0 < rows < n:
        expected = f"\n  Expected a part in (0, 1), or a number from 1 to {n - 1}."
        raise ArgumentError(f"test_size={size!r} of {n} rows leaves a part empty, or is no size.{expected}")
    return rows


def _fold_count(n: Any, k: Any) -> tuple[int, int]:
    try:
        rows, parts = index(n), index(k)
    except TypeError:
        got = f"{n!r} and {k!r}"
        raise ArgumentError(f"expected whole numbers of rows and of parts; got {got}.") from None
    if not 2 <= parts <= rows:
        raise ArgumentError(f"k is from 2 to the number of rows; got {parts} parts of {rows} rows.")
    return rows, parts


def _classes(labels: NDArray[Any], n: int) -> Indices:
    """Numbers from 0 for the classes of n rows."""
    if labels.shape != (n,):
        expected = f"expected ({n},), one for each row"
        raise ShapeError(f"the classes to stratify by have shape {labels.shape}, {expected}.")
    missing = _missing(labels)
    if missing.any():
        what = f"the class of row {int(missing.argmax())} is missing ({labels[missing][0]})"
        raise ArgumentError(f"{what}; leave it out, or give it a name.")
    try:
        names, classes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    except TypeError:
        advice = "Texts are [str(c) for c in classes]."
        raise DTypeError(f"classes are all names or all numbers; got both. {advice}") from None
    if counts.min() < 2:
        single = f"class {names[counts.argmin()]} has a single row, which cannot be on both sides"
        raise ArgumentError(f"{single}; leave it out, or do not stratify.")
    return classes


def _missing(labels: NDArray[Any]) -> NDArray[np.bool]:
    """Which labels are NaN or None."""
    if labels.dtype.kind == "O":
        return np.array([label is None or label != label for label in labels], bool)
    return labels != labels
