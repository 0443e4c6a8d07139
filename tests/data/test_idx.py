"""IDX files: all types, and every way in which one can be wrong."""

import gzip
import os
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.helpers import damaged, memory_below
from tinygrad_edu import errors
from tinygrad_edu.data import read_idx

DATA = os.environ.get("TINYGRAD_EDU_DATA", "")
CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(array, *, code=None, shape=None):
    """The bytes of an IDX file, or of one whose header says something else."""
    shape = array.shape if shape is None else shape
    head = bytes([0, 0, CODES[array.dtype.str[1:]] if code is None else code, len(shape)])
    return (
        head
        + b"".join(struct.pack(">I", n % 2**32) for n in shape)
        + array.astype(array.dtype.newbyteorder(">")).tobytes()
    )


LABELS = np.array([5, 0, 4, 1], np.uint8)
IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("idx")


@pytest.fixture
def read(tmp_path):
    def read(content, **settings):
        (tmp_path / "t.idx").write_bytes(content)
        return read_idx(tmp_path / "t.idx", **settings)

    return read


# ---- files that are read -----------------------------------------------------------------------------------


@given(
    array=st.sampled_from(sorted(CODES)).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_side=1, max_dims=4))
    ),
    pack=st.sampled_from([bytes, gzip.compress]),
)
def test_every_type_is_read_to_the_bit(folder, array, pack):
    (folder / "any.idx").write_bytes(pack(idx(array)))
    result = read_idx(folder / "any.idx")
    assert result.dtype == array.dtype
    assert result.dtype.isnative
    assert result.flags.writeable
    assert result.shape == array.shape
    assert result.tobytes() == array.tobytes()


def test_a_file_in_two_gzip_members(read):
    content = idx(IMAGES)
    np.testing.assert_array_equal(read(gzip.compress(content[:20]) + gzip.compress(content[20:])), IMAGES)


def test_a_limit_that_is_just_kept(read):
    assert read(idx(IMAGES), max_bytes=24).shape == (2, 3, 4)
    assert read(gzip.compress(idx(IMAGES)), max_bytes=24).shape == (2, 3, 4)
    for pack in (bytes, gzip.compress):
        with pytest.raises(errors.FormatError, match="24 bytes, and at most 23 are"):
            read(pack(idx(IMAGES)), max_bytes=23)


# ---- X10: files that are not -------------------------------------------------------------------------------

GOOD = idx(IMAGES)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with two zero bytes.*got an empty file"),
        (b"\0\0\x08", "got 00 00 08"),
        (b"\1" + GOOD[1:], "begins with two zero bytes.*got 01 00 08 03"),
        (b"\0\1" + GOOD[2:], "begins with two zero bytes"),
        (b"<!DOCTYPE html>", "got 3c 21 44 4f"),
        (idx(IMAGES, code=0x0A), "0x0a is no type of IDX; expected one of 0x08, 0x09"),
        (idx(IMAGES, code=0), "0x00 is no type"),
        (idx(LABELS, shape=()), "0 axes; expected 1 to 32"),
        (b"\0\0\x08\xff" + bytes(2000), "255 axes"),
        (GOOD[:15], "ends within the header, which has 16 bytes"),
        (GOOD[:16], r"uint8 of shape \(2, 3, 4\), 24 bytes; the file has 0 after it"),
        (GOOD[:-1], "24 bytes; the file has 23 after it"),
        (GOOD + b"\0", "24 bytes; the file has (25|more) after it"),
        (idx(IMAGES, shape=(-1, 3, 4)), r"shape \(-1, 3, 4\); lengths are at least 1"),
        (idx(IMAGES, shape=(2**32 - 2, 3, 4)), r"shape \(-2, 3, 4\)"),
        (idx(IMAGES, shape=(0, 3, 4)), r"shape \(0, 3, 4\); lengths are at least 1"),
        (idx(IMAGES, shape=(2**31 - 1, 1, 1)), "2147483647 bytes"),
        (idx(IMAGES, shape=(2**31 - 1,) * 32), r"at most \d+ are possible"),
        (idx(LABELS, code=0x0E), r"float64 of shape \(4,\), 32 bytes; the file has 4"),
    ],
)  # fmt: skip
def test_wrong_files_are_refused(read, content, message, pack):  # X10
    with memory_below(5e6), pytest.raises(errors.FormatError, match=f"^t.idx: .*{message}"):
        read(pack(content))


PACKED = gzip.compress(GOOD, mtime=0)


@pytest.mark.parametrize(
    "content",
    [
        *(
            PACKED[:n]
            for n in (2, 5, 9, 12, len(PACKED) - 9, len(PACKED) - 8, len(PACKED) - 4, len(PACKED) - 1)
        ),  # truncated
        PACKED[:-8] + bytes([PACKED[-8] ^ 1]) + PACKED[-7:],  # another checksum
        PACKED[:-1] + bytes([PACKED[-1] ^ 1]),  # another length
        PACKED[:10] + b"\xff" + PACKED[11:],  # no deflated data
        PACKED[:2] + b"\7" + PACKED[3:],  # another method
        PACKED + b"garbage",
    ],
)
def test_damaged_gzip_is_named(read, content):  # X10
    with pytest.raises(errors.FormatError, match=r"^t\.idx: damaged gzip file \(.+\)\. Get it anew"):
        read(content)


def test_a_gzip_bomb_is_not_unpacked(read):  # X10
    """It says 4 bytes, or as many as there are: 32 MiB of zeros in 32 kB."""
    zeros = np.zeros(2**25, np.uint8)
    bombs = [
        (gzip.compress(idx(zeros, shape=(4,))), "4 bytes; the file has more"),
        (gzip.compress(idx(zeros)), "33554432 bytes, and at most 10000000"),
    ]
    del zeros
    for bomb, message in bombs:
        assert len(bomb) < 40_000
        with memory_below(5e6), pytest.raises(errors.FormatError, match=message):
            read(bomb, max_bytes=10_000_000)


def test_more_than_gzip_can_hold_is_refused_before_it_is_unpacked(read):  # X10
    with pytest.raises(
        errors.FormatError, match=r"1073741824 bytes, and at most \d{5} are possible in this file"
    ):
        read(gzip.compress(idx(LABELS, shape=(2**30,))))


def test_no_more_is_unpacked_than_the_header_implies(read, monkeypatch):  # X10
    asked = []
    unpack = gzip.GzipFile.read

    def counted(self, size=-1):
        asked.append(len(data := unpack(self, size)))
        return data

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    with pytest.raises(errors.FormatError, match="has more after it"):
        read(gzip.compress(idx(np.zeros(1000, np.uint8), shape=(4,))))
    assert sum(asked) == 4 + 4 + 4 + 1  # magic, one length, four numbers, and one byte that is too many


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "none.idx")


# ---- published files ---------------------------------------------------------------------------------------


@pytest.mark.skipif(not DATA, reason="TINYGRAD_EDU_DATA names no folder with the published files")
def test_mnist_is_read():
    images, labels = (
        read_idx(Path(DATA, "mnist", f"t10k-{name}-ubyte.gz")) for name in ("images-idx3", "labels-idx1")
    )
    assert images.shape == (10000, 28, 28)
    assert images.dtype == labels.dtype == np.uint8
    assert labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


# ---- damaged files -----------------------------------------------------------------------------------------

ORIGINALS = [
    GOOD,
    idx(LABELS),
    idx(np.linspace(0, 1, 50)),
    idx(np.arange(-300, 300, dtype=np.int16).reshape(6, 100)),
]
EXTREMES = [b"\0" * 1000, b"\x7f\xff\xff\xff", b"\xff" * 4]


@pytest.mark.parametrize(
    "originals",
    [ORIGINALS, [gzip.compress(content, mtime=0) for content in ORIGINALS]],
    ids=["plain", "gzip"],
)
@settings(max_examples=min(14 * settings.default.max_examples, 3400))
@given(choice=st.data())
def test_damaged_files_give_an_array_or_our_own_error(folder, originals, choice):
    content = choice.draw(damaged(originals, extremes=EXTREMES, head=20))
    (folder / "damaged.idx").write_bytes(content)
    start = time.process_time()
    complaint, size = "damaged.idx: ", 0
    with memory_below(200e6):
        try:
            size = read_idx(folder / "damaged.idx").nbytes
        except errors.FormatError as error:
            complaint = str(error)
    assert complaint.startswith("damaged.idx: ")
    assert size <= 1032 * len(content)
    assert time.process_time() - start < 1
