"""CSV files that may be read in two ways, or that hold what are numbers to people: nothing is guessed,
and errors lead on.
"""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import errors
from tinygrad_edu.data import read_csv
from tinygrad_edu.data.files.not_numbers import advice


@pytest.fixture
def read(tmp_path):
    """Read text from a file called t.csv."""

    def read(content, **settings):
        (tmp_path / "t.csv").write_text(content, encoding="utf-8")
        return read_csv(tmp_path / "t.csv", **settings)

    return read


# ---- the first row -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "country,2019,2020\nA,1,2\nB,3,4\n",  # years
        ",0,1,2\n0,5.1,3.5,1\n1,4.9,3.0,0\n",  # what pandas writes
        "0,1,2\n5.1,3.5,1\n4.9,3.0,0\n",
        "2019,2020\n1,2\n3,4\n",
        "2020,2019\n1,2\n",
        "2000,2005,2010\n1,2,3\n",
        "name,2019,2021\nA,1,2\n",
        "2019,b\n1,2\n",
        "Ada,36\nRex,5\n",
        "n/a,36.5\n7,5\n",  # a word for a missing value, or a name?
        "abc,1\n2,3\n4,5\n",
        "NA\n1\n2\n",
        "?,x\n1,y\n",
        "x,y\nz,w\n",
    ],
)
def test_a_first_row_that_may_be_either_is_not_guessed(read, content):
    with pytest.raises(
        errors.FormatError,
        match=r"cannot be told whether line 1 has the names of the columns. Say header=True or header=False",
    ):
        read(content)
    names, *rows = (line.split(",") for line in content.splitlines())
    assert len(read(content, header=True)) == len(rows)
    assert read(content, header=True).names == tuple(name or f"column {i}" for i, name in enumerate(names, 1))
    assert len(read(content, header=False)) == len(rows) + 1


@pytest.mark.parametrize(
    "content",
    [
        "5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n",
        "5,3,Iris-setosa\n4,3,Iris-setosa\n",
        "1,2\n3,4\n",
        "0,1,2\n3,4,5\n6,7,8\n",
        "1,2,3\n",
        "-1,M\n2,F\n",
        "0.5,M\n2,F\n",
        "1.5,2.5\n3,4\n",
        "-1,0,1\n2,3,4\n",
        "3,3,M\n1,2,F\n",
        "?,7,3\n1,2,3\n",
        "7,0,0,12\n2,0,0,9\n",
    ],
)
def test_a_first_row_of_data(read, content):
    assert len(read(content)) == content.count("\n")


def test_words_for_missing_values_are_names_in_a_header(read):
    for name in ("NA", "nan", "?", "-9"):
        table = read(f"{name},b\n1,2\n-9,{name}\n", header=True, missing=("", "?", "NA", "nan", "-9"))
        assert table.names == (name, "b")
        assert table.column(name) == ["1", None]
        assert table.column("b") == ["2", None]
    assert read("NA,b\n1,2\n").names == ("NA", "b")
    # Spaces around a cell are no part of it.
    assert read("a,b\n n/a ,2\n", missing=(" n/a ",)).column("a") == [None]


def test_columns_padded_with_spaces(read):
    table = read("  name   age \n Ada     36  \n 'Rex B'  5\n", delimiter=" ", quotechar="'")
    assert table.names == ("name", "age")
    assert table.column("name") == ["Ada", "Rex B"]
    assert table.numbers("age").tolist() == [36, 5]
    assert read("18.0   8   307.0\n15.0   8   350.0\n", delimiter=" ").numbers().tolist() == [
        [18, 8, 307],
        [15, 8, 350],
    ]
    assert read("a   ,b  \n1   ,   2\n").numbers().tolist() == [[1, 2]]
    for content in ("18.0   8\n15.0   8\n", "a   b\n1   2\n"):
        with pytest.raises(
            errors.FormatError,
            match=r"The file has one column: is its delimiter ' '\? It may stand there several times",
        ):
            read(content).numbers()
    with pytest.raises(errors.FormatError, match="can only be a delimiter, and no spaces"):
        read('"a"  ,"b"\n1,2\n')


@pytest.mark.parametrize("count", [1, 4])
def test_the_cost_of_columns_is_in_proportion_to_their_number(read, count):
    def cost(columns):
        names = [f"g{i}" for i in range(columns)]
        content = ",".join(names) + "\n" + (",".join(["1.5"] * columns) + "\n") * count
        start = time.process_time()
        read(content).numbers(names)
        return time.process_time() - start

    cost(100)
    small = min(cost(2_000) for _ in range(3))
    assert min(cost(16_000) for _ in range(2)) < 24 * small  # 8 times as many; 64 if it were quadratic


ADVICE = {
    "$1200": "currency", "€ 5,50": "currency", "185.910 €": "currency", "EUR 3": "currency",
    "-£7": "currency", "5 USD": "currency", "1.299,99": "decimal comma",
    "1,234,567": "Commas between thousands", "1.234.567": "Points between thousands",
    "1 234": "between thousands", "12'345.6": "between thousands", "1_000": "between thousands",
    "12%": "percentage", "1.5 %": "percentage", "True": "truth value", "no": "truth value",
    "2020-01-02": "A date", "2020-01-02T10:11:12Z": "A date", "01/02/2020": "A date", "3.4.2021": "A date",
    "12:30": "time of day", "inf": "finite", "0x1F": "hexadecimal", "−5": "minus", "(1,200)": "negative",
    "<5": "bound", "1-2": "range", "1/2": "fraction", "1.5D+03": "Fortran", "5 000 €": "currency",
    "R$ 5": "currency", "5 EUR": "currency", "12,34,567": "Commas between thousands", ">=5": "bound",
    "5+": "bound", "3 Mio.": "unit", "A1": "text", "12h30": "text", "5 Jan 2020": "text", "3 m2": "unit",
    "1e999": "too large", "1+2j": "complex", "5kg": "unit", "10 °C": "unit", "7*": "mark", "'5'": "quotes",
    "٣": "0 to 9", "1,5": "Decimal commas",
}  # fmt: skip


@pytest.mark.parametrize("cell", ADVICE)
def test_what_is_a_number_to_people_is_told_how_to_become_one(read, cell):
    with pytest.raises(errors.FormatError) as caught:
        read(f"a;b\n{cell};2\n3;4\n", delimiter=";", header=True).numbers()
    assert ADVICE[cell] in str(caught.value)
    assert "word for missing" not in str(caught.value)


@given(st.text("0123456789,.$%eE+- ", min_size=1, max_size=30))
def test_advice_takes_no_long_time_and_is_for_no_number(cell):
    start = time.process_time()
    advice(cell * 3)
    assert time.process_time() - start < 0.5


def test_a_row_below_the_names_is_not_taken_for_them(read):
    for settings in ({"header": True}, {"header": True, "columns": ["u", "v"]}):
        with pytest.raises(errors.FormatError) as caught:  # a row of units
            read("a,b\nkg,m\n1,2\n", **settings).numbers()
        assert "header=True" not in str(caught.value)
    with pytest.raises(errors.FormatError, match="If line 1 has the names of the columns: header=True"):
        read("a,b\n1,2\n", header=False).numbers()


def test_words_that_are_no_numbers(read):
    for cell in ("n/a", "unknown", "Ada", "-", "ninety"):
        with pytest.raises(
            errors.FormatError,
            match=r"column of text is read by labels\(…\); a word for missing values is named by "
            r"read_csv\(…, missing=",
        ):
            read(f"a,b\n1,2\n{cell},3\n", header=True).numbers()


@pytest.mark.parametrize("comment", ["# a comment", "# made by x, y, z", "#"])
def test_comments_are_called_what_they_are(read, comment):
    for content, line in ((f"{comment}\na,b\n1,2\n", 1), (f"a,b\n1,2\n{comment}\n3,4\n", 3)):
        with pytest.raises(
            errors.FormatError, match=f"Line {line} begins with '#': there are no comments in a CSV file"
        ):
            read(content)
    assert read("#,name\n1,a\n2,b\n").names == ("#", "name")


@pytest.mark.parametrize("content", ["a,b\n", "a\n", "a,b", '"a","b"\n\n'])
def test_names_alone_lack_rows(read, content):
    for header in ("auto", True):
        with pytest.raises(errors.FormatError, match="no row after it; header=False takes it for one"):
            read(content, header=header)
    assert len(read(content, header=False)) == 1


def test_long_cells_are_no_quotes_without_end(read):
    with pytest.raises(
        errors.FormatError,
        match=r"line 2: field larger than field limit.*a cell of more characters.*csv\.field_size_limit",
    ):
        read("a,b\n1," + "x" * 200_000 + "\n")


def test_a_byte_order_mark_may_stand_twice(read):
    assert read("\ufeff\ufeffa,b\n1,2\n").names == ("a", "b")


# ---- files that were read as others ------------------------------------------------------------------------


def test_lines_above_the_table_are_told(tmp_path):
    (tmp_path / "t.csv").write_text("Offers of the agency\nAs of May\na;b;c\n1;2;3\n")
    with pytest.raises(
        errors.FormatError, match=r"line 3: expected 1 cell .* got 3\. If lines before line 3 .* skip_rows=2"
    ):
        read_csv(tmp_path / "t.csv", delimiter=";")


def test_another_delimiter_is_told_where_quotes_do_not_fit(tmp_path):
    (tmp_path / "t.csv").write_text('"a";"b";"c"\n1;2;3\n')
    with pytest.raises(errors.FormatError, match=r"Is the delimiter ';'\?"):
        read_csv(tmp_path / "t.csv")


def test_cells_that_are_lists_are_split(tmp_path):
    (tmp_path / "t.csv").write_text('n,tags\n1,"new, cheap"\n2,\n3,"cheap,"\n')
    assert read_csv(tmp_path / "t.csv").tags("tags") == [["new", "cheap"], [], ["cheap"]]
