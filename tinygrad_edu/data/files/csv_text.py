"""The text of a CSV file: unpacked, decoded, without the lines that are skipped and what is a comment.

What is taken out leaves its line ends behind, so that every line keeps its number.
"""

import io
import re
from codecs import BOM_UTF8, lookup
from collections.abc import Iterator

from ...errors import ArgumentError, FormatError
from ...files import SEEN, FilePath, contents, foreign, read_at_most

PANDAS = "Files that need more are read by pandas.read_csv, whose frames are taken wherever tables are."
LINE_END = re.compile(rb"\r\n|\n|\r")


def bytes_of(source: str, path: FilePath, max_bytes: int, encoding: str) -> bytes:
    """The bytes of a file of text in UTF-8, without a byte order mark, whatever its own encoding.

    Raises
    ------
    FormatError
        If it is larger than allowed, also unpacked; damaged; no text; or not in the encoding.
    ArgumentError
        If there is no such encoding.
    """
    try:
        codec = lookup(encoding).name
    except (LookupError, TypeError, ValueError):
        raise ArgumentError(f"read_csv: no encoding {encoding!r}; Excel's is cp1252.") from None
    data = contents(path, max_bytes, source)
    if data.startswith(b"\x1f\x8b"):
        data = _unpacked(source, bytes(data), max_bytes)
    what, remedy = foreign(bytes(data[:SEEN]))
    if what and not (what.startswith("text") and codec != "utf-8"):
        remedy += ' Or name its encoding: encoding="utf-16".' * what.startswith("text")
        raise FormatError(f"{source}: this is {what}, expected text in UTF-8. {remedy}")
    if codec not in ("utf-8", "utf-8-sig"):
        data = bytearray(decoded(source, bytes(data), codec).encode())
    while data.startswith(BOM_UTF8):  # some programs put a second mark before the first
        del data[: len(BOM_UTF8)]
    return bytes(data)


def _unpacked(source: str, data: bytes, max_bytes: int) -> bytearray:
    """What gzip has packed; at most one byte more than is allowed is unpacked."""
    import gzip
    import zlib

    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            text = read_at_most(file, int(max_bytes))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FormatError(f"{source}: damaged gzip file ({error}). Get it anew.") from None
    if len(text) > max_bytes:
        allowed = f"{int(max_bytes)} bytes; max_bytes= allows more"
        raise FormatError(f"{source}: unpacked, the file has more than {allowed}.")
    return text


def decoded(source: str, data: bytes, encoding: str = "utf-8") -> str:
    """The text that bytes are."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line, byte = data.count(b"\n", 0, error.start) + 1, data[error.start]
        fix = 'Save the file as CSV in UTF-8, or name its encoding: encoding="cp1252" is that of Excel.'
        name = "UTF-8" if encoding == "utf-8" else encoding
        raise FormatError(f"{source}, line {line}: byte {byte:#04x} is not {name}. {fix}") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FormatError(f"{source}, line {line}: a zero byte; this is not a text file.")
    return text


# ---- what is left out --------------------------------------------------------------------------------------


def without_first(data: bytes, skip_rows: int, comment: str | None) -> bytes:
    """The bytes with the first lines empty: so many, and those after them that are comments."""
    end = line = 0
    while line < skip_rows and (found := LINE_END.search(data, end)):
        end, line = found.end(), line + 1
    if line < skip_rows:
        return b""
    mark = (comment or "").encode()
    while mark and data[end : end + SEEN].lstrip(b" \t").startswith(mark):
        found = LINE_END.search(data, end)
        if found is None:
            return b""
        end, line = found.end(), line + 1
    return b"\n" * line + data[end:]


def without_comments(lines: Iterator[str], comment: str, quotechar: str, emptied: set[int]) -> Iterator[str]:
    """Lines up to the mark of a comment, unless it stands within quotes.

    The numbers of lines with nothing else in them are put into ``emptied``.
    """
    quoted = False
    for number, line in enumerate(lines, 1):
        pieces = line.split(quotechar)
        outside = [(place % 2 == 0) != quoted for place in range(len(pieces))]
        cut = next((i for i, piece in enumerate(pieces) if outside[i] and comment in piece), None)
        if cut is None:
            quoted ^= len(pieces) % 2 == 0
            yield line
            continue
        left = quotechar.join([*pieces[:cut], pieces[cut].split(comment)[0]]).rstrip()
        if not left and not quoted:
            emptied.add(number)
        quoted = False
        yield left + "\n"
