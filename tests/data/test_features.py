"""Features and OneHotEncoder equal scikit-learn's steps, from tables and frames, and come back from files."""

import copy
import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu import errors, io, nn, optim, train
from tinygrad_edu.data import DataLoader, Features, OneHotEncoder, StandardScaler, Table, read_csv
from tinygrad_edu.data.columns import columns_of

pandas = pytest.importorskip("pandas")
compose = pytest.importorskip("sklearn.compose")
from sklearn.impute import SimpleImputer  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import MinMaxScaler as TheirMinMax  # noqa: E402
from sklearn.preprocessing import OneHotEncoder as TheirOneHot  # noqa: E402
from sklearn.preprocessing import StandardScaler as TheirStandard  # noqa: E402

CSV = """age,town,member,since
20,Ulm,yes,2024-01-01
,Bonn,no,2024-01-03
40,,yes,
60,Ulm,,2024-01-08 12:00
"""


@pytest.fixture
def table(tmp_path):
    (tmp_path / "t.csv").write_text(CSV)
    return read_csv(tmp_path / "t.csv")


def frame():
    """The same as a frame."""
    return pandas.DataFrame(
        {
            "age": [20, np.nan, 40, 60],
            "town": ["Ulm", "Bonn", None, "Ulm"],
            "member": [True, False, True, None],
            "since": pandas.to_datetime(
                ["2024-01-01", "2024-01-03", None, "2024-01-08 12:00"], format="mixed"
            ),
        }
    )


class Polars:
    """A frame with what polars's have that is used here."""

    def __init__(self, columns):
        self._columns = columns
        self.columns = list(columns)
        self.shape = (len(self), len(columns))

    def __len__(self):
        return len(next(iter(self._columns.values())))

    def to_numpy(self):
        raise AssertionError("columns are asked for one by one")

    def __getitem__(self, key):
        if not isinstance(key, str):
            return Polars({name: column[key] for name, column in self._columns.items()})
        return pandas.Series(self._columns[key], name=key)


class Arrow:
    """A frame with what pyarrow's tables have that is used here."""

    def __init__(self, columns):
        self._columns, self.column_names = columns, list(columns)

    def column(self, place):
        return pandas.Series(self._columns[self.column_names[place]])


# ---- scikit-learn's ----------------------------------------------------------------------------------------

SCALERS = {"standard": TheirStandard, "minmax": TheirMinMax}
numbers = st.lists(st.one_of(st.none(), st.integers(-5, 5).map(float)), min_size=6, max_size=6).filter(
    lambda values: any(v is not None for v in values[:4])
)
texts = st.lists(st.sampled_from("abc"), min_size=6, max_size=6)


@pytest.mark.parametrize("missing", ["mean", "median", "most_frequent"])
@pytest.mark.parametrize("scale", SCALERS)
@settings(max_examples=10)
@given(numbers, numbers, texts)
def test_results_are_those_of_a_column_transformer(scale, missing, first, second, names):
    x = pandas.DataFrame({"a": np.array(first, float), "b": np.array(second, float), "c": names})
    theirs = compose.ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(strategy=missing), SCALERS[scale]()), ["a", "b"]),
            ("c", TheirOneHot(handle_unknown="ignore", sparse_output=False), ["c"]),
        ]
    )
    expected = theirs.fit(x[:4]).transform(x)
    ours = Features(scale=scale, missing=missing, unknown="ignore", dtype=np.float64)
    found = ours.fit(x[:4]).transform(x)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert ours.names == ["a", "b", *(f"c={name}" for name in sorted(set(names[:4])))]


def test_one_hot_encoder_is_scikit_learns():
    x = np.array([["b", "x"], ["a", "y"], ["b", "x"]], object)
    theirs = TheirOneHot(sparse_output=False, handle_unknown="ignore").fit(x)
    ours = OneHotEncoder(unknown="ignore", dtype=np.float64).fit(x)
    new = np.array([["a", "z"], ["b", "x"]], object)
    np.testing.assert_array_equal(ours.transform(new), theirs.transform(new))
    found, expected = (
        ours.inverse_transform(ours.transform(new)),
        theirs.inverse_transform(ours.transform(new)),
    )
    assert [*map(list, zip(*found.values()))] == expected.tolist()
    assert ours.names == ["column 1=a", "column 1=b", "column 2=x", "column 2=y"]
    counts = OneHotEncoder().fit([3, 1, 3])
    assert counts.transform([1, 3]).tolist() == [[1, 0], [0, 1]]
    assert counts.inverse_transform([[0.2, 0.7]]) == {"column 1": [3]}


# ---- columns of every kind ---------------------------------------------------------------------------------

NAMES = ["age", "age missing", "town=Bonn", "town=Ulm", "town missing", "member", "member missing"]
DAYS = np.array([0, 2, 0, 7.5])
DAYS[2] = DAYS[[0, 1, 3]].mean()


def expected():
    ages = np.array([20, 40, 40, 60])
    columns = [(ages - 40) / ages.std(), [0, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0], [1, 0, 1, 1]]
    columns += [[0, 0, 0, 1], (DAYS - DAYS.mean()) / DAYS.std(), [0, 0, 1, 0]]
    return np.stack(columns, axis=1)


def test_a_table_and_every_frame_give_the_same(table):
    columns = {name: frame()[name].to_numpy() for name in frame()}
    for given_ in (table, frame(), frame().convert_dtypes(), Polars(columns), Arrow(columns), columns):
        features = Features(indicator=True, dtype=np.float64)
        np.testing.assert_allclose(features.fit_transform(given_), expected(), atol=1e-9)
        assert features.names == [*NAMES, "since", "since missing"]
        assert [one.kind for one in features.learned] == ["number", "text", "boolean", "date"]
    assert Features().fit_transform(table).dtype == np.float32


def test_columns_are_chosen_by_name_in_any_order(table):
    features = Features(["town", "age"], unknown="ignore").fit(table)
    x = features.transform({"age": [40], "extra": [1], "town": ["Jena"]})
    assert x.tolist() == [[0, 0, 0, 0]]
    with pytest.raises(
        errors.ArgumentError, match=r"Features\.transform: there is no column 'town'; there are age"
    ):
        features.transform({"age": [40]})
    assert Features("age").fit(table).names == ["age"]


def test_dates_have_places_in_cycles():
    dates = np.array(["2024-01-01T00:00", "2024-01-01T06:00", "NaT"], "datetime64[m]")
    features = Features(cycles=["day", "week"], scale=None, dtype=np.float64).fit({"t": dates})
    assert features.names == ["t", "t sin day", "t cos day", "t sin week", "t cos week"]
    x = features.transform({"t": dates})
    np.testing.assert_allclose(x[:2, 1:3], [[0, 1], [1, 0]], atol=1e-9)
    np.testing.assert_allclose(x[:, 0] - x[0, 0], [0, 0.25, 0.125])
    np.testing.assert_allclose(x[:, 1] ** 2 + x[:, 2] ** 2, 1)
    assert features.inverse(x)["t"][:2].tolist() == dates[:2].astype("datetime64[us]").tolist()


def test_objects_of_python_are_columns_too():
    moment = datetime.datetime(2024, 5, 1, tzinfo=datetime.UTC)
    columns = columns_of(
        {
            "n": np.array([1, None, 2.5], object), "b": [True, False, True],
            "d": np.array([moment, None, datetime.datetime(2024, 5, 3)], object),
            "t": np.array(["a", None, float("nan")], object),
        }
    )  # fmt: skip
    assert [c.kind() for c in columns.values()] == ["number", "boolean", "date", "text"]
    assert columns["t"].missing.tolist() == [False, True, True]
    with pytest.raises(errors.ArgumentError, match="column 'x' holds a mixture, of int, str"):
        columns_of({"x": np.array([1, "a"], object)})


def test_numbers_that_are_names():
    features = Features(kinds={"zip": "text"}).fit({"zip": [89073, 53111], "n": [1, 2]})
    assert features.names == ["zip=53111", "zip=89073", "n"]
    assert features.transform({"zip": [53111], "n": [1.5]}).tolist() == [[1, 0, 0]]


def test_text_that_is_missing(table):
    assert Features("town").fit(table).names == ["town=Bonn", "town=Ulm", "town missing"]
    filled = Features("town", missing="most_frequent").fit(table)
    assert filled.transform(table).tolist() == [[0, 1], [1, 0], [0, 1], [0, 1]]
    whole = {"town": ["Ulm", "Bonn"]}
    with pytest.raises(errors.ArgumentError, match=r"'town': row 2 lacks a value; unknown=\"ignore\""):
        Features().fit(whole).transform(frame()[["town"]])
    assert Features(unknown="ignore").fit(whole).transform({"town": [None, "Ulm"]}).tolist() == [
        [0, 0],
        [0, 1],
    ]


# ---- targets, states, models -------------------------------------------------------------------------------


def test_what_was_made_comes_back(table):
    for scale in ("standard", "minmax", None):
        features = Features(scale=scale, missing="median", dtype=np.float64).fit(table)
        back = features.inverse_transform(features.transform(table))
        np.testing.assert_allclose(back["age"], [20, 40, 40, 60])
        assert back["town"].tolist() == ["Ulm", "Bonn", None, "Ulm"]
        assert back["member"].tolist() == [True, False, True, True]
        assert back["since"][3] == np.datetime64("2024-01-08T12:00")
    price = Features("age").fit(table)
    np.testing.assert_allclose(price.inverse(np.zeros(2))["age"], 40)


def test_a_state_comes_back_from_a_file(table, tmp_path):
    features = Features(indicator=True, cycles=["year"], kinds={"age": "number"}, unknown="ignore").fit(table)
    encoder = OneHotEncoder(unknown="ignore").fit({"a": ["x", "y"], "b": [1, 2]})
    io.save_checkpoint(tmp_path / "t.ckpt", {"features": features, "encoder": encoder})
    saved = io.load_checkpoint(tmp_path / "t.ckpt")
    other, another = Features(), OneHotEncoder()
    other.load_state_dict(saved["features"])
    another.load_state_dict(saved["encoder"])
    np.testing.assert_array_equal(other.transform(table), features.transform(table))
    assert (other.names, other.unknown, repr(other)) == (features.names, "ignore", repr(features))
    assert another.transform({"a": ["y"], "b": [1]}).tolist() == [[0, 1, 1, 0]]


def test_states_that_do_not_fit_change_nothing(table):
    features = Features().fit(table)
    state = features.state_dict()

    def changed(**items):
        learned = copy.deepcopy(state["learned"])
        learned[1] |= items
        return {**state, "learned": learned}

    for wrong in (
        {}, {**state, "class": "Imputer"}, {**state, "scale": "no"}, {**state, "learned": [1]},
        {**state, "more": 1},
        changed(categories=["b", "a"]), changed(categories=[]), changed(kind="else"), changed(scale=0.0),
        changed(fill=1.0), changed(cycles=["month"]), changed(shift="x"), {**state, "learned": None},
    ):  # fmt: skip
        with pytest.raises(errors.StateError, match=r"Features\.load_state_dict: the state does not fit"):
            features.load_state_dict(wrong)
    assert features.state_dict() == state
    encoder = OneHotEncoder().fit(["a", "b"])
    before = encoder.state_dict()
    for categories in ({"column 1": ["b", "a"]}, {"column 1": []}, {"column 1": ["a", 1]}, 3):
        with pytest.raises(errors.StateError, match=r"OneHotEncoder\.load_state_dict"):
            encoder.load_state_dict({**before, "categories": categories})
    assert encoder.state_dict() == before


def test_a_model_learns_from_a_frame():
    x = pandas.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [True, False, True, False]})
    y = pandas.Series([0.0, 1.0, 2.0, 3.0]).to_frame()
    columns = {name: x[name].to_numpy() for name in x}
    for given_ in (x, x.convert_dtypes(), Polars(columns)):
        model = nn.Linear(2, 1, rng=0)
        history = train.fit(
            model, nn.MSELoss(), optim.Adam(model.parameters(), lr=0.1), (given_, y), epochs=3
        )
        assert history["loss"][-1] < history["loss"][0]
        assert train.predict(model, given_).shape == (4, 1)
        assert (
            StandardScaler().fit_transform(given_).tolist()
            == StandardScaler().fit_transform(x.to_numpy(float)).tolist()
        )
        (batch, _), *_ = DataLoader((given_, y), 2)
        assert batch.tolist() == [[0, 1], [1, 0]]


def test_functions_of_arrays_take_tables_of_numbers(table):
    ages = Table(
        "t.csv", ["age"], [row._replace(cells=row.cells[:1]) for row in table.drop_missing("age").rows]
    )
    assert StandardScaler().fit(ages).mean.tolist() == [40]
    with pytest.raises(errors.FormatError, match=r"t\.csv, line 2, column 2 \(town\): expected a number"):
        StandardScaler().fit(table)


# ---- refused -----------------------------------------------------------------------------------------------

ULM = {"town": ["Ulm", "Bonn"], "age": [1.0, 2.0]}
# fmt: off
REFUSED = {
    "unknown": (lambda: Features().fit(ULM).transform({**ULM, "town": ["Ulm", "Jena"]}), r"'town': row 1 is 'Jena', none of \['Bonn', 'Ulm'\]"),
    "unknown of an encoder": (lambda: OneHotEncoder().fit(["a"]).transform(["a", "b"]), r"row 1 is 'b', none of \['a'\]"),
    "missing of an encoder": (lambda: OneHotEncoder().fit(["a"]).transform(np.array(["a", None], object)), "row 1 lacks a value"),
    "missing": (lambda: Features(missing=None).fit({"a": [1, np.nan]}), 'row 1 lacks a value; missing="mean"'),
    "missing later": (lambda: Features(missing=None).fit({"a": [1, 2]}).transform({"a": [np.nan]}), "row 0 lacks a value"),
    "nothing": (lambda: Features().fit({"a": [np.nan, np.nan]}), "'a': it has no value at all; leave it out"),
    "infinite": (lambda: Features().fit({"a": [1, np.inf]}), "row 1 is infinite"),
    "text for numbers": (lambda: Features().fit(ULM).transform({**ULM, "age": ["1", "x"]}), "row 1 is 'x', and the column is of the kind 'number'"),
    "dates for numbers": (lambda: Features("age").fit(ULM).transform({"age": np.array(["2024-01-01"], "M8[D]")}), "was fitted as"),
    "numbers for truths": (lambda: Features(kinds={"age": "boolean"}).fit(ULM), "kind 'boolean'"),
    "no column": (lambda: Features("x").fit(ULM), "no column 'x'; there are town, age"),
    "kinds of no column": (lambda: Features(kinds={"x": "text"}).fit(ULM), "no column 'x'"),
    "a kind": (lambda: Features(kinds={"age": "int"}), "kinds are of number, boolean, date, text; got 'int'"),
    "a cycle": (lambda: Features(cycles=["month"]), "cycles are of year, week, day; got 'month'"),
    "a strategy": (lambda: Features(missing="mode"), "missing is one of 'mean'"),
    "a scale": (lambda: Features(scale="robust"), "scale is one of"),
    "twice": (lambda: Features(["a", "a"]), "once each"),
    "a dtype": (lambda: Features(dtype=int), "dtype is a floating one"),
    "unknown what": (lambda: OneHotEncoder(unknown="skip"), 'unknown is "error" or "ignore"'),
    "names twice": (lambda: Features().fit(pandas.DataFrame([[1, 2]], columns=["a", "a"])), "two columns are called 'a'"),
    "complex": (lambda: Features().fit({"a": [1j]}), "holds complex128"),
}
# fmt: on


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_meaning_is_refused(call, message):
    with pytest.raises(errors.ArgumentError, match=message):
        call()


def test_shapes_and_states_that_cannot_be():
    with pytest.raises(errors.StateError, match=r"Features\.transform: nothing was learned yet"):
        Features().transform(ULM)
    with pytest.raises(errors.StateError, match=r"OneHotEncoder\.names: nothing was learned"):
        OneHotEncoder().names  # noqa: B018
    for wrong in ({"a": [1, 2], "b": [1]}, np.ones((2, 2, 2)), {"a": np.ones((2, 2))}, {}):
        with pytest.raises(errors.ShapeError, match=r"Features\.fit: "):
            Features().fit(wrong)
    with pytest.raises(errors.ShapeError, match=r"Features\.inverse: expected numbers of shape \(n, 3\)"):
        Features().fit(ULM).inverse(np.ones((2, 2)))
    assert "not fitted" in repr(Features()) + repr(OneHotEncoder())


# ---- as people write it ------------------------------------------------------------------------------------


def test_german_dates_and_truth_values(tmp_path):
    (tmp_path / "t.csv").write_text("a;b;c\n1.2.2024;ja;05/06/2024\n31.12.2023 12:00;nein;06/06/2024\n")
    features = Features(scale=None).fit(read_csv(tmp_path / "t.csv", header=True, delimiter=";"))
    assert [learned.kind for learned in features.learned] == ["date", "boolean", "text"]
    days = [(datetime.date(2024, 2, 1) - datetime.date(1970, 1, 1)).days]
    days += [(datetime.date(2023, 12, 31) - datetime.date(1970, 1, 1)).days + 0.5]
    table = read_csv(tmp_path / "t.csv", header=True, delimiter=";")
    np.testing.assert_allclose(features.transform(table)[:, 0], days)


@pytest.mark.parametrize("date", ["31.02.2024", "1.13.2024", "1.1.24", "01/02/2024"])
def test_what_is_no_date_is_text(date, tmp_path):
    (tmp_path / "t.csv").write_text(f"a;b\n{date};1\n{date};2\n")
    features = Features(["a"]).fit(read_csv(tmp_path / "t.csv", delimiter=";", header=True))
    assert features.learned[0].kind == "text"


def test_a_text_of_its_own_in_every_row_is_warned_of():
    with pytest.warns(UserWarning, match=r"column 'name' is text, 30 different ones in 30 rows"):
        Features().fit({"name": [f"n{i}" for i in range(30)], "x": np.arange(30.0)})
    Features().fit({"name": [f"n{i % 15}" for i in range(30)], "x": np.arange(30.0)})
