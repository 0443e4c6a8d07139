"""Files of ``torch.save`` (.pt, .pth), read without PyTorch and without running anything.

Since PyTorch 1.6 such a file is a zip archive, nothing in it packed:

    NAME/data.pkl      a pickle of what was saved, in which each tensor says where its elements lie
    NAME/data/0, …     the storages, the bytes of the elements
    NAME/byteorder     little or big

Before, it was five pickles one after the other (a mark, a version, the machine, what was saved, the keys of
the storages), and then the storages, each after its number of elements.  Both are read here, in three steps:
`pickled` interprets the pickle, in which a tensor becomes a description (`described.Stored`); descriptions
are compared with the storages that are there; and only then arrays are allocated.

References: the format, https://docs.pytorch.org/docs/stable/notes/serialization.html.
"""

import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from ..errors import FormatError
from ..files import SEEN, FilePath, foreign_hint, opened, printable
from .archive import opened_archive
from .described import CALLS, Order, Storages, Stored
from .elements import STORED
from .npz import DAMAGE
from .pickled import Global, read_pickle
from .pickled_numpy import PickledArray
from .values import MAX_BYTES, check_total, fill

MAX_PICKLE = 8 << 20  # bytes; what describes a thousand tensors takes some 100,000
PARSED = 100  # bytes that a byte of the pickle may take in memory, in round figures
FEW = 10_000  # bytes of a pickle that are read in any case
DEEPEST = 100  # containers in one another
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
LEGACY = b"\x80\x02\x8a\nl\xfc\x9c"
TAR = b"ustar"  # at byte 257
DTYPES = {f"torch.{name}" for name in STORED}
PLAIN = (str, bytes, int, float, complex, bool, type(None), np.generic, PickledArray)


def load_torch(path: FilePath, *, max_bytes: int = MAX_BYTES) -> Any:
    """Read what ``torch.save`` has written: a state_dict, or a checkpoint that has some in it.

    Nothing in the file is executed, and PyTorch need not be there: what is no tensor, number, text, or dict,
    list or tuple of them is refused, a whole module among it.

    Parameters
    ----------
    path : str or path-like
        Of a file in PyTorch's format of today or in that from before version 1.6.
    max_bytes : int, default=2 GiB
        The most that the arrays together may take.

    Returns
    -------
    dict, or whatever was saved
        Tensors, parameters and buffers are arrays, dense and in C order, each with memory of its own (one
        that is saved in two places is one array in both); NumPy's arrays and scalars are such; devices,
        dtypes and layouts are texts; an OrderedDict is a dict.  Elements of bfloat16 and of 8-bit floats
        become float32, complex32 becomes complex64, and all others keep their dtype.

    Raises
    ------
    FormatError
        If it is no such file, is damaged, declares more than it has, or holds anything else: objects of
        classes, sparse, quantized or ``meta`` tensors, TorchScript, a tar archive from before version 0.1.10.
    OSError
        If there is no such file, or it may not be read.

    See Also
    --------
    fit_state : gives a state the names that a model has, and says what does not fit.

    Examples
    --------
    After ``torch.save({"epoch": 3, "state_dict": model.state_dict()}, "cnn.pth")`` in PyTorch::

        checkpoint = tg.io.load_torch("cnn.pth")
        fitted = tg.io.fit_state(checkpoint["state_dict"], model)  # a model of the same layers
        print(fitted)  # what was taken, and what was not
        model.load_state_dict(fitted.state)
    """
    name = str(path)
    with opened(path, max_bytes, name) as (file, size):
        start = file.read(262)
        file.seek(0)
        if start.startswith(LEGACY):
            return _read_legacy(file, size, name, max_bytes)
        if start.endswith(TAR):
            advice = "Load it with a PyTorch of its time, and save it again"
            raise FormatError(f"{name} is a tar archive, as PyTorch wrote before version 0.1.10. {advice}.")
        try:
            with opened_archive(file, size, name, "file of torch.save", "io.load_torch") as archive:
                file.seek(0)
                hint = foreign_hint(file.read(SEEN), "io.load_torch")
                return _read_archive(archive, size, name, max_bytes, hint)
        except FormatError:
            raise
        except DAMAGE as error:
            raise FormatError(f"{name} is a damaged file of torch.save: {error}") from error


# ---- the two formats ---------------------------------------------------------------------------------------


def _read_archive(archive: zipfile.ZipFile, size: int, path: str, max_bytes: int, hint: str) -> Any:
    """What was saved, from an archive that has been opened."""
    members = {member.orig_filename: member for member in archive.infolist()}
    pickles = [name for name in members if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1 or len(members) < len(archive.infolist()):
        raise FormatError(
            f"{path} is no file of torch.save: it has {len(pickles)} members NAME/data.pkl.{hint}"
        )
    folder = pickles[0].removesuffix("data.pkl")
    if f"{folder}constants.pkl" in members:
        advice = "In PyTorch: torch.save(torch.jit.load(path).state_dict(), other)"
        raise FormatError(f"{path} is TorchScript, a program with its weights. {advice}.")
    for name, member in members.items():
        stored = member.compress_type == zipfile.ZIP_STORED and member.compress_size == member.file_size
        if member.flag_bits & 1 or not stored:
            raise FormatError(f"{path}: its member {name!r:.80} is packed; torch.save packs nothing.")
    if sum(member.file_size for member in members.values()) > size:
        raise FormatError(f"{path}: its members have more bytes than the file.")

    def content(name: str, most: int) -> bytes:
        if members[name].file_size > most:
            raise FormatError(f"{path}: {name!r:.80} has more than {most} bytes; max_bytes= allows more.")
        return archive.read(members[name])

    written = content(f"{folder}byteorder", 10) if f"{folder}byteorder" in members else b"little"
    storages = Storages()
    data = content(pickles[0], _longest(max_bytes))
    tree, _ = _unpickled(data, 0, storages, path)
    tensors = _tensors(tree, len(data), size, path, max_bytes)
    for key in tensors:
        there = members.get(f"{folder}data/{key}")
        if there is None or there.file_size != storages.bytes[key]:
            found = "is not there" if there is None else f"has {there.file_size} bytes"
            expected = f"expected {storages.bytes[key]} bytes"
            raise FormatError(f"{path} is damaged: the storage {key!r:.40} {found}; {expected}.")
    order: Order = ">" if written == b"big" else "<"
    for key, own in tensors.items():
        with archive.open(members[f"{folder}data/{key}"]) as file:
            _fill(own, file, storages.bytes[key], order, path)
    return _finished(tree)


def _read_legacy(file: BinaryIO, size: int, path: str, max_bytes: int) -> Any:
    """What was saved, from five pickles and the storages behind them."""
    data = file.read(min(size, _longest(max_bytes)))
    storages, values, at = Storages(), list[Any](), 0
    for _ in range(5):
        value, at = _unpickled(data, at, storages, path)
        values.append(value)
    magic, protocol, machine, tree, keys = values
    if (magic, protocol) != (MAGIC, PROTOCOL) or type(machine) is not dict or type(keys) is not list:
        raise FormatError(f"{path} is no file of torch.save: it does not begin as one.")
    if not all(type(key) is str for key in keys) or sorted(keys) != sorted(storages.bytes):
        raise FormatError(f"{path} is damaged: it lists other storages than its tensors have.")
    order: Order = "<" if machine.get("little_endian", True) else ">"
    tensors = _tensors(tree, at, size, path, max_bytes)
    needed = at + sum(8 + storages.bytes[key] for key in keys)
    if needed != size:
        raise FormatError(f"{path} is damaged: it has {size} bytes, and its tensors take {needed}.")
    file.seek(at)
    for key in keys:
        if int.from_bytes(file.read(8), "little" if order == "<" else "big") != storages.counts[key]:
            raise FormatError(
                f"{path} is damaged: the storage {key!r:.40} has another length than its tensors."
            )
        if key in tensors:
            _fill(tensors[key], file, storages.bytes[key], order, path)
        else:
            file.seek(storages.bytes[key], 1)
    return _finished(tree)


def _longest(max_bytes: int) -> int:
    """The most bytes that a pickle may have."""
    return min(MAX_PICKLE, max(FEW, max_bytes // PARSED))


def _unpickled(data: bytes, at: int, storages: Storages, path: str) -> tuple[Any, int]:
    try:
        return read_pickle(data, at, CALLS, storages, f"{path}: its pickle")
    except FormatError as error:
        if str(error).startswith(path):
            raise
        raise FormatError(f"{path}: {error}") from None


# ---- from descriptions to arrays ---------------------------------------------------------------------------


def _tensors(tree: Any, length: int, size: int, path: str, max_bytes: int) -> dict[str, list[Stored]]:
    """The tensors that a pickle of this length describes, by the keys of their storages, if all can be."""
    found: dict[int, Stored] = {}
    for leaf in _leaves(tree, length, path):
        if type(leaf) is Stored:
            found[id(leaf)] = leaf
        elif not isinstance(leaf, PLAIN) and not (type(leaf) is Global and leaf.name in DTYPES):
            what = f"the class {printable(leaf.name, 80)}" if type(leaf) is Global else "a bare storage"
            raise FormatError(f"{path} has {what} in it; expected tensors, numbers and texts.")
    total = sum(stored.check(path) for stored in found.values())
    check_total(total, max_bytes, path)
    if total > max(64 << 20, 100 * size):  # strides of 0, or many views of one storage
        raise FormatError(f"{path}: its tensors take {total} bytes, as made to fill the memory.")
    by_key: dict[str, list[Stored]] = {}
    for stored in found.values():
        by_key.setdefault(stored.storage.key, []).append(stored)
    return by_key


def _leaves(tree: Any, length: int, path: str) -> Iterator[Any]:
    """All that stands in containers; an error if there is more of it than a pickle of this length can hold,
    since a container stands in many places, or in itself.
    """
    todo, count = [(tree, 0)], 0
    while todo:
        node, depth = todo.pop()
        if type(node) not in (list, tuple, dict):
            yield node
            continue
        count += 1 + len(node)
        if depth > DEEPEST or count > 1000 + length:
            raise FormatError(f"{path}: its containers are nested without an end, or too deeply.")
        todo += ((child, depth + 1) for child in (node.values() if type(node) is dict else node))


def _fill(tensors: list[Stored], file: Any, size: int, order: Order, path: str) -> None:
    """Read a storage, and make the arrays of its tensors."""
    raw = np.empty(size, np.uint8)
    fill(raw, file, f"{path}: storage {tensors[0].storage.key!r:.40}")
    for stored in tensors:
        if stored.dtype == "bool" and raw.max(initial=0) > 1:
            raise FormatError(f"{path}: a boolean is neither 0 nor 1.")
        stored.fill(raw, order)


def _finished(tree: Any) -> Any:
    """The tree with arrays in the places of their descriptions, and texts in those of names."""
    if type(tree) is dict:
        return {key: _finished(value) for key, value in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(map(_finished, tree))
    if type(tree) in (Stored, PickledArray):
        return tree.array
    return tree.name if type(tree) is Global else tree
