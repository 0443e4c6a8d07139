"""NumPy's own files, read without pickle and without belief: .npy, one array, and .npz, an archive of them.

``np.load`` allocates what a header asks for (8 TiB, if it says so), returns what is not an array as bytes,
and opens the members of an archive only when they are used.  These readers compare every header with the
bytes that are there, and read everything, or raise.

References: the format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Mapping
from struct import error as StructError
from typing import Any, BinaryIO
from zipfile import ZipInfo

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ArgumentError, DTypeError, FormatError
from ..files import SEEN, FilePath, foreign_hint, opened
from ..tensor import Tensor
from .archive import opened_archive
from .atomic import atomic_write
from .values import MAX_BYTES, Array, Arrays, check_shape, check_total, fill, named_arrays, native

MAX_HEADER = 10_000  # NumPy's own limit; one of an array without named fields takes 128
NUMBERS_AND_TEXT = re.compile(r"[<>|=](?:b1|[iu][1248]|f[248]|c8|c16|[SU][1-9][0-9]{0,8})")
LONGEST_TEXT = 2**29 - 1  # characters: NumPy counts their bytes, four each, by 31 bits
ITEM = re.compile(
    r"""\s*['"](?P<key>descr|fortran_order|shape)['"]\s*:\s*"""
    r"""(?:['"](?P<text>[^'"]*)['"]|(?P<boolean>True|False)|\((?P<lengths>[0-9L,\s]*)\))\s*(?:,\s*|(?=\}))"""
)
KEYS = {"descr": "text", "fortran_order": "boolean", "shape": "lengths"}
# What zipfile raises on damaged archives.
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, StructError)


def save_npz(path: FilePath, arrays: Mapping[str, ArrayLike | Tensor], *, compressed: bool = False) -> None:
    """Save named arrays as ``np.savez`` does: all of them, or the file stays as it was.

    Parameters
    ----------
    path : str or path-like
        The folder must exist; no suffix is added.
    arrays : mapping of str to Tensor or array_like; or a Module, whose ``state_dict()`` it then is
        Numbers, booleans, byte strings and texts.
    compressed : bool, default=False

    Raises
    ------
    DTypeError
        If there are objects, records or dates among the arrays.
    ShapeError
        If the rows of a list have several lengths.
    ArgumentError
        If a name would be refused by `load_npz`; see also `atomic_write`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_npz(folder + "/line.npz", {"x": np.arange(3), "unit": "m"})
    ...     load_npz(folder + "/line.npz")
    {'x': array([0, 1, 2]), 'unit': array('m', dtype='<U1')}
    """
    values = named_arrays(arrays, "save_npz")
    for name, array in values.items():
        if problem := _bad_name(f"{name}.npy"):
            raise ArgumentError(f"save_npz: the name {name!r:.80} {problem}.")
        if not NUMBERS_AND_TEXT.fullmatch(array.dtype.str):
            expected = "numbers, booleans or texts of at least one character"
            raise DTypeError(f"save_npz: {name!r:.80} is of dtype {array.dtype}; expected {expected}.")
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with atomic_write(path) as file, zipfile.ZipFile(file, "w", kind) as archive:
        for name, array in values.items():
            member = ZipInfo(f"{name}.npy")  # whose date is fixed: equal arrays make equal files
            member.compress_type = kind
            with archive.open(member, "w", force_zip64=True) as to:
                np.lib.format.write_array(to, array, allow_pickle=False)


def load_npz(path: FilePath, *, max_bytes: int = MAX_BYTES) -> Arrays:
    """Read all arrays of an archive.

    Parameters
    ----------
    path : str or path-like
    max_bytes : int, default=2 GiB
        The most that the arrays together may take.

    Returns
    -------
    dict of str to ndarray
        By their names without ``.npy``.

    Raises
    ------
    FormatError
        If it is no archive, is damaged, has anything else than arrays of numbers, booleans and texts in it, a
        name that is a path out of its folder, a name twice, or a member that unpacks to more than 64 MiB and
        more than 100 times its stored size: nothing is loaded then.
    OSError
        If there is no such file, or it may not be read.
    """
    with opened(path, max_bytes, str(path)) as (file, size):
        try:
            with opened_archive(file, size, str(path)) as archive:
                file.seek(0)
                hint = foreign_hint(file.read(SEEN), "io.load_npz")
                _check_members(archive.infolist(), size, str(path), max_bytes, hint)
                return _read_members(archive, str(path))
        except FormatError:
            raise
        except DAMAGE as error:
            raise FormatError(f"{path} is a damaged archive: {error}") from error


def load_npy(path: FilePath, *, max_bytes: int = MAX_BYTES) -> Array:
    """Read the array of a .npy file.

    Parameters
    ----------
    path : str or path-like
    max_bytes : int, default=2 GiB
        The most that the array may take.

    Returns
    -------
    ndarray
        It holds numbers, booleans, byte strings or texts, in the byte order of this machine.

    Raises
    ------
    FormatError
        If it is no such file, is damaged, or needs pickle.
    OSError
        If there is no such file, or it may not be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(folder + "/x.npy", np.float32([1, 2]))
    ...     load_npy(folder + "/x.npy")
    array([1., 2.], dtype=float32)
    """
    with opened(path, max_bytes, str(path)) as (file, size):
        return _read_array(file, size, str(path))


# ---- members -----------------------------------------------------------------------------------------------


def _check_members(members: list[ZipInfo], size: int, path: str, max_bytes: int, hint: str) -> None:
    """Look at all that the directory of an archive declares, before anything is unpacked."""
    if len({member.orig_filename for member in members}) < len(members):
        raise FormatError(f"{path}: two of its members have the same name.")
    for member in members:
        where = f"{path}: its member {member.orig_filename!r:.80}"
        if problem := _bad_name(member.orig_filename):
            raise FormatError(f"{where} {problem}.{hint}")
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FormatError(f"{where} is encrypted, or packed in a way that NumPy does not use.")
        _check_unpacked(member.file_size, member.compress_size, where)
    total = sum(member.file_size for member in members)
    _check_unpacked(total, size, path)  # members may share their bytes, each of them with a modest ratio
    check_total(total, max_bytes, path)


def _read_members(archive: zipfile.ZipFile, path: str) -> Arrays:
    arrays = {}
    for member in archive.infolist():
        name = member.orig_filename
        with archive.open(member) as file:
            arrays[name.removesuffix(".npy")] = _read_array(file, member.file_size, f"{path}: {name!r:.80}")
    return arrays


def _check_unpacked(declared: int, stored: int, where: str) -> None:
    if declared > max(64 << 20, 100 * stored):
        bomb = f"unpacks from {stored} to {declared} bytes, as made to fill the memory"
        raise FormatError(f"{where} {bomb}. If it is yours, save it uncompressed.")


def _bad_name(name: str) -> str:
    """What is wrong with the name of a member; empty if nothing is."""
    if not name.endswith(".npy") or name == ".npy":
        return "is no array (.npy)"
    path_like = name.startswith("/") or ":" in name or "\\" in name or ".." in name.split("/")
    if path_like or not name.isprintable():
        return "could be taken for a path, or does not print; expected a plain name"
    return ""


# ---- one array ---------------------------------------------------------------------------------------------


def _read_array(file: Any, size: int, where: str) -> Array:
    """The array in ``size`` bytes of a file; it is allocated when they are as many as the header says."""
    text, begun = _header_text(file, size, where)
    dtype, fortran_order, shape = _described(text, where)
    expected = check_shape(shape, dtype.itemsize, where)
    if begun + expected != size:
        takes = f"{dtype} of shape {shape!s:.80} takes {expected} bytes"
        raise FormatError(f"{where}: {takes}, and the file has {size - begun}.")
    array: Array = np.empty(shape[::-1] if fortran_order else shape, dtype)
    fill(array, file, where)
    return native(array.T if fortran_order else array)


def _header_text(file: BinaryIO, size: int, where: str) -> tuple[str, int]:
    """The text of the header, and where in the file it ends."""
    start = file.read(8)
    if start[:6] != b"\x93NUMPY" or start[6:] not in (b"\1\0", b"\2\0", b"\3\0"):
        hint = foreign_hint(start + file.read(SEEN), "io.load_npy")
        raise FormatError(f"{where} is no .npy file of version 1, 2 or 3: it begins with {start!r}.{hint}")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(file.read(width), "little")
    possible = min(MAX_HEADER, max(0, size - 8 - width))
    if length > possible:
        raise FormatError(f"{where}: its header has {length} bytes; {possible} are possible.")
    return file.read(length).decode("latin1").strip(), 8 + width + length


def _described(text: str, where: str) -> tuple[np.dtype[Any], bool, tuple[int, ...]]:
    """dtype, fortran_order and shape as a header has them; its text is matched and never evaluated."""
    found, reached = dict[str, str](), 1
    while item := ITEM.match(text, reached):  # from where the last one ended: a search would try every blank
        if item["key"] in found:
            break  # a key that comes twice
        found[item["key"]], reached = item[KEYS[item["key"]]], item.end()
    if text[:1] + text[reached:] != "{}" or len(found) != 3 or None in found.values():
        expected = "the dtype, order and shape of an array of numbers"
        raise FormatError(f"{where}: expected {expected}; its header is {text!r:.160}.")
    dtype = found["descr"]
    if not NUMBERS_AND_TEXT.fullmatch(dtype) or (dtype[1] in "SU" and int(dtype[2:]) > LONGEST_TEXT):
        reason = "Objects need pickle, which can run any code"
        raise FormatError(f"{where} is of dtype {dtype!r:.40}; expected numbers or texts. {reason}.")
    return np.dtype(dtype), found["fortran_order"] == "True", _lengths(found["shape"], where)


def _lengths(text: str, where: str) -> tuple[int, ...]:
    """The shape in a text such as ``3, 4`` or ``3,``; Python 2 wrote ``3L``."""
    if not text.strip():
        return ()
    parts = text.split(",")
    if len(parts) > 1 and not parts[-1].strip():
        parts.pop()
    if not all(re.fullmatch(r"\s*[0-9]{1,19}L?\s*", part) for part in parts):
        raise FormatError(f"{where}: no array has the shape ({text:.80}).")
    return tuple(int(part.strip().removesuffix("L")) for part in parts)
