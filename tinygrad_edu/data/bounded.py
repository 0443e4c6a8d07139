"""Reading no more of a file than is allowed, and holding no more memory than was read."""

from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from gzip import GzipFile

CHUNK = 2**20


def read_at_most(file: "BinaryIO | GzipFile", most: int) -> bytearray:
    """The next bytes of a file, up to one more than ``most``, which tells that there are too many.

    They are read in chunks: ``file.read(n)`` reserves n bytes, however short the file is.
    """
    data = bytearray()
    while len(data) <= most and (chunk := file.read(min(CHUNK, most + 1 - len(data)))):
        data += chunk
    return data
