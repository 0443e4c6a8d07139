"""Frames of pandas, polars and pyarrow themselves, wherever arrays and tables are taken; NumPy is the oracle.

polars and pyarrow come with the extra ``interchange``; without it their tests are skipped.
"""

import datetime

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import data, nn, optim, train

RNG = np.random.default_rng(0)
N = 24
NUMBERS = {
    "area": RNG.normal(80, 20, N),
    "rooms": RNG.integers(1, 6, N),
    "year": RNG.integers(1950, 2020, N).astype(np.float32),
    "balcony": RNG.integers(0, 2, N).astype(bool),
}
MIXED = {
    "area": [None if i % 7 == 3 else float(v) for i, v in enumerate(NUMBERS["area"])],
    "rooms": [int(v) for v in NUMBERS["rooms"]],
    "balcony": [None if i == 5 else bool(v) for i, v in enumerate(NUMBERS["balcony"])],
    "town": [None if i == 9 else ("Ulm", "Bonn", "Jena")[i % 3] for i in range(N)],
    "since": [None if i == 2 else datetime.date(2020, 1 + i % 12, 3) for i in range(N)],
    "seen": [datetime.datetime(2024, 1, 1 + i % 28, 12, 30) for i in range(N)],
}


def pandas_frame(columns):
    return pytest.importorskip("pandas").DataFrame(columns)


def pandas_arrow_frame(columns):
    """pandas's, whose columns are Arrow's."""
    pytest.importorskip("pyarrow")
    return pytest.importorskip("pandas").DataFrame(columns).convert_dtypes(dtype_backend="pyarrow")


def polars_frame(columns):
    return pytest.importorskip("polars").DataFrame(columns)


def arrow_frame(columns):
    return pytest.importorskip("pyarrow").table(columns)


KINDS = pytest.mark.parametrize("frame", [pandas_frame, pandas_arrow_frame, polars_frame, arrow_frame])
MATRIX = np.stack([np.asarray(column, float) for column in NUMBERS.values()], axis=1)
LABELS = (NUMBERS["area"] > 80).astype(int)


def values(frame):
    """The numbers of a frame, by its own ways."""
    columns = frame.to_pydict().values() if hasattr(frame, "to_pydict") else None
    if columns is None:
        columns = [frame[name].to_list() for name in frame.columns]
    return np.array([[float(value) for value in column] for column in columns]).T


@KINDS
def test_splits_give_frames_of_the_same_kind(frame):
    given = frame(NUMBERS)
    x_train, x_test, y_train, y_test = data.train_test_split(given, LABELS, rng=0)
    order = np.random.default_rng(0).permutation(N)
    assert type(x_train) is type(given)
    np.testing.assert_array_equal(values(x_test), MATRIX[order[:6]])
    np.testing.assert_array_equal(values(x_train), MATRIX[order[6:]])
    np.testing.assert_array_equal(y_test, LABELS[order[:6]])
    assert len(y_train) == 18


@KINDS
def test_splits_stratify_by_a_column(frame):
    given = frame({"x": NUMBERS["area"], "y": LABELS})
    column = given.column("y") if hasattr(given, "column_names") else given["y"]
    *_, y_test = data.train_test_split(given, LABELS, stratify=column, rng=0)
    assert abs(y_test.mean() - LABELS.mean()) < 1 / len(y_test)
    folds = list(data.stratified_k_fold(column, 3, rng=0))
    assert sorted(np.concatenate([test for _, test in folds]).tolist()) == list(range(N))


@KINDS
@pytest.mark.parametrize("scaler", [data.StandardScaler, data.MinMaxScaler])
def test_scalers_take_frames(frame, scaler):
    fitted = scaler().fit(frame(NUMBERS))
    low, high = MATRIX.min(0), MATRIX.max(0)
    expected = (MATRIX - MATRIX.mean(0)) / MATRIX.std(0)
    if scaler is data.MinMaxScaler:
        expected = (MATRIX - low) / (high - low)
    np.testing.assert_allclose(fitted.transform(frame(NUMBERS)), expected, rtol=1e-6, atol=1e-6)


@KINDS
def test_loaders_take_frames(frame):
    loader = data.DataLoader((frame(NUMBERS), LABELS), 10)
    batches = list(loader)
    assert [len(x) for x, _ in batches] == [10, 10, 4]
    np.testing.assert_allclose(np.concatenate([x for x, _ in batches]), MATRIX.astype(np.float32))
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), LABELS)


@KINDS
def test_a_column_is_a_target(frame):
    given = frame({"y": LABELS})
    column = given.column("y") if hasattr(given, "column_names") else given["y"]
    _, y = next(iter(data.DataLoader((MATRIX, column), N)))
    np.testing.assert_array_equal(y, LABELS)


@KINDS
def test_fit_and_predict_take_frames_and_give_what_arrays_give(frame):
    def trained(x, ask):
        model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.ReLU(), nn.Linear(8, 2, rng=0))
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        train.fit(model, nn.CrossEntropyLoss(), optimizer, (x, LABELS), epochs=3, progress=False)
        return train.predict(model, ask)

    scaled = (MATRIX - MATRIX.mean(0)) / MATRIX.std(0)
    columns = dict(zip(NUMBERS, scaled.T))
    np.testing.assert_array_equal(trained(frame(columns), frame(columns)), trained(scaled, scaled))


@KINDS
def test_features_of_mixed_columns(frame):
    features = data.Features(missing="mean", indicator=True, unknown="ignore").fit(frame(MIXED))
    kinds = [learned.kind for learned in features.learned]
    assert kinds == ["number", "number", "boolean", "text", "date", "date"]
    made = dict(zip(features.names, features.transform(frame(MIXED)).T))
    area = np.array([np.nan if v is None else v for v in MIXED["area"]])
    mean, deviation = np.nanmean(area), np.nanstd(np.where(np.isnan(area), np.nanmean(area), area))
    filled = np.where(np.isnan(area), mean, area)
    np.testing.assert_allclose(made["area"], (filled - mean) / deviation, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(made["area missing"], np.isnan(area))
    np.testing.assert_array_equal(made["town=Ulm"], [town == "Ulm" for town in MIXED["town"]])
    np.testing.assert_array_equal(made["town missing"], [town is None for town in MIXED["town"]])
    days = np.array([np.nan if d is None else (d - datetime.date(1970, 1, 1)).days for d in MIXED["since"]])
    days = np.where(np.isnan(days), np.nanmean(days), days)
    np.testing.assert_allclose(made["since"], (days - days.mean()) / days.std(), rtol=1e-4, atol=1e-5)
    unseen = {name: column[:2] for name, column in MIXED.items()} | {"town": ["Trier", "Ulm"]}
    row = dict(zip(features.names, features.transform(frame(unseen))[0]))
    assert not any(value for name, value in row.items() if name.startswith("town"))


@KINDS
def test_targets_come_back_in_their_own_units(frame):
    price = data.Features("area").fit(frame(NUMBERS))
    back = price.inverse(price.transform(frame(NUMBERS)))["area"]
    np.testing.assert_allclose(back, NUMBERS["area"], rtol=1e-5)


@KINDS
def test_one_hot_encodes_a_column(frame):
    given = frame({"town": [town or "none" for town in MIXED["town"]]})
    encoded = data.OneHotEncoder().fit_transform(given)
    assert encoded.shape == (N, 4)
    np.testing.assert_array_equal(encoded.sum(1), np.ones(N))


@KINDS
def test_text_in_a_frame_of_numbers_is_refused_by_name(frame):
    given = frame({"area": NUMBERS["area"], "town": ["Ulm"] * N})
    for take in (data.StandardScaler().fit, nn.Linear(2, 1), lambda x: data.DataLoader((x, LABELS))):
        with pytest.raises(
            tg.errors.DTypeError, match=r"column 'town' of the frame holds .* data\.Features\(\)"
        ):
            take(given)


def test_a_chunked_arrow_table_of_categories():
    arrow = pytest.importorskip("pyarrow")
    towns = arrow.chunked_array([["Ulm", "Bonn"], ["Ulm"]]).dictionary_encode()
    numbers = arrow.chunked_array([[1.0, None], [3.0]])
    table = arrow.table({"town": towns, "x": numbers})
    features = data.Features(scale=None).fit(table)
    np.testing.assert_array_equal(features.transform(table), [[0, 1, 1], [1, 0, 2], [0, 1, 3]])
    assert features.names == ["town=Bonn", "town=Ulm", "x"]


def test_a_polars_frame_of_categories_decimals_and_nulls():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {"town": ["Ulm", "Bonn", "Ulm"], "n": [1, None, 3], "price": ["1.5", "2.5", "3.5"]}
    ).with_columns(
        polars.col("town").cast(polars.Categorical), polars.col("price").cast(polars.Decimal(10, 2))
    )  # fmt: skip
    features = data.Features(["town", "n", "price"], scale=None).fit(frame)
    np.testing.assert_allclose(features.transform(frame), [[0, 1, 1, 1.5], [1, 0, 2, 2.5], [0, 1, 3, 3.5]])
