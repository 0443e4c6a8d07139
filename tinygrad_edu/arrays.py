"""Plain arrays: the one door through which what a user gives becomes an ndarray, and nothing is lost on the way.

NumPy's own ``asarray`` drops masks without a word, and says of ragged lists only that they are inhomogeneous.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DTypeError, ShapeError


def plain(values: Any, who: str) -> NDArray[Any]:
    """An ndarray of the values of a tensor, without its graph, or of anything that NumPy takes; not copied where it need not be.

    Parameters
    ----------
    values : Tensor or array_like
    who : str
        What is given, as its user would call it, for the error: "StandardScaler.fit", "predict: x".

    Returns
    -------
    ndarray
        A list of texts and of numbers becomes an array of objects, where NumPy would make texts of the numbers.

    Raises
    ------
    DTypeError
        For masked arrays, alone or in a list, and for pandas' missing values (NA).
    ShapeError
        For nested sequences of several lengths.
    """
    if type(values) is np.ndarray:
        return values
    if hasattr(values, "requires_grad"):
        return values.detach().numpy()
    refuse_masked(values, who)
    try:
        array = np.asarray(values)
        if array.dtype.kind in "US" and not hasattr(values, "__array__"):
            array = _unmixed(array, values)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ShapeError(f"{who}: {ragged(values)}") from None
    if array.dtype.kind == "O":
        _refuse_missing(array, who)
    return array


def _unmixed(texts: NDArray[Any], values: Any) -> NDArray[Any]:
    """The array of texts, if all values were of that one kind; otherwise an array of what they were."""
    given = np.array(values, object)
    kind = str if texts.dtype.kind == "U" else bytes
    return texts if all(isinstance(value, kind) for value in given.flat) else given


def _refuse_missing(array: NDArray[Any], who: str) -> None:
    """Raise for the missing values of pandas' own dtypes, which no number stands for."""
    place = next((i for i, value in enumerate(array.flat) if type(value).__name__ == "NAType"), None)
    if place is not None:
        where = ", ".join(map(str, np.unravel_index(place, array.shape)))
        raise DTypeError(
            f"{who}: values are missing (pandas.NA), the first at [{where}]. Drop them by dropna(), put others there by fillna(value), "
            "or make NaN of them, to_numpy(float, na_value=np.nan), which data.Imputer fills in."
        )


def refuse_masked(values: Any, who: str) -> None:
    """Raise for a masked array, or for a sequence that holds one: NumPy would compute with what the mask hides."""
    if isinstance(values, np.ma.MaskedArray) or (type(values) in (list, tuple) and any(isinstance(v, np.ma.MaskedArray) for v in values)):
        raise DTypeError(f"{who}: masked arrays are not supported, their masks would be lost. Use .filled(value), or np.where with the mask.")


def ragged(values: Sequence[Any]) -> str:
    """What is wrong with nested sequences that are no array, and what to do about it."""
    lengths = sorted({len(v) for v in values if hasattr(v, "__len__")})
    found = f"of lengths {', '.join(map(str, lengths[:4]))}{' …' if len(lengths) > 4 else ''}" if len(lengths) > 1 else "of different depth"
    return (
        f"an array has rows of one length; got a {type(values).__name__} with elements {found}.\n"
        "  Pad or cut them to one length, or give them one at a time."
    )
