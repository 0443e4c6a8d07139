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

    Raises
    ------
    DTypeError
        For masked arrays, alone or in a list.
    ShapeError
        For nested sequences of several lengths.
    """
    if type(values) is np.ndarray:
        return values
    if hasattr(values, "requires_grad"):
        return values.detach().numpy()
    refuse_masked(values, who)
    try:
        return np.asarray(values)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ShapeError(f"{who}: {ragged(values)}") from None


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
