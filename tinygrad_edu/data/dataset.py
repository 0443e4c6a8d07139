"""Datasets: samples that are counted from 0, in arrays that have as many rows each.

`ArrayDataset` holds arrays, or tuples and dicts of them, see `fields`; ``ArrayDataset(x, y).map(f)`` changes
them on their way to the model, one batch at a time.  Any other object with ``len(data)`` and ``data[i]`` is a
dataset too, such as a list of samples.
"""

import inspect
import operator
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..arrays import plain
from ..errors import ArgumentError, DTypeError, ShapeError, names_itself
from ..random import Rng, generator
from .checks import shapes_of
from .fields import Field, Fields, arrays_in, check_rows, converted, each, named_arrays, rows_of

Numbers = slice | NDArray[np.integer]  # of samples


@runtime_checkable
class Dataset(Protocol):
    """What a `DataLoader` asks of samples in any order: how many there are, and each by its number.

    A sample is an array or number, or a tuple of them, for example (x, y).  In the place of an array may be
    several, in a tuple or dict: ((image, numbers), y), ({"image": image, "numbers": numbers}, y).
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> Any: ...


class Batches:
    """A dataset whose samples are taken many at a time: the base of `ArrayDataset` and `MappedDataset`.

    Attributes
    ----------
    random : bool
        Whether a batch depends on a generator.
    """

    random: bool = False

    def __len__(self) -> int:
        raise NotImplementedError

    def take(self, which: Numbers, rng: Rng = None) -> Fields:
        """The samples of a slice or of an array of numbers, as one batch; random maps draw from ``rng``."""
        raise NotImplementedError

    def floats_as(self, dtype: DTypeLike) -> Self:
        """The same samples with floating arrays in another dtype, converted here and now."""
        raise NotImplementedError

    def __getitem__(self, index: Any) -> Fields:
        who = type(self).__name__
        if isinstance(index, slice):
            return self.take(index)
        if np.ndim(index):
            numbers = plain(index, who)
            return self.take(numbers if numbers.size else numbers.astype(np.intp))
        try:
            number = operator.index(index)
        except TypeError:
            expected = "samples are chosen by a number, numbers or a slice"
            raise DTypeError(f"{who}: {expected}; got {index!r:.40}.") from None
        if not -len(self) <= number < len(self):
            raise IndexError(f"{who}: there is no sample {number}; there are {len(self)}.")
        place = number % len(self)
        return tuple(each(itemgetter(0), field) for field in self.take(slice(place, place + 1)))

    def map(self, function: Callable[..., Any]) -> "MappedDataset":
        """A dataset whose batches go through a function each time that they are taken.

        Parameters
        ----------
        function : callable
            Takes the arrays of a batch, shapes (n, …), and returns an array, or a tuple of arrays, of n rows
            each: those of the new batch, any of which may be several, as in an `ArrayDataset`.  It does not
            write into what it gets.  A function with a parameter called ``rng`` is given a
            numpy.random.Generator: in a `DataLoader` one that depends on seed, epoch and batch alone.

        Returns
        -------
        MappedDataset

        Examples
        --------
        >>> data = ArrayDataset(np.array([0, 51, 255], np.uint8), [0, 1, 1])
        >>> data.map(lambda x, y: (x / np.float32(255), y))[:2]
        (array([0. , 0.2], dtype=float32), array([0, 1]))
        """
        return MappedDataset(self, function)


class ArrayDataset(Batches):
    """Arrays with as many rows each: row i of every array is sample i.

    Parameters
    ----------
    *arrays : Tensor or array_like of numbers, of shapes (n, …), or tuples or dicts of them
        Arrays are not copied, and batches of neighbouring rows are read-only views of them.  Several in a
        tuple or dict stay together: the inputs of a model of several.

    Attributes
    ----------
    arrays : tuple of ndarray, or of tuples or dicts of them
        Read-only views of what was given.

    Raises
    ------
    ShapeError
        If the arrays have different numbers of rows.
    DTypeError
        If an array does not hold numbers.  Names of classes become numbers by a `LabelEncoder`.

    Examples
    --------
    >>> data = ArrayDataset([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [0, 1, 1])
    >>> data[1]
    (array([3., 4.]), np.int64(1))
    >>> data
    ArrayDataset(3 samples: float64 (2,), int64 ())

    Several inputs, one of which is called "size":

    >>> ArrayDataset({"image": np.zeros((3, 8, 8)), "size": [1.0, 2.0, 3.0]}, [0, 1, 1])
    ArrayDataset(3 samples: {image: float64 (8, 8), size: float64 ()}, int64 ())
    """

    @names_itself
    def __init__(self, *arrays: Any) -> None:
        if not arrays:
            raise ArgumentError("expected at least one array, got none.")
        names = [f"array {i}" for i in range(len(arrays))]
        self.arrays: Fields = tuple(map(converted, names, arrays, [_read_only] * len(arrays)))
        check_rows(self.arrays, names)

    def __len__(self) -> int:
        return rows_of(self.arrays[0])

    def take(self, which: Numbers, rng: Rng = None) -> Fields:
        """The samples of a slice, as views, or of an array of numbers, as copies."""
        rows = itemgetter(which)
        return tuple(rows(field) if type(field) is np.ndarray else each(rows, field) for field in self.arrays)

    def floats_as(self, dtype: DTypeLike) -> Self:
        """The same samples; floating arrays of another dtype are converted, all others are shared.

        Those that lie in a file (`numpy.memmap`) stay there: a `DataLoader` converts batch after batch.
        """
        kept = lambda array: array if is_mapped(array) else _cast(array, dtype)
        return type(self)(*(each(kept, field) for field in self.arrays))

    def __repr__(self) -> str:
        return f"ArrayDataset({len(self)} samples: {', '.join(map(_shown, self.arrays))})"


class MappedDataset(Batches):
    """The batches of another dataset, through a function; see `Batches.map`.

    Raises
    ------
    ShapeError
        When a batch is taken, if the function returns another number of rows.
    ArgumentError
        If it is no function, or, when a batch is taken, if it returns something else.
    """

    def __init__(self, data: Batches, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise ArgumentError(f"map expects a function of the arrays of a batch; got {function!r}.")
        self.data, self.function = data, function
        self._draws = _takes_rng(function)
        self.random = self._draws or data.random

    def __len__(self) -> int:
        return len(self.data)

    def take(self, which: Numbers, rng: Rng = None) -> Fields:
        """The samples of a slice or of an array of numbers, mapped together."""
        # A whole chain of maps has one generator, so that each map draws other numbers.
        rng = generator(rng) if self.random else None
        given = self.data.take(which, rng)
        mapped = self.function(*given, rng=rng) if self._draws else self.function(*given)
        if mapped is None or isinstance(mapped, (list, Mapping)):
            kind = type(mapped).__name__
            raise ArgumentError(f"map: the function returns an array, or a tuple of arrays; got {kind}.")
        several = mapped if isinstance(mapped, tuple) else (mapped,)
        what = "map: what the function returned"
        fields = tuple(arrays_in(what, field) for field in several)
        arrays, rows = [array for _, array in named_arrays(fields, [what] * len(fields))], rows_of(given[0])
        if any(array.shape[:1] != (rows,) for array in arrays):
            got = f"was given {rows} rows, and returned arrays of shapes {shapes_of(arrays)}"
            raise ShapeError(f"map: the function {got}; it keeps the first axis.")
        return fields

    def floats_as(self, dtype: DTypeLike) -> Self:
        """The same function over the converted arrays."""
        return type(self)(self.data.floats_as(dtype), self.function)

    def __repr__(self) -> str:
        return f"{self.data!r}.map({getattr(self.function, '__name__', repr(self.function))})"


def cast_floats(field: Field, dtype: DTypeLike | None) -> Field:
    """A field with floating arrays in another dtype, any others as they are; None converts nothing."""
    return field if dtype is None else each(lambda array: _cast(array, dtype), field)


def is_mapped(array: NDArray[Any]) -> bool:
    """Whether an array is a file that is read where it is looked at, or a view of one."""
    owner: Any = array
    while isinstance(owner, np.ndarray) and not isinstance(owner, np.memmap):
        owner = owner.base
    return isinstance(owner, np.memmap)


def _cast(array: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    return array.astype(dtype, copy=False) if array.dtype.kind == "f" else array


def _shown(field: Field) -> str:
    """The dtypes of a field, and its shapes without the first axis."""
    if isinstance(field, dict):
        return "{" + ", ".join(f"{name}: {_shown(inside)}" for name, inside in field.items()) + "}"
    if isinstance(field, tuple):
        return f"({', '.join(map(_shown, field))})"
    return f"{field.dtype} {field.shape[1:]}"


def check_numbers(what: str, array: NDArray[Any]) -> NDArray[Any]:
    """The array, if it holds numbers or booleans."""
    if array.dtype.kind not in "biufc":
        raise DTypeError(f"{what} holds {array.dtype}, expected numbers.{_remedy(array)}")
    return array


def _remedy(array: NDArray[Any]) -> str:
    """What makes numbers of an array that has none."""
    kinds = {type(value) for value in array.ravel()[:1000]} if array.dtype.kind == "O" else set()
    if array.dtype.kind in "US" or (kinds and all(issubclass(kind, (str, bytes)) for kind in kinds)):
        return " Names of classes become numbers by LabelEncoder().fit_transform(names)."
    if array.dtype.kind in "Mm":
        return ' Times become numbers by (times - times.min()) / np.timedelta64(1, "D").'
    if kinds and all(issubclass(kind, (int, float, np.number, np.bool)) for kind in kinds):
        return " They become numbers by .astype(float)."
    if kinds & {str, np.str_}:
        return " Columns of names become numbers one by one, by LabelEncoder().fit_transform(column)."
    found = f", among them {', '.join(sorted(kind.__name__ for kind in kinds)[:3])}" if kinds else ""
    return f" These are objects{found}; give arrays of numbers, each with one row a sample."


def _read_only(what: str, values: Any) -> NDArray[Any]:
    array = check_numbers(what, plain(values, what))
    if array.ndim == 0:
        raise ShapeError(f"{what} is a single number; expected one row a sample, shape (n, …).")
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view


def _takes_rng(function: Callable[..., Any]) -> bool:
    try:
        return "rng" in inspect.signature(function).parameters
    except ValueError:  # functions in C may have no signature
        return False
