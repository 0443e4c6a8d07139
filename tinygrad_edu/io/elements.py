"""The elements of PyTorch's tensors as NumPy has them: what is stored, and what it becomes.

NumPy has no bfloat16, no 8-bit floats and no complex numbers of halves; they become float32 and complex64,
which hold all their values.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Widening = Callable[[NDArray[Any]], NDArray[Any]]

# fmt: off
STORED = {  # by PyTorch's name of a dtype: what NumPy reads
    "float64": "f8", "float32": "f4", "float16": "f2", "bfloat16": "u2", "complex128": "c16",
    "complex64": "c8", "complex32": "f2,f2", "int64": "i8", "int32": "i4", "int16": "i2", "int8": "i1",
    "uint64": "u8", "uint32": "u4", "uint16": "u2", "uint8": "u1", "bool": "u1", "float8_e4m3fn": "u1",
    "float8_e5m2": "u1", "float8_e4m3fnuz": "u1", "float8_e5m2fnuz": "u1", "float8_e8m0fnu": "u1",
}
OF_STORAGE = {  # by the name of a class of storages: the dtype
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16", "ComplexDoubleStorage": "complex128", "ComplexFloatStorage": "complex64",
    "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
    "ByteStorage": "uint8", "BoolStorage": "bool", "UntypedStorage": "",
}
# fmt: on


def small_float(exponent_bits: int, mantissa_bits: int, bias: int, nans: Callable[[int], bool]) -> Widening:
    """What widens floats of eight bits, by a table of all 256 of them.

    Parameters
    ----------
    exponent_bits, mantissa_bits, bias : int
    nans : callable
        Which bytes are no numbers.

    References
    ----------
    P. Micikevicius et al. (2022). FP8 formats for deep learning. arXiv:2209.05433.
    """
    values = np.empty(256, np.float32)
    for byte in range(256):
        exponent, mantissa = byte >> mantissa_bits & (1 << exponent_bits) - 1, byte & (1 << mantissa_bits) - 1
        hidden = (1 << mantissa_bits) * (exponent > 0)  # there is none in a subnormal number
        size = (hidden + mantissa) * 2.0 ** (max(exponent, 1) - bias - mantissa_bits)
        values[byte] = np.nan if nans(byte) else -size if byte & 0x80 else size
    return lambda stored: values[stored]


def upper_halves(stored: NDArray[Any]) -> NDArray[Any]:
    """bfloat16, which is the upper half of a float32."""
    return (stored.astype(np.uint32) << 16).view(np.float32)


def powers(stored: NDArray[Any]) -> NDArray[Any]:
    """float8_e8m0fnu, which has an exponent alone."""
    exponents = np.where(stored == 255, 0, stored.astype(np.int32) - 127)
    return np.where(stored == 255, np.float32(np.nan), np.ldexp(np.float32(1), exponents))


def pairs(stored: NDArray[Any]) -> NDArray[Any]:
    """complex32, which is a pair of halves."""
    wide = np.empty(stored.shape, np.complex64)
    wide.real, wide.imag = stored["f0"], stored["f1"]
    return wide


# fmt: off
WIDENED: dict[str, Widening] = {  # what is no dtype of NumPy's
    "bfloat16":        upper_halves,
    "bool":            lambda stored: stored.astype(bool),
    "complex32":       pairs,
    "float8_e4m3fn":   small_float(4, 3, 7, lambda byte: byte & 0x7F == 0x7F),
    "float8_e4m3fnuz": small_float(4, 3, 8, lambda byte: byte == 0x80),
    "float8_e5m2":     lambda stored: (stored.astype(np.uint16) << 8).view(np.float16).astype(np.float32),
    "float8_e5m2fnuz": small_float(5, 2, 16, lambda byte: byte == 0x80),
    "float8_e8m0fnu":  powers,
}
# fmt: on


def itemsize(dtype: str) -> int:
    """Bytes that a stored element takes."""
    return np.dtype(STORED[dtype]).itemsize


def as_numpy(stored: NDArray[Any], dtype: str) -> NDArray[Any]:
    """The elements in a dtype of NumPy's and in the byte order of this machine, as an array of their own."""
    stored = stored.astype(stored.dtype.newbyteorder("="), order="C")
    return WIDENED[dtype](stored) if dtype in WIDENED else stored
