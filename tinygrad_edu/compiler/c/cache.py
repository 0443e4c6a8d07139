"""Libraries made by the system's C compiler, kept in a folder of the user's that is nobody else's.

A file there is known by all that it depends on: the text, the compiler, its flags, the processor.  It ends
with a digest of itself and of these, and one that is damaged, or that somebody else owns or may write to, is
never loaded: it is made again.
"""

import hashlib
import os
import platform
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from ...errors import TraceError

FLAGS: tuple[str, ...] = (
    "-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fwrapv",
    "-fno-strict-aliasing", "-std=gnu11", "-fPIC", "-shared", "-w",
)  # fmt: skip  # none of these lets a sum or a rounding differ
if platform.machine() in ("x86_64", "AMD64"):  # what is not known elsewhere
    FLAGS += ("-mprefer-vector-width=512",)  # where the processor has them; GCC takes 256 bits of its own


@cache
def compiler() -> tuple[str, ...] | None:
    """The system's C compiler: what ``$CC`` names, or ``cc``, ``gcc`` or ``clang``; None if it has none."""
    named: list[str] = []
    with suppress(ValueError):  # a quotation that does not end: no command either
        named = shlex.split(os.environ.get("CC", ""))
    for command in ([named] if named else []) + [["cc"], ["gcc"], ["clang"]]:
        found = shutil.which(command[0])
        if found is not None:
            return (found, *command[1:])
    return None


def library(text: str, folder: str | os.PathLike[str] | None = None) -> Path:
    """The shared library of a text in C, from the cache or made now.

    Parameters
    ----------
    text : str
    folder : path, default=None
        Where libraries are kept: by default ``tinygrad_edu`` in ``$XDG_CACHE_HOME`` or ``~/.cache``.  It is
        made, for its owner alone, if it is not there.  A ``~`` at its beginning is the user's home.

    Raises
    ------
    TraceError
        If there is no compiler, it fails, or the folder is not the user's alone.
    """
    command = compiler()
    if command is None:
        raise TraceError("There is no C compiler: install gcc or clang, or set CC, or take backend='numpy'.")
    place = _folder(folder)
    try:
        return _found_or_made(text, command, place)
    except OSError as error:
        raise TraceError(
            f"A compiled step cannot be kept in {place}: {error}. Pass another folder, cache=…."
        ) from error


def _folder(named: str | os.PathLike[str] | None) -> Path:
    """The whole path of a folder, or that of the user's."""
    root = os.environ.get("XDG_CACHE_HOME", "")  # one that is no whole path is to be ignored
    try:
        if named is not None:
            return Path(os.fsdecode(named)).expanduser().absolute()
        return (Path(root) if os.path.isabs(root) else Path.home() / ".cache") / "tinygrad_edu"
    except RuntimeError as error:
        raise TraceError(
            f"Nobody knows where a compiled step can be kept: {error} Pass a folder, cache=…."
        ) from error


def _found_or_made(text: str, command: tuple[str, ...], place: Path) -> Path:
    _make_ours(place)
    key = hashlib.sha256("\0".join([text, *command, *FLAGS, _identity(command[0]), _processor()]).encode())
    path = place / f"{key.hexdigest()}.so"
    if not is_sound(path, key.digest()):
        _build(text, command, path, key.digest())
    return path


def is_sound(path: Path, key: bytes) -> bool:
    """Whether a library is ours, nobody else can write to it, and it is what was written."""
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return False
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or not _is_ours(found):
            return False
        with open(file, "rb", closefd=False) as stream:
            content = stream.read()
    finally:
        os.close(file)
    return content[-32:] == hashlib.sha256(content[:-32] + key).digest()


def _is_ours(found: os.stat_result) -> bool:
    owner = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
    return owner and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _make_ours(place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.mkdir(mode=0o700, exist_ok=True)
    found = os.stat(place)
    if not _is_ours(found) or not stat.S_ISDIR(found.st_mode):
        raise TraceError(
            f"{place}, where compiled steps are kept, belongs to somebody else, or others may write to it.\n"
            "  Its owner makes it safe with chmod 700; or pass another folder, cache=…."
        )


def _build(text: str, command: tuple[str, ...], path: Path, key: bytes) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        source, made = Path(work, "step.c"), Path(work, "step.so")
        source.write_text(text, encoding="utf-8")
        order = [*command, *FLAGS, "-o", str(made), str(source), "-lm"]
        try:
            done = subprocess.run(order, capture_output=True, text=True, errors="replace", check=False)
        except OSError as error:
            raise TraceError(f"{command[0]} cannot be run: {error}. Set CC to another compiler.") from error
        if done.returncode or not made.exists():
            said = done.stderr[-2000:].strip() or f"it ended with {done.returncode}, and made no library."
            raise TraceError(f"{command[0]} failed:\n{said}")
        content = made.read_bytes()
        made.write_bytes(content + hashlib.sha256(content + key).digest())
        made.chmod(0o600)
        os.replace(made, path)


@cache
def _identity(program: str) -> str:
    """What changes when a compiler does."""
    found = os.stat(os.path.realpath(program))
    return f"{os.path.realpath(program)} {found.st_size} {found.st_mtime_ns}"


@cache
def _processor() -> str:
    """What -march=native depends on."""
    known = Path("/proc/cpuinfo")
    if sys.platform == "linux" and known.exists():
        lines = known.read_text().split("\n\n", 1)[0].splitlines()
        return "\n".join(x for x in lines if x.startswith(("model", "flags", "Features", "CPU ", "vendor")))
    return f"{platform.machine()} {platform.processor()}"
