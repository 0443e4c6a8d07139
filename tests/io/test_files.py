"""Files that readers are given by mistake: pipes, folders and devices, files without an end,
and files of other formats.
"""

import bz2
import gzip
import io as streams
import lzma
import os
import pickle
import signal
import socket
import tarfile
import time
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import TinygradError, data, io
from tinygrad_edu.errors import ArgumentError, FormatError
from tinygrad_edu.files import foreign

READERS = {
    "read_csv": data.read_csv,
    "read_idx": data.read_idx,
    "read_mat": lambda path, **settings: data.read_mat(path, ["x"], **settings),
    "load_safetensors": io.load_safetensors,
    "load_checkpoint": io.load_checkpoint,
    "load_npz": io.load_npz,
    "load_npy": io.load_npy,
    "load_torch": io.load_torch,
}
posix = pytest.mark.skipif(os.name == "nt", reason="pipes and devices of POSIX")


@pytest.fixture
def at_once():
    """Whatever takes more than two seconds ends with a TimeoutError."""

    def ring(*args):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(2)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@posix
@pytest.mark.parametrize("reader", READERS)
def test_nobody_is_waited_for(reader, tmp_path, at_once):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        for name in ("pipe", "link", "folder"):
            with pytest.raises(FormatError, match=f"{name} is a folder or a device, or a pipe"):
                READERS[reader](tmp_path / name)
        with pytest.raises(OSError, match="socket"):
            READERS[reader](tmp_path / "socket")


@posix
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("device", ["zero", "urandom", "null", "full"])
def test_devices_are_read_to_the_limit_at_most(reader, device, at_once):
    import resource

    if not os.path.exists(f"/dev/{device}"):
        pytest.skip("this system has none")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TinygradError):
        READERS[reader](f"/dev/{device}", max_bytes=100_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB


def zipped(*members):
    file = streams.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in members:
            archive.writestr(name, bytes(200))
    return file.getvalue()


def tarred():
    file = streams.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    return file.getvalue()


def saved(save, value):
    file = streams.BytesIO()
    save(file, value)
    return file.getvalue()


# fmt: off
FOREIGN = {  # a file as its own tools write it, and what it is called
    "gzip": (gzip.compress(b"a,b\n1,2\n" * 9), "packed by gzip"),
    "bzip2": (bz2.compress(b"a,b\n1,2\n" * 9), "packed by bzip2"),
    "xz": (lzma.compress(b"a,b\n1,2\n" * 9), "packed by xz"),
    "torch": (zipped("archive/data.pkl", "archive/byteorder", "archive/data/0"), r"a file of torch\.save"),
    "pickle": (pickle.dumps({"w": np.zeros(3)}), "a pickle"),
    "workbook": (zipped("[Content_Types].xml", "xl/workbook.xml"), "an archive or a workbook"),
    "npz": (saved(np.savez, np.zeros(3)), r"an archive of NumPy's.*io\.load_npz"),
    "npy": (saved(np.save, np.zeros(3)), r"an array of NumPy's.*io\.load_npy"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(600), r"HDF5.*h5py"),
    "tar": (tarred(), "a tar archive"),
    "ARFF": (b"% 1. Title: Iris\n%\n@RELATION iris\n@ATTRIBUTE class {a,b}\n@DATA\n5.1,a\n", r"an ARFF file.*scipy\.io\.arff\.loadarff"),
    "ts": (b"#The data\n" + b"# words\n" * 500 + b"@problemName Motions\n@data\n0.1,0.2:a\n", r"a \.ts file of time series"),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3\n", "a pointer of Git LFS"),
    "HTML": (b"\n<!DOCTYPE html>\n<html><body>404</body></html>", "a web page"),
    "JSON": (b'{"a": [1, 2]}', "JSON"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(99), "an image"),
    "Parquet": (b"PAR1\x15\x04\x15" + bytes(99) + b"PAR1", "a Parquet table"),
    "SQLite": (b"SQLite format 3\0" + bytes(99), "an SQLite database"),
}
# fmt: on
# Readers that have words of their own for them.
OWN = {
    "torch": {"load_torch"},
    "tar": {"load_torch"},
    "npz": {"load_npz"},
    "npy": {"load_npy"},
    "gzip": {"read_idx", "read_csv"},
    "HDF5": {"read_mat"},
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_files_of_other_formats_are_called_by_their_names(kind, tmp_path):
    content, message = FOREIGN[kind]
    (tmp_path / "file").write_bytes(content)
    for reader in READERS.keys() - OWN.get(kind, set()):
        with pytest.raises(FormatError, match=f"(?s){message}"):
            READERS[reader](tmp_path / "file")


@given(
    st.binary(max_size=400)
    | st.builds(
        lambda magic, rest: magic + rest,
        st.sampled_from([b"PK\3\4", b"\x80\4", b"@", b"#", b"\n"]),
        st.binary(),
    )
)
def test_any_bytes_are_judged_at_once(start):
    before = time.process_time()
    what, remedy = foreign(start * 40)
    assert bool(what) == bool(remedy)
    assert time.process_time() - before < 0.5


def test_the_packages_own_files_are_called_by_their_readers(tmp_path):
    path = tmp_path / "own"
    io.save_safetensors(path, {"x": np.zeros(3)})
    with pytest.raises(FormatError, match=r"a safetensors file.*io\.load_safetensors"):
        data.read_csv(path)
    path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4]))
    with pytest.raises(FormatError, match=r"an IDX file.*data\.read_idx"):
        io.load_npy(path)


def test_a_table_whose_first_name_is_like_the_mark_of_a_format_is_a_table(tmp_path):
    path = tmp_path / "t.csv"
    for name in (
        "PK",
        "BZh",
        "PAR1",
        "MATLAB",
        "Rar!",
        "GIF",
        "BM",
        "@data",
        "@class",
        "7z",
        "version",
        "PKxy",
    ):
        path.write_text(f"{name},b\n1,2\n")
        assert foreign(path.read_bytes()) == ("", "")
        assert data.read_csv(path).names == (name, "b")


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_what_is_no_path_is_told_how_to_become_a_file(read, tmp_path):
    opened = tmp_path / "open.txt"
    opened.write_text("a,b\n1,2\n")
    with opened.open() as file:
        for given, advice in (
            (streams.StringIO("a,b\n1,2\n"), r"got <_io\.StringIO.*write_text"),
            (streams.BytesIO(b"a,b\n1,2\n"), r"got <_io\.BytesIO.*write_text"),
            (None, "got None"),
            (file, "Give the path of this open file"),
            ("https://example.org/x.csv", r"https://example\.org/x\.csv is an address.*urlretrieve"),
            ("a,b\n1,2\n", r"text of several lines, a,b\\n1,2\\n\. Write it"),
        ):
            with pytest.raises(ArgumentError, match=advice):
                read(given)
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.csv")
