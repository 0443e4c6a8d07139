"""Files of published data: found in a folder, or fetched once, and always the very bytes that were published.

    path = find(Remote("wheat-seeds/wheat-seeds.csv", size=9301, sha256="8dbd1853…", urls=("https://…",)))

A file is known by the sha256 of its *unpacked* data, so that it does not matter who packed it.  It is looked
for in the folder that the environment variable TINYGRAD_EDU_DATA names, which is never written to, then in
the user's cache folder (or ``folder=``), and is else fetched from the first of its addresses that has it.
What arrives is held in memory until its hash is right; then it takes its name in one step.  So a file under
that name is complete, whatever failed or was interrupted, and however many processes fetch it at once.
"""

import hashlib
import os
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import ArgumentError, DownloadError, FormatError

if TYPE_CHECKING:
    import ssl

Folder = str | os.PathLike[str] | None


@dataclass(frozen=True)
class Remote:
    """A published file.

    Parameters
    ----------
    name : str
        Its path below the data folder, with ``/`` between the parts.  If it ends in ``.gz``, the file is
        packed by gzip.
    size : int
        Length of the unpacked data in bytes: no more is ever unpacked.
    sha256 : str
        Of the unpacked data, 64 hexadecimal digits.
    urls : tuple of str
        Where the file is, tried one after the other; https only.
    preface : bytes, default=b""
        What some of these addresses put before the data; it is taken off.
    """

    name: str
    size: int
    sha256: str
    urls: tuple[str, ...]
    preface: bytes = b""


def find(
    remote: Remote,
    folder: Folder = None,
    *,
    timeout: float = 30.0,
    context: "ssl.SSLContext | None" = None,
    progress: bool | None = None,
) -> Path:
    """The path of a file whose contents have been checked; it is fetched if it is not there.

    Parameters
    ----------
    remote : Remote
    folder : str or path-like, optional
        Where to look after TINYGRAD_EDU_DATA, and to keep what is fetched; `cache_folder` by default.
    timeout : float, default=30.0
        Seconds to wait for each answer of a server; what it sends may take so many, and one more for each 16
        KiB.
    context : ssl.SSLContext, optional
        How certificates are judged; the system's way by default.
    progress : bool, optional
        Whether a line on stderr counts the bytes; by default, if that is a terminal.

    Returns
    -------
    pathlib.Path
        Of the file, packed or unpacked, as it was found.

    Raises
    ------
    FormatError
        If the file in TINYGRAD_EDU_DATA is another one than was published.  (A damaged file in the cache is
        fetched anew.)
    DownloadError
        If no address has the file; the message gives the reason for each.
    ArgumentError
        If the file would have to be kept in TINYGRAD_EDU_DATA.

    Examples
    --------
    >>> import hashlib, tempfile
    >>> remote = Remote("greeting.txt", size=5, sha256=hashlib.sha256(b"hello").hexdigest(), urls=())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "greeting.txt").write_bytes(b"hello")
    ...     print(find(remote, folder).name)
    greeting.txt
    """
    given, kept = data_folder(), Path(folder) if folder is not None else cache_folder()
    for place in filter(None, (given, kept)):
        for path in (place / remote.name, place / remote.name.removesuffix(".gz")):
            if not path.is_file():
                continue
            trouble = _trouble(path, remote)
            if not trouble:
                return path
            if place is given:
                advice = "Replace it, or point TINYGRAD_EDU_DATA elsewhere."
                raise FormatError(f"{path} is not the file that was published: {trouble}. {advice}")
    if given and kept.resolve().is_relative_to(given.resolve()):
        reason = "nothing is ever written there: it is TINYGRAD_EDU_DATA. Give another folder=."
        raise ArgumentError(f"{remote.name} is not in {given}, and {reason}")
    return _store(_from_anywhere(remote, kept, timeout, context, progress), kept / remote.name)


def data_folder() -> Path | None:
    """The folder that TINYGRAD_EDU_DATA names, or None."""
    value = os.environ.get("TINYGRAD_EDU_DATA")
    return Path(value) if value else None


def cache_folder() -> Path:
    """Where this user's programs keep what can be fetched again.

    ``$XDG_CACHE_HOME/tinygrad_edu`` or ``~/.cache/tinygrad_edu``; on macOS ``~/Library/Caches/tinygrad_edu``;
    on Windows ``%LOCALAPPDATA%\\tinygrad_edu``.
    """
    try:
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME", ""))
            if not base.is_absolute():  # the standard says to ignore others
                base = Path.home() / ".cache"
    except RuntimeError as error:
        raise DownloadError("This user has no home folder to keep data in. Give a folder=.") from error
    return base / "tinygrad_edu"


def _from_anywhere(
    remote: Remote, kept: Path, timeout: float, context: "ssl.SSLContext | None", progress: bool | None
) -> bytes:
    """The file as it is to be stored, from the first address that has it."""
    from .https import fetch

    packed = remote.name.endswith(".gz")
    # Gzip adds up to a thousandth to what it cannot press.
    limit = len(remote.preface) + remote.size + (remote.size // 1000 + 1024 if packed else 0)
    tried = ""
    for url in remote.urls:
        line = _Line(remote.name, progress)
        try:
            content = fetch(url, limit=limit, timeout=timeout, context=context, report=line.show)
            content = content.removeprefix(remote.preface)
            trouble = wrong(content, remote, packed)
            if not trouble:
                return content
        except DownloadError as error:
            trouble = str(error)
        finally:
            line.end()
        tried += f"\n  {url}: {trouble}"
    raise DownloadError(
        f"{remote.name} could not be fetched:{tried or ' it has no address.'}\nTry again later, or put the "
        f"file there by hand, as {kept / remote.name} or below a folder that TINYGRAD_EDU_DATA names."
    )


def wrong(content: bytes, remote: Remote, packed: bool) -> str:
    """What is wrong with the content of a file, in a few words; empty if it is what was published."""
    data = content
    if packed:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            data = unpacker.decompress(content, remote.size + 1)
            complete = len(data) > remote.size or unpacker.eof
        except zlib.error:
            complete = False
        if not complete:
            return "it is a web page, no data" if _looks_like_html(content) else "it is no complete gzip file"
        if unpacker.unused_data:
            return "something follows the end of the gzip file"
    if len(data) > remote.size:
        return f"it holds more than the {remote.size:,} bytes that were published"
    digest = hashlib.sha256(data).hexdigest()
    if digest == remote.sha256:
        return ""
    if _looks_like_html(content):
        return "it is a web page, no data"
    expected = f"expected {remote.size:,} bytes with {remote.sha256}"
    return f"the sha256 of its {len(data):,} bytes is {digest}; {expected}"


def _trouble(path: Path, remote: Remote) -> str:
    """What is wrong with a file on the disk; no more of it is read than the published one could have."""
    with open(path, "rb") as file:
        return wrong(file.read(2 * remote.size + 1024), remote, path.suffix == ".gz")


def _looks_like_html(content: bytes) -> bool:
    return content[:256].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml"))


def _store(content: bytes, target: Path) -> Path:
    from ...io.atomic import atomic_write  # io is not loaded before there is something to store

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(target) as file:
            file.write(content)
    except OSError as error:
        reason = error.strerror or error
        raise DownloadError(f"{target} cannot be written ({reason}). Give a folder= that can be.") from error
    return target


class _Line:
    """A line on stderr that counts the bytes, rewritten in place."""

    def __init__(self, name: str, wanted: bool | None) -> None:
        self.name, self.shown = name, -1
        self.wanted = sys.stderr is not None and sys.stderr.isatty() if wanted is None else wanted

    def show(self, done: int, total: int | None) -> None:
        tenths = done // 100_000
        if self.wanted and (tenths != self.shown or done == total):
            self.shown = tenths
            of = f" of {total / 1e6:.1f}" if total else ""
            print(f"\rfetching {self.name}: {done / 1e6:.1f}{of} MB", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self.shown >= 0:
            print(file=sys.stderr)
