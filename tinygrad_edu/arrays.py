"""What functions are given: the one door through which it becomes an array, and nothing is lost on the way.

NumPy's own ``asarray`` drops masks without a word, and says of ragged lists only that they are inhomogeneous.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DTypeError, ShapeError
from .foreign import is_foreign, shared
from .frames import columns_of_frame, is_frame, matrix_of_frame


def stands_for_array(value: Any) -> bool:
    """Whether it is what the compiler traces with, in the place of an ndarray."""
    return getattr(value, "stands_for_array", False) is True


def plain(values: Any, who: str) -> NDArray[Any]:
    """An ndarray of the values of a tensor, without its graph, or of anything that NumPy takes; not copied
    where it need not be.

    Parameters
    ----------
    values : Tensor or array_like
    who : str
        What is given, as its user would call it, for the error: "StandardScaler.fit", "predict: x".

    Returns
    -------
    ndarray
        A list of texts and of numbers becomes an array of objects, where NumPy would make texts of the
        numbers.  A frame of numbers and booleans becomes one array of shape (n, d).

    Raises
    ------
    DTypeError
        For masked arrays, alone or in a list, for pandas' missing values (NA), for a frame with columns of
        text or dates, and for arrays of other libraries that NumPy cannot share (see `foreign`).
    ShapeError
        For nested sequences of several lengths.
    """
    if type(values) is np.ndarray:
        return values
    if is_foreign(values):
        return shared(values, who)
    if hasattr(values, "requires_grad"):
        values = values.detach()
        array: Any = getattr(values, "_array", None)
        return array if stands_for_array(array) else values.numpy()
    if stands_for_array(values):
        return values
    refuse_masked(values, who)
    if is_frame(values) and (matrix := matrix_of_frame(values)) is not None:
        return matrix
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
        if is_frame(values):
            name, kind = next((n, c.dtype) for n, c in columns_of_frame(values) if c.dtype.kind not in "biuf")
            raise DTypeError(
                f"{who}: column {name!r} of the frame holds {kind}, and numbers are expected. Leave it out, "
                "or make numbers of columns of all kinds by data.Features()."
            )
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
            f"{who}: values are missing (pandas.NA), the first at [{where}]. Drop them by dropna(), put "
            "others there by fillna(value), "
            "or make NaN of them, to_numpy(float, na_value=np.nan), which data.Imputer fills in."
        )


def refuse_masked(values: Any, who: str) -> None:
    """Raise for a masked array, or for a sequence that holds one: NumPy would compute with what the mask
    hides.
    """
    if isinstance(values, np.ma.MaskedArray) or (
        type(values) in (list, tuple) and any(isinstance(v, np.ma.MaskedArray) for v in values)
    ):
        raise DTypeError(
            f"{who}: masked arrays are not supported, their masks would be lost. Use .filled(value), or "
            "np.where with the mask."
        )


def refuse_imaginary(given: Any, wanted: Any, what: str) -> None:
    """Raise where complex values would become real ones: NumPy drops their imaginary parts with a warning."""
    if given.kind == "c" and np.dtype(wanted).kind in "fiu":
        lost = f"whose imaginary part would be lost in {np.dtype(wanted)}"
        raise DTypeError(f"{what}: it is {given}, {lost}. Take the part that you mean: x.real, abs(x).")


def ragged(values: Sequence[Any]) -> str:
    """What is wrong with nested sequences that are no array, and what to do about it."""
    lengths = sorted({len(v) for v in values if hasattr(v, "__len__")})
    found = (
        f"of lengths {', '.join(map(str, lengths[:4]))}{' …' if len(lengths) > 4 else ''}"
        if len(lengths) > 1
        else "of different depth"
    )
    return (
        f"an array has rows of one length; got a {type(values).__name__} with elements {found}.\n"
        "  Pad or cut them to one length, or give them one at a time."
    )


# ---- tensors as they are -----------------------------------------------------------------------------------


def is_tensor(x: Any) -> bool:
    """Whether x is no plain array, but something that takes NumPy's functions over."""
    return not isinstance(x, np.ndarray) and hasattr(x, "__array_function__")


def is_learned(x: Any) -> bool:
    """Whether x is a tensor that needs a gradient: of any other only the values matter."""
    return bool(getattr(x, "requires_grad", False))


def given(x: Any, who: str) -> Any:
    """A tensor as it is, anything else as an ndarray; a tuple of tensors, as some layers return it, is an
    error.
    """
    if type(x) is np.ndarray or (hasattr(x, "__array_function__") and not isinstance(x, np.ndarray)):
        return x  # an array or, as `is_tensor` would say of it, a tensor
    if isinstance(x, (tuple, list)) and any(map(is_tensor, x)):
        raise _several(x, who)
    if x is None:
        raise DTypeError(
            f"{who}: expected an array; got None. Does the function that made it end with return?"
        )
    return plain(x, who)


def fixed(x: Any, who: str) -> Any:
    """An ndarray of labels, weights and the like, which get no gradient; a tensor that needs one raises."""
    if is_tensor(x) and not stands_for_array(x):
        return x.data if stands_for_array(x.data) and not is_learned(x) else np.asarray(x)
    return plain(x, who)


def floating(x: Any, who: str = "a function of real numbers") -> Any:
    """x itself, if it is floating; integers, booleans, numbers and lists as float64, as NumPy's functions
    take them.
    """
    x = given(x, who)
    if x.dtype.kind == "f":
        return x
    if x.dtype.kind not in "iub":
        raise DTypeError(
            f"{who}: expected real numbers, floating, integer or boolean; got {x.dtype} of shape {x.shape}."
        )
    return x.astype(float)


def real(x: Any, who: str) -> Any:
    """A tensor as it is, anything else as an ndarray; complex numbers have no order, and raise."""
    x = given(x, who)
    if x.dtype.kind == "c":
        raise DTypeError(f"{who}: expected real numbers; got {x.dtype} of shape {x.shape}. Of which part?")
    return x


def _several(values: Any, who: str) -> DTypeError:
    kind = type(values).__name__
    kinds = [type(v).__name__ + (f" of shape {v.shape}" if hasattr(v, "shape") else "") for v in values]
    listed = ", ".join(kinds[:4]) + ", …" * (len(kinds) > 4)
    several = f"{who} expects one array, got a {kind} of {len(values)}: {listed}."
    if isinstance(values, tuple):
        return DTypeError(
            f"{several}\n  Recurrent layers and attention return what came out together with their states or "
            "weights."
            " Take the first: out, h = rnn(x).\n  In nn.Sequential, a Module of yours that calls the layer "
            "returns it."
        )
    return DTypeError(f"{several}\n  One array of them all, with their gradients, is np.stack(values).")
