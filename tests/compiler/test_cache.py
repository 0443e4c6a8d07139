"""The cache of libraries: what is not sound is never loaded, and a name says all that decides."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.compiler.c import cache
from tinygrad_edu.errors import TraceError

pytestmark = [
    pytest.mark.skipif(cache.compiler() is None, reason="there is no C compiler here"),
    pytest.mark.usefixtures("quick_c"),
]
TEXT = "int answer(void) { return 42; }\n"


def made(folder, monkeypatch=None):
    """Compile a function and run it; how often the compiler was called."""
    calls, run = [], subprocess.run
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache.subprocess, "run", lambda *a, **k: (calls.append(a), run(*a, **k))[1])
        compiled = tg.compile(lambda x: x * 3 + 1, backend="c", cache=folder)
        compiled(np.ones(3))
        np.testing.assert_array_equal(compiled(np.arange(3.0)), [1, 4, 7])
    return len(calls)


def test_a_library_is_made_once(tmp_path):
    assert made(tmp_path / "new") == 1
    assert made(tmp_path / "new") == 0
    (file,) = (tmp_path / "new").iterdir()
    assert os.stat(file).st_mode & 0o077 == 0
    assert os.stat(tmp_path / "new").st_mode & 0o077 == 0


@pytest.fixture(scope="module")
def sound(tmp_path_factory, quick_c):
    """The library of the function of ``made``, which is taken as it is where it lies in a cache."""
    folder = tmp_path_factory.mktemp("cache") / "new"
    assert (made(folder), made(folder)) == (1, 0)
    (file,) = folder.iterdir()
    return file


@pytest.mark.parametrize(
    "damage", ["cut", "changed", "foreign", "writable", "group", "link", "pipe", "empty"]
)
def test_a_file_that_is_not_sound_is_made_again(damage, sound, tmp_path):
    content = sound.read_bytes()
    file = tmp_path / "new" / sound.name
    file.parent.mkdir(mode=0o700)
    shutil.copy2(sound, file)
    if damage == "cut":
        file.write_bytes(content[:5000])
    elif damage == "changed":
        file.write_bytes(content[:2000] + bytes([content[2000] ^ 1]) + content[2001:])
    elif damage == "foreign":  # sound in itself, but of another text
        file.write_bytes(cache.library(TEXT, tmp_path / "other").read_bytes())
    elif damage == "writable":
        file.chmod(0o602)
    elif damage == "group":
        file.chmod(0o620)
    elif damage == "pipe":  # reading it would wait for ever
        file.unlink()
        os.mkfifo(file)
    elif damage == "empty":
        file.write_bytes(b"")
    else:
        file.rename(tmp_path / "elsewhere")
        file.symlink_to(tmp_path / "elsewhere")
    assert made(tmp_path / "new") == 1
    assert made(tmp_path / "new") == 0


def test_a_folder_that_others_may_write_to_is_refused(tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(TraceError, match="others may write to it"):
        made(tmp_path / "open")


def test_the_users_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    made(None)
    assert len(list((tmp_path / "tinygrad_edu").iterdir())) == 1


def test_a_file_or_a_folder_of_somebody_else_is_not_loaded(monkeypatch, tmp_path):
    folder = tmp_path / "new"
    file = cache.library(TEXT, folder)
    content = file.read_bytes()
    key = file.stem
    assert cache.is_sound(file, bytes.fromhex(key))
    own, stat = os.geteuid(), os.fstat
    monkeypatch.setattr(os, "fstat", lambda f: os.stat_result((*stat(f)[:4], own + 1, *stat(f)[5:])))
    assert not cache.is_sound(file, bytes.fromhex(key))
    monkeypatch.undo()
    assert cache.is_sound(file, bytes.fromhex(key))
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(TraceError, match="belongs to somebody else"):
        cache.library(TEXT, folder)
    assert file.read_bytes() == content


def test_a_link_to_a_folder_of_somebody_else(monkeypatch, tmp_path):
    (tmp_path / "theirs").mkdir(mode=0o777)
    (tmp_path / "theirs").chmod(0o777)
    (tmp_path / "ours").symlink_to(tmp_path / "theirs")
    with pytest.raises(TraceError, match="others may write to it"):
        cache.library(TEXT, tmp_path / "ours")


def test_the_name_of_a_file_is_all_that_it_depends_on(monkeypatch, tmp_path):
    found = {cache.library(TEXT, tmp_path / "new"), cache.library(TEXT + " ", tmp_path / "new")}
    changes = [
        ("FLAGS", (*cache.FLAGS, "-g0")),
        ("_processor", lambda: "another"),
        ("_identity", lambda c: "newer"),
    ]
    for name, value in changes:
        with monkeypatch.context() as patch:
            patch.setattr(cache, name, value)
            found.add(cache.library(TEXT, tmp_path / "new"))
    with monkeypatch.context() as patch:
        patch.setattr(cache, "compiler", lambda: (*command, "-g0"))
        found.add(cache.library(TEXT, tmp_path / "new"))
    assert len(found) == 6


command = cache.compiler() or ()


def test_a_folder_in_which_nothing_can_be_kept(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(TraceError, match="cannot be kept in"):
        cache.library(TEXT, tmp_path / "file")


FAILING = {
    "exit 3": ("exit 3", "failed:\nit ended with 3, and made no library"),
    "is killed": ("kill -9 $$", "failed:\nit ended with -9"),
    "makes nothing": ("exit 0", "failed:\nit ended with 0, and made no library"),
    "speaks in no UTF-8": (
        r"printf '\377 no'; printf '\377 no licence' >&2; exit 1",
        "failed:\n. no licence",
    ),
    "is no program": ("", "cannot be run: .*Set CC"),
}


@pytest.mark.parametrize("what", FAILING)
def test_a_compiler_that_fails_says_so(what, tmp_path, monkeypatch):
    text, message = FAILING[what]
    program = tmp_path / "cc"
    program.write_text(f"#!/bin/sh\n{text}\n" if text else "nothing")
    program.chmod(0o700)
    monkeypatch.setattr(cache, "compiler", lambda: (str(program),))
    with pytest.raises(TraceError, match=f"^{program} {message}"):
        cache.library(TEXT, tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


@pytest.mark.parametrize("cc", ["gcc '-m64", "  ", "/no/such/cc", "-m64"])
def test_what_is_no_command_is_not_taken_for_one(cc, monkeypatch):
    monkeypatch.setenv("CC", cc)
    cache.compiler.cache_clear()
    found = cache.compiler()
    monkeypatch.delenv("CC")
    cache.compiler.cache_clear()
    assert found == cache.compiler()


@pytest.mark.parametrize("folder", [".", "", "new", "ü ñ/'$x", b"bytes", "~/of home"])
def test_folders_by_names_of_all_kinds(folder, tmp_path, monkeypatch):
    """A library is loaded from where it is, also if its path is not whole: else others would be searched."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    tmp_path.chmod(0o700)
    path = cache.library(TEXT, folder)
    assert path.is_absolute()
    assert path.is_relative_to(tmp_path)
    assert ctypes.CDLL(str(path)).answer() == 42
    assert ("home" in path.parts) == (folder == "~/of home")


def test_a_user_without_a_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "no whole path")  # which is to be ignored
    assert cache.library(TEXT).parent == tmp_path / ".cache" / "tinygrad_edu"
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home.")))
    compiled = tg.compile(lambda x: x * 3 + 1, backend="c")
    with pytest.raises(TraceError, match=r"can be kept: no home. Pass a folder, cache="):
        compiled(np.ones(3))
    compiled = tg.compile(lambda x: x * 3 + 1, backend="auto")
    assert [compiled(np.ones(3))[0] for _ in range(2)] == [4, 4]
    assert "no home" in compiled.report() or "numba" in compiled.report()


def test_two_processes_at_once(tmp_path):
    """Each finds a whole library, whoever has made it."""
    program = (
        "import ctypes, importlib.util as u, sys, types, time\n"
        "import tinygrad_edu.compiler.c.cache as cache\n"
        "time.sleep(max(0, float(sys.argv[2]) - time.time()))\n"
        "path = cache.library(sys.argv[3], sys.argv[1])\n"
        "print(ctypes.CDLL(str(path)).answer())\n"
    )
    import time

    given = [sys.executable, "-c", program, str(tmp_path / "new"), str(time.time() + 1.5), TEXT]
    root = Path(cache.__file__).parents[3]
    processes = [subprocess.Popen(given, stdout=subprocess.PIPE, text=True, cwd=root) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in processes] == ["42", "42"]
    assert len(list((tmp_path / "new").iterdir())) == 1
