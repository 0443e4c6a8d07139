"""The layout of a .mat file of version 5, checked before SciPy reads it.

SciPy's compiled reader trusts the sizes that a file declares, and a damaged file can take the process down
with it.

A file is a header of 128 bytes and a sequence of elements, each a type, a size and so many bytes.  A variable
is an element of type matrix, perhaps compressed, and consists of elements itself: flags with its class,
dimensions, name, and its numbers.

References
----------
MathWorks. MAT-File Format. https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
"""

import math
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from ...errors import FormatError

HEADER = 128
ORDERS = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}  # version 1.0, and two letters that tell the order of bytes
ITEMSIZE = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}  # of the types of numbers
INT8, INT32, UINT32, MATRIX, COMPRESSED, UTF8 = 1, 5, 6, 14, 15, 16
NUMBERS, OPAQUE, COMPLEX = range(6, 16), 17, 0x800  # classes, and a flag


class Element(NamedTuple):
    """A type of data, and the bytes of it."""

    kind: int
    content: bytes


NOTHING = Element(0, b"")  # in the place of an element that is missing


def check_layout(source: str, data: bytes, max_bytes: int) -> None:
    """Raise a FormatError unless every size in a file of version 5 is what its place allows.

    Files of version 4, which SciPy reads in Python, pass.
    """
    order = ORDERS.get(data[124:HEADER])
    if order is not None:
        try:
            for variable in _variables(data, order, max_bytes):
                _check_variable(variable, order)
        except FormatError as error:
            raise FormatError(f"{source}: {error}") from None


def damaged(what: str) -> FormatError:
    """The error of a file that SciPy must not, or cannot, read; it does not name the file yet."""
    return FormatError(f"not a .mat file, or a damaged one ({what}).")


def _variables(data: bytes, order: str, max_bytes: int) -> Iterator[bytes]:
    """The content of each variable of a file, unpacked."""
    position = HEADER
    while position < len(data):
        kind, size = _tag(data, position, order)
        content = data[position + 8 : position + 8 + size]
        if kind == COMPRESSED:
            content = _unpacked(content, order, max_bytes)
        elif kind != MATRIX or size % 8:
            raise damaged(f"type {kind} of {size} bytes at byte {position} is no variable")
        yield content
        position += 8 + size


def _check_variable(content: bytes, order: str) -> None:
    """Raise unless the elements of a variable are in order, as far as SciPy's compiled code reads them."""
    elements = _elements(content, order)
    flags = _next(elements, "flags", {UINT32})
    if len(flags) != 8:
        raise damaged(f"the flags of a variable have {len(flags)} bytes")
    (bits,) = struct.unpack(f"{order}I", flags[:4])
    if bits & 0xFF == OPAQUE:
        return
    dimensions = _next(elements, "dimensions", {INT32})
    if len(dimensions) % 4 or len(dimensions) < 8:
        raise damaged(f"the dimensions of a variable have {len(dimensions)} bytes")
    shape = struct.unpack(f"{order}{len(dimensions) // 4}i", dimensions)
    if min(shape) < 0:
        raise damaged(f"a variable has dimensions {shape}")
    _next(elements, "name", {INT8, UTF8})
    if bits & 0xFF in NUMBERS:
        for part in ("numbers", "imaginary parts")[: 2 if bits & COMPLEX else 1]:
            kind, stored = next(elements, NOTHING)
            if kind not in ITEMSIZE or len(stored) != ITEMSIZE[kind] * math.prod(shape):
                found = f"{len(stored)} bytes of {part}, of type {kind}"
                raise damaged(f"a variable of dimensions {shape} has {found}")
        if next(elements, None) is not None:
            raise damaged("a variable has more than its numbers")


def _next(elements: Iterator[Element], what: str, kinds: set[int]) -> bytes:
    kind, content = next(elements, NOTHING)
    if kind not in kinds:
        raise damaged(f"a variable has type {kind} in the place of its {what}")
    return content


def _elements(data: bytes, order: str) -> Iterator[Element]:
    """The elements of a variable: padded to 8 bytes, or of at most 4 bytes within the tag itself."""
    position = 0
    while position < len(data):
        if len(data) - position < 8:
            raise damaged("a variable ends within an element")
        (word,) = struct.unpack_from(f"{order}I", data, position)
        if small := word >> 16:
            if small > 4:
                raise damaged(f"a short element has {small} bytes")
            yield Element(word & 0xFFFF, data[position + 4 : position + 4 + small])
            position += 8
        else:
            kind, size = _tag(data, position, order)
            yield Element(kind, data[position + 8 : position + 8 + size])
            position += 8 + -(-size // 8) * 8


def _tag(data: bytes, position: int, order: str) -> tuple[int, int]:
    """Type and size of the element at a position, which must have room for it."""
    room = len(data) - position
    if room < 8:
        raise damaged(f"it ends within an element, at byte {len(data)}")
    kind, size = struct.unpack_from(f"{order}II", data, position)
    if size > room - 8:
        raise damaged(f"an element of {size} bytes begins {room} bytes before the end")
    return kind, size


def _unpacked(content: bytes, order: str, max_bytes: int) -> bytes:
    """The variable within a compressed element."""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(content, max_bytes + 8)
    except zlib.error as error:
        raise damaged(f"a variable cannot be unpacked: {error}") from None
    if len(data) == max_bytes + 8:
        raise FormatError(f"a packed variable is larger than the {max_bytes} bytes that max_bytes= allows.")
    if not unpacker.eof or unpacker.unused_data:
        raise damaged("a packed variable is incomplete, or followed by something else")
    kind, size = _tag(data, 0, order)
    if kind != MATRIX or size != len(data) - 8:
        expected = f"a variable of {len(data) - 8} bytes should be"
        raise damaged(f"type {kind} of {size} bytes is packed where {expected}")
    return data[8:]
