"""The safetensors format: named arrays in one file that no program has to trust.

    8 bytes         n, little-endian, the length of the header
    n bytes         JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, …,
                           "__metadata__": {"key": "text"}}
    the rest        the arrays, little-endian and in C order, without gaps

The reader believes nothing: `read_header` looks at the size of the file, the length of the header, UTF-8,
JSON, types, dtypes, shapes and ranges, in this order, and only then `read_arrays` allocates, no more than the
file has bytes for.

References: the format's README, https://github.com/huggingface/safetensors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import accumulate
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ArgumentError, DTypeError, FormatError
from ..files import SEEN, FilePath, foreign_hint, opened
from ..tensor import Tensor
from .atomic import atomic_write
from .strict_json import parse
from .values import MAX_BYTES, Array, Arrays, check_shape, check_total, fill, named_arrays, native

# fmt: off
DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "C64": "<c8",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}
# fmt: on
CODES = {dtype: code for code, dtype in DTYPES.items()}
STORED = {**DTYPES, "BF16": "<u2"}  # the upper halves of float32, which they become when they are read
MAX_HEADER = 100_000_000
PARSED = 16  # bytes that a byte of the header may take in memory, in round figures


class Entry(NamedTuple):
    """An array as the header describes it; the range is in bytes from the end of the header."""

    name: str
    code: str
    shape: tuple[int, ...]
    begin: int
    end: int


def save_safetensors(
    path: FilePath, arrays: Mapping[str, ArrayLike | Tensor], *, metadata: Mapping[str, str] | None = None
) -> None:
    """Save named arrays: all of them, or the file stays as it was.

    Parameters
    ----------
    path : str or path-like
        The folder must exist.
    arrays : mapping of str to Tensor or array_like; or a Module, whose ``state_dict()`` it then is
        float16 to float64, complex64 (which older readers do not know), signed and unsigned integers,
        booleans; of any shape, strides and byte order.  The file has copies: arrays that share memory are
        apart when they are loaded.
    metadata : mapping of str to str, optional
        Texts that go with them.

    Raises
    ------
    DTypeError
        If the format has no such dtype.
    ShapeError
        If the rows of a list have several lengths.
    ArgumentError
        If a name or a text is not a string of Unicode characters, or there are too many of them; see also
        `atomic_write`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = folder + "/line.safetensors"
    ...     save_safetensors(path, {"slope": np.float32([[2]]), "offset": 1.0}, metadata={"unit": "m"})
    ...     load_safetensors(path)
    ({'slope': array([[2.]], dtype=float32), 'offset': array(1.)}, {'unit': 'm'})
    """
    values = named_arrays(arrays, "save_safetensors")
    write(path, values, _texts(metadata or {}))


def load_safetensors(path: FilePath, *, max_bytes: int = MAX_BYTES) -> tuple[Arrays, dict[str, str]]:
    """Read the arrays of a file, and its texts.

    Parameters
    ----------
    path : str or path-like
    max_bytes : int, default=2 GiB
        The most that the arrays together may take, and 16 times the most that the header may.

    Returns
    -------
    arrays : dict of str to ndarray
        In the order of the header, each with memory of its own.  BF16, which NumPy has not, becomes float32,
        which has all its values.
    metadata : dict of str to str

    Raises
    ------
    FormatError
        Saying what is wrong with the file: nothing is loaded then.
    OSError
        If there is no such file, or it may not be read.
    """
    with opened(path, max_bytes, str(path)) as (file, size):
        entries, metadata = read_header(file, size, str(path), max_bytes)
        return read_arrays(file, entries, str(path)), metadata


# ---- writing -----------------------------------------------------------------------------------------------


def write(path: FilePath, arrays: Mapping[str, Array], metadata: Mapping[str, str]) -> None:
    """Write plain arrays; whatever can be wrong with them is found before the file is begun."""
    if "__metadata__" in arrays:
        kept = "'__metadata__', which the format keeps for itself"
        raise ArgumentError(f"safetensors: no array can have the name {kept}.")
    codes = {name: _code(name, array) for name, array in arrays.items()}
    # The widest elements come first, as the reference has it: so every array is aligned in the file.
    order = sorted(arrays, key=lambda name: -arrays[name].dtype.itemsize)
    ends = dict(zip(order, accumulate(arrays[name].nbytes for name in order)))
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    for name, array in arrays.items():
        place = (ends[name] - array.nbytes, ends[name])
        header[name] = {"dtype": codes[name], "shape": array.shape, "data_offsets": place}
    text = _utf8(json.dumps(header, ensure_ascii=False, separators=(",", ":")))
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        allowed = f"the format allows {MAX_HEADER}. Put numbers into arrays"
        raise ArgumentError(f"safetensors: names, shapes and texts take {len(text)} bytes; {allowed}.")
    with atomic_write(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            array = np.asarray(arrays[name], dtype=DTYPES[codes[name]], order="C")
            file.write(array.reshape(-1).view(np.uint8).data)


def _code(name: str, array: Array) -> str:
    code = CODES.get(array.dtype.newbyteorder("<").str)
    if code is None:
        known = ", ".join(str(np.dtype(dtype)) for dtype in CODES)
        other = " save_npz has it, too." if array.dtype.kind == "c" else ""
        what = f"is of dtype {array.dtype}; the format takes {known}.{other}"
        raise DTypeError(f"safetensors: {name!r:.80} {what}")
    return code


def _texts(metadata: Mapping[str, str]) -> Mapping[str, str]:
    for key, text in metadata.items():
        if not (isinstance(key, str) and isinstance(text, str)):
            found = f"{key!r:.40}: {text!r:.40}"
            advice = "Write numbers as text, str(…)"
            raise ArgumentError(f"safetensors: metadata are strings by strings; got {found}. {advice}.")
    return metadata


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        around = f"half of one is in {text[max(0, error.start - 20) : error.end + 20]!r}"
        raise ArgumentError(f"safetensors: names and texts are of Unicode characters; {around}.") from None


# ---- reading -----------------------------------------------------------------------------------------------


def read_header(file: BinaryIO, size: int, path: str, max_bytes: int) -> tuple[list[Entry], dict[str, str]]:
    """What a file of ``size`` bytes declares, if all of it is true of that file; no array is allocated."""
    who = f"{path} is no valid safetensors file"
    if size < 8:
        raise FormatError(f"{who}: it has {size} bytes, and the length of the header alone takes 8.")
    raw = _header_bytes(file, size, who, max_bytes)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise FormatError(f"{who}: its header is not UTF-8: {error}") from error
    if not text.startswith("{"):
        raise FormatError(f"{who}: its header begins with {text[:8]!r} and not with a brace.")
    header = parse(text, f"{who}: its header")
    metadata = _metadata(header.pop("__metadata__", {}), who)
    entries = [_entry(name, described, who) for name, described in header.items()]
    _check_ranges(entries, size - 8 - len(raw), who)
    total = sum((e.end - e.begin) * (2 if e.code == "BF16" else 1) for e in entries)
    check_total(total, max_bytes, path)
    return entries, metadata


def _header_bytes(file: BinaryIO, size: int, who: str, max_bytes: int) -> bytes:
    """The bytes of the header, if there can be as many as the file says."""
    length = int.from_bytes(file.read(8), "little")
    allowed = min(MAX_HEADER, size - 8, max_bytes // PARSED)
    if length <= allowed:
        return file.read(length)
    file.seek(0)
    if hint := foreign_hint(file.read(SEEN), "io.load_safetensors"):
        raise FormatError(f"{who}.{hint}")
    possible = f"{allowed} are possible in {size} bytes and with max_bytes={max_bytes}"
    raise FormatError(f"{who}: it declares a header of {length} bytes; {possible}.")


def _metadata(found: Any, who: str) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise FormatError(f"{who}: __metadata__ is an object of texts; got {found!r:.80}.")
    for text in (*found, *found.values()):
        _check_text(text, who)
    return found


def _entry(name: str, described: Any, who: str) -> Entry:
    """An entry of the header, if it describes an array that can be, in as many bytes as it has."""
    _check_text(name, who)
    where = f"{who}: {name!r:.80}"
    if not isinstance(described, dict) or described.keys() != {"dtype", "shape", "data_offsets"}:
        expected = "dtype, shape and data_offsets, and nothing else"
        raise FormatError(f"{where}: expected {expected}; got {described!r:.120}.")
    code, shape, offsets = described["dtype"], described["shape"], described["data_offsets"]
    if not isinstance(code, str) or code not in STORED:
        raise FormatError(f"{where} has the dtype {code!r:.40}; this reader knows {', '.join(STORED)}.")
    if not isinstance(shape, list):
        raise FormatError(f"{where}: a shape is a list of lengths; got {shape!r:.80}.")
    size = check_shape(shape, np.dtype(STORED[code]).itemsize, where)
    numbers = isinstance(offsets, list) and all(type(n) is int and n >= 0 for n in offsets)
    if not numbers or len(offsets) != 2:
        raise FormatError(f"{where}: data_offsets are two numbers of at least 0; got {offsets!r:.80}.")
    begin, end = offsets
    if end - begin != size:
        takes = f"{code} of shape {tuple(shape)} takes {size} bytes"
        raise FormatError(f"{where}: {takes}; data_offsets are {offsets!r:.80}.")
    return Entry(name, code, tuple(shape), begin, end)


def _check_ranges(entries: list[Entry], available: int, who: str) -> None:
    """The arrays lie one after the other, from the end of the header to the end of the file."""
    reached = 0
    for entry in sorted(entries, key=lambda e: (e.begin, e.end)):
        if entry.begin != reached:
            problem = "overlaps the one before it" if entry.begin < reached else "leaves a gap before it"
            place = f"{entry.name!r:.80} begins at {entry.begin!s:.40}, expected {reached}"
            raise FormatError(f"{who}: {place}: it {problem}.")
        reached = entry.end
    if reached != available:
        sizes = f"the arrays take {reached!s:.40} bytes, and the file has {available} for them"
        raise FormatError(f"{who}: {sizes}. Was it cut off, or appended to?")


def _check_text(text: str, who: str) -> None:
    """JSON can write the halves of a character apart; nothing else can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FormatError(f"{who}: {text!r:.80} has half a character.") from None


def read_arrays(file: BinaryIO, entries: list[Entry], path: str) -> Arrays:
    """The arrays that a checked header declares, by name and in its order; the file stands behind it."""
    arrays: Arrays = {entry.name: np.empty(0) for entry in entries}
    for entry in sorted(entries, key=lambda e: (e.begin, e.end)):
        array = np.empty(entry.shape, STORED[entry.code])
        fill(array, file, f"{path}: {entry.name!r:.80}")
        if entry.code == "BF16":
            wide = array.astype("<u4")
            wide <<= 16
            array = wide.view("<f4")
        arrays[entry.name] = native(array)
    return arrays
