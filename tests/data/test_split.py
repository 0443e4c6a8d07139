"""Splits: scikit-learn's sizes and shares, every row once, and orders that a generator settles."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import model_selection

import tinygrad_edu as tg
from tinygrad_edu import errors
from tinygrad_edu.data import Table, k_fold, read_csv, stratified_k_fold, train_test_split
from tinygrad_edu.data.files.cells import Row

labels_in_classes = st.lists(st.integers(2, 30), min_size=1, max_size=5).map(
    lambda counts: np.repeat(np.arange(len(counts)), counts)
)


# ---- two parts ---------------------------------------------------------------------------------------------


@given(n=st.integers(2, 200), size=st.one_of(st.floats(0.001, 0.999), st.integers(1, 199)))
def test_sizes_are_scikit_learns(n, size):
    x = np.arange(n)
    assume((size if isinstance(size, int) else math.ceil(size * n)) < n)
    ours = train_test_split(x, test_size=size, rng=0)
    theirs = model_selection.train_test_split(x, test_size=size, random_state=0)
    assert [len(part) for part in ours] == [len(part) for part in theirs]
    assert sorted(np.concatenate(ours)) == x.tolist()


def test_the_split_by_its_definition():
    x, y = np.arange(20).reshape(10, 2), np.arange(10)
    order = np.random.default_rng(5).permutation(10)
    parts = train_test_split(x, y, test_size=0.3, rng=5)
    for part, expected in zip(parts, (x[order[3:]], x[order[:3]], y[order[3:]], y[order[:3]])):
        np.testing.assert_array_equal(part, expected)


def test_where_the_generator_comes_from():
    x = np.arange(100)
    with tg.seed(1):
        first = train_test_split(x)[1].tolist()
    with tg.seed(1):
        assert train_test_split(x)[1].tolist() == first
    held_out = train_test_split(x, rng=np.random.default_rng(1))[1]
    assert held_out.tolist() == train_test_split(x, rng=1)[1].tolist()
    assert train_test_split(x)[1].tolist() != train_test_split(x)[1].tolist()


@given(labels=labels_in_classes, size=st.floats(0.05, 0.95), seed=st.integers(0, 100))
def test_strata_keep_their_shares_to_within_one(labels, size, seed):
    n, test = len(labels), math.ceil(size * len(labels))
    assume(test < n)
    rows_train, rows_test, y_train, y_test = train_test_split(
        np.arange(n), labels, test_size=size, stratify=labels, rng=seed
    )
    assert len(rows_test) == test
    assert sorted([*rows_train, *rows_test]) == list(range(n))
    np.testing.assert_array_equal(y_train, labels[rows_train])
    np.testing.assert_array_equal(y_test, labels[rows_test])
    counts = np.bincount(labels)
    assert (abs(np.bincount(y_test, minlength=len(counts)) - counts * test / n) < 1).all()


def test_strata_are_drawn_and_mixed():
    labels = np.repeat(["b", "a"], 50)
    one, two = (train_test_split(np.arange(100), test_size=0.2, stratify=labels, rng=seed) for seed in (1, 2))
    assert sorted(one[1]) != sorted(two[1])
    for part in one:
        assert part.tolist() != sorted(part)
        assert len(set(labels[part[: len(part) // 2]])) == 2  # not one class after the other


@pytest.mark.parametrize("size", [0, 10, -1, 0.0, 1.0, 1.5, 0.99, "a", True, math.nan])
def test_no_part_is_empty(size):
    with pytest.raises(errors.ArgumentError, match=r"test_size=.* of 10 rows"):
        train_test_split(np.arange(10), test_size=size)


def test_what_cannot_be_split():
    with pytest.raises(errors.ShapeError, match=r"same number of rows; got \(3,\), \(4,\)"):
        train_test_split(np.arange(3), np.arange(4))
    with pytest.raises(errors.ShapeError, match="got no arrays"):
        train_test_split()
    with pytest.raises(errors.ShapeError, match=r"shape \(2,\), expected \(3,\)"):
        train_test_split(np.arange(3), stratify=[1, 2])
    with pytest.raises(errors.ArgumentError, match="class b has a single row"):
        train_test_split(np.arange(3), stratify=["a", "a", "b"])


# ---- folds -------------------------------------------------------------------------------------------------


@given(n=st.integers(2, 60), k=st.integers(2, 60), shuffle=st.booleans())
def test_folds_cover_each_row_once(n, k, shuffle):
    assume(k <= n)
    folds = list(k_fold(n, k, shuffle=shuffle, rng=0))
    theirs = list(
        model_selection.KFold(k, shuffle=shuffle, random_state=0 if shuffle else None).split(np.zeros(n))
    )
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(n))
    for (train, test), (_, expected) in zip(folds, theirs, strict=True):
        assert len(test) == len(expected)
        assert sorted([*train, *test]) == list(range(n))
        assert (np.diff(train) > 0).all()
        assert (np.diff(test) > 0).all()
        if not shuffle:
            np.testing.assert_array_equal(test, expected)


@given(labels=labels_in_classes, k=st.integers(2, 10), shuffle=st.booleans(), seed=st.integers(0, 100))
def test_strata_of_folds_are_scikit_learns(labels, k, shuffle, seed):
    counts = np.bincount(labels)
    assume(k <= counts.min())  # scikit-learn warns otherwise
    labels = np.random.default_rng(seed).permutation(labels)
    folds = list(stratified_k_fold(labels, k, shuffle=shuffle, rng=seed))
    # Theirs deal the classes out in the order of their first rows; which fold gets what is the same if those
    # are sorted.
    theirs = model_selection.StratifiedKFold(k).split(np.zeros(len(labels)), np.sort(labels))
    table = np.array([np.bincount(labels[test], minlength=len(counts)) for _, test in folds])
    expected = np.array([np.bincount(np.sort(labels)[test], minlength=len(counts)) for _, test in theirs])
    np.testing.assert_array_equal(table, expected)
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(labels)))
    assert all(sorted([*train, *test]) == list(range(len(labels))) for train, test in folds)


def test_more_folds_than_a_class_has_rows():
    labels = np.array([0] * 7 + [1] * 3)
    folds = list(stratified_k_fold(labels, 5, rng=0))
    assert [len(test) for _, test in folds] == [2] * 5
    assert sorted(labels[test].sum() for _, test in folds) == [0, 0, 1, 1, 1]


def test_folds_depend_on_the_generator():
    for folds in (lambda rng: k_fold(40, 4, rng=rng), lambda rng: stratified_k_fold([0, 1] * 20, 4, rng=rng)):
        parts = [[test.tolist() for _, test in folds(rng)] for rng in (1, np.random.default_rng(1), 2)]
        assert parts[0] == parts[1] != parts[2]


def test_folds_that_cannot_be():
    for n, k in [(3, 4), (3, 1), (0, 2)]:
        with pytest.raises(errors.ArgumentError, match=f"{k} parts of {n} rows"):
            k_fold(n, k)  # without asking for the first part
    with pytest.raises(errors.ArgumentError, match=r"got 10 and 2\.5"):
        k_fold(10, 2.5)
    with pytest.raises(errors.ArgumentError, match="class 1 has a single row"):
        stratified_k_fold([0, 0, 1], 2)
    with pytest.raises(errors.ShapeError, match=r"shape \(2, 2, 1\), expected \(2,\)"):
        stratified_k_fold(np.zeros((2, 2, 1)), 2)


# ---- several labels, tables and frames ---------------------------------------------------------------------


@given(st.integers(2, 60), st.integers(2, 4), st.integers(0, 99))
def test_several_labels_have_their_shares_in_every_part(n, k, seed):
    tags = np.random.default_rng(seed).random((n, 4)) < [0.5, 0.3, 0.2, 0.1]
    k = min(n, k)
    parts = [test for _, test in stratified_k_fold(tags, k, rng=seed)]
    assert sorted(np.concatenate(parts)) == list(range(n))
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    shares = np.array([tags[part].sum(0) for part in parts])
    assert np.abs(shares - tags.sum(0) / k).max() <= 3


def test_one_label_a_row_is_shared_to_within_one():
    classes = np.repeat([0, 1, 2], [50, 13, 7])
    for _, test in stratified_k_fold(np.eye(3)[classes], 5, rng=1):
        counts = np.bincount(classes[test], minlength=3)
        assert (np.abs(counts - np.array([50, 13, 7]) / 5) < 1).all()
    y_train, y_test = train_test_split(np.eye(3)[classes], stratify=np.eye(3)[classes], test_size=0.2, rng=1)
    np.testing.assert_allclose(y_test.sum(0), [10, 2.6, 1.4], atol=1)
    assert len(y_train) + len(y_test) == 70
    same = [[test.tolist() for _, test in stratified_k_fold(np.eye(3)[classes], 5, rng=4)] for _ in range(2)]
    assert same[0] == same[1]
    first = next(iter(stratified_k_fold(np.eye(3)[classes], 5, shuffle=False)))[1]
    assert (
        first.tolist()
        == next(iter(stratified_k_fold(np.eye(3)[classes], 5, shuffle=False, rng=7)))[1].tolist()
    )


def test_rare_labels_reach_every_part_where_chance_would_miss():
    tags = np.zeros((100, 3), int)
    tags[:4, 0] = tags[::2, 1] = tags[::5, 2] = 1
    for _, test in stratified_k_fold(tags, 4, rng=0):
        assert tags[test].sum(0).tolist() == [1, pytest.approx(12.5, abs=1), 5]


def test_labels_that_are_none_are_refused():
    with pytest.raises(errors.ArgumentError, match=r"0 or 1 each; one_hot makes them of lists"):
        train_test_split(np.arange(3), stratify=[[0, 2], [1, 0], [1, 1]])
    with pytest.raises(errors.ShapeError, match=r"expected \(3,\) or \(3, k\)"):
        train_test_split(np.arange(3), stratify=np.ones((4, 2)))


def table_of(n):
    return Table("t.csv", ["a", "b"], [Row((str(i), f"x{i}" if i % 3 else None), i + 2) for i in range(n)])


def test_tables_stay_tables():
    table, y = table_of(10), np.arange(10)
    train, test, y_train, y_test = train_test_split(table, y, rng=0)
    assert isinstance(train, Table)
    assert train.numbers("a").tolist() == y_train.tolist()
    assert test.column("b") == [f"x{i}" if i % 3 else None for i in y_test]
    with pytest.raises(errors.ShapeError, match="same number of rows"):
        train_test_split(table, np.arange(9))


def test_frames_stay_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": range(10), "b": list("abcdefghij")}, index=range(10, 20))
    train, test, y_train, y_test = train_test_split(frame, frame["a"], rng=0)
    assert list(train.columns) == ["a", "b"]
    assert train["a"].tolist() == y_train.tolist()
    pandas.testing.assert_frame_equal(test, frame.iloc[y_test])
    assert len(train_test_split(frame, stratify=[0, 1] * 5, rng=0)[1]) == 3


def test_rows_of_a_table(tmp_path):
    fast = "a,b\n" + "".join(f"{i},{i / 2}\n" for i in range(9))
    (tmp_path / "t.csv").write_text(fast)
    for table in (read_csv(tmp_path / "t.csv"), table_of(9)):
        x = np.arange(9.0)
        for rows in (
            slice(2, 7, 2), slice(None, None, -1), [3, -1, 3], x > 4, np.array([], int), [], x < 0,
            np.array([0, 8], np.uint8),
        ):  # fmt: skip
            chosen = table[rows]
            index = np.array([], int) if isinstance(rows, list) and not rows else rows
            assert chosen.numbers("a").tolist() == x[index].tolist()
            assert [row.line for row in chosen.rows] == (np.arange(9)[index] + 2).tolist()
            assert len(chosen) == len(chosen.column("b"))
        assert table[1:][::2][[1]].numbers("a").tolist() == [3]
        for wrong, message in (
            (9, "chosen by"),
            ("a", "some rows by"),
            ([9], "no row 9"),
            ([True], "1 booleans"),
        ):
            with pytest.raises(errors.ArgumentError, match=message):
                table[wrong]
