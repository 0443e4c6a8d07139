"""safetensors files: against the reference package in both directions,
and every kind of damage refused before anything is allocated.
"""

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as tg
from tests.helpers import memory_below
from tinygrad_edu import errors, io, nn

safetensors = pytest.importorskip("safetensors", reason="safetensors, of the test extra, is the oracle")
reference = pytest.importorskip("safetensors.numpy")

KINDS = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]
KINDS += ["c8"] * (np.lib.NumpyVersion(safetensors.__version__) >= "0.7.0")  # which older ones do not know
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(
    lambda name: name != "__metadata__"
)
ARRAYS = st.sampled_from(KINDS).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
)
DICTS = st.dictionaries(NAMES, ARRAYS, max_size=5)
TEXTS = st.dictionaries(NAMES, st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=3)


def file_of(header, data=b"", *, length=None):
    """The bytes of a file, of a header that may be anything."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(raw) if length is None else length).to_bytes(8, "little") + raw + data


def entry(dtype="F32", shape=(2,), offsets=(0, 8), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets), **more}


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape), name
        assert found[name].tobytes() == array.tobytes(), name  # to the bit: NaNs and -0.0 too


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("safetensors") / "x.safetensors"


def load(path, content, **settings):
    path.write_bytes(content)
    return io.load_safetensors(path, **settings)


# ---- the reference package ---------------------------------------------------------------------------------


@given(DICTS, TEXTS)
def test_the_reference_reads_ours_and_we_read_its(path, arrays, texts):
    io.save_safetensors(path, arrays, metadata=texts)
    same(reference.load(path.read_bytes()), arrays)
    found, metadata = io.load_safetensors(path)
    same(found, arrays)
    assert list(found) == list(arrays)
    assert metadata == texts
    # The reference package makes invalid JSON of two empty dicts.
    found, metadata = load(path, reference.save(arrays, metadata=texts or None))
    same(found, arrays)
    assert metadata == texts
    assert all(array.flags.writeable and array.flags.owndata for array in found.values())


def test_the_file_is_laid_out_as_the_reference_lays_it(path):
    arrays = {"a": np.arange(3, dtype="u1"), "b": np.arange(2.0), "c": np.ones((2, 2), "f4")}
    io.save_safetensors(path, arrays)
    begun = 8 + int.from_bytes(path.read_bytes()[:8], "little")
    theirs = reference.save(arrays)
    assert begun % 8 == 0  # so that mapped arrays are aligned
    assert path.read_bytes()[begun:] == theirs[8 + int.from_bytes(theirs[:8], "little") :]
    first = path.read_bytes()
    io.save_safetensors(path, arrays)
    assert path.read_bytes() == first


def test_BF16_becomes_float32(path):
    bits = np.array([0x3F80, 0xC000, 0x7F80, 0x7FC1, 0x8000, 0x0001], "<u2")
    expected = np.array([1, -2, np.inf, np.nan, -0.0, 2.0**-133], "f4")
    found = load(path, file_of({"x": entry("BF16", (6,), (0, 12))}, bits.tobytes()))[0]["x"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)
    assert found.view("u4")[3] == 0x7FC10000
    assert np.signbit(found[4])
    scalar = load(path, file_of({"x": entry("BF16", (), (0, 2))}, b"\x80\x3f"))[0]["x"]
    assert isinstance(scalar, np.ndarray)
    assert scalar == 1
    with pytest.raises(errors.FormatError, match="the arrays take 400000 bytes, more than max_bytes=300000"):
        load(path, file_of({"x": entry("BF16", (100_000,), (0, 200_000))}, bytes(200_000)), max_bytes=300_000)


# ---- what is saved -----------------------------------------------------------------------------------------


def test_arrays_of_any_strides_byte_order_and_sharing_are_saved(path):  # X06
    base = np.arange(12, dtype="f4").reshape(3, 4)
    arrays = {
        "T": base.T, "F": np.asfortranarray(base), "[::2]": base[:, ::2], "[::-1]": base[::-1],
        "broadcast": np.broadcast_to(base[0], (2, 4)), "big-endian": base.astype(">f4"),
        "big-endian integers": np.arange(5, dtype=">i8")[::2], "0-d": np.float32(2.5),
        "0-d array": np.array(3), "shared": base, "shared view": base[1:],
        "read-only": np.broadcast_to(np.True_, (2, 2)), "list": [[1.0, 2.0]], "number": 7,
    }  # fmt: skip
    expected = {
        name: np.array(array, dtype=np.asarray(array).dtype.newbyteorder("="), order="C")
        for name, array in arrays.items()
    }
    io.save_safetensors(path, arrays)
    same(io.load_safetensors(path)[0], expected)
    same(reference.load_file(path), expected)
    found = io.load_safetensors(path)[0]
    found["shared"][...] = 0
    assert found["shared view"].any()  # they are apart now


def test_tensors_and_modules_are_saved_as_their_values(path):
    model = nn.Sequential(nn.Linear(3, 2, rng=0), nn.BatchNorm1d(2))
    io.save_safetensors(path, model)
    same(reference.load_file(path), model.state_dict())
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    io.save_safetensors(path, {"x": x, "y": x * 2})
    same(io.load_safetensors(path)[0], {"x": np.array([1.0, 2]), "y": np.array([2.0, 4])})


@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        (
            {"z": np.zeros(2, complex)},
            errors.DTypeError,
            "'z' is of dtype complex128; the format takes float64, float32.*save_npz",
        ),
        ({"s": np.array(["a"])}, errors.DTypeError, "'s' is of dtype <U1"),
        ({"o": np.array([{}])}, errors.DTypeError, "'o' is of dtype object"),
        ({"n": None}, errors.DTypeError, "'n' is of dtype object"),
        ({"g": np.zeros(2, np.longdouble)}, errors.DTypeError, "'g' is of dtype"),
        ({"r": [[1], [1, 2]]}, errors.ShapeError, "'r': an array has rows of one length"),
        ({"m": np.ma.array([1, 2], mask=[0, 1])}, errors.DTypeError, "'m': masked arrays are not supported"),
        ({3: np.zeros(2)}, errors.ArgumentError, "names are strings; got 3"),
        ({"__metadata__": np.zeros(2)}, errors.ArgumentError, "the format keeps for itself"),
        ({"\ud800": np.zeros(2)}, errors.ArgumentError, "half of one"),
        ([np.zeros(2)], errors.ArgumentError, "takes a dict of arrays by name"),
    ],
    ids=str,
)
def test_what_cannot_be_saved_leaves_the_file_as_it_was(tmp_path, arrays, error, message):
    if message == "'g' is of dtype" and np.longdouble is np.float64:
        pytest.skip("long doubles are doubles here")
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with pytest.raises(error, match=message):
        io.save_safetensors(path, {"first": np.zeros(3), **arrays} if isinstance(arrays, dict) else arrays)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_metadata_are_texts(path):
    for wrong in ({"step": 3}, {3: "step"}):
        with pytest.raises(errors.ArgumentError, match="metadata are strings by strings"):
            io.save_safetensors(path, {}, metadata=wrong)
    with pytest.raises(errors.ArgumentError, match=r"the format allows 100000000\. Put numbers into arrays"):
        io.save_safetensors(path, {}, metadata={"x": "x" * 100_000_000})


# ---- what is refused ---------------------------------------------------------------------------------------

EIGHT = bytes(8)
# fmt: off
X05 = {  # the file, and what the message says
    "empty":               (b"", "it has 0 bytes"),
    "7 bytes":             (bytes(7), "it has 7 bytes, and the length of the header alone takes 8"),
    "no header":           (file_of(b""), "begins with ''"),
    "length 2^60":         (file_of(b"{}", length=2**60), f"declares a header of {2**60} bytes; 2 are possible"),
    "length 2^64-1":       (file_of(b"{}", length=2**64 - 1), "declares a header of"),
    "length of one more":  (file_of(b"{}", length=3), "declares a header of 3 bytes; 2 are possible"),
    "truncated header":    (file_of({"x": entry()}, EIGHT)[:30], "declares a header of"),
    "truncated data":      (file_of({"x": entry()}, bytes(7)), "the arrays take 8 bytes, and the file has 7"),
    "extra data":          (file_of({"x": entry()}, bytes(9)), "the arrays take 8 bytes, and the file has 9"),
    "overlap":             (file_of({"x": entry(), "y": entry(offsets=(4, 12))}, bytes(12)), "overlaps the one before it"),
    "same range":          (file_of({"x": entry(), "y": entry()}, EIGHT), "overlaps the one before it"),
    "hole":                (file_of({"x": entry(), "y": entry(offsets=(12, 20))}, bytes(20)), "leaves a gap before it"),
    "hole at first":       (file_of({"x": entry(offsets=(4, 12))}, bytes(12)), "leaves a gap before it"),
    "range too short":     (file_of({"x": entry(shape=(3,))}, EIGHT), r"F32 of shape \(3,\) takes 12 bytes; data_offsets are \[0, 8\]"),
    "range reversed":      (file_of({"x": entry(offsets=(8, 0))}, EIGHT), "takes 8 bytes"),
    "negative offset":     (file_of({"x": entry(offsets=(-8, 0))}, EIGHT), "data_offsets are two numbers of at least 0"),
    "offset not whole":    (file_of({"x": entry(offsets=(0, 8.0))}, EIGHT), "data_offsets are two numbers"),
    "three offsets":       (file_of({"x": entry(offsets=(0, 8, 8))}, EIGHT), "data_offsets are two numbers"),
    "shape overflow":      (file_of({"x": entry(shape=(2**62, 4))}, EIGHT), "no array has the shape"),
    "shape overflow to 8": (file_of({"x": entry(shape=(2**32, 2**32, 2))}, EIGHT), "no array has the shape"),
    "length above 2^63":   (file_of({"x": entry(shape=(2**64 + 2,))}, EIGHT), "at least 0 and below"),
    "length of 4000 digits": (file_of({"x": entry(shape=(10**4000,))}, EIGHT), "at least 0 and below"),
    "negative length":     (file_of({"x": entry(shape=(-2,))}, EIGHT), "at least 0 and below"),
    "length not whole":    (file_of({"x": entry(shape=(2.0,))}, EIGHT), "at least 0 and below"),
    "length true":         (file_of({"x": entry(shape=(True, 2))}, EIGHT), "at least 0 and below"),
    "shape no list":       (file_of({"x": {**entry(), "shape": 2}}, EIGHT), "a shape is a list of lengths; got 2"),
    "unknown dtype":       (file_of({"x": entry("F128")}, EIGHT), "has the dtype 'F128'; this reader knows F64, F32"),
    "dtype no text":       (file_of({"x": entry(["F32"])}, EIGHT), r"has the dtype \['F32'\]"),
    "missing shape":       (file_of({"x": {"dtype": "F32", "data_offsets": [0, 8]}}, EIGHT), "expected dtype, shape and data_offsets"),
    "entry no object":     (file_of({"x": 3}, EIGHT), "expected dtype, shape and data_offsets"),
    "bad UTF-8":           (file_of(b'{"\xff": 1}'), "is not UTF-8"),
    "half a character":    (file_of(b'{"\\ud800": {"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', EIGHT), "half a character"),
    "no JSON":             (file_of(b'{"x": '), "is not valid JSON"),
    "a list":              (file_of(b"[]"), "begins with '\\[\\]' and not with a brace"),
    "NaN":                 (file_of(b'{"x": NaN}'), "NaN is no number of JSON"),
    "deep":                (file_of(b'{"x": ' + b"[" * 100_000), "is not valid JSON"),
    "metadata of numbers": (file_of({"__metadata__": {"step": 3}}), "__metadata__ is an object of texts"),
    "metadata a text":     (file_of({"__metadata__": "step"}), "__metadata__ is an object of texts"),
}
STRICTER = {  # which the reference accepts, or knows
    "blank at first":      (file_of(b" {}"), "not with a brace"),
    "duplicate names":     (file_of(b'{"x":%b,"x":%b}' % ((json.dumps(entry()).encode(),) * 2), EIGHT), "the key 'x' comes twice"),
    "duplicate metadata":  (file_of(b'{"__metadata__":{"a":"1","a":"2"}}'), "the key 'a' comes twice"),
    "unknown key":         (file_of({"x": entry(strides=[4])}, EIGHT), "and nothing else"),
    "boolean of 2":        (file_of({"x": entry("BOOL", (2,), (0, 2))}, b"\1\2"), "a boolean is neither 0 nor 1"),
    "8-bit floats":        (file_of({"x": entry("F8_E4M3", (8,))}, EIGHT), "has the dtype 'F8_E4M3'"),
    "complex128":          (file_of({"x": entry("C128", (1,), (0, 16))}, EIGHT * 2), "has the dtype 'C128'"),
}
# fmt: on


@pytest.mark.parametrize(("content", "message"), [*X05.values(), *STRICTER.values()], ids=[*X05, *STRICTER])
def test_damage_is_refused_before_anything_is_allocated(path, content, message):  # X05
    path.write_bytes(content)
    with memory_below(20_000_000), pytest.raises(errors.FormatError, match=message) as caught:
        io.load_safetensors(path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("content", [content for content, _ in X05.values()], ids=X05)
def test_the_reference_refuses_it_too(content):  # X05
    with pytest.raises(Exception, match=r".") as caught:
        reference.load(content)
    assert type(caught.value).__name__ == "SafetensorError"


def test_a_header_above_100_MB_is_refused(tmp_path):  # X05
    path = tmp_path / "x"
    with open(path, "wb") as file:
        file.write((100_000_001).to_bytes(8, "little") + b"{}")
        file.truncate(100_000_100)  # a file with a hole: it takes no room on the disk
    with pytest.raises(
        errors.FormatError, match="declares a header of 100000001 bytes; 100000000 are possible"
    ):
        io.load_safetensors(path)


def test_a_header_too_long_for_the_memory_that_is_allowed_is_refused(path):  # X05
    content = file_of({"__metadata__": {"x": "x" * 10_000}})
    assert load(path, content, max_bytes=200_000)[1] == {"x": "x" * 10_000}
    with pytest.raises(
        errors.FormatError, match=r"a header of 100\d\d bytes; 6250 are possible in .* max_bytes=100000"
    ):
        load(path, content, max_bytes=100_000)


@pytest.mark.parametrize(
    ("content", "shape"),
    [
        (file_of(json.dumps({"x": entry()}).encode() + b"   ", EIGHT), (2,)),
        (file_of({"x": entry(shape=(), offsets=(0, 4))}, bytes(4)), ()),
        (file_of({"x": entry(shape=(0, 3), offsets=(0, 0))}), (0, 3)),
        (
            file_of(
                {"y": entry(), "x": entry(shape=(0,), offsets=(8, 8)), "z": entry(offsets=(8, 16))}, bytes(16)
            ),
            (0,),
        ),
    ],
)
def test_trailing_blanks_and_arrays_of_no_axes_or_no_elements_are_accepted(path, content, shape):  # X05
    found = load(path, content)[0]["x"]
    assert isinstance(found, np.ndarray)
    assert found.shape == shape
    assert not found.any()
    assert load(path, file_of(b"{}")) == ({}, {})


def test_a_file_above_the_limit_is_not_read(path):
    io.save_safetensors(path, {"x": np.zeros(1000)})
    assert io.load_safetensors(path, max_bytes=10_000)[0]["x"].shape == (1000,)
    with pytest.raises(errors.FormatError, match="the file has more than 8000 bytes; max_bytes= allows more"):
        io.load_safetensors(path, max_bytes=8000)


def test_names_are_not_paths(tmp_path):  # X17
    folder = tmp_path / "inside"
    folder.mkdir()
    names = ["../evil", "/tmp/evil", "a/b", "..", "C:\\evil", "x\ny"]
    io.save_safetensors(folder / "x", {name: np.zeros(1) for name in names})
    assert list(io.load_safetensors(folder / "x")[0]) == names
    assert os.listdir(folder) == ["x"]
    assert os.listdir(tmp_path) == ["inside"]


def test_there_must_be_a_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        io.load_safetensors(tmp_path / "x")
    with pytest.raises(errors.FormatError, match="is a folder or a device"):
        io.load_safetensors(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")  # which would wait for a writer
        with pytest.raises(errors.FormatError, match="is a folder or a device"):
            io.load_safetensors(tmp_path / "pipe")
