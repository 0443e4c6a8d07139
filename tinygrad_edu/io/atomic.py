"""Writing a file whole or not at all: whatever happens, a path holds what it held before, or all that is new.

The bytes go to a temporary file in the same folder, are forced to the disk, and the temporary file then takes
the name of the target in one step of the file system.  A process that is killed leaves its temporary file
behind; the next save to the same path sweeps it away.  Another process may be saving to that path at the same
moment, so a temporary file is swept only if nobody holds the lock on it: the operating system gives a lock up
with the process that held it.
"""

import os
import re
import secrets
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from ..errors import ArgumentError

try:
    import fcntl
except ImportError:  # Windows locks by itself: it deletes no file that another process has open
    fcntl = None  # type: ignore[assignment]


LONGEST = 100  # bytes of a name that temporary names repeat; file systems take 143 to 255
LONGEST_PATH = 4096  # bytes, on Linux
OPEN = "/proc/self/fd"


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file to write into, which becomes ``path`` when the block ends, and never if it raises.

    Parameters
    ----------
    path : str or path-like
        The folder must exist.  A file that is there keeps its permissions, and is the old one until the new
        one is complete; a symbolic link is followed.

    Yields
    ------
    binary file object

    Raises
    ------
    ArgumentError
        If there is no such folder, or something that is not a file has the name.
    OSError
        If the disk is full or may not be written to; the old file is as it was.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_write(folder + "/notes.txt") as file:
    ...         _ = file.write(b"all of it")
    ...     print(os.listdir(folder))
    ['notes.txt']

    References
    ----------
    T. Pillai et al., "All File Systems Are Not Created Equal: On the Complexity of Crafting Crash-Consistent
    Applications", OSDI 2014: why the file, and then the folder, are forced to the disk.
    """
    where, target = os.fspath(path), Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise ArgumentError(f"{where} cannot be written: there is no folder {target.parent}. Make it first.")
    if target.exists() and not target.is_file():
        problem = "it is a folder or a device. The name of a file is expected"
        raise ArgumentError(f"{where} cannot be written: {problem}.")
    with _reached(target.parent) as folder:
        target = folder / target.name
        _sweep(target)
        file, temporary = _create(target)
        try:
            with file:
                if target.exists():
                    shutil.copymode(target, temporary)
                yield file
                file.flush()
                os.fsync(file.fileno())
                if fcntl is None:
                    file.close()  # Windows moves no open file
                os.replace(temporary, target)  # while the lock is held, lest it be swept between
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(folder)


@contextmanager
def _reached(folder: Path) -> Iterator[Path]:
    """The folder by a path with room for temporary names: its own, or where Linux shows an open one."""
    if len(os.fsencode(folder)) + 2 * LONGEST < LONGEST_PATH or not os.path.isdir(OPEN):
        yield folder
        return
    with _opened(folder) as descriptor:
        yield Path(OPEN, str(descriptor))


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _create(target: Path) -> tuple[BinaryIO, Path]:
    """A new, locked temporary file beside the target, with the permissions that any new file gets."""
    while True:
        temporary = target.with_name(f".{_stem(target)}.{secrets.token_hex(8)}.tmp")
        file = open(temporary, "xb")  # noqa: SIM115 (the caller closes it)
        if fcntl is None:
            return file, temporary
        with suppress(OSError):  # a file system without locks: it will not be swept there either
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return file, temporary
        file.close()  # swept by another process between its creation and its lock


def _stem(target: Path) -> str:
    """What the temporary files of a target are called after: its name, or a number if it leaves no room."""
    name = os.fsencode(target.name)
    return target.name if len(name) <= LONGEST else f"{target.name[:8]}~{zlib.crc32(name):08x}"


def _sweep(target: Path) -> None:
    """Delete the temporary files of saves to this target that were killed."""
    temporary = re.compile(re.escape(f".{_stem(target)}.") + r"[0-9a-f]{16}\.tmp")
    for name in os.listdir(target.parent):
        if temporary.fullmatch(name):
            with suppress(OSError):  # it is in use, another process swept it first, or it is somebody else's
                _delete_unless_locked(target.with_name(name))


def _delete_unless_locked(path: Path) -> None:
    if fcntl is None:
        path.unlink()
        return
    with open(path, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()


def _sync_folder(folder: Path) -> None:
    """Force the new name to the disk, where the system lets folders be opened."""
    with suppress(OSError), _opened(folder) as descriptor:
        os.fsync(descriptor)


def keep_previous(path: str | os.PathLike[str], count: int) -> None:
    """Keep a file that is about to be replaced as ``path.1``, the one kept before as ``path.2``, and so on.

    The path itself has a file all the while.

    Parameters
    ----------
    path : str or path-like
        The path of the file; without a file there, nothing happens.
    count : int
        How many to keep; the oldest is dropped.
    """
    path = Path(path)
    if count < 1 or not path.is_file():
        return
    kept = [path.with_name(f"{path.name}.{i}") for i in range(1, count + 1)]
    for newer, older in reversed(list(pairwise(kept))):
        if newer.exists():
            os.replace(newer, older)
    with open(path, "rb") as source, atomic_write(kept[0]) as target:
        shutil.copyfileobj(source, target)
