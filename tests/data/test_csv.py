"""CSV files and tables: every odd file has a defined reading or an error that names file, line and column."""

import csv
import gc
import io
import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.helpers import damaged, memory_below
from tinygrad_edu import errors
from tinygrad_edu.data import LabelEncoder, Table, read_csv
from tinygrad_edu.data.files.table import Row

DATA = os.environ.get("TINYGRAD_EDU_DATA", "")
published = pytest.mark.skipif(not DATA, reason="TINYGRAD_EDU_DATA names no folder with the published files")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("csv")


@pytest.fixture
def read(tmp_path):
    """Read text, or bytes, from a file called t.csv."""

    def read(content, **settings):
        path = tmp_path / "t.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_csv(path, **settings)

    return read


# ---- X12: files that are read ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "names", "values"),
    [
        ("a,b\n1,2\n3,4\n", ("a", "b"), [[1, 2], [3, 4]]),
        ("1,2\n3,4", ("column 1", "column 2"), [[1, 2], [3, 4]]),
        ("a\n1\n2\n", ("a",), [[1], [2]]),  # one column
        ("1,2,3\n", ("column 1", "column 2", "column 3"), [[1, 2, 3]]),  # one row: of two axes all the same
        ("5", ("column 1",), [[5]]),
        ("\ufeffa,b\n1,2\n", ("a", "b"), [[1, 2]]),  # a byte order mark is no part of the name
        ("\ufeff1,2\n", ("column 1", "column 2"), [[1, 2]]),
        ("a,b\r\n1,2\r\n3,4\r\n", ("a", "b"), [[1, 2], [3, 4]]),
        ("a,b\r1,2\r3,4", ("a", "b"), [[1, 2], [3, 4]]),
        ("\n\na,b\n1,2\n\n \n", ("a", "b"), [[1, 2]]),  # empty lines around the table
        ("a, b\n 1 ,\t2\n", ("a", "b"), [[1, 2]]),
        ('"a","b,c"\n"1","2"\n', ("a", "b,c"), [[1, 2]]),
        ('a, "b,c"\n1, "2"\n', ("a", "b,c"), [[1, 2]]),
        ('"say ""x"""\n1\n', ('say "x"',), [[1]]),
        ('"two\nlines",b\n1,2\n', ("two\nlines", "b"), [[1, 2]]),
        (",b\n1,2\n", ("column 1", "b"), [[1, 2]]),  # a header that lacks a name
        ("a,b\n-1.5e-3,+.5\n2.,1E2\n", ("a", "b"), [[-0.0015, 0.5], [2, 100]]),
        ("a,b\n1,\n?,NA\nnan,NaN\n", ("a", "b"), [[1, np.nan], [np.nan, np.nan], [np.nan, np.nan]]),
        ("a\n1\n\n3\n", ("a",), [[1], [np.nan], [3]]),  # an empty line of one column
    ],
)
def test_numbers_texts_and_quotes_are_read(read, content, names, values):  # X12
    table = read(content)
    assert table.names == names
    assert len(table) == len(values)
    np.testing.assert_array_equal(table.numbers(), values)
    assert table.numbers().ndim == 2


def test_hashes_are_characters(read):  # X12
    table = read("name,n\n#1,1\na#b,2\n")
    assert table.column("name") == ["#1", "a#b"]
    with pytest.raises(errors.FormatError, match=r"t.csv, line 2: expected 1 cell as in line 1, got 2"):
        read("# made by hand\n1,2\n")


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ("abc", "read_csv"), ("1_000", ""), ("0x10", ""), ("inf", ""), ("-Infinity", ""), ("1e999", ""),
        ("1 000", ""), ("--1", ""), ("1e", ""), (".", ""), ("٣", ""), ("#5", ""), ("1#", ""), ("True", ""),
        ("1.2.3", ""), ('"1,5"', "Decimal commas"), ('"1,000"', "commas between thousands"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_named(read, cell, hint):  # X12
    table = read(f"a,b\n1,2\n3,{cell}\n") if cell != "abc" else read(f"a,b\n1,2\n3,{cell}\n", header=True)
    with pytest.raises(errors.FormatError) as caught:
        table.numbers()
    text = cell.strip('"')
    assert str(caught.value).startswith(f"t.csv, line 3, column 2 (b): expected a number, got {text!r}.")
    assert hint in str(caught.value)
    assert table.column("b") == ["2", text]  # it is text, though


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"t\.csv: the file is empty"),
        ("\n\r\n \n", r"t\.csv: the file is empty"),
        ("\ufeff", r"t\.csv: the file is empty"),
        ("a,b\n", r"t\.csv: it cannot be told whether line 1 has the names"),
        ("a,b\n1,2\n3\n", r"t\.csv, line 3: expected 2 cells as in line 1, got 1"),
        ("a,b\n1,2\n3,4,5\n", r"t\.csv, line 3: expected 2 cells as in line 1, got 3"),
        ('a,b\n"1\n2",3\n4\n', r"t\.csv, line 4: expected 2 cells"),  # lines of the file, not rows
        ("a,b\n1,2\n\n3,4\n", r"t\.csv, line 3: expected 2 cells as in line 1, got 0"),
        ('a,b\n1,2\n3,"4\n5,6\n', r"t\.csv, line 3: unexpected end of data.*quote that does not end"),
        ('a,b\n1,"2"3\n', r"t\.csv, line 2: ',' expected after '\"'"),
        ("a;b\n1.5;x\n", r"it cannot be told.*is its delimiter ';'\? Say delimiter=…; if not, header=True"),
        (
            "a;b\n1,5;x\n",
            r"t\.csv, line 2: expected 1 cell as in line 1, got 2. The file has one column: is its delimiter "
            r"';'\?",
        ),
        ("a,a\n1,2\n", r"t\.csv: columns 1 and 2 are both called 'a'.*columns="),
        (
            "x,y\nz,w\n",
            r"cannot be told whether line 1 has the names of the columns. Say header=True or header=False",
        ),
        (b"a,b\n1,2\n3,caf\xe9\n", r"t\.csv, line 3: byte 0xe9 is not UTF-8"),
        ("a\n1\n".encode("utf-16"), r"t\.csv: this is text in UTF-16.*encoding=\"utf-16\""),
        (b"\x1f\x8b\x08\x00abc", r"t\.csv: damaged gzip file"),
        (b"PK\x03\x04abc", r"t\.csv: this is an archive or a workbook"),
        (b"a\n1\n\0\n", r"t\.csv, line 3: a zero byte"),
        ("a,b\n1," + "9" * 200_000, r"t\.csv, line 2: field larger than field limit"),
    ],
)
def test_ambiguous_files_are_refused(read, content, message):  # X12
    with pytest.raises(errors.FormatError, match=message):
        read(content)


def test_a_header_alone_is_refused(read):  # X12
    with pytest.raises(errors.FormatError, match="there is a header, and no row after it"):
        read("a,b\n", header=True)
    assert read("a,b\n", header=False).column(1) == ["b"]


def test_missing_cells_are_named_counted_and_filled(read):  # X12
    table = read("a,b,c\n1,,x\n2,3,\n", missing=("",))
    assert table.column("c") == ["x", None]
    assert table.missing() == {"b": 1, "c": 1}
    np.testing.assert_array_equal(table.numbers("b"), [np.nan, 3])
    np.testing.assert_array_equal(table.numbers("b", missing=-1), [-1, 3])
    np.testing.assert_array_equal(table.numbers("b", missing=-1, dtype=int), [-1, 3])
    for settings_ in ({"missing": None}, {"dtype": np.int64}):
        with pytest.raises(
            errors.FormatError, match=r"t.csv, line 2, column 2 \(b\): a value is missing.*drop_missing"
        ):
            table.numbers("b", **settings_)
    with pytest.raises(errors.FormatError, match=r"t.csv, line 3, column 3 \(c\): a label is missing"):
        table.labels("c")
    assert table.labels("c", missing="none").tolist() == ["x", "none"]
    assert table.drop_missing(["b"]).column("a") == ["2"]
    assert len(table.drop_missing()) == 0
    assert table.drop_missing().numbers().shape == (0, 3)
    assert table.drop_missing().labels("c").shape == (0,)
    assert read("a\nNA\n-9\n1\n", missing=("-9",), header=True).column(0) == ["NA", None, "1"]


def test_a_line_is_that_of_the_file_after_rows_are_dropped(read):
    table = read('a,b\n?,1\n"2\n",x\n', header=True).drop_missing()
    with pytest.raises(errors.FormatError, match="line 3, column 2"):
        table.numbers("b")


# ---- settings ----------------------------------------------------------------------------------------------


def test_delimiters_quotes_and_names(read):
    assert read("a;b\n1,5;2\n", delimiter=";", header=True).column("a") == ["1,5"]
    with pytest.raises(errors.FormatError, match=r"line 2, column 1.*Decimal commas"):
        read("a;b\n1,5;2\n", delimiter=";").numbers()
    with pytest.raises(errors.FormatError, match="one column: is its delimiter ';'"):
        read("1;2\n3;4\n", header=False).numbers()
    with pytest.raises(errors.FormatError, match="If line 1 has the names of the columns: header=True"):
        read("u,v\n1,2\n", header=False).numbers()
    assert read("a b\n1 2\n", delimiter=" ").numbers().tolist() == [[1, 2]]
    assert read("a\tb\n1\t2\n", delimiter="\t").numbers().tolist() == [[1, 2]]
    assert read("'a,b',c\n1,2\n", quotechar="'").names == ("a,b", "c")
    assert read("2019,2020\n1,2\n", header=True).names == ("2019", "2020")
    assert read("1,2\n", columns=np.array(["u", "v"])).names == ("u", "v")
    assert read("1,2\n", columns=["u", "v"]).names == ("u", "v")
    assert read("a,b\n1,2\n", columns=["u", "v"]).numbers("v").tolist() == [2]
    with pytest.raises(errors.FormatError, match="3 names were given, and the file has 2 columns"):
        read("1,2\n", columns=list("abc"))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"header": "yes"}, "header is"), ({"delimiter": ";;"}, "delimiter is a single character"),
        ({"delimiter": "\n"}, "delimiter is"), ({"quotechar": ""}, "quotechar is"),
        ({"delimiter": '"'}, "are both"), ({"missing": "NA"}, "missing is a sequence of texts; got 'NA'"),
        ({"columns": [1]}, "columns is a sequence of texts"),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused(read, setting, message):
    with pytest.raises(errors.ArgumentError, match=message):
        read("1,2\n", **setting)


def test_files_that_are_too_large_or_none(read, tmp_path):
    content = "a\n" + "1\n" * 49
    assert len(read(content, max_bytes=100)) == 49
    with pytest.raises(errors.FormatError, match="more than 99 bytes; max_bytes= allows more"):
        read(content, max_bytes=99)
    with pytest.raises(FileNotFoundError):
        read_csv(tmp_path / "none.csv")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="the system has no endless file")
def test_an_endless_file_is_read_to_the_limit():
    with pytest.raises(errors.FormatError, match="zero: the file has more than 1000 bytes"):
        read_csv("/dev/zero", max_bytes=1000)


# ---- tables ------------------------------------------------------------------------------------------------


def test_columns_by_name_and_place(read):
    table = read("a,b,c\n1,2,x\n3,4,y\n")
    assert table.numbers(["b", "a"]).tolist() == [[2, 1], [4, 3]]
    assert table.numbers(range(2)).tolist() == [[1, 2], [3, 4]]
    assert table.numbers(-2).tolist() == table.numbers("b").tolist() == [2, 4]
    assert table.labels(-1).tolist() == ["x", "y"]
    assert table.numbers([]).shape == (2, 0)
    for wrong in ("d", 3, -4):
        with pytest.raises(errors.ArgumentError, match=r"no column .*there are 3: a, b, c"):
            table.column(wrong)
    with pytest.raises(errors.ArgumentError, match=r"by its name or its place; got 1\.5"):
        table.numbers([1.5])


def test_numbers_have_the_dtype_that_is_asked_for_or_do_not_fit(read):
    table = read("a,b\n1.0,300\n2e0,9007199254740993\n")
    assert table.numbers(dtype=np.float32).dtype == np.float32
    assert table.numbers("a", dtype=np.int32).tolist() == [1, 2]
    assert table.numbers("b", dtype=np.int64).tolist() == [300, 9007199254740993]
    with pytest.raises(errors.FormatError, match=r"line 2, column 2 \(b\): '300' does not fit into uint8"):
        table.numbers("b", dtype=np.uint8)
    with pytest.raises(errors.FormatError, match=r"'1\.5' does not fit into int64"):
        read("1.5\n").numbers(dtype=int)
    with pytest.raises(errors.FormatError, match="'1e39' does not fit into float32"):
        read("1e39\n").numbers(dtype=np.float32)
    with pytest.raises(errors.ArgumentError, match="floating or integer; got dtype"):
        table.numbers(dtype=str)


def test_the_repr_shows_the_first_rows(read):
    rows = "".join(f"{i},{'x' * 40}\n" for i in range(9))
    assert repr(read("n,text\n" + rows)).splitlines() == [
        "n  text", *(f"{i}  {'x' * 23}…" for i in range(5)), "…", "[9 rows, 2 columns: t.csv]",
    ]  # fmt: skip
    assert repr(Table("t", ["a"], [Row((None,), 1)])) == "a\n·\n[1 row, 1 column: t]"


@given(
    cells=st.integers(1, 4).flatmap(
        lambda d: st.lists(
            st.lists(st.text("ab ,\"'\n;#é1.", min_size=1), min_size=d, max_size=d), min_size=1, max_size=6
        )
    ),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_csv_module_writes_is_read(folder, cells, newline):
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator=newline).writerows(cells)
    (folder / "written.csv").write_text(file.getvalue(), encoding="utf-8", newline="")
    stripped = [tuple(cell.strip() for cell in row) for row in cells]
    while len(cells[0]) == 1 and stripped and stripped[-1] == ("",):
        stripped.pop()
    while len(cells[0]) == 1 and stripped and stripped[0] == ("",):
        stripped.pop(0)
    if stripped:
        table = read_csv(folder / "written.csv", header=False, missing=())
        assert [row.cells for row in table.rows] == stripped


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_floats_are_read_to_the_bit(folder, values):
    (folder / "floats.csv").write_text("".join(f"{v!r}\n" for v in values))
    np.testing.assert_array_equal(read_csv(folder / "floats.csv").numbers(0), values)


@given(text=st.text("0123456789+-.eE_xna \t", max_size=8))
@example("1_0")
def test_numbers_are_those_of_float_and_nothing_else(text):
    try:
        expected = float(text) if "_" not in text else None
    except ValueError:
        expected = None
    if expected is not None and not np.isfinite(expected):
        expected = None
    table = Table("t", ["a"], [Row((text.strip(),), 1)])
    try:
        ours = table.numbers(0)[0]
    except errors.FormatError:
        ours = None
    assert ours == expected


# ---- published files ---------------------------------------------------------------------------------------


@published
def test_wheat_seeds_are_read():
    table = read_csv(Path(DATA, "wheat-seeds", "wheat-seeds.csv"))
    x, y = table.numbers(range(7)), table.numbers(7, dtype=np.int64)
    np.testing.assert_array_equal(
        table.numbers(), np.loadtxt(Path(DATA, "wheat-seeds", "wheat-seeds.csv"), delimiter=",")
    )
    assert x.shape == (210, 7)
    assert np.bincount(y).tolist() == [0, 70, 70, 70]


@published
def test_cleveland_heart_disease():
    table = read_csv(Path(DATA, "cleveland", "processed.cleveland.data"))
    assert (len(table), sum(table.missing().values())) == (303, 6)
    assert np.bincount(table.numbers(-1, dtype=np.int64)).tolist() == [164, 55, 36, 35, 13]
    complete = table.drop_missing()
    assert complete.numbers().shape == (297, 14)
    assert np.isfinite(complete.numbers()).all()
    assert np.isnan(table.numbers()).sum() == 6


@published
def test_titanic_is_read():
    table = read_csv(Path(DATA, "titanic", "titanic.csv"))
    assert len(table) == 891
    assert len(table.names) == 12
    assert table.missing() == {"Age": 177, "Cabin": 687, "Embarked": 2}
    assert np.bincount(table.numbers("Survived", dtype=np.int64)).tolist() == [549, 342]
    assert table.column("Name")[0] == "Braund, Mr. Owen Harris"
    assert LabelEncoder().fit(table.labels("Sex")).classes == ["female", "male"]
    with pytest.raises(
        errors.FormatError,
        match=r"titanic.csv, line 2, column 4 \(Name\): expected a number, got 'Braund, Mr\. Owen H",
    ):
        table.numbers()


@published
def test_iris_is_read():
    table = read_csv(Path(DATA, "iris", "iris.csv"))
    assert table.numbers(range(4)).shape == (150, 4)
    assert np.unique(table.labels(-1), return_counts=True)[1].tolist() == [50, 50, 50]
    for name, rows in (("irisTrainData.txt", 120), ("irisTestData.txt", 30)):
        values = read_csv(Path(DATA, "iris", name)).numbers()
        np.testing.assert_array_equal(values, np.loadtxt(Path(DATA, "iris", name), delimiter=","))
        assert values.shape == (rows, 7)


# ---- damaged files -----------------------------------------------------------------------------------------

ORIGINALS = [
    b"a,b,c\n1,2,x\n3,,y\n4.5,-1e3,z\n",
    b"\xef\xbb\xbf1.5,2\r\n3,4\r\n",
    b'name,age\n"Braund, Mr. ""O""",22\n"two\nlines",\n',
    "größe;wert\n1,5;?\n2;NA\n".encode(),
    b"1\n2\n\n3\n" * 50,
]
EXTREMES = [b'"', b",", b"\n", b"\r", b"\0", b"9" * 400, b"\xff\xff\xff\xff"]


def complaint_of(ask):
    """The message of the FormatError that a function raises, or nothing."""
    try:
        ask()
    except errors.FormatError as error:
        return str(error)
    return ""


def use(path):
    """All that a reader and its table can be asked for, with nothing raised but a FormatError."""
    for setting in ({}, {"header": False, "delimiter": ";"}, {"header": True}):
        try:
            table = read_csv(path, **setting)
        except errors.FormatError:
            continue
        assert repr(table)
        for ask in (
            table.numbers,
            table.drop_missing,
            lambda t=table: t.labels(0),
            lambda t=table: t.numbers(0, dtype=np.int8),
        ):
            complaint = complaint_of(ask)
            assert complaint == "" or "line" in complaint


def measured(path):
    """Use a file within a second and 200 MB.

    What other tests have left in memory is none of the garbage collector's business here.
    """
    gc.freeze()
    start = time.process_time()
    with memory_below(200e6):
        use(path)
        assert time.process_time() - start < 1


@settings(max_examples=min(14 * settings.default.max_examples, 3400))
@given(content=damaged(ORIGINALS, extremes=EXTREMES))
def test_damaged_files_give_a_table_or_our_own_error(folder, content):
    (folder / "damaged.csv").write_bytes(content)
    measured(folder / "damaged.csv")


@pytest.mark.parametrize(
    ("unit", "times", "end"),
    [("1", 100_000, "x"), ("0.", 60_000, ""), (",", 100_000, ""), ('"', 99_999, ""), ("1\n", 5_000, "")],
)
def test_long_lines_take_no_long_time(tmp_path, unit, times, end):
    path = tmp_path / "long.csv"
    path.write_text(unit * times + end)
    measured(path)
