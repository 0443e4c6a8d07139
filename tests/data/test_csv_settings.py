"""Files of other habits: encodings, marks in numbers, comments, lines before the table, gzip.

The oracle is pandas, and what stands in the file.
"""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import errors
from tinygrad_edu.data import read_csv
from tinygrad_edu.data.files.number_rows import NumberRows


@pytest.fixture
def read(tmp_path):
    """Read a file of these bytes."""

    def read(content, **settings):
        (tmp_path / "t.csv").write_bytes(content)
        return read_csv(tmp_path / "t.csv", **settings)

    return read


EXCEL = "# Stand 2024\nOrt;Preis;Fläche\nKöln;1.234.567,50;80\nMünchen;k.A.;1.000,5\nUlm;-0,5;1e3\n"
HABITS = {"delimiter": ";", "decimal": ",", "thousands": ".", "missing": ("", "k.A.")}


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_german_export(read, encoding, packed):
    content = EXCEL.encode(encoding)
    content = gzip.compress(content) if packed else content
    for settings in ({"skip_rows": 1}, {"comment": "#"}):
        table = read(content, encoding=encoding, **HABITS, **settings)
        assert table.names == ("Ort", "Preis", "Fl\u00e4che")
        assert table.labels("Ort").tolist() == ["K\u00f6ln", "M\u00fcnchen", "Ulm"]
        expected = [[1234567.5, 80], [np.nan, 1000.5], [-0.5, 1000]]
        np.testing.assert_array_equal(table.numbers(["Preis", 2]), expected)
        assert table.column("Preis")[0] == "1.234.567,50"  # text is what stands in the file
        assert table.rows[0].line == 3
        np.testing.assert_array_equal(table.drop_missing().numbers("Preis"), [1234567.5, -0.5])


def test_pandas_reads_the_same(read, tmp_path):
    pandas = pytest.importorskip("pandas")
    settings = {"decimal": ",", "thousands": ".", "encoding": "cp1252", "comment": "#"}
    table = read(EXCEL.encode("cp1252"), **HABITS | settings)
    frame = pandas.read_csv(tmp_path / "t.csv", sep=";", na_values=["k.A."], **settings)
    np.testing.assert_array_equal(table.numbers([1, 2]), frame.iloc[:, 1:].to_numpy(float))


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=5))
def test_numbers_come_back_however_they_are_written(tmp_path_factory, numbers):
    path = tmp_path_factory.getbasetemp() / "numbers.csv"
    for thousands, decimal in (("_", ","), ("'", "."), (" ", ","), (".", ",")):
        swap = str.maketrans({",": thousands, ".": decimal})
        path.write_text("x\n" + "".join(f"{number:,.4f}\n".translate(swap) for number in numbers))
        found = read_csv(path, delimiter=";", header=True, decimal=decimal, thousands=thousands).numbers("x")
        assert found.tolist() == [float(f"{number:.4f}") for number in numbers]


@pytest.mark.parametrize(
    "cell", ["1.5", "12.34,5", "1.2345", ",", "1,5,", "1,5 ", ".123", "1e5,5", "--1", "x"]
)
def test_what_is_no_number_there_is_refused(read, cell):
    table = read(f"a;b\n0;{cell}\n".encode(), delimiter=";", header=True, decimal=",", thousands=".")
    if cell == "1,5 ":  # whose space is no part of the cell
        assert table.numbers("b")[0] == 1.5
        return
    with pytest.raises(errors.FormatError, match=r"line 2, column 2 \(b\): expected a number"):
        table.numbers("b")


def test_whole_numbers_among_marks(read):
    table = read(b"a\n1,234\n12\n", delimiter=";", header=True, thousands=",")
    assert table.numbers("a", dtype=np.int64).tolist() == [1234, 12]
    with pytest.raises(errors.FormatError, match=r"read_csv\(…, thousands=','\)"):
        read(b"a;b\n1,234,567;1\n", delimiter=";").numbers("a")


def test_comments(read):
    content = b'#by hand\na,b # names\n1,2\n # between\n3,"# no comment" # but this\n\n#end'
    table = read(content, comment="#", header=True)
    assert table.names == ("a", "b")
    assert [row.cells for row in table.rows] == [("1", "2"), ("3", "# no comment")]
    assert [row.line for row in table.rows] == [3, 5]
    assert read(b"a\n1\n#x\n\n2\n", comment="#", header=True).column("a") == ["1", None, "2"]


def test_lines_before_the_table(read):
    for end in (b"\n", b"\r\n", b"\r"):
        table = read(end.join([b'A "title', b"by, me", b"a,b", b"1,2", b"3,4"]), skip_rows=2)
        assert table.names == ("a", "b")
        assert [row.line for row in table.rows] == [4, 5]
        assert table.numbers("b").tolist() == [2, 4]
    with pytest.raises(errors.FormatError, match="empty"):
        read(b"a\n1\n", skip_rows=3)
    with pytest.raises(errors.FormatError, match=r"line 2: expected 1 cell.*skip_rows=1.*pandas\.read_csv"):
        read(b"title\na,b\n1,2\n")


def test_files_of_numbers_stay_fast(read):
    for content, settings in (
        (b"# x\n# y\n1,2\n3,4.5\n", {"comment": "#"}),
        (b"title, too\n\na,b\n1,2\n3,4\n", {"skip_rows": 1}),
        (b"1;2\n3;4\n", {"delimiter": ";", "decimal": ",", "header": False}),
        (gzip.compress(b"1.5,2\n3,4\n"), {}),
    ):
        assert isinstance(read(content, **settings)._rows, NumberRows)
    table = read(b"1.5;2\n3;4\n", delimiter=";", decimal=",", header=False)
    with pytest.raises(errors.FormatError, match=r"expected a number, got '1\.5'"):
        table.numbers()


def test_gzip_that_is_damaged_or_a_bomb(read):
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 100_000)
    for wrong in (packed[:-9], packed[:100], packed[:20] + b"xx" + packed[22:]):
        with pytest.raises(errors.FormatError, match=r"t\.csv: damaged gzip"):
            read(wrong)
    with pytest.raises(errors.FormatError, match="unpacked, the file has more than 10000 bytes"):
        read(packed, max_bytes=10_000)


# fmt: off
@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"encoding": "klingon"}, errors.ArgumentError, "no encoding 'klingon'"),
        ({"encoding": None}, errors.ArgumentError, "no encoding None"),
        ({"decimal": ""}, errors.ArgumentError, "decimal is a single character"),
        ({"decimal": "5"}, errors.ArgumentError, "decimal is a single character, and no digit"),
        ({"decimal": None}, errors.ArgumentError, "decimal is a single character"),
        ({"decimal": ",", "thousands": ","}, errors.ArgumentError, "decimal and thousands are both ','"),
        ({"thousands": "e"}, errors.ArgumentError, "thousands='e' has another meaning"),
        ({"comment": "-"}, errors.ArgumentError, "comment='-' has another meaning"),
        ({"comment": ","}, errors.ArgumentError, "comment=',' has another meaning"),
        ({"comment": "//"}, errors.ArgumentError, "comment is a single character"),
        ({"skip_rows": -1}, errors.ArgumentError, "skip_rows is a whole number, at least 0"),
        ({"encoding": "ascii"}, errors.FormatError, "line 2: byte 0xc3 is not ascii"),
        ({"encoding": "utf-16-le"}, errors.FormatError, "is not utf-16-le|cannot be told|empty"),
    ],
)
def test_settings_that_have_no_meaning(read, settings, error, message):
    with pytest.raises(error, match=message):
        read("a,b\n\u00e9,2\n1,22".encode(), **settings)
# fmt: on


def test_another_encoding_is_advised(read):
    with pytest.raises(errors.FormatError, match=r'byte 0xfc is not UTF-8.*encoding="cp1252"'):
        read("a\nM\u00fcnchen\n".encode("cp1252"))
