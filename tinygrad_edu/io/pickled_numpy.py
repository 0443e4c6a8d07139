"""NumPy's scalars and arrays in a pickle, as checkpoints have them beside tensors: a best accuracy, a curve.

A dtype and an array are made by a call and get what they are as a state; a scalar is a dtype and its bytes.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .values import check_shape

NUMBERS = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"}


class PickledDType:
    """A dtype of numbers, whose byte order comes as its state."""

    def __init__(self, code: Any, align: Any = False, copy: Any = True) -> None:
        if type(code) is not str or code not in NUMBERS:
            raise ValueError("an array of NumPy's that holds no numbers")
        self.dtype = np.dtype(code)

    def take_state(self, state: Any) -> None:
        if state[1] not in ("<", ">", "|", "="):
            raise ValueError("a dtype of an unknown byte order")
        self.dtype = self.dtype.newbyteorder(state[1])


class PickledArray:
    """An array, which is empty until its state has come."""

    def __init__(self, kind: Any, shape: Any, code: Any) -> None:
        self.array: np.ndarray[Any, Any] = np.empty(0)

    def take_state(self, state: Any) -> None:
        _, shape, kind, fortran, content = state
        size = check_shape(shape, kind.dtype.itemsize, "an array of NumPy's")
        if type(shape) is not tuple or type(content) is not bytes or len(content) != size:
            raise ValueError("an array of NumPy's of another size than its bytes")
        self.array = from_bytes(content, kind).reshape(shape, order="F" if fortran is True else "C")


def from_bytes(content: bytes, kind: Any) -> np.ndarray[Any, Any]:
    """The numbers in bytes, in the byte order of this machine and in memory of their own."""
    if type(kind) is not PickledDType or type(content) is not bytes:
        raise ValueError("an array of NumPy's of no dtype, or without bytes")
    if kind.dtype == bool and content.strip(b"\0\1"):
        raise ValueError("a boolean is neither 0 nor 1")
    return np.frombuffer(content, kind.dtype).astype(kind.dtype.newbyteorder("="))


def scalar(kind: Any, content: Any) -> Any:
    return from_bytes(content, kind).reshape(())[()]


NUMPY: dict[str, Callable[..., Any]] = {
    "numpy.dtype": PickledDType,
    **{f"numpy.{core}.multiarray.scalar": scalar for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray._reconstruct": PickledArray for core in ("core", "_core")},
}
