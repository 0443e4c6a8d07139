"""Scaling, filling and encoding: scikit-learn's numbers, states, dtypes, and what they refuse."""

import json
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import impute, preprocessing

import tinygrad_edu as tg
from tinygrad_edu import data, errors
from tinygrad_edu.data import Imputer, LabelEncoder, MinMaxScaler, StandardScaler, one_hot, relabel

tables = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 20), st.integers(1, 5)),
    elements=st.floats(-1e3, 1e3).map(lambda v: round(v, 3)),  # no column is nearly, but not quite, constant
)
fitted = pytest.mark.parametrize("kind", [StandardScaler, MinMaxScaler, Imputer])
scalers = pytest.mark.parametrize("kind", [StandardScaler, MinMaxScaler])


# ---- the numbers -------------------------------------------------------------------------------------------


@given(x=tables, other=tables)
def test_standard_scaling_is_scikit_learns(x, other):
    ours, theirs = StandardScaler().fit(x), preprocessing.StandardScaler().fit(x)
    other = np.resize(other, (len(other), x.shape[1]))
    for rows in (x, other):
        np.testing.assert_allclose(ours.transform(rows), theirs.transform(rows), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(other)), other, rtol=1e-12, atol=1e-9)


@given(x=tables, other=tables, low=st.integers(-5, 0), high=st.integers(1, 5))
def test_min_max_scaling_is_scikit_learns(x, other, low, high):
    ours, theirs = MinMaxScaler(low=low, high=high).fit(x), preprocessing.MinMaxScaler((low, high)).fit(x)
    other = np.resize(other, (len(other), x.shape[1]))
    # scikit-learn computes x * a + b, whose rounding errors are those of the larger term
    for rows in (x, other):
        bound = 1e-12 * (1 + np.abs(rows * theirs.scale_).max() + np.abs(theirs.min_).max())
        np.testing.assert_allclose(ours.transform(rows), theirs.transform(rows), rtol=0, atol=bound)
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(other)), other, rtol=1e-12, atol=1e-9)


def test_statistics_come_from_the_training_part_alone():  # T08
    train, test = np.array([[0.0], [2.0]]), np.array([[100.0], [300.0]])
    scaler = StandardScaler()
    np.testing.assert_array_equal(scaler.fit_transform(train), [[-1], [1]])
    np.testing.assert_array_equal(scaler.transform(test), [[99], [299]])  # not -1 and 1
    np.testing.assert_array_equal(scaler.transform(train), [[-1], [1]])
    np.testing.assert_array_equal(MinMaxScaler().fit(train).transform(test), [[50], [150]])


@given(value=st.floats(-1e150, 1e150), n=st.integers(1, 50))
def test_a_column_without_variance_becomes_zero(value, n):  # T08
    x = np.full((n, 2), value)
    for scaler in (StandardScaler(), MinMaxScaler()):
        np.testing.assert_array_equal(scaler.fit_transform(x), np.zeros((n, 2)))
        np.testing.assert_array_equal(scaler.inverse_transform(np.zeros((n, 2))), x)
    np.testing.assert_array_equal(MinMaxScaler(low=-1).fit_transform(x), -np.ones((n, 2)))


def test_rounding_errors_are_no_variance():  # T08
    x = np.float64([0.1 + 0.2, 0.3] * 5)[:, None]
    assert abs(StandardScaler().fit_transform(x)).max() < 1e-15


@scalers
def test_images_and_targets_are_scaled_by_element(kind):
    x = np.random.default_rng(0).random((7, 4, 3))
    flat = kind().fit_transform(x.reshape(7, 12))
    np.testing.assert_array_equal(kind().fit_transform(x), flat.reshape(7, 4, 3))
    y = kind().fit_transform(x[:, 0, 0])
    assert y.shape == (7,)
    np.testing.assert_array_equal(y, flat[:, 0])


# ---- dtypes, states ----------------------------------------------------------------------------------------


@fitted
@pytest.mark.parametrize(
    ("dtype", "result"), [("f4", "f4"), ("f2", "f2"), ("f8", "f8"), ("u1", "f8"), ("?", "f8")]
)
def test_floats_keep_their_dtype(kind, dtype, result):
    x = np.array([[0, 1], [1, 0], [1, 1]], dtype)
    assert kind().fit_transform(x).dtype == result
    if kind is not Imputer:
        assert kind().fit(x).inverse_transform(x).dtype == result


def test_float32_is_scaled_without_cancellation():
    x = np.float32(1e6) + np.arange(8, dtype=np.float32)[:, None]
    expected = preprocessing.StandardScaler().fit_transform(x.astype(float))
    np.testing.assert_allclose(StandardScaler().fit_transform(x), expected, rtol=1e-7)


@fitted
def test_inputs_are_left_alone_and_tensors_taken(kind):
    x = np.array([[1.0, 2.0], [3.0, 5.0]])
    x.flags.writeable = False
    result = kind().fit_transform(tg.Tensor(x, requires_grad=True))
    assert type(result) is np.ndarray
    assert result.flags.writeable
    assert not np.shares_memory(result, x)


@fitted
def test_states_are_copies_and_fit_their_own_class(kind):
    x = np.random.default_rng(0).random((5, 3))
    one, two = kind().fit(x), kind()
    state = one.state_dict()
    two.load_state_dict(state)
    np.testing.assert_array_equal(two.transform(x + 1), one.transform(x + 1))
    for array in (value for value in state.values() if isinstance(value, np.ndarray)):
        array[...] = 9  # a copy
    np.testing.assert_array_equal(two.transform(x + 1), one.transform(x + 1))
    other = StandardScaler() if kind is not StandardScaler else MinMaxScaler()
    with pytest.raises(errors.StateError, match=r"nothing was loaded:\n"):
        other.load_state_dict(state)
    with pytest.raises(errors.StateError, match="nothing was learned"):
        other.transform(x)
    shown = repr(one)
    assert shown == (
        f"{kind.__name__}({''.join(f'{k}={getattr(one, k)!r}, ' for k in kind._settings)}fitted to "
        "columns of shape (3,))"
    )
    assert repr(kind()).endswith("not fitted)")


def test_settings_are_part_of_the_state():
    scaler = MinMaxScaler()
    scaler.load_state_dict(MinMaxScaler(low=-1, high=3).fit(np.eye(2)).state_dict())
    np.testing.assert_array_equal(scaler.transform(np.eye(2)), [[3, -1], [-1, 3]])
    good = scaler.state_dict()
    for wrong, message in [
        ({**good, "low": 5.0}, "low is below high"),
        ({**good, "low": "a"}, "nothing was loaded"),
        ({**good, "minimum": np.zeros(3)}, "shapes differ: minimum"),
        ({**good, "class": "StandardScaler"}, "it is of a StandardScaler"),
        ({**good, "more": 1}, "unexpected: more"),
        ({}, "missing: class"),
    ]:
        with pytest.raises(errors.StateError, match=message):
            scaler.load_state_dict(wrong)
    assert {k: np.asarray(v).tolist() for k, v in scaler.state_dict().items()} == {
        k: np.asarray(v).tolist() for k, v in good.items()
    }


# ---- what is refused ---------------------------------------------------------------------------------------


@fitted
def test_what_cannot_be_scaled(kind):
    name, x = kind.__name__, np.eye(3)
    one = kind().fit(x)
    with pytest.raises(
        errors.ShapeError,
        match=rf"{name}.transform: fitted to columns of shape \(3,\), got rows of shape \(2,\)",
    ):
        one.transform(np.zeros((4, 2)))
    with pytest.raises(errors.ShapeError, match=r"A single row is x\[None\], of shape \(1, 3\)"):
        one.transform(np.zeros(3))
    with pytest.raises(errors.ShapeError, match="no rows to learn from"):
        kind().fit(np.zeros((0, 3)))
    with pytest.raises(errors.ShapeError, match="single number"):
        kind().fit(3.0)
    with pytest.raises(errors.DTypeError, match="real numbers, got <U1"):
        kind().fit([["a"]])
    with pytest.raises(errors.DTypeError, match="complex128"):
        kind().fit([[1j]])
    with pytest.raises(errors.ArgumentError, match="an infinity in row 1, column 2"):
        kind().fit([[0, 0, 0], [0, 0, np.inf]])
    with pytest.raises(errors.StateError, match=rf"{name}.transform: nothing was learned yet; call fit"):
        kind().transform(x)
    with pytest.raises(errors.StateError, match="nothing was learned"):
        kind().state_dict()
    assert one.transform(np.zeros((0, 3))).shape == (0, 3)


@scalers
def test_missing_values_are_to_be_filled_first(kind):
    with pytest.raises(
        errors.ArgumentError,
        match=r"a missing value \(NaN\) in row 1, column 0. Fill missing values first: Imputer",
    ):
        kind().fit([[1.0, 2.0], [np.nan, 3.0]])
    with pytest.raises(errors.ArgumentError, match=r"transform: a missing value \(NaN\) in row 0\. Fill"):
        kind().fit([1.0, 2.0]).transform([np.nan])


@scalers
def test_a_failed_fit_leaves_the_last_one(kind):
    scaler = kind().fit(np.eye(2))
    before = scaler.transform(np.eye(2))
    with pytest.raises(errors.ArgumentError):
        scaler.fit([[np.nan]])
    with pytest.raises(errors.ArgumentError, match="too large"):
        scaler.fit([[-1.7e308], [1.7e308]])
    np.testing.assert_array_equal(scaler.transform(np.eye(2)), before)


def test_wrong_settings_are_refused():
    for low, high in [(1, 0), (0, 0), (0, math.inf), (math.nan, 1)]:
        with pytest.raises(errors.ArgumentError, match="low is below high"):
            MinMaxScaler(low=low, high=high)
    with pytest.raises(errors.ArgumentError, match="one of mean, median, constant; got 'mode'"):
        Imputer("mode")
    with pytest.raises(errors.ArgumentError, match="finite"):
        Imputer("constant", value=math.nan)


# ---- missing values ----------------------------------------------------------------------------------------


@given(x=tables, holes=st.integers(0, 2**32), strategy=st.sampled_from(["mean", "median", "constant"]))
def test_filling_is_scikit_learns(x, holes, strategy):
    x = np.where(np.random.default_rng(holes).random(x.shape) < 0.3, np.nan, x)
    x[0] = np.nan_to_num(x[0])  # no column is without any value
    theirs = impute.SimpleImputer(strategy=strategy, fill_value=7.0).fit(x)
    ours = Imputer(strategy, value=7.0).fit(x)
    for rows in (x, np.full_like(x, np.nan)):
        np.testing.assert_allclose(ours.transform(rows), theirs.transform(rows), rtol=1e-12, atol=1e-12)


def test_a_column_without_values_cannot_be_filled():
    x = np.array([[1.0, np.nan], [2.0, np.nan]])
    with pytest.raises(errors.ArgumentError, match="column 1 has no value at all, so no mean"):
        Imputer().fit(x)
    assert Imputer("constant", value=4).fit_transform(x)[:, 1].tolist() == [4, 4]


# ---- encoding ----------------------------------------------------------------------------------------------


@given(labels=hnp.arrays(np.int64, hnp.array_shapes(max_dims=3), elements=st.integers(0, 6)))
def test_one_hot_rows_are_those_of_the_identity(labels):
    rows = one_hot(labels, 7)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, np.eye(7)[labels])
    np.testing.assert_array_equal(one_hot(labels, dtype=int), np.eye(labels.max() + 1, dtype=int)[labels])


def test_one_hot_mistakes():
    assert one_hot([], 3).shape == (0, 3)
    assert one_hot(tg.Tensor([True, False])).tolist() == [[0, 1], [1, 0]]
    for wrong, message in [([3], r"label 3 is outside \[0, 3\)"), ([-1], "label -1"), ([1, 10], "label 10")]:
        with pytest.raises(errors.ArgumentError, match=message):
            one_hot(wrong, 3)
    with pytest.raises(errors.ArgumentError, match="label -1"):
        one_hot([-1])
    with pytest.raises(errors.DTypeError, match=r"integers; got float64.*relabel"):
        one_hot([1.0])
    with pytest.raises(errors.DTypeError, match=r"got <U1.*LabelEncoder"):
        one_hot(["a"])
    with pytest.raises(errors.ArgumentError, match="how many classes"):
        one_hot([])
    with pytest.raises(errors.ArgumentError, match="at least one class; got 0"):
        one_hot([0], 0)


@pytest.mark.parametrize("dtype", ["u1", "f8", "f4", "i4"])
def test_labels_in_which_ten_means_zero(dtype):  # T11
    y = np.array([[10], [1], [9], [10]], dtype)  # as the course's files hold them
    labels = relabel(y, {10: 0})
    assert labels.dtype == np.int64
    assert labels.tolist() == [0, 1, 9, 0]
    scores = tg.Tensor(np.zeros((4, 10)))
    assert tg.softmax_cross_entropy(scores, labels).item() == pytest.approx(math.log(10))
    # Ten is not mapped to zero unless that is asked for.
    with pytest.raises(errors.ArgumentError, match=r"class label 10 is outside \[0, 10\)"):
        tg.softmax_cross_entropy(scores, relabel(y))


def test_relabelling_maps_each_label():
    assert relabel([1, 2, 3], {1: 2, 2: 1}).tolist() == [2, 1, 3]  # all at once
    with pytest.raises(errors.ArgumentError, match=r"whole numbers; got 1\.5 in row 1"):
        relabel([1, 1.5])
    with pytest.raises(errors.ArgumentError, match="got nan in row 0"):
        relabel([np.nan])
    with pytest.raises(errors.ShapeError, match=r"got \(2, 2\)"):
        relabel(np.eye(2))
    with pytest.raises(errors.DTypeError, match="LabelEncoder"):
        relabel(["a"])


@given(
    labels=st.one_of(
        st.lists(st.text("abc", min_size=1), min_size=1), st.lists(st.integers(-9, 9), min_size=1)
    )
)
def test_label_encoding_is_scikit_learns(labels):
    ours, theirs = LabelEncoder(), preprocessing.LabelEncoder()
    numbers = ours.fit_transform(labels)
    np.testing.assert_array_equal(numbers, theirs.fit_transform(labels))
    assert ours.inverse_transform(numbers).tolist() == labels
    again = LabelEncoder()
    again.load_state_dict(json.loads(json.dumps(ours.state_dict())))
    np.testing.assert_array_equal(again.transform(labels), numbers)


def test_label_encoder_mistakes():
    encoder = LabelEncoder().fit(["rose", "iris"])
    assert repr(encoder) == "LabelEncoder('iris', 'rose')"
    assert encoder.transform(np.array(["rose"], object)).tolist() == [1]
    with pytest.raises(errors.ArgumentError, match=r"'tulip' is none of the classes \['iris', 'rose'\]"):
        encoder.transform(["rose", "tulip"])
    with pytest.raises(errors.ArgumentError, match="got labels of int64"):
        encoder.transform([0])
    with pytest.raises(errors.ArgumentError, match=r"class 2 is outside \[0, 2\)"):
        encoder.inverse_transform([0, 2])
    with pytest.raises(errors.DTypeError, match="argmax"):
        encoder.inverse_transform([0.5])
    with pytest.raises(errors.StateError, match="call fit"):
        LabelEncoder().transform(["a"])
    with pytest.raises(errors.ArgumentError, match="no labels"):
        LabelEncoder().fit([])
    with pytest.raises(errors.ArgumentError, match="NaN"):
        LabelEncoder().fit([1.0, np.nan])
    with pytest.raises(errors.ShapeError, match=r"shape \(1, 1\)"):
        LabelEncoder().fit([["a"]])
    for classes in ([], ["b", "a"], ["a", 1]):
        with pytest.raises(errors.StateError):
            encoder.load_state_dict({"class": "LabelEncoder", "classes": classes})
    for wrong in ({}, {"class": "X", "classes": ["a"]}):
        with pytest.raises(errors.StateError):
            encoder.load_state_dict(wrong)
    assert encoder.classes == ["iris", "rose"]


@pytest.mark.parametrize(
    ("shape", "given", "way"),
    [((5,), (5, 1), (-1,)), ((5, 1), (5,), (-1, 1)), ((5, 2, 3), (4, 6), (-1, 2, 3))],
)
@pytest.mark.parametrize("make", [StandardScaler, MinMaxScaler, Imputer])
def test_rows_with_other_axes_are_told_how_to_be_shaped(make, shape, given, way):
    learned = make().fit(np.arange(math.prod(shape), dtype=float).reshape(shape))
    for method in (learned.transform, getattr(learned, "inverse_transform", learned.transform)):
        x = np.zeros(given)
        with pytest.raises(errors.ShapeError, match=re.escape(f"x.reshape({', '.join(map(str, way))})")):
            method(x)
        assert method(x.reshape(way)).shape[1:] == shape[1:]


@pytest.mark.parametrize(
    "call",
    [
        lambda a: StandardScaler().fit(a), lambda a: MinMaxScaler().fit(a), lambda a: Imputer().fit(a),
        lambda a: StandardScaler().fit(np.eye(2)).transform(a),
        lambda a: MinMaxScaler().fit(np.eye(2)).inverse_transform(a), one_hot, relabel,
        lambda a: LabelEncoder().fit(a), lambda a: LabelEncoder().fit([1, 2]).transform(a),
        lambda a: LabelEncoder().fit([1, 2]).inverse_transform(a), data.ArrayDataset, data.train_test_split,
        lambda a: data.train_test_split(np.eye(2), stratify=a), lambda a: data.stratified_k_fold(a, 2),
        lambda a: next(iter(data.DataLoader(a))), lambda a: data.ArrayDataset(np.eye(2)).map(lambda x: a)[:1],
        lambda a: list(data.DataLoader([a, a], 2)),
    ],
)  # fmt: skip
def test_masked_arrays_and_ragged_lists_are_refused_by_name(call):
    with pytest.raises(errors.DTypeError, match="masked arrays are not supported"):
        call(np.ma.masked_array([[1, 2], [3, 4]], mask=[[0, 0], [0, 1]]))
    with pytest.raises(errors.TinygradError) as caught:
        call([[1], [2, 3]])
    assert "inhomogeneous" not in str(caught.value)
    assert re.match(r"(\w+)", str(caught.value))


@pytest.mark.parametrize(
    "labels", [["a", np.nan, "b"], ["a", 1, "a", 1], [True, "a"], ["a", b"a"], [1, None, "a"], ("a", 2.5)]
)
def test_numbers_among_names_are_refused_in_lists_as_in_arrays_of_objects(labels):
    calls = (
        LabelEncoder().fit, LabelEncoder().fit(["1", "a", "nan"]).transform, one_hot, relabel,
        data.ArrayDataset, lambda mixed: data.train_test_split(np.zeros(len(mixed)), stratify=mixed, rng=0),
        lambda mixed: data.stratified_k_fold(mixed, 2, rng=0),
    )  # fmt: skip
    for call in calls:
        said = []
        for mixed in (labels, np.array(labels, object)):
            with pytest.raises(errors.TinygradError) as caught:
                call(mixed)
            said.append(str(caught.value))
        assert said[0] == said[1]
    with pytest.raises(errors.ShapeError, match=r"Label . is .*: a missing one needs a name of its own"):
        LabelEncoder().fit(labels)


def test_texts_stay_texts():
    assert LabelEncoder().fit(["b", np.str_("a")]).classes == ["a", "b"]
    assert LabelEncoder().fit(["b", "é", ""]).transform(("é", "")).tolist() == [2, 0]


@pytest.mark.parametrize(
    "call",
    [
        lambda a: StandardScaler().fit(a),
        lambda a: Imputer().fit(a),
        lambda a: LabelEncoder().fit(a),
        one_hot,
        relabel,
        data.ArrayDataset,
    ],
)
def test_missing_values_of_pandas_are_called_missing(call):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2, None], "b": ["x", None, "y"]}).convert_dtypes()
    truths = pandas.Series([True, None], dtype="boolean")
    for values, place in ((truths, "1"), (frame, "1, 1"), (frame["b"], "1"), ([1, pandas.NA], "1")):
        with pytest.raises(
            errors.DTypeError,
            match=rf"missing \(pandas\.NA\), the first at \[{place}\].*dropna.*fillna.*na_value=np\.nan",
        ):
            call(values)


@pytest.mark.parametrize("name", ["\x1b[31mred", "a\nb", "x" * 5000])
def test_names_in_a_strangers_state_are_escaped_and_cut(name):
    calls = (
        StandardScaler().load_state_dict,
        LabelEncoder().load_state_dict,
        data.DataLoader(np.eye(2)).load_state_dict,
    )
    for load in calls:
        for state in ({name: 1}, {"class": name}, {"class": "LabelEncoder", "classes": [name, "a", "a"]}):
            with pytest.raises(errors.StateError) as caught:
                load(state)
            assert "\x1b" not in str(caught.value)
            assert "a\nb" not in str(caught.value)
            assert len(str(caught.value)) < 900
