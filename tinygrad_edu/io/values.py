"""What readers and writers share: plain arrays of what was given, and arrays from damaged files."""

import math
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..arrays import plain
from ..errors import ArgumentError, FormatError

MAX_BYTES = 2 << 30  # what a file may become in memory unless the caller allows more
CHUNK = 1 << 20

Array = NDArray[Any]
Arrays = dict[str, Array]


def named_arrays(arrays: Any, who: str) -> Arrays:
    """Plain arrays by name, from a mapping of arrays or tensors, or from a module, whose state it then is."""
    given = arrays.state_dict() if callable(getattr(arrays, "state_dict", None)) else arrays
    if not isinstance(given, Mapping):
        kind = type(arrays).__name__
        raise ArgumentError(f'{who} takes a dict of arrays by name, such as {{"weight": w}}; got {kind}.')
    for name in given:
        if not isinstance(name, str):
            raise ArgumentError(f"{who}: names are strings; got {name!r:.80}.")
    return {str(name): plain(value, f"{who}: {name!r:.80}") for name, value in given.items()}


def check_total(total: int, max_bytes: int, path: str) -> None:
    """Raise if all arrays of a file take more memory than is allowed."""
    if total > max_bytes:
        raise FormatError(f"{path}: the arrays take {total} bytes, more than max_bytes={max_bytes} allows.")


def fill(array: Array, file: BinaryIO, where: str) -> None:
    """Read the bytes of a new, contiguous array, and refuse those that are no values of its dtype."""
    buffer, done = array.reshape(-1).view(np.uint8).data, 0
    while done < len(buffer):
        got = file.readinto(buffer[done : done + CHUNK])  # type: ignore[attr-defined]  # every file has it
        if not got:
            raise FormatError(f"{where}: the file ends after {done} of {len(buffer)} bytes.")
        done += got
    if array.dtype.kind == "b" and array.view(np.uint8).max(initial=0) > 1:
        raise FormatError(f"{where}: a boolean is neither 0 nor 1.")
    if array.dtype.kind == "U":
        characters = array.reshape(-1).view(array.dtype.str[0] + "u4")
        if characters.max(initial=0) > 0x10FFFF:
            raise FormatError(f"{where}: a character is not in Unicode.")


def native(array: Array) -> Array:
    """The same values in the byte order of this machine."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def check_shape(shape: Any, itemsize: int, where: str) -> int:
    """The number of bytes of an array of this shape; an error if no array can have it."""
    if not all(type(length) is int and 0 <= length < 1 << 63 for length in shape) or len(shape) > 64:
        expected = "at most 64 lengths, each at least 0 and below 2^63"
        raise FormatError(f"{where}: expected {expected}; got {shape!s:.80}.")
    if itemsize * math.prod(max(length, 1) for length in shape) >= 1 << 63:
        # NumPy counts the other axes of an empty array as well.
        raise FormatError(f"{where}: no array has the shape {shape!s:.80}.")
    return itemsize * math.prod(shape)
