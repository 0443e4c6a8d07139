"""Files to be read: opened without waiting, read no further than is allowed, told apart by their first bytes.

Every reader of the package goes through one of two doors: `opened` gives a file and its size, `contents` all
of its bytes.  A file that turns out to be of another format is named by `foreign`, with what to do about it.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from .errors import ArgumentError, FormatError

if TYPE_CHECKING:
    from gzip import GzipFile

FilePath = str | os.PathLike[str]

CHUNK = 1 << 20
SEEN = 1 << 14  # bytes that tell of another format: comments may stand before its first line


@contextmanager
def opened(path: FilePath, max_bytes: int, source: str) -> Iterator[tuple[BinaryIO, int]]:
    """A file to read, and its size, which is within the limit.

    Parameters
    ----------
    path : str or path-like
    max_bytes : int
    source : str
        What errors call the file.

    Raises
    ------
    FormatError
        If it is a folder, a pipe, a socket or a device, or is larger; nothing was read then.
    OSError
        If there is no such file, or it may not be read.
    """
    with _unwaiting(path, source) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise _special(source)
        if status.st_size > max_bytes:
            raise _too_large(source, max_bytes)
        yield file, status.st_size


def contents(path: FilePath, max_bytes: int, source: str) -> bytearray:
    """All bytes of a file, or of a device that has an end; at most one byte more than the limit is read.

    Raises
    ------
    FormatError
        If it is a folder, a pipe or a socket, or is larger.
    OSError
        If there is no such file, or it may not be read.
    """
    max_bytes = int(max_bytes)
    with _unwaiting(path, source) as file:
        size = os.fstat(file.fileno()).st_size
        data = read_at_most(file, max_bytes) if size <= max_bytes else bytearray()
    if max(size, len(data)) > max_bytes:
        raise _too_large(source, max_bytes)
    return data


def read_at_most(file: "BinaryIO | GzipFile", most: int) -> bytearray:
    """The next bytes of a file, up to one more than ``most``, which tells that there are too many.

    They are read in chunks: ``file.read(n)`` reserves n bytes, however short the file is.
    """
    data = bytearray()
    while len(data) <= most and (chunk := file.read(min(CHUNK, most + 1 - len(data)))):
        data += chunk
    return data


def name_of(path: FilePath) -> str:
    """The name of a file without its folders, by which errors call it.

    Raises
    ------
    ArgumentError
        If it is no path, but a file object, text, or an address.
    """
    if not isinstance(path, (str, bytes, os.PathLike)):
        advice = "What is in memory is written to a file first: pathlib.Path(path).write_text(text)"
        if isinstance(getattr(path, "name", None), str):
            advice = "Give the path of this open file"
        raise ArgumentError(f"a reader expects the path of a file; got {path!r:.60}. {advice}.")
    text = os.fsdecode(path)
    if re.match(r"(https?|ftp|s3|gs)://", text):
        fetch = "fetch it first, urllib.request.urlretrieve(address, path), and read that path"
        raise ArgumentError(f"{printable(text)} is an address, and readers take files: {fetch}.")
    if "\n" in text and not os.path.exists(path):
        lines = f"text of several lines, {printable(text, 40)}. Write it to a file first"
        raise ArgumentError(f"a reader expects the path of a file; got {lines}.")
    return os.path.basename(os.path.normpath(text))


def _unwaiting(path: FilePath, source: str) -> BinaryIO:
    """An open file that nobody has to write into first: it is opened without waiting, and looked at."""
    name_of(path)
    if os.path.isdir(path):
        raise _special(source)
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 (callers close it)
    mode = os.fstat(file.fileno()).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or file.isatty():
        file.close()
        raise _special(source)
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(file.fileno(), True)
    return file


def _without_waiting(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def _special(source: str) -> FormatError:
    found = "a folder or a device, or a pipe that would have to be waited for"
    return FormatError(f"{source} is {found}; expected a file.")


def _too_large(source: str, max_bytes: int) -> FormatError:
    return FormatError(f"{source}: the file has more than {max_bytes} bytes; max_bytes= allows more.")


def printable(text: str, most: int = 200) -> str:
    """Text of a stranger's, cut, and with characters that a terminal could obey written as escapes."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


# ---- other formats -----------------------------------------------------------------------------------------


def by(reader: str) -> str:
    """What to do with a file that something else reads."""
    return f"It is read by {reader}."


# fmt: off
UNPACK = "Unpack it first."
PICKLE = (
    "Reading one can run any code, so none is read here. Who made it can save its arrays by np.savez, for "
    "io.load_npz."
)
BINARY = (  # how it begins, what it is, what to do
    (rb"\x1f\x8b",                                "packed by gzip",                    UNPACK),
    (rb"BZh[1-9]1AY&SY",                          "packed by bzip2 (.bz2)",            UNPACK),
    (rb"\xfd7zXZ\x00",                            "packed by xz",                      UNPACK),
    (rb"\x28\xb5\x2f\xfd",                        "packed by zstd",                    UNPACK),
    (rb"7z\xbc\xaf|Rar!\x1a",                     "a packed archive",                  UNPACK),
    (rb".{257}ustar",                             "a tar archive",                     UNPACK),
    (rb"PK\x03\x04.{26}[^\x00]+?/(data\.pkl|\.format|byte)", "a file of torch.save",              by("io.load_torch")),
    (rb"\x80\x02\x8a\nl\xfc\x9c",                 "a file of torch.save",              by("io.load_torch")),
    (rb"\x80[\x02-\x05][^\x00]",                  "a pickle",                          PICKLE),
    (rb"PK\x03\x04.{26}[^\x00]+?\.npy",           "an archive of NumPy's (.npz)",      by("io.load_npz")),
    (rb"PK[\x03\x05\x07][\x04\x06\b]",            "an archive or a workbook",          "Unpack it, or save its sheet as CSV."),
    (rb"\x89HDF\r\n\x1a\n",                       "an HDF5 file",                      by("the package h5py")),
    (rb"MATLAB [57]\.[03] MAT",                   "a MATLAB file",                     by("data.read_mat")),
    (rb"\x93NUMPY",                               "an array of NumPy's (.npy)",        by("io.load_npy")),
    (rb"\x00\x00[\x08-\x0e][\x01-\x20]",          "an IDX file",                       by("data.read_idx")),
    (rb".{3}[\x00-\x05]\x00{4}\{",                "a safetensors file",                by("io.load_safetensors")),
    (rb"PAR1\x15",                                "a Parquet table",                   by("pandas.read_parquet")),
    (rb"ARROW1\x00",                              "an Arrow table",                    by("pandas.read_feather")),
    (rb"SQLite format 3\x00",                     "an SQLite database",                by("the module sqlite3")),
    (rb"\xd0\xcf\x11\xe0",                        "an old workbook of Excel",          "Save its sheet as CSV in UTF-8."),
    (rb"\x89PNG\r|\xff\xd8\xff|GIF8[79]a",        "an image",                          by("matplotlib.image.imread")),
    (rb"%PDF-",                                   "a PDF document",                    "Save its table as CSV in UTF-8."),
    (rb"\xff\xfe|\xfe\xff",                       "text in UTF-16",                    "Save it in UTF-8."),
)
TEXT = (  # how the first line begins that is neither empty nor a comment
    (rb"@relation\s",                             "an ARFF file",                      by("scipy.io.arff.loadarff")),
    (rb"@(problemname|timestamps|univariate|classlabel)\s", "a .ts file of time series",         by("load_from_ts_file of aeon")),
    (rb"version https://git-lfs",                 "a pointer of Git LFS, not the data", "They are fetched by git lfs pull."),
    (rb"<!doctype html|<html",                    "a web page",                        "Get the file itself."),
    (rb"<\?xml",                                  "an XML document",                   "Save its table as CSV in UTF-8."),
    (rb"[{\[]\s*[\"{\[]",                         "JSON",                              by("the module json")),
)
# fmt: on


def foreign(start: bytes) -> tuple[str, str]:
    """What a file is, and what to do with it, as far as its first bytes tell; else two empty texts."""
    lines = (line.lstrip(b"\xef\xbb\xbf \t") for line in start.splitlines())
    line = next((line for line in lines if line and line[:1] not in b"#%"), b"")
    found = [(what, remedy) for pattern, what, remedy in BINARY if re.match(pattern, start, re.DOTALL)]
    found += [(what, remedy) for pattern, what, remedy in TEXT if re.match(pattern, line, re.IGNORECASE)]
    return found[0] if found else ("", "")


def foreign_hint(start: bytes, reader: str) -> str:
    """The same as a sentence to end an error with; nothing if the reader itself is what reads such files."""
    what, remedy = foreign(start)
    return f" It is {what}. {remedy}" if what and remedy != by(reader) else ""
