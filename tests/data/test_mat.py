"""Files of MATLAB: arrays of numbers by name, and nothing else."""

import io
import sys
import time

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from hypothesis import given, settings

import tinygrad_edu as tg
from tests.helpers import damaged
from tinygrad_edu import errors
from tinygrad_edu.data import read_mat, relabel

X = np.random.default_rng(0).random((5, 4))
Y = np.array([[10], [1], [2], [10], [9]], np.uint8)


def saved_as(options):
    """The bytes of a file with two variables."""
    file = io.BytesIO()
    scipy.io.savemat(file, {"x": X, "y": Y}, **options)
    return file.getvalue()


@pytest.fixture
def saved(tmp_path):
    """Save variables, and say where."""

    def saved(variables, **settings):
        scipy.io.savemat(tmp_path / "t.mat", variables, **settings)
        return tmp_path / "t.mat"

    return saved


@pytest.mark.parametrize("settings", [{}, {"do_compression": True}, {"format": "4"}])
def test_matrices_by_name(saved, settings):
    path = saved({"X": X, "y": Y, "other": X + 1}, **settings)
    y, x = read_mat(path, ["y", "X"])
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    assert x.dtype == np.float64
    assert x.flags.writeable
    assert len(read_mat(str(path), ("X",))) == 1


@pytest.mark.parametrize("dtype", ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"])
def test_all_types_of_numbers(saved, dtype):
    values = np.array([[0, 1], [1, 1], [0, 0]], dtype)
    (x,) = read_mat(saved({"x": values}), ["x"])
    np.testing.assert_array_equal(x, values)
    assert x.dtype.kind in (np.dtype(dtype).kind, "u")  # logical matrices come as uint8


@pytest.mark.parametrize("settings", [{}, {"do_compression": True}])
@pytest.mark.parametrize("shape", [(3, 4, 2, 5), (2, 3, 1, 2), (2, 0, 3)])
def test_arrays_of_any_rank(saved, shape, settings):
    values = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    x, y = read_mat(saved({"X": values, "y": Y}, **settings), ["X", "y"])
    np.testing.assert_array_equal(x, values)
    assert (x.dtype, x.shape, y.shape) == (np.uint8, shape, Y.shape)


def test_big_endian_numbers_are_made_native(saved):
    (x,) = read_mat(saved({"x": X.astype(">f8")}), ["x"])
    assert x.dtype.isnative
    np.testing.assert_array_equal(x, X)


def test_the_labels_of_the_course_have_ten_for_zero(saved):  # T11
    (y,) = read_mat(saved({"X": X, "y": Y.astype(float)}), ["y"])
    labels = relabel(y, {10: 0})
    assert labels.tolist() == [0, 1, 2, 0, 9]
    assert tg.softmax_cross_entropy(np.zeros((5, 10)), labels) == pytest.approx(np.log(10))


OTHERS = {
    "cell": np.array([[1, "a"]], object), "struct": {"a": 1}, "char": "text",
    "sparse": scipy.sparse.csc_matrix(np.eye(3)), "complex128": X * 1j,
}  # fmt: skip


@pytest.mark.parametrize("kind", OTHERS)
def test_other_things_are_refused_and_do_no_harm(saved, kind):  # X13
    path = saved({"thing": OTHERS[kind], "X": X})
    with pytest.raises(
        errors.FormatError,
        match=rf"t.mat: thing (is of class|holds) {kind}.*only (real )?arrays of numbers can be read",
    ):
        read_mat(path, ["X", "thing"])
    np.testing.assert_array_equal(read_mat(path, ["X"])[0], X)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(1, "cell"), (2, "struct"), (3, "object"), (4, "char"), (5, "sparse"), (16, "function"), (17, "opaque")],
)
def test_other_classes_are_named_by_their_codes(saved, code, kind):  # X13
    path = saved({"x": X})
    content = bytearray(path.read_bytes())
    assert content[144] == 6  # the class, double, after the header of the file and two tags
    content[144] = code
    path.write_bytes(content)
    with pytest.raises(errors.FormatError, match=rf"x is of class {kind}|damaged one"):
        read_mat(path, ["x"])


def test_version_7_3_is_refused_with_the_way_out(tmp_path):  # X13
    for start in (b"MATLAB 7.3 MAT-file, Platform: GLNXA64" + bytes(600), b"\x89HDF\r\n\x1a\n" + bytes(600)):
        (tmp_path / "t.mat").write_bytes(start)
        with pytest.raises(
            errors.FormatError, match=r"t.mat: this is a file of version 7\.3, which is HDF5.*-v7"
        ):
            read_mat(tmp_path / "t.mat", ["x"])


def test_what_is_asked_for(saved):
    path = saved({"X": X, "y": Y})
    with pytest.raises(errors.ArgumentError, match=r"t.mat: there is no variable 'x'; there are X, y"):
        read_mat(path, ["x"])
    for wrong in ("X", [], [1]):
        with pytest.raises(errors.ArgumentError, match="sequence of names"):
            read_mat(path, wrong)
    with pytest.raises(FileNotFoundError):
        read_mat(path.with_name("none.mat"), ["x"])


def test_larger_files_and_variables_than_allowed_are_refused(saved):
    path = saved({"x": np.zeros((1000, 100))}, do_compression=True)
    assert path.stat().st_size < 10_000
    with pytest.raises(errors.FormatError, match="a packed variable is larger than the 100000 bytes"):
        read_mat(path, ["x"], max_bytes=100_000)
    with pytest.raises(errors.FormatError, match=r"x has shape \(1000, 100\), more than the 200000 bytes"):
        read_mat(saved({"x": np.zeros((1000, 100), np.uint8)}, do_compression=True), ["x"], max_bytes=200_000)
    with pytest.raises(errors.FormatError, match="the file has more than 100 bytes"):
        read_mat(path, ["x"], max_bytes=100)


@pytest.mark.parametrize("settings", [{}, {"do_compression": True}])
def test_damaged_files_are_refused_by_name(saved, settings):
    path = saved({"x": X}, **settings)
    content = path.read_bytes()
    for wrong in (
        b"",
        b"no MATLAB",
        content[:100],
        content[:130],
        content[: len(content) // 2 + 64],
        content[:-1],
        bytes(500),
    ):
        path.write_bytes(wrong)
        with pytest.raises((errors.FormatError, errors.ArgumentError), match=r"^t\.mat: "):
            read_mat(path, ["x"])


ORIGINALS = [saved_as(options) for options in ({}, {"do_compression": True})]


@settings(max_examples=min(40 * settings.default.max_examples, 5000))
@given(content=damaged(ORIGINALS))
def test_bytes_that_are_not_what_they_should_be(content, tmp_path_factory):
    """SciPy's compiled reader trusts the sizes in a file, and would end the process over some of these."""
    path = tmp_path_factory.getbasetemp() / "damaged.mat"
    path.write_bytes(content)
    start = time.process_time()
    try:
        read_mat(path, ["x", "y"])
    except errors.TinygradError as error:
        assert str(error).startswith("damaged.mat: ")  # noqa: PT017  # it need not raise
    assert time.process_time() - start < 1


def test_without_scipy_the_error_names_the_extra(saved, monkeypatch):
    path = saved({"x": X})
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(ImportError, match=r"read_mat needs SciPy: pip install tinygrad_edu\[mat\]"):
        read_mat(path, ["x"])
