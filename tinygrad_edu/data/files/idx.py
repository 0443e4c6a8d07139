"""IDX files, the format of MNIST: a header with the shape, then the numbers, as they are or packed by gzip.

The header is two zero bytes, the type, the number of axes, and the length of each axis in four bytes.  All
numbers are big-endian.

References
----------
Y. LeCun, C. Cortes, C. Burges (1998). The MNIST database of handwritten digits.
"""

import math
import struct
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...files import SEEN, FilePath, foreign_hint, name_of, opened, read_at_most

if TYPE_CHECKING:
    from gzip import GzipFile

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_AXES = 32
DEFLATE = 1032  # no deflated byte unpacks to more than so many


def read_idx(path: FilePath, *, max_bytes: int = 2**31) -> NDArray[Any]:
    """Read the array of an IDX file.

    Parameters
    ----------
    path : str or path-like
        Whether it is packed by gzip is seen from its first bytes, whatever its name.
    max_bytes : int, default=2**31
        A file that holds, or says that it holds, a larger array is refused before anything of it is read.

    Returns
    -------
    ndarray
        uint8, int8, int16, int32, float32 or float64 in native byte order, writable.

    Raises
    ------
    FormatError
        If the header is not of the format, or the file is shorter or longer than it says, or is damaged, or
        no file (but a folder, a pipe or a device).
    OSError
        If there is no such file, or it cannot be read.

    Notes
    -----
    At most one byte more than the header implies is unpacked: a small file cannot fill the memory.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp(), "labels.idx")
    >>> _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))
    >>> read_idx(path)
    array([5, 0, 4], dtype=uint8)
    """
    source = name_of(path)
    with opened(path, sys.maxsize, source) as (file, stored):
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        read = _unpacked if packed else _array
        return read(source, file, stored, max_bytes)


def _unpacked(source: str, file: BinaryIO, stored: int, max_bytes: int) -> NDArray[Any]:
    import gzip
    import zlib

    try:
        with gzip.GzipFile(fileobj=file) as unpacked:
            return _array(source, unpacked, None, min(max_bytes, DEFLATE * stored))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FormatError(f"{source}: damaged gzip file ({error}). Get it anew.") from None


def _array(source: str, file: "BinaryIO | GzipFile", stored: int | None, max_bytes: int) -> NDArray[Any]:
    """The array of an open file, ``stored`` bytes long if that is known."""
    shape, dtype = _header(source, file)
    size = math.prod(shape) * dtype.itemsize
    says = f"{source}: the header says {dtype.name} of shape {shape}, {size} bytes"
    if size > max_bytes:
        possible = f"at most {max_bytes} are possible in this file or allowed by max_bytes="
        raise FormatError(f"{says}, and {possible}.")
    if stored is not None and stored != file.tell() + size:
        raise FormatError(f"{says}; the file has {stored - file.tell()} after it.")
    data = read_at_most(file, size)
    if len(data) != size:
        raise FormatError(f"{says}; the file has {'more' if len(data) > size else len(data)} after it.")
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _header(source: str, file: "BinaryIO | GzipFile") -> tuple[tuple[int, ...], np.dtype[Any]]:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        hint = foreign_hint(magic + file.read(SEEN), "data.read_idx")
        got = f"got {magic.hex(' ') or 'an empty file'}.{hint}"
        begin = "an IDX file begins with two zero bytes, a type and a number of axes"
        raise FormatError(f"{source}: {begin}; {got}")
    kind, axes = magic[2:]
    if kind not in TYPES:
        expected = ", ".join(f"{k:#04x}" for k in TYPES)
        raise FormatError(f"{source}: {kind:#04x} is no type of IDX; expected one of {expected}.")
    if not 1 <= axes <= MOST_AXES:
        raise FormatError(f"{source}: the header says {axes} axes; expected 1 to {MOST_AXES}.")
    lengths = file.read(4 * axes)
    if len(lengths) < 4 * axes:
        raise FormatError(f"{source}: the file ends within the header, which has {4 + 4 * axes} bytes.")
    shape = struct.unpack(f">{axes}i", lengths)
    if min(shape) < 1:
        raise FormatError(f"{source}: the header says shape {shape}; lengths are at least 1.")
    return shape, np.dtype(TYPES[kind])
