"""Encoding: names of classes as numbers from 0, numbers as rows of zeros and a one, labels as others.

Tags, of which a row may have several, become rows of zeros and ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from operator import index
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..errors import ArgumentError, DTypeError, ShapeError, StateError, names_itself
from ..files import printable
from .checks import values_of

SHOWN = 20  # classes that are listed


@names_itself
def one_hot(
    labels: Any, classes: int | Sequence[Any] | None = None, *, dtype: DTypeLike = np.float32
) -> NDArray[Any]:
    """Rows that are 1 at the class and 0 elsewhere; of lists of tags, 1 at each tag.

    Parameters
    ----------
    labels : Tensor or array_like of int of shape (…), or sequence of n sequences of tags
        From 0 to classes - 1.  Or a list, tuple or set of names for each row, which may be empty.
    classes : int, at least 1, or sequence of tags, optional
        By default the largest label plus one.  Say it where a part of the data might lack the last class.
        Of tags, the columns in their order; by default the names that occur, in increasing order.  With a
        sequence, rows are always lists of tags: numbers too, ``classes=range(5)``.
    dtype : dtype, default=numpy.float32

    Returns
    -------
    ndarray of shape (…, classes), or (n, number of tags)

    Raises
    ------
    DTypeError
        If the labels are neither integers nor lists of tags.
    ArgumentError
        If a label is outside [0, classes), or a tag is none of the classes.

    Examples
    --------
    >>> one_hot([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    >>> one_hot([["new", "cheap"], [], ["cheap"]], ["cheap", "new"])
    array([[1., 1.],
           [0., 0.],
           [1., 0.]], dtype=float32)
    """
    if isinstance(classes, Iterable) or (classes is None and _are_tags(labels)):
        return _tagged(labels, classes, dtype)
    values = values_of(labels)
    if values.dtype.kind not in "biu" and values.size:
        advice = "Names become numbers by LabelEncoder, floats by relabel(labels)."
        raise DTypeError(f"labels are integers; got {values.dtype}. {advice}")
    if classes is None:
        if not values.size:
            raise ArgumentError("without labels, say how many classes there are.")
        classes = int(values.max()) + 1
    elif not isinstance(classes, (int, np.integer)) or classes < 1:
        raise ArgumentError(f"classes is a whole number, for there is at least one class; got {classes!r}.")
    wrong = values[(values < 0) | (values >= classes)]
    if wrong.size:
        advice = "Labels that count otherwise: relabel(labels, {10: 0})."
        raise ArgumentError(f"label {wrong[0]} is outside [0, {max(classes, 1)}). {advice}")
    rows = np.zeros_like(values, dtype, "C", shape=(*values.shape, classes))  # also of traced labels
    np.put_along_axis(rows, values.astype(np.int64)[..., None], 1, axis=-1)
    return rows


def _are_tags(labels: Any) -> bool:
    """Whether these are sequences of names, one sequence a row."""
    if isinstance(labels, str) or not isinstance(labels, Iterable) or getattr(labels, "ndim", 1) != 1:
        return False
    rows = list(labels) if isinstance(labels, Sequence) or hasattr(labels, "__array__") else []
    if not rows or not all(isinstance(row, (list, tuple, set, frozenset, np.ndarray)) for row in rows):
        return False
    tags = [tag for row in rows for tag in row]
    return bool(tags) and all(isinstance(tag, str) for tag in tags)


def _tagged(labels: Any, classes: Iterable[Any] | None, dtype: DTypeLike) -> NDArray[Any]:
    """Ones at each tag of a row."""
    rows = [[row] if isinstance(row, str) or not isinstance(row, Iterable) else list(row) for row in labels]
    known = sorted({tag for row in rows for tag in row}) if classes is None else list(classes)
    places = {tag: place for place, tag in enumerate(known)}
    if not known or len(places) < len(known):
        raise ArgumentError(f"classes are tags, each once, and at least one; got {known!r:.200}.")
    found = np.zeros((len(rows), len(known)), dtype)
    for number, row in enumerate(rows):
        for tag in row:
            if tag not in places:
                raise ArgumentError(f"tag {tag!r:.80} of row {number} is none of the classes {known!r:.200}.")
            found[number, places[tag]] = 1
    return found


@names_itself
def relabel(labels: ArrayLike, changes: Mapping[int, int] | None = None) -> NDArray[np.int64]:
    """Class labels as integers of shape (n,), of files that store or count them otherwise.

    Parameters
    ----------
    labels : Tensor or array_like of whole numbers of shape (n,) or (n, 1)
        Of any dtype: .mat files hold columns of floats or small integers.
    changes : mapping of int to int, optional
        New labels by old ones, all at once; labels that it does not name stay as they are.

    Returns
    -------
    ndarray of int64 of shape (n,)

    Raises
    ------
    ShapeError, DTypeError
        If these are no labels.
    ArgumentError
        If a label is not a whole number.

    Examples
    --------
    Digits that count from 1, where 10 means 0:

    >>> relabel([[10.0], [1.0], [9.0]], {10: 0})
    array([0, 1, 9])
    """
    values = values_of(labels)
    if values.dtype.kind == "O":
        values = values_of(values.tolist())  # whose numbers have a dtype, if they are numbers
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise ShapeError(f"expected labels of shape (n,) or (n, 1), got {values.shape}.")
    if values.dtype.kind not in "biuf":
        raise DTypeError(f"expected numbers, got {values.dtype}. Names become numbers by LabelEncoder.")
    fraction = ~np.isfinite(values) | (values != np.trunc(values))
    if fraction.any():
        row = int(fraction.argmax())
        raise ArgumentError(f"labels are whole numbers; got {values[row]} in row {row}.")
    others = {index(label): index(other) for label, other in (changes or {}).items()}
    found, places = np.unique(values, return_inverse=True)
    new = [others.get(int(label), int(label)) for label in found.tolist()]
    if wide := [label for label in new if not -(2**63) <= label < 2**63]:
        raise ArgumentError(f"labels are below 2**63; got {wide[0]}.")
    return np.array(new, np.int64)[places]


class LabelEncoder:
    """Names of classes, or numbers that are no numbers from 0, as integers from 0 in the order of the names.

    Attributes
    ----------
    classes : list of str, int or float
        In increasing order: the name of class k is ``classes[k]``.

    Raises
    ------
    ArgumentError
        If a name is unknown, or a number outside [0, c).
    StateError
        If it was not fitted.

    Examples
    --------
    >>> encoder = LabelEncoder()
    >>> encoder.fit_transform(["rose", "iris", "rose"])
    array([1, 0, 1])
    >>> encoder.inverse_transform([0, 1]).tolist()
    ['iris', 'rose']
    """

    classes: list[Any]

    @names_itself
    def fit(self, labels: ArrayLike) -> Self:
        """Learn the names; returns the encoder.  ``labels`` has shape (n,), n ≥ 1."""
        names = np.unique(_names(labels))
        if not len(names):
            raise ArgumentError("there are no labels to learn from.")
        if names.dtype.kind == "f" and not np.isfinite(names).all():
            raise ArgumentError("a label is missing (NaN) or infinite.")
        self.classes = names.tolist()
        return self

    @names_itself
    def transform(self, labels: ArrayLike) -> NDArray[np.int64]:
        """The numbers of names, shape (n,)."""
        values, known = _names(labels), np.asarray(self._known("transform"))
        if values.size and (values.dtype.kind == "U") != (known.dtype.kind == "U"):
            raise ArgumentError(f"the classes are [{self._listed()}]; got labels of {values.dtype}.")
        places = np.searchsorted(known, values)
        wrong = values[known[np.minimum(places, len(known) - 1)] != values]
        if wrong.size:
            raise ArgumentError(f"{wrong.tolist()[0]!r} is none of the classes [{self._listed()}].")
        return places.astype(np.int64)

    def fit_transform(self, labels: ArrayLike) -> NDArray[np.int64]:
        """`fit`, and `transform` of the same labels."""
        return self.fit(labels).transform(labels)

    @names_itself
    def inverse_transform(self, numbers: ArrayLike) -> NDArray[Any]:
        """The names of numbers, shape (n,)."""
        known, values = np.asarray(self._known("inverse_transform")), values_of(numbers)
        if values.dtype.kind not in "biu" and values.size:
            advice = "Of scores or rows, take argmax(axis=1)."
            raise DTypeError(f"classes are integers; got {values.dtype}. {advice}")
        values = values.astype(np.int64)
        wrong = values[(values < 0) | (values >= len(known))]
        if wrong.size:
            raise ArgumentError(f"class {wrong[0]} is outside [0, {len(known)}).")
        return known[values]

    def state_dict(self) -> dict[str, Any]:
        """The classes, and the name of this class."""
        return {"class": "LabelEncoder", "classes": list(self._known("state_dict"))}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the classes of another encoder.

        Raises
        ------
        StateError
            If it is no such state; nothing was changed.
        """
        who, classes = "LabelEncoder.load_state_dict", state.get("classes")
        complete = set(state) == {"class", "classes"} and state["class"] == "LabelEncoder"
        if not complete or not isinstance(classes, (list, tuple)) or not classes:
            got = f"a mapping with {printable(', '.join(map(str, state)))}"
            raise StateError(f"{who}: expected what state_dict() returns, got {got}.")
        kinds = {type(name) for name in classes}
        if not (kinds == {str} or kinds <= {bool, int, float}) or any(a >= b for a, b in pairwise(classes)):
            expected = "classes are names, or numbers, in increasing order"
            raise StateError(f"{who}: {expected}; got {list(classes)!r:.200}.")
        self.classes = list(classes)

    def __repr__(self) -> str:
        return f"LabelEncoder({self._listed() if hasattr(self, 'classes') else 'not fitted'})"

    def _listed(self) -> str:
        more = f", … {len(self.classes)} in all" if len(self.classes) > SHOWN else ""
        return ", ".join(map(repr, self.classes[:SHOWN])) + more

    def _known(self, method: str) -> list[Any]:
        if not hasattr(self, "classes"):
            raise StateError(f"LabelEncoder.{method}: no classes were learned yet; call fit(labels) first.")
        return self.classes


def _names(labels: ArrayLike) -> NDArray[Any]:
    values = values_of(labels)
    texts = values.dtype.kind == "O" and all(isinstance(value, str) for value in values.ravel())
    if texts or values.dtype.kind == "T":
        values = np.array(values.tolist(), str)
    if values.ndim != 1 or (values.dtype.kind not in "biufU" and values.size):
        got = f"{values.dtype} of shape {values.shape}"
        raise ShapeError(f"expected names or numbers of shape (n,), got {got}.{_remedy(values)}")
    return values


def _remedy(values: NDArray[Any]) -> str:
    """What makes labels of an array that has none."""
    if values.ndim == 2 and 1 in values.shape:
        return " Of a single column: labels.reshape(-1)."
    if values.dtype.kind == "S":
        return " Bytes become names by np.char.decode(labels)."
    if values.dtype.kind == "O" and values.ndim == 1:
        place, odd = next((i, value) for i, value in enumerate(values) if not isinstance(value, str))
        needs = "a missing one needs a name of its own, numbers among names are texts, str(label)"
        return f" Label {place} is {odd!r:.40}: {needs}."
    return ""
