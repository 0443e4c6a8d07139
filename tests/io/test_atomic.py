"""Files that are written whole or not at all: killed processes, full disks, errors, permissions,
and two savers at once.
"""

import errno
import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import printed
from tinygrad_edu import errors, io

HERE = Path(__file__).parent
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")


def driver(*arguments):
    """What kill_saves.py prints, in a process of its own: forking one with threads, as this may be,
    is not safe.
    """
    return json.loads(printed(HERE / "kill_saves.py", *arguments))


def names(folder):
    return sorted(os.listdir(folder))


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "model.npz"
    path.write_bytes(b"old")
    return path


# ---- interruptions -----------------------------------------------------------------------------------------


@posix
def test_a_save_killed_at_100_random_moments_leaves_a_whole_file(tmp_path):  # X07
    # The driver compares every file that is left with its generation, to the bit.
    found = driver("random", 100, tmp_path)
    print(found)
    assert found["kills"] == found["old"] + found["new"] == 100
    # Kills that hit a save in the middle: the files that they left were swept later.
    assert found["unfinished"] >= 10


@posix
def test_a_save_killed_at_every_step_leaves_a_whole_file(tmp_path):  # X07
    assert driver(
        "steps", tmp_path
    ) == {  # the generation that is there, old (1) or new (2), and the number of temporary files
        "before fsync 1": [1, 1],
        "after fsync 1": [1, 1],
        "before replace 1": [1, 1],
        "after replace 1": [2, 0],
        "before fsync 2": [2, 0],
        "after fsync 2": [2, 0],
    }


@posix
def test_a_write_that_fails_in_the_middle_leaves_the_old_file(tmp_path):  # X07
    assert driver("full", tmp_path) == ["OSError", 1, 0]  # the old state, and no temporary file


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(old, step, monkeypatch):  # X07
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    for save in (io.save_npz, io.save_safetensors, io.save_checkpoint):
        with pytest.raises(OSError, match="No space left"):
            save(old, {"x": np.ones(3)})
        assert old.read_bytes() == b"old"
        assert names(old.parent) == ["model.npz"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_while_writing_leaves_the_old_file(old, error):  # X07
    def fail():
        with io.atomic_write(old) as file:
            file.write(b"half of")
            raise error("stopped")

    with pytest.raises(error, match="stopped"):
        fail()
    assert old.read_bytes() == b"old"
    assert names(old.parent) == ["model.npz"]


def test_the_next_save_sweeps_what_a_killed_one_left_and_nothing_else(old):  # X07
    folder, stray = old.parent, ".model.npz.0123456789abcdef.tmp"
    others = [
        ".model.npz.tmp",
        ".model.npz.0123456789abcdef.tmp.txt",
        ".other.npz.0123456789abcdef.tmp",
        "model.npz.0123456789abcdef.tmp",
    ]
    for name in [stray, *others]:
        (folder / name).write_bytes(b"x")
    with io.atomic_write(old) as file:
        file.write(b"new")
    assert names(folder) == sorted([*others, "model.npz"])


@posix
def test_a_pipe_is_not_kept_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    io.keep_previous(tmp_path / "pipe", 2)
    with pytest.raises(errors.ArgumentError, match="it is a folder or a device"):
        io.save_npz(tmp_path / "pipe", {"x": 1})
    assert names(tmp_path) == ["pipe"]


@posix
def test_a_save_that_is_under_way_is_not_swept(old):  # X07
    with io.atomic_write(old) as slow:
        slow.write(b"slow")
        with io.atomic_write(old) as fast:
            fast.write(b"fast")
        assert old.read_bytes() == b"fast"
    assert old.read_bytes() == b"slow"
    assert names(old.parent) == ["model.npz"]


def test_threads_that_save_to_one_path(tmp_path):
    path, problems = tmp_path / "x.safetensors", []

    def work(number):
        try:
            for _ in range(20):
                io.save_safetensors(path, {"x": np.full(1000, number)})
                assert len(set(io.load_safetensors(path)[0]["x"])) == 1
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert names(tmp_path) == ["x.safetensors"]


# ---- the place ---------------------------------------------------------------------------------------------


def test_the_old_file_is_there_until_the_new_one_is_complete(old):
    with io.atomic_write(old) as file:
        file.write(b"new")
        file.flush()
        assert old.read_bytes() == b"old"
    assert old.read_bytes() == b"new"


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_permissions_are_those_of_any_new_file_or_stay(tmp_path):
    ordinary, ours = tmp_path / "ordinary", tmp_path / "ours"
    ordinary.write_bytes(b"")
    with io.atomic_write(ours):
        pass
    assert ours.stat().st_mode == ordinary.stat().st_mode
    ours.chmod(0o600)
    with io.atomic_write(ours) as file:
        (temporary,) = set(names(tmp_path)) - {"ordinary", "ours"}
        # Nobody else may read it, before there is anything to read in it.
        assert (tmp_path / temporary).stat().st_mode & 0o777 == 0o600
        file.write(b"secret")
    assert ours.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_is_followed(old):
    link = old.with_name("latest")
    link.symlink_to(old)
    with io.atomic_write(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert old.read_bytes() == b"new"


@pytest.mark.skipif(os.name == "nt", reason="the limits of POSIX")
@pytest.mark.parametrize("letter", ["x", "é", "語"])
def test_names_are_as_long_as_the_system_allows(tmp_path, letter):
    folder = tmp_path
    for _ in range(4):
        folder /= "f" * 255
    folder.mkdir(parents=True)
    path = folder / (letter * (250 // len(letter.encode())) + ".npz")
    path = path.with_name((path.name + "y" * 255)[: 255 - (len(path.name.encode()) - len(path.name))])
    assert len(os.fsencode(path.name)) == 255
    for value in (1, 2):
        io.save_npz(path, {"x": value})
        assert io.load_npz(path)["x"] == value
        assert names(folder) == [path.name]

    with io.atomic_write(path) as file:
        (temporary,) = set(names(folder)) - {path.name}
        file.write(b"new")
    (folder / temporary).write_bytes(b"left by a killed save")
    io.save_npz(path, {"x": 3})
    assert names(folder) == [path.name]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="the limits of Linux")
@pytest.mark.parametrize("length", [3880, 4000, 4095])
def test_paths_are_as_long_as_the_system_allows(tmp_path, length):
    folder = tmp_path
    while len(str(folder)) < length - 254:
        folder /= "d" * 250
    folder /= "e" * (length - len(str(folder)) - 3)
    folder.mkdir(parents=True)
    path = folder / "x"
    assert len(str(path)) == length
    before = names("/proc/self/fd")
    for value in (1, 2):
        io.save_npz(path, {"x": value})
        assert io.load_npz(path)["x"] == value
        assert names(folder) == ["x"]
    with pytest.raises(ValueError, match="stopped"), io.atomic_write(path):
        raise ValueError("stopped")
    assert names(folder) == ["x"]
    assert io.load_npz(path)["x"] == 2
    assert names("/proc/self/fd") == before


def test_what_cannot_be_a_file_is_refused(tmp_path):
    with (
        pytest.raises(
            errors.ArgumentError, match=r"x/y cannot be written: there is no folder .*x\. Make it first"
        ),
        io.atomic_write(tmp_path / "x/y"),
    ):
        pass
    with pytest.raises(errors.ArgumentError, match="it is a folder or a device"), io.atomic_write(tmp_path):
        pass
    if os.path.exists(os.devnull) and os.name != "nt":
        with (
            pytest.raises(errors.ArgumentError, match="it is a folder or a device"),
            io.atomic_write(os.devnull),
        ):
            pass
    assert names(tmp_path) == []
