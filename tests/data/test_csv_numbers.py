"""Tables of numbers alone, which NumPy parses: all is read, or refused, as it is cell by cell."""

import tracemalloc
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinygrad_edu import errors
from tinygrad_edu.data import read_csv
from tinygrad_edu.data.files import csv_reader, number_rows

SETTINGS = (
    {},
    {"header": True},
    {"header": False},
    {"header": False, "delimiter": " "},
    {"delimiter": "\t"},
    {"delimiter": ";", "missing": ("-9",)},
    {"quotechar": "1", "columns": ("u", "v")},
    {"quotechar": "1"},
    {"delimiter": "e"},
    {"delimiter": "é"},
    {"delimiter": "§", "header": False},
)
NUMBERS = ("0", "1", "2.5", "-3", "1e2", "40000")
OTHERS = (
    *("-0", "-9", " 7", "8 ", "1E400", "9007199254740993", "3.0", "1e-3", "1e39", "+.5", "2.", "2020-01-01"),
    *("1-2", "-", "", "?", "nan", "inf", "1_0", "0x1", "#1", "٣"),
)
NAMES = st.sampled_from(["a", "b", '"c"', '"d,e"', '"f', "é", "", "1", "2", "NA", " g"])


@st.composite
def texts(draw):
    """A table that is mostly one of numbers, with all that may be wrong about it."""
    delimiter = draw(st.sampled_from([",", ",", " ", "  ", ";", "\t", "\t "]))
    ends = st.sampled_from(
        draw(st.sampled_from([["\n"], ["\n"], ["\r\n"], ["\n", "\r\n", "\r", "\n\n", " \n"]]))
    )
    columns = draw(st.integers(1, 4))
    cells = st.sampled_from(draw(st.sampled_from([NUMBERS, NUMBERS + OTHERS])))
    rows = draw(st.lists(st.lists(cells, min_size=columns, max_size=columns), max_size=6))
    head = draw(st.one_of(st.just([]), st.lists(NAMES, min_size=columns, max_size=columns)))
    if draw(st.integers(0, 9)) == 0 and rows:
        rows[-1] = rows[-1][:-1]
    lines = [delimiter.join(row) + draw(ends) for row in [head, *rows] if row]
    return draw(st.sampled_from(["", "", "\ufeff", "\n", " \r\n", "\t\n"])) + "".join(lines)


def outcome(ask):
    """What a call gives, or what its error says."""
    try:
        found = ask()
    except (errors.FormatError, errors.ArgumentError) as error:
        return type(error).__name__, str(error)
    return (found.dtype.str, found.shape, found.tobytes()) if isinstance(found, np.ndarray) else found


def all_of(path, setting):
    """All that a table can be asked for; text comes last, and is asked for again after the numbers."""
    try:
        table = read_csv(path, **setting)
    except errors.FormatError as error:
        return str(error)
    dtypes = (np.float64, np.float32, np.float16, np.int64, np.int8, np.uint16)
    asks = [lambda dtype=dtype: table.numbers(dtype=dtype) for dtype in dtypes]
    asks += [
        lambda: table.numbers([-1, 0]),
        lambda: table.numbers(0, missing=None),
        lambda: table.numbers([]),
    ]
    asks += [lambda: repr(table), lambda: table.rows, table.missing, lambda: table.column(-1)]
    asks += [lambda: table.labels(0), table.numbers, lambda: table.drop_missing().rows]
    return [len(table), table.names, *map(outcome, asks)]


@settings(max_examples=3 * settings.default.max_examples)
@given(text=texts())
@example("1,2\n3,4\n\n5,6\n")
@example("a,b\r\n1,2\r\n3,4\r\n")
@example("2019,2020\n1,2\n3,4\n")
@example("?,7,3\n1,2,3\n")
@example('"a,b\n1,2\n')
@example("a,b\r0,0\n0,0\n")
@example("\t\n0,1\n0,2\n")
@example("1.5\n-0\n0\n")
@example("3\n9007199254740993\n1\n")
@example("1.5 2\n3 4\n1\t2\n")
@example("1,0,1\n2,3,4\n")
@example("1e2\n3e-4\n5e6\n")
@example("1é2\n3é4\n5é1\n")
@example("1§2\n3§4\n5§1\n")
@example("a b\n 1  2 \n \n")
def test_a_table_is_what_its_cells_are_one_by_one(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "either.csv"
    path.write_bytes(text.encode())
    for setting in SETTINGS:
        found = all_of(path, setting)
        with patch.object(csv_reader, "number_rows", lambda *_: None):
            assert found == all_of(path, setting)


@pytest.fixture
def read(tmp_path):
    def read(text, **setting):
        (tmp_path / "t.csv").write_text(text, newline="")
        return read_csv(tmp_path / "t.csv", **setting)

    return read


def is_parsed_at_once(table):
    return isinstance(table._rows, number_rows.NumberRows)


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("1,2\n3,4\n", {}),
        ("\ufeff1,2\r\n3,4\r\n\r\n", {}),
        ('"a","b"\n1,2\n3,4\n', {}),
        ("a, b\n 1 ,\t2\n3,4", {}),
        (" 1  2 \n3 4\n", {"delimiter": " "}),
        ("a;b\n1;2\n3;4\n", {"delimiter": ";"}),
        ("0,1\n1,2\n3,4\n", {"header": True}),
    ],
)
def test_plain_tables_are_parsed_at_once(read, text, setting):
    table = read(text, **setting)
    assert is_parsed_at_once(table)
    assert table.numbers().tolist() == [[1, 2], [3, 4]]
    assert table.column(0) == ["1", "3"]
    first = len(text.rstrip().splitlines()) - 1  # of two rows, the last ones
    assert [row.line for row in table.rows] == [first, first + 1]


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("1,\n3,4\n", {}),
        ("1,nan\n3,4\n", {}),
        ("1.5,2\n-9,4\n", {"missing": ("-9",)}),
        ('1,"2"\n3,4\n', {}),
        ("1,2\r3,4\r", {}),
        ("u,1\nv,2\n", {"header": False}),
    ],
)
def test_what_is_not_plain_is_read_cell_by_cell(read, text, setting):
    assert not is_parsed_at_once(read(text, **setting))


def test_cells_longer_than_the_csv_module_allows_are_refused_as_ever(read):
    with pytest.raises(errors.FormatError, match="line 3: field larger than field limit"):
        read("1.5,2\n3,4\n1,0." + "0" * 200_000 + "\n")
    with pytest.raises(errors.FormatError, match="line 1: field larger than field limit"):
        read('"a,b\n' + "1,2\n" * 40_000)
    assert read("1" + ",1" * 100_000 + "\n" + "2" + ",2" * 100_000).numbers().shape == (2, 100_001)


def test_parts_of_different_kinds_make_one_array(read, monkeypatch):
    monkeypatch.setattr(number_rows, "AT_ONCE", 4)
    rows = [[1, 2.5], [255, 0], [-1, 300], [0.5, 1], [-0.0, 0], [0.1, 1e300], [2**53 - 1, 2**40], [3, 4]]
    table = read("".join(f"{a!r},{b!r}\n" for a, b in rows))
    assert len({part.dtype for part in table._rows.parts}) > 3
    np.testing.assert_array_equal(table.numbers(), rows)
    assert np.signbit(table.numbers(0)).tolist() == [a < 0 or str(a) == "-0.0" for a, _ in rows]
    assert table.numbers(1)[1:3].tolist() == [0, 300]


def test_parts_of_different_widths_are_no_table(read, monkeypatch):
    monkeypatch.setattr(number_rows, "AT_ONCE", 1)  # each row is a part
    with pytest.raises(errors.FormatError, match="line 3: expected 2 cells as in line 1, got 3"):
        read("1.5,2\n3,4\n5,6,7\n")


def test_an_array_of_numbers_is_the_caller_s_own(read):
    table = read("1,2\n3,4\n")
    x = table.numbers()
    x[:] = 0
    assert x.flags.c_contiguous
    assert table.numbers().tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_table_of_small_numbers_takes_twice_the_memory_of_its_data_at_most(read, tmp_path, dtype):
    pixels = np.random.default_rng(0).integers(0, 256, (400, 785)) * (np.arange(785) % 5 == 0)
    np.savetxt(tmp_path / "pixels.csv", pixels, fmt="%d", delimiter=",")
    with patch.object(number_rows, "AT_ONCE", 2**14):  # in proportion to the size of the table
        tracemalloc.start()
        x = read_csv(tmp_path / "pixels.csv").numbers(dtype=dtype)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    np.testing.assert_array_equal(x, pixels)
    assert peak < 2 * x.nbytes
