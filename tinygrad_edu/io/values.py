"""What readers and writers share: plain arrays from whatever was given, and bytes from a file that may not have them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arrays import plain
from ..errors import ArgumentError, FormatError

MAX_BYTES = 2 << 30  # what a file may become in memory unless the caller allows more
CHUNK = 1 << 20


def named_arrays(arrays: Any, who: str) -> dict[str, np.ndarray[Any, Any]]:
    """Plain arrays by name, from a mapping of arrays or tensors, or from a module, whose state it then is."""
    given = arrays.state_dict() if callable(getattr(arrays, "state_dict", None)) else arrays
    if not isinstance(given, Mapping):
        raise ArgumentError(
            f'{who} takes a dict of arrays by name, such as {{"weight": w}}; got {type(arrays).__name__}.'
        )
    for name in given:
        if not isinstance(name, str):
            raise ArgumentError(f"{who}: names are strings; got {name!r:.80}.")
    return {str(name): plain(value, f"{who}: {name!r:.80}") for name, value in given.items()}


def fill(array: np.ndarray[Any, Any], file: Any, where: str) -> None:
    """Read the bytes of a new, contiguous array, and refuse those that are no values of its dtype."""
    buffer = array.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(buffer):
        got = file.readinto(buffer[done : done + CHUNK])
        if not got:
            raise FormatError(f"{where}: the file ends after {done} of {len(buffer)} bytes.")
        done += got
    if array.dtype.kind == "b" and array.view(np.uint8).max(initial=0) > 1:
        raise FormatError(f"{where}: a boolean is neither 0 nor 1.")
    if (
        array.dtype.kind == "U"
        and array.reshape(-1).view(array.dtype.str[0] + "u4").max(initial=0) > 0x10FFFF
    ):
        raise FormatError(f"{where}: a character is not in Unicode.")


def native(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same values in the byte order of this machine."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def check_shape(shape: Any, itemsize: int, where: str) -> int:
    """The number of bytes of an array of this shape, computed without overflow, or an error if no array can have it."""
    if not all(type(length) is int and 0 <= length < 1 << 63 for length in shape) or len(shape) > 64:
        raise FormatError(
            f"{where}: expected at most 64 lengths, each at least 0 and below 2^63; got {shape!s:.80}."
        )
    count, reach = 1, itemsize
    for length in shape:
        count, reach = count * length, reach * max(length, 1)
    if reach >= 1 << 63:  # NumPy counts the axes of an empty array as well
        raise FormatError(f"{where}: no array has the shape {shape!s:.80}.")
    return count * itemsize
