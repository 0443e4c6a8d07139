"""What the docstrings of data promise is taken, and what they do not is refused by name:
nothing is read as something else in silence.
"""

import time

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import data, errors, io
from tinygrad_edu.data import ArrayDataset, LabelEncoder, one_hot, relabel, train_test_split

# ---- taken -------------------------------------------------------------------------------------------------

NAMES = {
    "list": ["b", "a"],
    "objects": np.array(["b", "a"], object),
    "StringDType": np.array(["b", "a"], np.dtypes.StringDType()),
    "integers": [5, 3],
    "floats": [1.5, 0.5],
    "booleans": [True, False],
    "unsigned": np.array([1, 0], np.uint64),
    "tensor": tg.Tensor([3, 1]),
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_names_and_numbers_are_encoded_and_come_back(names):
    encoder, other = LabelEncoder().fit(names), LabelEncoder()
    other.load_state_dict(encoder.state_dict())
    assert other.transform(names).tolist() == [1, 0]
    assert other.inverse_transform([1, 0]).tolist() == (names.tolist() if hasattr(names, "tolist") else names)


def test_labels_of_any_dtype_and_number_of_axes():
    assert one_hot(2, 3).tolist() == [0, 0, 1]
    assert one_hot(tg.Tensor([[0], [1]]), np.int64(2)).tolist() == [[[1, 0]], [[0, 1]]]
    assert one_hot([True, False]).tolist() == [[0, 1], [1, 0]]
    for dtype in (bool, np.uint8, np.int64, np.float16, np.longdouble, object):
        assert relabel(np.array([[1], [0]], dtype), {np.int8(1): 0, 0: np.uint8(1)}).tolist() == [0, 1]


def test_samples_by_numbers_slices_and_masks():
    dataset = ArrayDataset(np.arange(3))
    for index, expected in [
        ([2, 0], [2, 0]), ([], []), ((0, 1), [0, 1]), ([True, False, True], [0, 2]),
        (tg.Tensor([2, 0]), [2, 0]), (slice(None, None, -1), [2, 1, 0]),
    ]:  # fmt: skip
        assert dataset[index][0].tolist() == expected
    assert dataset[np.array(1)] == dataset[np.uint8(1)] == (1,)


def test_what_stratifies_and_divides():
    for classes in (
        list("abababab"),
        np.array(list("abababab"), object),
        tg.Tensor([0, 1] * 4),
        np.array([0, 1] * 4, bool),
    ):
        assert len(train_test_split(np.arange(8), stratify=classes, rng=0)[1]) == 2
    assert [
        len(part) for part in train_test_split(list("abcdefgh"), test_size=np.float32(0.5), rng=np.int64(0))
    ] == [4, 4]
    assert len(list(data.stratified_k_fold(np.array(list("aabb")), 2))) == 2


@pytest.fixture
def table(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,\n")
    return data.read_csv(tmp_path / "t.csv", missing=(word for word in ("", "NA")), max_bytes=1e6)


def test_columns_by_anything_that_names_them(table):
    for names in (["a", "b"], ("a", -1), np.array(["a", "b"]), range(2), (name for name in "ab")):
        np.testing.assert_array_equal(table.numbers(names), [[1, 2], [3, np.nan]])
    for names in ("b", 1, ["b"], np.int64(-1), None):
        assert len(table.drop_missing(names)) == 1
    assert table.numbers("b", missing=0, dtype=np.uint8).tolist() == [2, 0]
    assert table.numbers("b", missing=2.0, dtype=int).tolist() == [2, 2]
    assert np.isinf(table.numbers("b", missing=np.inf)[1])


# ---- refused -----------------------------------------------------------------------------------------------

MIXED, NONE = np.array(["a", 1], object), np.array(["a", None] * 4, object)
# fmt: off
REFUSED = {
    "a class that no integer is": (lambda: relabel([1e30]), errors.ArgumentError, r"below 2\*\*63; got 1000000000000000019884624838656"),
    "a class beyond int64": (lambda: relabel(np.array([2**63], np.uint64)), errors.ArgumentError, r"below 2\*\*63; got 9223372036854775808"),
    "a large label": (lambda: one_hot(np.array([2**63], np.uint64), 3), errors.ArgumentError, "label 9223372036854775808 is outside"),
    "classes no integer": (lambda: one_hot([0], 2.0), errors.ArgumentError, r"classes is a whole number.*; got 2\.0"),
    "names and numbers": (lambda: LabelEncoder().fit(MIXED), errors.ShapeError, r"Label 1 is 1: .*str\(label\)"),
    "a name missing": (lambda: LabelEncoder().fit(NONE), errors.ShapeError, "Label 1 is None: a missing one needs a name"),
    "bytes": (lambda: LabelEncoder().fit(np.array([b"a"])), errors.ShapeError, r"np\.char\.decode\(labels\)"),
    "a column of names": (lambda: LabelEncoder().fit([["a"], ["b"]]), errors.ShapeError, r"labels\.reshape\(-1\)"),
    "a class missing": (lambda: train_test_split(np.arange(8), stratify=NONE), errors.ArgumentError, r"class of row 1 is missing \(None\)"),
    "a class NaN": (lambda: train_test_split(np.arange(8), stratify=[0, np.nan] * 4), errors.ArgumentError, r"class of row 1 is missing \(nan\)"),
    "classes of two kinds": (lambda: train_test_split(np.arange(4), stratify=np.tile(MIXED, 2)), errors.DTypeError, "all numbers; got both"),
    "a list from a map": (lambda: ArrayDataset([1, 2], [3, 4]).map(lambda x, y: [x, y])[:2], errors.ArgumentError, "tuple of arrays; got list"),
    "nothing from a map": (lambda: ArrayDataset([1, 2]).map(print)[:2], errors.ArgumentError, "tuple of arrays; got NoneType"),
    "a sample by a name": (lambda: ArrayDataset([1, 2])["x"], errors.DTypeError, "chosen by a number, numbers or a slice; got 'x'"),
    "a table of names": (lambda: ArrayDataset(np.array([["a", 1.5]], object)), errors.DTypeError, "Columns of names become numbers one by one"),
}
# fmt: on


@pytest.mark.parametrize(("call", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_promised_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("missing", [0.5, 1000, -1, np.inf, "0", 1j])
def test_what_stands_for_a_missing_value_is_a_number_of_the_dtype(table, missing):
    with pytest.raises(errors.ArgumentError, match="missing is None or a number that uint8 has; got"):
        table.numbers("b", missing=missing, dtype=np.uint8)


@pytest.mark.parametrize(
    "setting",
    [{"header": 0}, {"header": 1}, {"header": None}, {"missing": None}, {"columns": 2}, {"missing": [0]}],
)
def test_settings_that_mean_something_elsewhere(tmp_path, setting):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(errors.ArgumentError, match=f"read_csv: {next(iter(setting))} is"):
        data.read_csv(tmp_path / "t.csv", **setting)


# ---- costs -------------------------------------------------------------------------------------------------


def file_of(save, load, arrays):
    def both(folder):
        save(folder / "file", arrays)
        load(folder / "file")

    return both


def texts(rows):
    def read(folder):
        (folder / "t.csv").write_text("a,b\n" + "".join(f"{i},x{i}\n" for i in range(rows)))
        table = data.read_csv(folder / "t.csv", missing=[f"x{i}" for i in range(0, rows, 2)])
        return (
            table.numbers("a"),
            table.labels("b", missing="x"),
            table.missing(),
            table.drop_missing(),
            repr(table),
        )

    return read


def encoded(count):
    def encode(folder):
        encoder = LabelEncoder().fit(names := [f"c{i}" for i in range(count)])
        encoder.load_state_dict(encoder.state_dict())
        return relabel(encoder.transform(names), {i: count - i for i in range(count)}), repr(encoder)

    return encode


# fmt: off
COSTS = {  # the number of things, and what is done with so many
    "rows of a file": (1000, texts),
    "classes": (2000, encoded),
    "safetensors": (400, lambda n: file_of(io.save_safetensors, io.load_safetensors, {f"t{i}": np.zeros(2) for i in range(n)})),
    "npz": (80, lambda n: file_of(io.save_npz, io.load_npz, {f"t{i}": np.zeros(2) for i in range(n)})),
    "arrays of a checkpoint": (200, lambda n: file_of(io.save_checkpoint, io.load_checkpoint, {"m": {f"t{i}": np.zeros(2) for i in range(n)}})),
    "numbers of a checkpoint": (1000, lambda n: file_of(io.save_checkpoint, io.load_checkpoint, {"h": [{"loss": float(i)} for i in range(n)]})),
    "samples": (1000, lambda n: lambda folder: list(data.DataLoader([(np.zeros(2), i) for i in range(n)], 5, shuffle=True))),
    "fields": (1000, lambda n: lambda folder: list(data.DataLoader(tuple(np.zeros(3) for _ in range(n)), 2))),
    "columns": (2000, lambda n: lambda folder: data.Imputer("median").fit_transform(np.arange(5.0 * n).reshape(5, n))),
    "strata": (8000, lambda n: lambda folder: train_test_split(np.arange(2 * n), stratify=np.arange(2 * n) // 2, test_size=0.5)),
}
# fmt: on


@pytest.mark.parametrize("kind", COSTS)
def test_the_cost_is_in_proportion_to_the_number(kind, tmp_path):
    count, make = COSTS[kind]

    def cost(n, times):
        used, best = make(n), np.inf
        for _ in range(times):
            start = time.process_time()
            used(tmp_path)
            best = min(best, time.process_time() - start)
        return best

    assert cost(8 * count, 2) < 24 * cost(count, 4)  # 8 times the work; 64 if it were quadratic
