"""The layout of a .mat file of version 5, checked before SciPy reads it: its compiled reader trusts the sizes that a file declares,
and a damaged file can take the process down with it.

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
ORDERS = {
    b"\x00\x01IM": "<",
    b"\x01\x00MI": ">",
}  # version 1.0, and the two letters that tell the order of bytes
ITEMSIZE = {1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 6: 4, 7: 4, 9: 8, 12: 8, 13: 8}  # of the types of numbers
INT8, INT32, UINT32, MATRIX, COMPRESSED, UTF8 = 1, 5, 6, 14, 15, 16
NUMBERS, OPAQUE, COMPLEX = range(6, 16), 17, 0x800  # classes, and a flag


class Element(NamedTuple):
    """A type and what belongs to it."""

    kind: int
    content: bytes


def check_layout(source: str, data: bytes, max_bytes: int) -> None:
    """Raise a FormatError unless every size in a file of version 5 is what its place allows.

    Files of version 4, which SciPy reads in Python, pass.
    """
    order = ORDERS.get(data[124:HEADER])
    if order is None:
        return
    position = HEADER
    while position < len(data):
        kind, size = _tag(source, data, position, order)
        content = data[position + 8 : position + 8 + size]
        if kind == COMPRESSED:
            content = _unpacked(source, content, order, max_bytes)
        elif kind != MATRIX or size % 8:
            raise _damaged(source, f"type {kind} of {size} bytes at byte {position} is no variable")
        _check_variable(source, content, order)
        position += 8 + size


def _check_variable(source: str, content: bytes, order: str) -> None:
    """The elements of a variable, as far as SciPy's compiled code reads them."""
    elements = _elements(source, content, order)
    flags = _next(source, elements, "flags", {UINT32})
    if len(flags) != 8:
        raise _damaged(source, f"the flags of a variable have {len(flags)} bytes")
    (bits,) = struct.unpack(f"{order}I", flags[:4])
    if bits & 0xFF == OPAQUE:
        return
    dimensions = _next(source, elements, "dimensions", {INT32})
    if len(dimensions) % 4 or len(dimensions) < 8:
        raise _damaged(source, f"the dimensions of a variable have {len(dimensions)} bytes")
    shape = struct.unpack(f"{order}{len(dimensions) // 4}i", dimensions)
    if min(shape) < 0:
        raise _damaged(source, f"a variable has dimensions {shape}")
    _next(source, elements, "name", {INT8, UTF8})
    if bits & 0xFF in NUMBERS:
        for part in ("numbers", "imaginary parts")[: 2 if bits & COMPLEX else 1]:
            kind, stored = next(elements, Element(0, b""))
            if kind not in ITEMSIZE or len(stored) != ITEMSIZE[kind] * math.prod(shape):
                raise _damaged(
                    source,
                    f"a variable of dimensions {shape} has {len(stored)} bytes of {part}, of type {kind}",
                )
        if next(elements, None) is not None:
            raise _damaged(source, "a variable has more than its numbers")


def _next(source: str, elements: Iterator[Element], what: str, kinds: set[int]) -> bytes:
    kind, content = next(elements, Element(0, b""))
    if kind not in kinds:
        raise _damaged(source, f"a variable has type {kind} in the place of its {what}")
    return content


def _elements(source: str, data: bytes, order: str) -> Iterator[Element]:
    """The elements of a variable: padded to 8 bytes, or of at most 4 bytes within the tag itself."""
    position = 0
    while position < len(data):
        if len(data) - position < 8:
            raise _damaged(source, "a variable ends within an element")
        (word,) = struct.unpack_from(f"{order}I", data, position)
        if small := word >> 16:
            if small > 4:
                raise _damaged(source, f"a short element has {small} bytes")
            yield Element(word & 0xFFFF, data[position + 4 : position + 4 + small])
            position += 8
            continue
        kind, size = _tag(source, data, position, order)
        yield Element(kind, data[position + 8 : position + 8 + size])
        position += 8 + -(-size // 8) * 8


def _tag(source: str, data: bytes, position: int, order: str) -> tuple[int, int]:
    """Type and size of the element at a position, which must have room for it."""
    if len(data) - position < 8:
        raise _damaged(source, f"it ends within an element, at byte {len(data)}")
    kind, size = struct.unpack_from(f"{order}II", data, position)
    if size > len(data) - position - 8:
        raise _damaged(
            source, f"an element of {size} bytes begins {len(data) - position} bytes before the end"
        )
    return kind, size


def _unpacked(source: str, content: bytes, order: str, max_bytes: int) -> bytes:
    """The variable within a compressed element."""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(content, max_bytes + 8)
    except zlib.error as error:
        raise _damaged(source, f"a variable cannot be unpacked: {error}") from None
    if len(data) == max_bytes + 8:
        raise FormatError(
            f"{source}: a packed variable is larger than the {max_bytes} bytes that max_bytes= allows."
        )
    if not unpacker.eof or unpacker.unused_data:
        raise _damaged(source, "a packed variable is incomplete, or followed by something else")
    kind, size = _tag(source, data, 0, order)
    if kind != MATRIX or size != len(data) - 8:
        raise _damaged(
            source,
            f"type {kind} of {size} bytes is packed where a variable of {len(data) - 8} bytes should be",
        )
    return data[8:]


def _damaged(source: str, what: str) -> FormatError:
    return FormatError(f"{source}: not a .mat file, or a damaged one ({what}).")
