"""Opening a zip archive whose directory cannot be made to fill the memory.

zipfile builds an object for every line of the directory at the end of an archive before it can be asked how
many there are; so the length of that directory is looked at first.
"""

import struct
import zipfile
from typing import BinaryIO

from ..errors import FormatError
from ..files import SEEN, foreign_hint

MAX_DIRECTORY = 4 << 20  # bytes: some 40,000 members
END, LOCATOR, END64 = b"PK\5\6", b"PK\6\7", b"PK\6\6"


def opened_archive(
    file: BinaryIO, size: int, path: str, what: str = "archive of arrays (.npz)", reader: str = "io.load_npz"
) -> zipfile.ZipFile:
    """An archive for reading.

    Parameters
    ----------
    file : binary file object
    size : int
        Its length in bytes.
    path : str
        What errors call the file.
    what, reader : str
        What the file should be, and who reads such files.

    Raises
    ------
    FormatError
        If the file does not end as an archive without a comment does, or has too long a directory.
    """
    file.seek(max(0, size - 98))
    tail = file.read(98)
    end = tail[-22:]
    if not end.startswith(END) or len(end) < 22 or end[-2:] != b"\0\0":
        file.seek(0)
        hint = foreign_hint(file.read(SEEN), reader)
        raise FormatError(f"{path} is no {what}: it does not end as one.{hint}")
    (length,) = struct.unpack_from("<L", end, 12)
    if tail[-42:-38] == LOCATOR:  # the numbers of an archive above 4 GiB are in a record of their own
        record = tail[:56]
        if len(tail) < 98 or not record.startswith(END64):
            raise FormatError(f"{path} is a damaged archive: it lacks the record that its end points to.")
        length = max(length if length < 0xFFFFFFFF else 0, struct.unpack_from("<Q", record, 40)[0])
    if length > MAX_DIRECTORY:
        expected = f"expected at most {MAX_DIRECTORY}"
        raise FormatError(f"{path}: the directory of the archive has {length} bytes; {expected}.")
    return zipfile.ZipFile(file)
